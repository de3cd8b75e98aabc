/** Reads what smld writes into a PNG: the text chunk `smld`, the request that makes it again. */

/**
 * @param {string} url a data URL of a PNG
 * @returns {any} the recipe; undefined where there is none
 */
export function recipe(url) {
  const bytes = Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  // After the signature of 8 bytes, each chunk is its length, its type, its data and a checksum.
  for (let start = 8; start + 8 <= bytes.length; ) {
    const length = view.getUint32(start);
    const text = String.fromCharCode(...bytes.subarray(start + 4, start + 13));
    if (text === "tEXtsmld\0") return JSON.parse(new TextDecoder("latin1").decode(bytes.subarray(start + 13, start + 8 + length)));
    start += length + 12;
  }
  return undefined;
}
