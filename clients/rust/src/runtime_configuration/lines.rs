//! On which line of a JSON text a field is; `serde_json::Value` does not tell.

/// The line of the last field with these names, from the outermost object on. The text is valid JSON.
pub(crate) fn line_of(text: &str, names: &[&str]) -> Option<usize> {
    let mut path: Vec<Option<String>> = Vec::new();
    let (mut previous, mut found) = (0..0, None);
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = string_end(bytes, at);
                previous = at..end;
                at = end;
                continue;
            }
            b'{' | b'[' => path.push(None),
            b'}' | b']' => _ = path.pop(),
            b':' => {
                if let Some(last) = path.last_mut() {
                    *last = serde_json::from_str(&text[previous.clone()]).ok();
                    if path.iter().map(Option::as_deref).eq(names.iter().copied().map(Some)) {
                        found = Some(text[..previous.start].matches('\n').count() + 1);
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// After the quote that ends the string which begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}
