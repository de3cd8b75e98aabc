/** A request as a command that others can run. */

/** Where a key is read from; the key itself is never copied. */
const VARIABLE = "SMLD_KEY";

/** @param {string} text one word of a shell */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * @param {object} body
 * @param {{file: string, key: boolean}} how the file to write, and whether the server wants a key
 */
export function curl(body, { file, key }) {
  const lines = [
    `curl -sf ${quoted(`${location.origin}/v1/samples`)}`,
    "-H 'accept: image/png' -H 'content-type: application/json'",
    ...(key ? [`-H "authorization: Bearer $${VARIABLE}"`] : []),
    `-d ${quoted(JSON.stringify(body))}`,
    `-o ${quoted(file)}`,
  ];
  return lines.join(" \\\n  ");
}

/** The same with Python's own library. @param {object} body @param {{file: string, key: boolean}} how */
export function python(body, { file, key }) {
  const authorization = key ? `, "Authorization": "Bearer " + os.environ["${VARIABLE}"]` : "";
  return `import json
${key ? "import os\n" : ""}import urllib.request

body = ${literal(body)}
headers = {"Accept": "image/png", "Content-Type": "application/json"${authorization}}
request = urllib.request.Request(${JSON.stringify(`${location.origin}/v1/samples`)}, json.dumps(body).encode(), headers)
with urllib.request.urlopen(request) as answer, open(${JSON.stringify(file)}, "wb") as picture:
    picture.write(answer.read())
`;
}

/** A value of JSON as Python writes it. @param {any} value @returns {string} */
function literal(value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${literal(inner)}`).join(", ")}}`;
}

/**
 * Puts text on the clipboard. Browsers allow it on secure origins only; elsewhere by the older command.
 * @param {string} text
 * @returns {Promise<boolean>} whether it is there
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    // A dialog makes everything outside of it inert.
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
