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
    /** @param {ClientOptions} options */
    constructor({ baseUrl, token, timeoutMs, cacheMs, maxIdleConnections, allowPlainHttp, ca, }: ClientOptions);
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
    verify(key: string | null | undefined, required?: Required): Promise<Valid>;
    /** Closes the connections that are kept. */
    close(): void;
    #private;
}
export type ClientOptions = {
    /**
     * The address of the portal.
     */
    baseUrl: string;
    /**
     * A root token that may verify.
     */
    token: string;
    /**
     * How long a call takes at most, with everything that it does; default 2,000.
     */
    timeoutMs?: number | undefined;
    /**
     * At most 1,000; default 0. Remembers valid results: a revoked key is then accepted for that much
     * longer, and requests that are answered from memory count against no limit and are in no usage. Signed requests are always asked.
     */
    cacheMs?: number | undefined;
    /**
     * Default 16.
     */
    maxIdleConnections?: number | undefined;
    /**
     * Sends token and keys unencrypted to hosts other than this machine.
     */
    allowPlainHttp?: boolean | undefined;
    /**
     * A certificate authority of your own, in PEM.
     */
    ca?: string | Buffer<ArrayBufferLike> | undefined;
};
/**
 * What is required of the key, and the client's request (docs/verifier.md). `path` is without the query.
 */
export type Required = {
    app_id?: string | undefined;
    scopes?: readonly string[] | undefined;
    mode?: "live" | "test" | undefined;
    ingestion?: boolean | undefined;
    method?: string | undefined;
    path?: string | undefined;
    any_path?: boolean | undefined;
    ip?: string | undefined;
    cost?: number | undefined;
    signature?: RequestSignature | undefined;
};
import type { Valid } from "./answer.js";
import type { RequestSignature } from "./signing.js";
