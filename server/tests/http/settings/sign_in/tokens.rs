//! The same for personal tokens and command lines, over `/v1`.

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    device::{self, DeviceAnswer},
    personal_token::{self, TokenScopes},
};

use super::{MINUTE, focus, member, set};
use crate::{
    account::two_step::set_up_app,
    client::{Answer, Client},
    portal::{TestPortal, find},
};

crate::on_both_portals!(
    a_token_is_as_good_as_the_session_that_made_it,
    a_command_line_ends_by_the_same_times,
    a_token_of_another_domain_gets_nothing,
);

/// A token that the person makes in this browser.
pub async fn token(browser: &Client) -> String {
    let new = "/account/tokens/new";
    let form_token = browser.get(new).await.hidden("form_token");
    let form = [("form_token", form_token.as_str()), ("token_name", "CI"), ("scopes", "keys"), ("expires", "90")];
    let answer = browser.post(new, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    find(&answer.body, personal_token::PREFIX, 43).expect("a personal token")
}

/// A command line that the person approves in this browser; its token.
async fn command_line(portal: &TestPortal, browser: &Client) -> String {
    let nobody = Act::by(Actor::Anonymous);
    let codes = portal.store.start_device_sign_in(&nobody, "sallyport on laptop", TokenScopes::ALL).await;
    let codes = codes.expect("started");
    let form = [("do", "approve"), ("code", &*codes.user_code.to_string())];
    assert_eq!(browser.post("/device", &form).await.status, 303);
    let device_code = device::parse(codes.device_code.expose()).expect("a code");
    let answer = portal.store.ask_device(&nobody, device_code).await.expect("asked");
    let DeviceAnswer::Approved(tokens) = answer else { panic!("{answer:?}") };
    tokens.access.expose().to_owned()
}

async fn get(portal: &TestPortal, path: &str, token: &str) -> Answer {
    let answer = portal.manage(path, token, None).await;
    portal.store.settled().await;
    answer
}

fn says(answer: &Answer, words: &str) {
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert!(answer.body.contains(words), "{words}: {}", answer.body);
}

async fn a_token_is_as_good_as_the_session_that_made_it(portal: &TestPortal) {
    let (org, page) = focus(portal).await;
    let (before, shell_before) = (token(portal).await, command_line(portal, portal).await);
    set_up_app(portal, &portal.client).await;
    let (after, shell) = (token(portal).await, command_line(portal, portal).await);
    let path = format!("/v1/orgs/{org}");
    for token in [&before, &after] {
        assert_eq!(get(portal, &path, token).await.status, 200);
    }
    set(portal, &page, &[("factor", "on")]).await;
    for token in [&before, &shell_before] {
        says(&get(portal, &path, token).await, "requires a second factor");
        assert_eq!(get(portal, "/v1/orgs", token).await.json()["data"].as_array().map(Vec::len), Some(0));
        let tenant = serde_json::json!({ "name": "T" });
        says(&portal.manage(&format!("{path}/tenants"), token, Some(tenant)).await, "requires a second factor");
        says(&get(portal, &format!("{path}/webhooks"), token).await, "requires a second factor");
    }
    for token in [&after, &shell] {
        assert_eq!(get(portal, &path, token).await.status, 200);
        assert_eq!(get(portal, "/v1/orgs", token).await.json()["data"].as_array().map(Vec::len), Some(1));
    }
    // Another's organization still does not exist.
    let (_, eve) = member(portal, &org, "Eve", "eve@example.com").await;
    let other = eve.post("/orgs/new", &[("name", "Eve's"), ("plan", "starter"), ("tenant", "T")]).await;
    let other = other.location().trim_start_matches("/orgs/").to_owned();
    assert_eq!(get(portal, &format!("/v1/orgs/{other}"), &before).await.status, 404);
    // Who removes the factor takes it from the tokens, too.
    assert_eq!(portal.post("/account/authenticator/remove", &[]).await.status, 303);
    says(&get(portal, &path, &after).await, "requires a second factor");
}

async fn a_command_line_ends_by_the_same_times(portal: &TestPortal) {
    let (org, page) = focus(portal).await;
    set(portal, &page, &[("lifetime_hours", "2"), ("idle_minutes", "20")]).await;
    let (made, shell) = (token(portal).await, command_line(portal, portal).await);
    let path = format!("/v1/orgs/{org}");
    for _ in 0..2 {
        portal.store.clock.turn(17 * MINUTE);
        assert_eq!(get(portal, &path, &shell).await.status, 200);
    }
    portal.store.clock.turn(21 * MINUTE);
    for _ in 0..2 {
        says(&get(portal, &path, &shell).await, "requires a newer sign-in");
        portal.store.clock.turn(2 * MINUTE);
    }
    assert_eq!(get(portal, &path, &made).await.status, 200, "it has an expiry of its own");
    // The lifetime, however often it is used. Its token is replaced every hour, which is not looked at here.
    portal.post("/account/confirm", &[("password", crate::portal::PASSWORD)]).await;
    set(portal, &page, &[("lifetime_hours", "1")]).await;
    let shell = command_line(portal, portal).await;
    portal.store.clock.turn(Duration::from_secs(59 * 60));
    assert_eq!(get(portal, &path, &shell).await.status, 200);
    portal.store.clock.turn(Duration::from_secs(60));
    assert_ne!(get(portal, &path, &shell).await.status, 200);
}

async fn a_token_of_another_domain_gets_nothing(portal: &TestPortal) {
    let (org, page) = focus(portal).await;
    let (_, eve) = member(portal, &org, "Eve", "eve@other.example").await;
    let (hers, own) = (token(&eve).await, token(portal).await);
    set(portal, &page, &[("domains", "example.com")]).await;
    says(&get(portal, &format!("/v1/orgs/{org}"), &hers).await, "e-mail address of its domains");
    assert_eq!(get(portal, &format!("/v1/orgs/{org}"), &own).await.status, 200);
}
