use std::time::Duration;

use sallyport::testing::TurnedClock;
use serde_json::json;

use super::*;
use crate::cli::client::testing::{Script, answer};

fn url() -> PortalUrl {
    PortalUrl::parse("https://keys.example.com").expect("an address")
}

fn tokens(n: u32, clock: &TurnedClock) -> Tokens {
    let body = json!({
        "access_token": format!("sp_pat_{n}"),
        "refresh_token": format!("sp_ref_{n}"),
        "expires_in": 3600,
    });
    oauth::tokens(&body, clock.now()).expect("tokens")
}

/// Calls `GET /v1/me` after a while, with these responses; what it returned, and the requests.
fn called(
    later: u64,
    responses: Vec<Result<Response, NoResponse>>,
) -> (Result<Value, String>, Vec<String>, Option<String>) {
    let settings = tempfile::tempdir().expect("a folder");
    let file = CredentialsFile::within(settings.path());
    let (script, clock) = (Script::new(responses), TurnedClock::default());
    let locked = file.lock().expect("free");
    let mut credentials = locked.read().expect("none yet");
    credentials.sign_in(&url(), tokens(1, &clock));
    locked.write(&credentials).expect("written");
    drop(locked);
    clock.turn(Duration::from_secs(later));
    let context = ClientContext { transport: &script, clock: &clock, file: Ok(file.clone()), token: None };
    let got = context.session(None).expect("signed in").get("/v1/me");
    let kept = file.read().expect("read").of(&url()).and_then(|tokens| tokens.refresh_token.clone());
    (got, script.sent(), kept)
}

fn me() -> Result<Response, NoResponse> {
    answer(200, json!({ "name": "Ada" }))
}

fn new_tokens() -> Result<Response, NoResponse> {
    answer(200, json!({ "access_token": "sp_pat_2", "refresh_token": "sp_ref_2", "expires_in": 3600 }))
}

const REFRESH: &str = "POST /oauth/token client_id=sallyport-cli&grant_type=refresh_token&refresh_token=sp_ref_1";

#[test]
fn an_access_token_is_used_while_it_is_fresh() {
    let (got, sent, kept) = called(0, vec![me()]);
    assert_eq!((got.is_ok(), sent, kept.as_deref()), (true, vec!["GET /v1/me sp_pat_1".into()], Some("sp_ref_1")));
}

#[test]
fn it_is_refreshed_before_it_expires_and_when_it_is_refused() {
    let (got, sent, kept) = called(3600, vec![new_tokens(), me()]);
    assert_eq!(got.expect("refreshed")["name"], "Ada");
    assert_eq!(sent, [REFRESH, "GET /v1/me sp_pat_2"]);
    assert_eq!(kept.as_deref(), Some("sp_ref_2"));

    let refused = || answer(401, json!({ "detail": "This credential is no longer valid." }));
    let (got, sent, _) = called(0, vec![refused(), new_tokens(), me()]);
    assert_eq!(got.expect("refreshed")["name"], "Ada");
    assert_eq!(sent, ["GET /v1/me sp_pat_1", REFRESH, "GET /v1/me sp_pat_2"]);

    let (got, sent, _) = called(0, vec![refused(), new_tokens(), refused()]);
    let error = got.expect_err("refused again");
    assert!(error.ends_with("Sign in again: sallyport login --url https://keys.example.com"), "{error}");
    assert_eq!(sent.len(), 3, "once");
}

#[test]
fn a_refresh_token_without_a_successor_is_kept() {
    let same = answer(200, json!({ "access_token": "sp_pat_2", "expires_in": 3600 }));
    let (_, _, kept) = called(3600, vec![same, me()]);
    assert_eq!(kept.as_deref(), Some("sp_ref_1"));
}

#[test]
fn a_sign_in_that_ended_is_forgotten_and_one_that_may_go_on_is_kept() {
    let (got, sent, kept) = called(3600, vec![answer(400, json!({ "error": "invalid_grant" }))]);
    assert!(got.expect_err("ended").contains("has ended. Sign in again: sallyport login --url"));
    assert_eq!((sent.len(), kept), (1, None));
    for response in [Err(NoResponse("It did not answer.".to_owned())), answer(503, json!({ "detail": "Wait." }))] {
        let (got, _, kept) = called(3600, vec![response]);
        assert!(matches!(got.expect_err("no token").as_str(), "It did not answer." | "Wait."));
        assert_eq!(kept.as_deref(), Some("sp_ref_1"));
    }
}

#[test]
fn another_command_that_refreshed_first_is_noticed() {
    let settings = tempfile::tempdir().expect("a folder");
    let file = CredentialsFile::within(settings.path());
    let (script, clock) = (Script::new(Vec::new()), TurnedClock::default());
    let locked = file.lock().expect("free");
    let mut credentials = locked.read().expect("none yet");
    credentials.sign_in(&url(), tokens(2, &clock));
    locked.write(&credentials).expect("written");
    drop(locked);
    let context = ClientContext { transport: &script, clock: &clock, file: Ok(file.clone()), token: None };
    let session = context.session(None).expect("signed in");
    assert_eq!(session.refresh(&file, "sp_pat_1").as_deref(), Ok("sp_pat_2"));
    assert!(script.sent().is_empty(), "sp_ref_2 is not used up");
}

fn with_token(responses: Vec<Result<Response, NoResponse>>, then: impl FnOnce(&Session<'_>)) -> Vec<String> {
    let (script, clock) = (Script::new(responses), TurnedClock::default());
    let context = ClientContext {
        transport: &script,
        clock: &clock,
        file: Err("no home".to_owned()),
        token: Some("sp_root_1".to_owned()),
    };
    assert!(context.session(None).err().expect("refused").contains("set SALLYPORT_URL"));
    then(&context.session(Some(&url())).expect("a token"));
    script.sent()
}

#[test]
fn a_token_of_the_environment_needs_its_portal_and_no_file() {
    let refused = answer(401, json!({ "detail": "No." }));
    let sent = with_token(vec![me(), refused], |session| {
        assert!(session.get("/v1/me").is_ok());
        assert!(session.get("/v1/me").expect_err("refused").ends_with("refused the token in SALLYPORT_TOKEN."));
    });
    assert_eq!(sent, ["GET /v1/me sp_root_1", "GET /v1/me sp_root_1"]);
}

#[test]
fn a_creation_is_repeated_once_after_a_broken_connection() {
    let broken = || Err(NoResponse("It broke.".to_owned()));
    let made = || answer(409, json!({ "code": "already_made", "detail": "It created org_a.", "org_id": "org_a" }));
    let sent = with_token(vec![broken(), made(), answer(200, json!({ "org_id": "org_a" }))], |session| {
        let created = session.create_and_read("/v1/orgs", json!({ "name": "A" }), "/v1/orgs", "org_id");
        assert_eq!(created.expect("created")["org_id"], "org_a");
    });
    let request = "POST /v1/orgs sp_root_1 {\"name\":\"A\"}";
    assert_eq!(sent, [request, request, "GET /v1/orgs/org_a sp_root_1"]);
    with_token(vec![broken(), broken()], |session| {
        assert_eq!(session.create("/v1/orgs", json!({})).err().as_deref(), Some("It broke."));
    });
    with_token(vec![made()], |session| {
        assert_eq!(session.create("/v1/orgs", json!({})).err().as_deref(), Some("It created org_a."));
    });
}
