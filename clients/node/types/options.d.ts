/**
 * Throws a `TypeError` for options that are not known, so that one that is spelled wrong does not let everybody in.
 * @param {string} what
 * @param {object} options
 * @param {readonly string[]} known
 */
export function check(what: string, options: object, known: readonly string[]): void;
