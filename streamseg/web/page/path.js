/** Where an object went: a line over the scene without its moving objects, from pale to full. */

import { ofStream, url } from "./api.js";
import { h, s } from "./dom.js";
import { clock } from "./words.js";

export function pathPicture(track) {
  if (!track.path.length) return null;
  const [width, height] = track.frame_size ?? extent(track.path);
  const plate = track.clean_plate
    ? h("img", { src: url(ofStream(track.stream, "files", "clean-plate.png")), alt: "", loading: "lazy" })
    : null;
  const unit = Math.hypot(width, height) / 400; // of what is to look alike in frames of all sizes
  const drawing = s(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Its path through the picture" },
    line(track.path, unit),
    ends(track, unit),
  );
  const picture = h(
    "div",
    { class: plate ? "path" : "path bare", style: { "aspect-ratio": `${width} / ${height}` } },
    plate,
    drawing,
  );
  return h(
    "figure",
    { class: "panel", id: "path" },
    picture,
    h("figcaption", { class: "quiet" }, `Path, from ${clock(track.first_time ?? track.first_pts)} on`),
  );
}

/** Each step by itself, as a line of SVG has one colour; a dark one below keeps it visible on any scene. */
function line(path, unit) {
  const steps = path.slice(1).map(([, x, y], i) => ({ x1: path[i][1], y1: path[i][2], x2: x, y2: y }));
  const drawn = (kind, more) => steps.map((step, i) => s("line", { class: kind, ...step, ...more(i) }));
  return [
    drawn("below", () => ({ "stroke-width": 5 * unit })),
    drawn("above", (i) => ({ "stroke-width": 2.6 * unit, "stroke-opacity": 0.35 + (0.65 * (i + 1)) / steps.length })),
  ];
}

function ends(track, unit) {
  const dot = ([pts, x, y], kind, radius) =>
    s(
      "circle",
      { class: kind, cx: x, cy: y, r: radius * unit, "stroke-width": 1.6 * unit },
      s("title", {}, clock((track.first_time ?? track.first_pts) + pts - track.first_pts)),
    );
  return [dot(track.path[0], "from", 4), dot(track.path.at(-1), "to", 5.5)];
}

function extent(path) {
  return [Math.max(...path.map(([, x]) => x)) * 1.1, Math.max(...path.map(([, , y]) => y)) * 1.1];
}
