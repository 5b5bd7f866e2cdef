//! The revocation journal: a file beside the data, and a second one elsewhere, with a line for each change that a verdict
//! depends on. It outlives the database: after an older backup was restored, what was taken away since is taken away again.
//! There are ids and times in it, and nothing that opens anything.

mod compare;
mod entry;
mod file;
mod line;
mod writer;

pub use compare::{Compared, Database, Fork, Gap, Missing, compare};
pub use entry::{Entry, HeldRole, KeyState, SecretState};
pub use file::{Contents, JournalFile, read};
pub use line::{Line, to_json};
pub use writer::{FileStatus, Journal, JournalStatus};

/// The name of the file in its folder.
pub const FILE: &str = "revocations.journal";
