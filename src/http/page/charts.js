/** The server's state over the last minute, from its metrics. */

import { askPatiently, hasKey } from "./api.js";
import { at, brief, el } from "./dom.js";

/** Seconds between looks: with a key few, as each is a request of those that the key may make. */
const [OFTEN, SELDOM] = [1, 10];
/** Seconds that a chart shows. */
const SPAN = 60;
/** The size of a chart in its own units. */
const [WIDTH, HEIGHT] = [240, 56];

/**
 * A sum over the series of a metric, by its whole name.
 * @param {string} text the exposition, in Prometheus' text format @param {string} name
 */
function total(text, name) {
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

/**
 * Looks again and again, as long as the page is seen: one look after another, however often it is hidden and shown.
 * @param {() => Promise<unknown>} keyGiven waits until the reader has given a key
 */
export async function watchServer(keyGiven) {
  const charts = CHARTS.map(chart);
  at("charts").replaceChildren(...charts.map(({ card }) => card));
  /** @type {Reading | undefined} */ let before;
  for (;;) {
    try {
      const now = reading(await (await askPatiently("/metrics", { accept: "text/plain" })).text());
      if (before !== undefined) for (const { add } of charts) add(now, before);
      before = now;
      say("");
    } catch (error) {
      before = undefined;
      const { status, message } = /** @type {import("./api.js").Problem} */ (error);
      const isBarred = [401, 403, 404].includes(status);
      say(isBarred ? `The figures are not to be had here: ${message}` : message);
      if (status === 401) {
        await keyGiven();
        continue;
      }
      // It will not be otherwise in a second.
      if (isBarred) return;
    }
    await new Promise((later) => setTimeout(later, 1000 * (hasKey() ? SELDOM : OFTEN)));
    if (document.hidden) {
      await new Promise((shown) => document.addEventListener("visibilitychange", shown, { once: true }));
      before = undefined;
    }
  }
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
  const [figure, note, top] = [el("p", { className: "figure" }, "–"), el("p", { className: "help" }), el("span", { className: "most" })];
  const card = el("article", { className: "chart", "aria-label": name }, el("h3", {}, name), figure, el("div", { className: "plot" }, picture, top), note);
  /** When something was seen, and what. @type {[number, number][]} */ let seen = [];
  const add = (/** @type {Reading} */ now, /** @type {Reading} */ then) => {
    const latest = value(now, then);
    seen = [...seen.filter(([when]) => now.at - when < SPAN), [now.at, latest]];
    const most = Math.max(...seen.map(([, each]) => each));
    const across = (/** @type {number} */ when) => (1 - (now.at - when) / SPAN) * WIDTH;
    const points = seen.map(([when, each]) => `${across(when)},${HEIGHT - 2 - (each / Math.max(1, most)) * (HEIGHT - 6)}`);
    line.setAttribute("d", `M${points.join("L")}`);
    area.setAttribute("d", `M${across(seen[0][0])},${HEIGHT}L${points.join("L")}L${WIDTH},${HEIGHT}Z`);
    figure.textContent = brief(latest);
    top.textContent = most > 0 ? `most ${brief(most)}` : "";
    note.textContent = word(now);
  };
  return { card, add };
}
