//! Checks that a text is displayed as it is: not reordered, without hidden characters, and not invisible.

use super::hides;

const CONTROL: &str = "Use letters, digits and signs only; a control character is in it.";
const NOTHING: &str = "Nothing of this is seen on a page. Use letters, digits or signs.";

/// The error for a non-empty text whose display would be misleading.
pub(super) fn unseen(text: &str) -> Option<&'static str> {
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let joins = is_joiner(character)
            && before.is_some_and(takes_joiner)
            && characters.peek().copied().is_some_and(takes_joiner);
        if hides(character) && !joins {
            return Some(CONTROL);
        }
        before = Some(character);
    }
    (!text.is_empty() && !text.chars().any(is_seen)).then_some(NOTHING)
}

/// ZERO WIDTH NON-JOINER and ZERO WIDTH JOINER: scripts such as Persian and Hindi need them, and so do composed
/// emoji.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// Letters with their marks, and emoji. ASCII characters are never joined: there a joiner would only hide.
fn takes_joiner(character: char) -> bool {
    let is_emoji_style = character == '\u{fe0f}';
    !character.is_ascii() && !character.is_whitespace() && !hides(character) && (is_seen(character) || is_emoji_style)
}

/// Unlike blanks and characters without a glyph (Unicode's Default_Ignorable_Code_Point, and the blank of Braille).
fn is_seen(character: char) -> bool {
    let is_ignorable = matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    );
    !character.is_whitespace() && !character.is_control() && !is_ignorable
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_as_people_write_them() {
        for name in [
            "Ada",
            "👩\u{200d}🔬 Lab",
            "❤\u{fe0f}\u{200d}🔥",
            "👩🏽\u{200d}💻",
            "می\u{200c}خواهم",
            "क\u{94d}\u{200d}ष",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "—",
        ] {
            assert_eq!(unseen(name), None, "{name:?}");
        }
    }

    #[test]
    fn what_is_not_seen_is_refused() {
        for name in ["\u{3164}", "\u{ad}", "\u{2800}\u{2800}", "\u{fe0f}", "\u{115f} \u{a0}", "\u{e0061}"] {
            assert_eq!(unseen(name), Some(NOTHING), "{name:?}");
        }
        for name in [
            "a\u{200d}b",
            "\u{200d}",
            "👩\u{200d}",
            "\u{200d}👩",
            "می \u{200c}خ",
            "👩\u{200d}\u{200d}🔬",
            "a\u{202e}b",
            "a\u{2028}b",
        ] {
            assert_eq!(unseen(name), Some(CONTROL), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bidi_control_gets_through(before in "\\PC{0,8}", control in "[\u{61c}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}]", after in "\\PC{0,8}") {
            let text = format!("{before}{control}{after}");
            prop_assert_eq!(unseen(&text), Some(CONTROL));
        }

        #[test]
        fn what_gets_through_is_seen(text in "[a\u{200c}\u{200d}\u{3164}\u{fe0f}👩🔬م \u{ad}]{1,8}") {
            if unseen(text.trim()).is_none() && !text.trim().is_empty() {
                prop_assert!(text.chars().any(|character| matches!(character, 'a' | '👩' | '🔬' | 'م')));
                let seen: String = text.chars().filter(|character| !is_joiner(*character)).collect();
                prop_assert!(unseen(seen.trim()).is_none());
            }
        }
    }
}
