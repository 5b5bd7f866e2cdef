//! What a browser is asked, and what its answer proves. The standard is done by the crate `webauthn-rs`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey as Credential, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::{NewPasskey, NotProved, Passkey, PasskeyUse};
use crate::{Error, Result, id::UserId, user::User};

/// The portal, as browsers and authenticators know it.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    id: String,
    webauthn: Webauthn,
}

/// What a browser was asked to sign. It is kept encrypted until the answer comes.
#[derive(Serialize, Deserialize)]
pub struct Challenge {
    digest: [u8; 32],
    state: DiscoverableAuthentication,
}

impl Challenge {
    /// By which an answered one is remembered.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

/// What a browser was asked when it makes a passkey.
#[derive(Serialize, Deserialize)]
pub struct AddingChallenge {
    digest: [u8; 32],
    state: PasskeyRegistration,
}

/// The answer of a browser, whose signature is not checked yet.
pub struct Answer(PublicKeyCredential);

impl Answer {
    /// Reads what the browser's script sent: a `PublicKeyCredential` as JSON, with bytes in base64url.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// The authenticator's name of the passkey.
    pub fn credential_id(&self) -> &[u8] {
        &self.0.raw_id
    }
}

/// How authenticators know a person: nothing of it leads back to them.
fn handle(user: &UserId) -> Uuid {
    let digest = Sha256::new().chain_update("sallyport passkeys of ").chain_update(user.as_str()).finalize();
    Uuid::from_bytes(std::array::from_fn(|at| digest[at]))
}

/// The descriptors of passkeys in options.
fn descriptors(passkeys: &[Passkey]) -> Value {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let one = |passkey: &Passkey| serde_json::json!({ "type": "public-key", "id": BASE64_URL_SAFE_NO_PAD.encode(&passkey.credential_id) });
    passkeys.iter().map(one).collect()
}

fn digest(challenge: &[u8]) -> [u8; 32] {
    Sha256::digest(challenge).into()
}

fn broken(why: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("passkeys: {why}"))
}

fn wrong(why: impl ToString) -> NotProved {
    NotProved::Wrong(why.to_string())
}

impl RelyingParty {
    /// That of the portal at this address. `None` where browsers offer no passkeys: at an IP address, and over http elsewhere
    /// than on `localhost`.
    pub fn of(public_url: &str, name: &str) -> Option<Self> {
        let url = Url::parse(public_url).ok()?;
        let host = url.domain()?.to_owned();
        let is_local = host == "localhost" || host.ends_with(".localhost");
        if url.scheme() != "https" && !is_local {
            return None;
        }
        // An origin has no path.
        let origin = Url::parse(&url.origin().ascii_serialization()).ok()?;
        let webauthn = WebauthnBuilder::new(&host, &origin).ok()?.rp_name(name).build().ok()?;
        Some(Self { id: host, webauthn })
    }

    /// The host for which passkeys are made.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The options for a browser to sign with one of these passkeys, or with any if there are none, and what to keep until it
    /// did. The crate draws the challenge itself, from the operating system.
    pub fn ask(&self, only: &[Passkey]) -> Result<(Value, Challenge)> {
        let (asked, state) = self.webauthn.start_discoverable_authentication().map_err(broken)?;
        let digest = digest(&asked.public_key.challenge);
        let mut options = serde_json::to_value(asked.public_key).map_err(broken)?;
        options["allowCredentials"] = descriptors(only);
        Ok((options, Challenge { digest, state }))
    }

    /// The options for a browser to make a passkey for a person who has these, and what to keep until it did.
    pub fn ask_to_add(&self, user: &User, has: &[Passkey]) -> Result<(Value, AddingChallenge)> {
        let asked = self.webauthn.start_passkey_registration(handle(&user.id), &user.email, &user.name, None);
        let (asked, state) = asked.map_err(broken)?;
        let digest = digest(&asked.public_key.challenge);
        let mut options = serde_json::to_value(asked.public_key).map_err(broken)?;
        options["excludeCredentials"] = descriptors(has);
        // So that it signs in by itself: the authenticator knows whose it is.
        options["authenticatorSelection"]["residentKey"] = "required".into();
        options["authenticatorSelection"]["requireResidentKey"] = true.into();
        Ok((options, AddingChallenge { digest, state }))
    }

    /// The passkey that a browser made.
    pub fn added(&self, challenge: &AddingChallenge, answer: &str) -> Result<NewPasskey, NotProved> {
        let answer: RegisterPublicKeyCredential = serde_json::from_str(answer).map_err(wrong)?;
        let made = self.webauthn.finish_passkey_registration(&answer, &challenge.state).map_err(wrong)?;
        Ok(NewPasskey {
            rp_id: self.id.clone(),
            credential_id: made.cred_id().to_vec(),
            credential: serde_json::to_string(&made).map_err(wrong)?,
            challenge: challenge.digest,
        })
    }

    /// Checks that the passkey answered the challenge here, that its person was verified, and that its counter went on.
    /// `is_known` if who it has to be was known before; else the authenticator has to say so.
    pub fn proved(
        &self,
        challenge: Challenge,
        answer: &Answer,
        passkey: &Passkey,
        is_known: bool,
    ) -> Result<PasskeyUse, NotProved> {
        let whose = handle(&passkey.user_id);
        match answer.0.get_user_unique_id() {
            Some(said) if said != whose.as_bytes() => return Err(wrong("it is of another person")),
            None if !is_known => return Err(wrong("it does not say whose it is")),
            _ => {}
        }
        let mut credential: Credential = serde_json::from_str(&passkey.credential).map_err(wrong)?;
        let digest = challenge.digest;
        let checked = self.webauthn.finish_discoverable_authentication_v2(&answer.0, challenge.state, &credential);
        let checked = checked.map_err(|error| match error {
            WebauthnError::CredentialPossibleCompromise => NotProved::Copied,
            error => wrong(error),
        })?;
        if !checked.user_verified() {
            return Err(wrong("the person was not verified"));
        }
        credential.update_credential(&checked);
        Ok(PasskeyUse {
            passkey: passkey.id.clone(),
            name: passkey.name.clone(),
            before: passkey.credential.clone(),
            after: serde_json::to_string(&credential).map_err(wrong)?,
            challenge: digest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_host_name_and_a_secure_address() {
        for (url, id) in [
            ("https://keys.example.com", Some("keys.example.com")),
            ("https://intranet.example:8443/tools/sallyport", Some("intranet.example")),
            ("http://localhost:3000", Some("localhost")),
            ("http://keys.localhost/x", Some("keys.localhost")),
            ("http://keys.example.com", None),
            ("http://127.0.0.1:3000", None),
            ("https://192.0.2.7", None),
            ("https://[2001:db8::1]:8443", None),
        ] {
            assert_eq!(RelyingParty::of(url, "Sallyport").as_ref().map(RelyingParty::id), id, "{url}");
        }
    }
}
