/** What the particles move over: the density as a wash, its contours, and the score as arrows. */

import { SIDE, between } from "./field.js";

/** Heights of the contours below the top, in log p: −k²/2, as those of a Gaussian k standard deviations out. */
const HEIGHTS = [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4].map((k) => -(k * k) / 2);
/** Pixels of the wash for each of the grid, along a side. */
const FINE = 4;
/** Arrows along a side. */
const ARROWS = 19;

/**
 * @param {CanvasRenderingContext2D} context @param {number} side of the canvas in device pixels @param {number} scale device pixels of a pixel
 * @param {import("./field.js").Field} field @param {Float64Array} heights log p on the grid
 * @param {{density: string, contour: string, score: string}} colors
 */
export function paintLandscape(context, side, scale, field, heights, colors) {
  context.clearRect(0, 0, side, side);
  context.globalAlpha = 1;
  context.imageSmoothingQuality = "high";
  // The grid's points lie on the window's edges.
  context.drawImage(wash(heights, colors.density), 0, 0, side, side);
  context.strokeStyle = colors.contour;
  context.lineWidth = scale;
  for (const height of HEIGHTS) {
    context.globalAlpha = 0.16 + 0.4 * Math.exp(height / 4);
    context.stroke(contour(heights, height, side / (SIDE - 1)));
  }
  context.globalAlpha = 0.6;
  context.strokeStyle = context.fillStyle = colors.score;
  context.lineWidth = 1.1 * scale;
  context.lineCap = "round";
  paintArrows(context, side, scale, field);
}

/** The density, as a picture whose opacity it is. @param {Float64Array} heights @param {string} color */
function wash(heights, color) {
  const size = FINE * (SIDE - 1);
  const canvas = new OffscreenCanvas(size, size);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(size, size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      const height = between(heights, (column + 0.5) / FINE, SIDE - 1 - (row + 0.5) / FINE);
      image.data[4 * (row * size + column) + 3] = 255 * Math.exp(0.6 * height);
    }
  }
  context.putImageData(image, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = color;
  context.fillRect(0, 0, size, size);
  return canvas;
}

/** The line where `values` pass `level`, by marching squares. @param {Float64Array} values @param {number} level @param {number} pitch pixels of a cell */
function contour(values, level, pitch) {
  const path = new Path2D();
  const bottom = (SIDE - 1) * pitch;
  for (let j = 0; j + 1 < SIDE; j += 1) {
    for (let i = 0; i + 1 < SIDE; i += 1) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      const height = corners.map(([x, y]) => values[y * SIDE + x] - level);
      // Around the cell, the places where an edge is crossed; of four, as on a saddle, neighbours are joined.
      const crossings = corners.flatMap(([x, y], at) => {
        const next = (at + 1) % 4;
        if (height[at] < 0 === height[next] < 0) return [];
        const part = height[at] / (height[at] - height[next]);
        return [[(x + part * (corners[next][0] - x)) * pitch, bottom - (y + part * (corners[next][1] - y)) * pitch]];
      });
      for (let at = 0; at + 1 < crossings.length; at += 2) {
        path.moveTo(crossings[at][0], crossings[at][1]);
        path.lineTo(crossings[at + 1][0], crossings[at + 1][1]);
      }
    }
  }
  return path;
}

/** Arrows along the score. Scores far out are many times those within, so a length tells more and less, not how many times. */
function paintArrows(/** @type {CanvasRenderingContext2D} */ context, /** @type {number} */ side, /** @type {number} */ scale, /** @type {import("./field.js").Field} */ field) {
  const { window } = field;
  const pitch = (window.high - window.low) / ARROWS;
  const arrows = Array.from({ length: ARROWS * ARROWS }, (_, place) => {
    const [x, y] = [window.low + ((place % ARROWS) + 0.5) * pitch, window.low + (Math.floor(place / ARROWS) + 0.5) * pitch];
    const [across, up] = field.at(x, y);
    return { x, y, across, up, size: Math.hypot(across, up) };
  });
  const median = arrows.map(({ size }) => size).sort((a, b) => a - b)[arrows.length >> 1];
  const [lines, heads] = [new Path2D(), new Path2D()];
  for (const { x, y, across, up, size } of arrows) {
    const length = (0.82 * (side / ARROWS) * size) / (size + 0.6 * median);
    if (!(length > 2 * scale)) continue;
    const [right, down] = [across / size, -up / size];
    const [left, top] = window.place(x, y, side);
    const end = [left + 0.5 * length * right, top + 0.5 * length * down];
    lines.moveTo(left - 0.5 * length * right, top - 0.5 * length * down);
    lines.lineTo(end[0], end[1]);
    const head = Math.min(3.4 * scale, 0.45 * length);
    heads.moveTo(end[0] + head * 0.6 * right, end[1] + head * 0.6 * down);
    heads.lineTo(end[0] - head * (right + 0.5 * down), end[1] - head * (down - 0.5 * right));
    heads.lineTo(end[0] - head * (right - 0.5 * down), end[1] - head * (down + 0.5 * right));
    heads.closePath();
  }
  context.stroke(lines);
  context.fill(heads);
}
