//! The master keys, if the environment contains them.

/// Its `Debug` hides the value.
#[derive(Clone)]
pub struct MasterKeyText(pub String);

impl std::fmt::Debug for MasterKeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKeyText(…)")
    }
}

pub(super) fn master_key_of_environment() -> Option<MasterKeyText> {
    variable("SALLYPORT_MASTER_KEY")
}

/// The key of before, while `sallyport rekey` replaces it.
pub(super) fn old_master_key_of_environment() -> Option<MasterKeyText> {
    variable("SALLYPORT_MASTER_KEY_OLD")
}

fn variable(name: &str) -> Option<MasterKeyText> {
    std::env::var(name).ok().filter(|text| !text.trim().is_empty()).map(MasterKeyText)
}
