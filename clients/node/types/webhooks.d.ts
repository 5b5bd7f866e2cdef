/** The headers of the profile Helios. @type {Readonly<WebhookForm>} */
export const HELIOS: Readonly<WebhookForm>;
/** Why a delivery is refused. */
export class WebhookError extends Error {
    /** @param {"missing_header" | "malformed" | "out_of_time" | "wrong_signature"} code */
    constructor(code: "missing_header" | "malformed" | "out_of_time" | "wrong_signature");
    code: "malformed" | "wrong_signature" | "out_of_time" | "missing_header";
}
/** Verifies deliveries of webhooks (docs/webhooks.md): Standard Webhooks 1.0, or the headers that a profile names. */
export class WebhookVerifier {
    /**
     * `secrets` are all that may sign: two while a secret is regenerated. Each begins with `whsec_`.
     * @param {string | readonly string[]} secrets
     * @param {{ form?: WebhookForm, tolerance?: number }} [options]
     */
    constructor(secrets: string | readonly string[], { form, tolerance }?: {
        form?: WebhookForm;
        tolerance?: number;
    });
    /**
     * The event, or `WebhookError`. `body` is what arrived, byte for byte, before anything parses it; `now` is in seconds since 1970.
     * @param {string | Uint8Array} body
     * @param {WebhookHeaders} headers
     * @param {{ now?: number }} [options]
     * @returns {WebhookEvent}
     */
    verify(body: string | Uint8Array, headers: WebhookHeaders, { now }?: {
        now?: number;
    }): WebhookEvent;
    #private;
}
/**
 * The headers that a profile names (`[webhooks]`), instead of those of Standard Webhooks.
 */
export type WebhookForm = {
    signature: string;
    prefix?: string;
    timestamp?: string;
};
/**
 * `id` is the same at each attempt: keep it, and ignore what you have seen. It is null in the form of a profile, which does not sign it.
 * `timestamp`: when it was sent, in seconds since 1970. `sequence`: the number of the delivery at this endpoint, to order by.
 */
export type WebhookEvent = {
    id: string | null;
    type: string | null;
    timestamp: number;
    sequence: number | null;
    data: Record<string, unknown>;
};
export type WebhookHeaders = Headers | Record<string, string | string[] | undefined>;
