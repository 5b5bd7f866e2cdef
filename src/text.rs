//! Text input: trimmed, bounded, and without invisible characters.

mod secret;
mod visible;

use self::visible::display_error;

use crate::Invalid;

/// Control characters, and the marks that reorder or hide the text around them (Unicode UAX #9, bidi controls).
pub fn hides(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The error for a text that contains a secret; it does not repeat the text.
const SECRET: &str = "There is a whole API key, root token or signing secret in this text. Leave it out: everybody who \
    may see this would see it.";

/// Rejects text that contains a whole secret, since it would be shown, logged and exported. The error does not repeat
/// it.
pub(crate) fn holds_no_secret(text: &str) -> Result<(), &'static str> {
    if secret::is_in(text) { Err(SECRET) } else { Ok(()) }
}

/// A text to be shown again to the person who typed it; empty if it contains a whole secret.
pub fn shown_again(text: &str) -> &str {
    if secret::is_in(text) { "" } else { text }
}

/// One line of at most `most` characters; empty input is refused with `empty`.
pub fn line(field: &'static str, text: &str, most: usize, empty: &str) -> Result<String, Invalid> {
    let line = optional_line(field, text, most)?;
    if line.is_empty() {
        return Err(Invalid::field(field, empty));
    }
    Ok(line)
}

/// One line of at most `most` characters, or nothing.
pub fn optional_line(field: &'static str, text: &str, most: usize) -> Result<String, Invalid> {
    let text = text.trim();
    if let Some(why) = display_error(text) {
        return Err(Invalid::field(field, why));
    }
    bounded(field, text, most)
}

/// Several lines of at most `most` characters in all, or nothing.
pub fn paragraph(field: &'static str, text: &str, most: usize) -> Result<String, Invalid> {
    let text = text.trim().replace("\r\n", "\n");
    let lines = text.split(['\n', '\t']).map(str::trim).filter(|line| !line.is_empty());
    if let Some(why) = lines.filter_map(display_error).next() {
        return Err(Invalid::field(field, why));
    }
    bounded(field, &text, most)
}

fn bounded(field: &'static str, text: &str, most: usize) -> Result<String, Invalid> {
    let length = text.chars().count();
    if length > most {
        return Err(Invalid::field(field, format!("At most {most} characters; this has {length}.")));
    }
    holds_no_secret(text).map_err(|message| Invalid::field(field, message))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_bounded() {
        assert_eq!(line("name", "  Focus Labs ", 10, "needed").as_deref(), Ok("Focus Labs"));
        assert!(line("name", "   ", 10, "needed").is_err());
        assert!(line("name", "elevenchars", 10, "needed").is_err());
        assert_eq!(line("name", "ééééé", 5, "needed").as_deref(), Ok("ééééé"));
    }

    #[test]
    fn what_hides_is_refused() {
        for text in ["a\0b", "a\nb", "a\u{202e}b", "a\u{200b}b", "a\u{7f}b"] {
            assert!(line("label", text, 10, "needed").is_err(), "{text:?}");
        }
        for text in ["a\u{61c}b", "a\u{2066}b", "a\u{feff}b"] {
            assert!(line("label", text, 10, "needed").is_err(), "{text:?}");
        }
        assert_eq!(paragraph("description", "a\r\nb", 10).as_deref(), Ok("a\nb"));
        assert!(paragraph("description", "a\0b", 10).is_err());
    }
}
