/** Zones and lines over a stream's picture: shown, drawn, changed. What is here is not the stream's until it is applied. */

import { s } from "./dom.js";
import { drawPlaces } from "./places_drawing.js";
import { areShares, distance, moved, toShares, within, written } from "./places_geometry.js";
import { pointing } from "./places_pointing.js";
import { isTyping } from "./ring.js";

/** A corner this near (px) to the first one closes a polygon; two this near to each other are one. */
const NEAR_PX = 14;
const SAME_PX = 4;
const STEP_PX = 1;
const WIDE_STEP_PX = 10;

/**
 * Fires `change` when anything of it changes. shapes: {zone: bool, name, points (shares), kind, dwell_s, given}, given
 * being the configuration it came from, null of a new one. mode: look, edit, polygon or line. draft: corners so far.
 */
export class Places extends EventTarget {
  constructor(stage, signal) {
    super();
    Object.assign(this, {
      shapes: [],
      mode: "look",
      draft: [],
      pointer: null,
      selected: null,
      corner: null,
      dirty: false,
      size: null,
    });
    this.svg = s("svg", { class: "places", id: "places", role: "img", "aria-label": "Zones and lines" });
    this.told_ = "";
    stage.append(this.svg);
    pointing(this.svg, this);
    const observer = new ResizeObserver(() => this.draw());
    observer.observe(this.svg);
    signal.addEventListener("abort", () => observer.disconnect());
    document.addEventListener("keydown", (event) => this.key(event), { signal });
  }

  /** A stream as the server tells it; what somebody is drawing stays. */
  told(stream) {
    const said = JSON.stringify([stream.zones, stream.lines, stream.size]);
    this.stream = stream;
    if (this.dirty || this.draft.length || said === this.told_ || !stream.size) return;
    this.told_ = said;
    this.size = stream.size;
    this.reset();
  }

  /** Back to what the stream has. */
  reset() {
    const zone = (given) => ({
      zone: true,
      name: given.name,
      points: toShares(given.polygon, this.size),
      kind: given.kind,
      dwell_s: given.dwell_s,
      given,
    });
    const line = (given) => ({ zone: false, name: given.name, points: toShares(given.points, this.size), given });
    this.shapes = [...this.stream.zones.map(zone), ...this.stream.lines.map(line)];
    Object.assign(this, { dirty: false, draft: [], selected: null, corner: null });
    if (this.mode !== "look") this.mode = "edit";
    this.changed();
  }

  /** Begin or end editing; what was not applied stays until reset(). */
  edit(yes) {
    Object.assign(this, { mode: yes ? "edit" : "look", draft: [], selected: null, corner: null });
    this.changed();
  }

  /** Begin to draw: "polygon" or "line". */
  begin(mode) {
    Object.assign(this, { mode, draft: [], pointer: null, selected: null, corner: null });
    this.changed();
  }

  /** A corner of what is drawn. */
  add(point) {
    if (this.draft.length && this.px(point, this.draft.at(-1)) < SAME_PX) return;
    if (this.mode === "polygon" && this.draft.length >= 3 && this.px(point, this.draft[0]) < NEAR_PX) {
      this.close();
      return;
    }
    this.draft.push(within(point));
    if (this.mode === "line" && this.draft.length === 2) this.close();
    else this.changed();
  }

  /** What is drawn becomes a place, if it has corners enough. */
  close() {
    const zone = this.mode === "polygon";
    if (this.draft.length < (zone ? 3 : 2)) return;
    const shape = {
      zone,
      name: this.freeName(zone ? "zone" : "line"),
      points: this.draft,
      given: null,
      ...(zone ? { kind: "watch", dwell_s: null } : {}),
    };
    this.shapes.push(shape);
    Object.assign(this, { mode: "edit", draft: [], pointer: null, selected: shape, dirty: true });
    this.changed("made");
  }

  select(shape, corner = null) {
    this.selected = shape;
    this.corner = corner;
    this.changed();
  }

  /** Change fields of a place. */
  set(shape, fields) {
    Object.assign(shape, fields);
    this.dirty = true;
    this.changed();
  }

  remove(shape) {
    this.shapes = this.shapes.filter((one) => one !== shape);
    Object.assign(this, { selected: null, corner: null, dirty: true });
    this.changed();
  }

  /** {zones, lines} as PATCH and YAML have them; what was not moved keeps its own numbers. */
  document() {
    const inPixels = this.shapes.some((shape) => shape.given && !areShares(shape.given.polygon ?? shape.given.points));
    const corners = (shape) => {
      const given = shape.given?.polygon ?? shape.given?.points;
      if (given && JSON.stringify(toShares(given, this.size)) === JSON.stringify(shape.points)) return given;
      return written(shape.points, given ? !areShares(given) : inPixels, this.size);
    };
    const zones = this.shapes.filter((shape) => shape.zone);
    const lines = this.shapes.filter((shape) => !shape.zone);
    return {
      zones: zones.map((zone) => ({
        ...zone.given,
        name: zone.name,
        polygon: corners(zone),
        kind: zone.kind,
        dwell_s: zone.dwell_s,
      })),
      lines: lines.map((line) => ({ ...line.given, name: line.name, points: corners(line) })),
    };
  }

  /** Pixels of the screen between two points. */
  px(a, b) {
    const { width, height } = this.svg.getBoundingClientRect();
    return distance([a[0] * width, a[1] * height], [b[0] * width, b[1] * height]);
  }

  changed(how = "change") {
    this.draw();
    this.dispatchEvent(new CustomEvent("change", { detail: how }));
  }

  draw() {
    drawPlaces(this.svg, this);
  }

  freeName(word) {
    for (let i = 1; ; i += 1) if (!this.shapes.some((shape) => shape.name === `${word}-${i}`)) return `${word}-${i}`;
  }

  key(event) {
    if (this.mode === "look" || isTyping(event.target)) return;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Escape") this.draft.length ? this.begin(this.mode) : this.edit(true);
    else if (event.key === "Enter" && this.draft.length) this.close();
    else if (["Delete", "Backspace"].includes(event.key) && this.selected) this.cut();
    else if (step && this.selected) this.nudge(step, event.shiftKey ? WIDE_STEP_PX : STEP_PX);
    else return;
    event.preventDefault();
  }

  /** The chosen corner, or all of the place where none is chosen, or too few would be left. */
  cut() {
    const { selected, corner } = this;
    if (corner === null || !selected.zone || selected.points.length <= 3) {
      this.remove(selected);
      return;
    }
    this.corner = null;
    this.set(selected, { points: selected.points.filter((_, i) => i !== corner) });
  }

  nudge([x, y], pixels) {
    const { width, height } = this.svg.getBoundingClientRect();
    const [dx, dy] = [(x * pixels) / width, (y * pixels) / height];
    const { points } = this.selected;
    if (this.corner === null) this.set(this.selected, { points: moved(points, dx, dy) });
    else
      this.set(this.selected, {
        points: points.map((p, i) => (i === this.corner ? within([p[0] + dx, p[1] + dy]) : p)),
      });
  }
}
