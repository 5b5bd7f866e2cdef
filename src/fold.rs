//! Comparison of names and labels, regardless of case and of how letters are composed.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// The form for search and sorting: two texts match if their folded forms are equal. A compatibility caseless match
/// of the Unicode standard (definition D146), composed at the end.
pub fn fold(text: &str) -> String {
    // Most names are ASCII, for which this only means lower case.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd().default_case_fold().nfkc().default_case_fold().nfkc().collect()
}

/// The text with composed letters (NFC), case unchanged.
pub fn composed(text: &str) -> String {
    text.nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_composition_make_no_difference() {
        for (one, other) in [
            ("Ingest", "INGEST"),
            ("Привет", "пРИВЕТ"),
            ("ΌΣΟΣ", "όσος"),
            ("Straße", "STRASSE"),
            ("Café", "cafe\u{301}"),
            ("ﬁle", "FILE"),
            ("ＦＵＬＬ", "full"),
            ("ǅ", "dž"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("cafe"), fold("café"), "an accent is a letter");
        assert_eq!(fold("日本"), "日本");
    }

    #[test]
    fn composed_text_keeps_its_case() {
        assert_eq!(composed("Cafe\u{301}"), "Café");
        assert_ne!(composed("CAFÉ"), "Café");
    }

    proptest! {
        #[test]
        fn what_is_folded_stays_as_it_is(text in "\\PC{0,30}") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }
    }
}
