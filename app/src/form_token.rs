//! Form tokens: a form that is sent twice creates one key, and only forms rendered by this server are accepted.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sallyport::{Entropy, Invalid, Timestamp, id::UserId, vault::Vault};
use std::time::Duration;

const NONCE: usize = 16;
const TIME: usize = 8;
const MARK: usize = 32;

/// How long a form can be open.
const LIVES: Duration = Duration::from_secs(24 * 60 * 60);

/// A new token for a form of that person: a nonce, the time, and a keyed hash of both.
pub fn mint(vault: &Vault, entropy: &dyn Entropy, user: &UserId, now: Timestamp) -> String {
    let mut token = [0; NONCE + TIME + MARK];
    entropy.fill(&mut token[..NONCE]);
    token[NONCE..NONCE + TIME].copy_from_slice(&now.micros().to_be_bytes());
    let mark = vault.mark(&[user.as_str().as_bytes(), &token[..NONCE + TIME]]);
    token[NONCE + TIME..].copy_from_slice(&mark);
    BASE64_URL_SAFE_NO_PAD.encode(token)
}

/// The nonce of a token that was issued to that person; the database keeps it unique.
pub fn check(vault: &Vault, user: &UserId, now: Timestamp, text: &str) -> Result<Vec<u8>, Invalid> {
    let refused = || Invalid::field("", "This form has expired or is not valid. Send it again.");
    let token = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
    let (marked, mark) = token.split_at_checked(NONCE + TIME).ok_or_else(refused)?;
    if !vault.is_marked(&[user.as_str().as_bytes(), marked], mark) {
        return Err(refused());
    }
    let (nonce, time) = marked.split_at(NONCE);
    let given_at = Timestamp::from_micros(i64::from_be_bytes(time.try_into().map_err(|_| refused())?));
    if now.since(given_at) > LIVES {
        return Err(refused());
    }
    Ok(nonce.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sallyport::{testing::SeededEntropy, vault::MasterKey};

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    proptest! {
        #[test]
        fn a_token_comes_back_as_its_own_nonce(seed: u64, micros in 0..253_402_300_800_000_000_i64, later in 0..=86_400_u64) {
            let entropy = SeededEntropy::new(seed);
            let vault = Vault::new(&MasterKey::mint(&entropy));
            let (ada, now) = (UserId::mint(&entropy), Timestamp::from_micros(micros));
            let (one, other) = (mint(&vault, &entropy, &ada, now), mint(&vault, &entropy, &ada, now));
            let nonce = |token| check(&vault, &ada, now + Duration::from_secs(later), token).expect("ours");
            prop_assert_eq!(nonce(&one).len(), NONCE);
            prop_assert_ne!(nonce(&one), nonce(&other));
        }

        #[test]
        fn one_other_character_is_refused(seed: u64, at in 0usize..74, with: char) {
            let entropy = SeededEntropy::new(seed);
            let vault = Vault::new(&MasterKey::mint(&entropy));
            let ada = UserId::mint(&entropy);
            let token = mint(&vault, &entropy, &ada, NOW);
            let (before, rest) = token.split_at(at);
            let changed = format!("{before}{with}{}", &rest[1..]);
            prop_assert_eq!(check(&vault, &ada, NOW, &changed).is_ok(), changed == token);
        }

        #[test]
        fn junk_is_refused(text in ".*|[0-9A-Za-z_-]{60,90}") {
            let entropy = SeededEntropy::new(1);
            let vault = Vault::new(&MasterKey::mint(&entropy));
            prop_assert!(check(&vault, &UserId::mint(&entropy), NOW, &text).is_err());
        }
    }

    #[test]
    fn a_token_is_good_for_its_person_and_a_day() {
        let entropy = SeededEntropy::new(1);
        let vault = Vault::new(&MasterKey::mint(&entropy));
        let (ada, eve) = (UserId::mint(&entropy), UserId::mint(&entropy));
        let token = mint(&vault, &entropy, &ada, NOW);
        assert!(check(&vault, &ada, NOW, &token).is_ok());
        assert!(check(&vault, &eve, NOW, &token).is_err());
        assert!(check(&vault, &ada, NOW + LIVES, &token).is_ok());
        assert!(check(&vault, &ada, NOW + LIVES + Duration::from_micros(1), &token).is_err());
    }

    #[test]
    fn a_changed_token_is_refused() {
        let entropy = SeededEntropy::new(1);
        let vault = Vault::new(&MasterKey::mint(&entropy));
        let ada = UserId::mint(&entropy);
        let token = mint(&vault, &entropy, &ada, NOW);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(check(&vault, &ada, NOW, &changed).is_err(), "character {at}");
        }
        for text in ["", "A", "AAAA", "not base64 at all!"] {
            assert!(check(&vault, &ada, NOW, text).is_err());
        }
    }
}
