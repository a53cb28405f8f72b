/** How a stream gets on, in four numbers. */

import { h, say } from "./dom.js";
import { now, total } from "./rates.js";
import { isOver } from "./states.js";
import { ms, tenth, whole } from "./words.js";

const NOTHING = "–";

/** A list of figures; show(stream) brings it up to date. */
export function figures() {
  const cells = {
    fps: cell("fps", "Frames per second"),
    p95: cell("p95", "Latency that 95 of 100 frames keep to"),
    drops: cell("drops", "Frames left out so far"),
    objects: cell("objects", "Objects seen so far"),
  };
  const element = h(
    "dl",
    { class: "figures" },
    Object.values(cells).map((one) => one.element),
  );
  const show = (stream) => {
    const { fps, p95 } = now(stream.name);
    const ofAll = stream.latency_ms?.total?.p95 ?? null;
    const late = p95 ?? ofAll;
    say(cells.fps.value, fps === null || isOver(stream) ? NOTHING : tenth(fps));
    say(cells.p95.value, late === null ? NOTHING : ms(late));
    say(cells.drops.value, whole(total(stream.dropped)));
    say(cells.objects.value, whole(stream.objects));
  };
  return { element, show };
}

function cell(name, title) {
  const value = h("dd", { data: { figure: name } }, NOTHING);
  return { value, element: h("div", { title }, h("dt", {}, name), value) };
}
