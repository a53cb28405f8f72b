/** An object's page: how it looked, how it moved, when and where it was. */

import { ask, ofStream, ofTrack } from "./api.js";
import { card, keyOf } from "./card.js";
import { fill, h } from "./dom.js";
import { facts, downloads, sidecar } from "./facts.js";
import { neighbours } from "./found.js";
import { icon } from "./icons.js";
import { inRows } from "./newest.js";
import { pathPicture } from "./path.js";
import { isTyping } from "./ring.js";
import { objectAt, objectsAt, streamAt } from "./routes.js";
import { session } from "./session.js";
import { clip, shots } from "./shots.js";
import { judge, undo, verdicts, verdictWord } from "./verdicts.js";
import { capital } from "./words.js";

export async function showObject(view, { words: [, stream, number], signal }) {
  const track = await ask(ofStream(stream, "tracks", number), { signal });
  const [newer, older] = [step("back", "Newer object"), step("forth", "Older object")];
  const alike = h("section", { id: "alike", hidden: true });
  const pictures = [shots(track), h("div", { class: "pair" }, clip(track), pathPicture(track))];
  fill(
    view,
    ...head(track, h("div", { class: "row" }, newer, older), signal),
    h(
      "div",
      { class: "object", data: { object: keyOf(track) } },
      h("div", { class: "stack" }, pictures),
      h("div", { class: "stack" }, facts(track), downloads(track), sidecar(track, signal)),
    ),
    alike,
  );
  keys(track, { newer, older }, signal);
  const [before, after] = await neighbours(track, signal);
  aim(newer, before);
  aim(older, after);
  await moreLike(alike, track, signal);
}

function head(track, steps, signal) {
  const seen = h("span", { class: "state", data: { tone: "good" } }, h("i", {}), h("span", {}, "In the picture"));
  return [
    h(
      "nav",
      { class: "crumbs", "aria-label": "Where this is" },
      h("a", { href: objectsAt() }, "Objects"),
      " / ",
      h("a", { href: streamAt(track.stream) }, track.stream),
    ),
    h(
      "div",
      { class: "page-head" },
      h("h1", {}, `${capital(track.label)} ${track.track}`),
      track.over ? null : seen,
      h("span", { class: "spring" }),
      judging(track, signal),
      steps,
    ),
  ];
}

async function moreLike(section, track, signal) {
  const { tracks } = await ask(
    `${ofTrack(track, "like")}?pictured=true&limit=${inRows(section.parentElement.clientWidth)}`,
    { signal },
  );
  const cards = tracks.map((one) => card(one, { small: true }).element);
  const all = h("a", { href: objectsAt([["like", keyOf(track)]]) }, "All that are alike");
  const title = h("h2", { class: "section-title" }, "More like this");
  section.hidden = !tracks.length;
  fill(
    section,
    h("div", { class: "row" }, title, h("span", { class: "spring" }), all),
    h("div", { class: "strip" }, cards),
  );
}

function step(drawing, label) {
  return h(
    "a",
    { class: "button icon-only", role: "link", "aria-label": label, title: label, "aria-disabled": "true" },
    icon(drawing),
  );
}

function aim(link, track) {
  if (!track) return;
  link.href = objectAt(track.stream, track.track);
  link.removeAttribute("aria-disabled");
}

function judging(track, signal) {
  if (!session.may_control) return track.verdict ? h("span", { class: "quiet" }, verdictWord(track.verdict)) : null;
  const button = (drawing, word, verdict) =>
    h(
      "button",
      { class: `button ${verdict}`, type: "button", onclick: () => judge(track, verdict) },
      icon(drawing),
      word,
    );
  const [yes, no] = [button("yes", "Approve", "approved"), button("no", "Reject", "rejected")];
  const show = () => {
    yes.setAttribute("aria-pressed", String(track.verdict === "approved"));
    no.setAttribute("aria-pressed", String(track.verdict === "rejected"));
  };
  verdicts.addEventListener(
    "verdict",
    ({ detail }) => {
      if (detail.stream !== track.stream || detail.track !== track.track) return;
      track.verdict = detail.verdict;
      show();
    },
    { signal },
  );
  show();
  return h("div", { class: "row" }, yes, no);
}

function keys(track, { newer, older }, signal) {
  const go = (link) => link.href && (location.hash = new URL(link.href).hash);
  const does = {
    a: () => judge(track, "approved"),
    r: () => judge(track, "rejected"),
    u: undo,
    m: () => (location.hash = objectsAt([["like", keyOf(track)]])),
    ArrowLeft: () => go(newer),
    ArrowRight: () => go(older),
  };
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.target instanceof Element && event.target.closest("video, [role=tablist]")) return;
      if (!event.repeat) does[event.key]?.(); // a verdict once more takes it back
    },
    { signal },
  );
}
