/** Asks the server: with the key, where there is one, and with its problems as errors. */

const KEY = "smld-key";

/** What the server answered in place of what was asked (RFC 9457). Its message is the server's own words. */
export class Problem extends Error {
  /**
   * @param {number} status zero where there was no answer
   * @param {{title?: string, detail?: string, field?: string}} told
   * @param {string | null} [retryAfter] seconds
   */
  constructor(status, told, retryAfter) {
    super(told.detail ?? told.title ?? `The server answered ${status}.`);
    this.status = status;
    this.title = told.title ?? "";
    /** The field that cannot be, as `sampler.steps`. */
    this.field = told.field;
    this.retryAfter = retryAfter ?? null;
  }
}

/** What is done when the server wants a key, with its words. @type {(words: string) => void} */
let unauthorised = () => {};

/** @param {(words: string) => void} act at every answer of 401 */
export function onUnauthorised(act) {
  unauthorised = act;
}

/** Keeps a key for this tab. @param {string} key */
export const keepKey = (key) => sessionStorage.setItem(KEY, key);
/** Whether there is a key. It is shown nowhere. */
export const hasKey = () => sessionStorage.getItem(KEY) !== null;

/**
 * One request.
 * @param {string} path
 * @param {{accept?: string, body?: unknown, signal?: AbortSignal}} [how] with a body it is a POST
 * @returns {Promise<Response>} an answer of success
 * @throws {Problem} anything else; an abort stays an AbortError
 */
export async function ask(path, { accept = "application/json", body, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { accept };
  const key = sessionStorage.getItem(KEY);
  if (key !== null) headers.authorization = `Bearer ${key}`;
  const init = { headers, signal, cache: /** @type {RequestCache} */ ("no-store") };
  if (body !== undefined) {
    headers["content-type"] = "application/json";
    Object.assign(init, { method: "POST", body: JSON.stringify(body) });
  }
  let response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, { title: "No answer", detail: "The server cannot be reached." });
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  const problem = new Problem(response.status, told, response.headers.get("retry-after"));
  if (problem.status === 401) unauthorised(problem.message);
  throw problem;
}

/**
 * As `ask`, but who is told to come back later does.
 * @param {string} path
 * @param {{accept?: string, body?: unknown, signal?: AbortSignal}} how
 */
export async function askPatiently(path, how) {
  for (;;) {
    try {
      return await ask(path, how);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 429 || error.retryAfter === null) throw error;
      const seconds = Number(error.retryAfter);
      await new Promise((later) => setTimeout(later, 1000 * seconds));
      how.signal?.throwIfAborted();
    }
  }
}

/** Whether an error is only that the reader stopped it. @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";
