/** What the server tells by itself: the streams each second, and what happened. It is asked again whenever it is lost. */

import { ask } from "./api.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
/** Streams are told each second; a connection that says nothing for so long is dead, though no one has closed it. */
const SILENT_MS = 10000;

/**
 * Fires `streams` and `happened` with what was told as `detail`, and `link` when the connection is lost or back.
 * streams: the last list told, null before the first. up: whether the connection is there.
 */
export const updates = Object.assign(new EventTarget(), { streams: null, up: true });

let source = null;
let wait = FIRST_WAIT_MS;
let silence = 0;
let retry = 0;

export function listen() {
  clearTimeout(retry);
  source?.close();
  source = new EventSource("/api/v1/updates");
  source.addEventListener("streams", (event) => {
    updates.streams = JSON.parse(event.data);
    heard();
    updates.dispatchEvent(new CustomEvent("streams", { detail: updates.streams }));
  });
  source.addEventListener("happened", (event) => {
    heard();
    updates.dispatchEvent(new CustomEvent("happened", { detail: JSON.parse(event.data) }));
  });
  source.onerror = lost;
  watch();
}

/** Call back for what is told until signal is aborted; with the streams that are known already. */
export function onStreams(call, signal) {
  updates.addEventListener("streams", (event) => call(event.detail), { signal });
  if (updates.streams) call(updates.streams);
}

export function onHappened(call, signal) {
  updates.addEventListener("happened", (event) => call(event.detail), { signal });
}

/** Events in the order in which they happened. */
export function oldestFirst(events) {
  return [...events].sort((a, b) => a.at - b.at || a.seq - b.seq || a.number - b.number);
}

function heard() {
  wait = FIRST_WAIT_MS;
  watch();
  linked(true);
}

function watch() {
  clearTimeout(silence);
  silence = setTimeout(lost, SILENT_MS);
}

/** Ours to try again: by itself a browser gives up for ever after one answer that is not 200. */
function lost() {
  source.close();
  clearTimeout(silence);
  linked(false);
  clearTimeout(retry);
  retry = setTimeout(again, wait * (0.75 + Math.random() / 2));
  wait = Math.min(LONGEST_WAIT_MS, wait * 2);
}

/** A browser does not say with what status it was refused; asking for something small does, and leads to the sign-in. */
async function again() {
  try {
    await ask("/archive");
  } catch (error) {
    if (error.status === 0 || error.status >= 500) {
      lost();
      return;
    }
    if (error.status === 401) return; // whoever signs in listens anew
  }
  listen();
}

function linked(up) {
  if (updates.up === up) return;
  updates.up = up;
  updates.dispatchEvent(new Event("link"));
}
