/** A stream that does not run, or no more: its video and its files. */

import { ask, ofStream, url } from "./api.js";
import { fill, h } from "./dom.js";
import { stateLabel } from "./states.js";
import { bytes } from "./words.js";

/** Fill head and main. over: the stream as its run tells it, where that still lasts. */
export async function showRecorded(head, main, name, over, signal) {
  const files = await filesOf(name, over, signal);
  fill(
    head,
    h("h1", {}, name),
    over ? stateOf(over) : h("span", { class: "state", data: { tone: "idle" } }, h("i"), "Recorded"),
  );
  const at = (file) => url(ofStream(name, "files", file.name));
  const row = (file) =>
    h(
      "li",
      {},
      h("a", { href: at(file), download: file.name }, file.name),
      h("span", { class: "quiet" }, bytes(file.bytes)),
    );
  const list = h("ul", { class: "files", id: "files" }, files.map(row));
  const title = h("h2", { class: "section-title" }, "Files");
  fill(
    main,
    over?.error && h("p", { class: "error" }, over.error),
    shown(files, at) ?? h("div", { class: "empty" }, h("p", { class: "quiet" }, "No video was kept.")),
    files.length > 0 && h("section", { class: "panel" }, title, list),
  );
}

/** One that failed at once has no folder; of one that nobody knows it is said. */
async function filesOf(name, over, signal) {
  try {
    return await ask(ofStream(name, "files"), { signal });
  } catch (error) {
    if (error.status === 404 && over) return [];
    throw error;
  }
}

function stateOf(over) {
  const state = stateLabel();
  state.show(over);
  return state.element;
}

/** The last part of its video, or the scene. */
function shown(files, at) {
  const video = files.findLast((file) => file.name.startsWith("annotated"));
  if (video) {
    const about = { class: "recording", id: "recording", controls: true, playsinline: true, preload: "metadata" };
    return h("video", { ...about, muted: true, src: at(video) });
  }
  const plate = files.find((file) => file.name === "clean-plate.png");
  return plate && h("img", { class: "recording", src: at(plate), alt: "The scene without its moving objects" });
}
