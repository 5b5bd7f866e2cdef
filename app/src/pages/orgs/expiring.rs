//! `/orgs/{org_id}/expiring`: keys that expire, whose secret is due to be replaced, or that are paused as nobody uses them.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    member::Permission,
    store::{KeyFilter, KeySort, KeyStatus},
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

/// With the status of the query or, without one, the first that a key has. People see the keys that their list contains.
pub async fn page(ui: &Ui, context: &Context, access: &OrgAccess, query: &ListQuery) -> Result<Page, PageError> {
    access.needs_somewhere(Permission::SeeKeys)?;
    if query.status.is_some_and(|status| !ListSource::EXPIRING.contains(&status)) {
        return Err(PageError::BadRequest("This page has no such list of keys.".to_owned()));
    }
    let chrome = shell::here(shell::of_org(ui, access, Section::Expiring).await?, "Expiring soon");
    let (store, org) = (&context.store, &access.org.id);
    let narrowed = |status| KeyFilter { status: Some(status), sight: access.seen(), ..KeyFilter::default() };
    let counts = store.count_each(org, &ListSource::EXPIRING.map(narrowed)).await?;
    let counts: Vec<_> = ListSource::EXPIRING.into_iter().zip(counts).collect();
    let found = counts.iter().find(|(_, n)| *n > 0).map_or(KeyStatus::Expiring, |(status, _)| *status);
    let status = query.status.unwrap_or(found);
    let asked = query.filter();
    // What is due first, unless it is sorted otherwise.
    let sort = match asked.sort {
        KeySort::Newest if expires(status) => KeySort::Expires,
        KeySort::Newest => KeySort::Oldest,
        sort => sort,
    };
    let filter = KeyFilter { sort, before: asked.before, after: asked.after, ..narrowed(status) };
    let page = store.listed_keys(org, None, &filter).await?;
    let csv = (!page.keys.is_empty()).then(|| Format::Csv.href(&format!("/orgs/{org}/keys"), pairs(&filter)));
    let path = format!("/orgs/{org}/expiring");
    let list = KeyList::found(context, access, path.clone(), (page, filter), ListSource::Expiring(status), query);
    Ok(Page::framed("Expiring soon", chrome, move || {
        let items = counts.into_iter().map(|(one, n)| {
            let href = Some(format!("{path}?status={}", one.as_str()));
            let quiet = (n == 0).then_some("muted");
            view! {
                <StripItem
                    label=title(one) href current=one == status value=move || view! { <span class=quiet>{counted(n)}</span> }
                />
            }
        });
        let items = items.collect_view();
        view! {
            <PageHead title="Expiring soon" sub=|| "Keys that soon expire, pause or need a new secret; those who may change them get a mail"/>
            <DoneNotice text=list.done/>
            <Strip>{items}</Strip>
            <div class="usage-head">
                <div><h2>{title(status)}</h2><p class="muted">{about(status)}</p></div>
                {csv.map(|href| view! { <a class="btn btn-small" href=href download>"Export CSV"</a> })}
            </div>
            {if list.page.keys.is_empty() {
                view! { <Empty icon=Icon::Check title="Nothing is due" text="No key in use is one of these."/> }.into_any()
            } else {
                view! { <Keys list/> }.into_any()
            }}
        }
    }))
}

const fn expires(status: KeyStatus) -> bool {
    matches!(status, KeyStatus::Expiring | KeyStatus::ExpiringLater)
}

const fn title(status: KeyStatus) -> &'static str {
    match status {
        KeyStatus::Expiring => "Within 14 days",
        KeyStatus::ExpiringLater => "Within 30 days",
        other => other.title(),
    }
}

const fn about(status: KeyStatus) -> &'static str {
    match status {
        KeyStatus::RotationDue => {
            "Keys whose secret is older than the rules of the organization allow. They work all the same."
        }
        KeyStatus::PausedSoon => "Keys that the rules of the organization pause within a week, unless they are used.",
        KeyStatus::Expiring => "Keys that expire within 14 days. From then on every request with them is refused.",
        _ => "Keys that expire within 30 days. From then on every request with them is refused.",
    }
}
