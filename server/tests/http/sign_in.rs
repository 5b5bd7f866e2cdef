//! `/sign-in`, `/sign-out`

mod code;
mod passkey;
mod resumed;
mod throttle;
mod undecided;
mod with;

use std::sync::Arc;

use sallyport::{
    audit::{Act, Actor},
    picture::Picture,
    store::EventFilter,
    testing::{TestStore, picture},
    user::NewUser,
};

use crate::{
    client::{Answer, Client},
    middleware::headers::{assert_guarded, without_what_differs},
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    unknown_and_wrong_get_the_same_answer,
    one_comes_back_to_where_one_was,
    signing_in_makes_a_new_id,
    signing_out_ends_the_session_at_once,
    the_database_does_not_hold_the_id,
    a_redirect_stays_here,
    a_disabled_account_looks_like_none,
    signed_in_people_are_redirected,
    signing_in_again_names_who_was_signed_out,
    a_weaker_hash_is_renewed,
    a_person_without_a_password_can_not_sign_in_with_one,
    of_twenty_sessions_the_oldest_ends,
    a_password_that_an_operator_set_is_changed_first,
    the_page_has_the_accent_of_the_profile,
    the_page_has_the_logo_of_the_profile,
);

async fn unknown_and_wrong_get_the_same_answer(portal: &TestPortal) {
    portal.set_up().await;
    let browser = portal.another();
    let answer = |email: &'static str| {
        let browser = browser.clone();
        async move {
            let answer = browser.post("/sign-in", &[("email", email), ("password", "wrong horse battery")]).await;
            (answer.status, without_what_differs(&answer).1.replace(email, "EMAIL"))
        }
    };
    let (unknown, wrong) = (answer("nobody@example.com").await, answer("ada@example.com").await);
    assert_eq!(unknown.0, 422);
    assert_eq!(answer("\0").await.0, 422);
    assert_eq!(unknown, wrong);
}

async fn one_comes_back_to_where_one_was(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let browser = portal.another();
    let path = format!("/orgs/{org}/activity?action=tenant.created");
    let asked = browser.get(&path).await;
    assert_eq!(asked.status, 303);
    let form = browser.get(asked.location()).await;
    let next = form.hidden("next");
    let answer =
        browser.post("/sign-in", &[("email", "ADA@example.com"), ("password", PASSWORD), ("next", &next)]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, path.as_str()));
    assert_eq!(browser.get(&path).await.status, 200);
}

async fn signing_in_makes_a_new_id(portal: &TestPortal) {
    portal.set_up().await;
    let browser = portal.another();
    browser.set_cookie("sallyport", "AAAAAAAAAAAAAAAAAAAAAA");
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    browser.post("/sign-in", &fields).await;
    let first = browser.cookie("sallyport").expect("a cookie");
    assert_ne!(first, "AAAAAAAAAAAAAAAAAAAAAA");
    browser.post("/sign-in", &fields).await;
    let second = browser.cookie("sallyport").expect("a cookie");
    assert_ne!(first, second);
    let stolen = portal.another();
    stolen.set_cookie("sallyport", &first);
    assert_eq!(stolen.get("/orgs/new").await.status, 303, "the old id is dead");
}

async fn signing_out_ends_the_session_at_once(portal: &TestPortal) {
    portal.set_up().await;
    let kept = portal.cookie("sallyport").expect("a cookie");
    let answer = portal.post("/sign-out", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/sign-in"));
    assert!(portal.cookie("sallyport").is_none(), "the cookie is taken back");
    let replayed = portal.another();
    replayed.set_cookie("sallyport", &kept);
    assert_eq!(replayed.get("/orgs/new").await.status, 303);
}

async fn the_database_does_not_hold_the_id(portal: &TestPortal) {
    portal.set_up().await;
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    let answer = portal.another().post("/sign-in", &fields).await;
    let cookies = answer.cookies();
    let cookie = cookies.iter().find(|cookie| cookie.starts_with("sallyport=")).expect("a session");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain http: browsers would drop it");
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let portal = TestPortal::at(TestStore::sqlite().await, "https://keys.example.com").await;
    let fields = [("name", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD)];
    let mut form = crate::client::Client::form("/setup", &fields);
    form.headers_mut().insert("origin", "https://keys.example.com".parse().expect("a header"));
    let refused = portal.send(form).await;
    assert_eq!(refused.status, 422, "whoever is behind a public address needs the token, loopback or not");
    let token = portal.state.context.setup_token.clone();
    let fields = [fields[0], fields[1], fields[2], ("token", token.as_str())];
    let mut form = crate::client::Client::form("/setup", &fields);
    form.headers_mut().insert("origin", "https://keys.example.com".parse().expect("a header"));
    let answer = portal.send(form).await;
    let cookie = answer.cookies().into_iter().find(|cookie| cookie.starts_with("__Host-sallyport="));
    let cookie = cookie.expect("a session");
    assert!(cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
    let device = answer.cookies().into_iter().find(|cookie| cookie.starts_with("__Host-sallyport-device="));
    let device = device.expect("the browser is known from now on");
    for attribute in ["; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert_eq!(device.matches(attribute).count(), 1, "{attribute} in {device}");
    }
    let form = |origin: &'static str| {
        let mut form = crate::client::Client::form("/sign-out", &[]);
        form.headers_mut().insert("origin", origin.parse().expect("a header"));
        form.headers_mut().insert("host", "keys.example.com".parse().expect("a header"));
        portal.send(form)
    };
    assert_eq!(form("http://keys.example.com").await.status, 403, "the scheme counts");
    let taken_back = form("https://keys.example.com").await.header("set-cookie").to_owned();
    assert!(taken_back.starts_with("__Host-sallyport=;") && taken_back.contains("; Secure"), "{taken_back}");
    portal.end().await;
}

async fn a_redirect_stays_here(portal: &TestPortal) {
    portal.set_up().await;
    for next in ["https://evil.example", "//evil.example", "/\\evil.example"] {
        let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("next", next)];
        assert_eq!(portal.another().post("/sign-in", &fields).await.location(), "/", "{next}");
    }
}

async fn sign_in(client: &Client, email: &str, password: &str) -> Answer {
    client.post("/sign-in", &[("email", email), ("password", password)]).await
}

async fn a_disabled_account_looks_like_none(portal: &TestPortal) {
    portal.set_up().await;
    portal.stranger().await;
    let eve = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    portal.store.disable_user(&Act::by(Actor::CommandLine), &eve).await.expect("disabled");
    let mut answers = Vec::new();
    for email in ["eve@example.com", "none@example.com"] {
        let answer = sign_in(&portal.another(), email, PASSWORD).await;
        answers.push((answer.status, without_what_differs(&answer).1.replace(email, "EMAIL")));
    }
    assert_eq!(answers[0].0, 422);
    assert_eq!(answers[0], answers[1]);
}

async fn signed_in_people_are_redirected(portal: &TestPortal) {
    portal.set_up().await;
    assert_eq!(portal.get("/sign-in").await.location(), "/");
    assert_eq!(portal.get("/sign-in?next=%2Faccount").await.location(), "/account");
    assert_eq!(portal.get("/sign-in?next=%2F%2Fevil.example").await.location(), "/");
    assert_eq!(portal.another().get("/sign-in?next=%2Faccount").await.status, 200);
}

async fn signing_in_again_names_who_was_signed_out(portal: &TestPortal) {
    portal.set_up().await;
    assert_eq!(sign_in(portal, "ada@example.com", PASSWORD).await.status, 303);
    let filter = EventFilter { action: "session.ended".to_owned(), ..EventFilter::default() };
    let events = portal.store.system_events(&filter).await.expect("asked").events;
    let named: Vec<_> = events.iter().map(|event| (event.actor_kind.as_str(), event.actor_name.as_str())).collect();
    assert_eq!(named, [("user", "Ada Byron")]);
    assert_eq!(events[0].address.as_deref(), Some("127.0.0.1"));
}

async fn a_weaker_hash_is_renewed(portal: &TestPortal) {
    portal.set_up().await;
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;
    let hash = || async {
        let known = portal.store.user_to_sign_in("ada@example.com").await.expect("asked");
        known.expect("there").1.expect("a password")
    };
    let today = hash().await;
    // Of `correct horse battery staple` with a quarter of the memory.
    let weaker = "$argon2id$v=19$m=4096,t=1,p=1$c2FsbHlwb3J0IHRlc3QgMQ$UoB6cS6mKDtkgB8/cPbcAKmwZ5SA8/p9j6/9H6iEPzQ";
    assert!(portal.store.renew_hash(&Act::by(Actor::CommandLine), &ada, today, weaker.to_owned()).await.expect("set"));
    assert_eq!(sign_in(&portal.another(), "ada@example.com", "wrong horse battery").await.status, 422);
    assert_eq!(hash().await, weaker, "nobody but its owner renews it");
    let browser = portal.another();
    assert_eq!(sign_in(&browser, "ada@example.com", PASSWORD).await.status, 303);
    assert_eq!(browser.get("/account").await.status, 200);
    let renewed = hash().await;
    assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
    assert_eq!(sign_in(&browser, "ada@example.com", PASSWORD).await.status, 303);
    assert_eq!(hash().await, renewed, "once is enough");
}

async fn a_person_without_a_password_can_not_sign_in_with_one(portal: &TestPortal) {
    portal.set_up().await;
    let new = NewUser::check("Max", "max@example.com", PASSWORD).expect("checked");
    portal.store.create_user(&Act::by(Actor::CommandLine), new, None, false).await.expect("made");
    let answer = |email: &'static str| async move {
        let answer = sign_in(&portal.another(), email, PASSWORD).await;
        assert!(answer.cookies().is_empty(), "{:?}", answer.cookies());
        (answer.status, without_what_differs(&answer).1.replace(email, "EMAIL"))
    };
    let (without, unknown) = (answer("max@example.com").await, answer("nobody@example.com").await);
    assert_eq!(without.0, 422);
    assert_eq!(without, unknown);
    let filter = EventFilter { action: "session.refused".to_owned(), ..EventFilter::default() };
    let events = portal.store.system_events(&filter).await.expect("asked").events;
    let named: Vec<_> = events.iter().map(|event| event.target_name.as_str()).collect();
    assert_eq!(named, ["Unknown e-mail address", "Max"], "whoever runs the portal sees whose account was tried");
}

async fn of_twenty_sessions_the_oldest_ends(portal: &TestPortal) {
    portal.set_up().await;
    let mut browsers = Vec::new();
    for _ in 0..20 {
        portal.store.clock.turn(std::time::Duration::from_secs(1));
        let browser = portal.another();
        browser.set_cookie("sallyport-device", &portal.cookie("sallyport-device").expect("a mark"));
        assert_eq!(sign_in(&browser, "ada@example.com", PASSWORD).await.status, 303);
        browsers.push(browser);
    }
    assert_eq!(portal.get("/account").await.status, 303, "the first of 21 is out");
    for browser in &browsers {
        assert_eq!(browser.get("/account").await.status, 200);
    }
    let filter = EventFilter { action: "session.created".to_owned(), ..EventFilter::default() };
    let events = portal.store.system_events(&filter).await.expect("asked").events;
    assert_eq!((events[0].details.as_str(), events[1].details.as_str()), (r#"{"sessions_ended":1}"#, "{}"));
}

async fn a_password_that_an_operator_set_is_changed_first(portal: &TestPortal) {
    portal.set_up().await;
    let eve = portal.stranger().await;
    let made = eve.post("/orgs/new", &[("name", "Eve's"), ("plan", "pro"), ("tenant", "Development")]).await;
    let org = made.location().to_owned();
    let tenant = format!("/tenants/{}", eve.get(&org).await.after("href=\"/tenants/", '"'));
    let account = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    let hash =
        portal.store.user_to_sign_in("eve@example.com").await.expect("asked").expect("there").1.expect("a password");
    portal.store.set_password_to_change(&Act::by(Actor::CommandLine), &account, hash).await.expect("set");
    assert_eq!(eve.get("/account").await.location(), "/sign-in?next=%2Faccount", "the sessions are over");

    assert_eq!(sign_in(&eve, "eve@example.com", PASSWORD).await.status, 303);
    let (export, search) = (format!("{org}/activity.csv"), "/search".to_owned());
    for path in ["/account".to_owned(), "/orgs/new".to_owned(), org, tenant, export, search] {
        let path = path.as_str();
        assert_eq!(eve.get(path).await.location(), "/account/password", "{path}");
    }
    // Their resources and missing ones look the same.
    for path in [
        "/orgs/org_x_000000",
        "/orgs/no-id",
        "/tenants/ten_x_000000",
        "/projects/prj_x_00000000",
        "/apps/app_x_000000",
        "/apps/app_x_000000/ingestion",
        "/keys/key_0000000000000000",
        "/requests/req_00000000000000000000",
    ] {
        assert_eq!(eve.get(path).await.location(), "/account/password", "{path}");
    }
    // Nor does the frame of an error page name theirs.
    let nowhere = eve.get("/nowhere").await;
    assert_eq!(nowhere.status, 404);
    assert!(!nowhere.body.contains("id=\"sidebar\"") && !nowhere.body.contains("/orgs/"), "{}", nowhere.body);
    assert_eq!(eve.post("/orgs/new", &[("name", "X"), ("plan", "pro")]).await.location(), "/account/password");
    let page = eve.get("/account/password").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("An operator of this portal set your password."), "{}", page.body);
    let change = |current: &'static str, new: &'static str| {
        let eve = eve.clone();
        async move { eve.post("/account/password", &[("current_password", current), ("new_password", new)]).await }
    };
    let same = change(PASSWORD, PASSWORD).await;
    assert_eq!(same.status, 422, "another one");
    assert_eq!(change("wrong horse battery", "walls have small doors").await.status, 422);
    assert_eq!(change(PASSWORD, "walls have small doors").await.location(), "/");
    assert_eq!(eve.get("/account").await.status, 200, "and that is all");
    assert_eq!(sign_in(&portal.another(), "eve@example.com", "walls have small doors").await.location(), "/");
    // A person who is asked for it may leave instead.
    let hash =
        portal.store.user_to_sign_in("eve@example.com").await.expect("asked").expect("there").1.expect("a password");
    portal.store.set_password_to_change(&Act::by(Actor::CommandLine), &account, hash).await.expect("set");
    assert_eq!(sign_in(&eve, "eve@example.com", "walls have small doors").await.status, 303);
    assert_eq!(eve.post("/sign-out", &[]).await.location(), "/sign-in");
    assert_eq!(eve.get("/account/password").await.location(), "/sign-in?next=%2Faccount%2Fpassword");
}

#[tokio::test]
async fn the_demo_says_how_to_sign_in() {
    let demo = sallyport_app::context::DemoSignIn { email: "ada@focus.example", password: "no secret at all" };
    let portal = TestPortal::demo(TestStore::sqlite().await, demo).await;
    portal.set_up().await;
    let page = portal.another().get("/sign-in").await.body;
    assert!(page.contains("ada@focus.example") && page.contains("no secret at all"), "{page}");
    portal.end().await;
}

async fn the_page_has_the_accent_of_the_profile(portal: &TestPortal) {
    portal.set_up().await;
    let html = |answer: &Answer| {
        let (_, html) = answer.body.split_once("<html").expect("a page");
        html.split_once('>').expect("its attributes").0.to_owned()
    };
    assert!(!html(&portal.another().get("/sign-in").await).contains("hue-"), "Sallyport's own");
    let file = include_str!("../../../examples/profiles/default.toml");
    let file = file.replacen("[brand]\n", "[brand]\naccent = \"teal\"\n", 1);
    let portal = portal.with_profile(&file).await;
    for path in ["/sign-in", "/docs"] {
        assert!(html(&portal.get(path).await).contains("class=\"hue-teal\""), "{path}");
    }
}

async fn the_page_has_the_logo_of_the_profile(portal: &TestPortal) {
    portal.set_up().await;
    let sign_in = portal.another().get("/sign-in").await.body;
    assert!(sign_in.contains("class=\"logo-mark\"") && !sign_in.contains("<img"), "Sallyport's own");
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>".to_vec();
    for (bytes, media_type) in [(svg, "image/svg+xml"), (picture::png(64, 32), "image/png")] {
        let mut profile = (**portal.store.profile()).clone();
        let logo = Picture::check(bytes.clone(), Picture::OF_PROFILES).expect("a logo");
        profile.brand.logo = Some(Arc::new(logo));
        let branded = TestPortal::new(portal.store.with_profile(Arc::new(profile)).await).await;
        let sign_in = branded.get("/sign-in").await;
        assert!(!sign_in.body.contains("class=\"logo-mark\""), "{}", sign_in.body);
        let address = format!("/logo/{}", sign_in.after("<img src=\"/logo/", '"'));
        for path in ["/docs", "/nowhere"] {
            assert!(branded.get(path).await.body.contains(&address), "{path}");
        }
        let answer = branded.get(&address).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, media_type));
        assert_eq!(answer.body, String::from_utf8_lossy(&bytes));
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("content-encoding"), "");
        assert_guarded(&answer, &address);
        assert_eq!(branded.get("/logo/00000000000000000000000000000000").await.status, 404);
    }
}
