/** Addresses of the page, all behind the #: it is one document, whatever it shows. */

/** What an address asks for: its words and its query. */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return { words: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

/** The address of words and a query (URLSearchParams, or pairs). */
export function address(words, query = null) {
  const asked = query ? new URLSearchParams(query).toString() : "";
  return `#/${words.map(encodeURIComponent).join("/")}${asked ? `?${asked}` : ""}`;
}

export function streamAt(name) {
  return address(["stream", name]);
}

export function objectAt(stream, track) {
  return address(["object", stream, String(track)]);
}

export function objectsAt(query) {
  return address(["objects"], query);
}

/** Go there without a step back to here: for filters, of which nobody wants to walk back through every one. */
export function replace(to) {
  history.replaceState(null, "", to);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

function decoded(word) {
  try {
    return decodeURIComponent(word);
  } catch {
    return word; // a stray % in an address that somebody typed
  }
}
