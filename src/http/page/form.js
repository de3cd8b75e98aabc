/** The form of a request: models, their samplers, what it would cost, and faults at the field they are of. */

import { ask, isAbort, Problem } from "./api.js";
import { at, brief, duration, el } from "./dom.js";
import { given, METHODS, number, shown } from "./samplers.js";

/** How long the form must rest before the server is asked what it would cost. */
const REST_MS = 250;

/** @typedef {{name: string, kind: string, shape: number[], range: number[], sigma_min: number, sigma_max: number, labels: string[], sampler: any, provider: string}} Model */

/** Whether samples of a model are pictures. @param {Model} model */
export const isImage = ({ shape }) => shape.length === 3;

/** The request as the reader writes it. */
export class RequestForm {
  /** @type {Model[]} */ #models = [];
  /** @type {number | undefined} */ #rest;
  #asking = new AbortController();

  constructor() {
    at("model").addEventListener("change", () => this.#modelChosen());
    at("method").addEventListener("change", () => this.#methodChosen());
    at("request").addEventListener("input", () => this.#changed());
    at("new-seed").addEventListener("click", () => this.newSeed());
    this.newSeed();
  }

  /** Offers `models`: those of images first. @param {Model[]} models */
  offer(models) {
    this.#models = models;
    const group = (/** @type {string} */ label, /** @type {Model[]} */ some) =>
      some.length === 0 ? [] : [el("optgroup", { label }, ...some.map(({ name }) => el("option", { value: name }, name)))];
    at("model").replaceChildren(...group("Images", models.filter(isImage)), ...group("Points", models.filter((model) => !isImage(model))));
    this.#modelChosen();
    at("start").disabled = false;
  }

  /** The model chosen. @returns {Model} */
  get model() {
    return /** @type {Model} */ (this.#models.find(({ name }) => name === at("model").value));
  }

  newSeed() {
    at("seed").value = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    this.#changed();
  }

  /**
   * The request's body. What is empty is left to the server; what cannot be a number is sent as it was written: the server says what is
   * wrong with it.
   * @returns {Record<string, any>}
   */
  body() {
    const { name, sampler: own } = this.model;
    const method = at("method").value;
    /** @type {Record<string, any>} */
    const sampler = { method };
    for (const input of at("parameters").querySelectorAll("[name]")) {
      if (input.value.trim() === "") continue;
      const parameter = input.name.slice("sampler.".length);
      sampler[parameter] = input.tagName === "SELECT" ? choice(input.value) : given(parameter, input.value);
    }
    const isOwn = own?.method === method && Object.keys(sampler).length === 1;
    const label = at("label").value;
    const filled = ["n", "seed"].filter((field) => at(field).value.trim() !== "");
    return {
      model: name,
      ...Object.fromEntries(filled.map((field) => [field, number(at(field).value)])),
      ...(label === "" ? {} : { label }),
      ...(isOwn ? {} : { sampler }),
    };
  }

  /** Says what the server found wrong: at the field, if it is of one. @param {Problem} problem */
  complain(problem) {
    this.calm();
    at("cost").textContent = "";
    const later = problem.retryAfter === null ? "" : ` Try again in ${problem.retryAfter} s.`;
    const input = problem.field === undefined ? null : at("request").querySelector(`[name="${CSS.escape(problem.field)}"]`);
    if (input === null) {
      at("fault").textContent = `${problem.title === "" ? "" : `${problem.title}: `}${problem.message}${later}`;
      at("fault").hidden = false;
      return null;
    }
    mark(input, problem.message);
    return input;
  }

  /** Takes back what was said. */
  calm() {
    at("fault").hidden = true;
    for (const input of at("request").querySelectorAll("[aria-invalid]")) unmark(input);
  }

  #modelChosen() {
    const model = this.model;
    const what = isImage(model) ? `${model.shape[2]}×${model.shape[1]} ${model.shape[0] === 1 ? "grey" : "colour"}` : model.shape.join("×") === "2" ? "points of the plane" : `points of ${model.shape.join("×")} numbers`;
    const levels = model.sigma_max > 0 ? `, σ from ${brief(model.sigma_max)} to ${brief(model.sigma_min)}` : "";
    at("model-help").textContent = `${what}${levels}; ${model.kind === "density" ? "known exactly" : "a trained network"}`;
    at("n-label").textContent = isImage(model) ? "Images" : "Points";
    at("label-field").hidden = model.labels.length === 0;
    at("label").replaceChildren(el("option", { value: "" }, "any"), ...model.labels.map((name) => el("option", { value: name }, name)));
    const own = model.sampler?.method ?? "annealed_langevin";
    const option = (/** @type {[string, {title: string}]} */ [value, { title }]) =>
      el("option", { value, selected: value === own }, value === own ? `${title} (the model’s)` : title);
    at("method").replaceChildren(...Object.entries(METHODS).map(option));
    this.#methodChosen();
  }

  #methodChosen() {
    const { meaning, parameters } = METHODS[at("method").value];
    at("method-help").textContent = meaning;
    at("parameters").replaceChildren(...parameters.map(field));
    this.#changed();
  }

  #changed() {
    clearTimeout(this.#rest);
    this.#asking.abort();
    this.#rest = setTimeout(() => this.#foretell(), REST_MS);
  }

  /** Asks what the request would cost, and shows what is in force where a field is empty. */
  async #foretell() {
    if (this.#models.length === 0) return;
    this.#asking = new AbortController();
    try {
      const answer = await ask("/v1/samples", { body: { ...this.body(), dry_run: true }, signal: this.#asking.signal });
      const plan = await answer.json();
      this.calm();
      const seconds = plan.predicted_seconds === null ? "" : `, about ${duration(plan.predicted_seconds)}`;
      at("cost").textContent = `${plan.n} × ${plan.evaluations / plan.n} evaluations${seconds}`;
      for (const input of at("parameters").querySelectorAll("[name]")) {
        const value = shown(plan.sampler[input.name.slice("sampler.".length)]);
        if (input.tagName === "SELECT") input.options[0].textContent = value === "" ? "default" : `default (${value})`;
        else input.placeholder = value;
      }
    } catch (error) {
      if (isAbort(error)) return;
      at("cost").textContent = "";
      if (error instanceof Problem && error.status === 422) this.complain(error);
    }
  }
}

/** @param {string} value */
const choice = (value) => (value === "true" ? true : value === "false" ? false : value);

/** A parameter's field. @param {import("./samplers.js").Parameter} parameter */
function field({ name, symbol, meaning, choices }) {
  const [id, help] = [`sampler-${name}`, `sampler-${name}-help`];
  const properties = { id, name: `sampler.${name}`, "aria-describedby": help };
  const input = choices
    ? el("select", properties, el("option", { value: "" }, "default"), ...choices.map((value) => el("option", { value: String(value) }, shown(value))))
    : el("input", { ...properties, inputMode: name === "sigmas" ? "text" : "decimal", autocomplete: "off" });
  return el("p", { className: "field parameter" }, el("label", { for: id }, symbol), input, el("span", { id: help, className: "help" }, meaning));
}

/** @param {any} input @param {string} message */
function mark(input, message) {
  const id = `${input.id}-fault`;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-errormessage", id);
  // Not every screen reader knows of error messages; all know descriptions.
  input.setAttribute("aria-describedby", `${id} ${input.getAttribute("aria-describedby") ?? ""}`);
  input.closest(".field").append(el("span", { id, className: "fault" }, message));
  const details = input.closest("details");
  if (details) details.open = true;
}

/** @param {any} input */
function unmark(input) {
  const id = `${input.id}-fault`;
  at(id)?.remove();
  input.setAttribute("aria-describedby", input.getAttribute("aria-describedby").replace(id, "").trim());
  input.removeAttribute("aria-invalid");
  input.removeAttribute("aria-errormessage");
}
