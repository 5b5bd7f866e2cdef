/** Reads the runtime configuration of an app: the file that the portal gives for download. */

export { load } from "./configuration.js";
export { ConfigurationError } from "./errors.js";

/** @typedef {import("./configuration.js").RuntimeConfiguration} RuntimeConfiguration */
/** @typedef {import("./configuration.js").Options} Options */
