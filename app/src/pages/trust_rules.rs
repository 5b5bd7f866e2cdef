//! Trust rules of an app: whose ID tokens are exchanged for short-lived keys, and the keys that they gave.

pub mod delete;
pub mod edit;
mod fields;
pub mod list;
pub mod new;
pub mod pause;
pub mod resume;

/// What was done, said on the page that follows.
fn told(done: &str) -> Option<&'static str> {
    match done {
        "created" => Some("Created. Its jobs can exchange their tokens now."),
        "saved" => Some("Saved."),
        "paused" => Some("Paused. Keys that the rule gave are refused."),
        "resumed" => Some("Resumed."),
        "deleted" => Some("Deleted. Keys that the rule gave are refused."),
        _ => None,
    }
}
