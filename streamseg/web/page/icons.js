/** Line drawings, 20 by 20, in the colour of the text around them. */

import { s } from "./dom.js";

const PATHS = {
  live: "M3 5.5A1.5 1.5 0 0 1 4.5 4h11A1.5 1.5 0 0 1 17 5.5v7a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 12.5zM7 17h6M8.5 7l3.5 2-3.5 2z",
  objects: "M10 3.2a2.9 2.9 0 1 1 0 5.8 2.9 2.9 0 0 1 0-5.8zM4.5 17c0-3.6 2.2-5.6 5.5-5.6s5.5 2 5.5 5.6z",
  events: "M6.5 5h10M6.5 10h10M6.5 15h10M3 5h.01M3 10h.01M3 15h.01",
  metrics: "M3 3v14h14M6 12.5l3-4 3 2.5 4.5-6",
  sun: "M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1",
  moon: "M16.5 11.8A6.8 6.8 0 0 1 8.2 3.5a6.8 6.8 0 1 0 8.3 8.3z",
  keys: "M3.5 5h13A1.5 1.5 0 0 1 18 6.5v7a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 2 13.5v-7A1.5 1.5 0 0 1 3.5 5zM5 8.2h.01M8.3 8.2h.01M11.7 8.2h.01M15 8.2h.01M6.5 12h7",
  leave: "M8 4H5.5A1.5 1.5 0 0 0 4 5.5v9A1.5 1.5 0 0 0 5.5 16H8M12.5 6.5L16 10l-3.5 3.5M16 10H8",
  pause: "M7 5v10M13 5v10",
  play: "M6.5 4.5l9 5.5-9 5.5z",
  remove: "M4 6h12M8 6V4.5h4V6M5.5 6l.7 10h7.6l.7-10M8.5 9v4.5M11.5 9v4.5",
  plus: "M10 4v12M4 10h12",
  yes: "M4.5 10.5l3.7 3.7 7.3-8",
  no: "M5.5 5.5l9 9M14.5 5.5l-9 9",
  undo: "M7.5 5L4 8.5 7.5 12M4 8.5h7.5a4.2 4.2 0 0 1 0 8.4H8",
  download: "M10 3.5v9M6.2 9l3.8 3.8L13.8 9M4 16.5h12",
  alike: "M7.3 5a4.7 4.7 0 1 1 0 9.4 4.7 4.7 0 0 1 0-9.4zM12.7 5.6a4.7 4.7 0 1 1 0 9.4 4.7 4.7 0 0 1 0-9.4z",
  back: "M12 4.5L6.5 10l5.5 5.5",
  forth: "M8 4.5l5.5 5.5L8 15.5",
  zone: "M4.5 6l8-2.5 4 6.5-4.5 6.5-7.5-2z",
  line: "M4 15.5L16 4.5M4 15.5h.01M16 4.5h.01",
  swap: "M4 7h11.5M12.5 4l3 3-3 3M16 13H4.5M7.5 10l-3 3 3 3",
  filter: "M3 5h14M6 10h8M8.5 15h3",
};

/** An icon by its name; it says nothing to a screen reader, what holds it does. */
export function icon(name) {
  return s("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, s("path", { d: PATHS[name] }));
}
