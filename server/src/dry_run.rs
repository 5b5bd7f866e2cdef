//! The verifier as the page that tests a request sees it.

use sallyport::{
    decision::{Decision, Outcome},
    id::KeyId,
    key::{Ask, Verdict},
};
use sallyport_app::{
    context::Client,
    dry_run::{DryRun, Judging, Trial},
};

use crate::{api::shown::Shown, verifier::Verifier};

impl DryRun for Verifier {
    fn dry_run<'a>(&'a self, key: &'a KeyId, ask: &'a Ask<'a>, client: &'a Client) -> Judging<'a> {
        Box::pin(async move {
            let tried = self.try_out(key, ask).await?;
            let verdict = tried.verdict();
            let profile = self.store().profile();
            let refused = |key| Decision::new(client.request_id.clone(), verdict, ask, key, profile, tried.at);
            let decision = (!verdict.is_valid()).then(|| refused(&tried.key));
            let body = (!verdict.is_valid()).then(|| Shown::refusal(verdict, Some(&tried.key), client).body);
            Ok(Trial {
                steps: tried.steps.into_iter().map(|(step, refused)| (step, outcome(refused))).collect(),
                verdict,
                body: body.map(|body| pretty(&body)),
                decision,
                rate: None,
            })
        })
    }
}

fn outcome(refused: Option<Option<Verdict>>) -> Outcome {
    match refused {
        Some(None) => Outcome::Passed,
        Some(Some(_)) => Outcome::Failed,
        None => Outcome::NotReached,
    }
}

/// A line for each field, where it is JSON.
fn pretty(body: &serde_json::value::RawValue) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(body.get());
    value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| body.get().to_owned())
}
