import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

import { ConfigurationError } from "./errors.js";
import { brokenAt, lineAt, lineOf } from "./lines.js";
import { plain, url } from "./values.js";

/** A configuration has less than one KB. */
const LONGEST = 1024 * 1024;

/**
 * The first file that is there. An explicit one has to be.
 * @param {string | undefined} explicit
 * @param {readonly (string | undefined)[]} folders
 * @param {string} name
 */
export function find(explicit, folders, name) {
  if (explicit !== undefined) return new ConfigurationFile(explicit);
  const path = folders
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, name))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  return path === undefined ? undefined : new ConfigurationFile(path);
}

/** What the file says. Only the fields that are asked for are looked at. */
export class ConfigurationFile {
  #text;
  #object;

  /** @param {string} path */
  constructor(path) {
    this.path = path;
    this.#text = content(path);
    this.#object = this.#parsed();
  }

  /** @returns {Record<string, unknown>} */
  #parsed() {
    let parsed;
    try {
      parsed = JSON.parse(this.#text);
    } catch {
      // The engine's own message repeats the text.
      const line = lineAt(this.#text, brokenAt(this.#text));
      throw new ConfigurationError("This is no JSON.", { path: this.path, line });
    }
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
      const line = lineAt(this.#text, this.#text.length - this.#text.trimStart().length);
      throw new ConfigurationError("The file has to be a JSON object: { … }.", { path: this.path, line });
    }
    return parsed;
  }

  /** @param {string} field @returns {string | undefined} */
  text(field) {
    return this.#checked([field], this.#own(field), plain);
  }

  /** @param {string} field @returns {string | undefined} */
  url(field) {
    return this.#checked([field], this.#own(field), url);
  }

  /** The URLs of services, by name. @returns {Record<string, string>} */
  enterprise() {
    const block = this.#own("enterprise") ?? null;
    if (block === null) return {};
    if (typeof block !== "object" || Array.isArray(block)) {
      throw this.#at(["enterprise"], "enterprise has to be an object: the URLs of services, by name.");
    }
    const urls = Object.entries(block).map(([name, value]) => [name, this.#checked(["enterprise", name], value, url)]);
    return Object.fromEntries(urls.filter(([, value]) => value !== undefined));
  }

  /** @param {string} field */
  #own(field) {
    return Object.hasOwn(this.#object, field) ? this.#object[field] : undefined;
  }

  /**
   * @param {string[]} names
   * @param {unknown} value
   * @param {(field: string, value: unknown) => string} check
   */
  #checked(names, value, check) {
    if ((value ?? null) === null) return undefined;
    try {
      return check(names.join("."), value);
    } catch (error) {
      throw error instanceof ConfigurationError ? this.#at(names, error.reason) : error;
    }
  }

  /** @param {string[]} names @param {string} message */
  #at(names, message) {
    return new ConfigurationError(message, { path: this.path, line: lineOf(this.#text, names), field: names.join(".") });
  }
}

/** @param {string} path */
function content(path) {
  const bytes = Buffer.alloc(LONGEST + 1);
  let length = 0;
  try {
    const file = openSync(path, "r");
    try {
      for (let read = 1; read > 0 && length < bytes.length; length += read) {
        read = readSync(file, bytes, length, bytes.length - length, null);
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new ConfigurationError(`The file can't be read: ${code}.`, { path });
  }
  if (length > LONGEST) throw new ConfigurationError("The file is too long for a configuration: more than 1 MB.", { path });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
  } catch {
    throw new ConfigurationError("The file is not in UTF-8.", { path });
  }
}
