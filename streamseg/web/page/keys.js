/** Keys for all of the page; views have their own besides. */

import { open } from "./dialogs.js";
import { h } from "./dom.js";
import { isTyping } from "./ring.js";
import { session } from "./session.js";

/** A second key counts as one with the g before it for so long. */
const TOGETHER_MS = 1500;
const PLACES = { l: "#/", o: "#/objects", e: "#/events", m: "#/metrics" };

/** Serve them; theme: what t does. */
export function serveKeys(theme) {
  let since = -Infinity;
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const second = event.timeStamp - since < TOGETHER_MS;
      since = event.key === "g" ? event.timeStamp : -Infinity;
      if (second && PLACES[event.key]) {
        event.stopImmediatePropagation(); // m and e are keys of views, too
        location.hash = PLACES[event.key];
      } else if (event.key === "?") showKeys();
      else if (event.key === "t") theme();
    },
    { capture: true },
  );
}

/** [keys, what they do, whether only owners can]. */
const GROUPS = {
  Everywhere: [
    ["g l", "live"],
    ["g o", "objects"],
    ["g e", "events"],
    ["g m", "metrics"],
    ["t", "dark or light"],
    ["?", "these keys"],
  ],
  Objects: [
    ["← → ↑ ↓", "move"],
    ["Enter", "open"],
    ["a", "approve", true],
    ["r", "reject", true],
    ["u", "undo the last one", true],
    ["m", "more like this"],
  ],
  "An object": [
    ["← →", "newer, older"],
    ["a", "approve", true],
    ["r", "reject", true],
    ["m", "more like this"],
  ],
  "Zones and lines": [
    ["Enter", "close the polygon", true],
    ["Esc", "cancel", true],
    ["Delete", "take away", true],
    ["← → ↑ ↓", "move by a pixel", true],
    ["Shift", "… by ten", true],
  ],
};

export function showKeys() {
  if (document.querySelector("dialog[open]")) return;
  const groups = Object.entries(GROUPS).map(([title, rows]) => {
    const ours = rows.filter(([, , owners]) => session.may_control || !owners);
    return ours.length > 0 && h("section", {}, h("h3", {}, title), h("dl", {}, ours.map(keyRow)));
  });
  open("Keys", h("div", { class: "keys" }, groups));
}

function keyRow([keys, text]) {
  const caps = keys.split(" ").map((key) => h("kbd", {}, key));
  return [h("dt", {}, caps), h("dd", {}, text)];
}
