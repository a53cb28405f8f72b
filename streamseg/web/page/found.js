/** What a search has found so far, page by page; an object's page goes through it with the arrow keys. */

import { ask, ofStream } from "./api.js";
import { keyOf } from "./card.js";

const PAGE = 48;
const FILTERS = ["stream", "label", "zone", "colour", "since", "until", "least_s", "most_s", "verdict"];

/** The last search of the gallery. */
let last = null;

/** The filters of an address that the server knows, as it takes them. */
export function filtersOf(query) {
  return new URLSearchParams([...query].filter(([name, value]) => FILTERS.includes(name) && value !== ""));
}

/** A search. tracks: what is loaded, the newest first (of alike ones the most alike first). */
export class Found {
  constructor(query, signal) {
    this.query = filtersOf(query);
    this.like = query.get("like");
    this.signal = signal;
    this.tracks = [];
    this.known = new Set();
    this.next = "";
    last = this;
  }

  /** Whether all is loaded. */
  get whole() {
    return this.next === null;
  }

  /** Load the next page: the tracks that came. */
  async load() {
    const query = this.asked();
    if (this.next) query.set("after", this.next);
    const answer = await ask(`${this.path}?${query}`, { signal: this.signal });
    this.next = answer.next;
    return this.take(answer.tracks, "push");
  }

  /** Ask for the newest ones again: {fresh: those that were not there, known: those that were, as they are now}. */
  async refresh() {
    const query = this.asked();
    const { tracks } = await ask(`${this.path}?${query}`, { signal: this.signal });
    const known = tracks.filter((track) => this.known.has(keyOf(track)));
    const newer = tracks.filter(
      (track) => !this.known.has(keyOf(track)) && track.began >= (this.tracks[0]?.began ?? -Infinity),
    );
    return { fresh: this.take(newer, "unshift"), known };
  }

  asked() {
    return new URLSearchParams([...this.query, ["pictured", true], ["limit", PAGE]]);
  }

  get path() {
    if (!this.like) return "/tracks";
    const [stream, track] = this.like.split("/");
    return ofStream(stream, "tracks", track, "like");
  }

  take(tracks, how) {
    const fresh = tracks.filter((track) => !this.known.has(keyOf(track)));
    for (const track of fresh) this.known.add(keyOf(track));
    this.tracks[how](...fresh);
    return fresh;
  }
}

/** The keys of the objects before and after one: in the last search, or, where it is not in it, in its stream. */
export async function neighbours(track, signal) {
  const key = keyOf(track);
  if (last?.known.has(key)) {
    const at = last.tracks.findIndex((one) => keyOf(one) === key);
    if (at === last.tracks.length - 1 && !last.whole) await last.load().catch(() => {}); // its signal may be over
    return [last.tracks[at - 1] ?? null, last.tracks[at + 1] ?? null];
  }
  const asked = (side, limit) =>
    ask(`/tracks?${new URLSearchParams({ stream: track.stream, [side]: track.began, pictured: true, limit })}`, {
      signal,
    });
  const [newer, older] = await Promise.all([asked("since", 200), asked("until", 24)]);
  const before = newer.tracks[newer.tracks.findIndex((one) => keyOf(one) === key) - 1];
  const after = older.tracks[older.tracks.findIndex((one) => keyOf(one) === key) + 1];
  return [before ?? null, after ?? null];
}
