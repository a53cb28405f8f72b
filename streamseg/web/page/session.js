/** Who we are: the token is handed over once, for a cookie that no script can read. */

import { ask, Refusal } from "./api.js";
import { fill, h } from "./dom.js";

/** Filled in by signIn: name, may_control, streams, sign_in; has_run: whether streams can be added here. */
export const session = { name: "", may_control: false, streams: [], sign_in: false, has_run: false };

/** Whether the address is a sign-in link. */
export function hasToken() {
  return location.hash.startsWith("#token=");
}

/** Hand over the token of a sign-in link, if the address has one; it is gone from the address before anything is asked. */
export async function takeToken() {
  if (!hasToken()) return;
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  history.replaceState(null, "", location.pathname + location.search + "#/");
  try {
    await ask("/session", { method: "POST", body: { token } });
  } catch (error) {
    if (!(error instanceof Refusal) || error.status === 0) throw error; // else the form asks
  }
}

/** Find out who we are; show a form in view until the server knows us. */
export async function signIn(view) {
  for (;;) {
    try {
      Object.assign(session, await ask("/session"));
      session.has_run = session.may_control && (await runs());
      return;
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    await form(view);
  }
}

export async function signOut() {
  await ask("/session", { method: "DELETE" });
  location.reload(); // nothing of what was shown is to stay in memory
}

/** An archive that is served by itself has no worker. */
async function runs() {
  try {
    return (await ask("/run")).workers.length > 0;
  } catch (error) {
    if (error.status === 0) throw error;
    return false;
  }
}

/** Settles once the server has taken a token. */
function form(view) {
  const closed = new AbortController();
  return new Promise((resolve) => {
    const done = () => {
      closed.abort();
      resolve();
    };
    const followed = async () => {
      if (!hasToken()) return;
      await takeToken().catch(() => {}); // then the form is shown again
      done();
    };
    addEventListener("hashchange", followed, { signal: closed.signal }); // a sign-in link opened in this very tab
    showForm(view, done);
  });
}

function showForm(view, done) {
  const told = h("p", { class: "error", id: "sign-in-error", role: "alert" });
  const about = { name: "token", id: "token", required: true, "aria-describedby": "sign-in-error" };
  const field = h("input", { type: "password", autocomplete: "current-password", ...about });
  const user = h("input", { name: "username", value: "streamseg", autocomplete: "username", hidden: true }); // for managers of passwords
  const button = h("button", { class: "button primary", type: "submit" }, "Sign in");
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await ask("/session", { method: "POST", body: { token: field.value.trim() } });
      done();
    } catch (error) {
      told.textContent = refused(error);
      field.select();
    } finally {
      button.disabled = false;
    }
  };
  const parts = [
    h("img", { src: "/page/favicon.svg", alt: "", width: 48, height: 48 }),
    h("h1", {}, "Sign in"),
    h(
      "p",
      { class: "quiet" },
      "Its link and token were printed where streamseg was started; streamseg ctl page prints them again.",
    ),
    user,
    h("label", { class: "field", for: "token" }, "Token", field),
    told,
    button,
  ];
  fill(view, h("form", { class: "sign-in", id: "sign-in", onsubmit: submit }, parts));
  field.focus();
}

function refused(error) {
  if (error.status === 401) return "This token is not known here.";
  if (error.status === 429) return `Too many tries. Try again in ${error.retryAfter || 60} seconds.`;
  return error.message;
}
