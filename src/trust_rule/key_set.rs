//! The public keys of an issuer: a JWK Set (RFC 7517) with keys for RS256, ES256 and EdDSA. Others in it are not used.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

/// The longest id of a key (`kid`), in bytes.
pub(super) const LONGEST_ID: usize = 255;

/// Keys of one issuer that are kept.
const MOST: usize = 100;

/// The largest numbers of an RSA key, in bytes. The modulus is what `ring` verifies with at most, and no exponent in use is nearly
/// as long: larger ones would only be kept, and make each verification slow.
const MODULUS: usize = 1_024;
const EXPONENT: usize = 8;

/// How a token is signed. There is no `none`, and no HMAC: the public key would be the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

#[derive(Clone, Debug)]
enum Public {
    /// Modulus and exponent, without leading zeros.
    Rsa(Vec<u8>, Vec<u8>),
    /// A point of P-256 that is not compressed.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Public {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(..) => Algorithm::Rs256,
            Self::P256(_) => Algorithm::Es256,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            // Fails for a modulus of less than 2,048 bits.
            Self::Rsa(n, e) => RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
        }
        .is_ok()
    }
}

/// As published.
#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    alg: Option<String>,
    r#use: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    /// `None` if it is not for signatures of a known kind.
    fn public(self) -> Option<Public> {
        if self.r#use.as_ref().is_some_and(|used| used != "sig")
            || self.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify"))
        {
            return None;
        }
        let bytes = |text: &Option<String>| BASE64_URL_SAFE_NO_PAD.decode(text.as_ref()?).ok();
        let sized = |text: &Option<String>| bytes(text).filter(|bytes| bytes.len() == 32);
        let public = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Public::Rsa(number(bytes(&self.n)?, MODULUS)?, number(bytes(&self.e)?, EXPONENT)?),
            ("EC", Some("P-256")) => Public::P256([vec![4], sized(&self.x)?, sized(&self.y)?].concat()),
            ("OKP", Some("Ed25519")) => Public::Ed25519(sized(&self.x)?),
            _ => return None,
        };
        self.alg.is_none_or(|alg| alg == public.algorithm().name()).then_some(public)
    }
}

/// Without leading zeros. `None` if it is longer than that.
fn number(bytes: Vec<u8>, most: usize) -> Option<Vec<u8>> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let number = &bytes[zeros..];
    (number.len() <= most).then(|| number.to_vec())
}

/// Those that can be used, with their ids.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<(String, Public)>);

impl KeySet {
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let Published { keys } =
            serde_json::from_slice(json).map_err(|error| format!("The key set can't be read: {error}."))?;
        let read = |key: Value| {
            let jwk: Jwk = serde_json::from_value(key).ok()?;
            // No token may name a longer id.
            if jwk.kid.len() > LONGEST_ID {
                return None;
            }
            Some((jwk.kid.clone(), jwk.public()?))
        };
        Ok(Self(keys.into_iter().take(MOST).filter_map(read).collect()))
    }

    /// Whether there is a key with this id, of whatever kind.
    pub fn has(&self, id: &str) -> bool {
        self.0.iter().any(|(known, _)| known == id)
    }

    /// Whether the key with this id signed these bytes, by the one algorithm that is its own.
    pub(super) fn has_signed(&self, id: &str, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let mut found = self.0.iter().filter(|(known, public)| known == id && public.algorithm() == algorithm);
        found.next().is_some_and(|(_, public)| public.has_signed(message, signature))
    }
}
