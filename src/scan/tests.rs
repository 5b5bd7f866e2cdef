use proptest::prelude::*;

use super::*;
use crate::{base62, key::PlainSecret, testing::SeededEntropy};

const EXAMPLES: [&str; 5] = [
    include_str!("../../examples/profiles/default.toml"),
    include_str!("../../examples/profiles/synheart.toml"),
    include_str!("../../examples/profiles/synap.toml"),
    include_str!("../../examples/profiles/helios.toml"),
    include_str!("../../examples/profiles/synaptiq.toml"),
];

fn key(prefix: &str, seed: u64) -> String {
    PlainSecret::mint(prefix, &SeededEntropy::new(seed)).expose().to_owned()
}

fn scan(finder: &Finder, text: &[u8], piece: usize) -> Vec<Found> {
    let (mut stream, mut all) = (Stream::new(finder), Vec::new());
    text.chunks(piece).for_each(|piece| stream.feed(piece, |found| all.push(found)));
    stream.end(|found| all.push(found));
    all
}

#[test]
fn each_kind_of_each_profile_is_found_with_its_place() {
    for text in EXAMPLES {
        let profile = Profile::parse(text).expect("good");
        let finder = Finder::new(&profile);
        for (seed, Pattern { kind, prefix }) in (1..).zip(Pattern::of_profile(&profile)) {
            let secret = key(&prefix, seed);
            let text = format!("naïve = 1\n  é=\"{secret}\"\n");
            let found = scan(&finder, text.as_bytes(), 1000);
            let shown = format!("{prefix}{}…{}", &secret[prefix.len()..][..4], &secret[secret.len() - 4..]);
            let length = secret.len();
            assert_eq!(found, [Found { kind, shown, line: 2, column: 6, length }], "{prefix}");
        }
    }
}

#[test]
fn what_stands_beside_a_key_does_not_hide_it() {
    let finder = Finder::new(&Profile::standard());
    let key = key("sk_live_", 1);
    for text in [format!("x{key}"), format!("{key}x"), format!("%22{key}%22"), format!("{key}{key}"), key.clone()] {
        assert_eq!(scan(&finder, text.as_bytes(), 7).len(), text.matches("sk_live_").count(), "{text}");
    }
}

#[test]
fn a_wrong_checksum_is_no_key() {
    let finder = Finder::new(&Profile::standard());
    let placeholder = format!("sk_live_{}", "x".repeat(36));
    let (typo, cut) = (key("sk_live_", 1).to_lowercase(), &key("sk_live_", 1)[..43]);
    for text in [placeholder.as_str(), &typo, cut, "sk_live_", ""] {
        assert_eq!(scan(&finder, text.as_bytes(), 100), [], "{text}");
    }
}

#[test]
fn the_example_of_a_pattern_has_a_checksum() {
    let profile = Profile::standard();
    let finder = Finder::new(&profile);
    for pattern in Pattern::of_profile(&profile) {
        assert_eq!(scan(&finder, pattern.example().as_bytes(), 100).len(), 1, "{pattern:?}");
    }
}

/// Random text never looks like a key, even if each line of it begins with a prefix. `SALLYPORT_SCAN_BYTES` sets how much.
#[test]
fn random_text_is_no_alarm() {
    let wanted: usize = std::env::var("SALLYPORT_SCAN_BYTES").map_or(2_000_000, |text| text.parse().expect("a number"));
    let (finder, entropy) = (Finder::new(&Profile::standard()), SeededEntropy::new(7));
    let (mut stream, mut alarms, mut done) = (Stream::new(&finder), 0, 0);
    let mut piece = String::new();
    while done < wanted {
        piece.clear();
        for _ in 0..500 {
            piece.push_str("sk_live_");
            base62::push_random(&mut piece, &entropy, TAIL);
            piece.push('\n');
        }
        base62::push_random(&mut piece, &entropy, 22_500);
        stream.feed(piece.as_bytes(), |_| alarms += 1);
        done += piece.len();
    }
    stream.end(|_| alarms += 1);
    assert_eq!(alarms, 0, "of {done} bytes");
}

proptest! {
    #[test]
    fn pieces_of_any_size_find_the_same(seeds in prop::collection::vec(0u64..1000, 1..4), piece in 1usize..120, gap in "[a-z_\n]{0,80}") {
        let finder = Finder::new(&Profile::standard());
        let text: String = seeds.iter().map(|seed| format!("{gap}{}", key("sk_test_", *seed))).collect();
        let found = scan(&finder, text.as_bytes(), piece);
        prop_assert_eq!(found.len(), seeds.len());
        prop_assert_eq!(found, scan(&finder, text.as_bytes(), text.len()));
    }

    #[test]
    fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..500), piece in 1usize..100) {
        prop_assert_eq!(scan(&Finder::new(&Profile::standard()), &bytes, piece), []);
    }
}
