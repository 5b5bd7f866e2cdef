//! What keys amount to, on the pages of a tenant and of a project: in all, by environment, and in each row of their list.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    profile::{HolderKind, Profile},
    store::{KeyPage, KeyTotals, UNUSED_DAYS},
};

use super::{
    attention::counted,
    keys::row::{LastUsed, environment_title},
};
use crate::{
    components::{Badge, Card, Strip, StripItem, Tone},
    words::{Ago, count},
};

/// The totals of all rows of a list.
pub fn sum<'a>(totals: impl Iterator<Item = &'a KeyTotals>) -> KeyTotals {
    totals.fold(KeyTotals::default(), |mut sum, one| {
        sum.add(one);
        sum
    })
}

/// What matters most, in one row under the head.
#[component]
pub fn TotalsStrip(
    totals: KeyTotals,
    /// Where the keys are listed.
    keys: Option<String>,
    now: Timestamp,
) -> impl IntoView {
    let KeyTotals { active, expiring, last_used_at, .. } = totals;
    let listed = |n: i64, status: &str| keys.as_ref().filter(|_| n > 0).map(|keys| format!("{keys}&status={status}"));
    let (all, soon) = (listed(active, "active"), listed(expiring, "expiring"));
    view! {
        <Strip>
            <StripItem label="Active keys" href=all value=move || counted(active) note=|| "rotating ones included"/>
            <StripItem label="Expiring soon" href=soon value=move || counted(expiring) note=|| "within 14 days"/>
            <StripItem label="Last used" value=move || view! { <LastUsed at=last_used_at now/> } note=|| "by any of its keys"/>
        </Strip>
    }
}

/// How many active keys there are in each environment, in the profile's order.
fn by_environment(totals: &KeyTotals, profile: &Profile) -> Vec<(String, i64)> {
    let known = profile.environments.iter().map(|environment| &environment.name);
    let others = totals.environments.keys().filter(|name| profile.environment(name).is_none());
    let counted = known.chain(others).filter_map(|name| Some((name, *totals.environments.get(name)?)));
    counted.map(|(name, n)| (environment_title(profile, name), n)).collect()
}

/// The same as bars.
#[component]
pub fn EnvironmentCard(totals: KeyTotals, profile: Arc<Profile>) -> impl IntoView {
    let rows = by_environment(&totals, &profile);
    let all = totals.active.max(1);
    let bars = rows.into_iter().map(|(title, n)| {
        let width = format!("{}%", (100 * n / all).max(2));
        view! {
            <li>
                <span>{title}</span>
                <b>{counted(n)}</b>
                <svg aria-hidden="true"><rect width=width height="6" rx="3"/></svg>
            </li>
        }
    });
    let bars: Vec<_> = bars.collect();
    (!bars.is_empty()).then(|| view! { <Card title="Active keys by environment"><ul class="bars">{bars}</ul></Card> })
}

/// The heads of a list whose rows have [`TotalsCells`] between name and menu.
pub fn heads(profile: &Profile) -> Vec<&'static str> {
    match profile.keys.owner {
        HolderKind::App => vec!["Name", "Active keys", "Last used", "Status", ""],
        _ => vec!["Name", "Created", ""],
    }
}

/// The cells of a row: its keys and their environments, the last use, and how it is. Where keys do not belong to apps,
/// when it was made.
#[component]
pub fn TotalsCells(
    totals: KeyTotals,
    archived: bool,
    created: Timestamp,
    profile: Arc<Profile>,
    now: Timestamp,
) -> impl IntoView {
    if profile.keys.owner != HolderKind::App {
        return view! { <td data-label="Created" class="cell-muted"><Ago at=created now/></td> }.into_any();
    }
    let titles: Vec<_> = by_environment(&totals, &profile).into_iter().map(|(title, _)| title).collect();
    let titles = (!titles.is_empty()).then(|| view! { <span class="cell-sub">{titles.join(", ")}</span> });
    let (tone, text) = status(&totals, archived, now);
    view! {
        <td data-label="Active keys">{keys(totals.active)}{titles}</td>
        <td data-label="Last used" class="cell-muted"><LastUsed at=totals.last_used_at now/></td>
        <td class="cell-end"><Badge tone text/></td>
    }
    .into_any()
}

/// "7 keys", "1,000+ keys".
fn keys(n: i64) -> String {
    if n > KeyPage::COUNTED { format!("{} keys", counted(n)) } else { count(n, "key") }
}

/// How an app or a project is, by its keys.
fn status(totals: &KeyTotals, archived: bool, now: Timestamp) -> (Tone, &'static str) {
    let unused = |at: Timestamp| now.since(at).as_secs() >= UNUSED_DAYS * 86_400;
    match totals.last_used_at {
        _ if archived => (Tone::Warning, "Archived"),
        _ if totals.active == 0 => (Tone::Neutral, "No active key"),
        _ if totals.expiring > 0 => (Tone::Warning, "Expiring soon"),
        None => (Tone::Neutral, "Not used yet"),
        Some(at) if unused(at) => (Tone::Warning, "Unused"),
        Some(_) => (Tone::Good, "In use"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    // 2026-11-22T06:00:00Z
    const NOW: Timestamp = Timestamp::from_seconds(1_795_327_200);

    #[test]
    fn the_status_says_what_matters_first() {
        let used = |days: u64| Some(NOW - Duration::from_secs(days * 86_400));
        let totals =
            |active, expiring, last_used_at| KeyTotals { active, expiring, last_used_at, ..KeyTotals::default() };
        let said = |totals: &KeyTotals| status(totals, false, NOW).1;
        assert_eq!(said(&totals(0, 0, used(1))), "No active key");
        assert_eq!(said(&totals(2, 1, used(1))), "Expiring soon");
        assert_eq!(said(&totals(2, 0, None)), "Not used yet");
        assert_eq!(said(&totals(2, 0, used(UNUSED_DAYS))), "Unused");
        assert_eq!(said(&totals(2, 0, used(1))), "In use");
        assert_eq!(status(&totals(2, 0, used(1)), true, NOW).1, "Archived");
    }

    #[test]
    fn many_keys_are_not_counted() {
        assert_eq!([0, 1, 1_000, 1_001].map(keys), ["0 keys", "1 key", "1,000 keys", "1,000+ keys"]);
    }

    #[test]
    fn environments_come_in_the_order_of_the_profile() {
        let environments = [("staging", 1), ("gone", 3), ("production", 2)].map(|(name, n)| (name.to_owned(), n));
        let totals = KeyTotals { active: 6, environments: environments.into(), ..KeyTotals::default() };
        let shown = by_environment(&totals, &Profile::standard());
        let shown: Vec<_> = shown.iter().map(|(title, n)| (title.as_str(), *n)).collect();
        assert_eq!(shown, [("Production", 2), ("Staging", 1), ("gone", 3)]);
    }
}
