export { load } from "./configuration.js";
export { ConfigurationError } from "./errors.js";
export type RuntimeConfiguration = import("./configuration.js").RuntimeConfiguration;
export type Options = import("./configuration.js").Options;
