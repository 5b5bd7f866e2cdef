/**
 * The limit that the key will reach first. `reset`: when the whole limit is available again, in seconds since 1970.
 * @typedef {{ limit: number, remaining: number, reset: number }} RateLimit
 */
/**
 * The key is valid for the request. Times are RFC 3339; `secret` is `previous` while the key is rotated and its old secret was used.
 * @typedef {object} Valid
 * @property {true} valid
 * @property {"valid"} code
 * @property {200} status
 * @property {string} key_id
 * @property {string} label
 * @property {string} org_id
 * @property {string | null} tenant_id
 * @property {string | null} project_id
 * @property {string | null} app_id
 * @property {string} environment
 * @property {"live" | "test"} mode
 * @property {readonly string[]} scopes
 * @property {string | null} expires_at
 * @property {"current" | "previous"} secret
 * @property {string | null} secret_expires_at
 * @property {Readonly<Record<string, unknown>>} metadata
 * @property {RateLimit | null} rate_limit
 * @property {string} request_id
 */
/**
 * The key is not valid for the request. `error` is the body for your client, in the shape of the portal's profile; `retry_after`
 * the seconds after which the same request can pass. Later versions of the portal may have more codes.
 * @typedef {object} Refused
 * @property {false} valid
 * @property {string} code
 * @property {number} status
 * @property {unknown} error
 * @property {RateLimit | null} rate_limit
 * @property {number | null} retry_after
 * @property {string} request_id
 */
/**
 * The result in an answer with status 200. Only what has all that makes it valid is valid.
 * @param {Buffer} body
 * @returns {Valid | Refused}
 */
export function parsed(body: Buffer): Valid | Refused;
/**
 * The limit that the key will reach first. `reset`: when the whole limit is available again, in seconds since 1970.
 */
export type RateLimit = {
    limit: number;
    remaining: number;
    reset: number;
};
/**
 * The key is valid for the request. Times are RFC 3339; `secret` is `previous` while the key is rotated and its old secret was used.
 */
export type Valid = {
    valid: true;
    code: "valid";
    status: 200;
    key_id: string;
    label: string;
    org_id: string;
    tenant_id: string | null;
    project_id: string | null;
    app_id: string | null;
    environment: string;
    mode: "live" | "test";
    scopes: readonly string[];
    expires_at: string | null;
    secret: "current" | "previous";
    secret_expires_at: string | null;
    metadata: Readonly<Record<string, unknown>>;
    rate_limit: RateLimit | null;
    request_id: string;
};
/**
 * The key is not valid for the request. `error` is the body for your client, in the shape of the portal's profile; `retry_after`
 * the seconds after which the same request can pass. Later versions of the portal may have more codes.
 */
export type Refused = {
    valid: false;
    code: string;
    status: number;
    error: unknown;
    rate_limit: RateLimit | null;
    retry_after: number | null;
    request_id: string;
};
