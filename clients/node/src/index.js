/**
 * The client library of Sallyport, for backends. It depends on Node only.
 *
 * `sallyport-client/express` and `sallyport-client/fetch` verify the key of each request; `sallyport-client/runtime-configuration`
 * reads the file of an app.
 */

export { CapabilityError, verifyCapability } from "./capability.js";
export { Client } from "./client.js";
export { RefusedError, VerificationError } from "./errors.js";
export { signRequest, SignatureError, verifyRequest } from "./signing.js";
export { HELIOS, WebhookError, WebhookVerifier } from "./webhooks.js";

/** @typedef {import("./answer.js").Valid} Valid */
/** @typedef {import("./answer.js").Refused} Refused */
/** @typedef {import("./answer.js").RateLimit} RateLimit */
/** @typedef {import("./capability.js").Capability} Capability */
/** @typedef {import("./client.js").ClientOptions} ClientOptions */
/** @typedef {import("./client.js").Required} Required */
/** @typedef {import("./signing.js").RequestSignature} RequestSignature */
/** @typedef {import("./webhooks.js").WebhookEvent} WebhookEvent */
/** @typedef {import("./webhooks.js").WebhookForm} WebhookForm */
