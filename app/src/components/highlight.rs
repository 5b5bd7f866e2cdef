//! Syntax colours for short samples of code: quoted texts and a few words. Not a parser: the text is not changed.

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Quoted,
    Word,
}

const WORDS: [&str; 12] =
    ["curl", "const", "await", "import", "let", "if", "nil", "return", "print", "true", "false", "null"];

/// The text in parts, in order.
fn parts(code: &str) -> Vec<(Kind, &str)> {
    let mut parts = Vec::new();
    let (mut rest, mut plain) = (code, 0);
    let mut push = |kind: Kind, part| {
        if !str::is_empty(part) {
            parts.push((kind, part));
        }
    };
    while let Some(first) = rest[plain..].chars().next() {
        let at = plain;
        let length = match first {
            '"' | '\'' | '`' => quoted(&rest[at..], first),
            _ if first.is_alphabetic() => word(&rest[at..]),
            _ => first.len_utf8(),
        };
        let found = &rest[at..at + length];
        // The name of a field is no value.
        let is_name = rest[at + length..].starts_with(':');
        let kind = match first {
            '"' | '\'' | '`' if length > 1 && !is_name => Kind::Quoted,
            _ if WORDS.contains(&found) => Kind::Word,
            _ => {
                plain += length;
                continue;
            }
        };
        push(Kind::Plain, &rest[..at]);
        push(kind, found);
        (rest, plain) = (&rest[at + length..], 0);
    }
    push(Kind::Plain, rest);
    parts
}

/// The length of the quoted text at the beginning; one character if its end is missing from the line.
fn quoted(code: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in code.char_indices().skip(1) {
        match character {
            '\n' => break,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    1
}

fn word(code: &str) -> usize {
    code.find(|character: char| !(character.is_alphanumeric() || character == '_')).unwrap_or(code.len())
}

/// A backslash that continues the line stays with the word before it, so that it never begins a line.
fn plain(part: &str) -> AnyView {
    const CONTINUED: &str = " \\\n";
    let lines = part.split(CONTINUED).map(str::to_owned).enumerate();
    lines
        .map(|(at, line)| {
            let end = (at > 0).then(|| view! { <span class="end">" \\"</span>"\n" });
            view! { {end}{line} }
        })
        .collect_view()
        .into_any()
}

/// The text with its colours.
#[component]
pub fn Highlighted(code: String) -> impl IntoView {
    let parts = parts(&code).into_iter().map(|(kind, part)| {
        let part = part.to_owned();
        match kind {
            Kind::Plain => plain(&part),
            Kind::Quoted => view! { <span class="quoted">{part}</span> }.into_any(),
            Kind::Word => view! { <span class="word">{part}</span> }.into_any(),
        }
    });
    parts.collect_view()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn strings_and_words_stand_out() {
        let code = "curl -i https://keys.example \\\n  -H \"x-api-key: \\\"$API_KEY\"";
        let found: Vec<_> = parts(code).into_iter().filter(|(kind, _)| *kind != Kind::Plain).collect();
        assert_eq!(found, [(Kind::Word, "curl"), (Kind::Quoted, "\"x-api-key: \\\"$API_KEY\"")]);
        assert_eq!(parts("isn't letter"), [(Kind::Plain, "isn't letter")]);
        let json = [(Kind::Plain, "{\"valid\": "), (Kind::Word, "true"), (Kind::Plain, ", \"code\": ")];
        let value = [(Kind::Quoted, "\"valid\""), (Kind::Plain, "}")];
        assert_eq!(parts("{\"valid\": true, \"code\": \"valid\"}"), [json.as_slice(), &value].concat());
    }

    #[test]
    fn a_backslash_stays_with_the_word_before_it() {
        let html = view! { <Highlighted code="curl a \\\n  -H b \\\n  -d c".to_owned()/> }.to_html();
        assert_eq!(html.matches("<span class=\"end\"> \\</span>").count(), 2, "{html}");
        let text = html.replace("<!>", "").replace("<span class=\"end\">", "").replace("<span class=\"word\">", "");
        assert!(text.replace("</span>", "").ends_with("a \\\n  -H b \\\n  -d c"), "{html}");
    }

    proptest! {
        #[test]
        fn nothing_is_lost(code in "(curl|let|\"|'|`|\\\\|\n|é|[a-z ]){0,40}") {
            let together: String = parts(&code).into_iter().map(|(_, part)| part).collect();
            prop_assert_eq!(together, code);
        }
    }
}
