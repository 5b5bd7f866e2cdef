//! A portal under a sub-path of its host, behind a proxy that forwards the sub-path, and behind one that strips it.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use axum::http::{Method, header};
use sallyport::{
    audit::{Act, Actor},
    handover::Protection,
    id::KeyId,
    invitation::NewInvitations,
    password_reset,
    place::PlaceKind,
    testing::picture::png,
};
use sallyport_app::routes::ROUTES;
use sallyport_server::server::Server;

use crate::{
    account::passkeys::made_elsewhere,
    client::{Answer, Client, ORIGIN},
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    nothing_on_any_page_leads_outside,
    forms_and_refusals_stay_within,
    the_proxy_may_take_the_path_off,
    cookies_are_for_the_sub_path_alone,
    the_api_is_there_too,
);

const UNDER: &str = "/tools/sallyport";

/// The same database, served under the sub-path.
async fn under(portal: &TestPortal, origin: &str) -> TestPortal {
    let store = portal.store.with_profile(portal.store.profile().clone()).await;
    TestPortal::at(store, &format!("{origin}{UNDER}")).await
}

/// Attributes with input, and those that only begin like an address.
const NO_ADDRESS: [&str; 4] = ["value", "placeholder", "title", "data-copy"];

/// The values of attributes that begin with a slash, with their names.
fn addresses(html: &str) -> Vec<(&str, &str)> {
    let tags = html.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default());
    let mut found = Vec::new();
    for tag in tags {
        for (at, _) in tag.match_indices("=\"/") {
            let name = tag[..at].rsplit(char::is_whitespace).next().expect("a name");
            found.push((name, tag[at + 2..].split('"').next().expect("a value")));
        }
    }
    found
}

fn is_within(address: &str) -> bool {
    address.strip_prefix(UNDER).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

fn assert_within(path: &str, answer: &Answer) {
    for (name, address) in addresses(&answer.body) {
        assert!(NO_ADDRESS.contains(&name) || is_within(address), "{path}: {name}=\"{address}\"");
    }
    let location = answer.location();
    assert!(location.is_empty() || is_within(location), "{path}: {location}");
}

/// The route of an address.
fn route(path: &str) -> Option<&'static str> {
    let parts: Vec<_> = path.split(['?', '#']).next()?.split('/').collect();
    let fits = |pattern: &str| {
        let pattern: Vec<_> = pattern.split('/').collect();
        pattern.len() == parts.len()
            && pattern
                .iter()
                .zip(&parts)
                .all(|(name, part)| name == part || (name.starts_with('{') && !part.is_empty()))
    };
    // `/orgs/new` matches `/orgs/{org_id}`, too.
    ROUTES.iter().filter(|route| fits(route.path)).map(|route| route.path).max_by_key(|path| !path.ends_with('}'))
}

fn takes_get(path: &str) -> bool {
    ROUTES.iter().any(|route| route.path == path && route.methods.contains(&Method::GET))
}

async fn nothing_on_any_page_leads_outside(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    assert_eq!(portal.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 403);
    let signing = portal.generate(&app, "href=\"/typed\"", &["read"], true).await;
    assert_eq!(portal.auth("", &[("x-api-key", &signing.secret)]).await.status, 200);
    portal.state.verifier.flush().await.expect("written");
    let served = under(portal, ORIGIN).await;
    let browser = portal.with(Server::new(served.state.clone()));
    // It is kept in memory there.
    let refused = browser.auth("?scope=write", &[("x-api-key", &secret)]).await;
    assert_eq!(refused.status, 403);

    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;
    let reset = portal.store.create_password_reset(&Act::by(Actor::CommandLine), &ada).await.expect("made");
    let of = portal.store.find(None, &app).await.expect("asked").expect("there").org_id;
    let new = NewInvitations::check(PlaceKind::Org, ["eve@example.com"], "viewer", "").expect("checked");
    let invited = portal.store.invite(&portal.store.act(&ada), &of, new).await.expect("invited");
    let held = KeyId::parse(&key).expect("an id");
    let held = portal.store.find(None, &held).await.expect("asked").expect("there");
    let day = Protection { valid: Duration::from_secs(24 * 60 * 60), ..Protection::default() };
    let act = portal.store.act(&ada);
    let (handover, _) = portal.store.create_handover(&act, &held, ("a.json", "{}"), day).await.expect("made");
    assert_eq!(portal.post_file(&format!("/orgs/{of}/settings/logo"), "logo", &png(64, 64)).await.status, 303);
    portal.waiting(&app).await;
    let (import, into) =
        (portal.import(&app).await, portal.store.find(None, &app).await.expect("asked").expect("there"));
    // The list of imports leads to those that were started.
    portal.store.start_import(&act, &into, &import).await.expect("started");
    let rule = portal.trust_rule(&app).await;
    portal.webhook(&of).await;
    portal.service_account(&of).await;
    // Its row leads to the page that revokes it.
    portal.store.create_token(&Act::by(Actor::CommandLine), "CI", false, None).await.expect("made");
    portal.personal_token(&ada, "CI").await;
    made_elsewhere(portal, &ada).await;

    let mut known: BTreeSet<String> = BTreeSet::new();
    let of_rule = ["edit", "pause", "resume", "delete"].map(|what| format!("{UNDER}/trust-rules/{rule}/{what}"));
    // Some of them lead elsewhere, as long as there is no second factor.
    let of_factors = [
        "/sign-in/code",
        "/account/confirm",
        "/account/authenticator/remove",
        "/account/recovery-codes",
        "/account/passkeys/new",
    ];
    let of_factors = of_factors.map(|path| format!("{UNDER}{path}"));
    let waiting = [
        UNDER.to_owned(),
        format!("{UNDER}/sign-in"),
        format!("{UNDER}/reset"),
        format!("{UNDER}/report-a-leak"),
        password_reset::url(portal.store.vault(), UNDER, &reset),
        invited[0].url(portal.store.vault(), UNDER),
        format!("{UNDER}/handover/{}", handover.id),
        format!("{UNDER}/nothing/here"),
        format!("{UNDER}/orgs/org_nothing"),
        format!("{UNDER}/requests/{}", refused.header("x-request-id")),
        // Single sign-on is neither set up nor required.
        format!("{UNDER}/sign-in/with/nothing"),
        format!("{UNDER}/account/link"),
        format!("{UNDER}/orgs/{of}/break-glass"),
        format!("{UNDER}/keys/{key}/signing-secret"),
        format!("{UNDER}/keys/{key}/rotate"),
        format!("{UNDER}/keys/{key}/revoke"),
        format!("{UNDER}/apps/{app}/ingestion"),
        format!("{UNDER}/admin/users/{}/disable", ada.id),
    ];
    let mut waiting: VecDeque<String> = waiting.into_iter().chain(of_rule).chain(of_factors).collect();
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop_front() {
        if !known.insert(path.clone()) {
            continue;
        }
        let answer = browser.get(&path).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 200 | 303) || path.contains("nothing"), "{path}: {status}");
        seen.extend(route(path.strip_prefix(UNDER).filter(|path| !path.is_empty()).unwrap_or("/")));
        let is_page = answer.header("content-type").starts_with("text/html");
        if !is_page && status == 200 {
            continue;
        }
        assert_within(&path, &answer);
        let asked = |to: &str| route(to.strip_prefix(UNDER).unwrap_or_default()).is_some_and(takes_get);
        let links = addresses(&answer.body).into_iter();
        let links = links.filter(|(name, to)| matches!(*name, "href" | "src") || *name == "action" && asked(to));
        waiting.extend(links.map(|(_, to)| to.split('#').next().unwrap_or_default().replace("&amp;", "&")));
        for cookie in answer.cookies() {
            assert!(cookie.contains(&format!("; Path={UNDER};")), "{cookie}");
        }
        waiting.extend(Some(answer.location().to_owned()).filter(|to| !to.is_empty()));
    }
    let pages = ROUTES.iter().map(|route| route.path).filter(|path| takes_get(path));
    let unseen: Vec<_> = pages.filter(|path| !seen.contains(path)).collect();
    // Before there is an account, and while another person has set the password.
    assert_eq!(unseen, ["/setup", "/account/password"], "of {} addresses", known.len());
    assert!(browser.get(&format!("{UNDER}/apps/{app}/keys")).await.body.contains("href=\"/typed\""), "as it was typed");
    served.end().await;
}

async fn forms_and_refusals_stay_within(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let served = under(portal, ORIGIN).await;
    let browser = portal.with(Server::new(served.state.clone()));
    let at = |path: &str| format!("{UNDER}{path}");
    for (path, fields, status) in [
        (format!("/keys/{key}/pause"), vec![], 303),
        (format!("/keys/{key}/resume"), vec![], 303),
        (format!("/keys/{key}/edit"), vec![("label", "")], 422),
        ("/orgs/new".to_owned(), vec![("name", ""), ("plan", "pro")], 422),
        ("/theme".to_owned(), vec![("theme", "dark"), ("back", "/docs")], 303),
        ("/theme".to_owned(), vec![("theme", "dark"), ("back", "https://evil.example/")], 303),
        ("/search".to_owned(), vec![("q", key.as_str())], 303),
        ("/search".to_owned(), vec![("q", "nothing")], 200),
        ("/account".to_owned(), vec![("do", "name"), ("name", "")], 422),
        (format!("/apps/{app}/keys/search"), vec![("q", "CI")], 303),
    ] {
        let answer = browser.post(&at(&path), &fields).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert_within(&path, &answer);
    }
    // Like an island: a part of a page, and an act.
    let mut request = Client::form(&at("/search"), &[("q", "CI")]);
    request.headers_mut().insert("x-fragment", "true".parse().expect("a header"));
    let options = browser.send(request).await;
    assert!(options.body.contains(&format!("href=\"{UNDER}/keys/{key}\"")), "{}", options.body);
    assert_within("/search", &options);
    let page = browser.get(&at(&format!("/keys/{key}"))).await;
    let act = page.after("data-act=\"", '"');
    assert_eq!(browser.post(&act, &[("key", &key)]).await.status, 200, "{act}");

    let panel = browser.get(&at(&format!("/apps/{app}/keys?panel=generate"))).await;
    let token = panel.hidden("form_token");
    let form = portal.panel(&app).await.with("form_token", &token).with("label", "There");
    let once = browser.post(&at(&format!("/apps/{app}/keys")), &form.fields()).await;
    assert!(once.body.contains("Save your key"), "{}", once.body);
    assert_within("the one-time dialog", &once);
    assert_eq!(browser.download(&once).await.status, 200);

    let stranger = browser.another();
    let to_sign_in = stranger.get(&at(&format!("/keys/{key}?done=edited"))).await;
    assert_eq!(to_sign_in.location(), format!("{UNDER}/sign-in?next=%2Fkeys%2F{key}%3Fdone%3Dedited"));
    let sign_in = stranger.get(to_sign_in.location()).await;
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("next", &sign_in.hidden("next"))];
    let signed_in = stranger.post(&at("/sign-in"), &fields).await;
    assert_eq!(signed_in.location(), format!("{UNDER}/keys/{key}?done=edited"));
    assert_eq!(stranger.get(signed_in.location()).await.status, 200);
    let out = stranger.post(&at("/sign-out"), &[]).await;
    assert_eq!(out.location(), format!("{UNDER}/sign-in"));
    assert_eq!(stranger.get(&at("/account")).await.status, 303, "signed out");
    // Another application on the host is another site to its forms: the path does not identify the origin.
    let mut foreign = Client::form(&at("/theme"), &[]);
    foreign.headers_mut().insert(header::ORIGIN, "http://127.0.0.1:4000".parse().expect("a header"));
    assert_eq!(browser.send(foreign).await.status, 403);
    served.end().await;
}

async fn the_proxy_may_take_the_path_off(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let served = under(portal, ORIGIN).await;
    let browser = portal.with(Server::new(served.state.clone()));
    for path in ["/docs".to_owned(), format!("/apps/{app}"), format!("/apps/{app}/keys?include_revoked=1")] {
        let whole = browser.get(&format!("{UNDER}{path}")).await;
        let without_prefix = browser.get(&path).await;
        assert_eq!((without_prefix.status.as_u16(), whole.status.as_u16()), (200, 200), "{path}");
        assert_within(&path, &without_prefix);
        let links = |answer: &Answer| addresses(&answer.body).len();
        assert_eq!(links(&without_prefix), links(&whole), "{path}");
    }
    assert_eq!(
        browser.get("/").await.location().strip_prefix(UNDER).map(|path| path.starts_with("/orgs/")),
        Some(true)
    );
    for probe in ["/healthz", "/tools/sallyport/healthz", "/readyz"] {
        assert_eq!(browser.get(probe).await.status, 200, "{probe}");
    }
    for other in ["/tools", "/tools/sallyports", "/tools/sallyport/tools/sallyport/docs", "/TOOLS/SALLYPORT/docs"] {
        assert_eq!(browser.get(other).await.status, 404, "{other}");
    }
    served.end().await;
}

async fn cookies_are_for_the_sub_path_alone(portal: &TestPortal) {
    portal.set_up().await;
    let served = under(portal, "https://intranet.example").await;
    let mut request =
        Client::form(&format!("{UNDER}/sign-in"), &[("email", "ada@example.com"), ("password", PASSWORD)]);
    request.headers_mut().insert(header::ORIGIN, "https://intranet.example".parse().expect("a header"));
    let answer = served.another().send(request).await;
    assert_eq!(answer.status, 303, "the origin is the address without its path: {}", answer.body);
    let cookies = answer.cookies();
    for name in ["__Secure-sallyport=", "__Secure-sallyport-device="] {
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(name)).expect("set");
        assert!(cookie.contains("; Path=/tools/sallyport") && cookie.contains("; Secure"), "{cookie}");
        assert!(cookie.contains("; HttpOnly") && !cookie.contains("Domain"), "{cookie}");
    }
    let theme = [("theme", "dark"), ("back", "/docs")];
    let mut request = Client::form(&format!("{UNDER}/theme"), &theme);
    request.headers_mut().insert(header::ORIGIN, "https://intranet.example".parse().expect("a header"));
    let answer = served.another().send(request).await;
    assert!(answer.cookies()[0].starts_with("theme=dark; Path=/tools/sallyport; "), "{:?}", answer.cookies());
    served.end().await;
}

async fn the_api_is_there_too(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let token = portal.token(true, None).await;
    let served = under(portal, ORIGIN).await;
    let made =
        served.json(&format!("{UNDER}/v1/orgs"), &token, &serde_json::json!({ "name": "Calm", "plan": "pro" })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.location().starts_with(&format!("{UNDER}/v1/orgs/org_calm_")), "{}", made.location());
    assert_eq!(served.manage(made.location(), &token, None).await.status, 200);
    let verified = served.json(&format!("{UNDER}/v1/keys/verify"), &token, &serde_json::json!({ "key": secret })).await;
    assert_eq!(verified.json()["valid"], true);
    for path in [
        format!("{UNDER}/v1/auth?scope=read"),
        "/v1/auth?scope=read".to_owned(),
        format!("{UNDER}/v1/auth/envoy/write/x"),
    ] {
        let request = Client::request(Method::GET, &path).header("x-api-key", &secret);
        let answer = served.send(request.body(axum::body::Body::empty()).expect("a request")).await;
        assert_eq!(answer.status, if path.contains("envoy") { 403 } else { 200 }, "{path}: {}", answer.body);
    }
    let document = served.get(&format!("{UNDER}/v1/openapi.json")).await.json();
    assert_eq!(document["servers"][0]["url"], format!("{ORIGIN}{UNDER}"));
    assert!(served.get(&format!("{UNDER}/docs")).await.body.contains(&format!("{ORIGIN}{UNDER}/v1/auth")));
    assert_eq!(served.get(&format!("{UNDER}/v1/none")).await.header("content-type"), "application/problem+json");
    served.end().await;
}
