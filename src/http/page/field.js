/** The score of a model of the plane, fetched on a grid and known between its points. */

import { askPatiently, Problem } from "./api.js";

/** Points along each side of the grid. */
export const SIDE = 64;
/** Rows of one request: what the server takes at most by default, and fewer where it has refused as many. */
let rows = 256;

/** The part of the plane that is shown: a square around what the model says its samples lie in. */
export class Window {
  /** @param {number[]} range [low, high] of the model */
  constructor([low, high]) {
    const [middle, reach] = [(low + high) / 2, (high - low) * 0.62];
    this.low = middle - reach;
    this.high = middle + reach;
  }

  /** The distance between points of the grid. */
  get spacing() {
    return (this.high - this.low) / (SIDE - 1);
  }

  /** Where (x, y) lies on a canvas of `side` pixels. @param {number} x @param {number} y @param {number} side */
  place(x, y, side) {
    const scale = side / (this.high - this.low);
    return [(x - this.low) * scale, (this.high - y) * scale];
  }
}

/** s(·, σ) on the grid: entry j SIDE + i is at column i from the left and row j from below. */
export class Field {
  /** @param {Window} window @param {Float64Array} across ∂/∂x of log p @param {Float64Array} up ∂/∂y of log p */
  constructor(window, across, up) {
    this.window = window;
    this.across = across;
    this.up = up;
  }

  /**
   * The score at (x, y).
   * @param {number} x @param {number} y @returns {[number, number]}
   */
  at(x, y) {
    const { low, spacing } = this.window;
    const [column, row] = [(x - low) / spacing, (y - low) / spacing];
    return [between(this.across, column, row), between(this.up, column, row)];
  }
}

/**
 * Bilinear between the four points of the grid around a place, outside of it that of its edge.
 * @param {Float64Array} values @param {number} column @param {number} row from below, in cells
 */
export function between(values, column, row) {
  const [i, u] = cell(column);
  const [j, v] = cell(row);
  const from = j * SIDE + i;
  return (1 - v) * ((1 - u) * values[from] + u * values[from + 1]) + v * ((1 - u) * values[from + SIDE] + u * values[from + SIDE + 1]);
}

/** The cell that a coordinate lies in, and how far into it. @param {number} place @returns {[number, number]} */
function cell(place) {
  const whole = Math.min(SIDE - 2, Math.max(0, Math.floor(place)));
  return [whole, Math.min(1, Math.max(0, place - whole))];
}

/**
 * Asks the server for the scores on the grid.
 * @param {string} model @param {number} sigma @param {Window} window @param {AbortSignal} signal
 */
export async function fetchField(model, sigma, window, signal) {
  const { low, spacing } = window;
  const points = Array.from({ length: SIDE * SIDE }, (_, place) => [low + (place % SIDE) * spacing, low + Math.floor(place / SIDE) * spacing]);
  const scores = await scoresAt(`/v1/models/${model}/score`, points, sigma, signal);
  return new Field(window, Float64Array.from(scores, ([across]) => across), Float64Array.from(scores, ([, up]) => up));
}

/**
 * The scores at `x`, whose rows are halved until the server takes as many.
 * @param {string} path @param {number[][]} x a power of two of them @param {number} sigma @param {AbortSignal} signal
 * @returns {Promise<number[][]>}
 */
async function scoresAt(path, x, sigma, signal) {
  if (x.length <= rows) {
    try {
      return (await (await askPatiently(path, { body: { x, sigma }, signal })).json()).score;
    } catch (error) {
      if (!(error instanceof Problem) || error.field !== "x" || x.length === 1) throw error;
      rows = Math.min(rows, x.length / 2);
    }
  }
  const halves = [x.slice(0, x.length / 2), x.slice(x.length / 2)];
  return (await Promise.all(halves.map((half) => scoresAt(path, half, sigma, signal)))).flat();
}
