/** What an owner can have a stream do. Where there is no run, or no right, there are no buttons. */

import { ask, ofStream } from "./api.js";
import { open, sure } from "./dialogs.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { note, tell } from "./notes.js";
import { session } from "./session.js";
import { isOver } from "./states.js";

/** Buttons to pause, resume and remove; show(stream) brings them up to date. words: with text, not icons alone. */
export function streamControls(name, { words = false, removed = () => {} } = {}) {
  if (!session.may_control) return { element: null, show: () => {} };
  let paused = false;
  const turn = button("pause", "Pause", `Pause ${name}`, words, () =>
    tell(() => ask(ofStream(name, paused ? "resume" : "pause"), { method: "POST" })),
  );
  const away = button("remove", "Remove", `Remove ${name}`, words, () => remove(name, removed));
  const element = h("div", { class: "row controls" }, turn.element, away.element);
  const show = (stream) => {
    paused = stream.state === "paused";
    turn.show(paused ? "play" : "pause", paused ? "Resume" : "Pause", `${paused ? "Resume" : "Pause"} ${name}`);
    turn.element.hidden = isOver(stream);
    away.element.hidden = isOver(stream);
  };
  return { element, show };
}

/** The button that adds a stream, or null. */
export function addButton() {
  if (!session.has_run) return null;
  return h("button", { class: "button", type: "button", id: "add-stream", onclick: add }, icon("plus"), "Add stream");
}

async function remove(name, removed) {
  const text = "Frames on their way are finished and its files are closed. What was cut out stays.";
  if (!(await sure(`Remove ${name}?`, text, "Remove"))) return;
  if (await tell(() => ask(ofStream(name), { method: "DELETE" }))) {
    note(`${name} is being removed.`);
    removed();
  }
}

function add() {
  const source = h("input", {
    name: "source",
    required: true,
    placeholder: "rtsp://camera/stream1",
    autocomplete: "off",
    spellcheck: "false",
  });
  const name = h("input", {
    name: "name",
    pattern: "[A-Za-z0-9_\\-]+",
    maxlength: 64,
    placeholder: "made from the source",
    autocomplete: "off",
  });
  const told = h("p", { class: "error", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    try {
      const stream = { source: source.value.trim(), ...(name.value ? { name: name.value } : {}) };
      const added = await ask("/streams", { method: "POST", body: stream });
      dialog.close();
      note(`${added?.name ?? "The stream"} begins.`);
    } catch (error) {
      told.textContent = error.message;
    }
  };
  const form = h(
    "form",
    { class: "stack", onsubmit: submit },
    h("label", { class: "field" }, "Source", source),
    h("label", { class: "field" }, "Name", name),
    told,
    h("div", { class: "row end" }, h("button", { class: "button primary", type: "submit" }, "Add")),
  );
  const dialog = open("Add stream", form);
  source.focus();
}

function button(drawing, text, label, words, onclick) {
  const element = h("button", { class: words ? "button" : "button icon-only", type: "button", onclick });
  const show = (drawn, said, labelled) => {
    if (element.ariaLabel === labelled) return; // or a press that lasts over an update is lost
    element.ariaLabel = labelled;
    element.title = words ? "" : said;
    element.replaceChildren(icon(drawn), ...(words ? [said] : []));
  };
  show(drawing, text, label);
  return { element, show };
}
