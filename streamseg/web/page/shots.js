/** The pictures of an object, large on a checkerboard, and its video, whose background is as transparent. */

import { ofTrack, url } from "./api.js";
import { h, say } from "./dom.js";
import { clock } from "./words.js";

/** A small picture that fills a large window is only blurred. */
const MOST_ENLARGED = 3;

/** The best shot, and all others to choose from. */
export function shots(track) {
  const names = [...track.best, ...track.cutouts];
  if (!names.length) return h("figure", { class: "best board" }, h("p", { class: "no-shot" }, "No picture of it yet"));
  const large = h("img", { id: "shot", alt: "" });
  large.addEventListener("load", () => {
    large.style.maxWidth = `${large.naturalWidth * MOST_ENLARGED}px`;
    large.style.maxHeight = `${large.naturalHeight * MOST_ENLARGED}px`;
  });
  const told = h("figcaption", { class: "quiet" });
  const tabs = names.map((name) =>
    h(
      "button",
      {
        class: "thumb board",
        type: "button",
        role: "tab",
        "aria-label": titleOf(track, name),
        onclick: () => choose(name),
      },
      h("img", { src: small(track, name), alt: "", loading: "lazy" }),
    ),
  );
  const choose = (name) => {
    large.src = url(ofTrack(track, "cutouts", name));
    large.alt = `${track.label} ${track.track}: ${titleOf(track, name)}`;
    say(told, titleOf(track, name));
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(names[i] === name));
      tab.tabIndex = names[i] === name ? 0 : -1;
    });
  };
  const list = h("div", { class: "thumbs", role: "tablist", "aria-label": "Pictures" }, tabs);
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement) + { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!tabs[at]) return;
    choose(names[at]);
    tabs[at].focus();
  });
  choose(names[0]);
  return h(
    "div",
    { class: "stack tight" },
    h("figure", { class: "best" }, h("div", { class: "board" }, large), told),
    names.length > 1 ? list : null,
  );
}

export function clip(track) {
  if (!track.clip) return null;
  const video = h("video", {
    id: "clip",
    class: "board",
    src: url(ofTrack(track, "clip.webm")),
    muted: true,
    loop: true,
    controls: true,
    playsinline: true,
    preload: "metadata",
    "aria-label": "The object in motion",
  });
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) video.autoplay = true;
  return h("figure", { class: "panel" }, video, h("figcaption", { class: "quiet" }, "In motion"));
}

/** What a picture is: a best shot, or the cut-out of a frame. */
function titleOf(track, name) {
  const rank = /^best(?:-(\d+))?\.png$/.exec(name);
  if (!rank) return `Frame ${Number.parseInt(name, 10)}`;
  const shot = track.shots.find((one) => one.rank === Number(rank[1] ?? 1));
  const which = rank[1] ? `Best shot ${rank[1]}` : "Best shot";
  return shot ? `${which} · ${clock(shot.time ?? shot.pts)} · ${shot.width} × ${shot.height}` : which;
}

function small(track, name) {
  return `${url(ofTrack(track, "cutouts", name.replace(/png$/, "webp")))}?side=160`;
}
