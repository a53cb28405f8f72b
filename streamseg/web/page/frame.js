/** What is around every view: where one can go, dark or light, who is signed in, whether the server is there. */

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { serveKeys, showKeys } from "./keys.js";
import { tell } from "./notes.js";
import { session, signOut } from "./session.js";
import { updates } from "./updates.js";

const PAGES = [
  ["", "Live", "live"],
  ["objects", "Objects", "objects"],
  ["events", "Events", "events"],
  ["metrics", "Metrics", "metrics"],
];
/** A short gap is nobody's business. */
const PATIENCE_MS = 1500;
const SYSTEM_DARK = matchMedia("(prefers-color-scheme: dark)");

let built = false;

/** Build it once we know who we are. */
export function frame() {
  const theme = h("button", { class: "button icon-only plain", type: "button", id: "theme", onclick: turn });
  const keys = h(
    "button",
    {
      class: "button icon-only plain keys-button",
      type: "button",
      "aria-label": "Keys",
      title: "Keys (?)",
      onclick: showKeys,
    },
    icon("keys"),
  );
  const leave = session.sign_in
    ? h(
        "button",
        {
          class: "button icon-only plain",
          type: "button",
          id: "sign-out",
          "aria-label": "Sign out",
          title: `Sign out ${session.name}`,
          onclick: () => tell(signOut),
        },
        icon("leave"),
      )
    : null;
  fill(document.getElementById("tools"), keys, theme, leave);
  const nav = document.getElementById("nav");
  fill(
    nav,
    PAGES.map(([word, text, drawing]) =>
      h("a", { href: `#/${word}`, data: { page: word } }, icon(drawing), h("span", {}, text)),
    ),
  );
  nav.hidden = false;
  themed();
  if (built) return;
  built = true;
  SYSTEM_DARK.addEventListener("change", themed);
  serveKeys(turn);
  banner();
  document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault(); // the # of the address is for views
    document.getElementById("view").focus();
  });
}

/** Mark where we are. A stream belongs to the live ones, an object to the objects. */
export function markPage(page) {
  const at = { stream: "", object: "objects" }[page] ?? page;
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.page === at) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

export function titleOf(words) {
  const named = { "": "Live", objects: "Objects", events: "Events", metrics: "Metrics" }[words[0] ?? ""];
  return `${named ?? words.slice(1).join(" ")} · streamseg`;
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : SYSTEM_DARK.matches;
}

/** The other one; what is the system's choice anyway is not kept, so that it follows the system again. */
function turn() {
  const wanted = isDark() ? "light" : "dark";
  const system = SYSTEM_DARK.matches ? "dark" : "light";
  if (wanted === system) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = wanted;
  try {
    if (wanted === system) localStorage.removeItem("theme");
    else localStorage.setItem("theme", wanted);
  } catch {
    // no storage is allowed here: it lasts as long as the page
  }
  themed();
}

function themed() {
  const button = document.getElementById("theme");
  const label = isDark() ? "Light" : "Dark";
  button.ariaLabel = label;
  button.title = `${label} (t)`;
  fill(button, icon(isDark() ? "sun" : "moon"));
}

function banner() {
  const line = document.getElementById("banner");
  let timer = 0;
  updates.addEventListener("link", () => {
    clearTimeout(timer);
    if (updates.up) {
      line.hidden = true;
      return;
    }
    timer = setTimeout(() => {
      fill(line, "Connection lost. Trying again by itself…");
      line.hidden = false;
    }, PATIENCE_MS);
  });
}
