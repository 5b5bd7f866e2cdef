//! Guessable passwords (ASVS 5.0, 6.2.4 and 6.2.11): long enough, but among the first that an attacker tries.

mod breached;

use breached::is_breached;

/// The most common passwords of 12 characters and more, and the most common words that shorter ones are made of
/// (letters only, 4 to 11), lower case and sorted. From the lists of two packages under the MIT licence: zxcvbn 4.4.2
/// (Dropbox) and @zxcvbn-ts/language-common 4.1.3 (MrWook); 3,000 words of each. Their notice is in
/// `guessable/LICENSE.txt`, and must be distributed with the list.
static COMMON: &str = include_str!("guessable/common.txt");

/// How many digits and signs around one word still leave it guessable: `Password2026!`.
const PADDING: usize = 6;

/// Keyboard sequences, checked in both directions and cyclically.
const WALKS: [&str; 6] = [
    "0123456789",
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "!@#$%^&*()_+",
];

/// Why a password is guessable, as a sentence for the person who chose it; `whose` are their name and e-mail address.
pub fn reason(password: &str, whose: &[&str]) -> Option<&'static str> {
    let text = password.to_lowercase();
    let letters: Vec<char> = text.chars().collect();
    if is_common(&text) {
        return Some("This is one of the passwords that everybody tries first. Choose another.");
    }
    if is_repeated(&letters) || is_walk(&text) {
        return Some("This repeats or counts, so it is easy to guess. Use a few words in a row.");
    }
    if is_one_word(&text) {
        return Some("This is one common word with digits or signs around it. Use a few words in a row.");
    }
    if is_breached(&text) || core(&text).is_some_and(is_breached) {
        return Some("This password is known from a breach, or is one with digits or signs around it. Choose another.");
    }
    if is_own(&text, whose) {
        return Some("This is made of your name, your e-mail address or the name of this portal. Use other words.");
    }
    None
}

fn is_common(text: &str) -> bool {
    // Binary search over lines: `at` is moved back to the start of its line.
    let (mut from, mut to) = (0, COMMON.len());
    while from < to {
        let start = COMMON[..from.midpoint(to)].rfind('\n').map_or(0, |end| end + 1).max(from);
        let end = COMMON[start..].find('\n').map_or(COMMON.len(), |length| start + length);
        match COMMON[start..end].cmp(text) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => from = end + 1,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    false
}

/// A part repeated twice or more, the last time possibly cut: `abcabcabcabc`, `password1password1`.
fn is_repeated(letters: &[char]) -> bool {
    (1..=letters.len() / 2).any(|period| letters.iter().zip(&letters[period..]).all(|(one, next)| one == next))
}

fn is_walk(text: &str) -> bool {
    let back: String = text.chars().rev().collect();
    WALKS.iter().any(|walk| {
        let around = walk.repeat(text.len() / walk.len() + 2);
        around.contains(text) || around.contains(&back)
    })
}

/// What is left without a few digits and signs around it, if there are any.
fn core(text: &str) -> Option<&str> {
    let word = text.trim_matches(|character: char| !character.is_alphabetic());
    let around = text.chars().count() - word.chars().count();
    (around > 0 && around <= PADDING).then_some(word)
}

fn is_one_word(text: &str) -> bool {
    let word = text.trim_matches(|character: char| !character.is_alphabetic());
    let around = text.chars().count() - word.chars().count();
    let padding = text.replacen(word, "", 1);
    !word.is_empty() && (around <= PADDING || is_walk(&padding)) && is_common(word)
}

/// Whether nothing remains without the person's own words and non-letters.
fn is_own(text: &str, whose: &[&str]) -> bool {
    let mut own = vec!["sallyport".to_owned()];
    for words in whose {
        let words = words.to_lowercase();
        // A single letter, such as a middle initial, would match within any password.
        let parts = words.split(|character: char| !character.is_alphanumeric()).filter(|word| word.chars().count() > 1);
        own.extend(parts.map(str::to_owned));
        own.extend((!words.is_empty()).then_some(words));
    }
    own.sort_by_key(|word| std::cmp::Reverse(word.len()));
    // Replaced by a space, so that the remaining parts do not form another of them.
    let rest = own.iter().fold(text.to_owned(), |rest, word| rest.replace(word.as_str(), " "));
    rest != text && !rest.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: [&str; 2] = ["Ada Byron", "ada.b@focus-labs.example"];

    #[test]
    fn the_list_is_sorted_and_found_in() {
        let lines: Vec<_> = COMMON.lines().collect();
        assert!(lines.is_sorted() && lines.len() > 4_000);
        assert!(COMMON.is_ascii() && COMMON.ends_with('\n'));
        for line in &lines {
            assert!(is_common(line), "{line}");
        }
        for absent in ["", "a", "zzzzzzzzzzzzzzzzzzzzzz", "correct horse battery staple", "password12345678901"] {
            assert!(!is_common(absent), "{absent}");
        }
    }

    #[test]
    fn what_everybody_tries_is_refused() {
        for (password, about) in [
            ("Password1234", "everybody tries"),
            ("aaaaaaaaaaaa", "repeats"),
            ("abcabcabcabcab", "repeats"),
            ("Tr0ub4dorTr0ub4dor", "repeats"),
            ("ééééééééééééé", "repeats"),
            ("456789012345", "repeats"),
            ("098765432109876", "repeats"),
            ("QWERTYUIOPASDF", "repeats"),
            ("!@#$%^&*()_+", "repeats"),
            ("2wsx3edc4rfv5tgb6y", "repeats"),
            ("Password2026!", "one common word"),
            ("!!iloveyou2026", "one common word"),
            ("monkey1234567890", "one common word"),
            ("samsungkoze176351", "known from a breach"),
            ("Retsamoen123", "known from a breach"),
            ("Paralelepipedo!", "known from a breach"),
            ("!Paralelepipedo-99", "known from a breach"),
            ("ada.b@focus-labs.example", "made of your name"),
            ("AdaByron2026", "made of your name"),
            ("sallyport 2026!", "made of your name"),
            ("Byron-Sallyport-1815", "made of your name"),
        ] {
            let reason = reason(password, &ADA).unwrap_or_else(|| panic!("{password} is taken"));
            assert!(reason.contains(about), "{password}: {reason}");
        }
    }

    #[test]
    fn what_is_hard_to_guess_is_taken() {
        for password in [
            "correct horse battery staple",
            "sallyport demo",
            "ada loves long walks",
            "K7#pq!Zr9vLm",
            "x7Gq2Lw9Tb4Rk8Zp",
            "пароль из многих слов",
            "monkey83920175628",
            "192847562019",
        ] {
            assert_eq!(reason(password, &ADA), None, "{password}");
        }
    }
}
