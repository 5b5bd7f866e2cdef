import { isIP } from "node:net";

import { RefusedError } from "./errors.js";
import { check } from "./options.js";
import { SIGNATURE_HEADER, TIMESTAMP_HEADER } from "./signing.js";

/** @import { RateLimit } from "./answer.js" */
/** @import { Client } from "./client.js" */
/** @import { RequestSignature } from "./signing.js" */

/**
 * @typedef {object} MiddlewareOptions
 * @property {Client} client
 * @property {string} [app_id] Required of each key, as the next three are.
 * @property {readonly string[]} [scopes]
 * @property {"live" | "test"} [mode]
 * @property {boolean} [ingestion]
 * @property {boolean} [signed] Reads the body and passes the signature on: a key that requires signed requests is refused otherwise.
 * @property {number} [maxBody] How many bytes a body may have that is read for its signature; default 128 KiB.
 * @property {readonly string[]} [headers] Those with the key; `authorization` is read as a Bearer token.
 * @property {string} [timestampHeader]
 * @property {string} [signatureHeader]
 * @property {string} [challenge] `WWW-Authenticate` of a 401; default `Bearer`.
 * @property {(error: unknown) => void} [onError] Told why a request is answered with 503; a `VerificationError` has neither key nor token.
 */

export const LONGEST_BODY = 128 * 1024;
const OPTIONS = ["client", "app_id", "scopes", "mode", "ingestion", "signed", "maxBody", "headers", "timestampHeader"];
OPTIONS.push("signatureHeader", "challenge", "onError");

/**
 * Throws a `TypeError` for options that are not known, or require nothing.
 * @param {string} what
 * @param {MiddlewareOptions} options
 * @param {readonly string[]} [more] Those that only this middleware has.
 */
export function checkOptions(what, options, more = []) {
  check(what, options, [...OPTIONS, ...more]);
  if (typeof options.client?.verify !== "function") throw new TypeError(`${what} needs a client.`);
}

/** @typedef {(name: string) => string | undefined} HeaderReader */

/**
 * The key that the client sent.
 * @param {HeaderReader} header
 * @param {readonly string[]} [names]
 * @returns {string | undefined}
 */
export function sentKey(header, names = ["x-api-key", "authorization"]) {
  for (const name of names.map((name) => name.toLowerCase())) {
    let value = header(name);
    if (name === "authorization") value = /^bearer +(.*)$/i.exec(value ?? "")?.[1];
    if (value?.trim()) return value.trim();
  }
  return undefined;
}

/**
 * The signature of a request whose body was read.
 * @param {HeaderReader} header
 * @param {Uint8Array} body
 * @param {MiddlewareOptions} options
 * @returns {RequestSignature | undefined}
 */
export function sentSignature(header, body, options) {
  const timestamp = header((options.timestampHeader ?? TIMESTAMP_HEADER).toLowerCase());
  const signature = header((options.signatureHeader ?? SIGNATURE_HEADER).toLowerCase());
  if (timestamp === undefined && signature === undefined) return undefined;
  return { timestamp: timestamp ?? "", signature: signature ?? "", body };
}

/**
 * What is required of the key for this request.
 * @param {MiddlewareOptions} options
 * @param {{ method: string, path: string, ip: string | undefined, signature: RequestSignature | undefined }} request
 */
export function required({ app_id, scopes, mode, ingestion }, { method, path, ip, signature }) {
  const address = ip?.split("%")[0] ?? "";
  return {
    ...(app_id === undefined ? {} : { app_id }),
    ...(scopes === undefined ? {} : { scopes }),
    ...(mode === undefined ? {} : { mode }),
    ingestion,
    method,
    path,
    ip: isIP(address) ? address : undefined,
    signature,
  };
}

/** @param {RateLimit | null} limit @returns {Record<string, string>} */
export function limitHeaders(limit) {
  if (limit === null) return {};
  return {
    "x-ratelimit-limit": String(limit.limit),
    "x-ratelimit-remaining": String(limit.remaining),
    "x-ratelimit-reset": String(limit.reset),
  };
}

/**
 * What to answer a client whose request does not pass. Whatever is not a refusal by the portal is 503.
 * @param {unknown} error
 * @param {MiddlewareOptions} options
 */
export function answerTo(error, options) {
  if (!(error instanceof RefusedError)) {
    try {
      options.onError?.(error);
    } catch {
      // The client is answered all the same.
    }
    const retryAfter = /** @type {{ retryAfter?: number }} */ (error)?.retryAfter ?? 1;
    const detail = "Keys can't be verified at the moment.";
    return problem(503, "Service Unavailable", detail, { "retry-after": String(retryAfter) });
  }
  const { status, error: body, rate_limit, retry_after } = error.verification;
  const headers = limitHeaders(rate_limit);
  if (status === 401) headers["www-authenticate"] = options.challenge ?? "Bearer";
  if (retry_after !== null) headers["retry-after"] = String(retry_after);
  return answer(status, body, headers);
}

export const tooLong = () => problem(413, "Content Too Large", "The body is too long.", {});

/** @param {number} status @param {string} title @param {string} detail @param {Record<string, string>} headers */
function problem(status, title, detail, headers) {
  return answer(status, { type: "about:blank", title, status, detail }, headers);
}

/** @param {number} status @param {unknown} content @param {Record<string, string>} headers */
function answer(status, content, headers) {
  const isProblem = typeof content === "object" && content !== null && "type" in content && "title" in content;
  const type = isProblem ? "application/problem+json" : "application/json";
  return {
    status,
    headers: { ...headers, "content-type": type, "cache-control": "no-store" },
    body: JSON.stringify(content),
  };
}
