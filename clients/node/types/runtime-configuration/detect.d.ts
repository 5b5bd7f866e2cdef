/** @returns {string} */
export function platform(): string;
/** The same on each start on this machine, and nothing that identifies it elsewhere. */
export function deviceId(): string;
/** @param {Readonly<Record<string, string | undefined>>} environment */
export function dataDirectory(environment: Readonly<Record<string, string | undefined>>): string | undefined;
