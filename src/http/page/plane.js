/** Langevin dynamics in the plane: what is shown, at which noise level, and when the next step is due. */

import { isAbort } from "./api.js";
import { at, brief, calm, dark } from "./dom.js";
import { fetchField, Window } from "./field.js";
import { paintLandscape } from "./landscape.js";
import { Particles } from "./particles.js";
import { logDensity } from "./potential.js";

/** Steps in a second. */
const PACE = 24;
/** Seconds that the particles rest after the last step, before they start again. */
const REST = 2.5;
/** Milliseconds that the slider of σ must rest before its field is fetched. */
const SETTLED = 60;
/** Noise levels of a fall, in equal ratios. */
const LEVELS = 8;

/** @typedef {{sigma: number, field: import("./field.js").Field, heights: Float64Array}} Level */

export class Plane {
  #models;
  #particles = new Particles();
  /** Of these noise levels, the highest first; one, where σ does not fall. @type {Level[]} */ #levels = [];
  #level = 0;
  /** Steps taken; beyond the last, the rest. */ #taken = 0;
  #part = 1;
  #plays = !calm.matches;
  #isSeen = false;
  #frame = 0;
  #last = 0;
  #asking = new AbortController();

  /** @param {import("./form.js").Model[]} models of two numbers each */
  constructor(models) {
    this.#models = models;
    const named = (/** @type {import("./form.js").Model} */ { name, kind }) => new Option(kind === "network" ? `${name} (a trained network)` : name, name);
    at("plane-model").replaceChildren(...models.map(named));
    at("plane").hidden = at("plane-controls").hidden = false;
    at("plane-model").addEventListener("change", () => this.#choose());
    at("plane-sigma").addEventListener("input", () => this.#sigmaMoved());
    at("plane-tau").addEventListener("input", () => this.#stepsMoved());
    at("plane-steps").addEventListener("input", () => this.#stepsMoved());
    at("plane-noise").addEventListener("change", () => {
      this.#explain();
      this.restart();
    });
    at("plane-anneal").addEventListener("change", () => this.#load());
    at("plane-restart").addEventListener("click", () => this.restart());
    at("plane-play").addEventListener("click", () => this.#play(!this.#plays));
    dark.addEventListener("change", () => this.#paint());
    new ResizeObserver(() => this.#paint()).observe(at("plane-map"));
    new IntersectionObserver(([entry]) => {
      this.#isSeen = entry.isIntersecting;
      this.#wake();
    }).observe(at("plane-map"));
    document.addEventListener("visibilitychange", () => this.#wake());
    this.#play(this.#plays);
    this.#choose();
  }

  get #model() {
    return /** @type {import("./form.js").Model} */ (this.#models.find(({ name }) => name === at("plane-model").value));
  }

  get #window() {
    return new Window(this.#model.range);
  }

  /** The least and the greatest σ offered. What is finer than the grid would not be seen. @returns {[number, number]} */
  get #range() {
    const { sigma_min, sigma_max } = this.#model;
    const [low, high] = [Math.max(sigma_min, this.#window.spacing), Math.min(sigma_max, (this.#window.high - this.#window.low) / 4)];
    return low < high ? [low, high] : [sigma_max, sigma_max];
  }

  get #sigma() {
    const [low, high] = this.#range;
    return high > low ? low * (high / low) ** at("plane-sigma").valueAsNumber : high;
  }

  /** Step sizes from a thousandth of σ² to twice as much; where there is no σ, around the model's own. @returns {[number, number]} */
  get #sizes() {
    const sigma = this.#sigma;
    const unit = sigma > 0 ? sigma ** 2 : 10 * (this.#model.sampler?.tau ?? 0.01);
    return [unit / 1000, 2 * unit];
  }

  get #tau() {
    const [low, high] = this.#sizes;
    return low * (high / low) ** at("plane-tau").valueAsNumber;
  }

  get #steps() {
    return at("plane-steps").valueAsNumber;
  }

  /** Another model: with a σ at which its shape is seen, and steps that the eye can follow. */
  #choose() {
    const [low, high] = this.#range;
    const { low: left, high: right } = this.#window;
    const wanted = Math.min(high, Math.max(low, 0.03 * (right - left)));
    at("plane-sigma").value = high > low ? String(Math.log(wanted / low) / Math.log(high / low)) : "0";
    at("plane-sigma").disabled = at("plane-anneal").disabled = high <= low;
    at("plane-anneal").checked &&= high > low;
    at("plane-tau").value = String(Math.log(40) / Math.log(2000));
    at("plane-path").textContent = `/v1/models/${this.#model.name}/score`;
    this.#sigmaMoved();
  }

  #sigmaMoved() {
    this.#tell();
    this.#load();
  }

  #stepsMoved() {
    this.#tell();
    if (this.#showsEnd) this.restart();
  }

  /** Who wants little motion sees where the particles are in the end. */
  get #showsEnd() {
    return calm.matches && !this.#plays;
  }

  /** Says what the sliders mean. */
  #tell() {
    for (const [name, value] of [["sigma", this.#sigma], ["tau", this.#tau], ["steps", this.#steps]]) {
      at(`plane-${name}-value`).textContent = brief(Number(value));
      at(`plane-${name}`).setAttribute("aria-valuetext", brief(Number(value)));
    }
  }

  /** Fetches the scores of the noise levels that are gone down, then starts. */
  async #load() {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const [sigma, top] = [this.#sigma, this.#range[1]];
    const falls = at("plane-anneal").checked && top > sigma;
    const sigmas = falls ? Array.from({ length: LEVELS }, (_, level) => top * (sigma / top) ** (level / (LEVELS - 1))) : [sigma];
    await new Promise((settled) => setTimeout(settled, SETTLED));
    if (signal.aborted) return;
    try {
      const levels = [];
      for (const sigma of sigmas) {
        const field = await fetchField(this.#model.name, sigma, this.#window, signal);
        levels.push({ sigma, field, heights: logDensity(field) });
      }
      const isOther = this.#levels[0]?.field.window.low !== levels[0].field.window.low || levels.length > 1;
      this.#levels = levels;
      this.#level = Math.min(this.#level, levels.length - 1);
      this.#explain();
      // Where only σ has moved, the particles go on under the new field.
      if (isOther || calm.matches) this.restart();
      else this.#paint();
    } catch (error) {
      if (isAbort(error)) return;
      at("plane-word").textContent = /** @type {Error} */ (error).message;
    }
  }

  /** Says what is to be seen. */
  #explain() {
    const falls = this.#levels.length > 1;
    const shaken = at("plane-noise").checked;
    at("plane-word").textContent = falls
      ? `Annealed: σ falls from ${brief(this.#levels[0].sigma)} in ${LEVELS} levels, and τ as σ². Wide noise finds every mode; the shape comes last.`
      : shaken
        ? "In time each place is visited as often as p says. Between distant modes few cross: let σ fall."
        : "Without noise every particle climbs to a mode of p and stays.";
  }

  /** Puts the particles anew. */
  restart() {
    if (this.#levels.length === 0) return;
    this.#taken = 0;
    this.#enter(0);
    this.#particles.scatter(this.#window, this.#levels.length > 1 ? this.#levels[0].sigma : undefined);
    if (this.#showsEnd) while (this.#taken < this.#steps) this.#advance();
    this.#part = 1;
    this.#paint();
    this.#wake();
  }

  /** @param {number} level */
  #enter(level) {
    if (level === this.#level) return;
    this.#level = level;
    this.#paintMap();
  }

  /** One step of every particle. Down the levels τ goes as σ². */
  #advance() {
    this.#enter(Math.min(this.#levels.length - 1, Math.floor((this.#taken / this.#steps) * this.#levels.length)));
    const { sigma, field } = this.#levels[this.#level];
    const last = this.#levels[this.#levels.length - 1].sigma;
    this.#particles.step(field, this.#tau * (last > 0 ? (sigma / last) ** 2 : 1), at("plane-noise").checked);
    this.#taken += 1;
  }

  /** @param {boolean} plays */
  #play(plays) {
    this.#plays = plays;
    at("plane-play").textContent = plays ? "Pause" : "Play";
    this.#wake();
  }

  /** Goes on, if it plays where somebody can see it. */
  #wake() {
    cancelAnimationFrame(this.#frame);
    this.#last = 0;
    if (this.#plays && this.#isSeen && !document.hidden) this.#frame = requestAnimationFrame((now) => this.#go(now));
  }

  /** @param {number} now milliseconds */
  #go(now) {
    const passed = this.#last === 0 ? 0 : Math.min(0.1, (now - this.#last) / 1000);
    this.#last = now;
    if (this.#levels.length > 0) {
      this.#part += passed * PACE;
      while (this.#part >= 1 && this.#taken < this.#steps) {
        this.#advance();
        this.#part -= 1;
      }
      if (this.#taken >= this.#steps && this.#part > 1 + REST * PACE) this.restart();
      this.#paintParticles();
    }
    this.#frame = requestAnimationFrame((next) => this.#go(next));
  }

  #paint() {
    this.#paintMap();
    this.#paintParticles();
  }

  #paintMap() {
    if (this.#levels.length === 0) return;
    const { context, side, scale } = surface("plane-map");
    const { field, heights } = this.#levels[this.#level];
    paintLandscape(context, side, scale, field, heights, { density: color("--density"), contour: color("--contour"), score: color("--score") });
  }

  #paintParticles() {
    if (this.#levels.length === 0) return;
    const { context, side, scale } = surface("plane-particles");
    const how = { part: Math.min(1, this.#part), trails: this.#plays, color: color("--noise"), scale };
    this.#particles.paint(context, this.#window, side, how);
    const level = this.#levels.length > 1 ? `σ ${brief(this.#levels[this.#level].sigma)}, ` : "";
    at("plane-step").textContent = `${level}step ${Math.min(this.#taken, this.#steps)} of ${this.#steps}`;
  }
}

/** A canvas at the resolution of the screen. @param {string} id */
function surface(id) {
  const canvas = at(id);
  const scale = devicePixelRatio;
  const side = Math.round(canvas.clientWidth * scale);
  if (canvas.width !== side) canvas.width = canvas.height = side;
  return { context: canvas.getContext("2d"), side, scale };
}

/** @param {string} name of a custom property */
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
