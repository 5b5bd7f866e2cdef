/**
 * Reads the file, and fills in what it does not say. Throws `ConfigurationError`, which names file, line and field. A file that
 * others may read gives a warning of the process.
 * @param {Options} [options]
 */
export function load(options?: Options): RuntimeConfiguration;
/**
 * What the caller says itself; without it, everything is looked up. `path` has to exist; without it: the working directory, then
 * the platform's data directory. `app_version` is that of the program. `environment` is read instead of this process's.
 * @typedef {object} Options
 * @property {string} [path]
 * @property {string} [app_id]
 * @property {string} [org_id]
 * @property {string} [app_api_key]
 * @property {string} [api_base_url]
 * @property {string} [capability_token]
 * @property {string} [subject_id]
 * @property {string} [device_id]
 * @property {string} [app_version]
 * @property {string} [fileName]
 * @property {string} [workingDirectory]
 * @property {string} [dataDirectory]
 * @property {Readonly<Record<string, string | undefined>>} [environment]
 */
/** Each value is an argument, else from the file, else (only the base URL) from the environment, else a default. */
export class RuntimeConfiguration {
    /** @param {Record<string, any>} values @param {string} appApiKey @param {string | null} capabilityToken */
    constructor(values: Record<string, any>, appApiKey: string, capabilityToken: string | null);
    /** @type {string} */
    app_id: string;
    /** @type {string} */
    org_id: string;
    /** @type {string} */
    api_base_url: string;
    /** The URLs of single services, by name. @type {Readonly<Record<string, string>>} */
    enterprise: Readonly<Record<string, string>>;
    /** The end user: given by the caller, never read from the file. @type {string | null} */
    subject_id: string | null;
    /** @type {string} */
    device_id: string;
    /** @type {string} */
    platform: string;
    /** @type {string} */
    app_version: string;
    /** Where the values were read from, if there is a file. @type {string | null} */
    path: string | null;
    /** Who else may read the file. @type {readonly string[]} */
    warnings: readonly string[];
    /** @returns {string} */
    get app_api_key(): string;
    /** @returns {string | null} */
    get capability_token(): string | null;
    /** @param {string} subjectId */
    withSubjectId(subjectId: string): RuntimeConfiguration;
    #private;
}
/**
 * What the caller says itself; without it, everything is looked up. `path` has to exist; without it: the working directory, then
 * the platform's data directory. `app_version` is that of the program. `environment` is read instead of this process's.
 */
export type Options = {
    path?: string | undefined;
    app_id?: string | undefined;
    org_id?: string | undefined;
    app_api_key?: string | undefined;
    api_base_url?: string | undefined;
    capability_token?: string | undefined;
    subject_id?: string | undefined;
    device_id?: string | undefined;
    app_version?: string | undefined;
    fileName?: string | undefined;
    workingDirectory?: string | undefined;
    dataDirectory?: string | undefined;
    environment?: Readonly<Record<string, string | undefined>> | undefined;
};
