//! Verifies capability tokens without asking: with the portal's public keys, from `/.well-known/jwks.json`. Only the portal
//! itself knows what was revoked since (`POST /v1/capabilities/verify`).

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Map, Value};

use crate::time::now;

const TYPE: &str = "sallyport-capability+jwt";
const LONGEST: usize = 8 * 1024;
/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 60;

const UNSIGNED: &str =
    "An unsigned capability token was accepted, because allow_unsigned is set: for development alone.";

/// What a token has to be, and to grant.
#[derive(Clone, Debug, Default)]
pub struct CapabilityRequirements<'a> {
    /// The address of the portal.
    pub issuer: &'a str,
    /// The token has to be for this app.
    pub app_id: &'a str,
    /// The token has to be for this subject.
    pub subject: Option<&'a str>,
    /// The token has to grant all of these modules.
    pub modules: &'a [&'a str],
    /// The token has to grant all of these channels.
    pub channels: &'a [&'a str],
    /// Refuses tokens of earlier epochs, which were revoked.
    pub epoch: Option<i64>,
    /// Accepts unsigned tokens too: only set it while you develop.
    pub allow_unsigned: bool,
    /// Instead of this machine's time, in seconds since 1970.
    pub now: Option<i64>,
}

/// What a token grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// `cap_…`
    pub token_id: String,
    /// What the app calls a person or a thing.
    pub subject: String,
    /// What the app may run.
    pub modules: Vec<String>,
    /// Over which its results may leave.
    pub channels: Vec<String>,
    /// In seconds since 1970.
    pub expires_at: i64,
    /// 1, or when all tokens of the app were last revoked: in seconds since 1970.
    pub epoch: i64,
    /// False only with `allow_unsigned`.
    pub is_signed: bool,
    /// To be logged by the program.
    pub warnings: Vec<String>,
}

/// Why a token is refused; `code` is one of those of `/v1/capabilities/verify`, or `wrong_subject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapabilityError {
    /// `expired`, for example.
    pub code: &'static str,
}

impl fmt::Display for CapabilityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The capability token is refused: {}.", self.code)
    }
}

impl std::error::Error for CapabilityError {}

/// What the token grants, if it is of this issuer and for this app, and grants all that is asked for. `keys` is the JWK Set.
/// After `unknown_key`, fetch it again: keys are rotated.
pub fn verify_capability(
    token: &str,
    keys: &Value,
    required: &CapabilityRequirements<'_>,
) -> Result<Capability, CapabilityError> {
    if token.len() > LONGEST {
        return refuse("malformed");
    }
    let Some((signed, signature)) = token.rsplit_once('.') else { return refuse("malformed") };
    let Some((header, claims)) = signed.split_once('.') else { return refuse("malformed") };
    let (header, claims, signature) = (object(&decoded(header)?)?, decoded(claims)?, decoded(signature)?);
    let is_signed = header.get("alg").and_then(Value::as_str) != Some("none");
    if is_signed {
        check_signature(&header, signed, &signature, keys)?;
    } else if header.len() != 2 || header.get("typ").and_then(Value::as_str) != Some(TYPE) || !required.allow_unsigned {
        return refuse("wrong_type");
    } else if !signature.is_empty() {
        return refuse("malformed");
    }
    let capability = judged(&object(&claims)?, is_signed, required)?;
    let has = |asked: &[&str], held: &[String]| asked.iter().all(|name| held.iter().any(|held| held == name));
    match () {
        () if required.subject.is_some_and(|subject| subject != capability.subject) => refuse("wrong_subject"),
        () if required.epoch.is_some_and(|epoch| capability.epoch < epoch) => refuse("revoked"),
        () if !has(required.modules, &capability.modules) => refuse("missing_module"),
        () if !has(required.channels, &capability.channels) => refuse("missing_channel"),
        () => Ok(capability),
    }
}

fn refuse<T>(code: &'static str) -> Result<T, CapabilityError> {
    Err(CapabilityError { code })
}

/// Base64url in its one spelling.
fn decoded(part: &str) -> Result<Vec<u8>, CapabilityError> {
    BASE64_URL_SAFE_NO_PAD.decode(part).or_else(|_| refuse("malformed"))
}

fn object(text: &[u8]) -> Result<Map<String, Value>, CapabilityError> {
    match serde_json::from_slice(text) {
        Ok(Value::Object(object)) => Ok(object),
        _ => refuse("malformed"),
    }
}

fn check_signature(
    header: &Map<String, Value>,
    signed: &str,
    signature: &[u8],
    keys: &Value,
) -> Result<(), CapabilityError> {
    let said = |name: &str| header.get(name).and_then(Value::as_str);
    // The token does not decide how it is verified.
    if said("alg") != Some("EdDSA") || said("typ") != Some(TYPE) {
        return refuse("wrong_type");
    }
    let Some(id) = said("kid").filter(|_| header.len() == 3 && signature.len() == 64) else {
        return refuse("malformed");
    };
    let is_it = |key: &&Value| key["kid"] == id && key["kty"] == "OKP" && key["crv"] == "Ed25519";
    let Some(key) = keys["keys"].as_array().into_iter().flatten().find(is_it) else { return refuse("unknown_key") };
    let public = decoded(key["x"].as_str().unwrap_or_default())?;
    UnparsedPublicKey::new(&ED25519, public).verify(signed.as_bytes(), signature).or_else(|_| refuse("wrong_signature"))
}

fn judged(
    claims: &Map<String, Value>,
    is_signed: bool,
    required: &CapabilityRequirements<'_>,
) -> Result<Capability, CapabilityError> {
    let malformed = CapabilityError { code: "malformed" };
    let text = |name: &str| claims.get(name).and_then(Value::as_str).ok_or(malformed);
    let number = |name: &str| claims.get(name).and_then(Value::as_i64).ok_or(malformed);
    let names = |name: &str| {
        let list = claims.get(name).and_then(Value::as_array).ok_or(malformed)?;
        list.iter().map(|one| one.as_str().map(str::to_owned).ok_or(malformed)).collect::<Result<Vec<_>, _>>()
    };
    let (issuer, app_id, issued_at) = (text("iss")?, text("aud")?, number("iat")?);
    let capability = Capability {
        token_id: text("jti")?.to_owned(),
        subject: text("sub")?.to_owned(),
        modules: names("modules")?,
        channels: names("channels")?,
        expires_at: number("exp")?,
        epoch: number("epoch")?,
        is_signed,
        warnings: if is_signed { Vec::new() } else { vec![UNSIGNED.to_owned()] },
    };
    let now = required.now.unwrap_or_else(now);
    match () {
        () if issuer != required.issuer => refuse("wrong_issuer"),
        () if app_id != required.app_id => refuse("app_mismatch"),
        () if issued_at > now.saturating_add(LEEWAY) => refuse("not_yet_valid"),
        () if capability.expires_at <= now => refuse("expired"),
        () => Ok(capability),
    }
}
