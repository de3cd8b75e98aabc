/** Particles that move by Langevin steps, and the trails they leave. */

/** How many there are: few enough to follow one with the eye. */
const COUNT = 120;
/** Steps that a trail shows. */
const TRAIL = 16;
/** Bands of age that a trail fades in. */
const BANDS = 6;

/** A number from N(0, 1), by Box and Muller. */
function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

/** @param {number[]} a @param {number[]} b */
const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

export class Particles {
  /** The last places of each, the newest last: [x, y, x, y, …]. @type {number[][]} */
  #paths = [];

  /**
   * Puts all of them anew: anywhere in the window, or as noise of the deviation `sigma` around its middle.
   * @param {import("./field.js").Window} window @param {number} [sigma]
   */
  scatter({ low, high }, sigma) {
    const place = () => (sigma === undefined ? low + (high - low) * Math.random() : (low + high) / 2 + sigma * normal());
    this.#paths = Array.from({ length: COUNT }, () => [place(), place()]);
  }

  /**
   * x ← x + τ s(x, σ) + √(2τ) z for each. One that leaves the finite range stays where it was.
   * @param {import("./field.js").Field} field of the noise level @param {number} tau @param {boolean} noise
   */
  step(field, tau, noise) {
    const shake = noise ? Math.sqrt(2 * tau) : 0;
    for (const path of this.#paths) {
      const [x, y] = path.slice(-2);
      const [across, up] = field.at(x, y);
      const next = [x + tau * across + shake * normal(), y + tau * up + shake * normal()];
      path.push(...(next.every(Number.isFinite) ? next : [x, y]));
      if (path.length > 2 * (TRAIL + 1)) path.splice(0, 2);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {import("./field.js").Window} window @param {number} side of the canvas
   * @param {{part: number, trails: boolean, color: string, scale: number}} how `part` of the way from the last place but one to
   *     the last; `scale`: device pixels of a pixel
   */
  paint(context, window, side, { part, trails, color, scale }) {
    context.clearRect(0, 0, side, side);
    context.strokeStyle = context.fillStyle = color;
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = 1.1 * scale;
    const bands = Array.from({ length: BANDS }, () => new Path2D());
    const heads = new Path2D();
    for (const path of this.#paths) {
      const places = [];
      for (let at = 0; at < path.length; at += 2) places.push(window.place(path[at], path[at + 1], side));
      const last = places.length - 1;
      // The eye follows a glide better than a leap.
      if (last > 0) places[last] = places[last].map((end, axis) => places[last - 1][axis] + part * (end - places[last - 1][axis]));
      // Rounded: from the middle of one step to the middle of the next.
      for (let at = 1; at <= last; at += 1) {
        const age = last - at + part;
        const band = bands[Math.min(BANDS - 1, Math.floor((age / TRAIL) * BANDS))];
        const from = at === 1 ? places[0] : middle(places[at - 2], places[at - 1]);
        const to = at === last ? places[last] : middle(places[at - 1], places[at]);
        band.moveTo(from[0], from[1]);
        band.quadraticCurveTo(places[at - 1][0], places[at - 1][1], to[0], to[1]);
      }
      heads.moveTo(places[last][0] + 2.4 * scale, places[last][1]);
      heads.arc(places[last][0], places[last][1], 2.4 * scale, 0, 2 * Math.PI);
    }
    if (trails) {
      bands.forEach((band, age) => {
        context.globalAlpha = 0.5 * (1 - age / BANDS) ** 2;
        context.stroke(band);
      });
    }
    context.globalAlpha = 0.95;
    context.fill(heads);
  }
}
