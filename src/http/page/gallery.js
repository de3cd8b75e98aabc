/** The tiles of a run: chains under way, then samples; and one of them looked at closely. */

import { ask, hasKey, isAbort } from "./api.js";
import { copy, curl } from "./code.js";
import { at, brief, duration, el } from "./dom.js";
import { recipe } from "./png.js";

/** How many runs are kept below the newest. */
const EARLIER = 4;

/** @typedef {{model: string, seed: string, title: string, body: Record<string, any>}} Run what makes a tile's image again, but for its index */

/** Of one run of images, a tile each. */
export class Tiles {
  /** @type {Map<number, any>} */ #tiles = new Map();
  /** The samples, as URLs. @type {Map<number, string>} */ #ends = new Map();

  /**
   * @param {Run} run
   * @param {number[]} indices of the images, in order
   */
  constructor(run, indices) {
    for (const index of indices) {
      const tile = el("button", { type: "button", className: "tile pending", disabled: true, "aria-label": `image ${index}, under way` },
        el("img", { alt: "", decoding: "sync" }),
        el("span", { className: "tile-index" }, String(index)),
        el("span", { className: "tile-sigma" }));
      tile.addEventListener("click", () => look(run, index, /** @type {string} */ (this.#ends.get(index))));
      this.#tiles.set(index, tile);
    }
    // Few are shown large, many small, in full rows where that can be.
    const n = indices.length;
    at("tiles").className = `tiles ${n <= 4 ? "few" : n <= 64 ? "" : "many"}`;
    at("tiles").style.setProperty("--columns", String([8, 7, 6, 5].find((columns) => n % columns === 0) ?? 8));
    at("tiles").replaceChildren(...this.#tiles.values());
  }

  /** A chain under way. @param {{index: number, sigma: number, b64_png: string}} chain */
  preview(chain) {
    if (!this.#ends.has(chain.index)) this.show(chain);
  }

  /** A sample. @param {{index: number, b64_png: string}} image */
  image({ index, b64_png }) {
    this.#ends.set(index, url(b64_png));
    const tile = this.#tiles.get(index);
    tile.setAttribute("aria-label", `image ${index}`);
    tile.classList.remove("pending");
    tile.disabled = false;
    this.#put(index, url(b64_png), "");
  }

  /** A chain as it was. @param {{index: number, sigma: number, b64_png: string}} chain */
  show({ index, sigma, b64_png }) {
    this.#put(index, url(b64_png), `σ ${brief(sigma)}`);
  }

  /** Every sample as it is. */
  restore() {
    for (const [index, src] of this.#ends) this.#put(index, src, "");
  }

  /** @param {number} index @param {string} src @param {string} sigma */
  #put(index, src, sigma) {
    const tile = this.#tiles.get(index);
    tile.querySelector("img").src = src;
    tile.querySelector(".tile-sigma").textContent = sigma;
  }

  /** Puts what was drawn of `run` below, where earlier runs are. @param {Run} run */
  static setAside(run) {
    const drawn = [...at("tiles").children].filter((tile) => !tile.disabled);
    if (drawn.length === 0) return;
    const heading = at("earlier").querySelector("h3");
    heading.after(el("figure", {}, el("figcaption", {}, run.title), el("div", { className: "tiles strip", role: "group", "aria-label": run.title }, ...drawn)));
    [...at("earlier").querySelectorAll("figure")].slice(EARLIER).forEach((figure) => figure.remove());
    at("earlier").hidden = false;
  }
}

/** @param {string} b64 */
const url = (b64) => `data:image/png;base64,${b64}`;

/** What is looked at. @type {{body: Record<string, any>, file: string, src: string} | undefined} */
let looked;

/** Of the image that is drawn again. */
let asking = new AbortController();

/** Shows one image, where it is from, and what makes it again. @param {Run} run @param {number} index @param {string} src */
function look(run, index, src) {
  const file = `${run.model}-${run.seed}-${index}.png`;
  looked = { body: { ...run.body, n: 1, first_index: index }, file, src };
  at("one-title").textContent = `Image ${index} of seed ${run.seed}`;
  Object.assign(at("one-image"), { src, alt: `Image ${index} of seed ${run.seed}, drawn by ${run.model}` });
  Object.assign(at("one-save"), { href: src, download: file });
  const { sampler, sha256, version } = recipe(src) ?? {};
  const facts = { model: run.model, class: run.body.label, sampler: sampler?.method, "model file": sha256?.slice(0, 12), "smld": version };
  const rows = Object.entries(facts).filter(([, value]) => value !== undefined);
  at("one-facts").replaceChildren(...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  at("one-recipe").textContent = JSON.stringify(recipe(src), null, 2);
  at("one-word").textContent = "";
  at("one").showModal();
}

/** Draws the image again, alone, and compares the bytes. */
async function again() {
  if (looked === undefined) return;
  const { body, src } = looked;
  const began = performance.now();
  asking = new AbortController();
  at("one-again").disabled = true;
  at("one-word").textContent = "Drawing it again…";
  try {
    const answer = await ask("/v1/samples", { body, signal: asking.signal });
    const { images } = await answer.json();
    const took = duration((performance.now() - began) / 1000);
    at("one-image").src = url(images[0].b64_png);
    at("one-word").textContent = url(images[0].b64_png) === src ? `Drawn again, alone, in ${took}: the same, to the last byte.` : `Drawn again in ${took}: the bytes differ.`;
  } catch (error) {
    if (!isAbort(error)) at("one-word").textContent = /** @type {Error} */ (error).message;
  } finally {
    at("one-again").disabled = false;
  }
}

/** Makes the acts of the closer look work. */
export function closerLook() {
  at("one-again").addEventListener("click", again);
  // Another image may be looked at next.
  at("one").addEventListener("close", () => asking.abort());
  at("one-curl").addEventListener("click", async () => {
    if (looked === undefined) return;
    const done = await copy(curl(looked.body, { file: looked.file, key: hasKey() }));
    at("one-word").textContent = done ? "Copied." : "The browser did not allow it.";
  });
}
