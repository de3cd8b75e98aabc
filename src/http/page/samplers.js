/** The samplers and what their parameters mean, in the words of the documentation. */

const SIGMAS = { name: "sigmas", symbol: "σ", meaning: "the noise levels one by one, the first the largest, in place of the next four" };
const HIGH = { name: "sigma_max", symbol: "σ max", meaning: "the first noise level" };
const LOW = { name: "sigma_min", symbol: "σ min", meaning: "the last noise level" };
const RHO = { name: "rho", symbol: "ρ", meaning: "spacing of the levels: larger puts more of them at small σ" };
const INIT = { name: "init", symbol: "start", meaning: "standard deviation of the white noise that a chain starts as" };
const DENOISE = { name: "denoise", symbol: "denoise", meaning: "whether the last noise is taken off at the end: x + σ² s(x, σ)", choices: [true, false] };

/**
 * @typedef {{name: string, symbol: string, meaning: string, choices?: (string|boolean)[]}} Parameter
 * @type {Record<string, {title: string, meaning: string, parameters: Parameter[]}>}
 */
export const METHODS = {
  annealed_langevin: {
    title: "Annealed Langevin",
    meaning: "Langevin steps at one noise level after another, from coarse to fine (Song & Ermon 2019, 2020).",
    parameters: [
      HIGH, LOW,
      { name: "levels", symbol: "L", meaning: "how many noise levels, in equal ratios" },
      { name: "steps_per_level", symbol: "T", meaning: "Langevin steps at each level" },
      { name: "epsilon", symbol: "ε", meaning: "step size at the last level; at level i it is ε (σᵢ/σ min)²" },
      DENOISE, INIT,
    ],
  },
  langevin: {
    title: "Langevin",
    meaning: "x ← x + τ s(x, σ) + √(2τ) z at one noise level.",
    parameters: [
      { name: "sigma", symbol: "σ", meaning: "the noise level" },
      { name: "tau", symbol: "τ", meaning: "the step size" },
      { name: "steps", symbol: "T", meaning: "how many steps" },
      { name: "noise", symbol: "noise", meaning: "whether z is added; without it a chain climbs to a mode", choices: [true, false] },
      DENOISE, INIT,
    ],
  },
  predictor_corrector: {
    title: "Predictor–corrector",
    meaning: "Reverse diffusion with Langevin steps between (Song et al. 2021).",
    parameters: [
      HIGH, LOW,
      { name: "levels", symbol: "N", meaning: "how many noise levels" },
      { name: "corrector_steps", symbol: "M", meaning: "Langevin steps at each level" },
      { name: "snr", symbol: "r", meaning: "signal-to-noise ratio of a Langevin step" },
      INIT,
    ],
  },
  ancestral: {
    title: "Ancestral",
    meaning: "Reverse diffusion in few, closed-form steps (Lu et al. 2022; Ho et al. 2020).",
    parameters: [
      { name: "solver", symbol: "solver", meaning: "how a step foresees the denoised image: as it is, or as it moves", choices: ["dpmpp2m", "ddpm"] },
      SIGMAS, HIGH, LOW,
      { name: "steps", symbol: "N", meaning: "how many steps" },
      RHO,
      { name: "eta", symbol: "η", meaning: "how much noise: 1 is reverse diffusion, 0 the probability flow" },
      INIT,
    ],
  },
  probability_flow: {
    title: "Probability flow",
    meaning: "The deterministic flow with the same densities: noise at the start only (Karras et al. 2022; Lu et al. 2022).",
    parameters: [
      { name: "solver", symbol: "solver", meaning: "how the flow is integrated", choices: ["heun", "dpmpp2m", "euler"] },
      SIGMAS, HIGH, LOW,
      { name: "steps", symbol: "N", meaning: "how many steps" },
      RHO, INIT,
    ],
  },
};

/** A number as a request has it: above 2⁵³ in digits, which lose nothing. @param {string} text */
export function number(text) {
  const value = Number(text.trim());
  const isExact = text.trim() !== "" && Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  return isExact ? value : text.trim();
}

/** What a request says for a parameter that the reader wrote. @param {string} name @param {string} text */
export function given(name, text) {
  const value = number(text);
  if (name === "init" && typeof value === "number") return { normal: { deviation: value } };
  return name === "sigmas" ? text.split(/[\s,]+/).filter(Boolean).map(number) : value;
}

/** A parameter in force, for people. @param {any} value of a sampler that the server told */
export function shown(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return String(Number(value.toPrecision(4)));
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (value?.normal) return shown(value.normal.deviation);
  if (value?.uniform) return `uniform, ${shown(value.uniform.low)} to ${shown(value.uniform.high)}`;
  return String(value ?? "");
}
