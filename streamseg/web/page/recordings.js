/** Streams of the archive that do not run now: a picture of the scene, how much there is, and when it was. */

import { ask, isGone, ofStream, url } from "./api.js";
import { fill, h } from "./dom.js";
import { streamAt } from "./routes.js";
import { count, when } from "./words.js";

/** What keeps section up to date: it is given the names of the streams that run, whenever they may have changed. */
export function recordings(section, streams, signal) {
  let shown = null;
  return (running) => {
    const over = streams.filter((stream) => !running.has(stream.stream));
    const names = over.map((stream) => stream.stream).join();
    if (names === shown) return; // or their pictures would be loaded anew
    shown = names;
    section.hidden = !over.length;
    fill(
      section,
      h("h2", { class: "section-title" }, "Recorded"),
      h(
        "div",
        { class: "grid small" },
        over.map((stream) => card(stream, signal)),
      ),
    );
  };
}

function card(stream, signal) {
  const picture = h("div", { class: "video" });
  const spans = stream.first === null ? "" : `${when(stream.first)} to ${when(stream.last)}`;
  scene(picture, stream.stream, signal);
  return h(
    "article",
    { class: "tile", data: { archive: stream.stream } },
    h(
      "a",
      {
        class: "screen",
        href: streamAt(stream.stream),
        "aria-label": `${stream.stream}, recorded`,
        style: ratio(stream),
      },
      picture,
    ),
    h(
      "header",
      { class: "row" },
      h("h3", {}, h("a", { href: streamAt(stream.stream) }, stream.stream)),
      h("span", { class: "spring" }),
      h("span", { class: "quiet" }, count(stream.tracks, "object")),
    ),
    h("p", { class: "quiet small" }, spans),
  );
}

/** The clean plate, or the first picture of the video; which there is, the list of files tells. */
async function scene(host, stream, signal) {
  try {
    const names = new Set((await ask(ofStream(stream, "files"), { signal })).map((file) => file.name));
    const at = (name) => url(ofStream(stream, "files", name));
    if (names.has("clean-plate.png")) host.append(h("img", { src: at("clean-plate.png"), alt: "", loading: "lazy" }));
    else if (names.has("annotated.mp4"))
      host.append(h("video", { src: at("annotated.mp4"), muted: true, preload: "metadata", tabindex: -1 }));
  } catch (error) {
    if (!isGone(error) && error.status === 0) throw error; // a recording without files is only a tile without picture
  }
}

function ratio(stream) {
  return stream.width && stream.height ? { "aspect-ratio": `${stream.width} / ${stream.height}` } : {};
}
