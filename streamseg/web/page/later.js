/** Doing something after what happened, once, however much happens meanwhile. */

import { onHappened } from "./updates.js";

/** The index is written a moment after something happened, and a first cut-out comes within a second. */
const SETTLED_MS = 1200;

/** Run something a moment after something happened that matters; not while nobody sees the page, but then once. */
export function soon(run, matters, signal) {
  let missed = false;
  const runIfSeen = () => {
    missed = document.hidden;
    if (!missed) run();
  };
  const later = rarely(runIfSeen, SETTLED_MS, signal);
  onHappened((events) => matters(events) && later(), signal);
  document.addEventListener("visibilitychange", () => missed && runIfSeen(), { signal });
}

/** A function that runs something so long (ms) after it is called, and not once more while it waits. */
export function rarely(run, ms, signal) {
  let timer = 0;
  signal.addEventListener("abort", () => clearTimeout(timer));
  return () => {
    if (timer || signal.aborted) return;
    timer = setTimeout(() => {
      timer = 0;
      run();
    }, ms);
  };
}
