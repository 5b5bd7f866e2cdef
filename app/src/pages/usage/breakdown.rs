//! What the requests of a period have in common: why they were refused, which scopes they needed, where they came from.

use std::collections::BTreeMap;

use leptos::prelude::*;
use sallyport::{key::Verdict, store::KeyAttribute};

use crate::{
    components::Card,
    pages::requests::sentence,
    words::{digits, refusal},
};

/// Rows of a card.
pub(super) const SHOWN: usize = 8;

/// A name, where it leads, and how many requests it has.
pub(super) type Row = (String, Option<String>, u64);

#[component]
pub(super) fn Refusals(refusals: Vec<(Verdict, u64)>, refused: Option<String>) -> impl IntoView {
    let rows = refusals.into_iter().map(|(verdict, n)| {
        let href = refused.as_ref().map(|path| format!("{path}{}", verdict.code()));
        let sentence = sentence(&refusal(verdict.code()));
        (sentence.trim_end_matches('.').to_owned(), href, n)
    });
    view! { <Bars title="Reasons for refusals" rows=rows.collect()/> }
}

#[component]
pub(super) fn Scopes(scopes: Vec<(String, u64)>) -> impl IntoView {
    let rows = scopes.into_iter().map(|(scope, n)| (named(scope), None, n));
    view! { <Bars title="Scopes needed" rows=rows.collect()/> }
}

#[component]
pub(super) fn Attributes(attributes: Vec<KeyAttribute>) -> impl IntoView {
    let kinds = [("network", "Networks"), ("agent", "Clients"), ("method", "Methods")];
    kinds.map(|(kind, title)| {
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        for one in attributes.iter().filter(|one| one.kind == kind) {
            *sums.entry(one.value.clone()).or_default() += one.requests;
        }
        let mut rows: Vec<Row> = sums.into_iter().map(|(value, n)| (named(value), None, n)).collect();
        rows.sort_by_key(|(.., n)| std::cmp::Reverse(*n));
        view! { <Bars title rows/> }
    })
}

/// A value as a name: where no request says it, the word for that.
fn named(value: String) -> String {
    match value.as_str() {
        "" | "unspecified" => "Unspecified".to_owned(),
        "other" => "Other".to_owned(),
        _ => value,
    }
}

/// A card with the most frequent values; none if there are none.
#[component]
pub(super) fn Bars(title: &'static str, rows: Vec<Row>) -> impl IntoView {
    let all: u64 = rows.iter().map(|(.., n)| n).sum();
    let rest: u64 = rows.iter().skip(SHOWN).map(|(.., n)| n).sum();
    let rest = (rest > 0).then(|| ("Others".to_owned(), None, rest));
    let shown: Vec<_> = rows.into_iter().take(SHOWN).chain(rest).collect();
    let bars = shown.into_iter().map(|(name, href, n)| {
        let name = match href {
            Some(href) => view! { <a class="link" href=href>{name}</a> }.into_any(),
            None => name.into_any(),
        };
        view! { <BarRow name numbers=digits(n) bar=Bar { part: n, all }/> }
    });
    let bars: Vec<_> = bars.collect();
    (!bars.is_empty()).then(|| view! { <Card title><ul class="bars">{bars}</ul></Card> })
}

/// How much of all requests a row has.
#[derive(Clone, Copy)]
pub(super) struct Bar {
    pub(super) part: u64,
    pub(super) all: u64,
}

#[component]
pub(super) fn BarRow(name: AnyView, numbers: String, bar: Bar) -> impl IntoView {
    let least = u128::from(bar.part > 0);
    let width = format!("{}%", (u128::from(bar.part) * 100 / u128::from(bar.all.max(1))).max(least));
    view! {
        <li><span>{name}</span><b>{numbers}</b><svg aria-hidden="true"><rect width=width height="6" rx="3"/></svg></li>
    }
}
