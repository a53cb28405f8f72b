/** A cut-out as a card: on a checkerboard, so that what is transparent can be seen. */

import { thumbnail } from "./api.js";
import { h, say } from "./dom.js";
import { icon } from "./icons.js";
import { objectAt, objectsAt } from "./routes.js";
import { session } from "./session.js";
import { judge, verdictWord } from "./verdicts.js";
import { clock, lasted, when } from "./words.js";

export function keyOf(track) {
  return `${track.stream}/${track.track}`;
}

/** {element, link, track, show(track)}. small: without buttons, for a strip. */
export function card(track, { small = false } = {}) {
  const picture = h("div", { class: "board" });
  const [mark, alike] = [h("span", { class: "mark", hidden: true }), h("span", { class: "alike", hidden: true })];
  const [name, time, more] = ["what", "quiet", "unseen"].map((kind) => h("span", { class: kind }));
  const caption = h("span", { class: "caption" }, name, " ", time, " ", more);
  const link = h("a", { class: "cut", href: objectAt(track.stream, track.track) }, picture, caption);
  const made = { element: null, link, track };
  const buttons = small ? null : actions(made);
  const about = { class: small ? "card small" : "card", data: { track: keyOf(track) } };
  made.element = h("article", about, link, mark, alike, buttons?.element);
  let shown;
  made.show = (now) => {
    made.track = now;
    const source = thumbnail(now);
    if (source !== shown) picture.replaceChildren(shot(source));
    shown = source;
    say(name, `${now.label} ${now.track}`);
    say(time, small ? clock(now.began) : `${now.stream} · ${when(now.began)}`);
    say(more, [lasted(now.last_pts - now.first_pts), now.verdict].filter(Boolean).join(", "));
    judged(made, mark, now.verdict);
    buttons?.show(now.verdict);
    alike.hidden = now.alike === null || now.alike === undefined;
    if (!alike.hidden) say(alike, `${Math.round(now.alike * 100)} %`);
  };
  made.show(track);
  return made;
}

function shot(source) {
  if (!source) return h("span", { class: "no-shot" }, "no picture");
  return h("img", { src: source, alt: "", loading: "lazy", decoding: "async", draggable: "false" });
}

function judged(made, mark, verdict) {
  if (verdict) made.element.dataset.verdict = verdict;
  else delete made.element.dataset.verdict;
  mark.hidden = !verdict;
  if (verdict) mark.replaceChildren(icon(verdict === "approved" ? "yes" : "no"));
  mark.title = verdict ? verdictWord(verdict) : "";
}

/** Not in the order of the Tab key: with hundreds of cards nobody would come to the end; a, r and m do the same. */
function actions(made) {
  const button = (drawing, label, onclick) =>
    h(
      "button",
      { class: "button icon-only", type: "button", tabindex: -1, title: label, "aria-label": label, onclick },
      icon(drawing),
    );
  const of = `${made.track.label} ${made.track.track}`;
  const yes = button("yes", `Approve ${of}`, () => judge(made.track, "approved"));
  const no = button("no", `Reject ${of}`, () => judge(made.track, "rejected"));
  const alike = button("alike", `More like ${of}`, () => (location.hash = objectsAt([["like", keyOf(made.track)]])));
  const show = (verdict) => {
    yes.setAttribute("aria-pressed", verdict === "approved");
    no.setAttribute("aria-pressed", verdict === "rejected");
  };
  return { element: h("div", { class: "actions" }, session.may_control ? [yes, no] : null, alike), show };
}
