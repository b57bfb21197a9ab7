// Building elements. Text goes in as text nodes only, so that no file name or tag is ever read as markup.

/**
 * The element with this id, which index.html promises.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

/** @param {Element} node @param {string} name @param {any} value */
function assign(node, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (typeof value === "function") node.addEventListener(name, value);
  else node.setAttribute(name, value === true ? "" : String(value));
}

/**
 * A new element: functions among the attributes are listeners, strings among the children are text.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined)} children
 * @returns {any}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) assign(node, name, value);
  for (const child of children) if (child !== null && child !== undefined) node.append(child);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";
/** Beside this module, wherever the page itself is. */
const DRAWINGS = new URL("icons.svg", import.meta.url).href;

/**
 * One of the drawings in icons.svg.
 * @param {string} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${DRAWINGS}#${name}`);
  svg.append(use);
  return svg;
}

let fading = 0;

/**
 * A short message at the bottom of the page, gone after a while.
 * @param {string} message
 */
export function toast(message) {
  const line = byId("toast");
  line.textContent = message;
  line.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => line.classList.remove("shown"), 4000);
}
