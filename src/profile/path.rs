//! Paths of requests, and patterns of them.

use std::borrow::Cow;

/// A path that every server reads the same way: decoded, without query, dot segments or empty segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanPath<'a>(Cow<'a, str>);

impl<'a> CleanPath<'a> {
    /// `None` for a path that servers may read differently (`//`, `/../`, `%2F`, `\`, `#`), so that an alternative
    /// spelling can't bypass a pattern.
    pub fn parse(target: &'a str) -> Option<Self> {
        let path = target.split('?').next().unwrap_or_default();
        if !path.starts_with('/') {
            return None;
        }
        let decoded = if path.contains('%') { Cow::Owned(decode(path)?) } else { Cow::Borrowed(path) };
        let mut segments = decoded[1..].split('/').peekable();
        while let Some(segment) = segments.next() {
            let last = segments.peek().is_none();
            // Some servers cut the path at `;`, which begins parameters, or at `#`, which no client sends; others do
            // not.
            let strange = |character: char| character.is_control() || matches!(character, '\\' | ';' | '#');
            if matches!(segment, "." | "..") || (segment.is_empty() && !last) || segment.contains(strange) {
                return None;
            }
        }
        Some(Self(decoded))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Percent-decodes once. A slash written as `%2F`, or a percent sign, would be read differently by others.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let decoded = u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?;
        if matches!(decoded, b'/' | b'%' | b'?' | b'#') {
            return None;
        }
        bytes.push(decoded);
    }
    String::from_utf8(bytes).ok()
}

/// `/reports/*` is one segment below, `/reports/**` is it and everything below, `/entities.*` any end of the segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern(String);

impl PathPattern {
    /// Parses a pattern, or returns the error as a sentence.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let literal = text.replace('*', "x");
        if !text.starts_with('/') {
            return Err("A path pattern begins with a slash.");
        }
        // A parameter in other routers; here it would match itself literally.
        if text.split('/').any(|segment| segment.starts_with([':', '{', '<'])) {
            return Err("A segment that changes is written as `*` in a path pattern, not as `:id` or `{id}`.");
        }
        if CleanPath::parse(&literal).is_none_or(|clean| clean.as_str() != literal) {
            return Err("A path pattern is written as a plain path: no query, no percent signs, no `..`, no `//`.");
        }
        let end = text.strip_suffix("/**").unwrap_or(text);
        if end.contains("**") {
            return Err("`**` has to be the whole last segment of a path pattern.");
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn matches(&self, path: &CleanPath<'_>) -> bool {
        let mut segments = path.as_str()[1..].split('/');
        let mut wanted = self.0[1..].split('/');
        loop {
            match (wanted.next(), segments.next()) {
                (Some("**"), _) | (None, None) => return true,
                (Some(wanted), Some(segment)) if segment_matches(wanted, segment) => {}
                _ => return false,
            }
        }
    }
}

/// `*` matches any text within the segment; as a whole segment, any non-empty text.
fn segment_matches(wanted: &str, segment: &str) -> bool {
    if wanted == "*" {
        return !segment.is_empty();
    }
    let mut parts = wanted.split('*');
    let Some(rest) = parts.next().and_then(|first| segment.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    let Some(mut rest) = rest.strip_suffix(last) else { return false };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, path: &str) -> bool {
        let pattern = PathPattern::parse(pattern).expect(pattern);
        CleanPath::parse(path).is_some_and(|path| pattern.matches(&path))
    }

    #[test]
    fn patterns_match() {
        for (pattern, path) in [
            ("/", "/"),
            ("/leads", "/leads?since=1"),
            ("/leads", "/leads?color=#fff"),
            ("/leads/*", "/leads/7"),
            ("/leads/**", "/leads"),
            ("/leads/**", "/leads/7/notes"),
            ("/trpc/entities.*", "/trpc/entities.list"),
            ("/a*c*e", "/abcde"),
            ("/caf\u{e9}", "/caf%C3%A9"),
            ("/**", "/anything/at/all"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/leads", "/leads/"),
            ("/leads/*", "/leads"),
            ("/leads/*", "/leads/"),
            ("/leads/*", "/leads/7/notes"),
            ("/leads/**", "/leadership"),
            ("/trpc/entities.*", "/trpc/entities"),
            ("/a*c*e", "/abde"),
            ("/a*a", "/a"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_matches_nothing() {
        for path in [
            "",
            "leads",
            "http://x/leads",
            "//leads",
            "/leads//7",
            "/./leads",
            "/x/../leads",
            "/x/%2e%2e/leads",
            "/x%2Fleads",
            "/x%252Fleads",
            "/%ff",
            "/%4",
            "/x\\leads",
            "/leads;v=1",
            "/x%00",
            "/x%5cleads",
            "/%3Fleads",
            "/leads#",
            "/leads#/../admin/x",
            "/#?x",
            "#/leads",
            "/leads%23/x",
        ] {
            assert!(!matches("/**", path), "{path}");
        }
    }

    #[test]
    fn a_pattern_is_a_plain_path() {
        for wrong in ["", "leads", "/a?b", "/%61", "/a/../b", "/a//b", "/a/**/b", "/a**", "/a;b", "/a/:id", "/a/{id}/b"]
        {
            assert!(PathPattern::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        /// All ways of cutting a target must yield the same path.
        #[test]
        fn a_path_is_the_same_wherever_it_is_cut(target in "/[a-z#?;%/.]{0,12}") {
            if let Some(path) = CleanPath::parse(&target) {
                for cuts in [&['?'][..], &['#'], &['?', '#']] {
                    let cut = target.split(cuts).next().unwrap_or_default();
                    let parsed = CleanPath::parse(cut);
                    prop_assert_eq!(parsed.as_ref(), Some(&path), "{}", cut);
                }
            }
        }

        #[test]
        fn no_path_is_too_strange(path in "\\PC*|/[a-z%./*2eF]*", pattern in "/[a-z.*]{0,6}(/[a-z.*]{1,6}){0,3}(/\\*\\*)?") {
            if let (Ok(pattern), Some(path)) = (PathPattern::parse(&pattern), CleanPath::parse(&path)) {
                let _ = pattern.matches(&path);
            }
        }
    }
}
