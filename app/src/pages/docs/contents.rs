//! The table of contents of the reference.

use leptos::prelude::*;

use super::operation::Operation;
use crate::context::Context;

/// The page about the events of webhooks: its address and title.
pub(super) const EVENTS: (&str, &str) = ("/docs/webhooks", "Webhook events");

/// A group as its address names it: "Gateways and backends" is `gateways-and-backends`.
pub(super) fn slug(tag: &str) -> String {
    let words: Vec<_> =
        tag.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-").to_lowercase()
}

/// A group of endpoints in the table of contents. Endpoints of the group that is shown link to their place on the page.
pub(super) struct Group {
    pub(super) tag: String,
    href: String,
    /// Id and summary of each.
    operations: Vec<(String, String)>,
}

impl Group {
    pub(super) fn of(operations: &[Operation]) -> Vec<Self> {
        let groups = operations.chunk_by(|one, next| one.tag == next.tag).map(|group| Self {
            tag: group[0].tag.clone(),
            href: format!("/docs?group={}", slug(&group[0].tag)),
            operations: group.iter().map(|one| (one.id.clone(), one.summary.clone())).collect(),
        });
        groups.collect()
    }

    pub(super) fn all(context: &Context) -> Vec<Self> {
        Self::of(&Operation::all(&context.api, &context.public_url, context.store.profile()))
    }
}

#[component]
pub(super) fn Contents(
    groups: Vec<Group>,
    /// The address of the page.
    #[prop(into)]
    here: String,
) -> impl IntoView {
    let guide = [
        ("authenticate", "Authenticate"),
        ("keys", "What a key may do"),
        ("verdicts", "Verdicts"),
        ("limits", "Rate limits"),
        ("errors", "Errors and retries"),
    ];
    let current = |href: &str| (href == here).then_some("page");
    let guide = guide.map(|(id, title)| view! { <li><a href=format!("/docs#{id}")>{title}</a></li> });
    let groups = groups.into_iter().map(|group| {
        let links = group.operations.into_iter().map(|(id, summary)| {
            view! { <li><a href=format!("{}#{id}", group.href)>{summary}</a></li> }
        });
        let links = links.collect_view();
        view! { <li><a href=group.href.clone() aria-current=current(&group.href)>{group.tag.clone()}</a><ul>{links}</ul></li> }
    });
    let groups = groups.collect_view();
    view! {
        <nav class="reference-contents" aria-label="Contents">
            // A sibling of the list, not its parent, so that CSS can show the list on wide screens while this is closed.
            <details class="fold"><summary class="btn btn-small">"Contents"</summary></details>
            <ul>
                <li><a href="/docs" aria-current=current("/docs")>"Guide"</a><ul>{Vec::from(guide)}</ul></li>
                {groups}
                <li><a href=EVENTS.0 aria-current=current(EVENTS.0)>{EVENTS.1}</a></li>
                <li><a href="/docs/audit">"Public keys of the audit log"</a></li>
            </ul>
        </nav>
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_group_has_an_address() {
        assert_eq!(super::slug("Gateways and backends"), "gateways-and-backends");
        assert_eq!(super::slug("Keys"), "keys");
    }
}
