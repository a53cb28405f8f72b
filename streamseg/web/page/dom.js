/** Elements without strings of markup: what a server says becomes text, never HTML. */

const SVG = "http://www.w3.org/2000/svg";
/** Set as properties: as attributes they would only be defaults, or need a string that the security policy forbids. */
const PROPERTIES = new Set(["value", "checked", "muted", "disabled", "hidden", "selected", "open", "indeterminate"]);

/**
 * An HTML element. props: attributes; `on...` functions; `data` and `style` objects; null and false are left out.
 * children: nodes, texts, numbers, lists of them; null and false are left out.
 */
export function h(tag, props = {}, ...children) {
  return dressed(document.createElement(tag), props, children);
}

/** The same of SVG. */
export function s(tag, props = {}, ...children) {
  return dressed(document.createElementNS(SVG, tag), props, children);
}

/** Put children in the place of what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...wanted(children));
  return element;
}

/** Change an element's text only if it differs: a text that is set anew loses a reader's selection. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function dressed(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) {
      if (PROPERTIES.has(name)) element[name] = name === "value" ? "" : false;
    } else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "style") for (const [key, to] of Object.entries(value)) element.style.setProperty(key, to);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...wanted(children));
  return element;
}

function wanted(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}
