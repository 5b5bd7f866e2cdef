/**
 * What a token grants. `expires_at` is in seconds since 1970.
 * @typedef {object} Capability
 * @property {string} token_id
 * @property {string} subject
 * @property {string[]} modules
 * @property {string[]} channels
 * @property {number} expires_at
 * @property {number} epoch
 * @property {boolean} is_signed
 */
/**
 * What a token has to be, and to grant. `issuer` is the address of the portal; `epoch` refuses tokens of earlier ones, which were
 * revoked; `allowUnsigned` accepts unsigned tokens too (only set it while you develop); `now` is in seconds since 1970.
 * @typedef {object} CapabilityRequirements
 * @property {string} issuer
 * @property {string} app_id
 * @property {string} [subject]
 * @property {readonly string[]} [modules]
 * @property {readonly string[]} [channels]
 * @property {number} [epoch]
 * @property {boolean} [allowUnsigned]
 * @property {number} [now]
 */
/**
 * What the token grants, if it is of this issuer and for this app, and grants all that is asked for: without asking the portal,
 * which alone knows what was revoked since (`POST /v1/capabilities/verify`). `keys` is the JWK Set of `/.well-known/jwks.json`. After
 * `unknown_key`, fetch it again: keys are rotated.
 * @param {string | null | undefined} token
 * @param {{ keys?: readonly any[] }} keys
 * @param {CapabilityRequirements} required
 * @returns {Capability}
 */
export function verifyCapability(token: string | null | undefined, keys: {
    keys?: readonly any[];
}, required: CapabilityRequirements): Capability;
/** Why a token is refused; `code` is one of those of `/v1/capabilities/verify`, or `wrong_subject`. */
export class CapabilityError extends Error {
    /** @param {string} code */
    constructor(code: string);
    code: string;
}
/**
 * What a token grants. `expires_at` is in seconds since 1970.
 */
export type Capability = {
    token_id: string;
    subject: string;
    modules: string[];
    channels: string[];
    expires_at: number;
    epoch: number;
    is_signed: boolean;
};
/**
 * What a token has to be, and to grant. `issuer` is the address of the portal; `epoch` refuses tokens of earlier ones, which were
 * revoked; `allowUnsigned` accepts unsigned tokens too (only set it while you develop); `now` is in seconds since 1970.
 */
export type CapabilityRequirements = {
    issuer: string;
    app_id: string;
    subject?: string | undefined;
    modules?: readonly string[] | undefined;
    channels?: readonly string[] | undefined;
    epoch?: number | undefined;
    allowUnsigned?: boolean | undefined;
    now?: number | undefined;
};
