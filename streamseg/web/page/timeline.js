/** How many objects there were when: a bar for each part of the time, and a span to be drawn over it. */

import { ask } from "./api.js";
import { fill, h, s } from "./dom.js";
import { ask as search } from "./filters.js";
import { filtersOf } from "./found.js";
import { clock, count, day, isMedia, when } from "./words.js";

const PARTS = 120;
const HEIGHT = 56;
/** Shorter drags are clicks, which take the span away. */
const LEAST_DRAG = 0.006;

/** {element, ready, total(), refresh()}: ready settles when it knows the counts. streams: those of the archive. */
export function timeline(query, streams, signal) {
  const chart = s("svg", {
    class: "bars",
    viewBox: `0 0 ${PARTS} ${HEIGHT}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  const chosen = h("div", { class: "span", hidden: true });
  const told = h("output", { class: "told", hidden: true });
  const axis = h("div", { class: "axis" });
  const field = h(
    "div",
    { class: "field-of-time", id: "timeline", role: "img", "aria-label": "Objects over time; drag to choose a span" },
    chart,
    chosen,
    told,
  );
  const element = h("div", { class: "timeline", hidden: true }, field, axis);
  let known = null;
  let total = null;
  const refresh = async () => {
    [known, total] = await counted(query, streams, signal);
    element.hidden = !known.counts.some((number) => number);
    bars(chart, known.counts);
    fill(axis, ticks(known));
    mark(chosen, known, query.get("since"), query.get("until"));
  };
  dragging(
    field,
    chosen,
    told,
    () => known,
    (from, to) => search(query, { since: from, until: to }),
  );
  return { element, refresh, ready: refresh(), total: () => total };
}

/** The counts, and how many were found. All of the time is shown, also where a span is chosen: it is the way out of it. */
async function counted(query, streams, signal) {
  const asked = [...filtersOf(query)];
  const always = asked.filter(([name]) => name !== "since" && name !== "until");
  const counts = (pairs, bins) =>
    ask(`/timeline?${new URLSearchParams([...pairs, ["pictured", true], ["bins", bins]])}`, { signal });
  const shown = [...always, ...wallTime(streams)];
  const [known, found] = await Promise.all([
    counts(shown, PARTS),
    String(new URLSearchParams(asked)) === String(new URLSearchParams(shown)) ? null : counts(asked, 1),
  ]);
  return [known, sum((found ?? known).counts)];
}

/** Beside years of wall time the minutes of a recording are a point: where there are both, the time of the wall is shown. */
function wallTime(streams) {
  const times = streams.filter((stream) => stream.last !== null);
  const wall = times.filter((stream) => !isMedia(stream.last));
  if (!wall.length || wall.length === times.length) return [];
  return [
    ["since", Math.min(...wall.map((stream) => stream.first))],
    ["until", Math.max(...wall.map((stream) => stream.last))],
  ];
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

function bars(chart, numbers) {
  const most = Math.max(...numbers, 1);
  fill(
    chart,
    numbers.map((number, i) => {
      const tall = number ? Math.max(2, (number / most) * (HEIGHT - 4)) : 0;
      return (
        number > 0 &&
        s("rect", {
          x: (i * PARTS) / numbers.length + 0.12,
          y: HEIGHT - tall,
          width: PARTS / numbers.length - 0.24,
          height: tall,
        })
      );
    }),
  );
}

function ticks({ first: since, last: until }) {
  const days = day(since) !== day(until) || day(until) !== day(Date.now() / 1000);
  return [0, 0.5, 1].map((part) => {
    const time = since + part * (until - since);
    return h("span", {}, days ? when(time) : clock(time));
  });
}

function mark(chosen, { first: since, last: until }, from, to) {
  chosen.hidden = from === null && to === null;
  const at = (time, otherwise) =>
    time === null ? otherwise : Math.min(1, Math.max(0, (time - since) / (until - since)));
  place(chosen, at(from, 0), at(to, 1));
}

function place(chosen, from, to) {
  chosen.style.left = `${from * 100}%`;
  chosen.style.width = `${Math.max(0, to - from) * 100}%`;
}

function dragging(field, chosen, told, known, choose) {
  let first = null;
  const at = (event) => {
    const box = field.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const time = (part) => known().first + part * (known().last - known().first);
  field.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    first = at(event);
    field.setPointerCapture(event.pointerId);
  });
  field.addEventListener("pointermove", (event) => {
    const here = at(event);
    const { counts: numbers, first: since, last: until } = known();
    const span = first === null ? null : [Math.min(first, here), Math.max(first, here)];
    if (span) {
      chosen.hidden = false;
      place(chosen, ...span);
    }
    const number = numbers[Math.min(numbers.length - 1, Math.floor(here * numbers.length))];
    told.hidden = false;
    told.textContent = span
      ? `${when(time(span[0]))} to ${when(time(span[1]))}`
      : `${when(since + here * (until - since))} · ${count(number, "object")}`;
    told.style.left = `${Math.min(82, Math.max(18, here * 100))}%`;
  });
  field.addEventListener("pointerleave", () => (told.hidden = true));
  field.addEventListener("pointercancel", () => (first = null));
  field.addEventListener("pointerup", (event) => {
    if (first === null) return;
    const span = [Math.min(first, at(event)), Math.max(first, at(event))];
    first = null;
    if (span[1] - span[0] < LEAST_DRAG) choose(null, null);
    else choose(String(Math.floor(time(span[0]) * 100) / 100), String(Math.ceil(time(span[1]) * 100) / 100));
  });
}
