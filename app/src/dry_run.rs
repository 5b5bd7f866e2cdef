//! What the verifier would say of a request, asked by a page. The verifier is the server's; this is what pages know of it.

use std::{future::Future, pin::Pin};

use sallyport::{
    Result,
    decision::{Decision, Outcome, Step},
    id::KeyId,
    key::{Ask, Verdict},
    limit::Rate,
};

use crate::context::Client;

/// Judges as the verifier does, by the same checks, and leaves no trace: no limit is charged, no signature used up, no
/// use written.
pub trait DryRun: Send + Sync {
    fn dry_run<'a>(&'a self, key: &'a KeyId, ask: &'a Ask<'a>, client: &'a Client) -> Judging<'a>;
}

pub type Judging<'a> = Pin<Box<dyn Future<Output = Result<Trial>> + Send + 'a>>;

/// What a request would have come to.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Each check by itself, whether or not one before it failed.
    pub steps: Vec<(Step, Outcome)>,
    /// Of the first that failed.
    pub verdict: Verdict,
    /// What the client would be answered, where it is refused.
    pub answer: Option<String>,
    /// And what would be kept of it. Nothing is.
    pub decision: Option<Decision>,
    /// How the limits stand.
    pub rate: Option<Rate>,
}
