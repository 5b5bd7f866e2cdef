//! The verifier as the page that tests a request sees it.

use sallyport::{
    decision::Outcome,
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
            let body = (!verdict.is_valid()).then(|| Shown::refusal(verdict, Some(&tried.key), client).body);
            Ok(Trial {
                steps: tried.steps.into_iter().map(|(step, refused)| (step, outcome(refused))).collect(),
                verdict,
                status: verdict.status(),
                body: body.map(|body| body.to_string()),
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
