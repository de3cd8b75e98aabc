/** Points of the plane as they are drawn: the first two coordinates of each. */

import { at, dark, el } from "./dom.js";
import { Window } from "./field.js";

/** Side of the picture. */
const SIDE = 480;

export class Scatter {
  /** Of each canvas; one that leaves the page is forgotten, and its points with it. @type {WeakMap<Element, Scatter>} */
  static #all = new WeakMap();

  static {
    dark.addEventListener("change", () => document.querySelectorAll(".scatter").forEach((canvas) => Scatter.#all.get(canvas)?.#later()));
  }

  /** @type {Map<number, {x: number[], done: boolean}>} */ #points = new Map();
  /** The samples. @type {Map<number, number[]>} */ #ends = new Map();
  #canvas = el("canvas", { className: "scatter", width: 2 * SIDE, height: 2 * SIDE, role: "img" });
  #window;
  #due = false;

  /** @param {import("./form.js").Model} model */
  constructor(model) {
    this.#window = new Window(model.range);
    at("tiles").className = "tiles one";
    at("tiles").replaceChildren(this.#canvas);
    Scatter.#all.set(this.#canvas, this);
  }

  /** A chain under way. @param {{index: number, x: number[]}} chain */
  preview(chain) {
    if (!this.#ends.has(chain.index)) this.show(chain);
  }

  /** A sample. @param {{index: number, x: number[]}} sample */
  image({ index, x }) {
    this.#ends.set(index, x);
    this.#put(index, x, true);
  }

  /** A chain as it was. @param {{index: number, x: number[]}} chain */
  show({ index, x }) {
    this.#put(index, x, false);
  }

  /** Every sample as it is. */
  restore() {
    for (const [index, x] of this.#ends) this.#put(index, x, true);
  }

  /** @param {number} index @param {number[]} x @param {boolean} done */
  #put(index, x, done) {
    this.#points.set(index, { x, done });
    this.#later();
  }

  /** Points come by the hundred; they are drawn once a frame. */
  #later() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#paint();
    });
  }

  #paint() {
    const context = this.#canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    context.clearRect(0, 0, 2 * SIDE, 2 * SIDE);
    for (const { x: [across, up = 0], done } of this.#points.values()) {
      const [left, top] = this.#window.place(across, up, 2 * SIDE);
      context.fillStyle = style.getPropertyValue(done ? "--ink" : "--noise");
      context.globalAlpha = done ? 0.75 : 0.5;
      context.beginPath();
      context.arc(left, top, done ? 4 : 3, 0, 2 * Math.PI);
      context.fill();
    }
    const drawn = [...this.#points.values()].filter(({ done }) => done).length;
    this.#canvas.setAttribute("aria-label", `${drawn} points drawn`);
  }
}
