//! `/reset`, `/reset/{token}`

use std::time::Duration;

use axum::http::header;
use sallyport::{
    audit::{Act, Actor, Outcome},
    id::ResetId,
    password_reset,
    store::EventFilter,
    user::NewUser,
};

use crate::{
    client::{Answer, Client},
    mail::jobs,
    middleware::headers::{assert_guarded, without_what_differs},
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    an_unknown_address_gets_the_same_answer,
    links_are_not_asked_for_without_end,
    a_link_sets_a_password_once,
    opening_a_link_changes_nothing,
    a_link_ends_with_its_time_its_password_and_its_account,
    other_links_of_the_person_end_too,
    a_guessable_password_is_refused_and_the_link_stays,
    a_form_of_another_site_is_refused,
    the_database_opens_nothing,
    without_mail_it_says_whom_to_ask,
    people_without_a_password_get_none,
);

const NEW: &str = "walls have small doors";

/// A portal with mail on which Ada has an account, and a browser that is not signed in.
async fn with_ada(portal: &TestPortal) -> (TestPortal, Client) {
    let portal = portal.with_mail().await;
    portal.set_up().await;
    let browser = portal.another();
    (portal, browser)
}

async fn ask(browser: &Client, email: &str) -> Answer {
    browser.post("/reset", &[("email", email)]).await
}

/// The addresses of all links, newest last.
async fn links(portal: &TestPortal) -> Vec<String> {
    let rows = portal.store.dump().await.remove("password_resets").expect("a table");
    let value = |row: &str, name: &str| {
        let (_, rest) = row.split_once(&format!("{name}: Some(")).expect("a value");
        rest.split(')').next().unwrap_or_default().trim_matches('"').to_owned()
    };
    let mut ids: Vec<_> = rows.iter().map(|row| (value(row, "created_at"), value(row, "id"))).collect();
    ids.sort();
    let ids = ids.into_iter().map(|(_, id)| ResetId::parse(&id).expect("an id"));
    ids.map(|id| password_reset::url(portal.store.vault(), "", &id)).collect()
}

/// Asks for a link to Ada's account, and returns its address.
async fn link(portal: &TestPortal, browser: &Client) -> String {
    assert_eq!(ask(browser, "ada@example.com").await.location(), "/reset?sent=1");
    portal.store.clock.turn(Duration::from_secs(1));
    links(portal).await.pop().expect("a link")
}

async fn set(browser: &Client, link: &str, password: &str) -> Answer {
    browser.post(link, &[("new_password", password)]).await
}

async fn sign_in(browser: &Client, password: &str) -> u16 {
    browser.post("/sign-in", &[("email", "ada@example.com"), ("password", password)]).await.status.as_u16()
}

async fn an_unknown_address_gets_the_same_answer(portal: &TestPortal) {
    let (portal, browser) = with_ada(portal).await;
    assert!(browser.get("/sign-in").await.body.contains("<a href=\"/reset\">Forgot your password?</a>"));
    let before = portal.store.dump().await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "none@example.com", "ADA@example.com "] {
        let answer = ask(&browser, email).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, "/reset?sent=1"));
        answers.push(without_what_differs(&answer));
    }
    assert!(answers[0] == answers[1] && answers[0] == answers[2]);
    let after = portal.store.dump().await;
    for table in ["password_resets", "jobs", "events"] {
        assert_eq!(after[table].len(), before[table].len() + 3, "{table}: the same is written for each");
    }
    assert_eq!(jobs(&portal.store).await.len(), 3);
    let filter = EventFilter { action: "password.reset_requested".to_owned(), ..EventFilter::default() };
    let events = portal.store.system_events(&filter).await.expect("asked").events;
    let names: Vec<_> = events.iter().map(|event| event.target_name.as_str()).collect();
    assert_eq!(names, ["Ada Byron", "Unknown e-mail address", "Ada Byron"], "newest first");
    let sent = browser.get("/reset?sent=1").await;
    assert!(sent.body.contains("If an account has this e-mail address, a link is on its way."), "{}", sent.body);
    for wrong in ["", "ada", "a@b\r\nBcc: c@d"] {
        let answer = ask(&browser, wrong).await;
        assert_eq!(answer.status, 422, "{wrong:?}");
    }
}

async fn links_are_not_asked_for_without_end(portal: &TestPortal) {
    let (portal, browser) = with_ada(portal).await;
    // Of one account, from whatever address; an unknown one is treated alike.
    for email in ["ada@example.com", "none@example.com"] {
        for n in 0..3 {
            assert_eq!(ask(&portal.from(&format!("203.0.113.{n}")), email).await.status, 303);
        }
        let refused = ask(&portal.from("203.0.113.9"), email).await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "900"), "{}", refused.body);
        assert!(refused.body.contains("Links were asked for too often."), "{}", refused.body);
    }
    assert_eq!(links(&portal).await.len(), 6);
    // From one network.
    for n in 0..10 {
        assert_eq!(ask(&portal.from("2001:db8::1"), &format!("person{n}@example.com")).await.status, 303);
    }
    let refused = ask(&portal.from("2001:db8::2"), "another@example.com").await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "60"));
    // Signing in is counted apart.
    assert_eq!(sign_in(&browser, PASSWORD).await, 303);
    portal.wait(900);
    assert_eq!(ask(&browser, "ada@example.com").await.status, 303);
}

async fn a_link_sets_a_password_once(portal: &TestPortal) {
    let (portal, browser) = with_ada(portal).await;
    let link = link(&portal, &browser).await;
    let page = browser.get(&link).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("For ada@example.com."), "{}", page.body);
    let done = set(&browser, &link, NEW).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, "/sign-in?reset=1"));
    assert!(done.cookies().is_empty(), "nobody is signed in by it");
    assert!(browser.get("/sign-in?reset=1").await.body.contains("Your password is set. Sign in with it."));
    assert_eq!(portal.get("/account").await.location(), "/sign-in?next=%2Faccount", "every session has ended");
    assert_eq!((sign_in(&browser, PASSWORD).await, sign_in(&browser, NEW).await), (422, 303));
    for answer in [browser.get(&link).await, set(&browser, &link, "another pair of shoes").await] {
        assert_eq!(answer.status, 404);
        assert!(answer.body.contains("It was used, or it has expired"), "{}", answer.body);
        assert!(answer.body.contains("href=\"/reset\""), "what to do");
    }
    assert_eq!(sign_in(&portal.another(), NEW).await, 303);
    let told = jobs(&portal.store).await;
    assert_eq!(told.iter().filter(|job| job.contains("password_changed")).count(), 1, "{told:?}");
    let filter = EventFilter { action: "password.reset".to_owned(), ..EventFilter::default() };
    let events = portal.store.system_events(&filter).await.expect("asked").events;
    assert_eq!(events.iter().map(|event| event.outcome).collect::<Vec<_>>(), [Outcome::Done]);
}

async fn opening_a_link_changes_nothing(portal: &TestPortal) {
    let (portal, browser) = with_ada(portal).await;
    let link = link(&portal, &browser).await;
    let before = portal.store.dump().await;
    for _ in 0..3 {
        assert_eq!(browser.get(&link).await.status, 200);
        let head = Client::request(axum::http::Method::HEAD, &link).body(axum::body::Body::empty()).expect("a request");
        assert_eq!(browser.send(head).await.status, 200);
    }
    assert_eq!(portal.store.dump().await, before);
}

async fn a_link_ends_with_its_time_its_password_and_its_account(portal: &TestPortal) {
    let (portal, browser) = with_ada(portal).await;
    let expired = link(&portal, &browser).await;
    portal.store.clock.turn(password_reset::VALID - Duration::from_secs(1));
    assert_eq!(browser.get(&expired).await.status, 404, "after half an hour");
    assert_eq!(set(&browser, &expired, NEW).await.status, 404);

    let changed = link(&portal, &browser).await;
    let form = [("do", "password"), ("current_password", PASSWORD), ("new_password", NEW)];
    assert_eq!(portal.post("/account", &form).await.status, 303);
    assert_eq!(set(&browser, &changed, PASSWORD).await.status, 404, "the password was changed in another way");

    let disabled = link(&portal, &browser).await;
    let act = Act::by(Actor::CommandLine);
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;
    let other = NewUser::check("Grace", "grace@example.com", PASSWORD).expect("checked");
    portal.store.create_user(&act, other, "none".to_owned(), true).await.expect("another operator");
    portal.store.disable_user(&act, &ada).await.expect("disabled");
    assert_eq!(set(&browser, &disabled, PASSWORD).await.status, 404);
    portal.store.enable_user(&act, &ada).await.expect("enabled");
    assert_eq!(set(&browser, &disabled, PASSWORD).await.status, 404, "nor afterwards");
    assert_eq!(sign_in(&browser, NEW).await, 303);
}

async fn other_links_of_the_person_end_too(portal: &TestPortal) {
    let (portal, browser) = with_ada(portal).await;
    let [one, other] = [link(&portal, &browser).await, link(&portal, &browser).await];
    assert_ne!(one, other);
    assert_eq!(browser.get(&one).await.status, 200, "a second request leaves the first link");
    assert_eq!(set(&browser, &other, NEW).await.status, 303);
    assert_eq!(set(&browser, &one, PASSWORD).await.status, 404);
}

async fn a_guessable_password_is_refused_and_the_link_stays(portal: &TestPortal) {
    let (portal, browser) = with_ada(portal).await;
    let link = link(&portal, &browser).await;
    for weak in ["", "short", "ada byron 1815"] {
        let answer = set(&browser, &link, weak).await;
        assert_eq!(answer.status, 422, "{weak}");
        assert!(answer.body.contains("id=\"new_password-error\""), "{}", answer.body);
    }
    assert_eq!(set(&browser, &link, NEW).await.status, 303);
}

async fn a_form_of_another_site_is_refused(portal: &TestPortal) {
    let (portal, browser) = with_ada(portal).await;
    let link = link(&portal, &browser).await;
    let page = browser.get(&link).await;
    assert_guarded(&page, &format!("GET {link}"));
    assert_eq!(page.header("referrer-policy"), "strict-origin");
    let send = async |path: &str, origin: Option<&str>, site: Option<&str>| {
        let mut form = Client::form(path, &[("new_password", NEW)]);
        form.headers_mut().remove(header::ORIGIN);
        if let Some(origin) = origin {
            form.headers_mut().insert(header::ORIGIN, origin.parse().expect("a header"));
        }
        if let Some(site) = site {
            form.headers_mut().insert("sec-fetch-site", site.parse().expect("a header"));
        }
        browser.send(form).await.status.as_u16()
    };
    for (origin, site) in [
        (None, None),
        (Some("https://evil.example"), None),
        (Some("null"), Some("cross-site")),
        (Some("null"), Some("none")),
        (Some("null"), Some("same-origin")),
        (Some("null"), None),
    ] {
        assert_eq!(send(&link, origin, site).await, 403, "{origin:?} {site:?}");
    }
    let refused = EventFilter { action: "origin.refused".to_owned(), ..EventFilter::default() };
    portal.state.context.pending_events.flush(&portal.store, true).await.expect("written");
    let events = portal.store.system_events(&refused).await.expect("asked").events;
    assert!(!events.is_empty() && events.iter().all(|event| event.details.contains("\"/reset/…\"")), "{events:?}");
    assert_eq!(send(&link, Some("http://127.0.0.1:3000"), Some("same-origin")).await, 303);
}

async fn the_database_opens_nothing(portal: &TestPortal) {
    let (portal, browser) = with_ada(portal).await;
    let link = link(&portal, &browser).await;
    let (id, hash) = link.trim_start_matches("/reset/").split_once('.').expect("two parts");
    let dump = portal.store.dump().await;
    assert!(dump["jobs"].iter().any(|job| job.contains(id)), "the job has the id");
    for (table, rows) in &dump {
        assert!(!rows.iter().any(|row| row.contains(hash)), "{table} has the token");
    }
    // With all of it, and without the master key, a link can't be made.
    for forged in [id.to_owned(), format!("{id}."), format!("{id}.{}", "A".repeat(43)), hash.to_owned()] {
        assert_eq!(browser.get(&format!("/reset/{forged}")).await.status, 404, "{forged}");
    }
}

async fn without_mail_it_says_whom_to_ask(portal: &TestPortal) {
    portal.set_up().await;
    let browser = portal.another();
    for answer in [browser.get("/reset").await, ask(&browser, "ada@example.com").await] {
        assert!(answer.body.contains("This portal does not send mail. Ask one of its operators"), "{}", answer.body);
        assert!(!answer.body.contains("<form"), "no form that leads nowhere");
    }
    assert!(links(portal).await.is_empty());
    // A link of an operator works all the same.
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;
    let act = Act::by(Actor::CommandLine);
    let reset = portal.store.create_password_reset(&act, &ada).await.expect("made");
    let link = password_reset::url(portal.store.vault(), "", &reset);
    assert_eq!(set(&browser, &link, NEW).await.status, 303);
    let ended = browser.get(&link).await;
    assert!(ended.body.contains("Ask an operator of this portal for another link."), "{}", ended.body);
    let filter = EventFilter { action: "password.reset_link_created".to_owned(), ..EventFilter::default() };
    assert_eq!(portal.store.system_events(&filter).await.expect("asked").events.len(), 1);
}

async fn people_without_a_password_get_none(portal: &TestPortal) {
    let (portal, browser) = with_ada(portal).await;
    let act = Act::by(Actor::CommandLine);
    let new = NewUser::check("Grace", "grace@example.com", PASSWORD).expect("checked");
    let grace = portal.store.create_user(&act, new, None::<String>, false).await.expect("made");
    assert_eq!(ask(&browser, "grace@example.com").await.status, 303);
    let link = links(&portal).await.pop().expect("a row, as for every address");
    assert_eq!(browser.get(&link).await.status, 404);
    assert!(portal.store.create_password_reset(&act, &grace).await.is_err());
}
