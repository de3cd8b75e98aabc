/** log p from its slopes. */

import { SIDE } from "./field.js";

/** Steps of conjugate gradients: with the cosines' help far fewer bring it nearer than can be seen. */
const STEPS = 40;

/**
 * The surface L on the grid whose differences between neighbours are nearest, in the weighted sum of squares, to those that the
 * score gives: r = h (s + s′)/2 by the trapezoidal rule. An edge weighs 1/(1 + r²): where log p changes by more than one from point to
 * point the rule is rough, and far out, where networks err most, it changes by much. L is log p but for a constant; here its largest value is zero.
 * @param {import("./field.js").Field} field
 * @returns {Float64Array} [SIDE, SIDE], as the field
 */
export function logDensity({ window, across, up }) {
  const edges = neighbours(across, up, window.spacing / 2);
  const slopes = new Float64Array(SIDE * SIDE);
  for (const { from, to, rise, weight } of edges) {
    slopes[from] -= weight * rise;
    slopes[to] += weight * rise;
  }
  const surface = solve(edges, slopes);
  const top = surface.reduce((most, value) => Math.max(most, value), -Infinity);
  return surface.map((value) => value - top);
}

/** @typedef {{from: number, to: number, rise: number, weight: number}} Edge between neighbours of the grid */

/** @param {Float64Array} across @param {Float64Array} up @param {number} half of the spacing @returns {Edge[]} */
function neighbours(across, up, half) {
  const edge = (/** @type {number} */ from, /** @type {number} */ to, /** @type {Float64Array} */ slope) => {
    const rise = half * (slope[from] + slope[to]);
    return { from, to, rise, weight: 1 / (1 + rise * rise) };
  };
  return Array.from(across.keys()).flatMap((here) => [
    ...((here + 1) % SIDE === 0 ? [] : [edge(here, here + 1, across)]),
    ...(here + SIDE < SIDE * SIDE ? [edge(here, here + SIDE, up)] : []),
  ]);
}

/** The normal equations of the weighted squares, by preconditioned conjugate gradients. @param {Edge[]} edges @param {Float64Array} right */
function solve(edges, right) {
  const surface = new Float64Array(SIDE * SIDE);
  const rest = right.slice();
  let toward = unweighted(rest);
  const direction = toward.slice();
  let size = dot(rest, toward);
  for (let step = 0; step < STEPS && size > 1e-12; step += 1) {
    const change = new Float64Array(SIDE * SIDE);
    for (const { from, to, weight } of edges) {
      const flow = weight * (direction[to] - direction[from]);
      change[from] -= flow;
      change[to] += flow;
    }
    const length = size / dot(direction, change);
    surface.forEach((_, place) => {
      surface[place] += length * direction[place];
      rest[place] -= length * change[place];
    });
    toward = unweighted(rest);
    const next = dot(rest, toward);
    direction.forEach((value, place) => {
      direction[place] = toward[place] + (next / size) * value;
    });
    size = next;
  }
  return surface;
}

/** @param {Float64Array} a @param {Float64Array} b */
const dot = (a, b) => a.reduce((sum, value, place) => sum + value * b[place], 0);

/** What solves the equations where every edge weighs one, Poisson's with free edges: cosines diagonalise them. @param {Float64Array} right */
function unweighted(right) {
  const modes = bothWays(COSINES, right);
  const wave = (/** @type {number} */ k) => 2 - 2 * Math.cos((Math.PI * k) / SIDE);
  // The constant is free: mode (0, 0) is left at zero.
  modes[0] = 0;
  for (let mode = 1; mode < modes.length; mode += 1) modes[mode] /= wave(mode % SIDE) + wave(Math.floor(mode / SIDE));
  return bothWays(transposed(COSINES), modes);
}

/** The orthonormal cosine transform (DCT-II): row k is the k-th wave. */
const COSINES = Float64Array.from({ length: SIDE * SIDE }, (_, place) => {
  const [k, i] = [Math.floor(place / SIDE), place % SIDE];
  return Math.sqrt((k === 0 ? 1 : 2) / SIDE) * Math.cos((Math.PI * k * (i + 0.5)) / SIDE);
});

/** A B Aᵀ. @param {Float64Array} a @param {Float64Array} b */
const bothWays = (a, b) => product(product(a, b), transposed(a));

/** @param {Float64Array} a @param {Float64Array} b */
function product(a, b) {
  const out = new Float64Array(SIDE * SIDE);
  for (let row = 0; row < SIDE; row += 1) {
    for (let k = 0; k < SIDE; k += 1) {
      const factor = a[row * SIDE + k];
      for (let column = 0; column < SIDE; column += 1) out[row * SIDE + column] += factor * b[k * SIDE + column];
    }
  }
  return out;
}

/** @param {Float64Array} a */
const transposed = (a) => Float64Array.from(a, (_, place) => a[(place % SIDE) * SIDE + Math.floor(place / SIDE)]);
