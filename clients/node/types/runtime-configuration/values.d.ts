/**
 * A text for a header: nothing in it can begin another line.
 * @param {string} field
 * @param {unknown} value
 * @returns {string}
 */
export function plain(field: string, value: unknown): string;
/**
 * Without the slash at its end.
 * @param {string} field
 * @param {unknown} value
 * @param {boolean} [allowPlainHttp]
 * @returns {string}
 */
export function url(field: string, value: unknown, allowPlainHttp?: boolean): string;
