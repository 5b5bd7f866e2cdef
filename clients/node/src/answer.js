import { VerificationError } from "./errors.js";

/**
 * The limit that the key will reach first. `reset`: when the whole limit is available again, in seconds since 1970.
 * @typedef {{ limit: number, remaining: number, reset: number }} RateLimit
 */

/**
 * The key is valid for the request. Times are RFC 3339; `secret` is `previous` while the key is rotated and its old secret was used.
 * @typedef {object} Valid
 * @property {true} valid
 * @property {"valid"} code
 * @property {200} status
 * @property {string} key_id
 * @property {string} label
 * @property {string} org_id
 * @property {string | null} tenant_id
 * @property {string | null} project_id
 * @property {string | null} app_id
 * @property {string} environment
 * @property {"live" | "test"} mode
 * @property {readonly string[]} scopes
 * @property {string | null} expires_at
 * @property {"current" | "previous"} secret
 * @property {string | null} secret_expires_at
 * @property {Readonly<Record<string, unknown>>} metadata
 * @property {RateLimit | null} rate_limit
 * @property {string} request_id
 */

/**
 * The key is not valid for the request. `error` is the body for your client, in the shape of the portal's profile; `retry_after`
 * the seconds after which the same request can pass. Later versions of the portal may have more codes.
 * @typedef {object} Refused
 * @property {false} valid
 * @property {string} code
 * @property {number} status
 * @property {unknown} error
 * @property {RateLimit | null} rate_limit
 * @property {number | null} retry_after
 * @property {string} request_id
 */

/**
 * The result in an answer with status 200. Only what has all that makes it valid is valid.
 * @param {Buffer} body
 * @returns {Valid | Refused}
 */
export function parsed(body) {
  let answer;
  try {
    answer = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    throw new VerificationError("unexpected_answer", "it is no JSON", { status: 200 });
  }
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
    throw new VerificationError("unexpected_answer", "it is no JSON object", { status: 200 });
  }
  const fields = new Fields(answer);
  return answer.valid === true ? valid(fields) : refused(fields);
}

/** @param {Fields} fields @returns {Valid} */
function valid(fields) {
  fields.oneOf("code", ["valid"]);
  if (fields.number("status") !== 200) wrong("status");
  return Object.freeze({
    valid: true,
    code: "valid",
    status: 200,
    key_id: fields.id("key_id"),
    label: fields.text("label"),
    org_id: fields.id("org_id"),
    tenant_id: fields.optional("tenant_id", "id"),
    project_id: fields.optional("project_id", "id"),
    app_id: fields.optional("app_id", "id"),
    environment: fields.id("environment"),
    mode: fields.oneOf("mode", ["live", "test"]),
    // A cached result is given to several.
    scopes: frozen(fields.texts("scopes")),
    expires_at: fields.optional("expires_at", "text"),
    secret: fields.oneOf("secret", ["current", "previous"]),
    secret_expires_at: fields.optional("secret_expires_at", "text"),
    metadata: frozen(fields.object("metadata")),
    rate_limit: rateLimit(fields),
    request_id: fields.id("request_id"),
  });
}

/** @param {Fields} fields @returns {Refused} */
function refused(fields) {
  if (fields.get("valid") !== false) wrong("valid");
  const [code, status] = [fields.id("code"), fields.number("status")];
  if (code === "valid") wrong("code");
  if (status < 400 || status > 499) wrong("status");
  return Object.freeze({
    valid: false,
    code,
    status,
    error: fields.get("error") ?? null,
    rate_limit: rateLimit(fields),
    retry_after: fields.optional("retry_after", "number"),
    request_id: fields.id("request_id"),
  });
}

/** @param {Fields} fields @returns {RateLimit | null} */
function rateLimit(fields) {
  if ((fields.get("rate_limit") ?? null) === null) return null;
  const limit = new Fields(fields.object("rate_limit"));
  return frozen({ limit: limit.number("limit"), remaining: limit.number("remaining"), reset: limit.number("reset") });
}

/**
 * With all that is in it, however deep.
 * @template {object} T
 * @param {T} value
 * @returns {T}
 */
function frozen(value) {
  /** @type {object[]} */
  const waiting = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    Object.freeze(next);
    for (const held of Object.values(next)) if (typeof held === "object" && held !== null) waiting.push(held);
  }
  return value;
}

/** @param {string} name @returns {never} */
function wrong(name) {
  throw new VerificationError("unexpected_answer", `its field ${name} is wrong`, { status: 200 });
}

class Fields {
  #object;

  /** @param {Record<string, unknown>} object */
  constructor(object) {
    this.#object = object;
  }

  /** @param {string} name */
  get(name) {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
  }

  /** @param {string} name */
  text(name) {
    const value = this.get(name);
    return typeof value === "string" ? value : wrong(name);
  }

  /** @param {string} name */
  id(name) {
    return this.text(name) || wrong(name);
  }

  /** @param {string} name */
  number(name) {
    const value = this.get(name);
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : wrong(name);
  }

  /**
   * @template {"id" | "text" | "number"} Kind
   * @param {string} name
   * @param {Kind} kind
   * @returns {(Kind extends "number" ? number : string) | null}
   */
  optional(name, kind) {
    return /** @type {any} */ ((this.get(name) ?? null) === null ? null : this[kind](name));
  }

  /**
   * @template {string} T
   * @param {string} name
   * @param {T[]} allowed
   * @returns {T}
   */
  oneOf(name, allowed) {
    const value = /** @type {T} */ (this.text(name));
    return allowed.includes(value) ? value : wrong(name);
  }

  /** @param {string} name @returns {string[]} */
  texts(name) {
    const value = this.get(name);
    return Array.isArray(value) && value.every((one) => typeof one === "string") ? value : wrong(name);
  }

  /** @param {string} name @returns {Record<string, unknown>} */
  object(name) {
    const value = this.get(name);
    const is = typeof value === "object" && value !== null && !Array.isArray(value);
    return is ? /** @type {Record<string, unknown>} */ (value) : wrong(name);
  }
}
