//! The form of a token: a JSON Web Signature in compact form (RFC 7515) with Ed25519 (RFC 8037).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{CapabilityVerdict, Claims};
use crate::audit::checkpoint::{PublicKey, SigningKey};

/// The type in the header (RFC 8725 §3.11): no other token passes for one of these, nor one of these for another.
pub const TYPE: &str = "sallyport-capability+jwt";

const ALGORITHM: &str = "EdDSA";

/// More than a token with all names of the largest catalogue has, in bytes.
pub const LONGEST: usize = 8 * 1024;

/// The length of a SHA-256 in base64.
const KEY_ID: usize = 43;

const SIGNATURE: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    #[serde(default)]
    alg: &'a str,
    #[serde(default)]
    kid: &'a str,
    #[serde(default)]
    typ: &'a str,
}

/// The id of a key: its thumbprint (RFC 7638).
pub fn key_id(key: &PublicKey) -> String {
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, BASE64_URL_SAFE_NO_PAD.encode(key.0));
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(jwk))
}

/// The one header of tokens that this key signs.
fn header(key_id: &str) -> String {
    format!(r#"{{"alg":"{ALGORITHM}","kid":"{key_id}","typ":"{TYPE}"}}"#)
}

/// The token of these claims.
pub fn sign(claims: &Claims, key: &SigningKey) -> String {
    let claims = serde_json::to_vec(claims).expect("claims are texts and numbers");
    let header = header(&key_id(&key.public()));
    let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(&claims));
    let signature = encode(&key.sign(&signed));
    format!("{signed}.{signature}")
}

/// A token of the right form, whose signature is not checked yet. There is exactly one text for each token: another
/// spelling of the same header, and base64 with other spare bits, are malformed.
#[derive(Debug)]
pub struct Presented<'a> {
    pub key_id: String,
    /// Header and claims, as they are signed.
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

impl<'a> Presented<'a> {
    pub fn parse(text: &'a str) -> Result<Self, CapabilityVerdict> {
        let malformed = || CapabilityVerdict::Malformed;
        if text.len() > LONGEST {
            return Err(malformed());
        }
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
        let (signed, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (head, claims) = signed.split_once('.').ok_or_else(malformed)?;
        let head = decode(head)?;
        let Header { alg, kid, typ } = serde_json::from_slice(&head).map_err(|_| malformed())?;
        // Before the signature: what it says of itself never decides how it is verified.
        if (alg, typ) != (ALGORITHM, TYPE) {
            return Err(CapabilityVerdict::WrongType);
        }
        let is_key_id = kid.len() == KEY_ID && decode(kid).is_ok();
        if !is_key_id || head != header(kid).as_bytes() {
            return Err(malformed());
        }
        let (key_id, signature) = (kid.to_owned(), decode(signature)?);
        if signature.len() != SIGNATURE || claims.contains('.') {
            return Err(malformed());
        }
        Ok(Self { key_id, signed, claims, signature })
    }

    /// The claims, if this key signed them.
    pub fn open(&self, key: &PublicKey) -> Result<Claims, CapabilityVerdict> {
        if !key.has_signed(self.signed, &self.signature) {
            return Err(CapabilityVerdict::WrongSignature);
        }
        let claims = BASE64_URL_SAFE_NO_PAD.decode(self.claims).map_err(|_| CapabilityVerdict::Malformed)?;
        serde_json::from_slice(&claims).map_err(|_| CapabilityVerdict::Malformed)
    }
}
