//! Words that somebody typed, as patterns for `LIKE … ESCAPE '!'`.
//!
//! A database's `lower()` may know no letter beyond ASCII: such words are also looked for as they may be written.

/// Taken as it is by `LIKE … ESCAPE '!'`.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '!') {
            escaped.push('!');
        }
        escaped.push(character);
    }
    escaped
}

/// How words may be written where `lower()` does not help: as typed, in small letters, in capitals, each word with one.
pub(super) fn spellings(words: &str) -> Vec<String> {
    let lower = words.to_lowercase();
    let mut all = vec![lower.clone()];
    if !words.is_ascii() {
        let mut titled = String::with_capacity(lower.len());
        let mut at_start = true;
        for letter in lower.chars() {
            if at_start {
                titled.extend(letter.to_uppercase())
            } else {
                titled.push(letter)
            }
            at_start = letter.is_whitespace();
        }
        all.extend([words.to_owned(), lower.to_uppercase(), titled]);
        if let Some(first) = lower.chars().next() {
            all.push(first.to_uppercase().chain(lower.chars().skip(1)).collect());
        }
        all.sort();
        all.dedup();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_like_are_taken_as_they_are() {
        assert_eq!(escaped("50%_off!"), "50!%!_off!!");
    }

    #[test]
    fn words_beyond_ascii_are_spelled_as_people_write_them() {
        assert_eq!(spellings("Ingest Worker"), ["ingest worker"]);
        let all = spellings("ärzte haus");
        for written in ["ärzte haus", "Ärzte haus", "Ärzte Haus", "ÄRZTE HAUS"] {
            assert!(all.iter().any(|one| one == written), "{written}");
        }
    }
}
