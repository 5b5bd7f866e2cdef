//! The master key, if it is in the environment.

/// Its `Debug` hides the value.
#[derive(Clone)]
pub struct MasterKeyText(pub String);

impl std::fmt::Debug for MasterKeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKeyText(…)")
    }
}

pub(super) fn master_key_of_environment() -> Option<MasterKeyText> {
    std::env::var("SALLYPORT_MASTER_KEY").ok().filter(|text| !text.trim().is_empty()).map(MasterKeyText)
}
