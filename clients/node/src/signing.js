import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * The signature of a request as it arrived, to be passed to `Client.verify`.
 * @typedef {{ timestamp: string, signature: string, body: Uint8Array }} RequestSignature
 */

export const TIMESTAMP_HEADER = "X-Sallyport-Timestamp";
export const SIGNATURE_HEADER = "X-Sallyport-Signature";
/** How far a timestamp may be from the clock, in seconds. */
const TOLERANCE = 300;

/** Why a signature is refused. */
export class SignatureError extends Error {
  /** @param {"malformed" | "out_of_time" | "wrong"} code */
  constructor(code) {
    super(`The signature is refused: ${code}.`);
    this.name = "SignatureError";
    this.code = code;
  }
}

/**
 * The headers of a signed request, in addition to the key (docs/signatures.md). Sign the bytes that are sent, and each request
 * by itself. `now` is in seconds since 1970.
 * @param {string} secret
 * @param {string | Uint8Array} body
 * @param {{ now?: number, timestampHeader?: string, signatureHeader?: string }} [options]
 * @returns {Record<string, string>}
 */
export function signRequest(secret, body, options = {}) {
  const { now = Date.now() / 1000, timestampHeader = TIMESTAMP_HEADER, signatureHeader = SIGNATURE_HEADER } = options;
  const timestamp = String(Math.floor(now));
  return { [timestampHeader]: timestamp, [signatureHeader]: hmac(secret, timestamp, body).toString("hex") };
}

/**
 * Throws `SignatureError` unless one of the secrets made this signature at about the current time. It does not know which
 * signatures were used before: the portal does (`Client.verify`).
 * @param {string | readonly string[]} secrets
 * @param {string | undefined} timestamp
 * @param {string | undefined} signature
 * @param {string | Uint8Array} body
 * @param {{ now?: number, tolerance?: number }} [options]
 * @returns {void}
 */
export function verifyRequest(secrets, timestamp, signature, body, options = {}) {
  const { now = Date.now() / 1000, tolerance = TOLERANCE } = options;
  if (typeof timestamp !== "string" || !/^[1-9][0-9]{0,10}$/.test(timestamp)) throw new SignatureError("malformed");
  if (typeof signature !== "string" || !/^[0-9a-f]{64}$/.test(signature)) throw new SignatureError("malformed");
  if (!(Math.abs(now - Number(timestamp)) <= tolerance)) throw new SignatureError("out_of_time");
  const given = Buffer.from(signature, "hex");
  let isSigned = false;
  for (const secret of typeof secrets === "string" ? [secrets] : secrets) {
    isSigned = timingSafeEqual(hmac(secret, timestamp, body), given) || isSigned;
  }
  if (!isSigned) throw new SignatureError("wrong");
}

/** @param {string} secret @param {string} timestamp @param {string | Uint8Array} body */
function hmac(secret, timestamp, body) {
  if (typeof secret !== "string" || secret === "") throw new TypeError("The signing secret is empty.");
  return createHmac("sha256", secret).update(timestamp).update(body).digest();
}
