/** A stream that runs: its video, its places, how it gets on, and what its owner can do. */

import { streamControls } from "./controls.js";
import { fill, h, say } from "./dom.js";
import { figures } from "./figures.js";
import { coverOf } from "./grid.js";
import { icon } from "./icons.js";
import { Places } from "./places.js";
import { placesPanel } from "./places_panel.js";
import { play } from "./player.js";
import { replace } from "./routes.js";
import { session } from "./session.js";
import { isOver, stateLabel } from "./states.js";
import { onStreams } from "./updates.js";

/** Fill head and main, and keep them so. Once the stream is over, the view is shown anew: with what was recorded. */
export function showLive(head, main, stream, signal) {
  const name = stream.name;
  const controls = streamControls(name, { words: true, removed: () => (location.hash = "#/") });
  const [state, numbers] = [stateLabel(), figures()];
  const [video, cover] = [h("div", { class: "video" }), h("div", { class: "cover" })];
  const stage = h("div", { class: "stage", data: { stream: name } }, video, cover);
  const places = new Places(stage, signal);
  const [edit, panel] = session.may_control ? editing(places, stage, stream, signal) : [null, null];
  fill(head, h("h1", {}, name), state.element, h("span", { class: "spring" }), edit, controls.element);
  fill(main, stage, panel, numbers.element, h("p", { class: "quiet small source" }, stream.source));
  play(video, name, signal);
  const show = (now) => {
    for (const part of [state, numbers, controls]) part.show(now);
    if (edit) edit.disabled = !now.size;
    say(cover, coverOf(now));
    cover.hidden = !cover.textContent;
    if (now.size) stage.style.aspectRatio = `${now.size[0]} / ${now.size[1]}`;
    places.told(now);
  };
  onStreams((streams) => {
    const now = streams.find((one) => one.name === name);
    if (now && !isOver(now)) show(now);
    else replace(location.hash);
  }, signal);
}

/** The button that begins and ends editing, and the panel that comes with it. */
function editing(places, stage, stream, signal) {
  const panel = h("section", { id: "places-panel", class: "panel", hidden: true });
  const about = { class: "button", type: "button", id: "edit-places", "aria-pressed": "false" };
  const button = h("button", about, icon("zone"), "Zones and lines");
  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    places.edit(!panel.hidden);
    button.setAttribute("aria-pressed", String(!panel.hidden));
    if (!panel.hidden) stage.scrollIntoView({ block: "nearest" });
  });
  placesPanel(panel, places, stream, signal);
  return [button, panel];
}
