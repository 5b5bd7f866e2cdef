import { createHmac, randomBytes } from "node:crypto";

/** @import { Valid } from "./answer.js" */

/** Longer, and a revocation would not be what the portal says it is. */
export const LONGEST_MS = 1000;
const MOST = 4096;

/** Valid results for at most a second. Keys are not kept: a result is found by a digest of the whole request. */
export class Cache {
  #milliseconds;
  #secret = randomBytes(32);
  /** @type {Map<string, { at: number, result: Valid }>} */
  #results = new Map();

  /** @param {number} milliseconds @param {() => number} [clock] */
  constructor(milliseconds, clock = () => performance.now()) {
    this.#milliseconds = milliseconds;
    this.now = clock;
  }

  /** @param {string} body */
  digest(body) {
    return createHmac("sha256", this.#secret).update(body).digest("base64");
  }

  /** @param {string} digest */
  get(digest) {
    const found = this.#results.get(digest);
    if (found === undefined) return undefined;
    if (this.now() - found.at < this.#milliseconds) return found.result;
    this.#results.delete(digest);
    return undefined;
  }

  /**
   * `askedAt`: before the portal was asked, so that the answer is not older than the cache allows.
   * @param {string} digest @param {number} askedAt @param {Valid} result
   */
  put(digest, askedAt, result) {
    this.#results.delete(digest);
    this.#results.set(digest, { at: askedAt, result });
    for (const oldest of this.#results.keys()) {
      if (this.#results.size <= MOST) break;
      this.#results.delete(oldest);
    }
  }

  get size() {
    return this.#results.size;
  }
}
