//! `/sign-in/passkey`, and passkeys at `/sign-in/code`

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    testing::Authenticator,
};

use crate::{
    account::{
        passkeys::{HOST, add, at_localhost, options, set_up_passkey},
        two_step::events,
    },
    client::{Answer, Client},
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    a_passkey_signs_in_by_itself,
    what_is_wrong_signs_nobody_in_and_looks_the_same,
    an_answer_works_once_and_in_its_browser,
    the_person_has_to_be_verified,
    a_counter_that_goes_back_is_refused_and_told,
    another_persons_passkey_signs_in_as_them_alone,
    a_passkey_is_the_second_step,
    a_recovery_code_works_without_the_passkey,
    a_disabled_person_does_not_sign_in,
    wrong_ones_have_to_wait,
    it_comes_back_to_where_one_was,
    the_form_without_scripts_says_what_is_missing,
);

async fn is_signed_in(browser: &Client) -> bool {
    browser.get("/account").await.status == 200
}

async fn sign_in(browser: &Client, authenticator: &mut Authenticator) -> Answer {
    let credential = authenticator.sign(&options(browser, "sign-in").await);
    browser.post("/sign-in/passkey", &[("credential", &credential)]).await
}

fn is_refused(answer: &Answer) -> bool {
    answer.status == 422 && answer.body.contains("This passkey was not accepted.")
}

async fn a_passkey_signs_in_by_itself(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    let (mut phone, _) = set_up_passkey(portal).await;
    let browser = portal.another();
    assert!(browser.get("/sign-in").await.body.contains("Use a passkey"));
    let answer = sign_in(&browser, &mut phone).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/"), "{}", answer.body);
    assert!(is_signed_in(&browser).await);
    assert!(browser.cookie("sallyport-device").is_some(), "the browser is known from now on");
    assert_eq!(browser.cookie("passkey"), None);
    assert_eq!(browser.get("/account/passkeys/new").await.status, 200, "it is a fresh sign-in");
    let page = browser.get("/account").await.body;
    assert!(!page.contains(">Never<"), "it was used: {page}");
    // They were told of a browser that was not known.
    let jobs = portal.store.dump().await.remove("jobs").expect("a table");
    assert_eq!(jobs.iter().filter(|job| job.contains("new_sign_in")).count(), 1);
    browser.post("/sign-out", &[]).await;
    assert_eq!(sign_in(&browser, &mut phone).await.status, 303);
    let jobs = portal.store.dump().await.remove("jobs").expect("a table");
    assert_eq!(jobs.iter().filter(|job| job.contains("new_sign_in")).count(), 1, "it is known");
}

async fn what_is_wrong_signs_nobody_in_and_looks_the_same(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    let (mut phone, _) = set_up_passkey(portal).await;
    let browser = portal.another();
    let right = HOST.to_owned();
    let mut refused = Vec::new();
    for origin in ["https://keys.evil.example", "http://localhost:3001", "https://localhost:3000"] {
        origin.clone_into(&mut phone.origin);
        refused.push(sign_in(&browser, &mut phone).await);
    }
    phone.origin = right;
    phone.rp_id = Some("evil.example".to_owned());
    refused.push(sign_in(&browser, &mut phone).await);
    phone.rp_id = None;
    // Another challenge.
    let mut asked = options(&browser, "sign-in").await;
    asked["challenge"] = "AAAA".into();
    let credential = phone.sign(&asked);
    refused.push(browser.post("/sign-in/passkey", &[("credential", &credential)]).await);
    // Of another key, or unknown.
    let mut forged = Authenticator::at(HOST);
    (forged.credential_id, forged.handle) = (phone.credential_id.clone(), phone.handle.clone());
    forged.counter = 100;
    refused.push(sign_in(&browser, &mut forged).await);
    refused.push(sign_in(&browser, &mut Authenticator::at(HOST)).await);
    options(&browser, "sign-in").await;
    refused.push(browser.post("/sign-in/passkey", &[("credential", "{\"id\":")]).await);
    for answer in &refused {
        assert!(is_refused(answer), "{}", answer.body);
    }
    assert!(!is_signed_in(&browser).await);
    assert_eq!(events(portal, "session.refused").await, refused.len());
    assert_eq!(sign_in(&browser, &mut phone).await.status, 303);
}

async fn an_answer_works_once_and_in_its_browser(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    portal.set_up().await;
    // As one that is synchronized, whose counter stays at zero.
    let mut phone = Authenticator::at(HOST);
    phone.counts = false;
    add(&portal.client, "Phone", &mut phone).await;
    let (browser, thief) = (portal.another(), portal.another());
    let credential = phone.sign(&options(&browser, "sign-in").await);
    let cookie = browser.cookie("passkey").expect("asked");
    let form = [("credential", credential.as_str())];
    let answer = thief.post("/sign-in/passkey", &form).await;
    assert!(answer.status == 422 && answer.body.contains("began in another browser"), "{}", answer.body);
    options(&thief, "sign-in").await;
    assert!(is_refused(&thief.post("/sign-in/passkey", &form).await));
    assert_eq!(browser.post("/sign-in/passkey", &form).await.status, 303);
    // With everything that the browser had.
    thief.set_cookie("passkey", &cookie);
    let answer = thief.post("/sign-in/passkey", &form).await;
    assert!(answer.status == 422 && answer.body.contains("was used before"), "{}", answer.body);
    assert!(!is_signed_in(&thief).await);
    // And not for ever.
    let credential = phone.sign(&options(&thief, "sign-in").await);
    portal.store.clock.turn(Duration::from_secs(5 * 60));
    let answer = thief.post("/sign-in/passkey", &[("credential", &credential)]).await;
    assert!(answer.status == 422 && answer.body.contains("This took too long"), "{}", answer.body);
    for changed in ["", "AAAA", &cookie[..cookie.len() - 4]] {
        thief.set_cookie("passkey", changed);
        assert_eq!(thief.post("/sign-in/passkey", &form).await.status, 422, "{changed}");
    }
}

async fn the_person_has_to_be_verified(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    let (mut phone, _) = set_up_passkey(portal).await;
    let browser = portal.another();
    phone.verifies = false;
    assert!(is_refused(&sign_in(&browser, &mut phone).await));
    assert!(!is_signed_in(&browser).await);
    phone.verifies = true;
    assert_eq!(sign_in(&browser, &mut phone).await.status, 303);
}

async fn a_counter_that_goes_back_is_refused_and_told(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    let (mut phone, _) = set_up_passkey(portal).await;
    let browser = portal.another();
    phone.counter = 40;
    assert_eq!(sign_in(&browser, &mut phone).await.status, 303);
    let copy = portal.another();
    for counter in [10, 40] {
        phone.counter = counter;
        phone.counts = false;
        assert!(is_refused(&sign_in(&copy, &mut phone).await), "{counter}");
    }
    assert!(!is_signed_in(&copy).await);
    assert_eq!(events(portal, "second_factor.refused").await, 2);
    let jobs = portal.store.dump().await.remove("jobs").expect("a table");
    assert_eq!(jobs.iter().filter(|job| job.contains("second_factor_changed")).count(), 3, "they are told");
    // Which of both it is can't be known: it needs the password beside it once.
    (phone.counter, phone.counts) = (41, true);
    let answer = sign_in(&copy, &mut phone).await;
    assert!(answer.status == 422 && answer.body.contains("does not sign in by itself"), "{}", answer.body);
    copy.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    let credential = phone.sign(&options(&copy, "second-step").await);
    assert_eq!(copy.post("/sign-in/code", &[("credential", &credential)]).await.status, 303);
    assert_eq!(sign_in(&browser, &mut phone).await.status, 303);
}

async fn another_persons_passkey_signs_in_as_them_alone(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    let (phone, _) = set_up_passkey(portal).await;
    let eve = portal.stranger().await;
    let mut theirs = Authenticator::at(HOST);
    assert_eq!(add(&eve, "Phone", &mut theirs).await.status, 200);
    let browser = portal.another();
    // It says that it is Ada's.
    let handle = std::mem::replace(&mut theirs.handle, phone.handle.clone());
    assert!(is_refused(&sign_in(&browser, &mut theirs).await));
    theirs.handle = Vec::new();
    assert!(is_refused(&sign_in(&browser, &mut theirs).await), "it has to say whose it is");
    theirs.handle = handle;
    assert_eq!(sign_in(&browser, &mut theirs).await.status, 303);
    assert!(browser.get("/account").await.body.contains("eve@example.com"));
    // As the second step of another person.
    let browser = portal.another();
    browser.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    let credential = theirs.sign(&options(&browser, "second-step").await);
    assert!(is_refused(&browser.post("/sign-in/code", &[("credential", &credential)]).await));
    assert!(!is_signed_in(&browser).await);
}

async fn a_passkey_is_the_second_step(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    let (mut phone, _) = set_up_passkey(portal).await;
    let browser = portal.another();
    let form = [("email", "ada@example.com"), ("password", PASSWORD), ("next", "/account")];
    let answer = browser.post("/sign-in", &form).await;
    assert_eq!(answer.location(), "/sign-in/code?next=%2Faccount");
    assert!(!is_signed_in(&browser).await, "the password alone is no session");
    let page = browser.get("/sign-in/code?next=%2Faccount").await.body;
    assert!(page.contains("data-passkey=\"second-step\""), "{page}");
    let asked = options(&browser, "second-step").await;
    assert_eq!(asked["allowCredentials"].as_array().map(Vec::len), Some(1));
    let credential = phone.sign(&asked);
    // It is of no use as a sign-in by itself.
    let form = [("next", "/account"), ("credential", credential.as_str())];
    assert_eq!(browser.post("/sign-in/passkey", &form).await.status, 422);
    let answer = browser.post("/sign-in/code", &form).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account"), "{}", answer.body);
    assert!(is_signed_in(&browser).await);
    assert_eq!((browser.cookie("half-signed-in"), browser.cookie("passkey")), (None, None));
}

async fn a_recovery_code_works_without_the_passkey(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    let (_, recovery) = set_up_passkey(portal).await;
    let browser = portal.another();
    browser.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(browser.post("/sign-in/code", &[("code", "123456")]).await.status, 422, "there is no app");
    assert_eq!(browser.post("/sign-in/code", &[("code", &recovery[0])]).await.status, 303);
    assert!(is_signed_in(&browser).await);
}

async fn a_disabled_person_does_not_sign_in(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    portal.set_up().await;
    let eve = portal.stranger().await;
    let mut phone = Authenticator::at(HOST);
    assert_eq!(add(&eve, "Phone", &mut phone).await.status, 200);
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("Eve").user;
    portal.store.disable_user(&Act::by(Actor::CommandLine), &user).await.expect("disabled");
    assert!(is_refused(&sign_in(&portal.another(), &mut phone).await));
}

async fn wrong_ones_have_to_wait(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    let (mut phone, _) = set_up_passkey(portal).await;
    let (script, beside) = (portal.from("203.0.113.7"), portal.from("203.0.113.7"));
    assert_eq!(sign_in(&beside, &mut phone).await.status, 303);
    let mut statuses = Vec::new();
    for _ in 0..22 {
        statuses.push(sign_in(&script, &mut Authenticator::at(HOST)).await.status.as_u16());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 20);
    assert_eq!(sign_in(&script, &mut phone).await.status, 429);
    assert_eq!(events(portal, "session.refused").await, 21, "that there were too many is recorded once");
    assert_eq!(sign_in(&portal.from("203.0.113.8"), &mut phone).await.status, 303, "others do not wait");
    // Nor who is signed in at that address, and confirms that it is them.
    let credential = phone.sign(&options(&beside, "confirm").await);
    let confirmed = beside.post("/account/confirm", &[("credential", &credential), ("next", "/account")]).await;
    assert_eq!((confirmed.status.as_u16(), confirmed.location()), (303, "/account"), "{}", confirmed.body);
}

async fn it_comes_back_to_where_one_was(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    let (mut phone, _) = set_up_passkey(portal).await;
    for (next, leads_to) in [("/account", "/account"), ("https://evil.example/", "/"), ("//evil.example", "/")] {
        let browser = portal.another();
        let credential = phone.sign(&options(&browser, "sign-in").await);
        let answer = browser.post("/sign-in/passkey", &[("credential", &credential), ("next", next)]).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, leads_to), "{next}");
    }
}

async fn the_form_without_scripts_says_what_is_missing(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    set_up_passkey(portal).await;
    let answer = portal.another().post("/sign-in/passkey", &[("credential", ""), ("next", "/account")]).await;
    assert!(answer.status == 422 && answer.body.contains("that needs JavaScript"), "{}", answer.body);
    assert!(answer.body.contains("value=\"/account\""), "where one was is kept");
}
