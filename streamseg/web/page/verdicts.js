/** Approved or rejected: what is approved becomes a training set. The last ones can be taken back. */

import { ask, ofTrack } from "./api.js";
import { note, tell } from "./notes.js";
import { session } from "./session.js";

const KEPT = 100;

/** Fires `verdict` with {stream, track, verdict} as detail. */
export const verdicts = new EventTarget();

const done = [];

export function verdictWord(verdict) {
  return { approved: "Approved", rejected: "Rejected" }[verdict] ?? "Not judged";
}

/** Judge a track; the same verdict once more takes it back. */
export async function judge(track, verdict) {
  if (!session.may_control) return;
  const to = track.verdict === verdict ? null : verdict;
  const from = track.verdict;
  if (await put(track, to)) {
    done.push({ track, from });
    if (done.length > KEPT) done.shift();
  }
}

/** Take back the last verdict. */
export async function undo() {
  if (!session.may_control) return;
  const last = done.pop();
  if (!last) {
    note("Nothing to undo.");
    return;
  }
  if (await put(last.track, last.from))
    note(`${last.track.label} ${last.track.track}: ${verdictWord(last.from).toLowerCase()} again.`);
}

/** Shown at once, and as it was again where the server refuses. */
async function put(track, verdict) {
  const before = track.verdict;
  show(track, verdict);
  const taken = await tell(() => ask(ofTrack(track, "verdict"), { method: "PUT", body: { verdict } }));
  if (!taken) show(track, before);
  return taken;
}

function show(track, verdict) {
  track.verdict = verdict;
  verdicts.dispatchEvent(new CustomEvent("verdict", { detail: { stream: track.stream, track: track.track, verdict } }));
}
