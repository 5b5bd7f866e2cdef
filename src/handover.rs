//! Credentials that are handed to one person by a link. The link contains a random code; a key derived from it seals the file
//! (AES-256-GCM), and a token derived from it shows that somebody has the code without telling it. Who has the database, but
//! not the link, opens nothing. The model is response wrapping as in HashiCorp's Vault.

use std::time::Duration;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Entropy, Timestamp, id::HandoverId};

/// How long a link may be valid.
pub const HOURS: [u64; 3] = [1, 24, 72];

/// The characters of the shortest passphrase: few attempts are accepted.
pub const SHORTEST: usize = 6;

/// How many wrong passphrases are accepted.
pub const TRIES: i64 = 5;

/// Letters and digits without those that are easily confused (Crockford's base32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Letters of a code: 130 random bits.
const LENGTH: usize = 26;

/// What the link contains beside its address.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Code(String);

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

impl Code {
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let random = Zeroizing::new(entropy.array::<LENGTH>());
        Self(random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
    }

    /// As typed: in either case, with blanks and dashes, and with O and L instead of 0 and 1.
    pub fn parse(text: &str) -> Option<Self> {
        let letters = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-');
        let code: String = letters
            .map(|letter| match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                letter => letter,
            })
            .collect();
        let is_code = code.len() == LENGTH && code.bytes().all(|byte| ALPHABET.contains(&byte));
        is_code.then_some(Self(code))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Shows that somebody has the code.
    pub fn token(&self, id: &HandoverId) -> [u8; 32] {
        *self.derive(id, "sallyport handover token v1")
    }

    fn derive(&self, id: &HandoverId, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0; 32]);
        hkdf::Hkdf::<Sha256>::new(Some(id.as_str().as_bytes()), self.0.as_bytes())
            .expand(purpose.as_bytes(), derived.as_mut())
            .expect("HKDF-SHA256 gives 32 bytes");
        derived
    }

    fn cipher(&self, id: &HandoverId) -> LessSafeKey {
        let key = self.derive(id, "sallyport handover key v1");
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).expect("the key has 32 bytes"))
    }

    /// The nonce, and the text encrypted for this hand-over.
    pub fn seal(&self, id: &HandoverId, text: &str, entropy: &dyn Entropy) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = entropy.array();
        let mut sealed = text.as_bytes().to_vec();
        let aad = Aad::from(id.as_str().as_bytes());
        let done = self.cipher(id).seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed);
        done.expect("a short text can be sealed");
        [&nonce[..], &sealed].concat()
    }

    pub fn open(&self, id: &HandoverId, sealed: &[u8]) -> Option<Zeroizing<String>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self.cipher(id).open_in_place(nonce, Aad::from(id.as_str().as_bytes()), &mut text).ok()?;
        String::from_utf8(plain.to_vec()).ok().map(Zeroizing::new)
    }
}

/// What is stored of a token.
pub fn token_hash(token: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// How a link is protected besides its code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    pub valid: Duration,
    /// The e-mail address of the one member who can open it; empty for whoever has the link.
    pub only_for: String,
    /// The hash of a passphrase.
    pub passphrase: Option<String>,
}

/// A hand-over, without what it hands over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    pub id: HandoverId,
    pub org_name: String,
    pub expires_at: Timestamp,
    /// Whether it waits for somebody to open it.
    pub is_open: bool,
    /// Whether somebody opened it.
    pub was_opened: bool,
    /// Whether one signed-in person can open it alone.
    pub is_for_one: bool,
    pub has_passphrase: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::SeededEntropy;

    fn made(seed: u64) -> (Code, HandoverId, SeededEntropy) {
        let entropy = SeededEntropy::new(seed);
        (Code::mint(&entropy), HandoverId::mint(&entropy), entropy)
    }

    #[test]
    fn a_file_is_opened_with_its_code_and_id() {
        let (code, id, entropy) = made(1);
        let sealed = code.seal(&id, "{\"secret_key\":\"sk_live_x\"}", &entropy);
        assert_eq!(code.open(&id, &sealed).expect("opened").as_str(), "{\"secret_key\":\"sk_live_x\"}");
        let (other, other_id, _) = made(2);
        assert!(other.open(&id, &sealed).is_none() && code.open(&other_id, &sealed).is_none());
        assert!(code.open(&id, &sealed[..20]).is_none() && code.open(&id, &[]).is_none());
        assert_ne!(code.token(&id), code.token(&other_id));
    }

    /// As the browser computes it, with WebCrypto (`public/handover.js`): computed with another implementation.
    #[test]
    fn the_derivation_is_that_of_the_browser() {
        let code = Code::parse("00112233445566778899AABBCC").expect("a code");
        let id = HandoverId::parse("hnd_0123456789abcdef").expect("an id");
        assert_eq!(crate::audit::hex(&code.token(&id)), TOKEN);
    }

    const TOKEN: &str = "d501eddea9b22b8069aaaa6b0d84f16d9971c254d1d89c3ffd7714ea86bf0db9";

    proptest! {
        #[test]
        fn a_code_is_read_as_people_type_it(seed: u64, spread in proptest::collection::vec(0_usize..26, 0..5)) {
            let (code, ..) = made(seed);
            let mut typed = code.expose().to_lowercase().replace('0', "o").replace('1', "l");
            spread.into_iter().for_each(|at| typed.insert_str(at, " -"));
            prop_assert!(Code::parse(&typed).as_ref() == Some(&code));
        }

        #[test]
        fn junk_is_no_code(text in ".{0,40}") {
            prop_assert!(Code::parse(&text).is_none_or(|code| code.expose().len() == LENGTH));
        }
    }
}
