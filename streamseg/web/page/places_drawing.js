/** Draws places in pixels of the screen, so that lines and handles are as thick in any window. */

import { fill, s } from "./dom.js";
import { between, middle, rightOf } from "./places_geometry.js";

const HANDLE_PX = 6;
/** What can be hit is larger than what is seen: fingers are wide. */
const TOUCH_PX = 16;
const SIDE_PX = 22;

export function drawPlaces(svg, places) {
  const { clientWidth: width, clientHeight: height } = svg.parentElement ?? { clientWidth: 0, clientHeight: 0 };
  if (!width || !height) return;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.dataset.mode = places.mode;
  const to = ([x, y]) => [x * width, y * height];
  const shapes = places.shapes.map((shape, i) => drawn(shape, i, shape.points.map(to), places));
  fill(svg, hatch(), shapes, places.draft.length ? draft(places, to) : null);
}

function drawn(shape, index, points, places) {
  const chosen = shape === places.selected;
  const data = { shape: index };
  const outline = { points: points.join(" "), data };
  const body = shape.zone
    ? [s("polygon", { class: "area", ...outline }), s("polygon", { class: "edge", ...outline })]
    : [s("polyline", { class: "casing", ...outline }), s("polyline", { class: "edge", ...outline }), sides(points)];
  const handles = places.mode === "edit" && chosen ? grips(shape, points, data, places.corner) : null;
  const group = { class: shape.zone ? "zone" : "line", data: { name: shape.name, kind: shape.kind ?? "line", chosen } };
  return s("g", group, body, label(shape, points), handles);
}

/** A name that is seen on any picture; of zones that are not watched with their kind. */
function label(shape, points) {
  const [x, y] = shape.zone ? [middle(points)[0], Math.min(...points.map((point) => point[1])) + 20] : points[0];
  const text = shape.zone && shape.kind !== "watch" ? `${shape.name} (${shape.kind})` : shape.name;
  return s("text", { x, y: shape.zone ? y : y - 10, "text-anchor": shape.zone ? "middle" : "start" }, text);
}

/** Which side of a line is left, which right: an arrow from the one to the other and a letter at each. */
function sides([a, b]) {
  const [x, y] = between(a, b);
  const [rx, ry] = rightOf(a, b);
  const at = (far) => ({ x: x + rx * far, y: y + ry * far + 4 });
  return [
    s("line", { class: "across", x1: x - rx * 10, y1: y - ry * 10, x2: x + rx * 10, y2: y + ry * 10 }),
    s("text", { class: "side", "text-anchor": "middle", ...at(-SIDE_PX) }, "left"),
    s("text", { class: "side", "text-anchor": "middle", ...at(SIDE_PX) }, "right"),
  ];
}

function grips(shape, points, data, corner) {
  const ends = points.flatMap(([x, y], i) => [
    s("circle", {
      class: i === corner ? "grip chosen" : "grip",
      cx: x,
      cy: y,
      r: HANDLE_PX,
      data: { ...data, corner: i },
    }),
    s("circle", { class: "touch", cx: x, cy: y, r: TOUCH_PX, data: { ...data, corner: i } }),
  ]);
  if (!shape.zone) return ends;
  const halves = points.flatMap((point, i) => {
    const [x, y] = between(point, points[(i + 1) % points.length]);
    return [
      s("circle", { class: "grip half", cx: x, cy: y, r: HANDLE_PX - 2, data: { ...data, between: i } }),
      s("circle", { class: "touch", cx: x, cy: y, r: TOUCH_PX - 4, data: { ...data, between: i } }),
    ];
  });
  return [halves, ends];
}

function draft(places, to) {
  const points = places.draft.map(to);
  const all = places.pointer ? [...points, to(places.pointer)] : points;
  const dots = points.map(([x, y], i) => s("circle", { class: i ? "grip" : "grip first", cx: x, cy: y, r: HANDLE_PX }));
  return s(
    "g",
    { class: "draft" },
    s("polyline", { class: "casing", points: all.join(" ") }),
    s("polyline", { class: "edge", points: all.join(" ") }),
    dots,
  );
}

/** What the network does not see is hatched: a colour alone would not say it to everybody. */
function hatch() {
  return s(
    "defs",
    {},
    s(
      "pattern",
      { id: "hatch", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      s("line", { x1: 0, y1: 0, x2: 0, y2: 8 }),
    ),
  );
}
