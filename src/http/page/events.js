/** Reads an event stream as it comes (WHATWG HTML, section 9.2). `EventSource` cannot POST. */

import { isAbort } from "./api.js";

/**
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<{name: string, data: any}>} each event, its data read as JSON; comments are passed over. A connection that
 *     breaks is the end
 */
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { value, done } = await reader.read().catch(broken);
      if (done) return;
      const blocks = (text + value).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const lines = block.split("\n");
        const of = (/** @type {string} */ field) => lines.filter((line) => line.startsWith(`${field}: `)).map((line) => line.slice(field.length + 2)).join("\n");
        if (of("data") !== "") yield { name: of("event"), data: JSON.parse(of("data")) };
      }
    }
  } finally {
    // Who stops listening closes the connection, which cancels the work.
    await reader.cancel().catch(() => {});
  }
}

/** @param {unknown} error @returns {{value: undefined, done: true}} */
function broken(error) {
  if (isAbort(error)) throw error;
  return { value: undefined, done: true };
}
