/** Asking the server. Its cookie goes along by itself; this script never sees a token after it was handed over. */

const ROOT = "/api/v1";

/** Tells `out` when the server no longer knows us. */
export const door = new EventTarget();

/** A refusal, with the server's own line. */
export class Refusal extends Error {
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** What a path below /api/v1 answers: JSON, or null where it says nothing. Refusal with status 0: nobody is there. */
export async function ask(path, { method = "GET", body, signal } = {}) {
  const wanted = { method, signal, cache: "no-cache" };
  if (body !== undefined)
    Object.assign(wanted, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  let answer;
  try {
    answer = await fetch(ROOT + path, wanted);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "The server does not answer.");
  }
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  if (answer.status === 401 && path !== "/session") door.dispatchEvent(new Event("out"));
  throw new Refusal(answer.status, await reason(answer), Number(answer.headers.get("Retry-After")));
}

/** What is kept of streams: where no index is, it is as if nothing had been found. */
export async function archived(path, otherwise, signal) {
  try {
    return await ask(path, { signal });
  } catch (error) {
    if (error.status !== 404) throw error;
    return otherwise;
  }
}

/** The streams and colours that can be searched for. */
export function holding(signal) {
  return archived("/archive", { streams: [], colours: [] }, signal);
}

/** The address of something below a stream, its parts made safe for a path. */
export function ofStream(stream, ...parts) {
  return ["/streams", stream, ...parts].map((part, i) => (i ? encodeURIComponent(part) : part)).join("/");
}

/** The address of something below a track. */
export function ofTrack(track, ...parts) {
  return ofStream(track.stream, "tracks", track.track, ...parts);
}

/** Where a file is, for src and href. */
export function url(path) {
  return ROOT + path;
}

/** The thumbnail of a track's best shot; null where it has none yet. The shot's frame is in it, for a better one follows. */
export function thumbnail(track, side = 320) {
  const best = track.shots.find((shot) => shot.rank === 1);
  return best ? url(`${ofTrack(track, "cutouts", "best.webp")}?side=${side}&v=${best.seq}`) : null;
}

/** Whether an error only says that the view which asked is gone. */
export function isGone(error) {
  return error.name === "AbortError";
}

async function reason(answer) {
  try {
    const said = await answer.json();
    return String(said.error ?? answer.statusText);
  } catch {
    return answer.statusText || `status ${answer.status}`;
  }
}
