//! Escapes user input for patterns of `LIKE … ESCAPE '!'`.

/// Matches `text` literally in `LIKE … ESCAPE '!'`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_like_are_taken_as_they_are() {
        assert_eq!(escaped("50%_off!"), "50!%!_off!!");
    }
}
