/** What is searched for. All of it stands in the address, so that a search can be kept and sent. */

import { h } from "./dom.js";
import { filtersOf } from "./found.js";
import { icon } from "./icons.js";
import { objectsAt, replace } from "./routes.js";
import { clock, isMedia, when } from "./words.js";

const VERDICTS = [
  ["approved", "Approved"],
  ["rejected", "Rejected"],
  ["none", "Not judged"],
];

/** In a narrow window the filters are folded away; whoever unfolds them sets several, one after another. */
let unfolded = matchMedia("(min-width: 700px)").matches;

/** The controls, named as the parameters of the API. */
export function filterBar(archive, query) {
  const one = (name, title, options) => picked(query, name, title, options);
  const labels = distinct(archive.streams.flatMap((stream) => stream.labels));
  const zones = distinct(archive.streams.flatMap((stream) => stream.zones));
  const controls = [
    archive.streams.length > 1 &&
      one(
        "stream",
        "All streams",
        archive.streams.map((stream) => stream.stream),
      ),
    one("label", "All classes", labels),
    zones.length > 0 && one("zone", "Anywhere", zones),
    one("verdict", "Any verdict", VERDICTS),
    swatches(archive.colours, query),
    span("Time", query, ["since", "until"], times(archive, query)),
    span("Duration", query, ["least_s", "most_s"], durations(query)),
  ];
  const bar = h("div", { class: "filters", id: "filters", role: "search", "aria-label": "Filters" }, controls);
  const fold = h(
    "details",
    { class: "fold", open: unfolded },
    h("summary", { class: "button" }, icon("filter"), "Filters"),
    bar,
  );
  fold.addEventListener("toggle", () => (unfolded = fold.open));
  return fold;
}

/** What is asked for, each with a cross. */
export function chips(query) {
  const list = [...filtersOf(query)].map(([name, value]) => {
    const without = [...query].filter(([key, other]) => !(key === name && other === value));
    return h(
      "a",
      { class: "chip", href: objectsAt(without), "aria-label": `Remove ${words(name, value)}`, data: { filter: name } },
      words(name, value),
      icon("no"),
    );
  });
  const all =
    list.length > 1
      ? h("a", { class: "chip clear", href: objectsAt([...query].filter(([name]) => name === "like")) }, "Clear all")
      : null;
  return h("div", { class: "chips", id: "chips" }, list, all);
}

/** Search with other values of some filters: {name: value | null}. */
export function ask(query, changes) {
  const kept = [...query].filter(([name]) => !(name in changes));
  const set = Object.entries(changes).filter(([, value]) => value !== null && value !== "");
  replace(objectsAt([...kept, ...set]));
}

/** A list that picks one value, or adds to several that the address has. */
function picked(query, name, title, options) {
  const chosen = query.getAll(name);
  const pairs = options.map((option) => (Array.isArray(option) ? option : [option, option]));
  const select = h(
    "select",
    { name, "aria-label": title, class: chosen.length ? "set" : "" },
    h("option", { value: "" }, title),
    chosen.length > 1 && h("option", { value: "+", selected: true }, chosen.join(", ")),
    pairs.map(([value, text]) => h("option", { value, selected: chosen.length === 1 && chosen[0] === value }, text)),
  );
  select.addEventListener("change", () => ask(query, { [name]: select.value }));
  return select;
}

function swatches(colours, query) {
  const chosen = query.get("colour");
  const made = colours.map((colour) =>
    h("button", {
      class: "swatch",
      type: "button",
      name: "colour",
      value: colour,
      title: colour,
      "aria-label": colour,
      "aria-pressed": String(colour === chosen),
      data: { colour },
      onclick: () => ask(query, { colour: colour === chosen ? null : colour }),
    }),
  );
  return h("div", { class: "swatches", role: "group", "aria-label": "Colour" }, made);
}

/** Two fields behind a button. */
function span(title, query, names, fields) {
  const set = names.some((name) => query.get(name));
  const form = h(
    "form",
    { class: "stack" },
    fields.map((field) => field.element),
    h("div", { class: "row end" }, h("button", { class: "button primary small", type: "submit" }, "Search")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(query, Object.fromEntries(names.map((name, i) => [name, fields[i].value()])));
  });
  const details = h(
    "details",
    { class: "pop" },
    h("summary", { class: set ? "button set" : "button" }, title),
    h("div", { class: "pop-body" }, form),
  );
  details.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    details.open = false;
    details.querySelector("summary").focus();
  });
  return details;
}

/** Recordings without hours are asked for by seconds of media. */
function times(archive, query) {
  const known = archive.streams.map((stream) => stream.last).filter((last) => last !== null);
  const media = known.length > 0 && known.every(isMedia);
  return [
    ["since", "From"],
    ["until", "To"],
  ].map(([name, title]) => {
    const value = query.get(name);
    if (media) return number(name, `${title}, s`, value);
    const input = h("input", {
      type: "datetime-local",
      name,
      step: 1,
      value: value && !isMedia(Number(value)) ? local(Number(value)) : "",
    });
    return {
      element: h("label", { class: "field" }, title, input),
      value: () => (input.value ? String(new Date(input.value).getTime() / 1000) : ""),
    };
  });
}

function durations(query) {
  return [number("least_s", "At least, s", query.get("least_s")), number("most_s", "At most, s", query.get("most_s"))];
}

function number(name, title, value) {
  const input = h("input", { type: "number", name, min: 0, step: "any", inputmode: "decimal", value: value ?? "" });
  return { element: h("label", { class: "field" }, title, input), value: () => input.value };
}

/** UTC seconds as a field of the browser's own zone takes them. */
function local(time) {
  const date = new Date(time * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

function words(name, value) {
  if (name === "since" || name === "until")
    return `${name === "since" ? "from" : "to"} ${isMedia(value) ? clock(value) : when(value)}`;
  if (name === "least_s" || name === "most_s") return `${name === "least_s" ? "at least" : "at most"} ${value} s`;
  if (name === "zone") return `in ${value}`;
  return name === "verdict" && value === "none" ? "not judged" : value;
}

function distinct(values) {
  return [...new Set(values)].sort();
}
