/**
 * Whether others may read the file, which contains a key.
 * @param {string} path
 * @returns {string[]}
 */
export function warnings(path: string): string[];
