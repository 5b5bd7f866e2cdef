//! Every act, called by every kind of person at its own address, like an island: the framework's registry lists them.

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport_app::acts::{MOUNTED, OF_PAGES, registered};

use super::{
    people::{Expected, OWNER},
    rules::{ACTS, ActRule, Who},
    told,
    world::{World, nobodys},
};
use crate::{
    client::{Answer, Client, ORIGIN},
    middleware::headers::assert_guarded,
    portal::TestPortal,
};

crate::on_both_portals!(
    acts_are_refused_without_permission,
    everybody_runs_what_they_may,
    of_what_is_not_seen_nothing_is_there,
    other_ways_are_refused,
    pages_alone_run_some,
    errors_have_a_status,
);

/// Every act with its rule; one without fails the test.
fn acts() -> impl Iterator<Item = &'static ActRule> {
    let mut ruled: Vec<_> = ACTS.iter().map(|rule| rule.path).collect();
    ruled.sort_unstable();
    ruled.dedup();
    assert_eq!(ruled, registered(), "say in ACTS of server/tests/http/isolation/rules.rs who may run each act");
    for rule in ACTS {
        let list = if rule.who.is_some() { MOUNTED } else { OF_PAGES };
        assert!(list.contains(&rule.path), "{}", rule.path);
    }
    ACTS.iter()
}

async fn run(browser: &Client, path: &str, form: &[(&str, String)]) -> Answer {
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(path, &form).await
}

fn check(expected: Expected, answer: &Answer, what: &str) {
    let status = answer.status.as_u16();
    let held = match expected {
        Expected::Taken => matches!(status, 200 | 409 | 422),
        Expected::Status(one) => status == one,
        Expected::SignIn => status == 401,
        Expected::NotFound => status == 404,
        Expected::Forbidden => status == 403 && answer.body.contains("Your role here is"),
    };
    assert!(held, "{what}: {expected:?} was expected, not {status}\n{}", answer.body);
    assert!(answer.header("content-type").starts_with("application/json"), "{what}: {}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    assert_guarded(answer, what);
}

async fn acts_are_refused_without_permission(portal: &TestPortal) {
    let world = World::new(portal).await;
    let before = portal.store.dump().await;
    let mut refused = 0;
    for rule in acts() {
        let Some(who) = rule.who else { continue };
        for person in &world.people {
            let expected = person.kind.expects(who, rule.level());
            if expected == Expected::Taken {
                continue;
            }
            refused += 1;
            let answer = run(&person.browser, rule.path, &world.form(rule)).await;
            let what = format!("{:?} {}", person.kind, rule.path);
            check(expected, &answer, &what);
        }
        assert_eq!(portal.store.dump().await, before, "{} changed something", rule.path);
    }
    assert!(refused >= 400, "{refused} were refused");
}

async fn everybody_runs_what_they_may(portal: &TestPortal) {
    let world = World::new(portal).await;
    for rule in acts() {
        let Some(who) = rule.who else { continue };
        for person in &world.people {
            let expected = person.kind.expects(who, rule.level());
            if expected != Expected::Taken {
                continue;
            }
            world.give_role(portal, person).await;
            world.add_spare(portal).await;
            let answer = run(&person.browser, rule.path, &world.form(rule)).await;
            // Only a session of another person is always missing.
            let expected = if rule.path == "/act/account/end-session" { Expected::NotFound } else { expected };
            check(expected, &answer, &format!("{:?} {}", person.kind, rule.path));
        }
    }
}

async fn of_what_is_not_seen_nothing_is_there(portal: &TestPortal) {
    let world = World::new(portal).await;
    let mut compared = 0;
    for rule in acts().filter(|rule| rule.form.iter().any(|(_, value)| value.contains('{'))) {
        let form = world.form(rule);
        let made_up: Vec<_> = form
            .iter()
            .zip(rule.form)
            .map(|((name, value), (_, template))| {
                (*name, if template.contains('{') { nobodys(value) } else { value.clone() })
            })
            .collect();
        let Some(who) = rule.who else { continue };
        for person in &world.people {
            // Who sees a place learns that there is no role of theirs to give up.
            if person.kind.expects(who, rule.level()) != Expected::NotFound || who == Who::Leaving {
                continue;
            }
            let what = format!("{:?} {}", person.kind, rule.path);
            let real = told(&run(&person.browser, rule.path, &form).await);
            assert_eq!(real.0, 404, "{what}");
            assert_eq!(real, told(&run(&person.browser, rule.path, &made_up).await), "{what}");
            compared += 1;
        }
    }
    assert!(compared >= 100, "{compared} acts were compared");
}

async fn other_ways_are_refused(portal: &TestPortal) {
    let world = World::new(portal).await;
    let before = portal.store.dump().await;
    let owner = world.person(OWNER);
    for path in MOUNTED {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE] {
            let request = Client::request(method.clone(), path).header(header::ORIGIN, ORIGIN);
            let answer = owner.send(request.body(Body::empty()).expect("a request")).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"), "{method} {path}");
        }
        let rule = ACTS.iter().find(|rule| rule.path == *path).expect("ruled");
        let form = world.form(rule);
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for origin in [None, Some("https://evil.example"), Some("null")] {
            let mut request = Client::form(path, &form);
            request.headers_mut().remove(header::ORIGIN);
            if let Some(origin) = origin {
                request.headers_mut().insert(header::ORIGIN, origin.parse().expect("a header"));
            }
            let answer = owner.send(request).await;
            assert_eq!(answer.status, 403, "{origin:?} {path}");
            assert!(answer.body.contains("did not come from a page of this portal"), "{path}");
        }
        let large = "x".repeat(300_000);
        assert_eq!(owner.post(path, &[("key", large.as_str())]).await.status, 413, "{path}");
        let text = Client::request(Method::POST, path)
            .header(header::ORIGIN, ORIGIN)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from("{}"));
        assert_eq!(owner.send(text.expect("a request")).await.status, 400, "{path}");
    }
    assert_eq!(portal.store.dump().await, before, "a refused request changed something");
}

async fn pages_alone_run_some(portal: &TestPortal) {
    let world = World::new(portal).await;
    let before = portal.store.dump().await;
    for person in &world.people {
        for path in OF_PAGES {
            let answer = person.browser.post(path, &[("key", world.id("key_id")), ("org", world.id("org_id"))]).await;
            assert_eq!(answer.status, 404, "{:?} {path}", person.kind);
        }
    }
    assert_eq!(portal.store.dump().await, before, "something changed");
}

async fn errors_have_a_status(portal: &TestPortal) {
    let world = World::new(portal).await;
    let owner = world.person(OWNER);
    let key = world.id("key_id");
    // No redirect, whatever the browser's headers say.
    let mut request = Client::form("/act/keys/edit", &[("key", key), ("label", "")]);
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().expect("a header"));
    request.headers_mut().insert(header::REFERER, "https://evil.example/".parse().expect("a header"));
    let answer = owner.send(request).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (422, ""));
    assert_eq!(answer.json()["fields"][0][0], "label", "{}", answer.body);
    for junk in ["", "key_", "key_\0", "org_x_1", "../keys", "key_1&key=key_2"] {
        let answer = owner.post("/act/keys/pause", &[("key", junk)]).await;
        assert_eq!(answer.status, 400, "{junk:?} {}", answer.body);
        assert!(answer.json()["message"].is_string());
    }
    assert_eq!(owner.post("/act/keys/pause", &[]).await.status, 400);
    assert_eq!(owner.post("/act/none", &[]).await.status, 404);
    let paused = owner.post("/act/keys/pause", &[("key", key)]).await;
    assert_eq!(paused.status, 200);
    assert!(paused.json().as_str().expect("a sentence").starts_with("Paused."), "{}", paused.body);
    assert!(owner.get(&format!("/keys/{key}")).await.body.contains("Resume"));
    let resumed = owner.post("/act/keys/resume", &[("key", key)]).await;
    assert!(resumed.json().as_str().expect("a sentence").starts_with("Resumed."), "{}", resumed.body);
}
