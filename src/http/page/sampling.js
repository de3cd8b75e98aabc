/** A run: asked, watched, stopped, kept. */

import { ask, hasKey, isAbort, Problem } from "./api.js";
import { copy, curl, python } from "./code.js";
import { at, brief, duration } from "./dom.js";
import { events } from "./events.js";
import { isImage, number } from "./form.js";
import { Tiles } from "./gallery.js";
import { Scatter } from "./scatter.js";

/** How often chains under way are looked at, and how many: the most that the server shows. */
const PREVIEW = { every_ms: 100, images: 64 };

/** Draws what the form says, one run at a time. */
export class Sampling {
  #form;
  /** @type {AbortController | undefined} */ #stopping;
  /** @type {import("./gallery.js").Run | undefined} */ #run;

  /** @param {import("./form.js").RequestForm} form */
  constructor(form) {
    this.#form = form;
    at("request").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#draw();
    });
    at("stop").addEventListener("click", () => this.#stopping?.abort());
    at("save").addEventListener("click", () => this.#save());
    at("copy-curl").addEventListener("click", () => this.#copy(curl));
    at("copy-python").addEventListener("click", () => this.#copy(python));
  }

  async #draw() {
    if (this.#stopping !== undefined) return;
    const [body, model] = [this.#form.body(), this.#form.model];
    this.#stopping = new AbortController();
    this.#form.calm();
    at("start").disabled = true;
    at("stop").disabled = false;
    try {
      const accept = "text/event-stream";
      const answer = await ask("/v1/samples", { accept, body: { ...body, preview: PREVIEW }, signal: this.#stopping.signal });
      // A number of JSON above 2⁵³ loses digits here; the header does not.
      const seed = answer.headers.get("x-smld-seed") ?? String(body.seed);
      this.#begin(model, { ...body, seed: number(seed) }, seed);
      await this.#watch(model, answer);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#stopping = undefined;
      at("start").disabled = false;
      at("stop").disabled = true;
    }
  }

  /** @param {import("./form.js").Model} model @param {Record<string, any>} body @param {string} seed */
  #begin(model, body, seed) {
    if (this.#run !== undefined) Tiles.setAside(this.#run);
    const title = [model.name, ...(body.label === undefined ? [] : [body.label]), `seed ${seed}`].join(", ");
    this.#run = { model: model.name, seed, title, body };
    at("run-what").textContent = title;
    at("run-state").textContent = "";
    at("run").hidden = at("keep").hidden = false;
    at("empty").hidden = true;
    at("keep-word").textContent = "";
    at("code").textContent = curl(body, { file: this.#file(), key: hasKey() });
    // On a small screen the form fills it.
    if (at("run").getBoundingClientRect().bottom > innerHeight) at("run").scrollIntoView();
  }

  #file() {
    return `${this.#run?.model}-${this.#run?.seed}.png`;
  }

  /** Shows the events as they come. @param {import("./form.js").Model} model @param {Response} answer */
  async #watch(model, answer) {
    /** @type {Tiles | Scatter | undefined} */ let view;
    const began = performance.now();
    let [evaluations, each, foretold] = [0, 0, 0];
    for await (const { name, data } of events(/** @type {ReadableStream<Uint8Array>} */ (answer.body))) {
      if (name === "accepted") {
        const indices = Array.from({ length: data.n }, (_, place) => data.first_index + place);
        view = isImage(model) ? new Tiles(/** @type {any} */ (this.#run), indices) : new Scatter(model);
        [evaluations, each, foretold] = [data.evaluations, data.evaluations / data.n, data.predicted_seconds ?? 0];
        this.#ladder(model, data.sampler);
        this.#progress(0, foretold);
        at("run-state").textContent = ["Drawing", ...data.warnings].join(". ");
      } else if (name === "progress") {
        const made = data.evaluations_made / evaluations;
        const elapsed = (performance.now() - began) / 1000;
        // What was foretold, until there is enough to go by.
        this.#progress(made, made < 0.1 ? Math.max(0, foretold - elapsed) : (elapsed / made) * (1 - made));
      } else if (name === "preview") {
        data.chains.forEach((/** @type {any} */ chain) => view?.preview(chain));
        this.#level(data.chains, each);
      } else if (name === "image") {
        view?.image(data);
      } else if (name === "done") {
        this.#progress(1, 0);
        this.#move(1);
        at("run-left").textContent = `${evaluations.toLocaleString("en")} evaluations`;
        at("run-sigma").textContent = "";
        at("run-state").textContent = `Done in ${duration(data.queue_seconds + data.sampling_seconds)}`;
        return;
      } else if (name === "error") {
        throw new Problem(data.status, data);
      }
    }
    throw new Problem(0, { title: "Broken off", detail: "The answer ended before the last sample." });
  }

  /** @param {number} part made, 0 to 1 @param {number} left seconds */
  #progress(part, left) {
    at("run-progress").value = part;
    at("run-left").textContent = left > 0 ? `about ${duration(left)} left` : "";
  }

  /** The noise levels that the run goes down. @param {import("./form.js").Model} model @param {any} sampler */
  #ladder(model, sampler) {
    const [high, low] = [sampler.sigma_max ?? sampler.sigma ?? model.sigma_max, sampler.sigma_min ?? sampler.sigma ?? model.sigma_min];
    at("ladder-high").textContent = `σ ${brief(high)}`;
    at("ladder-low").textContent = brief(low);
    this.#range = [high, low];
    this.#move(0);
  }

  /** The first and the last noise level. */
  #range = [1, 1];

  /** @param {{sigma: number, evaluation: number}[]} chains under way @param {number} each evaluations of a chain */
  #level(chains, each) {
    const chain = chains.reduce((least, next) => (next.evaluation < least.evaluation ? next : least));
    const [high, low] = this.#range;
    this.#move(high > low && low > 0 && chain.sigma > 0 ? Math.log(high / chain.sigma) / Math.log(high / low) : chain.evaluation / each);
    at("run-sigma").textContent = `σ ${brief(chain.sigma)}, evaluation ${chain.evaluation} of ${each}`;
  }

  /** @param {number} part of the way down */
  #move(part) {
    at("ladder-mark").style.left = `${100 * Math.min(1, Math.max(0, part))}%`;
  }

  /** @param {unknown} error */
  #failed(error) {
    at("run-left").textContent = at("run-sigma").textContent = "";
    if (isAbort(error)) {
      at("run-state").textContent = "Stopped: what was left is cancelled";
      return;
    }
    if (!(error instanceof Problem)) throw error;
    at("run-state").textContent = at("run").hidden ? "" : "Failed";
    this.#form.complain(error)?.focus();
  }

  /** Saves the whole picture, with its recipe, as the server makes it. */
  async #save() {
    const [run, file] = [this.#run, this.#file()];
    if (run === undefined) return;
    at("save").disabled = true;
    at("keep-word").textContent = "The server draws it as one picture…";
    try {
      const picture = await (await ask("/v1/samples", { accept: "image/png", body: run.body })).blob();
      const href = URL.createObjectURL(picture);
      Object.assign(document.createElement("a"), { href, download: file }).click();
      URL.revokeObjectURL(href);
      at("keep-word").textContent = `Saved as ${file}, with the request inside.`;
    } catch (error) {
      at("keep-word").textContent = /** @type {Error} */ (error).message;
    } finally {
      at("save").disabled = false;
    }
  }

  /** @param {typeof curl} written */
  async #copy(written) {
    const run = this.#run;
    if (run === undefined) return;
    at("code").textContent = written(run.body, { file: this.#file(), key: hasKey() });
    at("keep-word").textContent = (await copy(at("code").textContent)) ? "Copied." : "The browser did not allow it; the text is below.";
  }
}
