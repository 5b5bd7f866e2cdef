//! An authenticator in software: it makes a passkey on the curve P-256, and signs with it as browsers and their authenticators do.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_CREDENTIAL: u8 = 0x40;

/// One passkey, and the browser that asks for it. What a test changes is what an attacker, or a copy, would.
pub struct Authenticator {
    key: EcdsaKeyPair,
    pub credential_id: Vec<u8>,
    /// How the passkey knows whose it is; set when it is made.
    pub handle: Vec<u8>,
    /// The counter of its last signature; stays at 0 if `counts` is not set, as that of passkeys that are synchronized.
    pub counter: u32,
    pub counts: bool,
    /// Whether it verifies the person.
    pub verifies: bool,
    /// What the browser says of the page.
    pub origin: String,
    /// What the browser says for whom it is; `None` for what the page asked.
    pub rp_id: Option<String>,
}

impl Authenticator {
    /// A new one, in a browser at this origin.
    pub fn at(origin: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
        Self {
            credential_id: Sha256::digest(key.public_key()).to_vec(),
            key,
            handle: Vec::new(),
            counter: 0,
            counts: true,
            verifies: true,
            origin: origin.to_owned(),
            rp_id: None,
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["challenge"];
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false }).to_string().into()
    }

    fn data(&mut self, asked: &str, more: u8) -> Vec<u8> {
        if self.counts {
            self.counter += 1;
        }
        let verified = if self.verifies { VERIFIED } else { 0 };
        let hash = Sha256::digest(self.rp_id.as_deref().unwrap_or(asked));
        [&hash[..], &[PRESENT | verified | more], &self.counter.to_be_bytes()].concat()
    }

    fn answer(&self, response: Value) -> String {
        let id = encoded(&self.credential_id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {} }).to_string()
    }

    /// Makes the passkey as these options ask, and returns the answer of the browser's script.
    pub fn make(&mut self, options: &Value) -> String {
        self.handle = decoded(options["user"]["id"].as_str().expect("a handle"));
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.data(options["rp"]["id"].as_str().expect("a host"), HAS_CREDENTIAL);
        let length = u16::try_from(self.credential_id.len()).expect("a short id");
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&length.to_be_bytes());
        data.extend_from_slice(&self.credential_id);
        // The public key as a CBOR map: EC2, ES256, P-256, x and y.
        let point = self.key.public_key().as_ref();
        data.extend_from_slice(&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend_from_slice(&point[1..33]);
        data.extend_from_slice(&[0x22, 0x58, 0x20]);
        data.extend_from_slice(&point[33..]);
        let length = u16::try_from(data.len()).expect("short").to_be_bytes();
        let attestation = [&b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"[..], &length, &data].concat();
        self.answer(json!({ "attestationObject": encoded(&attestation), "clientDataJSON": encoded(&client_data) }))
    }

    /// Signs as these options ask, and returns the answer of the browser's script.
    pub fn sign(&mut self, options: &Value) -> String {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(options["rpId"].as_str().expect("a host"), 0);
        let signed = [&data[..], &Sha256::digest(&client_data)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        self.answer(json!({
            "authenticatorData": encoded(&data),
            "clientDataJSON": encoded(&client_data),
            "signature": encoded(signature.as_ref()),
            "userHandle": (!self.handle.is_empty()).then(|| encoded(&self.handle)),
        }))
    }
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn decoded(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64url")
}
