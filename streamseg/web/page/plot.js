/** A chart of lines over the last minutes; a pointer over one shows the same moment in all. */

import { fill, h, s, say } from "./dom.js";

/** The most and the least time (s) that is drawn: a page that was just opened has little to show. */
export const SPAN_S = 300;
const LEAST_SPAN_S = 60;
const HEIGHT = 196;
const EDGE = { left: 44, right: 8, top: 10, bottom: 22 };
/** A gap longer than this (s) is not bridged by a line: nobody knows what was in it. */
const GAP_S = 5;

/** Fires `hover` with the seconds before now as detail, or null. */
const pointer = new EventTarget();

/** {element, draw(series, at)}: series: [{name, colour (1..8), points: [[at, value|null], ...]}]; at: now, s. */
export function plot({ title, id, format, signal }) {
  const drawing = s("svg", { height: HEIGHT, role: "img", "aria-label": title });
  const told = h("div", { class: "told", hidden: true });
  const now = h("div", { class: "legend" });
  const element = h(
    "section",
    { class: "plot panel", id, data: { plot: id } },
    h("h2", { class: "section-title" }, title),
    h("div", { class: "plot-area" }, drawing, told),
    now,
  );
  const state = { series: [], at: 0, ago: null };
  const redraw = () => {
    const width = drawing.clientWidth || 600;
    const scale = scales(state, width);
    drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    fill(
      drawing,
      axes(scale, format, width),
      state.series.map((one) => curves(one, scale)),
      state.ago === null ? null : cross(state, scale, told, format, width),
    );
    told.hidden = state.ago === null;
  };
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const part = (event.clientX - box.left - EDGE.left) / (box.width - EDGE.left - EDGE.right);
    pointer.dispatchEvent(new CustomEvent("hover", { detail: Math.min(1, Math.max(0, 1 - part)) * spanOf(state) }));
  });
  drawing.addEventListener("pointerleave", () => pointer.dispatchEvent(new CustomEvent("hover", { detail: null })));
  pointer.addEventListener(
    "hover",
    ({ detail }) => {
      state.ago = detail;
      redraw();
    },
    { signal },
  );
  const observer = new ResizeObserver(redraw);
  observer.observe(drawing);
  signal.addEventListener("abort", () => observer.disconnect());
  const draw = (series, at) => {
    Object.assign(state, { series, at });
    redraw();
    legend(now, series, format);
  };
  return { element, draw };
}

/** How much time is drawn: what there is, in whole minutes. */
function spanOf({ series, at }) {
  const first = Math.min(at, ...series.map((one) => one.points[0]?.[0] ?? at));
  return Math.min(SPAN_S, Math.max(1, Math.ceil((at - first) / 60)) * LEAST_SPAN_S);
}

function scales(state, width) {
  const { series, at } = state;
  const span = spanOf(state);
  const values = series.flatMap((one) => one.points.map(([, value]) => value ?? 0));
  const step = roundStep(Math.max(...values, 0));
  const top = Math.max(1, Math.ceil(Math.max(...values, 0) / step)) * step;
  const inner = width - EDGE.left - EDGE.right;
  return {
    x: (time) => EDGE.left + (1 - (at - time) / span) * inner,
    y: (value) => HEIGHT - EDGE.bottom - (value / top) * (HEIGHT - EDGE.top - EDGE.bottom),
    step,
    top,
    span,
  };
}

/** 1, 2 or 5 times a power of ten, so that there are three to six lines. */
function roundStep(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1e-9) / 3));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => most / step <= 4.5) || 1;
}

function axes({ y, step, top, span }, format, width) {
  const rows = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  const at = width - EDGE.right; // the right edge is now
  const apart = span > 120 ? 60 : span / 4;
  const columns = Array.from({ length: span / apart + 1 }, (_, i) => i * apart);
  const inner = width - EDGE.left - EDGE.right;
  return [
    rows.map((value) => [
      s("line", { class: "rule", x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }),
      s("text", { x: EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" }, format(value)),
    ]),
    columns.map((ago) =>
      s(
        "text",
        { x: at - (ago / span) * inner, y: HEIGHT - 6, "text-anchor": ago === span ? "start" : ago ? "middle" : "end" },
        ago ? agoWords(ago) : "now",
      ),
    ),
  ];
}

function agoWords(seconds) {
  return seconds % 60 ? `${Math.round(seconds)} s` : `${seconds / 60} min`;
}

function curves({ colour, points }, { x, y }) {
  let path = "";
  let before = null;
  for (const [time, value] of points) {
    if (value !== null)
      path += `${before === null || time - before > GAP_S ? "M" : "L"}${x(time).toFixed(1)} ${y(value).toFixed(1)}`;
    before = value === null ? null : time;
  }
  return s("path", { class: "curve", d: path, data: { colour } });
}

/** The values nearest to the pointer. */
function cross({ series, at, ago }, { x, y }, told, format, width) {
  const time = at - ago;
  const near = series.map((one) => ({ ...one, point: nearest(one.points, time) })).filter((one) => one.point);
  fill(
    told,
    h("strong", {}, ago < 1 ? "now" : `${Math.round(ago)} s ago`),
    near.map((one) =>
      h(
        "span",
        {},
        h("i", { class: "key", data: { colour: one.colour } }),
        `${one.name} `,
        h("b", {}, format(one.point[1])),
      ),
    ),
  );
  const left = x(time);
  told.style.left = left > width / 2 ? "auto" : `${left + 12}px`;
  told.style.right = left > width / 2 ? `${width - left + 12}px` : "auto";
  return [
    s("line", { class: "cross", x1: left, x2: left, y1: EDGE.top, y2: HEIGHT - EDGE.bottom }),
    near.map((one) =>
      s("circle", { class: "dot", cx: x(one.point[0]), cy: y(one.point[1]), r: 3.5, data: { colour: one.colour } }),
    ),
  ];
}

function nearest(points, time) {
  let best = null;
  for (const point of points)
    if (point[1] !== null && Math.abs(point[0] - time) < Math.abs((best?.[0] ?? -1e9) - time)) best = point;
  return best && Math.abs(best[0] - time) <= GAP_S ? best : null;
}

/** Names with what they are now: also what a reader gets who sees no curves. */
function legend(now, series, format) {
  while (now.children.length > series.length) now.lastElementChild.remove();
  series.forEach(({ name, colour, points }, i) => {
    if (!now.children[i]) now.append(h("span", {}, h("i", { class: "key" }), h("span", {}), " ", h("b", {})));
    const [key, word, value] = now.children[i].children;
    key.dataset.colour = colour;
    say(word, name);
    const last = points.at(-1)?.[1] ?? null;
    say(value, last === null ? "–" : format(last));
  });
}
