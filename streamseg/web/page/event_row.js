/** An event as a sentence, with its object's picture. */

import { ofStream, url } from "./api.js";
import { h } from "./dom.js";
import { objectAt, streamAt } from "./routes.js";
import { clock, lasted } from "./words.js";

/** A list item. brief: without the stream's name, where all are of one. */
export function eventRow(event, { brief = false } = {}) {
  const who = h("a", { href: objectAt(event.stream, event.track) }, `${event.label} ${event.track}`);
  return h(
    "li",
    { class: "event", data: { kind: event.kind, event: `${event.stream}/${event.seq}/${event.number}` } },
    picture(event),
    h("span", { class: "sentence" }, who, " ", happened(event)),
    h(
      "span",
      { class: "quiet" },
      brief ? null : [h("a", { href: streamAt(event.stream) }, event.stream), " · "],
      h("time", {}, clock(event.at)),
    ),
  );
}

/** There is none yet of one that has just appeared, and never one of some that are gone at once. */
function picture(event) {
  if (event.shot === null) return h("span", { class: "board face" });
  const best = url(ofStream(event.stream, "tracks", event.track, "cutouts", "best.webp"));
  const image = h("img", { src: `${best}?side=96&v=${event.shot ?? ""}`, alt: "", loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.remove());
  return h("span", { class: "board face" }, image);
}

function happened({ kind, zone, line, direction, seconds }) {
  const place = h("strong", {}, zone ?? line ?? "");
  const told = {
    appeared: () => ["appeared"],
    ended: () => ["was last seen after ", lasted(seconds)],
    enter: () => ["entered ", place],
    leave: () => ["left ", place, " after ", lasted(seconds)],
    dwell: () => ["has stayed in ", place, " for ", lasted(seconds)],
    cross: () => ["crossed ", place, ` to the ${direction}`],
  };
  return told[kind]?.() ?? [kind];
}
