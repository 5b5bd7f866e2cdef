//! `/oauth/…`: the sign-in of a command line (RFC 8628), its refresh tokens (RFC 6749) and its end (RFC 7009)

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::{
    audit::{Act, Actor},
    device::{UserCode, VALID},
    personal_token::{ACCESS_VALID, SIGN_IN_IDLE},
    user::User,
};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(
    a_command_line_signs_in,
    each_error_of_the_rfc,
    a_refresh_token_works_once,
    a_refresh_token_used_twice_signs_out,
    a_command_line_signs_out,
    what_ends_sessions_ends_command_lines,
    what_ends_sessions_ends_approved_sign_ins,
    signing_out_with_a_used_refresh_token_signs_out,
    forms_are_checked,
    sign_ins_are_counted_by_address,
    the_metadata_name_the_endpoints,
);

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A form as a command line sends it: without cookies, `Origin` or `Referer`.
async fn send(portal: &TestPortal, path: &str, body: &str) -> Answer {
    let request = Client::request(Method::POST, path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()));
    portal.another().send(request.expect("a request")).await
}

async fn start(portal: &TestPortal, more: &str) -> Value {
    let answer = send(portal, "/oauth/device_authorization", &format!("client_id=sallyport-cli{more}")).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{}", answer.body);
    answer.json()
}

fn text<'a>(json: &'a Value, name: &str) -> &'a str {
    json[name].as_str().unwrap_or_else(|| panic!("no {name} in {json}"))
}

async fn ask(portal: &TestPortal, codes: &Value) -> Answer {
    let code = text(codes, "device_code");
    send(portal, "/oauth/token", &format!("grant_type={GRANT}&client_id=sallyport-cli&device_code={code}")).await
}

async fn refresh(portal: &TestPortal, tokens: &Value) -> Answer {
    let token = text(tokens, "refresh_token");
    send(portal, "/oauth/token", &format!("grant_type=refresh_token&client_id=sallyport-cli&refresh_token={token}"))
        .await
}

fn error(answer: &Answer) -> String {
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (400, "no-store"), "{}", answer.body);
    text(&answer.json(), "error").to_owned()
}

async fn ada(portal: &TestPortal) -> User {
    portal.store.person("Ada").await
}

fn user_code(codes: &Value) -> UserCode {
    UserCode::parse(text(codes, "user_code")).expect("a code")
}

async fn approve(portal: &TestPortal, codes: &Value, user: &User) {
    portal.store.approve_device(&portal.store.act(user), &user_code(codes)).await.expect("approved");
}

async fn signed_in(portal: &TestPortal, user: &User) -> Value {
    let codes = start(portal, "").await;
    approve(portal, &codes, user).await;
    let answer = ask(portal, &codes).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn me(portal: &TestPortal, tokens: &Value) -> Answer {
    portal.another().manage("/v1/me", text(tokens, "access_token"), None).await
}

async fn a_command_line_signs_in(portal: &TestPortal) {
    let ada = ada(portal).await;
    let codes = start(portal, "&scope=keys&device_name=sallyport+0.1.0+on+laptop").await;
    let page = text(&codes, "verification_uri");
    assert!(page.ends_with("/device"), "{codes}");
    assert_eq!(text(&codes, "verification_uri_complete"), format!("{page}?user_code={}", text(&codes, "user_code")));
    assert_eq!((&codes["expires_in"], &codes["interval"]), (&json!(600), &json!(5)));
    let waiting = portal.store.device_request(&user_code(&codes)).await.expect("asked").expect("waits");
    assert_eq!(
        (waiting.name.as_str(), waiting.scopes.to_string()),
        ("sallyport 0.1.0 on laptop", "read keys".to_owned())
    );

    assert_eq!(error(&ask(portal, &codes).await), "authorization_pending");
    approve(portal, &codes, &ada).await;
    let answer = ask(portal, &codes).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{}", answer.body);
    let tokens = answer.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(tokens["scope"], "read keys");
    assert_eq!(error(&ask(portal, &codes).await), "invalid_grant", "it was used");

    let answer = me(portal, &tokens).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let me = answer.json();
    assert_eq!((&me["email"], &me["token"]["kind"]), (&json!("ada@example.com"), &json!("command_line")));
    assert_eq!(
        (&me["token"]["name"], &me["token"]["scopes"]),
        (&json!("sallyport 0.1.0 on laptop"), &json!(["read", "keys"]))
    );
    // Neither the codes nor the tokens are in the database.
    let dump = format!("{:?}", portal.store.dump().await);
    for secret in [&codes["device_code"], &codes["user_code"], &tokens["access_token"], &tokens["refresh_token"]] {
        let secret = secret.as_str().expect("text");
        assert!(!dump.contains(secret) && !dump.contains(&secret.replace('-', "")), "{secret}");
    }
}

async fn each_error_of_the_rfc(portal: &TestPortal) {
    let ada = ada(portal).await;
    // Asked too soon: each time the interval is five seconds longer.
    let codes = start(portal, "").await;
    assert_eq!(error(&ask(portal, &codes).await), "authorization_pending");
    portal.store.clock.turn(Duration::from_secs(4));
    assert_eq!(error(&ask(portal, &codes).await), "slow_down");
    portal.store.clock.turn(Duration::from_secs(6));
    assert_eq!(error(&ask(portal, &codes).await), "slow_down");
    portal.store.clock.turn(Duration::from_secs(15));
    assert_eq!(error(&ask(portal, &codes).await), "authorization_pending");
    portal.store.deny_device(&portal.store.act(&ada), &user_code(&codes)).await.expect("denied");
    assert_eq!(error(&ask(portal, &codes).await), "access_denied");
    assert!(portal.store.approve_device(&portal.store.act(&ada), &user_code(&codes)).await.is_err(), "decided");

    let codes = start(portal, "").await;
    portal.store.clock.turn(VALID);
    assert_eq!(error(&ask(portal, &codes).await), "expired_token");
    assert!(portal.store.approve_device(&portal.store.act(&ada), &user_code(&codes)).await.is_err(), "expired");

    let codes = start(portal, "").await;
    approve(portal, &codes, &ada).await;
    portal.store.disable_user(&Act::by(Actor::CommandLine), &ada).await.expect("disabled");
    assert_eq!(error(&ask(portal, &codes).await), "access_denied");
    let unknown = json!({ "device_code": "sp_dev_junk" });
    assert_eq!(error(&ask(portal, &unknown).await), "invalid_grant");
}

async fn a_refresh_token_works_once(portal: &TestPortal) {
    let ada = ada(portal).await;
    let first = signed_in(portal, &ada).await;
    portal.store.clock.turn(ACCESS_VALID);
    assert_eq!(me(portal, &first).await.status, 401, "the access token has expired");
    let second = refresh(portal, &first).await;
    assert_eq!(second.status, 200, "{}", second.body);
    let second = second.json();
    assert_eq!(me(portal, &second).await.status, 200);
    // Used all the time, it stays signed in.
    portal.store.clock.turn(SIGN_IN_IDLE - Duration::from_secs(1));
    let third = refresh(portal, &second).await;
    assert_eq!(third.status, 200, "{}", third.body);
    portal.store.clock.turn(SIGN_IN_IDLE);
    assert_eq!(error(&refresh(portal, &third.json()).await), "invalid_grant", "idle for too long");
}

async fn a_refresh_token_used_twice_signs_out(portal: &TestPortal) {
    let ada = ada(portal).await;
    let first = signed_in(portal, &ada).await;
    let second = refresh(portal, &first).await.json();
    let third = refresh(portal, &second).await.json();
    assert_eq!(me(portal, &third).await.status, 200);
    // Somebody else has it, too.
    assert_eq!(error(&refresh(portal, &first).await), "invalid_grant");
    assert_eq!(me(portal, &third).await.status, 401);
    assert_eq!(error(&refresh(portal, &third).await), "invalid_grant");
}

async fn a_command_line_signs_out(portal: &TestPortal) {
    let ada = ada(portal).await;
    for name in ["access_token", "refresh_token"] {
        let (tokens, other) = (signed_in(portal, &ada).await, signed_in(portal, &ada).await);
        let body = format!("client_id=sallyport-cli&token={}", text(&tokens, name));
        assert_eq!(send(portal, "/oauth/revoke", &body).await.status, 200);
        assert_eq!(send(portal, "/oauth/revoke", &body).await.status, 200, "unknown tokens are answered alike");
        assert_eq!(me(portal, &tokens).await.status, 401);
        assert_eq!(error(&refresh(portal, &tokens).await), "invalid_grant");
        assert_eq!(me(portal, &other).await.status, 200);
    }
    assert_eq!(send(portal, "/oauth/revoke", "client_id=sallyport-cli&token=junk").await.status, 200);
}

async fn what_ends_sessions_ends_command_lines(portal: &TestPortal) {
    let ada = ada(portal).await;
    let tokens = signed_in(portal, &ada).await;
    portal.store.change_password(&portal.store.act(&ada), &ada, "other".to_owned()).await.expect("changed");
    assert_eq!(me(portal, &tokens).await.status, 401);
    let tokens = signed_in(portal, &ada).await;
    portal.store.end_all_sessions(&Act::by(Actor::CommandLine)).await.expect("ended");
    assert_eq!(me(portal, &tokens).await.status, 401);
    let tokens = signed_in(portal, &ada).await;
    portal.store.disable_user(&Act::by(Actor::CommandLine), &ada).await.expect("disabled");
    assert_eq!(me(portal, &tokens).await.status, 401);
    assert_eq!(error(&refresh(portal, &tokens).await), "invalid_grant");
}

async fn what_ends_sessions_ends_approved_sign_ins(portal: &TestPortal) {
    let ada = ada(portal).await;
    let approved = async || {
        let codes = start(portal, "").await;
        approve(portal, &codes, &ada).await;
        codes
    };
    let shell = Act::by(Actor::CommandLine);
    let (first, other) = (approved().await, approved().await);
    portal.store.change_password(&portal.store.act(&ada), &ada, "other".to_owned()).await.expect("changed");
    assert_eq!(error(&ask(portal, &first).await), "access_denied");
    portal.store.end_all_sessions(&shell).await.expect("ended");
    assert_eq!(error(&ask(portal, &other).await), "access_denied");
    let codes = approved().await;
    portal.store.set_password_to_change(&shell, &ada, "given".to_owned()).await.expect("set");
    portal.store.change_password(&portal.store.act(&ada), &ada, "own".to_owned()).await.expect("changed");
    assert_eq!(error(&ask(portal, &codes).await), "access_denied");
    let codes = approved().await;
    portal.store.disable_user(&shell, &ada).await.expect("disabled");
    portal.store.enable_user(&shell, &ada).await.expect("enabled");
    assert_eq!(error(&ask(portal, &codes).await), "access_denied");
}

async fn signing_out_with_a_used_refresh_token_signs_out(portal: &TestPortal) {
    let ada = ada(portal).await;
    let tokens = signed_in(portal, &ada).await;
    let stolen = refresh(portal, &tokens).await.json();
    assert_eq!(me(portal, &stolen).await.status, 200);
    let body = format!("client_id=sallyport-cli&token={}", text(&tokens, "refresh_token"));
    assert_eq!(send(portal, "/oauth/revoke", &body).await.status, 200);
    assert_eq!(me(portal, &stolen).await.status, 401, "whoever refreshed first is signed out, too");
}

async fn forms_are_checked(portal: &TestPortal) {
    for (path, body, expected) in [
        ("/oauth/device_authorization", "", "invalid_request"),
        ("/oauth/device_authorization", "client_id=other", "invalid_client"),
        ("/oauth/device_authorization", "client_id=sallyport-cli&client_id=sallyport-cli", "invalid_request"),
        ("/oauth/device_authorization", "client_id=sallyport-cli&scope=admin", "invalid_scope"),
        ("/oauth/token", "client_id=sallyport-cli", "invalid_request"),
        ("/oauth/token", "client_id=sallyport-cli&grant_type=password", "unsupported_grant_type"),
        ("/oauth/token", "client_id=sallyport-cli&grant_type=refresh_token", "invalid_request"),
        ("/oauth/token", "client_id=sallyport-cli&grant_type=refresh_token&refresh_token=x", "invalid_grant"),
        ("/oauth/revoke", "client_id=sallyport-cli", "invalid_request"),
    ] {
        assert_eq!(error(&send(portal, path, body).await), expected, "{path} {body}");
    }
    let long = "x".repeat(101);
    let answer =
        send(portal, "/oauth/device_authorization", &format!("client_id=sallyport-cli&device_name={long}")).await;
    assert_eq!(error(&answer), "invalid_request");
    let json = portal.json("/oauth/token", "", &json!({ "client_id": "sallyport-cli" })).await;
    assert_eq!(error(&json), "invalid_request", "a form is needed");
    assert_eq!(portal.get("/oauth/none").await.status, 404);
    assert_eq!(portal.get("/oauth/token").await.status, 405);
}

async fn sign_ins_are_counted_by_address(portal: &TestPortal) {
    for _ in 0..20 {
        start(portal, "").await;
    }
    let answer = send(portal, "/oauth/device_authorization", "client_id=sallyport-cli").await;
    assert_eq!(answer.status, 429);
    assert_eq!(text(&answer.json(), "error"), "slow_down");
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    portal.wait(wait);
    start(portal, "").await;
}

async fn the_metadata_name_the_endpoints(portal: &TestPortal) {
    let answer = portal.another().get("/.well-known/oauth-authorization-server").await;
    assert_eq!(answer.status, 200);
    insta::assert_json_snapshot!("metadata", answer.json());
}
