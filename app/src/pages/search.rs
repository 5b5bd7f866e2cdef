//! `/search`: everything the person may see, by name, by id, or by a pasted key. It is posted, so that the input is
//! not in any address. The palette requests only the results.

pub mod input;
mod lookup;
mod places;
mod results;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName},
};
use leptos::prelude::*;
use sallyport::id::OrgId;
use serde::Deserialize;

use crate::{
    access::{OrgAccess, SignedIn},
    components::PageHead,
    context::Context,
    error::{PageError, PageResult},
    icons::{Icon, IconView},
    portal::{Chrome, Crumb, Page},
    shell,
    ui::{Typed, Ui, UrlQuery, see_other},
};
use input::SearchInput;
use lookup::Search;
use results::{Answer, Options, Results};

/// Requests only the results, as the options of a list box.
static FRAGMENT: HeaderName = HeaderName::from_static("x-fragment");

/// Where the search was started: results nearby come first.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SearchQuery {
    org: String,
    /// Names and labels only: a possible secret is never in an address.
    q: String,
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    me: SignedIn,
    UrlQuery(query): UrlQuery<SearchQuery>,
) -> PageResult {
    let near = near(&context, &me, &query.org).await?;
    let search = Search { context: &context, me: &me, near: near.as_ref() };
    let answer = match SearchInput::by(&query.q, context.store.profile()) {
        SearchInput::Words(words) => {
            let _turn = context.searching.acquire().await;
            search.answer(words).await?
        }
        _ => search.nothing().await?,
    };
    Ok(ui.ok(page(&ui, &me, near, answer).await?))
}

pub async fn post(
    ui: Ui,
    State(context): State<Context>,
    me: SignedIn,
    headers: HeaderMap,
    Typed(form): Typed,
) -> PageResult {
    let near = near(&context, &me, &form.value("org")).await?;
    let _turn = context.searching.acquire().await;
    let answer = Search { context: &context, me: &me, near: near.as_ref() }.answer(&form.value("q")).await?;
    if headers.contains_key(&FRAGMENT) {
        return Ok(ui.fragment(|| view! { <Options answer/> }));
    }
    match answer.exact {
        Some(href) => Ok(see_other(href)),
        None => Ok(ui.ok(page(&ui, &me, near, answer).await?)),
    }
}

/// An organization of which the person is not a member is ignored.
async fn near(context: &Context, me: &SignedIn, id: &str) -> Result<Option<OrgAccess>, PageError> {
    let Some(id) = OrgId::parse(id) else { return Ok(None) };
    match OrgAccess::of(me.clone(), &context.store, &id).await {
        Ok(access) => Ok(Some(access)),
        Err(PageError::NotFound | PageError::StepUp { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn page(ui: &Ui, me: &SignedIn, near: Option<OrgAccess>, answer: Answer) -> Result<Page, PageError> {
    let mut chrome = match &near {
        Some(access) => shell::of_org(ui, access, None).await?,
        None => Chrome { crumbs: Vec::new(), ..shell::of_person(ui, me).await? },
    };
    chrome.crumbs.push(Crumb::here("Search"));
    let org = near.map(|access| access.org.id.to_string());
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(org.iter().map(|org| ("org", org)));
    // Only a search for words is repeated.
    query.extend_pairs(Some(&answer.repeated).filter(|words| !words.is_empty()).map(|words| ("q", words)));
    let query = query.finish();
    let address = if query.is_empty() { "/search".to_owned() } else { format!("/search?{query}") };
    chrome.here.clone_from(&address);
    let page = Page::framed("Search", chrome, move || {
        let repeated = answer.repeated.clone();
        view! {
            <PageHead title="Search" sub=|| "Names, labels, people and ids in all your organizations; or paste a whole key"/>
            <form class="search search-wide" method="post" action="/search" role="search">
                {org.map(|org| view! { <input type="hidden" name="org" value=org/> })}
                <input
                    type="search" class="input" name="q" value=repeated aria-label="Search everything"
                    placeholder="Name, id or key" autocomplete="off" spellcheck="false" autofocus
                />
                <button aria-label="Search"><IconView icon=Icon::Search/></button>
            </form>
            <Results answer/>
        }
    });
    Ok(Page { address: Some(address), ..page })
}
