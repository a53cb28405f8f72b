/** The list beside the picture: what places there are, their names and kinds, and what becomes of them. */

import { ask, ofStream } from "./api.js";
import { open } from "./dialogs.js";
import { fill, h, say } from "./dom.js";
import { icon } from "./icons.js";
import { note } from "./notes.js";
import { yamlOf } from "./places_yaml.js";

const KINDS = [
  ["watch", "watch: events are told"],
  ["include", "include: only this is looked at"],
  ["exclude", "exclude: not looked at"],
  ["privacy", "privacy: black everywhere"],
];
const HINTS = {
  polygon: "Click the corners. A click on the first one, a double click or Enter closes; Esc cancels.",
  line: "Click where it begins and where it ends. Esc cancels.",
  none: "No places yet. Draw a zone to be told who enters and leaves it, or a line to count who crosses it.",
  edit: "Drag corners, or a whole place. Delete takes the chosen corner or place away.",
};

/** Where there is no other keyboard, focus would bring one up over half of the picture. */
const FINGERS = matchMedia("(pointer: coarse)");

/** Fill panel, and keep it so. */
export function placesPanel(panel, places, stream, signal) {
  const hint = h("p", { class: "quiet small" });
  const told = h("p", { class: "error", id: "places-error", role: "alert" });
  const list = h("ul", { class: "places-list" });
  const tools = drawingTools(places);
  const button = (text, kind, onclick) => h("button", { class: `button ${kind}`, type: "button", onclick }, text);
  const busy = async (work) => {
    const ends = [discard, apply, save];
    for (const one of ends) one.disabled = true;
    told.textContent = "";
    try {
      await work();
    } catch (error) {
      told.textContent = error.message;
    } finally {
      show();
    }
  };
  const discard = button("Discard", "", () => places.reset());
  const apply = button("Apply", "primary", () => busy(() => applied(places, stream.name)));
  const save = button("Save to YAML", "", () => busy(() => saved(places, stream)));
  const rows = new Map();
  const show = () => {
    for (const one of tools) one.setAttribute("aria-pressed", String(one.dataset.mode === places.mode));
    say(hint, hintOf(places));
    discard.disabled = apply.disabled = !places.dirty;
    save.disabled = false;
    keepRows(list, rows, places);
  };
  places.addEventListener(
    "change",
    ({ detail }) => {
      show();
      if (detail === "made" && !FINGERS.matches) nameIt(rows.get(places.selected).name);
    },
    { signal },
  );
  fill(
    panel,
    h("div", { class: "row wrap" }, tools, h("span", { class: "spring" }), discard, apply, save),
    hint,
    told,
    list,
  );
  show();
}

function drawingTools(places) {
  const tool = (drawing, text, mode) => {
    const turn = () => places.begin(places.mode === mode ? "edit" : mode);
    return h("button", { class: "button", type: "button", data: { mode }, onclick: turn }, icon(drawing), text);
  };
  return [tool("zone", "Add zone", "polygon"), tool("line", "Add line", "line")];
}

function hintOf(places) {
  const none = places.mode === "edit" && !places.shapes.length;
  return none ? HINTS.none : (HINTS[places.mode] ?? "");
}

/** What is drawn next is a name; the picture stays where the pointer is. */
function nameIt(field) {
  field.focus({ preventScroll: true });
  field.select();
}

/** One row a place; those that stay keep the focus that may be in them. */
function keepRows(list, rows, places) {
  for (const shape of rows.keys()) if (!places.shapes.includes(shape)) rows.delete(shape);
  for (const shape of places.shapes) if (!rows.has(shape)) rows.set(shape, row(shape, places));
  const elements = places.shapes.map((shape) => rows.get(shape).element);
  if (elements.length !== list.children.length || elements.some((one, i) => one !== list.children[i]))
    fill(list, elements);
  for (const [shape, { element }] of rows) element.dataset.chosen = shape === places.selected;
}

function row(shape, places) {
  const name = h("input", {
    name: "place-name",
    value: shape.name,
    maxlength: 64,
    "aria-label": "Name",
    autocomplete: "off",
    spellcheck: "false",
  });
  name.addEventListener("input", () => places.set(shape, { name: name.value.trim() }));
  const away = h(
    "button",
    {
      class: "button icon-only",
      type: "button",
      "aria-label": `Delete ${shape.name}`,
      title: "Delete",
      onclick: () => places.remove(shape),
    },
    icon("remove"),
  );
  const element = h(
    "li",
    { class: "row wrap", data: { place: shape.zone ? "zone" : "line" } },
    h("span", { class: "sign" }, icon(shape.zone ? "zone" : "line")),
    name,
    shape.zone ? zoneFields(shape, places) : swapButton(shape, places),
    away,
  );
  element.addEventListener("focusin", () => places.selected !== shape && places.select(shape));
  element.addEventListener("pointerdown", () => places.selected !== shape && places.select(shape));
  return { element, name };
}

function zoneFields(shape, places) {
  const dwell = h("input", {
    type: "number",
    name: "dwell_s",
    min: 0,
    step: "any",
    inputmode: "decimal",
    placeholder: "none",
    value: shape.dwell_s ?? "",
  });
  dwell.addEventListener("input", () =>
    places.set(shape, { dwell_s: Number(dwell.value) > 0 ? Number(dwell.value) : null }),
  );
  const stay = h("label", { class: "inline", title: "An event when an object stays for so long" }, "dwell, s", dwell);
  const kind = h(
    "select",
    { name: "kind", "aria-label": "Kind" },
    KINDS.map(([value, text]) => h("option", { value, selected: value === shape.kind }, text)),
  );
  const show = () => (stay.hidden = kind.value !== "watch");
  kind.addEventListener("change", () => {
    places.set(shape, { kind: kind.value });
    show();
  });
  show();
  return [kind, stay];
}

function swapButton(shape, places) {
  const swap = () => places.set(shape, { points: [...shape.points].reverse() });
  return h("button", { class: "button", type: "button", onclick: swap }, icon("swap"), "Swap sides");
}

async function applied(places, name) {
  const stream = await ask(ofStream(name), { method: "PATCH", body: places.document() });
  places.dirty = false;
  places.told(stream);
  note("Zones and lines are applied.");
}

/** What is saved is what the stream has: so it is applied before. Without a file to write to, its text is shown. */
async function saved(places, stream) {
  if (places.dirty) await applied(places, stream.name);
  try {
    const { file } = await ask(ofStream(stream.name, "save"), { method: "POST" });
    note(`Saved to ${file}`);
  } catch (error) {
    if (error.status !== 409) throw error;
    showYaml(yamlOf(stream, places.document()));
  }
}

function showYaml(text) {
  const copy = h("button", { class: "button primary", type: "button" }, "Copy");
  const code = h("pre", { id: "yaml", tabindex: 0 }, text);
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      say(copy, "Copied");
    } catch {
      getSelection().selectAllChildren(code); // no clipboard without HTTPS: it is marked, to be copied by hand
    }
  });
  open(
    "Zones and lines as YAML",
    h("p", { class: "quiet" }, "The run was begun without a YAML file. This goes into one:"),
    code,
    h("div", { class: "row end" }, copy),
  );
}
