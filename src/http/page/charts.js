/** The server's state over the last minute, from its metrics. */

import { ask, Problem } from "./api.js";
import { at, brief, el } from "./dom.js";

/** Seconds between looks, and looks that are kept. */
const [EVERY, KEPT] = [1, 60];
/** The size of a chart in its own units. */
const [WIDTH, HEIGHT] = [240, 56];

/**
 * A sum over the series of a metric, by its whole name.
 * @param {string} text the exposition, in Prometheus' text format @param {string} name
 */
export function total(text, name) {
  let sum = 0;
  for (const line of text.split("\n")) {
    const rest = line.startsWith(name) ? line.slice(name.length) : "";
    if (rest.startsWith(" ") || rest.startsWith("{")) sum += Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  return sum;
}

/** What there is to see at a moment: gauges, and counters since the server's start. @param {string} text */
const reading = (text) => ({
  at: performance.now() / 1000,
  used: total(text, "smld_slots_used"),
  capacity: total(text, "smld_slots_capacity"),
  running: total(text, "smld_requests_running"),
  waiting: total(text, "smld_requests_waiting"),
  chains: total(text, "smld_chains_waiting"),
  evaluations: total(text, "smld_score_evaluations_total"),
  rows: total(text, "smld_step_batch_rows_sum"),
  steps: total(text, "smld_step_batch_rows_count"),
});

/** @typedef {ReturnType<typeof reading>} Reading */

/** The charts: a name, the value between two readings, and a word on it. */
const CHARTS = [
  {
    name: "Evaluations a second",
    value: (/** @type {Reading} */ now, /** @type {Reading} */ then) => Math.max(0, now.evaluations - then.evaluations) / (now.at - then.at),
    word: (/** @type {Reading} */ { running }) => `${running} ${running === 1 ? "request" : "requests"} running`,
  },
  {
    name: "Rows a step",
    value: (/** @type {Reading} */ now, /** @type {Reading} */ then) => (now.steps > then.steps ? (now.rows - then.rows) / (now.steps - then.steps) : 0),
    word: () => "chains that share a call of the network",
  },
  {
    name: "Slots used",
    value: (/** @type {Reading} */ { used }) => used,
    word: (/** @type {Reading} */ { capacity }) => `of ${capacity}`,
  },
  {
    name: "Waiting chains",
    value: (/** @type {Reading} */ { chains }) => chains,
    word: (/** @type {Reading} */ { waiting }) => `${waiting} ${waiting === 1 ? "request has" : "requests have"} not begun`,
  },
];

/** Begins to look, as long as the page is seen. */
export function watchServer() {
  const charts = CHARTS.map(chart);
  at("charts").replaceChildren(...charts.map(({ card }) => card));
  /** @type {Reading | undefined} */ let before;
  /** @type {number | undefined} */ let next;
  const look = async () => {
    try {
      const now = reading(await (await ask("/metrics", { accept: "text/plain" })).text());
      if (before !== undefined) for (const { add } of charts) add(now, before);
      before = now;
      say("");
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      before = undefined;
      if (error.status === 404 || error.status === 401 || error.status === 403) {
        // It will not be otherwise in a second.
        say(`The figures are not to be had here: ${error.message}`);
        return;
      }
      say(error.message);
    }
    if (!document.hidden) next = setTimeout(look, 1000 * EVERY);
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(next);
    before = undefined;
    if (!document.hidden) look();
  });
  look();
}

/** @param {string} word */
function say(word) {
  if (at("charts-word").textContent !== word) at("charts-word").textContent = word;
  at("charts").classList.toggle("stale", word !== "");
}

/** One chart, empty. @param {(typeof CHARTS)[number]} kind */
function chart({ name, value, word }) {
  const svg = (/** @type {string} */ tag, /** @type {Record<string, string>} */ attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, text] of Object.entries(attributes)) element.setAttribute(key, text);
    return element;
  };
  const [area, line] = [svg("path", { class: "area" }), svg("path", { class: "line" })];
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  picture.append(area, line);
  const [figure, note, most] = [el("p", { className: "figure" }, "–"), el("p", { className: "help" }), el("span", { className: "most" })];
  const card = el("article", { className: "chart", "aria-label": name }, el("h3", {}, name), figure, el("div", { className: "plot" }, picture, most), note);
  /** @type {number[]} */ const values = [];
  const add = (/** @type {Reading} */ now, /** @type {Reading} */ then) => {
    values.push(value(now, then));
    if (values.length > KEPT) values.shift();
    const top = Math.max(1, ...values);
    const points = values.map((each, place) => `${((KEPT - values.length + place) / (KEPT - 1)) * WIDTH},${HEIGHT - 2 - (each / top) * (HEIGHT - 6)}`);
    line.setAttribute("d", `M${points.join("L")}`);
    area.setAttribute("d", `M${((KEPT - values.length) / (KEPT - 1)) * WIDTH},${HEIGHT}L${points.join("L")}L${WIDTH},${HEIGHT}Z`);
    figure.textContent = brief(values[values.length - 1]);
    most.textContent = Math.max(...values) > 0 ? `most ${brief(Math.max(...values))}` : "";
    note.textContent = word(now);
  };
  return { card, add };
}
