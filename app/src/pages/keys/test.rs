//! `/keys/{key_id}/test`: the verifier's result for a request, without charging, recording or writing anything.

mod answer;
mod form;

use std::sync::Arc;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{id::RequestId, profile::Profile, verifier::dry_run::Trial};
use serde::Deserialize;

use crate::{
    access::KeyAccess,
    components::{Badge, Card, CodeBlock, Notice, PageHead, Tone},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    pages::requests::{checks::Checks, compared::Compared, fix::fix, sentence, signed::SignedFacts},
    portal::{Crumb, Page},
    shell,
    ui::{Typed, Ui, UrlQuery, refuse},
    words::refusal,
};
use form::{TestForm, TypedAsk, of_decision};

/// A refused request with which the form is filled in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LikeQuery {
    request: String,
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: KeyAccess,
    UrlQuery(query): UrlQuery<LikeQuery>,
) -> PageResult {
    let like = RequestId::parse(&query.request)
        .and_then(|id| context.verifier.decisions().find(&access.key.org_id, &id, context.store.now()))
        .filter(|kept| kept.decision.key.key_id == access.key.id);
    let form = like.map_or_else(FormState::new, |kept| of_decision(&kept.decision));
    Ok(ui.ok(page(&ui, &context, &access, form, None).await?))
}

pub async fn post(ui: Ui, State(context): State<Context>, access: KeyAccess, Typed(form): Typed) -> PageResult {
    let typed = match TypedAsk::check(&form) {
        Ok(typed) => typed,
        Err(invalid) => {
            let form = refuse(form, invalid)?;
            return Ok(ui.refused(page(&ui, &context, &access, form, None).await?));
        }
    };
    let ask = typed.ask();
    let trial = context.verifier.try_out(&access.key.id, &ask, &ui.client).await?;
    let answer = answer::text(context.store.profile(), &trial.judged, &ask, &ui.client.request_id);
    Ok(ui.ok(page(&ui, &context, &access, form, Some(Tried { trial, answer })).await?))
}

/// A tested request.
struct Tried {
    trial: Trial,
    /// The response to the client, if it is refused.
    answer: Option<String>,
}

async fn page(
    ui: &Ui,
    context: &Context,
    access: &KeyAccess,
    form: FormState,
    tried: Option<Tried>,
) -> Result<Page, PageError> {
    let mut chrome = shell::of_key(ui, access).await?;
    let (key, path) = (access.key.clone(), format!("/keys/{}", access.key.id));
    chrome.crumbs.push(Crumb::link(&key.label, &path));
    chrome.crumbs.push(Crumb::here("Test a request"));
    let profile = context.store.profile().clone();
    Ok(Page::framed(format!("Test a request · {}", key.label), chrome, move || {
        let shown = key.shown;
        let result = tried.map(|tried| view! { <Result tried profile=profile.clone()/> });
        view! {
            <PageHead
                title="Test a request"
                sub=move || view! {
                    <span><a href=path>{key.label}</a></span>
                    <span><code>{shown}</code></span>
                }
            />
            {result}
            <Card title="Request">
                <div class="stack">
                    <p class="muted">
                        "The verifier checks it as if it had come with this key, and leaves no trace: no limit is charged, no signature used up, nothing written."
                    </p>
                    <TestForm form profile/>
                </div>
            </Card>
        }
    }))
}

#[component]
fn Result(tried: Tried, profile: Arc<Profile>) -> impl IntoView {
    let Tried { trial: Trial { steps, judged, decision }, answer } = tried;
    let (verdict, rate) = (judged.verdict, judged.charged.map(|charged| charged.rate));
    let left =
        rate.map(|rate| format!(" Of its limit of {} requests {} are left.", rate.policy.requests, rate.remaining));
    let (tone, said) = if verdict.is_valid() {
        (Tone::Good, "It would be accepted.".to_owned())
    } else {
        (Tone::Danger, sentence(&format!("it would be refused: {}", refusal(verdict.code()))))
    };
    let more = decision.as_ref().map(|decision| fix(decision, &profile)).or(left).unwrap_or_default();
    let code = format!("{} {}", verdict.status(), verdict.code());
    let signed = decision.as_ref().and_then(|decision| decision.asked.signed.clone());
    view! {
        <div role="status"><Notice tone><p><Badge tone text=code/>" "<b>{said}</b>" "{more}</p></Notice></div>
        <div class="columns">
            <Card title="Checks"><Checks steps/></Card>
            {answer.map(|text| view! {
                <Card title="Answer to the client"><CodeBlock text name="Copy the answer"/></Card>
            })}
        </div>
        {decision.map(|decision| view! { <Compared decision profile/> })}
        {signed.map(|signed| view! { <SignedFacts signed/> })}
    }
}
