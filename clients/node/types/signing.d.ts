/**
 * The headers of a signed request, in addition to the key (docs/signatures.md). Sign the bytes that are sent, and each request
 * by itself. `now` is in seconds since 1970.
 * @param {string} secret
 * @param {string | Uint8Array} body
 * @param {{ now?: number, timestampHeader?: string, signatureHeader?: string }} [options]
 * @returns {Record<string, string>}
 */
export function signRequest(secret: string, body: string | Uint8Array, options?: {
    now?: number;
    timestampHeader?: string;
    signatureHeader?: string;
}): Record<string, string>;
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
export function verifyRequest(secrets: string | readonly string[], timestamp: string | undefined, signature: string | undefined, body: string | Uint8Array, options?: {
    now?: number;
    tolerance?: number;
}): void;
/**
 * The signature of a request as it arrived, to be passed to `Client.verify`.
 * @typedef {{ timestamp: string, signature: string, body: Uint8Array }} RequestSignature
 */
export const TIMESTAMP_HEADER: "X-Sallyport-Timestamp";
export const SIGNATURE_HEADER: "X-Sallyport-Signature";
/** Why a signature is refused. */
export class SignatureError extends Error {
    /** @param {"malformed" | "out_of_time" | "wrong"} code */
    constructor(code: "malformed" | "out_of_time" | "wrong");
    code: "malformed" | "out_of_time" | "wrong";
}
/**
 * The signature of a request as it arrived, to be passed to `Client.verify`.
 */
export type RequestSignature = {
    timestamp: string;
    signature: string;
    body: Uint8Array;
};
