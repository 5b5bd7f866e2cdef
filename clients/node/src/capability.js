import { createPublicKey, verify } from "node:crypto";

const TYPE = "sallyport-capability+jwt";
const LONGEST = 8 * 1024;
/** How far clocks may differ, in seconds. */
const LEEWAY = 60;

const UNSIGNED = "An unsigned capability token was accepted, because allowUnsigned is set: for development alone.";

/** Why a token is refused; `code` is one of those of `/v1/capabilities/verify`, or `wrong_subject`. */
export class CapabilityError extends Error {
  /** @param {string} code */
  constructor(code) {
    super(`The capability token is refused: ${code}.`);
    this.name = "CapabilityError";
    this.code = code;
  }
}

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
export function verifyCapability(token, keys, required) {
  const parts = typeof token === "string" && token.length <= LONGEST ? token.split(".") : [];
  const [first, second, third] = parts;
  if (parts.length !== 3 || first === undefined || second === undefined || third === undefined) refuse("malformed");
  const [header, claims, signature] = [object(decoded(first)), decoded(second), decoded(third)];
  const isSigned = header.alg !== "none";
  if (isSigned) checkSignature(header, `${first}.${second}`, signature, keys);
  else if (header.typ !== TYPE || Object.keys(header).length !== 2 || !required.allowUnsigned) refuse("wrong_type");
  else if (signature.length > 0) refuse("malformed");
  const capability = judged(object(claims), isSigned, required);
  const has = (/** @type {readonly string[]} */ asked, /** @type {string[]} */ held) =>
    asked.every((name) => held.includes(name));
  if (required.subject !== undefined && capability.subject !== required.subject) refuse("wrong_subject");
  if (required.epoch !== undefined && capability.epoch < required.epoch) refuse("revoked");
  if (!has(required.modules ?? [], capability.modules)) refuse("missing_module");
  if (!has(required.channels ?? [], capability.channels)) refuse("missing_channel");
  if (!isSigned) process.emitWarning(UNSIGNED);
  return capability;
}

/** @param {string} code @returns {never} */
function refuse(code) {
  throw new CapabilityError(code);
}

/** Base64url in its one spelling. @param {string} part */
function decoded(part) {
  const bytes = Buffer.from(part, "base64url");
  return bytes.toString("base64url") === part ? bytes : refuse("malformed");
}

/** @param {Buffer} text @returns {Record<string, any>} */
function object(text) {
  let parsed;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text));
  } catch {
    refuse("malformed");
  }
  return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? parsed : refuse("malformed");
}

/**
 * @param {Record<string, any>} header
 * @param {string} signed
 * @param {Buffer} signature
 * @param {{ keys?: readonly any[] }} keys
 */
function checkSignature(header, signed, signature, keys) {
  // The token does not decide how it is verified.
  if (header.alg !== "EdDSA" || header.typ !== TYPE) refuse("wrong_type");
  if (Object.keys(header).length !== 3 || typeof header.kid !== "string" || signature.length !== 64) refuse("malformed");
  const all = Array.isArray(keys.keys) ? keys.keys : [];
  const key = all.find((key) => key?.kid === header.kid && key.kty === "OKP" && key.crv === "Ed25519");
  if (key === undefined) refuse("unknown_key");
  let publicKey;
  try {
    publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key.x }, format: "jwk" });
  } catch {
    refuse("wrong_signature");
  }
  if (!verify(null, Buffer.from(signed), publicKey, signature)) refuse("wrong_signature");
}

/**
 * @param {Record<string, any>} claims
 * @param {boolean} isSigned
 * @param {CapabilityRequirements} required
 * @returns {Capability}
 */
function judged(claims, isSigned, required) {
  const areTexts = (/** @type {unknown} */ list) => Array.isArray(list) && list.every((one) => typeof one === "string");
  const isFormed =
    ["iss", "aud", "sub", "jti"].every((name) => typeof claims[name] === "string") &&
    ["iat", "exp", "epoch"].every((name) => Number.isSafeInteger(claims[name])) &&
    ["modules", "channels"].every((name) => areTexts(claims[name]));
  if (!isFormed) refuse("malformed");
  const now = required.now ?? Date.now() / 1000;
  if (claims.iss !== required.issuer) refuse("wrong_issuer");
  if (claims.aud !== required.app_id) refuse("app_mismatch");
  if (claims.iat > now + LEEWAY) refuse("not_yet_valid");
  if (claims.exp <= now) refuse("expired");
  return {
    token_id: claims.jti,
    subject: claims.sub,
    modules: claims.modules,
    channels: claims.channels,
    expires_at: claims.exp,
    epoch: claims.epoch,
    is_signed: isSigned,
  };
}
