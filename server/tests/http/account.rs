//! `/account`

mod confirm;
pub mod passkeys;
mod tokens;
pub mod two_step;

use std::sync::{Arc, atomic::AtomicU64};

use sallyport::{audit::Outcome, breached_file::BreachedFile, store::EventFilter};
use sallyport_server::state::Deployment;

use crate::{
    client::{Answer, Client, ORIGIN},
    middleware::headers::without_what_differs,
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    it_says_who_one_is_and_where,
    another_password_ends_the_other_sessions,
    a_password_is_not_changed_without_the_old_one,
    a_breached_password_is_refused_everywhere,
    guesses_of_the_old_password_have_to_wait,
    one_session_ends_and_the_others_stay,
    another_persons_session_does_not_exist,
    everywhere_else_ends_at_once,
    another_name_is_kept,
    others_do_not_see_it,
);

const NEW: &str = "walls have small doors";

async fn signed_in(portal: &TestPortal, email: &str, password: &str) -> Client {
    let browser = portal.another();
    let answer = browser.post("/sign-in", &[("email", email), ("password", password)]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser
}

async fn change(client: &Client, current: &str, new: &str) -> Answer {
    client.post("/account", &[("do", "password"), ("current_password", current), ("new_password", new)]).await
}

async fn is_signed_in(client: &Client) -> bool {
    client.get("/account").await.status == 200
}

async fn events(portal: &TestPortal, action: &str) -> Vec<(Outcome, String)> {
    let filter = EventFilter { action: action.to_owned(), ..EventFilter::default() };
    let page = portal.store.system_events(&filter).await.expect("asked");
    page.events.into_iter().map(|event| (event.outcome, event.details)).collect()
}

async fn it_says_who_one_is_and_where(portal: &TestPortal) {
    portal.set_up().await;
    let elsewhere = portal.from("203.0.113.9");
    let mut form = Client::form("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]);
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    form.headers_mut().insert("user-agent", agent.parse().expect("a header"));
    assert_eq!(elsewhere.send(form).await.status, 303);
    let page = portal.get("/account").await.body;
    for text in [
        "Ada Byron",
        "ada@example.com",
        "Operator of this portal",
        "Firefox on Linux",
        "203.0.113.9",
        "Sign out everywhere else",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(page.matches("This session").count(), 1);
    assert_eq!(page.matches(">Sign out<").count(), 3, "the menu's, and one for each session");
    assert!(portal.get("/orgs/new").await.body.contains("href=\"/account\""), "the person's menu leads there");
}

async fn another_password_ends_the_other_sessions(portal: &TestPortal) {
    portal.set_up().await;
    let other = signed_in(portal, "ada@example.com", PASSWORD).await;
    let before = portal.cookie("sallyport").expect("a session");
    let answer = change(portal, PASSWORD, NEW).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account?changed=password"), "{}", answer.body);
    let page = portal.get(answer.location()).await.body;
    assert!(page.contains("Your password was changed") && page.contains("role=\"status\""), "{page}");
    assert!(!page.contains("Sign out everywhere else"), "there is no other");
    assert_ne!(portal.cookie("sallyport").expect("a session"), before);
    let stolen = portal.another();
    stolen.set_cookie("sallyport", &before);
    assert!(!is_signed_in(&stolen).await, "the old id is dead");
    assert!(!is_signed_in(&other).await);
    let old = portal.another().post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(old.status, 422);
    assert!(is_signed_in(&signed_in(portal, "ada@example.com", NEW).await).await);
    assert_eq!(events(portal, "password.changed").await, [(Outcome::Done, r#"{"sessions_ended":2}"#.to_owned())]);
}

async fn a_password_is_not_changed_without_the_old_one(portal: &TestPortal) {
    portal.set_up().await;
    for (current, new, message) in [
        ("wrong horse battery", NEW, "This is not your password."),
        ("", NEW, "Enter your current password."),
        (PASSWORD, "short", "Use at least 12 characters"),
        (PASSWORD, PASSWORD, "This is your current password."),
        (PASSWORD, "Password1234", "everybody tries first"),
        (PASSWORD, "ada byron 1815", "made of your name"),
        (PASSWORD, "ada@example.com", "made of your name"),
    ] {
        let answer = change(portal, current, new).await;
        assert_eq!(answer.status, 422, "{new}");
        assert!(answer.body.contains(message), "{message}: {}", answer.body);
        assert!(!answer.body.contains(NEW) && !answer.body.contains(PASSWORD), "no password is written back");
    }
    let nonsense = portal.post("/account", &[("do", "everything")]).await;
    assert_eq!(nonsense.status, 400);
    signed_in(portal, "ada@example.com", PASSWORD).await;
    assert_eq!(events(portal, "password.refused").await, [(Outcome::Refused(401), "{}".to_owned())]);
}

async fn a_breached_password_is_refused_everywhere(portal: &TestPortal) {
    portal.set_up().await;
    let answer = change(portal, PASSWORD, "Samsungkoze176351").await;
    assert!(answer.status == 422 && answer.body.contains("known from a breach"), "{}", answer.body);
    // Those of the operator's file, too, in either form.
    let folder = tempfile::tempdir().expect("a folder");
    // SHA-1 of it, between two others.
    let hashes = format!("{}:3\n6DD65A1A91B42194CABDCA0F2AD6733B8B1F6FF8:12\n{}:1\n", "0".repeat(40), "F".repeat(40));
    for (name, text) in [("passwords.txt", format!("another one\n{NEW}\n")), ("hashes.txt", hashes)] {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("written");
        let store = portal.store.with_profile(portal.store.profile().clone()).await;
        let elapsed = Arc::new(AtomicU64::new(0));
        let breached = Some(BreachedFile::open(&file).expect("a good file"));
        let deployment = Deployment { breached, ..TestPortal::deployment(ORIGIN, &elapsed) };
        let other = TestPortal::started(store, deployment, elapsed).await;
        let browser = signed_in(&other, "ada@example.com", PASSWORD).await;
        let answer = change(&browser, PASSWORD, NEW).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(answer.body.contains("id=\"new_password-error\"") && answer.body.contains("known from a breach"));
    }
}

async fn guesses_of_the_old_password_have_to_wait(portal: &TestPortal) {
    portal.set_up().await;
    for _ in 0..10 {
        assert_eq!(change(portal, "wrong horse battery", NEW).await.status, 422);
    }
    for _ in 0..3 {
        let answer = change(portal, PASSWORD, NEW).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "60"));
        assert!(answer.body.contains("Too many wrong passwords. Try again in 60 seconds."));
    }
    assert_eq!(events(portal, "password.refused").await.len(), 11, "the last of them once");
    assert!(is_signed_in(portal).await, "reading goes on");
    portal.wait(60);
    assert_eq!(change(portal, PASSWORD, NEW).await.status, 303);
}

/// The handle of the other session on that page.
async fn other_session(client: &Client) -> String {
    client.get("/account").await.hidden("session")
}

async fn one_session_ends_and_the_others_stay(portal: &TestPortal) {
    portal.set_up().await;
    let other = signed_in(portal, "ada@example.com", PASSWORD).await;
    let handle = other_session(portal).await;
    assert_eq!(handle.len(), 16, "a part of the digest, not the whole");
    let answer = portal.post("/account", &[("do", "session"), ("session", &handle)]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account?changed=session"));
    assert!(!is_signed_in(&other).await && is_signed_in(portal).await);
    let again = portal.post("/account", &[("do", "session"), ("session", &handle)]).await;
    assert_eq!(again.status, 404);
    assert_eq!(events(portal, "session.ended").await.len(), 1);
}

async fn another_persons_session_does_not_exist(portal: &TestPortal) {
    portal.set_up().await;
    let other = signed_in(portal, "ada@example.com", PASSWORD).await;
    let handle = other_session(portal).await;
    let eve = portal.stranger().await;
    let mut answers = Vec::new();
    for handle in [handle.as_str(), "0000000000000000", ""] {
        let answer = eve.post("/account", &[("do", "session"), ("session", handle)]).await;
        answers.push((answer.status.as_u16(), without_what_differs(&answer)));
    }
    assert_eq!(answers[0].0, 404);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert!(is_signed_in(&other).await && is_signed_in(portal).await);
}

async fn everywhere_else_ends_at_once(portal: &TestPortal) {
    portal.set_up().await;
    let (one, two) =
        (signed_in(portal, "ada@example.com", PASSWORD).await, signed_in(portal, "ada@example.com", PASSWORD).await);
    let eve = portal.stranger().await;
    let answer = portal.post("/account", &[("do", "sessions")]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account?changed=sessions"));
    assert!(!is_signed_in(&one).await && !is_signed_in(&two).await);
    assert!(is_signed_in(portal).await && is_signed_in(&eve).await);
    assert_eq!(events(portal, "session.ended").await, [(Outcome::Done, r#"{"sessions_ended":2}"#.to_owned())]);
}

async fn another_name_is_kept(portal: &TestPortal) {
    portal.set_up().await;
    let refused = portal.post("/account", &[("do", "name"), ("name", " ")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Tell us your name."));
    let answer = portal.post("/account", &[("do", "name"), ("name", "Ada <Lovelace>")]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account?changed=name"));
    let page = portal.get(answer.location()).await.body;
    assert!(page.contains("Ada &lt;Lovelace&gt;") && !page.contains("Ada <Lovelace>"));
    portal.post("/account", &[("do", "name"), ("name", "Ada <Lovelace>")]).await;
    assert_eq!(events(portal, "account.renamed").await.len(), 1, "the same name is no change");
}

async fn others_do_not_see_it(portal: &TestPortal) {
    portal.set_up().await;
    let nobody = portal.another();
    assert_eq!(nobody.get("/account").await.location(), "/sign-in?next=%2Faccount");
    assert_eq!(change(&nobody, PASSWORD, NEW).await.location(), "/sign-in?next=%2Faccount");
}
