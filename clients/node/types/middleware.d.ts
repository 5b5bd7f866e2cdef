/**
 * Throws a `TypeError` for options that are not known, or require nothing.
 * @param {string} what
 * @param {MiddlewareOptions} options
 * @param {readonly string[]} [more] Those that only this middleware has.
 */
export function checkOptions(what: string, options: MiddlewareOptions, more?: readonly string[]): void;
/** @typedef {(name: string) => string | undefined} HeaderReader */
/**
 * The key that the client sent.
 * @param {HeaderReader} header
 * @param {readonly string[]} [names]
 * @returns {string | undefined}
 */
export function sentKey(header: HeaderReader, names?: readonly string[]): string | undefined;
/**
 * The signature of a request whose body was read.
 * @param {HeaderReader} header
 * @param {Uint8Array} body
 * @param {MiddlewareOptions} options
 * @returns {RequestSignature | undefined}
 */
export function sentSignature(header: HeaderReader, body: Uint8Array, options: MiddlewareOptions): RequestSignature | undefined;
/**
 * What is required of the key for this request.
 * @param {MiddlewareOptions} options
 * @param {{ method: string, path: string, ip: string | undefined, signature: RequestSignature | undefined }} request
 */
export function required({ app_id, scopes, mode, ingestion }: MiddlewareOptions, { method, path, ip, signature }: {
    method: string;
    path: string;
    ip: string | undefined;
    signature: RequestSignature | undefined;
}): {
    ingestion: boolean | undefined;
    method: string;
    path: string;
    ip: string | undefined;
    signature: RequestSignature | undefined;
    mode?: "live" | "test" | undefined;
    scopes?: readonly string[] | undefined;
    app_id?: string | undefined;
};
/** @param {RateLimit | null} limit @returns {Record<string, string>} */
export function limitHeaders(limit: RateLimit | null): Record<string, string>;
/**
 * What to answer a client whose request does not pass. Whatever is not a refusal by the portal is 503.
 * @param {unknown} error
 * @param {MiddlewareOptions} options
 */
export function answerTo(error: unknown, options: MiddlewareOptions): {
    status: number;
    headers: {
        "content-type": string;
        "cache-control": string;
    };
    body: string;
};
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
export const LONGEST_BODY: number;
export function tooLong(): {
    status: number;
    headers: {
        "content-type": string;
        "cache-control": string;
    };
    body: string;
};
export type HeaderReader = (name: string) => string | undefined;
export type MiddlewareOptions = {
    client: Client;
    /**
     * Required of each key, as the next three are.
     */
    app_id?: string | undefined;
    scopes?: readonly string[] | undefined;
    mode?: "live" | "test" | undefined;
    ingestion?: boolean | undefined;
    /**
     * Reads the body and passes the signature on: a key that requires signed requests is refused otherwise.
     */
    signed?: boolean | undefined;
    /**
     * How many bytes a body may have that is read for its signature; default 128 KiB.
     */
    maxBody?: number | undefined;
    /**
     * Those with the key; `authorization` is read as a Bearer token.
     */
    headers?: readonly string[] | undefined;
    timestampHeader?: string | undefined;
    signatureHeader?: string | undefined;
    /**
     * `WWW-Authenticate` of a 401; default `Bearer`.
     */
    challenge?: string | undefined;
    /**
     * Told why a request is answered with 503; a `VerificationError` has neither key nor token.
     */
    onError?: ((error: unknown) => void) | undefined;
};
import type { RequestSignature } from "./signing.js";
import type { RateLimit } from "./answer.js";
import type { Client } from "./client.js";
