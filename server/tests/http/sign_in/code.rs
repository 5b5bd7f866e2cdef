//! `/sign-in/code`

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    identity::Proof,
    password_reset,
    user::Password,
};

use crate::{
    account::two_step::{codes, events, next_code, set_up_app},
    client::Client,
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    a_code_completes_the_sign_in,
    the_password_alone_is_no_session,
    a_code_works_once,
    a_recovery_code_works_once,
    the_first_step_ends_after_ten_minutes_and_with_the_password,
    a_cookie_that_was_changed_is_none,
    wrong_codes_have_to_wait_and_the_owner_does_not,
    a_session_is_not_started_without_the_factor,
    a_reset_password_still_needs_the_code,
    the_browser_is_known_after_the_second_step_alone,
);

async fn begin(browser: &Client) {
    let form = [("email", "ada@example.com"), ("password", PASSWORD), ("next", "/account")];
    let answer = browser.post("/sign-in", &form).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/sign-in/code?next=%2Faccount"), "{}", answer.body);
}

async fn is_signed_in(browser: &Client) -> bool {
    browser.get("/account").await.status == 200
}

async fn a_code_completes_the_sign_in(portal: &TestPortal) {
    portal.set_up().await;
    let (secret, _) = set_up_app(portal, &portal.client).await;
    let browser = portal.another();
    assert_eq!(browser.get("/sign-in/code").await.location(), "/sign-in");
    begin(&browser).await;
    let page = browser.get("/sign-in/code?next=%2Faccount").await;
    assert!(page.body.contains("Enter your code"), "{}", page.body);
    let code = next_code(portal, &secret);
    let answer = browser.post("/sign-in/code", &[("next", &page.hidden("next")), ("code", &code)]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account"), "{}", answer.body);
    assert!(is_signed_in(&browser).await);
    assert_eq!(browser.cookie("half-signed-in"), None);
}

async fn the_password_alone_is_no_session(portal: &TestPortal) {
    portal.set_up().await;
    set_up_app(portal, &portal.client).await;
    let browser = portal.another();
    begin(&browser).await;
    assert!(!is_signed_in(&browser).await);
    assert_eq!(browser.cookie("sallyport"), None);
    for code in ["", "12345", "nonsense"] {
        let answer = browser.post("/sign-in/code", &[("code", code)]).await;
        assert_eq!(answer.status, 422, "{code}");
    }
    assert!(!is_signed_in(&browser).await);
    assert_eq!(events(portal, "second_factor.refused").await, 0, "nothing that can be a code was tried");
}

async fn a_code_works_once(portal: &TestPortal) {
    portal.set_up().await;
    let (secret, _) = set_up_app(portal, &portal.client).await;
    let used = secret.code_at(portal.store.now());
    let browser = portal.another();
    begin(&browser).await;
    let answer = browser.post("/sign-in/code", &[("code", &used)]).await;
    assert!(answer.status == 422 && answer.body.contains("it was used before"), "{}", answer.body);
    assert!(!answer.body.contains(&used), "a code is not shown again");
    assert_eq!(events(portal, "second_factor.refused").await, 1);
    let code = next_code(portal, &secret);
    assert_eq!(browser.post("/sign-in/code", &[("code", &code)]).await.status, 303);
    let another = portal.another();
    begin(&another).await;
    assert_eq!(another.post("/sign-in/code", &[("code", &code)]).await.status, 422);
    // Two at once.
    let code = next_code(portal, &secret);
    let form = [("code", code.as_str())];
    let third = portal.another();
    begin(&third).await;
    let (one, other) = tokio::join!(another.post("/sign-in/code", &form), third.post("/sign-in/code", &form));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
}

async fn a_recovery_code_works_once(portal: &TestPortal) {
    portal.set_up().await;
    let (_, answer) = set_up_app(portal, &portal.client).await;
    let code = codes(&answer).remove(3);
    let browser = portal.another();
    begin(&browser).await;
    let answer = browser.post("/sign-in/code", &[("code", &code.to_uppercase().replace('-', " "))]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(events(portal, "recovery_code.used").await, 1);
    let another = portal.another();
    begin(&another).await;
    assert_eq!(another.post("/sign-in/code", &[("code", &code)]).await.status, 422);
    assert!(!is_signed_in(&another).await);
}

async fn the_first_step_ends_after_ten_minutes_and_with_the_password(portal: &TestPortal) {
    portal.set_up().await;
    let (secret, _) = set_up_app(portal, &portal.client).await;
    let browser = portal.another();
    begin(&browser).await;
    portal.store.clock.turn(Duration::from_secs(10 * 60));
    let code = next_code(portal, &secret);
    let answer = browser.post("/sign-in/code", &[("code", &code)]).await;
    assert!(answer.location().starts_with("/sign-in"), "{}", answer.body);
    begin(&browser).await;
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("Ada").user;
    let hash = Password::check("walls have small doors", &[]).expect("long enough");
    let hash = portal.state.context.passwords.hash(&hash).await.expect("hashed");
    portal.store.change_password(&Act::by(Actor::CommandLine), &ada, hash).await.expect("changed");
    let code = next_code(portal, &secret);
    let answer = browser.post("/sign-in/code", &[("code", &code)]).await;
    assert!(answer.location().starts_with("/sign-in"), "{}", answer.body);
    assert!(!is_signed_in(&browser).await);
}

async fn a_cookie_that_was_changed_is_none(portal: &TestPortal) {
    portal.set_up().await;
    let (secret, _) = set_up_app(portal, &portal.client).await;
    let browser = portal.another();
    begin(&browser).await;
    let cookie = browser.cookie("half-signed-in").expect("kept");
    for changed in ["", "AAAA", &cookie[..cookie.len() - 4], &format!("B{}", &cookie[1..])] {
        browser.set_cookie("half-signed-in", changed);
        let code = next_code(portal, &secret);
        assert!(
            browser.post("/sign-in/code", &[("code", &code)]).await.location().starts_with("/sign-in"),
            "{changed}"
        );
    }
    assert!(!is_signed_in(&browser).await);
}

async fn wrong_codes_have_to_wait_and_the_owner_does_not(portal: &TestPortal) {
    portal.set_up().await;
    let (secret, answer) = set_up_app(portal, &portal.client).await;
    let wrong = || {
        let right = next_code(portal, &secret);
        if right == "000000" { "000001" } else { "000000" }
    };
    // Somebody who knows the password, from many addresses.
    let mut refused = 0;
    for address in 1..=12 {
        let thief = portal.from(&format!("203.0.113.{address}"));
        begin(&thief).await;
        refused += usize::from(thief.post("/sign-in/code", &[("code", wrong())]).await.status == 429);
    }
    assert_eq!(refused, 2);
    let stranger = portal.from("198.51.100.1");
    begin(&stranger).await;
    let code = next_code(portal, &secret);
    let answer_of_stranger = stranger.post("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(answer_of_stranger.status, 429);
    assert!(answer_of_stranger.body.contains("or use a recovery code"), "{}", answer_of_stranger.body);
    // The owner, with a browser that was signed in before; and with a recovery code from any.
    portal.post("/sign-out", &[]).await;
    begin(&portal.client).await;
    assert_eq!(portal.post("/sign-in/code", &[("code", &code)]).await.status, 303);
    let recovery = codes(&answer).remove(0);
    assert_eq!(stranger.post("/sign-in/code", &[("code", &recovery)]).await.status, 303);
    // They were told once that somebody has the password.
    let jobs = portal.store.dump().await.remove("jobs").expect("a table");
    assert!(jobs.iter().any(|job| job.contains("second_factor_changed")));
}

async fn a_session_is_not_started_without_the_factor(portal: &TestPortal) {
    portal.set_up().await;
    set_up_app(portal, &portal.client).await;
    let (ada, hash) = portal.store.user_to_sign_in("ada@example.com").await.expect("asked").expect("Ada");
    let proof = Proof::Password { hash: hash.expect("a password") };
    let started = portal.store.start_session(&Act::by(Actor::Anonymous), &ada, proof).await;
    assert!(started.is_err(), "whatever page forgets to ask");
}

async fn the_browser_is_known_after_the_second_step_alone(portal: &TestPortal) {
    portal.set_up().await;
    let (secret, _) = set_up_app(portal, &portal.client).await;
    let browser = portal.another();
    begin(&browser).await;
    assert_eq!(browser.cookie("sallyport-device"), None);
    let code = next_code(portal, &secret);
    browser.post("/sign-in/code", &[("code", &code)]).await;
    assert!(browser.cookie("sallyport-device").is_some());
}

async fn a_reset_password_still_needs_the_code(portal: &TestPortal) {
    portal.set_up().await;
    set_up_app(portal, &portal.client).await;
    let act = Act::by(Actor::CommandLine);
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("Ada").user;
    let reset = portal.store.create_password_reset(&act, &ada).await.expect("a link");
    let link = password_reset::url(portal.store.vault(), "", &reset);
    let browser = portal.another();
    let answer = browser.post(&link, &[("new_password", "walls have small doors")]).await;
    assert_eq!(answer.location(), "/sign-in?reset=1", "{}", answer.body);
    let form = [("email", "ada@example.com"), ("password", "walls have small doors")];
    assert_eq!(browser.post("/sign-in", &form).await.location(), "/sign-in/code?next=%2F");
    assert!(!is_signed_in(&browser).await);
}
