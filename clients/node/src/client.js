import { parsed } from "./answer.js";
import { Cache, LONGEST_MS } from "./cache.js";
import { RefusedError, VerificationError } from "./errors.js";
import { check } from "./options.js";
import { plain, url } from "./runtime-configuration/values.js";
import { Transport } from "./transport.js";

/** @import { Valid } from "./answer.js" */
/** @import { RequestSignature } from "./signing.js" */

const PATH = "/v1/keys/verify";
const REQUIRED = ["app_id", "scopes", "mode", "ingestion", "method", "path", "any_path", "ip", "cost", "signature"];

/**
 * @typedef {object} ClientOptions
 * @property {string} baseUrl The address of the portal.
 * @property {string} token A root token that may verify.
 * @property {number} [timeoutMs] How long a call takes at most, with everything that it does; default 2,000.
 * @property {number} [cacheMs] At most 1,000; default 0. Remembers valid results: a revoked key is then accepted for that much
 *   longer, and requests that are answered from memory count against no limit and are in no usage. Signed requests are always asked.
 * @property {number} [maxIdleConnections] Default 16.
 * @property {boolean} [allowPlainHttp] Sends token and keys unencrypted to hosts other than this machine.
 * @property {string | Buffer} [ca] A certificate authority of your own, in PEM.
 */

/**
 * What is required of the key, and the client's request (docs/verifier.md). `path` is without the query.
 * @typedef {object} Required
 * @property {string} [app_id]
 * @property {readonly string[]} [scopes]
 * @property {"live" | "test"} [mode]
 * @property {boolean} [ingestion]
 * @property {string} [method]
 * @property {string} [path]
 * @property {boolean} [any_path]
 * @property {string} [ip]
 * @property {number} [cost]
 * @property {RequestSignature} [signature]
 */

/** A client of `POST /v1/keys/verify`. Make one for the process: it keeps its connections. */
export class Client {
  #transport;
  #cache;

  /** @param {ClientOptions} options */
  constructor({
    baseUrl,
    token,
    timeoutMs = 2000,
    cacheMs = 0,
    maxIdleConnections = 16,
    allowPlainHttp = false,
    ca,
  }) {
    if (!(timeoutMs > 0 && timeoutMs <= 60_000)) throw new RangeError("timeoutMs is more than 0 and at most 60,000.");
    if (!(cacheMs >= 0 && cacheMs <= LONGEST_MS)) {
      throw new RangeError("cacheMs is at most 1,000: revocations have to take effect.");
    }
    const headers = {
      authorization: `Bearer ${plain("token", token)}`,
      "content-type": "application/json",
      accept: "application/json",
      "user-agent": "sallyport-client-node/0.1",
    };
    this.#transport = new Transport(url("baseUrl", baseUrl, allowPlainHttp), headers, timeoutMs, maxIdleConnections, ca);
    this.#cache = cacheMs > 0 ? new Cache(cacheMs) : undefined;
  }

  /**
   * What is known of the key, if it is valid for the request. Throws `RefusedError` if it is not, and `VerificationError` if nothing
   * can be said: every object is true in an `if`, so that only a valid one is returned.
   *
   * `key` is what your client sent; without one it is refused as `missing`. A requirement that is not known, or has no value, is a
   * `TypeError`.
   * @param {string | null | undefined} key
   * @param {Required} [required]
   * @returns {Promise<Valid>}
   */
  async verify(key, required = {}) {
    check("verify", required, REQUIRED);
    const { signature } = required;
    const asked = {
      key: key ?? undefined,
      app_id: required.app_id,
      scopes: list(required.scopes),
      mode: required.mode,
      ingestion: required.ingestion || undefined,
      method: required.method,
      path: required.path,
      any_path: required.any_path || undefined,
      ip: required.ip,
      cost: required.cost,
      signature: signature && {
        timestamp: signature.timestamp,
        signature: signature.signature,
        body_base64: Buffer.from(signature.body).toString("base64"),
      },
    };
    const body = JSON.stringify(asked);
    if (this.#cache === undefined || signature !== undefined) return this.#ask(body, signature === undefined);
    const digest = this.#cache.digest(body);
    const known = this.#cache.get(digest);
    if (known !== undefined) return known;
    const now = this.#cache.now();
    const result = await this.#ask(body, true);
    this.#cache.put(digest, now, result);
    return result;
  }

  /** Closes the connections that are kept. */
  close() {
    this.#transport.close();
  }

  /** @param {string} body @param {boolean} mayRepeat @returns {Promise<Valid>} */
  async #ask(body, mayRepeat) {
    const { status, retryAfter, body: content } = await this.#transport.post(PATH, body, mayRepeat);
    if (status !== 200) throw new VerificationError(code(status), `status ${status}`, { status, retryAfter });
    const verification = parsed(content);
    if (verification.valid !== true) throw new RefusedError(verification);
    return verification;
  }
}

/** @param {readonly string[] | undefined} scopes */
function list(scopes) {
  return scopes !== undefined && scopes.length > 0 ? scopes : undefined;
}

/** @param {number} status */
function code(status) {
  if (status >= 500 || status === 429) return "unavailable";
  if (status === 401 || status === 403) return "token_refused";
  return status >= 400 ? "request_refused" : "unexpected_answer";
}
