//! How far the collector of the audit log is behind: on `/admin/health`, and on `/admin/audit` if something is wrong.

use leptos::prelude::*;
use sallyport::{Timestamp, store::Forwarding};

use crate::{
    components::{Card, Fact, Facts, Notice, Tone},
    words::{Ago, digits},
};

/// What is sent where, and how it went.
#[component]
pub fn ForwardingCard(of: Forwarding, now: Timestamp) -> impl IntoView {
    let rule = match of.refuse_after {
        Some(after) => format!("Required: changes are refused once an event waits for {} s", after.as_secs()),
        None => "Not required: changes never wait".to_owned(),
    };
    let ago = |at: Option<Timestamp>, none: &'static str| match at {
        Some(at) => view! { <Ago at now/> }.into_any(),
        None => none.into_any(),
    };
    let (oldest, sent) = (ago(of.oldest, "None waits"), ago(of.sent_at, "Nothing yet"));
    let failed = of.failed_at.zip(of.error.clone()).map(|(at, error)| {
        view! { <Fact label="Last failure"><Ago at now/><span class="cell-sub">{error}</span></Fact> }
    });
    view! {
        <ForwardingNotice of=of.clone() now/>
        <Card title="Collector of the audit log">
            <Facts>
                <Fact label="Address"><code>{of.collector}</code></Fact>
                <Fact label="Changes">{rule}</Fact>
                <Fact label="Events that wait">{digits(of.waiting)}</Fact>
                <Fact label="Oldest that waits">{oldest}</Fact>
                <Fact label="Last sent">{sent}</Fact>
                {failed}
            </Facts>
        </Card>
    }
}

/// Shown while events can't be sent, or changes are refused.
#[component]
pub fn ForwardingNotice(of: Forwarding, now: Timestamp) -> impl IntoView {
    let refuses = of.refuses_from().is_some_and(|from| from < now);
    let text = match (refuses, of.is_failing() && of.waiting > 0) {
        (true, _) => {
            "The collector lacks events for too long, so that changes are refused. Revoking, pausing, removing, \
                      signing out and deleting still work."
        }
        (false, true) => "The collector does not take the audit log. Events wait here, and none is lost.",
        (false, false) => return None,
    };
    let tone = if refuses { Tone::Danger } else { Tone::Warning };
    Some(view! { <Notice tone>{text}</Notice> })
}
