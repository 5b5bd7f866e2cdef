//! Detects conflicting edits: a form contains a hash of the values that it showed, so that nobody overwrites another
//! person's change unseen.

use sha2::{Digest, Sha256};

use crate::acts::error::ActError;

/// A hash of these values, for a hidden field.
pub fn mark(values: &[&str]) -> String {
    let mut hash = Sha256::new();
    for value in values {
        hash.update(value.len().to_be_bytes());
        hash.update(value.as_bytes());
    }
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// Fails if the save would overwrite another change: each field that differs gets an error with its current value.
/// `fields` are names, typed values and current values; a form without a hash is not checked.
pub fn unchanged(seen: &str, fields: &[(&str, &str, &str)]) -> Result<(), ActError> {
    let current: Vec<_> = fields.iter().map(|(_, _, current)| *current).collect();
    if seen.is_empty() || seen == mark(&current) {
        return Ok(());
    }
    let differs = fields.iter().filter(|(_, typed, current)| typed.trim().replace("\r\n", "\n") != current.trim());
    let errors = differs.map(|(field, _, current)| {
        let now = if current.is_empty() { "is empty now".to_owned() } else { format!("is now: {current}") };
        ((*field).to_owned(), format!("Somebody changed this meanwhile; it {now}. Send again to keep what you typed."))
    });
    let errors: Vec<_> = errors.collect();
    if errors.is_empty() { Ok(()) } else { Err(ActError::Invalid(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_change_is_said_beside_its_field() {
        let opened = mark(&["CI", "{}"]);
        assert_ne!(opened, mark(&["CI{", "}"]));
        assert_eq!(unchanged(&opened, &[("label", "Nightly", "CI"), ("metadata", "{}", "{}")]), Ok(()));
        assert_eq!(unchanged("", &[("label", "Nightly", "Changed")]), Ok(()));
        // The same change by both is not a conflict.
        assert_eq!(unchanged(&opened, &[("label", " Nightly ", "Nightly"), ("metadata", "{}", "{}")]), Ok(()));
        let refused = unchanged(&opened, &[("label", "Nightly", "Weekly"), ("metadata", "{}", "{}")]);
        let Err(ActError::Invalid(errors)) = refused else { panic!("{refused:?}") };
        assert_eq!(errors.len(), 1);
        assert!(errors[0].0 == "label" && errors[0].1.contains("is now: Weekly"), "{errors:?}");
    }
}
