/** Begins: signs in, listens to the server, and shows the view that the address asks for. */

import { door, isGone } from "./api.js";
import { fill, h } from "./dom.js";
import { showEvents } from "./events.js";
import { frame, markPage, titleOf } from "./frame.js";
import { showGallery } from "./gallery.js";
import { showGrid } from "./grid.js";
import { showMetrics } from "./metrics.js";
import { showObject } from "./object.js";
import "./rates.js"; // counts from the first update on, whatever view is open
import { parse } from "./routes.js";
import { hasToken, signIn, takeToken } from "./session.js";
import { showStream } from "./stream.js";
import { listen } from "./updates.js";

const VIEWS = {
  "": showGrid,
  stream: showStream,
  objects: showGallery,
  object: showObject,
  events: showEvents,
  metrics: showMetrics,
};
const RETRY_MS = 3000;

const view = document.getElementById("view");
let showing = new AbortController();
let signingIn = false;

/** Show what the address asks for; the view before is told to stop by its signal. */
async function show(event) {
  if (signingIn) return;
  if (hasToken()) {
    await begin(); // a sign-in link, opened where the page was open already
    return;
  }
  showing.abort();
  showing = new AbortController();
  const { signal } = showing;
  const { words, query } = parse(location.hash);
  const page = words[0] ?? "";
  const moved = event && parse(new URL(event.oldURL || location.href).hash).words.join("/") !== words.join("/");
  markPage(page);
  document.title = titleOf(words);
  view.dataset.page = page || "live";
  if (moved) scrollTo(0, 0);
  try {
    await (VIEWS[page] ?? nowhere)(view, { words, query, signal });
    if (moved && !signal.aborted) view.focus({ preventScroll: true });
  } catch (error) {
    if (!isGone(error)) failed(error, signal);
  }
}

function nowhere(host) {
  fill(
    host,
    h("div", { class: "empty" }, h("h1", {}, "There is no such page"), h("a", { class: "button", href: "#/" }, "Live")),
  );
}

/** Who cannot be reached is asked again by itself; what was refused stays refused. */
function failed(error, signal) {
  if (signal.aborted || error.status === 401) return;
  const gone = error.status === 404;
  fill(
    view,
    h(
      "div",
      { class: "empty", id: "failed" },
      h("h1", {}, gone ? "There is no such thing" : "That did not work"),
      h("p", { class: "quiet" }, error.message),
      h("button", { class: "button", type: "button", onclick: () => show() }, "Try again"),
    ),
  );
  if (!(error.status >= 400)) {
    const retry = setTimeout(() => signal.aborted || show(), RETRY_MS);
    signal.addEventListener("abort", () => clearTimeout(retry));
  }
  if (error.status === undefined) console.error(error);
}

async function begin() {
  if (signingIn) return;
  signingIn = true;
  showing.abort();
  try {
    await takeToken();
    await signIn(view);
    frame();
    listen();
  } catch (error) {
    fill(
      view,
      h(
        "div",
        { class: "empty", id: "failed" },
        h("h1", {}, "No answer"),
        h("p", { class: "quiet" }, error.message),
        h("p", { class: "quiet" }, "Trying again by itself."),
      ),
    );
    setTimeout(begin, RETRY_MS);
    return;
  } finally {
    signingIn = false;
  }
  await show();
}

door.addEventListener("out", begin);
addEventListener("hashchange", show);
begin();
