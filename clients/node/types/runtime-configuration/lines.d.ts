/**
 * The line of the last field with these names, from the outermost object on; `JSON.parse` does not tell. The text is valid JSON.
 * @param {string} text
 * @param {readonly string[]} names
 * @returns {number | undefined}
 */
export function lineOf(text: string, names: readonly string[]): number | undefined;
/**
 * The line of a position, from 1.
 * @param {string} text
 * @param {number} at
 */
export function lineAt(text: string, at: number): number;
/**
 * Where this begins to be no JSON: at the first place that no longer JSON begins with. `JSON.parse` names it in some messages only,
 * and repeats the text in them.
 * @param {string} text
 */
export function brokenAt(text: string): number;
