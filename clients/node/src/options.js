/** Required of a key: one that is there without a value would require nothing. */
const REQUIRED = ["app_id", "scopes", "mode"];

/**
 * Throws a `TypeError` for options that are not known, so that one that is spelled wrong does not let everybody in.
 * @param {string} what
 * @param {object} options
 * @param {readonly string[]} known
 */
export function check(what, options, known) {
  if (typeof options !== "object" || options === null) throw new TypeError(`${what} takes an object.`);
  for (const name of Reflect.ownKeys(options)) {
    if (!known.includes(/** @type {string} */ (name))) {
      throw new TypeError(`${what} does not know ${String(name)}; it knows ${known.join(", ")}.`);
    }
    const isMissing = (/** @type {any} */ (options)[name] ?? null) === null;
    if (isMissing && REQUIRED.includes(/** @type {string} */ (name))) {
      throw new TypeError(`${String(name)} of ${what} has no value. Leave it out if the key may have any.`);
    }
  }
  const { scopes } = /** @type {{ scopes?: unknown }} */ (options);
  if (scopes !== undefined && !Array.isArray(scopes)) throw new TypeError("scopes is a list of texts.");
}
