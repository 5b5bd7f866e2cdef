//! The verifier as the page that tests a request sees it.

use std::sync::Arc;

use axum::http::HeaderValue;
use sallyport::{
    decision::{Decision, Outcome},
    id::KeyId,
    key::Ask,
};
use sallyport_app::{
    context::Client,
    dry_run::{DryRun, Judging, Trial},
};

use crate::{
    api::{rate_headers::Names, shown::Shown},
    verifier::{Verifier, dry_run::Said},
};

pub struct DryRuns {
    pub verifier: Arc<Verifier>,
    pub rates: Arc<Names>,
}

impl DryRun for DryRuns {
    fn dry_run<'a>(&'a self, key: &'a KeyId, ask: &'a Ask<'a>, client: &'a Client) -> Judging<'a> {
        Box::pin(async move {
            let tried = self.verifier.try_out(key, ask).await?;
            let (judged, profile) = (&tried.judged, self.verifier.store().profile());
            let rate = judged.charged.map(|charged| charged.rate);
            let refused = judged.key.as_ref().filter(|_| !judged.verdict.is_valid());
            let decision = refused.map(|key| {
                let id = client.request_id.clone();
                Decision { rate, ..Decision::new(id, judged.verdict, ask, &key.record, profile, tried.at) }
            });
            let answer = refused.map(|_| answer(&Shown::refusal(profile, &self.rates, judged, ask, client)));
            let verdict = judged.verdict;
            let steps = tried.steps.into_iter().map(|(step, said)| (step, outcome(said))).collect();
            Ok(Trial { steps, verdict, answer, decision, rate })
        })
    }
}

fn outcome(said: Said) -> Outcome {
    match said {
        Some(None) => Outcome::Passed,
        Some(Some(_)) => Outcome::Failed,
        None => Outcome::NotReached,
    }
}

/// As it goes over the wire, but for the line ends of its JSON.
fn answer(shown: &Shown) -> String {
    let value = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let mut text = format!("HTTP/1.1 {}\ncontent-type: {}\n", shown.status, value(&shown.content_type));
    for (name, one) in &shown.headers {
        text.push_str(&format!("{name}: {}\n", value(one)));
    }
    let json: Result<serde_json::Value, _> = serde_json::from_str(shown.body.get());
    let body = json.and_then(|json| serde_json::to_string_pretty(&json));
    text + "\n" + body.as_deref().unwrap_or(shown.body.get())
}
