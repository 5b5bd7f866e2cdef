/** @import { Valid } from "./answer.js" */
/** Longer, and a revocation would not be what the portal says it is. */
export const LONGEST_MS: 1000;
/** Valid results for at most a second. Keys are not kept: a result is found by a digest of the whole request. */
export class Cache {
    /** @param {number} milliseconds @param {() => number} [clock] */
    constructor(milliseconds: number, clock?: () => number);
    now: () => number;
    /** @param {string} body */
    digest(body: string): string;
    /** @param {string} digest */
    get(digest: string): Valid | undefined;
    /**
     * `askedAt`: before the portal was asked, so that the answer is not older than the cache allows.
     * @param {string} digest @param {number} askedAt @param {Valid} result
     */
    put(digest: string, askedAt: number, result: Valid): void;
    get size(): number;
    #private;
}
import type { Valid } from "./answer.js";
