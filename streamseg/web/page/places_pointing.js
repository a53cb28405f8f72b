/** The mouse, a pen or a finger on the picture: corners are set, dragged and put in between, places are moved. */

import { moved, within } from "./places_geometry.js";

/** A finger that goes further (px) than this from the first point draws a line by dragging. */
const DRAG_PX = 16;

/** Serve the pointers of svg for places; what was hit, its data-shape, data-corner and data-between say. */
export function pointing(svg, places) {
  let drag = null;
  const at = (event) => {
    const box = svg.getBoundingClientRect();
    return within([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  };
  svg.addEventListener("pointerdown", (event) => {
    if (places.mode === "look" || event.button !== 0) return;
    event.preventDefault();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); // keys are for the picture now
    svg.setPointerCapture(event.pointerId);
    if (places.mode === "edit") drag = grab(event.target, at(event), places);
    else places.add(at(event));
  });
  svg.addEventListener("pointermove", (event) => {
    if (places.mode === "polygon" || places.mode === "line") {
      places.pointer = at(event);
      places.draw();
    } else if (drag) drag(at(event));
  });
  svg.addEventListener("pointerup", (event) => {
    drag = null;
    const drawnOut =
      places.mode === "line" && places.draft.length === 1 && places.px(places.draft[0], at(event)) > DRAG_PX;
    if (drawnOut) places.add(at(event));
  });
  svg.addEventListener("pointercancel", () => (drag = null));
  svg.addEventListener("pointerleave", () => {
    places.pointer = null;
    places.draw();
  });
  svg.addEventListener("dblclick", (event) => {
    if (places.mode === "polygon") places.close();
    event.preventDefault();
  });
}

/** What dragging does from here on: a function of where the pointer is; null where nothing was hit. */
function grab(target, from, places) {
  const shape = places.shapes[Number(target.dataset.shape ?? -1)];
  if (!shape) {
    places.select(null);
    return null;
  }
  if (target.dataset.between !== undefined) {
    const corner = Number(target.dataset.between) + 1;
    places.set(shape, { points: shape.points.toSpliced(corner, 0, from) });
    return cornerDrag(places, shape, corner);
  }
  if (target.dataset.corner !== undefined) return cornerDrag(places, shape, Number(target.dataset.corner));
  places.select(shape);
  const begun = shape.points;
  return (to) => places.set(shape, { points: moved(begun, to[0] - from[0], to[1] - from[1]) });
}

function cornerDrag(places, shape, corner) {
  places.select(shape, corner);
  return (to) => places.set(shape, { points: shape.points.map((point, i) => (i === corner ? to : point)) });
}
