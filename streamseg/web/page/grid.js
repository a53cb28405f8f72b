/** The first view: every stream that runs, what was cut out last, and what was recorded before. */

import { holding } from "./api.js";
import { recordings } from "./recordings.js";
import { addButton, streamControls } from "./controls.js";
import { fill, h, say } from "./dom.js";
import { figures } from "./figures.js";
import { inRows, newest } from "./newest.js";
import { play } from "./player.js";
import { objectsAt, streamAt } from "./routes.js";
import { isOver, stateLabel, stateOf } from "./states.js";
import { onStreams, updates } from "./updates.js";
import { count } from "./words.js";

export async function showGrid(view, { signal }) {
  const tiles = new Map();
  const told = h("span", { class: "quiet", id: "live-count" });
  const grid = h("div", { class: "grid", id: "grid" });
  let keepRecordings = null;
  const nothing = h("div", { class: "empty", id: "no-streams", hidden: true });
  const fresh = h("section", { id: "newest", hidden: true });
  const older = h("section", { id: "recordings", hidden: true });
  fill(
    view,
    h("div", { class: "page-head" }, h("h1", {}, "Live"), told, h("span", { class: "spring" }), addButton()),
    grid,
    nothing,
    fresh,
    older,
  );
  onStreams((streams) => {
    arrange(grid, tiles, streams, signal);
    grid.dataset.count = Math.min(streams.length, 7);
    say(told, streams.length ? count(streams.length, "stream") : "");
    nothing.hidden = streams.length > 0;
    keepRecordings?.(new Set(tiles.keys()));
  }, signal);
  const archive = await holding(signal);
  fill(nothing, withoutStreams(archive.streams.some((stream) => stream.tracks)));
  newest(fresh, { title: "Newest objects", limit: inRows(view.clientWidth), more: objectsAt(), signal });
  keepRecordings = recordings(older, archive.streams, signal);
  if (updates.streams) keepRecordings(new Set(tiles.keys()));
}

/** Keep a tile for each stream; those that stay are not touched, or their videos would begin anew. */
function arrange(grid, tiles, streams, signal) {
  const named = new Set(streams.map((stream) => stream.name));
  for (const [name, tile] of tiles) {
    if (named.has(name)) continue;
    tile.end();
    tiles.delete(name);
  }
  for (const stream of streams) {
    if (!tiles.has(stream.name)) {
      tiles.set(stream.name, makeTile(stream.name, signal));
      grid.append(tiles.get(stream.name).element);
    }
    tiles.get(stream.name).show(stream);
  }
}

function makeTile(name, signal) {
  const [state, numbers, controls] = [stateLabel(), figures(), streamControls(name)];
  const video = h("div", { class: "video" });
  const cover = h("div", { class: "cover" });
  const screen = h("a", { class: "screen", href: streamAt(name) }, video, cover);
  const element = h(
    "article",
    { class: "tile", data: { stream: name } },
    screen,
    h(
      "header",
      { class: "row" },
      h("h2", {}, h("a", { href: streamAt(name) }, name)),
      state.element,
      h("span", { class: "spring" }),
      controls.element,
    ),
    numbers.element,
  );
  const watched = watching(video, screen, name, signal);
  const show = (stream) => {
    for (const part of [state, numbers, controls]) part.show(stream);
    element.dataset.state = stream.state;
    say(cover, coverOf(stream));
    screen.setAttribute("aria-label", `${name}, ${cover.textContent || stateOf(stream)[0]}`);
    cover.hidden = !cover.textContent;
    watched.wanted(!isOver(stream));
  };
  const end = () => {
    watched.wanted(false);
    element.remove();
  };
  return { element, show, end };
}

/** Plays while it is wanted and within the window: a viewer costs the server something, and a hundred are the most. */
function watching(video, screen, name, signal) {
  let wanted = false;
  let seen = false;
  let playing = null;
  const settle = () => {
    if (wanted && seen && !playing) {
      playing = new AbortController();
      play(video, name, AbortSignal.any([signal, playing.signal]));
    } else if (playing && !(wanted && seen)) {
      playing.abort();
      playing = null;
    }
  };
  const observer = new IntersectionObserver(
    (entries) => {
      seen = entries.at(-1).isIntersecting;
      settle();
    },
    { rootMargin: "200px" },
  );
  observer.observe(screen);
  signal.addEventListener("abort", () => observer.disconnect());
  return {
    wanted(yes) {
      wanted = yes;
      settle();
    },
  };
}

/** What stands over the picture where there is none, or none that moves. */
export function coverOf(stream) {
  const [word, , why] = stateOf(stream);
  if (stream.state === "paused") return "Paused";
  if (stream.state === "waiting") return "Waiting for the first picture";
  if (isOver(stream) || word !== "Running") return why ? `${word}: ${why}` : word;
  return "";
}

function withoutStreams(hasTracks) {
  const text = hasTracks ? "What was found before can be searched." : "What is cut out will be found here.";
  return [
    h("h2", {}, "No stream runs"),
    h("p", { class: "quiet" }, text),
    hasTracks && h("a", { class: "button", href: objectsAt() }, "Look at the objects"),
  ];
}
