//! `/account/passkeys`, `/passkeys/options`

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    id::PasskeyId,
    passkey::RelyingParty,
    testing::Authenticator,
    user::User,
};
use serde_json::Value;

use super::two_step::{codes, events, next_code, set_up_app};
use crate::{
    client::{Answer, Client},
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    a_passkey_is_added_with_recovery_codes,
    at_an_ip_address_there_are_none,
    what_a_browser_made_for_another_place_is_not_added,
    what_is_made_in_another_browser_or_too_late_is_not_added,
    adding_and_removing_need_a_fresh_sign_in,
    a_passkey_of_another_person_is_not_removed,
    a_removed_passkey_is_not_asked_for,
    an_app_and_a_passkey_are_beside_each_other,
    an_operator_removes_lost_ones_which_ends_sessions,
    a_passkey_confirms_who_it_is,
    options_differ_by_what_they_are_for,
    one_that_was_made_for_another_host_is_listed_and_not_asked_for,
);

pub const HOST: &str = "http://localhost:3000";

/// Another server on the same database, which browsers reach at a host name, so that they have passkeys. Nobody is signed in there
/// yet; the test that made the first one ends both.
pub async fn at_localhost(portal: &TestPortal) -> TestPortal {
    let store = portal.store.with_profile(portal.store.profile().clone()).await;
    let portal = TestPortal::at(store, HOST).await;
    TestPortal { client: portal.client.at_host("localhost:3000"), ..portal }
}

/// What the browser's script gets to sign.
pub async fn options(browser: &Client, purpose: &str) -> Value {
    let answer = browser.post("/passkeys/options", &[("for", purpose)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()["publicKey"].clone()
}

/// Makes a passkey as the browser's script does.
pub async fn add(browser: &Client, name: &str, authenticator: &mut Authenticator) -> Answer {
    let credential = authenticator.make(&options(browser, "add").await);
    browser.post("/account/passkeys/new", &[("passkey_name", name), ("credential", &credential)]).await
}

/// A person with a passkey. Returns its authenticator, and the recovery codes.
pub async fn set_up_passkey(portal: &TestPortal) -> (Authenticator, Vec<String>) {
    portal.set_up().await;
    let mut phone = Authenticator::at(HOST);
    let answer = add(&portal.client, "Phone", &mut phone).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (phone, codes(&answer))
}

/// A passkey of a person, who made it when the portal was at another host.
pub async fn made_elsewhere(portal: &TestPortal, user: &User) -> PasskeyId {
    let elsewhere = RelyingParty::of("https://keys.example.com", "Sallyport").expect("a host name");
    let (options, challenge) = elsewhere.ask_to_add(user, &[]).expect("asked");
    let answer = Authenticator::at("https://keys.example.com").make(&options);
    let new = elsewhere.added(&challenge, &answer).expect("made");
    portal.store.add_passkey(&portal.store.act(user), user, "Phone", new).await.expect("added");
    portal.store.passkeys_of(&user.id).await.expect("listed").remove(0).id
}

async fn removal(portal: &TestPortal) -> String {
    let page = portal.get("/account").await;
    format!("/account/passkeys/pky_{}/remove", page.after("href=\"/account/passkeys/pky_", '/'))
}

async fn a_passkey_is_added_with_recovery_codes(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    portal.set_up().await;
    assert!(portal.get("/account").await.body.contains("href=\"/account/passkeys/new\""));
    let panel = portal.get("/account/passkeys/new").await;
    assert!(panel.body.contains("data-options=\"/passkeys/options\""), "{}", panel.body);
    let asked = options(&portal.client, "add").await;
    assert_eq!(asked["rp"]["id"], "localhost");
    assert_eq!(asked["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(asked["authenticatorSelection"]["residentKey"], "required");
    let mut phone = Authenticator::at(HOST);
    let credential = phone.make(&asked);
    for (form, says) in [
        (vec![("passkey_name", " "), ("credential", credential.as_str())], "Give the passkey a name."),
        (vec![("passkey_name", "Phone")], "Your browser sent no passkey"),
        (vec![("passkey_name", "Phone"), ("credential", "{}")], "can’t use this passkey"),
    ] {
        let answer = portal.post("/account/passkeys/new", &form).await;
        assert!(answer.status == 422 && answer.body.contains(says), "{says}: {}", answer.body);
    }
    let answer = portal.post("/account/passkeys/new", &[("passkey_name", "Phone"), ("credential", &credential)]).await;
    assert_eq!((answer.status.as_u16(), codes(&answer).len()), (200, 10), "{}", answer.body);
    assert_eq!(portal.cookie("new-passkey"), None, "it is used up");
    let account = portal.get("/account").await.body;
    assert!(account.contains("aria-label=\"Remove Phone\"") && account.contains("10 recovery codes left"), "{account}");
    assert_eq!(events(portal, "passkey.added").await, 1);
    // Another one comes without codes, and is known to the browser that has the first.
    let asked = options(&portal.client, "add").await;
    assert_eq!(asked["excludeCredentials"].as_array().map(Vec::len), Some(1));
    let answer = add(&portal.client, "Security key", &mut Authenticator::at(HOST)).await;
    assert_eq!(answer.location(), "/account?changed=passkey");
}

async fn at_an_ip_address_there_are_none(portal: &TestPortal) {
    portal.set_up().await;
    for path in ["/account", "/account/confirm"] {
        assert!(!portal.get(path).await.body.to_lowercase().contains("a passkey"), "{path}");
    }
    assert!(!portal.another().get("/sign-in").await.body.contains("passkey"));
    assert_eq!(portal.get("/account/passkeys/new").await.location(), "/account#two-step");
    for path in ["/account/passkeys/new", "/sign-in/passkey", "/passkeys/options"] {
        let form = [("passkey_name", "Phone"), ("credential", "{}"), ("for", "sign-in")];
        let answer = portal.post(path, &form).await;
        assert!(answer.status == 400 && answer.body.contains("There are no passkeys here"), "{path}: {}", answer.body);
    }
}

async fn what_a_browser_made_for_another_place_is_not_added(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    portal.set_up().await;
    let (mut elsewhere, mut other_host, mut unverified) =
        (Authenticator::at("https://keys.evil.example"), Authenticator::at(HOST), Authenticator::at(HOST));
    other_host.rp_id = Some("evil.example".to_owned());
    unverified.verifies = false;
    for authenticator in [&mut elsewhere, &mut other_host, &mut unverified] {
        let answer = add(&portal.client, "Phone", authenticator).await;
        assert!(answer.status == 422 && answer.body.contains("can’t use this passkey"), "{}", answer.body);
    }
    // What was asked is not what was answered.
    let asked = options(&portal.client, "add").await;
    let credential = Authenticator::at(HOST).make(&asked);
    options(&portal.client, "add").await;
    let answer = portal.post("/account/passkeys/new", &[("passkey_name", "x"), ("credential", &credential)]).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert_eq!(events(portal, "passkey.added").await, 0);
    assert!(portal.store.dump().await["passkeys"].is_empty());
}

async fn what_is_made_in_another_browser_or_too_late_is_not_added(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    portal.set_up().await;
    let eve = portal.stranger().await;
    let credential = Authenticator::at(HOST).make(&options(&portal.client, "add").await);
    let cookie = portal.cookie("new-passkey").expect("asked");
    let form = [("passkey_name", "Phone"), ("credential", credential.as_str())];
    assert!(eve.post("/account/passkeys/new", &form).await.body.contains("began in another browser"));
    eve.set_cookie("new-passkey", &cookie);
    assert!(
        eve.post("/account/passkeys/new", &form).await.body.contains("began in another browser"),
        "of another person"
    );
    portal.store.clock.turn(Duration::from_secs(5 * 60));
    assert!(portal.post("/account/passkeys/new", &form).await.body.contains("This took too long"));
    // Twice is once.
    let credential = Authenticator::at(HOST).make(&options(&portal.client, "add").await);
    let cookie = portal.cookie("new-passkey").expect("asked");
    let form = [("passkey_name", "Phone"), ("credential", credential.as_str())];
    assert_eq!(portal.post("/account/passkeys/new", &form).await.status, 200);
    portal.set_cookie("new-passkey", &cookie);
    assert_eq!(portal.post("/account/passkeys/new", &form).await.status, 422);
    assert_eq!(events(portal, "passkey.added").await, 1);
}

async fn adding_and_removing_need_a_fresh_sign_in(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    set_up_passkey(portal).await;
    let remove = removal(portal).await;
    portal.store.clock.turn(Duration::from_secs(10 * 60 + 1));
    let confirm = "/account/confirm?next=%2Faccount%2Fpasskeys%2Fnew";
    assert_eq!(portal.get("/account/passkeys/new").await.location(), confirm);
    let answer = add(&portal.client, "Another", &mut Authenticator::at(HOST)).await;
    assert_eq!(answer.location(), confirm);
    assert!(portal.post(&remove, &[]).await.location().starts_with("/account/confirm?next="));
    assert_eq!(portal.store.dump().await["passkeys"].len(), 1);
}

async fn a_passkey_of_another_person_is_not_removed(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    set_up_passkey(portal).await;
    let remove = removal(portal).await;
    let eve = portal.stranger().await;
    assert_eq!(eve.get(&remove).await.status, 404);
    assert_eq!(eve.post(&remove, &[]).await.status, 404);
    assert_eq!(portal.get(&remove).await.status, 200);
    assert_eq!(events(portal, "passkey.removed").await, 0);
}

async fn a_removed_passkey_is_not_asked_for(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    set_up_passkey(portal).await;
    let remove = removal(portal).await;
    assert!(portal.get(&remove).await.body.contains("Your recovery codes end, too."));
    assert_eq!(portal.post(&remove, &[]).await.location(), "/account?changed=passkey-removed");
    assert_eq!(portal.post(&remove, &[]).await.status, 404);
    let browser = portal.another();
    let answer = browser.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), "/");
    assert!(portal.store.dump().await["recovery_codes"].is_empty());
}

async fn an_app_and_a_passkey_are_beside_each_other(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    set_up_passkey(portal).await;
    let (secret, answer) = set_up_app(portal, &portal.client).await;
    assert_eq!(codes(&answer).len(), 10);
    let begin = async || {
        let browser = portal.another();
        let answer = browser.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
        assert_eq!(answer.location(), "/sign-in/code?next=%2F");
        browser
    };
    let browser = begin().await;
    assert!(browser.get("/sign-in/code").await.body.contains("or use a passkey"));
    let code = next_code(portal, &secret);
    assert_eq!(browser.post("/sign-in/code", &[("code", &code)]).await.status, 303);
    assert!(
        portal.get("/account/authenticator/remove").await.body.contains("Your passkeys and your recovery codes stay.")
    );
    assert_eq!(
        portal.post("/account/authenticator/remove", &[]).await.location(),
        "/account?changed=authenticator-removed"
    );
    let browser = begin().await;
    assert!(browser.get("/sign-in/code").await.body.contains("Use your passkey."));
    let recovery = codes(&answer).remove(0);
    assert_eq!(browser.post("/sign-in/code", &[("code", &recovery)]).await.status, 303, "they stayed");
}

async fn an_operator_removes_lost_ones_which_ends_sessions(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    let (mut phone, _) = set_up_passkey(portal).await;
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("Ada").user;
    assert!(portal.store.reset_second_factors(&Act::by(Actor::CommandLine), &ada).await.expect("reset"));
    assert_eq!(portal.get("/account").await.status, 303, "signed out");
    let credential = phone.sign(&options(&portal.client, "sign-in").await);
    assert_eq!(portal.post("/sign-in/passkey", &[("credential", &credential)]).await.status, 422);
    let answer = portal.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), "/");
}

async fn a_passkey_confirms_who_it_is(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    let (mut phone, recovery) = set_up_passkey(portal).await;
    portal.store.clock.turn(Duration::from_secs(10 * 60 + 1));
    let page = portal.get("/account/confirm").await.body;
    assert!(page.contains("data-passkey=\"confirm\"") && !page.contains("name=\"password\""), "{page}");
    assert_eq!(portal.post("/account/confirm", &[("password", PASSWORD)]).await.status, 422, "it is not enough");
    assert_eq!(portal.post("/account/confirm", &[("credential", "")]).await.status, 422);
    // An answer to what was asked for a sign-in is none.
    let credential = phone.sign(&options(&portal.client, "sign-in").await);
    assert_eq!(portal.post("/account/confirm", &[("credential", &credential)]).await.status, 422);
    let old = portal.cookie("sallyport").expect("a session");
    let credential = phone.sign(&options(&portal.client, "confirm").await);
    let form = [("credential", credential.as_str()), ("next", "/account")];
    let asked = portal.cookie("passkey").expect("asked");
    assert_eq!(portal.post("/account/confirm", &form).await.location(), "/account");
    assert_ne!(portal.cookie("sallyport").expect("a session"), old, "another token");
    assert_eq!(portal.cookie("passkey"), None);
    portal.set_cookie("passkey", &asked);
    let again = portal.post("/account/confirm", &form).await;
    assert!(again.status == 422 && again.body.contains("was used before"), "{}", again.body);
    assert_eq!(events(portal, "second_factor.refused").await, 0, "it is not taken for that of a copy");
    assert_eq!(portal.get("/account/passkeys/new").await.status, 200, "fresh again");
    assert_eq!(events(portal, "session.confirmed").await, 1);
    portal.store.clock.turn(Duration::from_secs(10 * 60 + 1));
    assert_eq!(portal.post("/account/confirm", &[("code", &recovery[0])]).await.status, 303);
    // Of another person.
    let eve = portal.stranger().await;
    let mut theirs = Authenticator::at(HOST);
    assert_eq!(add(&eve, "Phone", &mut theirs).await.status, 200);
    let credential = theirs.sign(&options(&portal.client, "confirm").await);
    let answer = portal.post("/account/confirm", &[("credential", &credential)]).await;
    assert!(answer.status == 422 && answer.body.contains("This passkey was not accepted."), "{}", answer.body);
}

async fn options_differ_by_what_they_are_for(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    set_up_passkey(portal).await;
    let nobody = portal.another();
    let asked = options(&nobody, "sign-in").await;
    assert_eq!((&asked["rpId"], &asked["userVerification"]), (&"localhost".into(), &"required".into()));
    assert_eq!(asked["allowCredentials"].as_array().map(Vec::len), Some(0), "whose passkey it is, the passkey says");
    assert_eq!(options(&portal.client, "confirm").await["allowCredentials"].as_array().map(Vec::len), Some(1));
    for purpose in ["second-step", "confirm", "add"] {
        let answer = nobody.post("/passkeys/options", &[("for", purpose)]).await;
        assert_eq!(answer.status, 409, "{purpose}");
        assert!(answer.json()["message"].as_str().expect("text").contains("Open the page again."));
    }
    assert_eq!(nobody.post("/passkeys/options", &[("for", "lunch")]).await.status, 400);
    assert_ne!(options(&nobody, "sign-in").await["challenge"], asked["challenge"]);
}

async fn one_that_was_made_for_another_host_is_listed_and_not_asked_for(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    portal.set_up().await;
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("Ada").user;
    let passkey = made_elsewhere(portal, &ada).await;
    assert!(portal.get("/account").await.body.contains("Only at keys.example.com"));
    assert!(!portal.get("/account/confirm").await.body.contains("Use a passkey"));
    let browser = portal.another();
    let answer = browser.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), "/sign-in/code?next=%2F", "the password alone is not enough all the same");
    let page = browser.get("/sign-in/code").await.body;
    assert!(page.contains("Use a recovery code.") && !page.contains("Use a passkey"), "{page}");
    assert_eq!(portal.post(&format!("/account/passkeys/{passkey}/remove"), &[]).await.status, 303);
}
