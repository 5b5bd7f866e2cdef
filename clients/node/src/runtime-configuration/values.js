import { ConfigurationError } from "./errors.js";

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/**
 * A text for a header: nothing in it can begin another line.
 * @param {string} field
 * @param {unknown} value
 * @returns {string}
 */
export function plain(field, value) {
  if (typeof value !== "string") throw new ConfigurationError(`${field} has to be a text in quotes.`, { field });
  if (value === "") throw new ConfigurationError(`${field} is empty.`, { field });
  if (!/^[!-~]+$/.test(value)) {
    throw new ConfigurationError(`${field} has spaces or other characters that no id or key has.`, { field });
  }
  return value;
}

/**
 * Without the slash at its end.
 * @param {string} field
 * @param {unknown} value
 * @param {boolean} [allowPlainHttp]
 * @returns {string}
 */
export function url(field, value, allowPlainHttp = false) {
  const text = plain(field, value);
  const refuse = (/** @type {string} */ why) => new ConfigurationError(`${field} ${why}`, { field });
  const parts = /^(https?):\/\/([^/?#\\]+)([^?#\\]*)(.*)$/i.exec(text);
  const [, scheme = "", authority = "", , rest = ""] = parts ?? [];
  if (parts === null || !URL.canParse(text)) throw refuse("is no URL; write it like https://api.example.com.");
  if (authority.includes("@") || rest !== "") {
    throw refuse("may only have a host and a path, no password and no query.");
  }
  // As it is written: the parser reads 127.1 and 0x7f.1 as loopback, too.
  const host = authority.replace(/:[0-9]*$/, "").toLowerCase();
  if (scheme.toLowerCase() === "http" && !LOOPBACK.includes(host) && !allowPlainHttp) {
    throw refuse("has to begin with https://, so that nobody else reads the key.");
  }
  return text.replace(/\/+$/, "");
}
