/** Short lines at the lower edge that go by themselves: something was done, or could not be. */

import { isGone } from "./api.js";
import { h } from "./dom.js";

const SHOWN_MS = 4500;

/** Tell something. action: {words, run} makes a button of it. */
export function note(text, { bad = false, action = null } = {}) {
  const line = h("div", { class: bad ? "note bad" : "note" }, h("span", {}, text));
  if (action) {
    const run = () => {
      line.remove();
      action.run();
    };
    line.append(h("button", { class: "button small", type: "button", onclick: run }, action.words));
  }
  const notes = document.getElementById("notes");
  notes.append(line);
  while (notes.children.length > 3) notes.firstElementChild.remove();
  setTimeout(() => line.remove(), bad ? 2 * SHOWN_MS : SHOWN_MS);
}

/** Run something that asks the server; a refusal is told, not thrown. True where it went well. */
export async function tell(work) {
  try {
    await work();
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    note(error.message, { bad: true });
    return false;
  }
}
