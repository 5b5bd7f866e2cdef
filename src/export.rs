//! Lists as files: CSV for spreadsheets, JSON lines for everything else.

use serde_json::Value;

/// A row of an export.
pub trait ExportRow {
    /// The column headers.
    const COLUMNS: &'static [&'static str];

    /// As many cells as there are columns.
    fn cells(&self) -> Vec<String>;

    fn json(&self) -> Value;

    /// The beginning of the file: a byte order mark, because spreadsheets assume an older encoding without it, and
    /// the header line.
    fn csv_head() -> String {
        format!("\u{feff}{}\r\n", Self::COLUMNS.join(","))
    }

    /// A line of CSV (RFC 4180), with its end.
    fn csv_line(&self) -> String {
        let cells: Vec<_> = self.cells().iter().map(|text| cell(text)).collect();
        format!("{}\r\n", cells.join(","))
    }

    /// A line of JSON, with its end.
    fn json_line(&self) -> String {
        format!("{}\n", self.json())
    }
}

/// Quoted if necessary.
fn cell(text: &str) -> String {
    let text = defused(text);
    if text.contains(['"', ',', ';', '\t', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Prefixes what a spreadsheet would read as a formula with `'` (OWASP: CSV Injection), at every possible start of a
/// cell: depending on the country, spreadsheets split lines at semicolons or tabs, even within quotes.
fn defused(text: &str) -> String {
    let mut defused = String::with_capacity(text.len() + 1);
    let mut begins = true;
    for letter in text.chars() {
        if begins && is_formula(letter) {
            defused.push('\'');
        }
        // Quotes and blanks before a formula may be stripped.
        begins = matches!(letter, ',' | ';' | '\t' | '\r' | '\n') || (begins && matches!(letter, '"' | ' '));
        defused.push(letter);
    }
    defused
}

fn is_formula(letter: char) -> bool {
    matches!(letter, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Row(String);

    impl ExportRow for Row {
        const COLUMNS: &'static [&'static str] = &["id", "name", "more"];

        fn cells(&self) -> Vec<String> {
            vec!["x".to_owned(), self.0.clone(), String::new()]
        }

        fn json(&self) -> Value {
            Value::Null
        }
    }

    #[test]
    fn formulas_are_text() {
        for (text, expected) in [
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("=1,\"2\"", "\"'=1,\"\"2\"\"\""),
            ("\t=1", "\"'\t'=1\""),
            ("a=b", "a=b"),
            ("two\nlines", "\"two\nlines\""),
            ("a;=1", "\"a;'=1\""),
            ("a; \"=1", "\"a; \"\"'=1\""),
            ("a,+1;-2\t@3\n=4", "\"a,'+1;'-2\t'@3\n'=4\""),
            ("a;\t=1", "\"a;'\t'=1\""),
            ("\r\n=1", "\"'\r'\n'=1\""),
            ("a;＝1", "\"a;'＝1\""),
            ("a; b", "\"a; b\""),
            ("1-2+3=2@x", "1-2+3=2@x"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn csv_comes_back(text in ".*") {
            let line = Row(text.clone()).csv_line();
            let mut cells = vec![String::new()];
            let (mut quoted, mut letters) = (false, line.strip_suffix("\r\n").expect("an end").chars().peekable());
            while let Some(letter) = letters.next() {
                match letter {
                    '"' if quoted && letters.peek() == Some(&'"') => {
                        letters.next();
                        cells.last_mut().expect("a cell").push('"');
                    }
                    '"' => quoted = !quoted,
                    ',' if !quoted => cells.push(String::new()),
                    letter => cells.last_mut().expect("a cell").push(letter),
                }
            }
            prop_assert_eq!(cells.len(), Row::COLUMNS.len());
            prop_assert_eq!(&cells[1], &defused(&text));
            prop_assert_eq!(cells[1].replace('\'', ""), text.replace('\'', ""), "nothing else is changed");
            for begun in cells[1].split([',', ';', '\t', '\r', '\n']) {
                prop_assert!(!begun.trim_start_matches([' ', '"']).starts_with(['=', '+', '-', '@']));
            }
        }
    }
}
