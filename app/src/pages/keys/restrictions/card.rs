//! A card with the restrictions of a key.

use leptos::prelude::*;
use sallyport::key::{LimitOverride, Restrictions};

use crate::{
    components::{Card, CodeBlock, Fact, Facts},
    words::{count, digits},
};

/// The restrictions on the key's page.
#[component]
pub fn RestrictionsCard(restrictions: Restrictions) -> impl IntoView {
    view! { <Card title="Restrictions"><div class="stack"><RestrictionFacts restrictions/></div></Card> }
}

/// What they are.
#[component]
pub fn RestrictionFacts(restrictions: Restrictions) -> impl IntoView {
    let Restrictions { require_signed, addresses, addresses_enforced, limits } = restrictions;
    let signatures = if require_signed { "Required" } else { "Not required" };
    let (blocks, listed) = (addresses.len(), addresses.lines().collect::<Vec<_>>().join("\n"));
    let said = match (blocks, addresses_enforced) {
        (0, _) => "Every address".to_owned(),
        (n, true) => format!("{}; others are refused", count(whole(n), "block")),
        (n, false) => format!("{}; others are noted, and pass", count(whole(n), "block")),
    };
    view! {
        <Facts>
            <Fact label="Signatures">{signatures}</Fact>
            <Fact label="Addresses">{said}</Fact>
            <Fact label="Limits">{limits_in_words(limits, "Set by the app or the plan")}</Fact>
        </Facts>
        {(blocks > 0).then(|| view! { <CodeBlock text=listed name="Copy addresses"/> })}
    }
}

fn whole(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub fn limits_in_words(limits: LimitOverride, none: &str) -> String {
    let limit = |limit: Option<u32>, of: &str| limit.map(|limit| format!("{} requests per {of}", digits(limit)));
    let parts: Vec<_> =
        [limit(limits.per_minute, "minute"), limit(limits.per_day, "day")].into_iter().flatten().collect();
    if parts.is_empty() { none.to_owned() } else { parts.join(", ") }
}
