//! Error pages: what went wrong, possible reasons, and where to go from here.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::*;
use sallyport::{
    audit::{Action, NewEvent, Target},
    decision::sanitized,
    id::OrgId,
    request::Client,
    sign_in_policy::Missing,
    single_sign_on::Issuer,
};
use serde_json::json;
use tower_sessions::Session;

use crate::{
    access::{OrgAccess, SignedIn},
    components::{Fact, Facts, IdChip, LeadIcon, SearchForm},
    context::Context,
    error::{PageError, Rendered, SignedOut, Unconfirmed},
    icons::Icon,
    known_device,
    pages::sign_in::ContinueWith,
    portal::{Chrome, Crumb, Page},
    resumed::Resumed,
    routes::page_at,
    sent_form::{self, SentForm},
    shell,
    ui::Ui,
};

/// The frame is optional: if the database is slow or down, the page is shown without it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Renders each [`PageError`] as a page, in the frame of the signed-in person.
pub async fn error_pages(State(context): State<Context>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let ui = Ui::of(&context, &parts);
    let mut person = who(&parts);
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let device = known_device::name(&context, &parts.headers);
    let typed = sent_form::Slot::default();
    parts.extensions.insert(typed.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    if let Some(PageError::Role { org, name, .. }) = response.extensions().get::<PageError>() {
        // The person is known once the session was checked, which an error page does anyway.
        if let Ok(Some(me)) = SignedIn::find(&mut person, &context).await {
            let target = Target::new("organization", org, name.as_str());
            let event = NewEvent::of(org, Action::AccessRefused, target).refused(403);
            context.pending_events.note(
                me.act(),
                event
                    .with(json!({ "method": method.as_str(), "path": sanitized(&path, 200, context.store.profile()) })),
            );
        }
    }
    if method == Method::POST && response.extensions().get::<SignedOut>().is_some() {
        return to_sign_in(&context, &path, typed.take(), device);
    }
    if response.extensions().get::<Unconfirmed>().is_some() {
        return match method {
            Method::POST => to_confirm(&context, page_at(&path), &path, typed.take(), device),
            _ => to_confirm(&context, &ui.here, &path, SentForm::default(), None),
        };
    }
    let error = match response.extensions().get::<PageError>() {
        // An act has already responded to an island.
        Some(_) if response.extensions().get::<Rendered>().is_some() => return response,
        Some(error) => error.clone(),
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
            PageError::BadRequest("This address does not accept that method.".to_owned())
        }
        None if response.extensions().get::<Rendered>().is_some() => return response,
        // The time-out layer is not aware of pages.
        None if response.status() == StatusCode::SERVICE_UNAVAILABLE => PageError::Unavailable,
        None => return response,
    };
    let kept = typed.take().shown_with(&error);
    let page = page(&ui, &mut person, error, kept).await;
    let mut shown = ui.show(response.status(), page);
    if let Some(allow) = response.headers().get(header::ALLOW) {
        shown.headers_mut().insert(header::ALLOW, allow.clone());
    }
    shown
}

/// Redirects to the sign-in after a form was sent, which is then shown again. The form is kept only for a browser
/// that signed in before.
fn to_sign_in(context: &Context, path: &str, typed: SentForm, device: Option<String>) -> Response {
    let page = page_at(path);
    let response = PageError::SignIn { next: (page != "/").then(|| page.to_owned()) }.into_response();
    keeping(response, context, path, typed, device)
}

/// Redirects to the page on which the person confirms that it is them, and which leads back to `next`.
fn to_confirm(context: &Context, next: &str, path: &str, typed: SentForm, device: Option<String>) -> Response {
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    let response = Redirect::to(&format!("/account/confirm?next={next}")).into_response();
    keeping(response, context, path, typed, device)
}

/// Keeps the form that was sent in a cookie.
fn keeping(mut response: Response, context: &Context, path: &str, typed: SentForm, device: Option<String>) -> Response {
    let fields = typed.fields();
    let device = device.filter(|_| !fields.is_empty());
    let cookie = device.and_then(|device| Resumed::keep(context, path, fields, device));
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The parts of a request that identify its person later.
fn who(parts: &Parts) -> Parts {
    let mut who = Request::new(()).into_parts().0;
    if let Some(session) = parts.extensions.get::<Session>() {
        who.extensions.insert(session.clone());
    }
    if let Some(client) = parts.extensions.get::<Client>() {
        who.extensions.insert(client.clone());
    }
    who
}

/// `kept` are the values of the form that was sent.
async fn page(ui: &Ui, who: &mut Parts, error: PageError, kept: Vec<(String, String)>) -> Page {
    let (title, request_id) = (error.title(), ui.client.request_id.to_string());
    let way_in = WayIn::of(ui, &error);
    let framed = tokio::time::timeout(PATIENCE, framed(ui, who, &error)).await.ok().flatten();
    let Some(Framed { chrome, ask, org }) = framed else {
        return Page::bare(title, move || {
            view! { <Explained error request_id kept ask=None org=None way_in signed_in=false/> }
        });
    };
    Page::framed(title, chrome, move || view! { <Explained error request_id kept ask org way_in signed_in=true/> })
}

struct Framed {
    chrome: Chrome,
    /// Who can help.
    ask: Option<String>,
    /// The name and the id of the organization that the page is about.
    org: Option<(String, OrgId)>,
}

async fn framed(ui: &Ui, who: &mut Parts, error: &PageError) -> Option<Framed> {
    let store = &ui.context.store;
    let me = SignedIn::find(who, &ui.context).await.ok()??;
    // The frame names organizations and tenants.
    me.settled().ok()?;
    let orgs = store.orgs_of(&me.user.id).await.ok()?;
    let (org, ask) = match (error, orgs.as_slice()) {
        (PageError::Role { org, .. }, _) => (Some(org.clone()), Some(store.owners(org).await.ok()?)),
        // With one organization there is no ambiguity.
        (_, [(only, _)]) => (Some(only.id.clone()), None),
        _ => (None, None),
    };
    let at = match (error, orgs.as_slice()) {
        (PageError::Role { org, name, .. }, _) => Some((name.clone(), org.clone())),
        (_, [(only, _)]) => Some((only.name.clone(), only.id.clone())),
        _ => None,
    };
    let mut chrome = match org {
        Some(org) => shell::of_org(ui, &OrgAccess::of(me, store, &org).await.ok()?, None).await.ok()?,
        None => shell::of_person(ui, &me).await.ok()?,
    };
    chrome.crumbs.push(Crumb::here(error.title()));
    // The address can't be shown again; a change of the theme leads to the start page.
    chrome.here = "/".to_owned();
    Some(Framed { chrome, ask: ask.filter(|names| !names.is_empty()).map(|names| names.join(", ")), org: at })
}

/// How to get into an organization that demands more of a sign-in.
struct WayIn {
    /// Empty unless one is missing.
    issuers: Vec<Issuer>,
    /// They have to vouch for the person once more.
    again: bool,
    /// An owner may get in without the issuer.
    glass: Option<String>,
    next: String,
    sets_up: bool,
    /// A passkey can be that factor.
    has_passkeys: bool,
    confirms: bool,
}

impl WayIn {
    fn of(ui: &Ui, error: &PageError) -> Option<Self> {
        let PageError::StepUp { org, missing } = error else { return None };
        let required = missing.iter().find_map(|missing| match missing {
            Missing::Issuer { url, again } => Some((url, *again)),
            _ => None,
        });
        let mut issuers = ui.context.single_sign_on.issuers().to_vec();
        issuers.retain(|issuer| required.is_some_and(|(url, _)| issuer.url == *url));
        // Who can't get in by any of these is not led to them.
        let open = !missing.contains(&Missing::Address);
        Some(Self {
            issuers: if open { issuers } else { Vec::new() },
            again: required.is_some_and(|(_, again)| again),
            glass: required.filter(|(_, again)| open && !again).map(|_| format!("/orgs/{org}/break-glass")),
            next: page_at(ui.path()).to_owned(),
            sets_up: open && missing.contains(&Missing::Factor),
            has_passkeys: ui.context.relying_party.is_some(),
            // A sign-in with the issuer is as good.
            confirms: open && required.is_none() && missing.iter().any(Missing::is_confirmed_away),
        })
    }
}

#[component]
fn Explained(
    error: PageError,
    request_id: String,
    kept: Vec<(String, String)>,
    ask: Option<String>,
    org: Option<(String, OrgId)>,
    way_in: Option<WayIn>,
    signed_in: bool,
) -> impl IntoView {
    let kept = (!kept.is_empty()).then(|| {
        let typed =
            kept.into_iter().map(|(label, value)| view! { <Fact label><span class="kept">{value}</span></Fact> });
        view! {
            <h2 class="section-title">"What you typed"</h2>
            <p class="muted">"Nothing was saved. Copy what you need before you leave this page."</p>
            <Facts>{typed.collect_view()}</Facts>
        }
    });
    let missing = matches!(error, PageError::NotFound);
    let reasons = (missing && signed_in).then(|| {
        view! {
            <ul class="reasons">
                <li>"The link was cut off or mistyped."</li>
                <li>"What was here has been deleted."</li>
                <li>"It belongs to another organization. Switch to it, or ask one of its owners to add you."</li>
            </ul>
        }
    });
    let not_kept = matches!(error, PageError::NotKept).then(|| {
        view! {
            <p>"What may have happened:"</p>
            <ul class="reasons">
                <li>"The request was accepted; only refusals are kept."</li>
                <li>"Its key was missing, incomplete or unknown. Such a key belongs to no organization."</li>
                <li>"It is older than 24 hours, or the server was restarted since."</li>
                <li>"So many were refused for the same reason that only some were kept."</li>
                <li>"It belongs to another organization."</li>
            </ul>
        }
    });
    let ask = ask.map(|names| view! { <p>"Ask "<b>{names}</b>" for access."</p> });
    let has_way_in = way_in.is_some();
    let way_in = way_in.map(|WayIn { issuers, again, glass, next, sets_up, has_passkeys, confirms }| {
        let query: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let confirm = format!("/account/confirm?next={query}");
        view! {
            {sets_up.then(|| view! { <p><a class="btn btn-primary" href="/account/authenticator">"Set up authenticator app"</a></p> })}
            {(sets_up && has_passkeys).then(|| view! { <p><a class="btn" href="/account/passkeys/new">"Add a passkey"</a></p> })}
            {confirms.then(|| view! { <p><a class="btn btn-primary" href=confirm>"Confirm that it’s you"</a></p> })}
            <ContinueWith issuers next again/>
            {glass.map(|glass| view! {
                <p class="muted">"You own it, and the issuer is down? "<a href=glass>"Break glass"</a></p>
            })}
        }
    });
    let search = (missing && signed_in).then(|| view! { <SearchForm action="/search" label="Search everything"/> });
    let icon = if missing || not_kept.is_some() { Icon::Search } else { Icon::Warning };
    // A page of its own in the frame, and a card already without.
    let (class, title_class) = if signed_in { ("card oops", "") } else { ("oops", "card-title") };
    let (href, onward_to) = match (&error, org) {
        (PageError::NotKept, Some((_, org))) => {
            (format!("/orgs/{org}/activity/refused"), "Refused requests".to_owned())
        }
        (PageError::Role { .. }, Some((name, org))) => (format!("/orgs/{org}"), format!("Go to {name}")),
        _ => ("/".to_owned(), "Go to the portal".to_owned()),
    };
    // Not the one that was searched for.
    let which = if not_kept.is_some() { "This page: " } else { "Request " };
    let onward = if search.is_some() || has_way_in { "btn" } else { "btn btn-primary" };
    view! {
        <div class=class>
            <LeadIcon icon/>
            <h1 class=title_class>{error.title()}</h1>
            <p class="muted">{error.message()}</p>
            {ask}
            {reasons}
            {not_kept}
            {kept}
            {way_in}
            {search}
            <p><a class=onward href=href>{onward_to}</a></p>
            <p class="muted">{which}<IdChip id=request_id.clone() shown=request_id name="Copy request id"/></p>
        </div>
    }
}
