/** What is known of an object, in words and files. */

import { ask, isGone, ofTrack, url } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { objectsAt, streamAt } from "./routes.js";
import { clock, day, lasted } from "./words.js";

export function facts(track) {
  const began = track.first_time ?? track.first_pts;
  const ended = track.last_time ?? track.last_pts;
  const rows = [
    ["Class", h("a", { href: objectsAt([["label", track.label]]) }, track.label)],
    ["Stream", h("a", { href: streamAt(track.stream) }, track.stream)],
    day(began) && ["Day", day(began)],
    ["Time", `${clock(began)} to ${clock(ended)}`],
    ["Duration", lasted(track.last_pts - track.first_pts)],
    ["Score", track.score.toFixed(2)],
    [
      "Zones",
      track.zones.length
        ? joined(track.zones.map((zone) => h("a", { href: objectsAt([["zone", zone]]) }, zone)))
        : "none",
    ],
    ["Colours", colours(track.colours)],
    ["Size", track.shots.length ? `${track.shots[0].width} × ${track.shots[0].height}` : "unknown"],
  ].filter(Boolean);
  return h(
    "dl",
    { class: "facts panel", id: "facts" },
    rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}

export function downloads(track) {
  const named = `${track.stream}-${track.track}-${track.label}`;
  const link = (text, to, ending) =>
    h("a", { class: "button", href: url(to), download: `${named}.${ending}` }, icon("download"), text);
  const best = track.best.length > 0;
  return h(
    "div",
    { class: "row wrap", id: "downloads" },
    best && link("PNG", ofTrack(track, "cutouts", "best.png"), "png"),
    best && link("WebP", ofTrack(track, "cutouts", "best.webp"), "webp"),
    track.clip && link("WebM", ofTrack(track, "clip.webm"), "webm"),
  );
}

/** The best shot's document; asked for when somebody wants to see it. */
export function sidecar(track, signal) {
  if (!track.best.length) return null;
  const text = h("pre", { tabindex: 0, "aria-label": "Sidecar" });
  const details = h("details", { class: "panel sidecar", id: "sidecar" }, h("summary", {}, "Sidecar"), text);
  details.addEventListener("toggle", async () => {
    if (!details.open || text.textContent) return;
    try {
      text.textContent = JSON.stringify(await ask(ofTrack(track, "cutouts", "best.json"), { signal }), null, 2);
    } catch (error) {
      if (!isGone(error)) text.textContent = error.message;
    }
  });
  return details;
}

function colours(shares) {
  const names = Object.keys(shares);
  if (!names.length) return "unknown";
  return h(
    "span",
    { class: "colours" },
    names.map((name) =>
      h(
        "a",
        { class: "colour", href: objectsAt([["colour", name]]) },
        h("i", { class: "dot", data: { colour: name } }),
        `${name} ${Math.round(shares[name] * 100)} %`,
      ),
    ),
  );
}

function joined(parts) {
  return parts.flatMap((part, i) => (i ? [", ", part] : [part]));
}
