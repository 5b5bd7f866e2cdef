import { dataDirectory, deviceId, platform } from "./detect.js";
import { ConfigurationError } from "./errors.js";
import { warnings } from "./exposure.js";
import { find } from "./file.js";
import { plain, url } from "./values.js";

const DEFAULT_FILE = "synheart.json";
const DEFAULT_BASE_URL = "https://api.synheart.ai";
const BASE_URL_VARIABLE = "SYNHEART_API_URL";

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
  // Not shown by `console.log`, nor by `JSON.stringify`.
  #appApiKey;
  #capabilityToken;

  /** @param {Record<string, any>} values @param {string} appApiKey @param {string | null} capabilityToken */
  constructor(values, appApiKey, capabilityToken) {
    this.#appApiKey = appApiKey;
    this.#capabilityToken = capabilityToken;
    /** @type {string} */
    this.app_id = values.app_id;
    /** @type {string} */
    this.org_id = values.org_id;
    /** @type {string} */
    this.api_base_url = values.api_base_url;
    /** The URLs of single services, by name. @type {Readonly<Record<string, string>>} */
    this.enterprise = values.enterprise;
    /** The end user: given by the caller, never read from the file. @type {string | null} */
    this.subject_id = values.subject_id;
    /** @type {string} */
    this.device_id = values.device_id;
    /** @type {string} */
    this.platform = values.platform;
    /** @type {string} */
    this.app_version = values.app_version;
    /** Where the values were read from, if there is a file. @type {string | null} */
    this.path = values.path;
    /** Who else may read the file. @type {readonly string[]} */
    this.warnings = values.warnings;
    Object.freeze(this);
  }

  /** @returns {string} */
  get app_api_key() {
    return this.#appApiKey;
  }

  /** @returns {string | null} */
  get capability_token() {
    return this.#capabilityToken;
  }

  /** @param {string} subjectId */
  withSubjectId(subjectId) {
    const values = { ...this, subject_id: plain("subject_id", subjectId) };
    return new RuntimeConfiguration(values, this.#appApiKey, this.#capabilityToken);
  }
}

/**
 * Reads the file, and fills in what it does not say. Throws `ConfigurationError`, which names file, line and field. A file that
 * others may read gives a warning of the process.
 * @param {Options} [options]
 */
export function load(options = {}) {
  const environment = options.environment ?? process.env;
  const name = options.fileName ?? DEFAULT_FILE;
  const folders = [options.workingDirectory ?? process.cwd(), options.dataDirectory ?? dataDirectory(environment)];
  const found = find(options.path, folders, name);

  /** @param {"app_id" | "org_id" | "app_api_key" | "capability_token"} field */
  const value = (field) => (options[field] !== undefined ? plain(field, options[field]) : found?.text(field));
  /** @param {"app_id" | "org_id" | "app_api_key"} field */
  const required = (field) => {
    const known = value(field);
    if (known !== undefined) return known;
    const fix = found ? `Add it to the file, or pass ${field}.` : `Pass ${field}, or add a file ${name}.`;
    throw new ConfigurationError(`${field} is missing. ${fix}`, { path: found?.path, field });
  };
  /** @param {"subject_id" | "device_id" | "app_version"} field @param {() => string | null} other */
  const given = (field, other) => (options[field] === undefined ? other() : plain(field, options[field]));

  const enterprise = found?.enterprise() ?? {};
  const told = found ? warnings(found.path) : [];
  const values = {
    app_id: required("app_id"),
    org_id: required("org_id"),
    api_base_url: baseUrl(options.api_base_url, found, enterprise, environment),
    enterprise,
    subject_id: given("subject_id", () => null),
    device_id: given("device_id", deviceId),
    platform: platform(),
    app_version: given("app_version", () => environment.npm_package_version || "unknown"),
    path: found?.path ?? null,
    warnings: told,
  };
  const configuration = new RuntimeConfiguration(values, required("app_api_key"), value("capability_token") ?? null);
  for (const warning of told) process.emitWarning(warning);
  return configuration;
}

/**
 * @param {string | undefined} given
 * @param {import("./file.js").ConfigurationFile | undefined} found
 * @param {Record<string, string>} enterprise
 * @param {Readonly<Record<string, string | undefined>>} environment
 */
function baseUrl(given, found, enterprise, environment) {
  // The file is checked even if something else counts.
  const inFile = found?.url("api_base_url");
  if (given !== undefined) return url("api_base_url", given);
  const inEnvironment = environment[BASE_URL_VARIABLE];
  return (
    enterprise.api_base_url ??
    inFile ??
    (inEnvironment ? url(BASE_URL_VARIABLE, inEnvironment) : DEFAULT_BASE_URL)
  );
}
