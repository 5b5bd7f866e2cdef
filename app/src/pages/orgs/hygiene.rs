//! `/orgs/{org_id}/hygiene`: keys in use that may do more, or last longer, than anyone needs, check by check.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    member::Permission,
    store::{HygieneCheck, KeyFilter},
};

use crate::{
    access::OrgAccess,
    components::{DoneNotice, Empty, PageHead, Strip, StripItem},
    context::Context,
    error::{PageError, PageResult},
    export::Format,
    icons::Icon,
    pages::{
        attention::counted,
        keys::list::{KeyList, Keys, ListQuery, ListSource, pairs},
    },
    portal::{Page, Section},
    shell,
    ui::{Ui, UrlQuery},
};

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: OrgAccess,
    UrlQuery(query): UrlQuery<ListQuery>,
) -> PageResult {
    Ok(ui.ok(page(&ui, &context, &access, &query).await?))
}

fn path(access: &OrgAccess) -> String {
    format!("/orgs/{}/hygiene", access.org.id)
}

/// What ends it for one key: the button’s name, and the last part of its address.
const fn remedy(check: HygieneCheck) -> (&'static str, &'static str) {
    match check {
        HygieneCheck::NoExpiry => ("Set expiry", "change"),
        HygieneCheck::ManyNetworks => ("Restrict", "restrictions"),
        HygieneCheck::SigningNotRequired => ("Require", "restrictions"),
        HygieneCheck::Imported => ("Rotate", "rotate"),
        HygieneCheck::CanDeleteUnused | HygieneCheck::CreatorLeft | HygieneCheck::NeverUsed => ("Revoke", "revoke"),
    }
}

/// With the check of the query or, without one, the first that finds anything. People see the keys that their list contains.
pub async fn page(ui: &Ui, context: &Context, access: &OrgAccess, query: &ListQuery) -> Result<Page, PageError> {
    access.needs_somewhere(Permission::SeeKeys)?;
    let chrome = shell::here(shell::of_org(ui, access, Section::Hygiene).await?, "Hygiene");
    let store = &context.store;
    let counts = store.hygiene(&access.org.id, &access.seen()).await?;
    let found = counts.iter().find(|(_, n)| *n > 0).or(counts.first()).map(|(check, _)| *check);
    let check = query.check.or(found).unwrap_or(HygieneCheck::NoExpiry);
    let filter = query.filter();
    let filter = KeyFilter {
        check: Some(check),
        sight: access.seen(),
        sort: filter.sort,
        before: filter.before,
        after: filter.after,
        ..KeyFilter::default()
    };
    let page = store.listed_keys(&access.org.id, None, &filter).await?;
    let keys = format!("/orgs/{}/keys", access.org.id);
    let csv = (!page.keys.is_empty()).then(|| Format::Csv.href(&keys, pairs(&filter)));
    let source = ListSource::Hygiene(check);
    let list = KeyList {
        remedy: Some(remedy(check)),
        ..KeyList::found(context, access, path(access), (page, filter), source, query)
    };
    let base = path(access);
    Ok(Page::framed("Hygiene", chrome, move || {
        let items = counts.into_iter().map(|(one, n)| {
            let href = Some(format!("{base}?check={}", one.as_str()));
            let quiet = (n == 0).then_some("muted");
            view! {
                <StripItem
                    label=one.title() href current=one == check warns={n > 0} value=move || view! { <span class=quiet>{counted(n)}</span> }
                />
            }
        });
        let items = items.collect_view();
        view! {
            <PageHead title="Hygiene" sub=|| "Keys in use that may do more, or last longer, than anyone needs"/>
            <DoneNotice text=list.done/>
            <Strip>{items}</Strip>
            <div class="usage-head">
                <div><h2>{check.title()}</h2><p class="muted">{check.about()}</p></div>
                {csv.map(|href| view! { <a class="btn btn-small" href=href download>"Export CSV"</a> })}
            </div>
            {if list.page.keys.is_empty() {
                let text = format!("No key in use: {}", check.about());
                view! { <Empty icon=Icon::Check title="All good" text/> }.into_any()
            } else {
                view! { <Keys list/> }.into_any()
            }}
        }
    }))
}
