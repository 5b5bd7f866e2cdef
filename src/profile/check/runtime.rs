//! The name of the file that an app reads its configuration from.

use super::{super::file::Text, Findings};

const DEFAULT: &str = "sallyport.json";

pub(super) fn file_name(text: Option<&Text>, findings: &mut Findings) -> String {
    let Some(text) = text else { return DEFAULT.to_owned() };
    let name = text.get_ref();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let shaped = name.strip_suffix(".json").is_some_and(|stem| !stem.is_empty()) && !name.starts_with('.');
    if !shaped || name.len() > 64 || !name.bytes().all(plain) {
        let message = "The name of a file has letters, digits, - _ and ., and ends with .json: write it like app.json.";
        findings.refuse(text, message);
    }
    name.clone()
}
