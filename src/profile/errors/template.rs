//! JSON with `{placeholders}`, split once, so that rendering is concatenation.

use std::fmt::Write;

/// A placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    Status,
    Title,
    Code,
    Message,
    DocUrl,
    RequestId,
    AppId,
}

impl Placeholder {
    pub const ALL: [Self; 7] =
        [Self::Status, Self::Title, Self::Code, Self::Message, Self::DocUrl, Self::RequestId, Self::AppId];

    /// Without the braces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Title => "title",
            Self::Code => "code",
            Self::Message => "message",
            Self::DocUrl => "doc_url",
            Self::RequestId => "request_id",
            Self::AppId => "app_id",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Placeholder),
}

/// A body, or a sentence within one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

impl Template {
    /// A whole body: its text is JSON already.
    pub fn body(text: &str) -> Result<Self, String> {
        Self::parse(text, &Placeholder::ALL, str::to_owned)
    }

    /// A sentence, which will be placed within quotation marks.
    pub fn sentence(text: &str) -> Result<Self, String> {
        let allowed: Vec<_> = Placeholder::ALL.into_iter().filter(|one| *one != Placeholder::Message).collect();
        Self::parse(text, &allowed, escaped)
    }

    /// Names in braces must be known placeholders; other braces are JSON's.
    fn parse(text: &str, allowed: &[Placeholder], literal: impl Fn(&str) -> String) -> Result<Self, String> {
        let (mut template, mut rest) = (Self::default(), text);
        let mut from = 0;
        while let Some(open) = rest[from..].find('{').map(|at| from + at) {
            let Some(name) = name_at(&rest[open..]) else {
                from = open + 1;
                continue;
            };
            let known = allowed.iter().find(|one| one.name() == name);
            let Some(known) = known else {
                let names: Vec<_> = allowed.iter().map(|one| format!("{{{}}}", one.name())).collect();
                return Err(format!("{{{name}}} is no placeholder here; these are: {}.", names.join(", ")));
            };
            template.push(Piece::Text(literal(&rest[..open])));
            template.push(Piece::Value(*known));
            (rest, from) = (&rest[open + name.len() + 2..], 0);
        }
        template.push(Piece::Text(literal(rest)));
        Ok(template)
    }

    fn push(&mut self, piece: Piece) {
        match (self.0.last_mut(), piece) {
            (_, Piece::Text(text)) if text.is_empty() => {}
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            (_, piece) => self.0.push(piece),
        }
    }

    pub fn has(&self, placeholder: Placeholder) -> bool {
        self.0.contains(&Piece::Value(placeholder))
    }

    /// Replaces one placeholder by another template or a text.
    #[must_use]
    pub fn with(&self, placeholder: Placeholder, value: &Self) -> Self {
        let mut filled = Self::default();
        for piece in &self.0 {
            if *piece == Piece::Value(placeholder) {
                value.0.iter().for_each(|piece| filled.push(piece.clone()));
            } else {
                filled.push(piece.clone());
            }
        }
        filled
    }

    /// A literal text, including its braces.
    pub fn text(text: &str) -> Self {
        Self(vec![Piece::Text(escaped(text))])
    }

    /// The whole text; a placeholder without a value is empty.
    pub fn render<'a>(&self, value: impl Fn(Placeholder) -> &'a str) -> String {
        let length = |piece: &Piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Value(placeholder) => value(*placeholder).len(),
        };
        let mut rendered = String::with_capacity(self.0.iter().map(length).sum());
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => rendered.push_str(text),
                Piece::Value(placeholder) => escape(value(*placeholder), &mut rendered),
            }
        }
        rendered
    }
}

/// The name in the braces at the start of the text. `{ code }` and `{Code}` count as names too, so that a misspelt
/// placeholder is not sent to clients.
fn name_at(text: &str) -> Option<&str> {
    let name = text[1..].split('}').next()?;
    let closed = text.len() > name.len() + 1;
    let named = name.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b' '));
    (closed && named && !name.trim().is_empty()).then_some(name)
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    escape(text, &mut escaped);
    escaped
}

/// Escapes a text for a JSON string, without the quotation marks.
fn escape(text: &str, into: &mut String) {
    for character in text.chars() {
        match character {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            control if control.is_control() => {
                // Writing to a string can't fail.
                let _ = write!(into, "\\u{:04x}", u32::from(control));
            }
            plain => into.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rendered(body: &str, value: &str) -> String {
        Template::body(body).expect("a template").render(|_| value)
    }

    #[test]
    fn braces_of_json_are_no_placeholders() {
        assert_eq!(rendered(r#"{"error":{"a":{},"code":"{code}"}}"#, "x"), r#"{"error":{"a":{},"code":"x"}}"#);
        assert_eq!(rendered(r#"{"a":"{{code}}"}"#, "x"), r#"{"a":"{x}"}"#);
        assert_eq!(rendered("{", "x"), "{");
    }

    #[test]
    fn a_slip_in_a_placeholder_is_found() {
        for slip in ["{reason}", "{ code }", "{Code}", "{\"a\":\"{request id}\"}"] {
            assert!(Template::body(slip).expect_err(slip).contains("{request_id}"), "{slip}");
        }
        assert!(Template::sentence("again: {message}").is_err(), "a sentence within itself");
    }

    #[test]
    fn one_template_fills_another() {
        let sentence = Template::sentence("App {app_id} is \"out\".").expect("a sentence");
        let body = Template::body(r#"{"message":"{message}"}"#).expect("a body");
        let filled = body.with(Placeholder::Message, &sentence);
        assert_eq!(filled.render(|_| "app_x"), r#"{"message":"App app_x is \"out\"."}"#);
        assert!(!filled.has(Placeholder::Message) && filled.has(Placeholder::AppId));
        let filled = body.with(Placeholder::Message, &Template::text("{app_id}"));
        assert_eq!(filled.render(|_| "x"), r#"{"message":"{app_id}"}"#);
    }

    proptest! {
        #[test]
        fn whatever_is_put_in_it_stays_json(value: String, sentence in "\\PC*") {
            let json = rendered(r#"{"a":"{message}"}"#, &value);
            let parsed: serde_json::Value = serde_json::from_str(&json).expect("JSON");
            prop_assert_eq!(parsed["a"].as_str(), Some(value.as_str()));
            if let Ok(sentence) = Template::sentence(&sentence) {
                let body = Template::body(r#"{"a":"{message}"}"#).expect("a body").with(Placeholder::Message, &sentence);
                let json = body.render(|_| &value);
                prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
            }
        }

        #[test]
        fn no_template_is_too_strange(text in "[{}a-z\" \u{e9}]*") {
            if let Ok(template) = Template::body(&text) {
                let _ = template.render(|_| "x");
            }
        }
    }
}
