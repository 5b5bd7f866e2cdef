/**
 * The first file that is there. An explicit one has to be.
 * @param {string | undefined} explicit
 * @param {readonly (string | undefined)[]} folders
 * @param {string} name
 */
export function find(explicit: string | undefined, folders: readonly (string | undefined)[], name: string): ConfigurationFile | undefined;
/** What the file says. Only the fields that are asked for are looked at. */
export class ConfigurationFile {
    /** @param {string} path */
    constructor(path: string);
    path: string;
    /** @param {string} field @returns {string | undefined} */
    text(field: string): string | undefined;
    /** @param {string} field @returns {string | undefined} */
    url(field: string): string | undefined;
    /** The URLs of services, by name. @returns {Record<string, string>} */
    enterprise(): Record<string, string>;
    #private;
}
