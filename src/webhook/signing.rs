//! Signatures of deliveries: Standard Webhooks 1.0, and the form of the profile beside it.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Entropy, Timestamp, audit::hex, id::DeliveryId, profile::WebhookHeaders};

/// Random bytes of a secret; the standard demands 24 to 64.
const RANDOM: usize = 32;

/// A secret that signs deliveries: `whsec_` and its bytes in base64.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct WebhookSecret(String);

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

impl WebhookSecret {
    pub const PREFIX: &str = "whsec_";

    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut random = entropy.array::<RANDOM>();
        let secret = Self(format!("{}{}", Self::PREFIX, BASE64_STANDARD.encode(random)));
        random.zeroize();
        secret
    }

    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(text.strip_prefix(Self::PREFIX)?).ok()?;
        (24..=64).contains(&bytes.len()).then(|| Self(text.to_owned()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    fn key(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let encoded = self.0.strip_prefix(Self::PREFIX).unwrap_or_default();
        BASE64_STANDARD.decode(encoded).unwrap_or_default().into()
    }
}

fn mac(key: &[u8], parts: &[&str]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part.as_bytes()));
    mac.finalize().into_bytes().into()
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub id: &'a DeliveryId,
    pub seq: i64,
    pub at: Timestamp,
    pub body: &'a str,
}

impl Message<'_> {
    /// The headers of its request. `secrets` are those that sign, the newest first; in the profile's form only that one does.
    pub fn headers(&self, secrets: &[WebhookSecret], profile: &WebhookHeaders) -> Vec<(String, String)> {
        let at = self.at.seconds().to_string();
        let signature = |secret: &WebhookSecret| {
            let mac = mac(&secret.key(), &[self.id.as_str(), ".", &at, ".", self.body]);
            format!("v1,{}", BASE64_STANDARD.encode(mac))
        };
        let signatures: Vec<_> = secrets.iter().map(signature).collect();
        let mut headers = vec![
            ("webhook-id".to_owned(), self.id.to_string()),
            ("webhook-timestamp".to_owned(), at.clone()),
            ("webhook-signature".to_owned(), signatures.join(" ")),
        ];
        if let (Some(name), Some(secret)) = (&profile.signature, secrets.first()) {
            let mac = mac(secret.expose().as_bytes(), &[&at, ".", self.body]);
            headers.push((name.clone(), format!("{}{}", profile.prefix, hex(&mac))));
        }
        headers.extend(profile.timestamp.clone().map(|name| (name, at)));
        headers.extend(profile.sequence.clone().map(|name| (name, self.seq.to_string())));
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;

    fn message() -> (DeliveryId, WebhookSecret) {
        let id = DeliveryId::parse("msg_p5jXN8AQM9LWM0D4loKWxJek").expect("an id");
        (id, WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret"))
    }

    /// The example of the Standard Webhooks specification.
    #[test]
    fn it_signs_as_the_standard_does() {
        let (id, secret) = message();
        let at = Timestamp::from_seconds(1_614_265_330);
        let message = Message { id: &id, seq: 1, at, body: r#"{"test": 2432232314}"# };
        let headers = message.headers(std::slice::from_ref(&secret), &WebhookHeaders::default());
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(headers[2], ("webhook-signature".to_owned(), expected.to_owned()));
        assert_eq!(headers.len(), 3);
        let other = WebhookSecret::mint(&SeededEntropy::new(1));
        let headers = message.headers(&[other, secret], &WebhookHeaders::default());
        assert!(headers[2].1.ends_with(&format!(" {expected}")), "{headers:?}");
    }

    /// What the client libraries verify is what is sent.
    #[test]
    fn it_signs_as_the_vectors_of_the_clients_say() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../clients/vectors/webhooks.json")).expect("JSON");
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        let form = |name: &str| Some(text(&file["forms"]["helios"][name]));
        let helios = WebhookHeaders {
            signature: form("signature"),
            prefix: text(&file["forms"]["helios"]["prefix"]),
            timestamp: form("timestamp"),
            sequence: form("sequence"),
        };
        let vectors = file["vectors"].as_array().expect("a list");
        let signed: Vec<_> = vectors.iter().filter(|vector| vector["signers"].is_array()).collect();
        assert_eq!(signed.len(), 3);
        for vector in signed {
            let (event, body) = (&vector["event"], text(&vector["body"]));
            let id = DeliveryId::parse(&text(&vector["headers"]["webhook-id"])).expect("an id");
            let at = Timestamp::from_seconds(event["timestamp"].as_i64().expect("a time"));
            let seq = event["sequence"].as_i64().expect("a number");
            let secrets = vector["signers"].as_array().into_iter().flatten();
            let secrets: Vec<_> = secrets.map(|one| WebhookSecret::parse(&text(one)).expect("a secret")).collect();
            let profile = if vector["form"] == "helios" { helios.clone() } else { WebhookHeaders::default() };
            let sent = Message { id: &id, seq, at, body: &body }.headers(&secrets, &profile);
            for (name, value) in vector["headers"].as_object().expect("an object") {
                let found = sent.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.clone());
                assert_eq!(found, Some(text(value)), "{}: {name}", vector["name"]);
            }
        }
    }

    #[test]
    fn the_profile_names_more_headers() {
        let (id, secret) = message();
        let name = |name: &str| Some(name.to_owned());
        let profile = WebhookHeaders {
            signature: name("X-Helios-Signature"),
            prefix: "sha256=".to_owned(),
            timestamp: name("X-Helios-Timestamp"),
            sequence: name("X-Helios-Sequence"),
        };
        let message = Message { id: &id, seq: 7, at: Timestamp::from_seconds(1_614_265_330), body: "{}" };
        let headers = message.headers(&[secret], &profile);
        assert_eq!(headers[3].0, "X-Helios-Signature");
        assert!(headers[3].1.strip_prefix("sha256=").is_some_and(|hex| hex.len() == 64));
        assert_eq!(headers[4], ("X-Helios-Timestamp".to_owned(), "1614265330".to_owned()));
        assert_eq!(headers[5], ("X-Helios-Sequence".to_owned(), "7".to_owned()));
    }

    #[test]
    fn a_secret_has_bytes_enough_and_is_not_shown() {
        let secret = WebhookSecret::mint(&SeededEntropy::new(1));
        assert_eq!(WebhookSecret::parse(secret.expose()), Some(secret.clone()));
        assert!(!format!("{secret:?}").contains(&secret.expose()[6..]));
        assert_eq!(WebhookSecret::parse("whsec_c2hvcnQ="), None);
    }
}
