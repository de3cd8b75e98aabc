/** Small helpers over the document. Text from the server goes in as text, never as markup. */

/** The element with this id. @param {string} id @returns {any} */
export const at = (id) => document.getElementById(id);

/**
 * A new element.
 * @param {string} tag
 * @param {Record<string, any>} properties set as properties; names with a hyphen, `for` and `role` as attributes
 * @param {...(Node|string)} children
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "for" || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** A number for people: three significant digits, no trailing zeros. @param {number} value */
export function brief(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  if (size < 1e-3) {
    const [digits, power] = value.toExponential(1).split("e-");
    return `${Number(digits)}×10⁻${superscript(power)}`;
  }
  return String(Number(value.toPrecision(3)));
}

/** @param {string} digits */
const superscript = (digits) => [...digits].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");

/** Seconds for people. @param {number} seconds */
export const duration = (seconds) => (seconds < 1 ? `${Number(seconds.toPrecision(1))} s` : seconds < 10 ? `${seconds.toFixed(1)} s` : seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`);

/** Whether the reader has asked for little motion. */
export const calm = matchMedia("(prefers-reduced-motion: reduce)");
/** Whether the reader's system is dark; what is drawn on a canvas follows it. */
export const dark = matchMedia("(prefers-color-scheme: dark)");
