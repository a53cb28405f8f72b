/** The keyboard in the gallery: arrows move a ring, one card at a time is in the order of the Tab key. */

import { keyOf } from "./card.js";
import { objectsAt } from "./routes.js";
import { judge, undo } from "./verdicts.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/** Serve the keys of list, whose cards are by key of their tracks. */
export function ring(list, cards, signal) {
  let current = null;
  const links = () => [...list.querySelectorAll(".cut")];
  const choose = (link) => {
    if (current && current !== link) current.tabIndex = -1;
    current = link;
    current.tabIndex = 0;
  };
  const enroll = () => {
    for (const link of links()) if (link !== current) link.tabIndex = -1;
    if (!current?.isConnected && links()[0]) choose(links()[0]);
  };
  new MutationObserver(enroll).observe(list, { childList: true });
  list.addEventListener("focusin", (event) => event.target.matches(".cut") && choose(event.target));
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const within = list.contains(document.activeElement);
      const step =
        event.key in STEPS
          ? STEPS[event.key]
          : event.key === "ArrowDown"
            ? columns(list)
            : event.key === "ArrowUp"
              ? -columns(list)
              : 0;
      if (step && (within || event.key in STEPS)) move(event, links(), within ? step : 0, current);
      else if (event.key === "u") undo();
      else if (within) act(event, cards.get(current.closest("[data-track]").dataset.track));
    },
    { signal },
  );
}

/** Whether a key belongs to a field. */
export function isTyping(target) {
  return target instanceof Element && target.closest("input, select, textarea, dialog, [contenteditable]") !== null;
}

function move(event, links, step, current) {
  const to = links[links.indexOf(current) + step];
  event.preventDefault(); // the page is not to scroll besides
  to?.focus();
  to?.closest("[data-track]").scrollIntoView({ block: "nearest" });
}

function act(event, card) {
  if (event.repeat) return; // a verdict once more takes it back
  if (event.key === "a") judge(card.track, "approved");
  else if (event.key === "r") judge(card.track, "rejected");
  else if (event.key === "m") location.hash = objectsAt([["like", keyOf(card.track)]]);
}

function columns(list) {
  return getComputedStyle(list).gridTemplateColumns.split(" ").length;
}
