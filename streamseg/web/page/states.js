/** The state of a stream in a word and a tone; tones have colours, but the word says it alone. */

import { h, say } from "./dom.js";

const STATES = {
  waiting: ["Waiting", "idle"],
  running: ["Running", "good"],
  paused: ["Paused", "warn"],
  done: ["Done", "idle"],
  stopped: ["Stopped", "idle"],
  failed: ["Failed", "bad"],
};
const SOURCES = {
  connecting: ["Connecting", "warn"],
  stalled: ["Stalled", "warn"],
  "backing-off": ["Reconnecting", "warn"],
  failed: ["Source failed", "bad"],
};

/** [word, tone, why]: of a live stream that runs, but whose source is away, the source's. */
export function stateOf(stream) {
  const away = stream.live && stream.state === "running" ? SOURCES[stream.source_state] : null;
  const [word, tone] = away ?? STATES[stream.state] ?? [stream.state, "idle"];
  return [word, tone, stream.error || (away && stream.source_reason) || ""];
}

/** Whether nothing more comes of it. */
export function isOver(stream) {
  return ["done", "stopped", "failed"].includes(stream.state);
}

/** A label with the state; show(stream) brings it up to date. */
export function stateLabel() {
  const word = h("span", {});
  const element = h("span", { class: "state", data: { test: "state" } }, h("i", { "aria-hidden": "true" }), word);
  const show = (stream) => {
    const [text, tone, why] = stateOf(stream);
    say(word, text);
    element.dataset.tone = tone;
    element.title = why;
  };
  return { element, show };
}
