//! Every check of a verification in order, with its outcome.

use leptos::prelude::*;
use sallyport::{
    decision::{Step, StepOutcome},
    key::verdict::Check,
};

use crate::{
    icons::{Icon, IconView},
    words::count,
};

/// What a check is about; its outcome is shown next to it.
pub fn title(step: Step) -> &'static str {
    match step {
        Step::Check(Check::Organization) => "Requested by its own organization",
        Step::Check(Check::Revocation) => "Not revoked",
        Step::Check(Check::Expiry) => "Not expired",
        Step::Check(Check::Pause) => "Not paused",
        Step::Check(Check::Suspension) => "Its app and organization in use",
        Step::Check(Check::Workspace) => "Workspace",
        Step::Check(Check::Address) => "Client’s address",
        Step::Check(Check::Mode) => "Mode, live or test",
        Step::Check(Check::App) => "App",
        Step::Check(Check::Scopes) => "Scopes that were required",
        Step::Check(Check::Request) => "Method and path",
        Step::Check(Check::Ingestion) => "Verified for ingestion",
        Step::Signature => "Signature",
        Step::Replay => "Signature not used before",
        Step::Limits => "Limits",
    }
}

/// What failed first; the others are folded.
#[component]
pub fn Checks(steps: Vec<(Step, StepOutcome)>) -> impl IntoView {
    let (failed, others): (Vec<_>, Vec<_>) =
        steps.into_iter().partition(|(_, outcome)| *outcome == StepOutcome::Failed);
    let passed = others.iter().filter(|(_, outcome)| *outcome == StepOutcome::Passed).count();
    let (passed, open) = (count(passed, "check"), others.len() - passed);
    let open = if open == 0 { String::new() } else { format!(", {open} not reached") };
    view! {
        {(!failed.is_empty()).then(|| view! { <Rows steps=failed/> })}
        <details class="disclosure">
            <summary>{format!("{passed} passed{open}")}</summary>
            <Rows steps=others/>
        </details>
    }
}

#[component]
fn Rows(steps: Vec<(Step, StepOutcome)>) -> impl IntoView {
    let rows = steps.into_iter().map(|(step, outcome)| {
        let (class, icon, said) = match outcome {
            StepOutcome::Passed => ("check-passed", Some(Icon::Check), "Passed"),
            StepOutcome::Failed => ("check-failed", Some(Icon::Close), "Failed"),
            StepOutcome::NotReached => ("check-open", None, "Not reached"),
        };
        view! {
            <li class=class>
                {icon.map(|icon| view! { <IconView icon/> })}
                <span>{title(step)}</span>
                <span class="check-said">{said}</span>
            </li>
        }
    });
    view! { <ol class="checks">{rows.collect_view()}</ol> }
}
