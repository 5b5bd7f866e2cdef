//! ID tokens (OpenID Connect Core, RFC 7519) as CI gives them: read, checked with the issuer's keys, and what they claim.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::key_set::{Algorithm, KeySet, LONGEST_ID};
use crate::Timestamp;

/// In bytes.
pub const LONGEST: usize = 16 * 1024;

/// How far the issuer's clock may be ahead.
const AHEAD: Duration = Duration::from_secs(60);

/// Tokens are for one job: none is older, or lasts longer.
const OLDEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest `jti`, in bytes.
const LONGEST_JTI: usize = 255;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: Option<String>,
    crit: Option<Value>,
}

/// A token of the right form, whose signature is not checked yet.
#[derive(Debug)]
pub struct Presented<'a> {
    algorithm: Algorithm,
    pub key_id: String,
    /// Header and claims, as they are signed.
    signed: &'a str,
    signature: Vec<u8>,
    claims: Map<String, Value>,
    /// As it says itself: it decides only whose keys check it.
    pub issuer: String,
}

/// Why a token is not accepted, for people. It repeats nothing but what the token says.
pub type Refused = String;

fn refused<T>(why: &str) -> Result<T, Refused> {
    Err(why.to_owned())
}

impl<'a> Presented<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Refused> {
        const MALFORMED: &str = "The subject token is not a signed JSON Web Token.";
        if text.len() > LONGEST {
            return Err(format!("The subject token is longer than {LONGEST} bytes."));
        }
        let malformed = || MALFORMED.to_owned();
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
        let (signed, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (head, claims) =
            signed.split_once('.').filter(|(_, claims)| !claims.contains('.')).ok_or_else(malformed)?;
        let (head, claims, signature) = (decode(head)?, decode(claims)?, decode(signature)?);
        // Before the rest, which tokens with other algorithms may lack.
        let named: Map<String, Value> = serde_json::from_slice(&head).map_err(|_| malformed())?;
        let algorithm = named.get("alg").and_then(Value::as_str).and_then(Algorithm::parse);
        let Some(algorithm) = algorithm else {
            return refused("The subject token is not signed by RS256, ES256 or EdDSA.");
        };
        let Ok(Header { alg, kid, typ, crit }) = serde_json::from_slice(&head) else {
            return refused("The header of the subject token names no key (kid), or something twice.");
        };
        if Algorithm::parse(&alg) != Some(algorithm) || crit.is_some() {
            return refused("The header of the subject token demands what is not supported (crit).");
        }
        if kid.is_empty() || kid.len() > LONGEST_ID {
            return refused("The header of the subject token names no key (kid).");
        }
        let is_jwt = |typ: &str| typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt");
        if typ.is_some_and(|typ| !is_jwt(&typ)) {
            return refused("The subject token is of another type (typ) than JWT.");
        }
        let claims: Map<String, Value> = serde_json::from_slice(&claims).map_err(|_| malformed())?;
        let issuer = text_of(&claims, "iss").ok_or("The subject token names no issuer (iss).")?.to_owned();
        Ok(Self { algorithm, key_id: kid, signed, signature, claims, issuer })
    }

    /// What it claims, if its issuer signed it, and its time has come and is not over. `keys` are the issuer's.
    pub fn open(self, keys: &KeySet, now: Timestamp) -> Result<IdToken, Refused> {
        if !keys.has(&self.key_id) {
            return refused("The issuer has no such key as the subject token names (kid).");
        }
        if !keys.has_signed(&self.key_id, self.algorithm, self.signed.as_bytes(), &self.signature) {
            return refused("The signature of the subject token is wrong.");
        }
        let expires_at = time_of(&self.claims, "exp")?.ok_or("The subject token has no end (exp).")?;
        let issued_at = time_of(&self.claims, "iat")?.ok_or("The subject token has no time (iat).")?;
        if expires_at <= now {
            return refused("The subject token has expired.");
        }
        if issued_at > now + AHEAD || time_of(&self.claims, "nbf")?.is_some_and(|from| from > now + AHEAD) {
            return refused("The subject token is not valid yet.");
        }
        if issued_at < now - OLDEST || expires_at > now + OLDEST {
            return refused("The subject token lasts longer than a day.");
        }
        let jti = text_of(&self.claims, "jti").filter(|jti| !jti.is_empty() && jti.len() <= LONGEST_JTI);
        let jti = jti.ok_or("The subject token has no id (jti), so that nobody could tell whether it was used.")?;
        let subject = text_of(&self.claims, "sub").filter(|sub| !sub.is_empty());
        let subject = subject.ok_or("The subject token has no subject (sub).")?;
        let audience = match self.claims.get("aud") {
            Some(Value::String(only)) => only.clone(),
            // One for others, too, could have been sent on by them.
            Some(Value::Array(all)) => match all.as_slice() {
                [Value::String(only)] => only.clone(),
                _ => return refused("The subject token is for several audiences (aud); it has to be for one."),
            },
            _ => return refused("The subject token names no audience (aud)."),
        };
        let (jti, subject) = (jti.to_owned(), subject.to_owned());
        Ok(IdToken { issuer: self.issuer, subject, audience, jti, expires_at, claims: self.claims })
    }
}

/// A token whose signature and times are right. Whether anybody trusts what it claims is another question.
#[derive(Clone, Debug)]
pub struct IdToken {
    pub issuer: String,
    pub subject: String,
    pub audience: String,
    pub jti: String,
    pub expires_at: Timestamp,
    claims: Map<String, Value>,
}

impl IdToken {
    /// A claim as text. Numbers and truth values are as JSON writes them; there is none of lists and objects.
    pub fn claim(&self, name: &str) -> Option<String> {
        match self.claims.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// What identifies it among those of all issuers.
    pub fn digest(&self) -> [u8; 32] {
        let length = (self.issuer.len() as u64).to_be_bytes();
        Sha256::new().chain_update(length).chain_update(&self.issuer).chain_update(&self.jti).finalize().into()
    }
}

fn text_of<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// Seconds since 1970, with or without a fraction.
fn time_of(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Refused> {
    let wrong = || format!("In the subject token, {name} is not a time in seconds.");
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => {
            let seconds = number.as_i64().or_else(|| {
                let seconds = number.as_f64().filter(|seconds| (0.0..1e11).contains(seconds))?;
                #[allow(clippy::cast_possible_truncation, reason = "it is in range, and the fraction does not matter")]
                Some(seconds as i64)
            });
            let seconds = seconds.filter(|seconds| (0..100_000_000_000).contains(seconds)).ok_or_else(wrong)?;
            Ok(Some(Timestamp::from_seconds(seconds)))
        }
        Some(_) => Err(wrong()),
    }
}
