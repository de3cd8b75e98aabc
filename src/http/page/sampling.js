/** A run: asked, watched, stopped, kept. */

import { ask, hasKey, isAbort, Problem } from "./api.js";
import { copy, curl, python } from "./code.js";
import { at, brief, duration } from "./dom.js";
import { events } from "./events.js";
import { isImage } from "./form.js";
import { number } from "./samplers.js";
import { Tiles } from "./gallery.js";
import { Scatter } from "./scatter.js";

/** How often chains under way are looked at, and how many: the most that the server shows. */
const PREVIEW = { every_ms: 100, images: 64 };

/** How many looks at a run are kept; beyond them every other is dropped. */
const LOOKS = 240;

/** Draws what the form says, one run at a time. */
export class Sampling {
  #form;
  /** @type {AbortController | undefined} */ #stopping;
  /** @type {import("./gallery.js").Run | undefined} */ #run;

  /** @type {Tiles | Scatter | undefined} */ #view;
  /** What chains were like: how far down the noise levels they were, and each. @type {{part: number, chains: any[]}[]} */ #looks = [];
  /** The first and the last noise level. */
  #range = [1, 1];
  /** Evaluations of a chain. */
  #each = 1;

  /** @param {import("./form.js").RequestForm} form */
  constructor(form) {
    this.#form = form;
    at("request").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#draw();
    });
    at("stop").addEventListener("click", () => this.#stopping?.abort());
    at("back").addEventListener("input", () => this.#lookBack());
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
    this.#view?.restore();
    this.#view = undefined;
    this.#looks = [];
    at("back").disabled = true;
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
    const began = performance.now();
    let [evaluations, foretold] = [0, 0];
    for await (const { name, data } of events(/** @type {ReadableStream<Uint8Array>} */ (answer.body))) {
      if (name === "accepted") {
        const indices = Array.from({ length: data.n }, (_, place) => data.first_index + place);
        this.#view = isImage(model) ? new Tiles(/** @type {any} */ (this.#run), indices) : new Scatter(model);
        [evaluations, foretold] = [data.evaluations, data.predicted_seconds ?? 0];
        this.#each = data.evaluations / data.n;
        this.#ladder(model, data.sampler);
        this.#progress(0, foretold);
        at("run-state").textContent = ["Drawing", ...data.warnings].join(". ");
      } else if (name === "progress") {
        const made = data.evaluations_made / evaluations;
        const elapsed = (performance.now() - began) / 1000;
        // What was foretold, until there is enough to go by.
        this.#progress(made, made < 0.1 ? Math.max(0, foretold - elapsed) : (elapsed / made) * (1 - made));
      } else if (name === "preview") {
        this.#seen(data.chains);
      } else if (name === "image") {
        this.#view?.image(data);
      } else if (name === "done") {
        this.#progress(1, 0);
        at("back").value = 1;
        at("back").disabled = this.#looks.length === 0;
        at("run-left").textContent = `${evaluations.toLocaleString("en")} evaluations${at("back").disabled ? "" : "; move the mark to look back"}`;
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
    const levels = sampler.sigmas ?? [sampler.sigma_max ?? sampler.sigma ?? model.sigma_max, sampler.sigma_min ?? sampler.sigma ?? model.sigma_min];
    const [high, low] = [levels[0], levels.at(-1)];
    at("ladder-high").textContent = `σ ${brief(high)}`;
    at("ladder-low").textContent = brief(low);
    this.#range = [high, low];
    at("back").value = 0;
  }

  /** Shows chains under way, and remembers them. @param {any[]} chains */
  #seen(chains) {
    chains.forEach((chain) => this.#view?.preview(chain));
    const { sigma, evaluation } = chains.reduce((least, next) => (next.evaluation < least.evaluation ? next : least));
    const [high, low] = this.#range;
    const part = high > low && low > 0 && sigma > 0 ? Math.log(high / sigma) / Math.log(high / low) : evaluation / this.#each;
    at("back").value = part;
    this.#looks.push({ part, chains });
    if (this.#looks.length > LOOKS) this.#looks = this.#looks.filter((_, place) => place % 2 === 0);
    this.#tellLevel(chains);
  }

  /** Shows the chains as they were where the mark is. */
  #lookBack() {
    const part = at("back").valueAsNumber;
    this.#view?.restore();
    at("run-sigma").textContent = "";
    if (part === 1) return;
    const look = this.#looks.findLast((each) => each.part <= part) ?? this.#looks[0];
    look.chains.forEach((chain) => this.#view?.show(chain));
    this.#tellLevel(look.chains);
  }

  /** @param {{sigma: number, evaluation: number}[]} chains */
  #tellLevel([{ sigma, evaluation }]) {
    at("run-sigma").textContent = `σ ${brief(sigma)}, evaluation ${evaluation} of ${this.#each}`;
    at("back").setAttribute("aria-valuetext", at("run-sigma").textContent);
  }

  /** @param {unknown} error */
  #failed(error) {
    at("run-left").textContent = at("run-sigma").textContent = "";
    if (isAbort(error)) {
      at("run-state").textContent = "Stopped: what was left is cancelled";
      return;
    }
    at("run-state").textContent = at("run").hidden ? "" : "Failed";
    if (!(error instanceof Problem)) throw error;
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
