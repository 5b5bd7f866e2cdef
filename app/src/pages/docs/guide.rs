//! What applies to all endpoints, with the values of this deployment's profile.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    key::Verdict,
    profile::{Mode, Profile},
};

use super::{operation::key_header, sample::Call};
use crate::components::{CodeTabs, DataTable};

#[component]
pub fn Guide(profile: Arc<Profile>, public_url: String) -> impl IntoView {
    view! {
        <Authenticate profile=profile.clone() public_url/>
        <Keys profile=profile.clone()/>
        <Verdicts/>
        <Limits profile/>
        <Errors/>
    }
}

#[component]
fn Authenticate(profile: Arc<Profile>, public_url: String) -> impl IntoView {
    let credentials = &profile.credentials;
    let mut ways: Vec<_> = credentials.headers.iter().map(|name| format!("{name}: …")).collect();
    ways.extend(credentials.bearer.then(|| "Authorization: Bearer …".to_owned()));
    ways.extend(credentials.query.as_ref().map(|name| format!("?{name}=…")));
    let ways = ways.into_iter().map(|way| view! { <li><code>{way}</code></li> }).collect_view();
    let https = credentials.https_only.then(|| view! { <p>"Requests over plain HTTP are refused."</p> });
    let call = Call {
        method: "GET".to_owned(),
        url: format!("{public_url}/v1/auth"),
        credential: Some((key_header(&profile), "API_KEY")),
        idempotency: false,
        body: None,
    };
    view! {
        <section class="card" id="authenticate">
            <div class="card-head"><h2>"Authenticate"</h2></div>
            <p>
                "Backends and automation send a root token: "<code>"Authorization: Bearer sp_root_…"</code>
                ". An operator of this portal creates one with "<code>"sallyport token create --name NAME"</code>
                "; with "<code>"--manage"</code>" it may use the management endpoints too, and with "
                <code>"--org ORG"</code>" only those of one organization."
            </p>
            <p>"At the gateways’ endpoint the client’s own API key is the credential. It is read from:"</p>
            <ul>{ways}</ul>
            {https}
            <CodeTabs group="authenticate-samples".to_owned() samples=call.samples().into()/>
        </section>
    }
}

#[component]
fn Keys(profile: Arc<Profile>) -> impl IntoView {
    let scopes = profile.scopes.iter().map(|scope| {
        let mut says = scope.description.clone();
        if !scope.implies.is_empty() {
            says = format!("{says}. Includes {}", scope.implies.join(", "));
        }
        view! { <tr><td class="cell-mono cell-head">{scope.name.clone()}</td><td data-label="Allows">{says}</td></tr> }
    });
    let scopes = scopes.collect_view();
    let has_scopes = !profile.scopes.is_empty();
    let environments = profile.environments.iter().map(|environment| {
        let data = if environment.mode == Mode::Live { "live" } else { "test" };
        view! {
            <tr>
                <td class="cell-mono cell-head">{environment.name.clone()}</td>
                <td class="cell-mono" data-label="Begins with">{environment.prefix.clone()}</td>
                <td data-label="Mode">{data}</td>
            </tr>
        }
    });
    let environments = environments.collect_view();
    view! {
        <section class="card" id="keys">
            <div class="card-head"><h2>"What a key may do"</h2></div>
            {has_scopes.then(|| view! {
                <h3>"Scopes"</h3>
                <DataTable label="Scopes" columns=&["Scope", "Allows"]>{scopes}</DataTable>
            })}
            <h3>"Environments"</h3>
            <p>"A test key never reaches live data where the gateway requires "<code>"mode=live"</code>"."</p>
            <DataTable label="Environments" columns=&["Environment", "Begins with", "Mode"]>{environments}</DataTable>
        </section>
    }
}

#[component]
fn Verdicts() -> impl IntoView {
    let rows = Verdict::ALL.into_iter().map(|verdict| {
        view! {
            <tr>
                <td class="cell-mono cell-head">{verdict.code()}</td>
                <td data-label="Status">{verdict.status()}</td>
                <td data-label="Means">{meaning(verdict)}</td>
            </tr>
        }
    });
    view! {
        <section class="card" id="verdicts">
            <div class="card-head"><h2>"Verdicts"</h2></div>
            <p>"Each key goes through these checks; the first that fails decides the code."</p>
            <DataTable label="Verdicts" columns=&["Code", "Status", "Means"]>{rows.collect_view()}</DataTable>
        </section>
    }
}

const fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "The key is valid for this request.",
        Verdict::HttpsRequired => "The request came over plain HTTP.",
        Verdict::Missing => "No key was sent.",
        Verdict::Malformed => "What was sent does not have the form of a key, or its checksum is wrong.",
        Verdict::NotFound => "The key is unknown, or belongs to another organization.",
        Verdict::Revoked => "The key was revoked.",
        Verdict::Rotated => "The key was rotated, and this secret is not valid any more.",
        Verdict::Expired => "The key has expired.",
        Verdict::Paused => "The key is paused until it is resumed.",
        Verdict::Suspended => "Its app, project, tenant or organization is archived.",
        Verdict::WorkspaceMismatch => "The request names another organization.",
        Verdict::IpDenied => "The key may not be used from that address.",
        Verdict::ModeMismatch => "A live key was required and this is a test key, or the other way round.",
        Verdict::AppMismatch => "The key belongs to another app.",
        Verdict::InsufficientScope => "The key lacks a scope that this request requires.",
        Verdict::IngestionNotVerified => "Its app is not verified for data ingestion.",
        Verdict::SignatureRequired => "Requests with the key have to be signed.",
        Verdict::BadSignature => "The signature is wrong, or its timestamp is not current.",
        Verdict::Replayed => "The same signature was used before.",
        Verdict::RateLimited => "A rate limit of the key is used up.",
    }
}

#[component]
fn Limits(profile: Arc<Profile>) -> impl IntoView {
    let own = &profile.limits;
    let headers = [
        (Some("RateLimit-Policy".to_owned()), "The limits of this key"),
        (Some("RateLimit".to_owned()), "Requests that are left, and after how many seconds there are more"),
        (own.limit.clone(), "Requests that the limit allows"),
        (own.remaining.clone(), "Requests that are left"),
        (own.reset.clone(), "When the whole limit is available again, in seconds since 1970"),
        (Some("Retry-After".to_owned()), "With 429: after how many seconds the next request passes"),
        (own.retry_after.clone(), "The same, under another name"),
    ];
    let rows = headers.into_iter().filter_map(|(name, says)| {
        let name = name?;
        Some(view! { <tr><td class="cell-mono cell-head">{name}</td><td data-label="Meaning">{says}</td></tr> })
    });
    view! {
        <section class="card" id="limits">
            <div class="card-head"><h2>"Rate limits"</h2></div>
            <p>"A key has the limits of its organization’s plan, or limits of its own. Only requests that pass every other check count."</p>
            <DataTable label="Rate limit headers" columns=&["Header", "Meaning"]>{rows.collect_view()}</DataTable>
        </section>
    }
}

#[component]
fn Errors() -> impl IntoView {
    view! {
        <section class="card" id="errors">
            <div class="card-head"><h2>"Errors and retries"</h2></div>
            <p>
                "An error is a problem document (RFC 9457, "<code>"application/problem+json"</code>") with "
                <code>"status"</code>", a "<code>"code"</code>" for programs, a "<code>"detail"</code>" for people and the "
                <code>"request_id"</code>", which is also in the header "<code>"X-Request-Id"</code>". If fields are invalid (422), "
                <code>"errors"</code>" has a "<code>"pointer"</code>" (RFC 6901) and a "<code>"detail"</code>" for each."
            </p>
            <p>
                "Every request that creates something takes an "<code>"Idempotency-Key"</code>
                " that you choose, up to 255 characters. The same request with it creates nothing more: the answer is 409 with the id of what was created, without its secret. A different request with it is answered 422. It is remembered for a day."
            </p>
            <p>
                "503 means that the key can’t be checked: refuse the client. Unknown fields and parameters are refused, so that a misspelled requirement is not ignored."
            </p>
            <p>
                "Lists are sorted newest first, "<code>"limit"</code>" at a time (25, at most 100). Send "<code>"next_cursor"</code>
                " as "<code>"cursor"</code>" to get the next part; it is null at the end."
            </p>
        </section>
    }
}
