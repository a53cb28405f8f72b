/** What happened, the newest first: who came, left, stayed, crossed. */

import { archived, holding, isGone } from "./api.js";
import { fill, h } from "./dom.js";
import { eventRow } from "./event_row.js";
import { icon } from "./icons.js";
import { address, replace } from "./routes.js";
import { oldestFirst, onHappened, updates } from "./updates.js";
import { day } from "./words.js";

const KINDS = [
  ["appeared", "Appeared"],
  ["ended", "Ended"],
  ["enter", "Entered"],
  ["leave", "Left"],
  ["dwell", "Stayed"],
  ["cross", "Crossed"],
];
const NONE = { events: [], next: null };
const FILTERS = ["stream", "kind", "track", "zone", "line", "since", "until"];

export async function showEvents(view, { query, signal }) {
  const archive = await holding(signal);
  const list = h("ol", { class: "events", id: "events" });
  const end = h("div", { class: "tail" });
  fill(view, h("div", { class: "page-head" }, h("h1", {}, "Events")), bar(archive, query), list, end);
  const days = new Days(list);
  const asked = new URLSearchParams([...query].filter(([name, value]) => FILTERS.includes(name) && value));
  let next = "";
  let loading = false;
  const load = async () => {
    if (loading || next === null) return;
    loading = true;
    try {
      const answer = await archived(
        `/events?${new URLSearchParams([...asked, ...(next ? [["after", next]] : [])])}`,
        NONE,
        signal,
      );
      next = answer.next;
      for (const event of answer.events) days.append(event);
      show();
    } catch (error) {
      if (isGone(error)) throw error;
      fill(end, h("p", { class: "error" }, error.message), again());
    } finally {
      loading = false;
    }
  };
  const again = () => h("button", { class: "button", type: "button", onclick: load }, "Load more");
  const show = () => fill(end, next !== null ? again() : list.children.length ? null : nothing(asked));
  const observer = new IntersectionObserver((entries) => entries.at(-1).isIntersecting && load(), {
    rootMargin: "900px",
  });
  signal.addEventListener("abort", () => observer.disconnect());
  onHappened((events) => {
    for (const event of oldestFirst(events)) if (fits(event, asked)) days.prepend(event);
    if (list.children.length && next === null) fill(end);
  }, signal);
  await load();
  observer.observe(end);
}

/** Rows under the days they belong to. */
class Days {
  constructor(list) {
    this.list = list;
    this.first = this.last = null;
    this.known = new Set();
  }

  append(event) {
    if (!this.fresh(event)) return;
    if (day(event.at) && day(event.at) !== this.last) this.list.append(heading(event));
    this.last = day(event.at);
    this.first ??= this.last;
    this.list.append(eventRow(event));
  }

  prepend(event) {
    if (!this.fresh(event)) return;
    if (this.first !== null && day(event.at) === this.first && this.first)
      this.list.firstElementChild.after(eventRow(event));
    else this.list.prepend(...(day(event.at) ? [heading(event)] : []), eventRow(event));
    this.first = day(event.at);
    this.last ??= this.first;
  }

  /** The last page and what the server told meanwhile may have the same ones. */
  fresh(event) {
    const key = `${event.stream}/${event.seq}/${event.number}`;
    if (this.known.has(key)) return false;
    this.known.add(key);
    return true;
  }
}

function heading(event) {
  return h("li", { class: "day" }, h("h2", {}, day(event.at)));
}

function bar(archive, query) {
  const streams = [
    ...new Set([...archive.streams.map((one) => one.stream), ...(updates.streams ?? []).map((one) => one.name)]),
  ].sort();
  const zones = [...new Set(archive.streams.flatMap((one) => one.zones))].sort();
  const pick = (name, title, options) => {
    const select = h(
      "select",
      { name, "aria-label": title, class: query.get(name) ? "set" : "" },
      h("option", { value: "" }, title),
      options.map(([value, text]) => h("option", { value, selected: query.get(name) === value }, text)),
    );
    select.addEventListener("change", () => {
      const kept = [...query].filter(([key]) => key !== name);
      replace(address(["events"], select.value ? [...kept, [name, select.value]] : kept));
    });
    return select;
  };
  const pairs = (names) => names.map((name) => [name, name]);
  const others = ["track", "line"]
    .filter((name) => query.get(name))
    .map((name) =>
      h(
        "a",
        {
          class: "chip",
          href: address(
            ["events"],
            [...query].filter(([key]) => key !== name),
          ),
          "aria-label": `Remove ${name} ${query.get(name)}`,
        },
        `${name} ${query.get(name)}`,
        icon("no"),
      ),
    );
  return h(
    "div",
    { class: "filters", role: "search", "aria-label": "Filters" },
    streams.length > 1 && pick("stream", "All streams", pairs(streams)),
    pick("kind", "All kinds", KINDS),
    zones.length > 0 && pick("zone", "Anywhere", pairs(zones)),
    others,
  );
}

/** Whether what the server told by itself is asked for, too. */
function fits(event, asked) {
  return [...new Set(asked.keys())].every((name) => {
    if (name === "since") return event.at >= Number(asked.get(name));
    if (name === "until") return event.at <= Number(asked.get(name));
    return asked.getAll(name).includes(String(event[name]));
  });
}

function nothing(asked) {
  const text = asked.size ? "No event fits all filters." : "Who appears, enters a zone or crosses a line is told here.";
  return h("div", { class: "empty", id: "no-events" }, h("h2", {}, "No events"), h("p", { class: "quiet" }, text));
}
