/** What is wrong, and where. No message repeats a value, which may be a secret. */
export class ConfigurationError extends Error {
  /**
   * @param {string} message
   * @param {{ path?: string, line?: number, field?: string }} [where]
   */
  constructor(message, { path, line, field } = {}) {
    const place = path === undefined ? "" : line === undefined ? `${path}: ` : `${path}:${line}: `;
    super(place + message);
    this.name = "ConfigurationError";
    /** Without the place. */
    this.reason = message;
    this.path = path;
    this.line = line;
    this.field = field;
  }
}
