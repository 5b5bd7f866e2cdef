//! Secrets of the settings: in the environment, or in a file. Never in the settings file itself.

use std::{env, fs, path::PathBuf};

use zeroize::Zeroizing;

/// The secret in that variable, or else in that file; `None` if neither is set.
pub(super) fn secret(
    variable: &str,
    file: Option<&PathBuf>,
    wrong: impl Fn(String) -> String,
) -> Result<Option<Zeroizing<String>>, String> {
    if let Some(text) = env::var(variable).ok().filter(|text| !text.is_empty()) {
        return Ok(Some(Zeroizing::new(text)));
    }
    let Some(path) = file else { return Ok(None) };
    let unreadable = |why: String| wrong(format!("{} can't be read: {why}.", path.display()));
    let bytes = Zeroizing::new(fs::read(path).map_err(|error| unreadable(error.to_string()))?);
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable("it is not text".to_owned()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(wrong(format!("{} is empty; write the secret into it, or leave the setting out.", path.display())));
    }
    Ok(Some(Zeroizing::new(text.to_owned())))
}
