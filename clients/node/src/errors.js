/** @import { Refused } from "./answer.js" */

const MESSAGES = {
  unreachable: "The portal could not be reached",
  timed_out: "The portal did not answer in time",
  unavailable: "The portal can't verify keys at the moment",
  token_refused: "The portal refused the root token",
  request_refused: "The portal did not understand the request",
  unexpected_answer: "The answer is not one of a portal",
};

/**
 * The result is not known: refuse your client, with 503 for example. No message repeats the key, the token or what was answered.
 */
export class VerificationError extends Error {
  /**
   * @param {keyof typeof MESSAGES} code
   * @param {string} [detail]
   * @param {{ status?: number, retryAfter?: number }} [answer]
   */
  constructor(code, detail, answer = {}) {
    super(`${MESSAGES[code]}${detail ? `: ${detail}` : ""}.`);
    this.name = "VerificationError";
    /** Why nothing can be said. */
    this.code = code;
    /** The status of the portal's answer, if there was one. */
    this.status = answer.status;
    /** After how many seconds the portal wants to be asked again, if it said so. */
    this.retryAfter = answer.retryAfter;
  }
}

/** The key is not valid for the request: answer your client with `verification.status` and `verification.error`. */
export class RefusedError extends Error {
  /** @param {Refused} verification */
  constructor(verification) {
    super(`The key is refused: ${/^\w{1,60}$/.test(verification.code) ? verification.code : "see its verification"}.`);
    this.name = "RefusedError";
    /** `revoked`, for example. */
    this.code = verification.code;
    this.verification = verification;
  }
}
