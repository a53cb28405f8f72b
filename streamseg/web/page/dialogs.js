/** Windows over the page; the browser's own <dialog> keeps the focus inside and gives it back. */

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** Open one; content: nodes; it closes by Escape, its cross, or close() of what is returned. */
export function open(title, ...content) {
  const cross = h("button", { class: "button icon-only", type: "button", "aria-label": "Close" }, icon("no"));
  const heading = h("h2", { id: "dialog-title" }, title);
  const dialog = h(
    "dialog",
    { "aria-labelledby": "dialog-title", tabindex: -1 },
    h("header", {}, heading, cross),
    ...content,
  );
  cross.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  dialog.focus(); // else its cross is marked, though nobody went there
  return dialog;
}

/** Ask before something that cannot be undone: true if it is wanted. */
export function sure(title, text, verb) {
  return new Promise((answer) => {
    const yes = h("button", { class: "button danger", type: "button" }, verb);
    const no = h("button", { class: "button", type: "button" }, "Cancel");
    const dialog = open(title, h("p", {}, text), h("div", { class: "row end" }, no, yes));
    yes.addEventListener("click", () => {
      answer(true);
      dialog.close();
    });
    no.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => answer(false));
    no.focus();
  });
}
