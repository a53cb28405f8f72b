/** One stream large: live, or what was recorded of it, beside its newest objects and events. */

import { archived, ask } from "./api.js";
import { fill, h } from "./dom.js";
import { eventRow } from "./event_row.js";
import { newest } from "./newest.js";
import { tell } from "./notes.js";
import { address, objectsAt } from "./routes.js";
import { isOver } from "./states.js";
import { showLive } from "./stream_live.js";
import { showRecorded } from "./stream_recorded.js";
import { oldestFirst, onHappened, updates } from "./updates.js";

const EVENTS = 12;

export async function showStream(view, { words: [, name], signal }) {
  const [objects, happened, main] = [
    h("section", { hidden: true }),
    h("section", { hidden: true }),
    h("div", { class: "stack" }),
  ];
  const head = h("div", { class: "page-head" });
  fill(
    view,
    h("nav", { class: "crumbs", "aria-label": "Where this is" }, h("a", { href: "#/" }, "Live")),
    head,
    h("div", { class: "split" }, main, h("aside", { class: "stack" }, objects, happened)),
  );
  if (!updates.streams) updates.streams = await ask("/streams", { signal });
  const running = updates.streams.find((stream) => stream.name === name);
  if (running && !isOver(running)) showLive(head, main, running, signal);
  else await showRecorded(head, main, name, running, signal);
  newest(objects, { title: "Newest objects", streams: [name], limit: 12, more: objectsAt([["stream", name]]), signal });
  tell(() => lately(happened, name, signal));
}

/** The last events, and those that come. */
async function lately(section, name, signal) {
  const list = h("ol", { class: "events brief" });
  fill(
    section,
    h(
      "div",
      { class: "row" },
      h("h2", { class: "section-title" }, "Events"),
      h("span", { class: "spring" }),
      h("a", { href: address(["events"], [["stream", name]]) }, "All events"),
    ),
    list,
  );
  const show = (events, how) => {
    list[how](...events.map((event) => eventRow(event, { brief: true })));
    while (list.children.length > EVENTS) list.lastElementChild.remove();
    section.hidden = !list.children.length;
  };
  const query = new URLSearchParams({ stream: name, limit: EVENTS });
  show((await archived(`/events?${query}`, { events: [] }, signal)).events, "append");
  onHappened(
    (events) =>
      show(
        oldestFirst(events)
          .filter((event) => event.stream === name)
          .reverse(),
        "prepend",
      ),
    signal,
  );
}
