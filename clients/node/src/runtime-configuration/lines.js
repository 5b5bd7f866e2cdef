/**
 * The line of the last field with these names, from the outermost object on; `JSON.parse` does not tell. The text is valid JSON.
 * @param {string} text
 * @param {readonly string[]} names
 * @returns {number | undefined}
 */
export function lineOf(text, names) {
  /** @type {(string | null)[]} */
  const path = [];
  let previous = { word: "", at: 0 };
  let found;
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]/gs)) {
    const word = token[0];
    if (word === "{" || word === "[") path.push(null);
    else if (word === "}" || word === "]") path.pop();
    else if (word === ":" && path.length > 0) {
      path[path.length - 1] = JSON.parse(previous.word);
      if (path.length === names.length && path.every((name, at) => name === names[at])) found = lineAt(text, previous.at);
    }
    if (word.startsWith('"')) previous = { word, at: token.index };
  }
  return found;
}

/**
 * The line of a position, from 1.
 * @param {string} text
 * @param {number} at
 */
export function lineAt(text, at) {
  return text.slice(0, at).split("\n").length;
}

/**
 * Where this begins to be no JSON: at the first place that no longer JSON begins with. `JSON.parse` names it in some messages only,
 * and repeats the text in them.
 * @param {string} text
 */
export function brokenAt(text) {
  const token = /\s*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])|([{}[\]:,]))/y;
  /** @type {string[]} */
  const open = [];
  let expected = "value";
  while (true) {
    const at = token.lastIndex;
    const blank = /\S/.exec(text.slice(at))?.index ?? text.length - at;
    const found = token.exec(text);
    const kind = found === null ? "nothing" : found[1] !== undefined ? "text" : found[2] !== undefined ? "scalar" : (found[3] ?? "");
    const next = follow(expected, kind, open);
    if (next === undefined) return Math.min(at + blank, text.length);
    expected = next;
  }
}

/**
 * What may come after this; undefined if this may not come here.
 * @param {string} expected
 * @param {string} kind
 * @param {string[]} open
 * @returns {string | undefined}
 */
function follow(expected, kind, open) {
  const isValue = expected === "value" || expected === "value or ]";
  if (isValue && (kind === "text" || kind === "scalar")) return "next";
  if (isValue && kind === "{") return open.push("}"), "name or }";
  if (isValue && kind === "[") return open.push("]"), "value or ]";
  if ((expected === "name" || expected === "name or }") && kind === "text") return ":";
  if (expected === ":" && kind === ":") return "value";
  if (expected === "next" && kind === "," && open.length > 0) return open.at(-1) === "}" ? "name" : "value";
  const mayClose = expected === "next" || expected === `${kind === "}" ? "name" : "value"} or ${kind}`;
  if (mayClose && (kind === "}" || kind === "]") && open.at(-1) === kind) return open.pop(), "next";
  return undefined;
}
