/** How the streams got on in the last five minutes, since this page was opened. */

import { fill, h } from "./dom.js";
import { plot, SPAN_S } from "./plot.js";
import { samples } from "./rates.js";
import { onStreams } from "./updates.js";
import { tenth, whole } from "./words.js";

const COLOURS = 8;
const PLOTS = [
  { id: "fps", title: "Frames per second", format: tenthOrWhole },
  { id: "p95", title: "Latency, 95th percentile, ms", format: whole },
  { id: "drops", title: "Frames dropped per second", format: tenthOrWhole },
  { id: "queue", title: "Frames that wait", format: tenthOrWhole },
];

export async function showMetrics(view, { signal }) {
  const plots = PLOTS.map((about) => ({ ...about, ...plot({ ...about, signal }) }));
  const nothing = h(
    "div",
    { class: "empty", id: "no-metrics", hidden: true },
    h("h2", {}, "No stream runs"),
    h("p", { class: "quiet" }, "Its speed and latency will be drawn here."),
  );
  const grid = h(
    "div",
    { class: "plots" },
    plots.map((one) => one.element),
  );
  fill(
    view,
    h("div", { class: "page-head" }, h("h1", {}, "Metrics"), h("span", { class: "quiet" }, "the last five minutes")),
    nothing,
    grid,
  );
  onStreams((streams) => {
    nothing.hidden = streams.length > 0;
    grid.hidden = !streams.length;
    const at = performance.now() / 1000;
    for (const { id, draw } of plots)
      draw(
        streams.map((stream, i) => series(stream.name, i, id, at)),
        at,
      );
  }, signal);
}

function series(name, index, figure, at) {
  const points = samples(name)
    .filter((sample) => at - sample.at <= SPAN_S)
    .map((sample) => [sample.at, sample[figure]]);
  return { name, colour: (index % COLOURS) + 1, points };
}

function tenthOrWhole(value) {
  return Number.isInteger(value) || value >= 100 ? whole(value) : tenth(value);
}
