/** Numbers and times as people read them. Times are UTC seconds, or seconds of media where nobody knows the hour. */

const WHOLE = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const TENTH = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const SHORT_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
/** Three years: no recording lasts so long, and no clock of today says so little. */
const LONGEST_MEDIA_S = 1e8;

/** Whether a time is of media, not of the wall. */
export function isMedia(time) {
  return time < LONGEST_MEDIA_S;
}

export function whole(number) {
  return WHOLE.format(number);
}

export function tenth(number) {
  return TENTH.format(number);
}

/** Milliseconds, as exact as they are worth. */
export function ms(number) {
  return number < 10 ? `${tenth(number)} ms` : `${whole(number)} ms`;
}

/** How long something took: 0.4 s, 12 s, 3 min 05 s, 2 h 10 min. */
export function lasted(seconds) {
  if (seconds < 10) return `${tenth(seconds)} s`;
  if (seconds < 59.5) return `${whole(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${pad(Math.round(seconds) % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** The time of day, or the place in the recording. */
export function clock(time) {
  if (!isMedia(time)) return CLOCK.format(time * 1000);
  const tenths = Math.round(time * 10);
  const minutes = Math.floor(tenths / 600);
  const rest = `${pad(minutes % 60)}:${pad(Math.floor((tenths % 600) / 10))}.${tenths % 10}`;
  return minutes < 60 ? rest : `${Math.floor(minutes / 60)}:${rest}`;
}

/** The day; of a recording without hours, nothing. */
export function day(time) {
  return isMedia(time) ? "" : DAY.format(time * 1000);
}

/** The time; of another day than today with the day, to the minute. */
export function when(time) {
  if (isMedia(time)) return clock(time);
  const today = SHORT_DAY.format(Date.now()) === SHORT_DAY.format(time * 1000);
  return today && Date.now() / 1000 - time < 86400
    ? clock(time)
    : `${SHORT_DAY.format(time * 1000)}, ${MINUTE.format(time * 1000)}`;
}

export function bytes(number) {
  if (number < 1000) return `${number} B`;
  if (number < 1e6) return `${whole(number / 1e3)} KB`;
  return number < 1e9 ? `${tenth(number / 1e6)} MB` : `${tenth(number / 1e9)} GB`;
}

/** 1 object, 2 objects. */
export function count(number, noun) {
  return `${whole(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** A name with a capital, for headings and buttons. */
export function capital(word) {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function pad(number) {
  return String(number).padStart(2, "0");
}
