/** All objects that were ever cut out: filters, a timeline, cards that are judged where they are. */

import { ask, holding, isGone, ofStream } from "./api.js";
import { card, keyOf } from "./card.js";
import { fill, h, say } from "./dom.js";
import { filterBar, chips } from "./filters.js";
import { filtersOf, Found } from "./found.js";
import { icon } from "./icons.js";
import { rarely, soon } from "./later.js";
import { note } from "./notes.js";
import { ring } from "./ring.js";
import { objectAt, objectsAt, replace } from "./routes.js";
import { timeline } from "./timeline.js";
import { verdicts } from "./verdicts.js";
import { count, whole } from "./words.js";

export async function showGallery(view, { query, signal }) {
  const archive = await holding(signal);
  if (!archive.streams.length) {
    fill(view, head(query), nothingYet(signal));
    return;
  }
  const found = new Found(query, signal);
  const told = h("strong", { id: "found" });
  const fresh = h("button", { class: "pill", type: "button", id: "fresh", hidden: true });
  const cards = new Cards(signal);
  const end = h("div", { class: "tail", id: "more" });
  const span = found.like ? null : timeline(query, archive.streams, signal);
  const like = found.like ? await likeWhat(found.like, signal) : null;
  const spring = h("span", { class: "spring" });
  const line = h("div", { class: "row wrap found" }, told, chips(query), spring, exportLink(query));
  fill(view, head(query), like, filterBar(archive, query), span?.element, line, fresh, cards.list, end);
  const tellCount = () => say(told, words(found, span));
  span?.ready.then(tellCount, (error) => isGone(error) || note(error.message, { bad: true }));
  const come = (tracks) => {
    cards.add(tracks, "append");
    tellCount();
  };
  await paging(found, end, come, signal);
  if (!found.like) follow(found, cards, fresh, () => span.refresh().then(tellCount), signal);
}

/** The cards of a search, by the keys of their tracks. */
class Cards {
  constructor(signal) {
    this.list = h("div", { class: "gallery", id: "gallery", role: "group", "aria-label": "Objects" });
    this.cards = new Map();
    ring(this.list, this.cards, signal);
    const judged = ({ detail }) => {
      const one = this.cards.get(keyOf(detail));
      if (one) one.show(Object.assign(one.track, { verdict: detail.verdict }));
    };
    verdicts.addEventListener("verdict", judged, { signal });
  }

  add(tracks, how) {
    const made = tracks.map((track) => card(track));
    for (const one of made) this.cards.set(keyOf(one.track), one);
    this.list[how](...made.map((one) => one.element));
  }

  /** Bring those that are there up to date. */
  show(tracks) {
    for (const track of tracks) this.cards.get(keyOf(track))?.show(track);
  }
}

function head(query) {
  return h("div", { class: "page-head" }, h("h1", {}, query.has("like") ? "More like this" : "Objects"));
}

/** Loads when the end comes near; the button is for those whose browser or keyboard does not get there by itself. */
async function paging(found, end, come, signal) {
  let loading = false;
  const load = async () => {
    if (loading || found.whole) return;
    loading = true;
    try {
      come(await found.load());
      show();
    } catch (error) {
      if (isGone(error)) throw error;
      fill(end, h("p", { class: "error" }, error.message), again());
    } finally {
      loading = false;
    }
  };
  const again = () => h("button", { class: "button", type: "button", onclick: load }, "Load more");
  const show = () => {
    if (!found.whole) fill(end, again());
    else if (!found.tracks.length)
      fill(
        end,
        h(
          "div",
          { class: "empty" },
          h("h2", {}, "Nothing found"),
          h(
            "p",
            { class: "quiet" },
            found.like ? "Its looks are not known, or nothing is like it." : "No object fits all filters.",
          ),
          h("a", { class: "button", href: objectsAt() }, "All objects"),
        ),
      );
    else fill(end);
  };
  const observer = new IntersectionObserver((entries) => entries.at(-1).isIntersecting && load(), {
    rootMargin: "900px",
  });
  signal.addEventListener("abort", () => observer.disconnect());
  await load();
  observer.observe(end);
}

/** Counting looks at all that was ever found; while much happens it is done this often. */
const COUNTED_MS = 5000;

/** While the run lasts: what is new is put in front; where somebody has scrolled on, a button offers it. */
function follow(found, cards, more, counted, signal) {
  let waiting = [];
  const countAgain = rarely(() => counted().catch(() => {}), COUNTED_MS, signal); // the next one counts, too
  const put = () => {
    cards.add(waiting, "prepend");
    waiting = [];
    more.hidden = true;
  };
  more.addEventListener("click", () => {
    put();
    scrollTo({ top: 0 });
  });
  soon(
    async () => {
      try {
        const { fresh, known } = await found.refresh();
        cards.show(known);
        waiting = [...fresh, ...waiting];
      } catch (error) {
        if (!isGone(error)) note(error.message, { bad: true });
        return;
      }
      if (!waiting.length) return;
      if (scrollY < 200 && !cards.list.contains(document.activeElement)) put();
      else {
        say(more, `${whole(waiting.length)} new`);
        more.hidden = false;
      }
      countAgain();
    },
    () => true,
    signal,
  );
}

function words(found, span) {
  const total = span?.total() ?? null;
  if (total !== null) return count(total, "object");
  return found.whole ? count(found.tracks.length, "object") : `${whole(found.tracks.length)} objects and more`;
}

/** The object that others are compared with. */
async function likeWhat(like, signal) {
  const [stream, number] = like.split("/");
  const track = await ask(ofStream(stream, "tracks", number), { signal });
  const one = card(track, { small: true });
  return h(
    "div",
    { class: "like-what" },
    one.element,
    h(
      "div",
      {},
      h(
        "p",
        {},
        "Objects that look like ",
        h("a", { href: objectAt(stream, number) }, `${track.label} ${number} of ${stream}`),
        ", the most alike first.",
      ),
      h("a", { class: "button small", href: objectsAt() }, icon("no"), "All objects"),
    ),
  );
}

function exportLink(query) {
  const asked = new URLSearchParams([...filtersOf(query)].filter(([name]) => name !== "verdict"));
  const to = `/api/v1/coco.zip${asked.size ? `?${asked}` : ""}`;
  const title = "The approved cut-outs with their masks, as a COCO data set to train with";
  return h(
    "a",
    { class: "button small", id: "export", href: to, download: "approved.zip", title },
    icon("download"),
    "Export approved",
  );
}

/** An archive that is empty fills by itself once a run cuts something out. */
function nothingYet(signal) {
  soon(
    () => replace(location.hash),
    () => true,
    signal,
  );
  return h(
    "div",
    { class: "empty", id: "no-objects" },
    h("h2", {}, "Nothing was cut out yet"),
    h("p", { class: "quiet" }, "Objects come here by themselves, a second after they are first seen."),
  );
}
