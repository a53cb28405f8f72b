/** Speeds from sums: what streams have done between one update and the next, for the last five minutes. */

import { updates } from "./updates.js";

const KEPT_S = 300;
/** Speeds are those of so many seconds: of a single one they would jump by a whole frame. */
const SPAN_S = 3;
/** Upper bounds of the histogram's buckets, as `streamseg.accounts.BOUNDS_S` has them. */
const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** By stream: samples, oldest first, of {at (s), fps, p95 (ms), drops (1/s), queue}; null where nothing is known. */
const kept = new Map();
/** By stream: the sums of the last updates. */
const sums = new Map();

updates.addEventListener("streams", ({ detail }) => {
  const at = performance.now() / 1000;
  for (const stream of detail) take(stream, at);
  const named = new Set(detail.map((stream) => stream.name));
  for (const name of kept.keys()) if (!named.has(name)) (kept.delete(name), sums.delete(name));
});

/** The samples of a stream, oldest first. */
export function samples(name) {
  return kept.get(name) ?? [];
}

/** The newest sample of a stream. */
export function now(name) {
  return samples(name).at(-1) ?? { at: 0, fps: null, p95: null, drops: null, queue: 0 };
}

/** All that a stream has lost so far. */
export function total(counts) {
  return Object.values(counts).reduce((sum, number) => sum + number, 0);
}

function take(stream, at) {
  const before = sums.get(stream.name) ?? [];
  const sum = { at, emitted: stream.emitted, lost: total(stream.dropped), latency: stream.latency?.total };
  // a stream that was removed and added again begins at 0
  const valid =
    before.length && before.at(-1).emitted > sum.emitted ? [] : before.filter((old) => at - old.at < SPAN_S + 1);
  sums.set(stream.name, [...valid, sum]);
  const queue = total(stream.waiting ?? {});
  const sample = { at, queue, ...(valid.length ? between(valid[0], sum) : { fps: null, p95: null, drops: null }) };
  kept.set(stream.name, [...samples(stream.name).filter((old) => at - old.at < KEPT_S), sample]);
}

function between(first, last) {
  const seconds = last.at - first.at;
  return {
    fps: (last.emitted - first.emitted) / seconds,
    drops: (last.lost - first.lost) / seconds,
    p95: percentile(first.latency, last.latency, 0.95),
  };
}

/** Milliseconds that a share of what came between two histograms does not exceed, straight lines within a bucket. */
function percentile(first, last, share) {
  if (!last || last.counts.length !== BOUNDS_S.length) return null;
  const fresh = last.counts.map((number, i) => number - (first?.counts[i] ?? 0));
  const wanted = share * (last.count - (first?.count ?? 0));
  if (wanted <= 0) return null;
  const bucket = fresh.findIndex((number) => number >= wanted);
  if (bucket < 0) return BOUNDS_S.at(-1) * 1000;
  const [low, below] = bucket ? [BOUNDS_S[bucket - 1], fresh[bucket - 1]] : [0, 0];
  const part = (wanted - below) / (fresh[bucket] - below);
  return (low + part * (BOUNDS_S[bucket] - low)) * 1000;
}
