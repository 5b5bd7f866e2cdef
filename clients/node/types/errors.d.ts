/**
 * The result is not known: refuse your client, with 503 for example. No message repeats the key, the token or what was answered.
 */
export class VerificationError extends Error {
    /**
     * @param {keyof typeof MESSAGES} code
     * @param {string} [detail]
     * @param {{ status?: number, retryAfter?: number }} [answer]
     */
    constructor(code: keyof typeof MESSAGES, detail?: string, answer?: {
        status?: number;
        retryAfter?: number;
    });
    /** Why nothing can be said. */
    code: "unreachable" | "timed_out" | "unavailable" | "token_refused" | "request_refused" | "unexpected_answer";
    /** The status of the portal's answer, if there was one. */
    status: number | undefined;
    /** After how many seconds the portal wants to be asked again, if it said so. */
    retryAfter: number | undefined;
}
/** The key is not valid for the request: answer your client with `verification.status` and `verification.error`. */
export class RefusedError extends Error {
    /** @param {Refused} verification */
    constructor(verification: Refused);
    /** `revoked`, for example. */
    code: string;
    verification: Refused;
}
declare namespace MESSAGES {
    let unreachable: string;
    let timed_out: string;
    let unavailable: string;
    let token_refused: string;
    let request_refused: string;
    let unexpected_answer: string;
}
import type { Refused } from "./answer.js";
export {};
