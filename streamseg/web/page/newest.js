/** A strip of what was cut out last, kept up to date. */

import { archived } from "./api.js";
import { card } from "./card.js";
import { fill, h } from "./dom.js";
import { soon } from "./later.js";
import { tell } from "./notes.js";

/** A card's least width and the gap beside it, as archive.css has them. */
const STRIP_STEP_PX = 116;
const STRIP_GAP_PX = 12;

/** Fill section with the newest tracks of streams (all: empty); it stays hidden where there are none. */
export function newest(section, { title, streams = [], limit, more, signal }) {
  const strip = h("div", { class: "strip" });
  const cards = new Map();
  const query = new URLSearchParams([
    ...streams.map((stream) => ["stream", stream]),
    ["pictured", true],
    ["limit", limit],
  ]);
  fill(
    section,
    h(
      "div",
      { class: "row" },
      h("h2", { class: "section-title" }, title),
      h("span", { class: "spring" }),
      h("a", { href: more }, "All objects"),
    ),
    strip,
  );
  const load = () =>
    tell(async () => {
      const { tracks } = await archived(`/tracks?${query}`, { tracks: [] }, signal);
      const wanted = tracks.map((track) => {
        const key = `${track.stream}/${track.track}`;
        const known = cards.get(key) ?? card(track, { small: true });
        known.show(track);
        return cards.set(key, known).get(key);
      });
      fill(
        strip,
        wanted.map((one) => one.element),
      );
      section.hidden = !tracks.length;
    });
  soon(load, (events) => events.some((event) => !streams.length || streams.includes(event.stream)), signal);
  return load();
}

/** As many cards as fill a row of the strip, in a narrow window two. */
export function inRows(width) {
  const columns = Math.max(1, Math.floor((width + STRIP_GAP_PX) / STRIP_STEP_PX));
  return columns < 6 ? 2 * columns : columns;
}
