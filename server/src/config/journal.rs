//! `[journal]`: the second copy of the revocation journal.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JournalSection {
    /// A folder on another disk or mount.
    pub folder: Option<PathBuf>,
}
