use proptest::prelude::*;

use super::*;
use crate::testing::SeededEntropy;

fn vault(seed: u64) -> Vault {
    Vault::new(&MasterKey::mint(&SeededEntropy::new(seed)))
}

#[test]
fn what_is_sealed_opens_in_its_place_alone() {
    let sealed = vault(1).seal("pepper:1", b"secret", &SeededEntropy::new(2));
    assert_eq!(vault(1).open("pepper:1", &sealed).expect("opens").as_slice(), b"secret");
    assert!(vault(1).open("pepper:2", &sealed).is_err());
}

#[test]
fn another_master_key_is_named_as_such() {
    let sealed = vault(1).seal("pepper:1", b"secret", &SeededEntropy::new(2));
    let error = vault(2).open("pepper:1", &sealed).expect_err("refused").to_string();
    assert!(error.contains("another master key"), "{error}");
}

#[test]
fn every_flipped_bit_is_found() {
    let sealed = vault(1).seal("pepper:1", b"secret", &SeededEntropy::new(2));
    for at in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[at] ^= 1;
        assert!(vault(1).open("pepper:1", &damaged).is_err(), "byte {at}");
        assert!(vault(1).open("pepper:1", &sealed[..at]).is_err(), "cut at {at}");
    }
}

proptest! {
    #[test]
    fn a_key_replaces_another_while_both_open(seed in 0_u64..1_000, plain: Vec<u8>, context in "[a-z:0-9]{0,20}") {
        let entropy = SeededEntropy::new(seed);
        let (old, new) = (MasterKey::mint(&entropy), MasterKey::mint(&entropy));
        let before = Vault::new(&old).seal(&context, &plain, &entropy);
        let both = Vault::of(&[old.clone(), new.clone()], None);
        both.use_key(new.fingerprint());
        let after = both.seal(&context, &plain, &entropy);
        prop_assert_eq!(&after[..PREFIX], &new.fingerprint().prefix()[..]);
        for sealed in [&before, &after] {
            let opened = both.open(&context, sealed).expect("opens");
            prop_assert_eq!(opened.as_slice(), &plain[..]);
        }
        both.forget(old.fingerprint());
        prop_assert!(both.open(&context, &before).is_err() && both.open(&context, &after).is_ok());
        both.forget(new.fingerprint());
        prop_assert!(both.open(&context, &after).is_ok(), "the key that seals stays");
    }

    #[test]
    fn the_format_and_the_fingerprint_are_authenticated(seed in 0_u64..1_000, plain: Vec<u8>) {
        let entropy = SeededEntropy::new(seed);
        let keys = [MasterKey::mint(&entropy), MasterKey::mint(&entropy)];
        let vault = Vault::of(&keys, None);
        let sealed = vault.seal("a", &plain, &entropy);
        let mut older = sealed.clone();
        older[0] = FORMAT_1;
        prop_assert!(vault.open("a", &older).is_err());
        let mut other = sealed;
        other[..PREFIX].copy_from_slice(&keys[1].fingerprint().prefix());
        prop_assert!(vault.open("a", &other).is_err());
    }

    #[test]
    fn nothing_else_opens(bytes: Vec<u8>) {
        prop_assert!(vault(1).open("a", &bytes).is_err());
    }
}

#[test]
fn what_was_sealed_in_the_first_format_opens() {
    let (vault, entropy) = (vault(1), SeededEntropy::new(2));
    let nonce: [u8; NONCE] = (&entropy as &dyn Entropy).array();
    let ring = vault.ring();
    let payload = Payload { msg: b"secret", aad: b"pepper:1" };
    let text = ring.keys[0].cipher.encrypt(&XNonce::from(nonce), payload).expect("sealed");
    let head = [&[FORMAT_1], &vault.fingerprint().prefix()[1..]].concat();
    let sealed = [head, nonce.to_vec(), text].concat();
    drop(ring);
    assert_eq!(vault.open("pepper:1", &sealed).expect("opens").as_slice(), b"secret");
    assert!(vault.open("pepper:2", &sealed).is_err());
}

#[test]
fn a_key_that_came_later_is_found_in_the_source() {
    let keys = [1, 2].map(|seed| MasterKey::mint(&SeededEntropy::new(seed)));
    let sealed = Vault::new(&keys[1]).seal("a", b"secret", &SeededEntropy::new(3));
    let both = keys.to_vec();
    let later = Vault::of(&keys[..1], Some(Box::new(move || both.clone())));
    assert!(later.open("a", &sealed).is_err(), "what anybody may send does not read files");
    assert_eq!(later.open_stored("a", &sealed).expect("found").as_slice(), b"secret");
    assert_eq!(later.fingerprint(), keys[0].fingerprint(), "it does not seal yet");
}

#[test]
fn links_names_and_journals_go_on_under_another_key() {
    let keys = [1, 2].map(|seed| MasterKey::mint(&SeededEntropy::new(seed)));
    let before = Vault::new(&keys[0]);
    let after = Vault::of(&[keys[1].clone(), keys[0].clone()], None);
    after.set_lasting(before.lasting());
    let parts: &[&[u8]] = &[b"a"];
    assert!(after.is_link_hash(parts, &before.link_hash(parts)) && after.is_marked(parts, &before.mark(parts)));
    assert_ne!(after.link_hash(parts), before.link_hash(parts));
    assert_eq!(after.name(parts), before.name(parts));
    assert_eq!(after.journal_mac(&[0; 16], b"a"), before.journal_mac(&[0; 16], b"a"));
    after.forget(keys[0].fingerprint());
    assert!(!after.is_link_hash(parts, &before.link_hash(parts)) && !after.is_marked(parts, &before.mark(parts)));
}
