import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * The headers that a profile names (`[webhooks]`), instead of those of Standard Webhooks.
 * @typedef {{ signature: string, prefix?: string, timestamp?: string }} WebhookForm
 */

/**
 * `id` is the same at each attempt: keep it, and ignore what you have seen. It is null in the form of a profile, which does not sign it.
 * `timestamp`: when it was sent, in seconds since 1970. `sequence`: the number of the delivery at this endpoint, to order by.
 * @typedef {object} WebhookEvent
 * @property {string | null} id
 * @property {string | null} type
 * @property {number} timestamp
 * @property {number | null} sequence
 * @property {Record<string, unknown>} data
 */

/** @typedef {Headers | Record<string, string | string[] | undefined>} WebhookHeaders */

/** How far a timestamp may be from the clock, in seconds. */
const TOLERANCE = 300;

/** The headers of the profile Helios. @type {Readonly<WebhookForm>} */
export const HELIOS = Object.freeze({
  signature: "X-Helios-Signature",
  prefix: "sha256=",
  timestamp: "X-Helios-Timestamp",
});

/** Why a delivery is refused. */
export class WebhookError extends Error {
  /** @param {"missing_header" | "malformed" | "out_of_time" | "wrong_signature"} code */
  constructor(code) {
    super(`The delivery is refused: ${code}.`);
    this.name = "WebhookError";
    this.code = code;
  }
}

/** Verifies deliveries of webhooks (docs/webhooks.md): Standard Webhooks 1.0, or the headers that a profile names. */
export class WebhookVerifier {
  #secrets;
  #form;
  #tolerance;

  /**
   * `secrets` are all that may sign: two while a secret is regenerated. Each begins with `whsec_`.
   * @param {string | readonly string[]} secrets
   * @param {{ form?: WebhookForm, tolerance?: number }} [options]
   */
  constructor(secrets, { form, tolerance = TOLERANCE } = {}) {
    const all = typeof secrets === "string" ? [secrets] : secrets;
    if (all.length === 0) throw new TypeError("A webhook needs at least one secret.");
    this.#secrets = all.map((text) => ({ text, key: key(text) }));
    this.#form = form;
    this.#tolerance = tolerance;
  }

  /**
   * The event, or `WebhookError`. `body` is what arrived, byte for byte, before anything parses it; `now` is in seconds since 1970.
   * @param {string | Uint8Array} body
   * @param {WebhookHeaders} headers
   * @param {{ now?: number }} [options]
   * @returns {WebhookEvent}
   */
  verify(body, headers, { now = Date.now() / 1000 } = {}) {
    const form = this.#form;
    const id = form ? null : header(headers, "webhook-id");
    const written = header(headers, form?.timestamp ?? "webhook-timestamp");
    const signatures = header(headers, form?.signature ?? "webhook-signature");
    if (!/^[1-9][0-9]{0,10}$/.test(written)) throw new WebhookError("malformed");
    const timestamp = Number(written);
    if (!(Math.abs(now - timestamp) <= this.#tolerance)) throw new WebhookError("out_of_time");
    const content = Buffer.from(body);
    let isSigned = false;
    for (const secret of this.#secrets) {
      const mac = createHmac("sha256", form ? secret.text : secret.key);
      mac.update(form ? `${written}.` : `${id}.${written}.`).update(content);
      const expected = form ? (form.prefix ?? "") + mac.digest("hex") : `v1,${mac.digest("base64")}`;
      for (const given of form ? [signatures] : signatures.split(" ")) isSigned = isEqual(expected, given) || isSigned;
    }
    if (!isSigned) throw new WebhookError("wrong_signature");
    return event(id, timestamp, content);
  }
}

/** @param {string} one @param {string} other */
function isEqual(one, other) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** @param {WebhookHeaders} headers @param {string} name */
function header(headers, name) {
  const wanted = name.toLowerCase();
  const all = headers instanceof Headers ? [...headers] : Object.entries(headers);
  const value = all.find(([held]) => held.toLowerCase() === wanted)?.[1];
  if (typeof value !== "string" || value === "") throw new WebhookError("missing_header");
  return value;
}

/** @param {string} secret */
function key(secret) {
  const text = typeof secret === "string" && secret.startsWith("whsec_") ? secret.slice("whsec_".length) : "";
  const bytes = Buffer.from(text, "base64");
  if (bytes.length < 24 || bytes.length > 64 || bytes.toString("base64") !== text) {
    throw new TypeError("A webhook's secret is `whsec_` and 24 to 64 bytes in base64.");
  }
  return bytes;
}

/** @param {string | null} id @param {number} timestamp @param {Buffer} body @returns {WebhookEvent} */
function event(id, timestamp, body) {
  let parsed;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new WebhookError("malformed");
  }
  const isObject = (/** @type {unknown} */ value) => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(parsed)) throw new WebhookError("malformed");
  const data = isObject(parsed.data) ? parsed.data : {};
  return {
    id,
    type: typeof parsed.type === "string" ? parsed.type : null,
    timestamp,
    sequence: Number.isSafeInteger(data.sequence) ? data.sequence : null,
    data,
  };
}
