//! `/account/authenticator`, `/account/recovery-codes`

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    second_factor::TotpSecret,
    store::EventFilter,
};

use crate::{
    client::{Answer, Client},
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    an_app_is_set_up_with_a_code_of_it,
    a_wrong_code_sets_up_nothing_and_keeps_the_secret,
    a_secret_of_another_person_or_of_yesterday_sets_up_nothing,
    a_second_app_is_refused,
    the_codes_are_downloaded_while_they_are_shown,
    renewed_codes_replace_the_others,
    a_removed_app_is_not_asked_for,
    an_operator_removes_lost_factors_which_ends_sessions,
    the_database_holds_neither_secret_nor_codes,
    a_new_password_keeps_the_factor,
);

/// The secret that the page shows, and the field in which it is sealed.
async fn shown(browser: &Client) -> (TotpSecret, String) {
    let page = browser.get("/account/authenticator").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("aria-label=\"QR code for the authenticator app\""), "{}", page.body);
    (TotpSecret::of_text(&page.after("Key: <code>", '<')).expect("base32"), page.hidden("sealed"))
}

/// Sets up an app. Returns its secret and the answer with the recovery codes.
pub async fn set_up_app(portal: &TestPortal, browser: &Client) -> (TotpSecret, Answer) {
    let (secret, sealed) = shown(browser).await;
    let code = secret.code_at(portal.store.now());
    let answer = browser.post("/account/authenticator", &[("sealed", &sealed), ("code", &code)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(codes(&answer).len(), 10, "{}", answer.body);
    (secret, answer)
}

/// The recovery codes that a response shows.
pub fn codes(answer: &Answer) -> Vec<String> {
    let items = answer.body.split("<li><code>").skip(1);
    items.map(|item| item.split('<').next().unwrap_or_default().to_owned()).filter(|code| code.len() == 29).collect()
}

/// A code that was not used yet: time goes on by a step.
pub fn next_code(portal: &TestPortal, secret: &TotpSecret) -> String {
    portal.store.clock.turn(Duration::from_secs(30));
    secret.code_at(portal.store.now())
}

pub async fn events(portal: &TestPortal, action: &str) -> usize {
    let filter = EventFilter { action: action.to_owned(), ..EventFilter::default() };
    portal.store.system_events(&filter).await.expect("asked").events.len()
}

async fn mails(portal: &TestPortal) -> usize {
    let jobs = portal.store.dump().await.remove("jobs").expect("a table");
    jobs.iter().filter(|job| job.contains("second_factor_changed")).count()
}

async fn an_app_is_set_up_with_a_code_of_it(portal: &TestPortal) {
    portal.set_up().await;
    assert!(portal.get("/account").await.body.contains("Set up authenticator app"));
    let (_, answer) = set_up_app(portal, &portal.client).await;
    assert!(answer.body.contains("Save your recovery codes"), "{}", answer.body);
    let account = portal.get("/account").await.body;
    assert!(account.contains("10 recovery codes left") && !account.contains("Set up authenticator app"), "{account}");
    assert_eq!((events(portal, "authenticator.added").await, mails(portal).await), (1, 1));
    assert_eq!(portal.get("/account/authenticator").await.location(), "/account#two-step");
}

async fn a_wrong_code_sets_up_nothing_and_keeps_the_secret(portal: &TestPortal) {
    portal.set_up().await;
    let (secret, sealed) = shown(&portal.client).await;
    let right = secret.code_at(portal.store.now());
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for (code, says) in [
        ("", "Enter the code of your authenticator app."),
        ("12", "Enter the six digits"),
        (wrong, "This code is wrong"),
    ] {
        let answer = portal.post("/account/authenticator", &[("sealed", &sealed), ("code", code)]).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(answer.body.contains(says), "{code}: {}", answer.body);
        assert_eq!(answer.after("Key: <code>", '<').replace(' ', ""), secret.text(), "the same is scanned already");
    }
    assert!(portal.get("/account").await.body.contains("Set up authenticator app"));
    assert_eq!(events(portal, "authenticator.added").await, 0);
}

async fn a_secret_of_another_person_or_of_yesterday_sets_up_nothing(portal: &TestPortal) {
    portal.set_up().await;
    let eve = portal.stranger().await;
    let (secret, sealed) = shown(&eve).await;
    let code = secret.code_at(portal.store.now());
    let answer = portal.post("/account/authenticator", &[("sealed", &sealed), ("code", &code)]).await;
    assert!(answer.status == 422 && answer.body.contains("This form has expired."), "{}", answer.body);
    assert_ne!(answer.after("Key: <code>", '<').replace(' ', ""), secret.text());
    portal.store.clock.turn(Duration::from_secs(60 * 60 + 1));
    eve.confirm(PASSWORD).await;
    let code = secret.code_at(portal.store.now());
    let answer = eve.post("/account/authenticator", &[("sealed", &sealed), ("code", &code)]).await;
    assert!(answer.status == 422 && answer.body.contains("This form has expired."), "{}", answer.body);
}

async fn a_second_app_is_refused(portal: &TestPortal) {
    portal.set_up().await;
    let (other, sealed) = shown(&portal.client).await;
    set_up_app(portal, &portal.client).await;
    let code = other.code_at(portal.store.now());
    let answer = portal.post("/account/authenticator", &[("sealed", &sealed), ("code", &code)]).await;
    assert!(answer.body.contains("An authenticator app is set up already."), "{}", answer.body);
    assert_eq!(events(portal, "authenticator.added").await, 1);
}

async fn the_codes_are_downloaded_while_they_are_shown(portal: &TestPortal) {
    portal.set_up().await;
    let (_, answer) = set_up_app(portal, &portal.client).await;
    let sealed = answer.hidden("sealed");
    let file = portal.post("/account/recovery-codes/file", &[("sealed", &sealed)]).await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"recovery-codes.txt\"");
    assert_eq!(file.header("cache-control"), "no-store");
    for code in codes(&answer) {
        assert!(file.body.contains(&code), "{}", file.body);
    }
    // Of nobody else, and not for ever.
    let eve = portal.stranger().await;
    assert_eq!(eve.post("/account/recovery-codes/file", &[("sealed", &sealed)]).await.status, 400);
    portal.store.clock.turn(Duration::from_secs(60 * 60 + 1));
    assert_eq!(portal.post("/account/recovery-codes/file", &[("sealed", &sealed)]).await.status, 400);
}

async fn renewed_codes_replace_the_others(portal: &TestPortal) {
    portal.set_up().await;
    assert_eq!(portal.get("/account/recovery-codes").await.location(), "/account/authenticator");
    assert_eq!(portal.post("/account/recovery-codes", &[]).await.status, 400, "there is no app");
    let (_, first) = set_up_app(portal, &portal.client).await;
    assert!(portal.get("/account/recovery-codes").await.body.contains("Renew your recovery codes?"));
    let second = portal.post("/account/recovery-codes", &[]).await;
    let (first, second) = (codes(&first), codes(&second));
    assert_eq!(second.len(), 10);
    assert!(first.iter().all(|code| !second.contains(code)));
    let browser = portal.another();
    browser.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(browser.post("/sign-in/code", &[("code", &first[0])]).await.status, 422);
    assert_eq!(browser.post("/sign-in/code", &[("code", &second[0])]).await.status, 303);
    assert!(portal.get("/account").await.body.contains("9 recovery codes left"));
}

async fn a_removed_app_is_not_asked_for(portal: &TestPortal) {
    portal.set_up().await;
    set_up_app(portal, &portal.client).await;
    assert!(portal.get("/account/authenticator/remove").await.body.contains("Remove the authenticator app?"));
    let answer = portal.post("/account/authenticator/remove", &[]).await;
    assert_eq!(answer.location(), "/account?changed=authenticator-removed");
    let browser = portal.another();
    let answer = browser.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), "/");
    assert_eq!((events(portal, "authenticator.removed").await, mails(portal).await), (1, 2));
    assert!(portal.store.dump().await["recovery_codes"].is_empty());
}

async fn an_operator_removes_lost_factors_which_ends_sessions(portal: &TestPortal) {
    portal.set_up().await;
    set_up_app(portal, &portal.client).await;
    let act = Act::by(Actor::CommandLine);
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("Ada").user;
    assert!(portal.store.reset_second_factors(&act, &ada).await.expect("reset"));
    assert!(!portal.store.reset_second_factors(&act, &ada).await.expect("nothing left"));
    assert_eq!((events(portal, "second_factors.reset").await, mails(portal).await), (1, 2));
    assert_eq!(portal.get("/account").await.status, 303, "signed out");
    let answer = portal.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), "/");
}

async fn the_database_holds_neither_secret_nor_codes(portal: &TestPortal) {
    portal.set_up().await;
    let (secret, answer) = set_up_app(portal, &portal.client).await;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let rows: String = portal.store.dump().await.into_values().flatten().collect::<Vec<_>>().join("\n").to_lowercase();
    for text in [secret.text().to_lowercase(), hex(secret.bytes())].iter().chain(&codes(&answer)) {
        assert!(!rows.contains(text.as_str()), "{text}");
    }
}

async fn a_new_password_keeps_the_factor(portal: &TestPortal) {
    portal.set_up().await;
    let (secret, _) = set_up_app(portal, &portal.client).await;
    let new = "walls have small doors";
    let form = [("do", "password"), ("current_password", PASSWORD), ("new_password", new)];
    portal.store.clock.turn(Duration::from_secs(10 * 60 + 1));
    let answer = portal.post("/account", &form).await;
    assert_eq!(answer.location(), "/account/confirm?next=%2Faccount", "the new session would be a fresh one");
    let code = next_code(portal, &secret);
    assert_eq!(portal.post("/account/confirm", &[("code", &code)]).await.status, 303);
    let answer = portal.post("/account", &form).await;
    assert_eq!(answer.location(), "/account?changed=password", "{}", answer.body);
    assert_eq!(portal.get("/account").await.status, 200, "this browser showed its factor before");
    let browser = portal.another();
    let answer = browser.post("/sign-in", &[("email", "ada@example.com"), ("password", new)]).await;
    assert_eq!(answer.location(), "/sign-in/code?next=%2F");
    assert_eq!(browser.get("/account").await.status, 303);
}
