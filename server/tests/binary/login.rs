//! `sallyport login` and what follows: against a running portal, and against one that answers as a test wants it.

mod scripted;

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::{Value, json};

use self::scripted::ScriptedPortal;
use crate::{
    client::client,
    server::{Server, root_token, stderr, stdout},
};

/// Whether it looks like `WDJB-MJHT`.
fn is_code(line: &str) -> bool {
    let letters = |part: &str| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_uppercase());
    line.split_once('-').is_some_and(|(first, last)| letters(first) && letters(last))
}

/// A `sallyport login` that waits for its approval.
struct Login {
    child: Child,
    lines: BufReader<std::process::ChildStderr>,
    code: String,
}

impl Login {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut said = String::new();
        let mut code = None;
        while code.is_none() {
            let start = said.len();
            if lines.read_line(&mut said).expect("read") == 0 {
                break;
            }
            code = Some(said[start..].trim()).filter(|line| is_code(line)).map(str::to_owned);
        }
        let Some(code) = code else {
            let ended = child.wait();
            panic!("no code in: {said} ({ended:?})");
        };
        Self { child, lines, code }
    }

    /// The exit code, its standard output, and what else it said on standard error.
    fn end(mut self) -> (Option<i32>, String, String) {
        let mut said = String::new();
        self.lines.read_to_string(&mut said).expect("read");
        let ended = self.child.wait_with_output().expect("ended");
        (ended.status.code(), stdout(&ended), said)
    }
}

fn credentials(settings: &Path) -> Value {
    let text = fs::read_to_string(settings.join("sallyport/credentials.json")).expect("there");
    serde_json::from_str(&text).expect("JSON")
}

fn run(settings: &Path, url: &str, arguments: &[&str]) -> Output {
    client(settings, url, arguments).output().expect("the binary runs")
}

fn says(settings: &Path, url: &str, arguments: &[&str]) -> String {
    let ended = run(settings, url, arguments);
    assert!(ended.status.success(), "{arguments:?}: {}", stderr(&ended));
    stdout(&ended)
}

/// Answers a code on the page of the portal, as the signed-in person.
fn answer(server: &Server, code: &str, answer: &str) {
    let found = server.form("/device", &[("do", "continue"), ("code", code)]).expect("answered");
    let shown = code.to_uppercase().replace(' ', "-");
    assert!(found.contains("Approve") && found.contains(&shown), "{found}");
    server.form("/device", &[("do", answer), ("code", code)]).expect("answered");
}

#[test]
fn who_signed_in_makes_and_revokes_a_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, settings) = (folder.path().join("data"), folder.path().join("settings"));
    fs::create_dir(&settings).expect("made");
    let mut server = Server::start(&data);
    server.set_up();
    let (app, root, url) = (server.make_app(), root_token(&data), format!("http://{}", server.address));

    let login = Login::start(client(&settings, &url, &["login"]));
    answer(&server, &login.code, "deny");
    let (code, _, said) = login.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("was denied in the browser"), "{said}");

    let login = Login::start(client(&settings, &url, &["login"]));
    answer(&server, &login.code.to_lowercase().replace('-', " "), "approve");
    let (code, out, said) = login.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(out, format!("Signed in to {url} as Ada (ada@example.com).\n"));
    let file = settings.join("sallyport/credentials.json");
    assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);

    // The last sign-in is the default.
    let made = says(
        &settings,
        "",
        &["keys", "create", "--app", &app, "--label", "CI", "--environment", "production", "--scope", "read"],
    );
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let secret = made["secret_key"].as_str().expect("a key");
    let verdict = server.verify(&root, secret);
    assert_eq!(verdict["valid"], true, "{verdict}");
    says(&settings, "", &["keys", "revoke", verdict["key_id"].as_str().expect("an id"), "--yes"]);
    assert_eq!(server.verify(&root, secret)["status"], 401);
    let me: Value = serde_json::from_str(&says(&settings, "", &["whoami", "--json"])).expect("JSON");
    assert_eq!((me["email"].as_str(), me["token"]["kind"].as_str()), (Some("ada@example.com"), Some("command_line")));

    // An access token that seems to be expired is replaced, with its refresh token.
    let mut changed = credentials(&settings);
    let before = changed["portals"][&url].clone();
    changed["portals"][&url]["expires_at"] = json!("2026-01-01T00:00:00Z");
    fs::write(&file, changed.to_string()).expect("written");
    says(&settings, "", &["orgs", "list"]);
    let after = credentials(&settings)["portals"][&url].clone();
    assert!(before["access_token"] != after["access_token"] && before["refresh_token"] != after["refresh_token"]);

    assert_eq!(says(&settings, "", &["logout"]), format!("Signed out of {url}.\n"));
    let ended = run(&settings, &url, &["orgs", "list"]);
    assert!(stderr(&ended).contains(&format!("sallyport login --url {url}")), "{}", stderr(&ended));
    let token = after["access_token"].as_str().expect("a token");
    let ended = client(&settings, &url, &["orgs", "list"]).env("SALLYPORT_TOKEN", token).output().expect("runs");
    assert_eq!(ended.status.code(), Some(1), "the portal ended it, too");
    server.kill();
}

fn authorization() -> (u16, Value) {
    let address = "http://127.0.0.1:1/device";
    let body = json!({
        "device_code": "dc_1",
        "user_code": "WDJB-MJHT",
        "verification_uri": address,
        "verification_uri_complete": format!("{address}?user_code=WDJB-MJHT"),
        "expires_in": 600,
        "interval": 1,
    });
    (200, body)
}

fn error(name: &str) -> (u16, Value) {
    (400, json!({ "error": name, "error_description": format!("It is {name}.") }))
}

fn tokens(n: u32) -> (u16, Value) {
    let body = json!({
        "access_token": format!("sp_pat_{n}"),
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": format!("sp_ref_{n}"),
        "scope": "read keys places members",
    });
    (200, body)
}

#[test]
fn each_error_of_the_device_flow_is_said() {
    for (name, said) in [
        ("access_denied", "was denied in the browser."),
        ("expired_token", "The code expired before anybody approved it."),
        ("invalid_grant", "It is invalid_grant."),
    ] {
        let settings = tempfile::tempdir().expect("a folder");
        let portal = ScriptedPortal::start(vec![authorization(), error("authorization_pending"), error(name)]);
        let (code, out, told) = Login::start(client(settings.path(), &portal.url, &["login"])).end();
        assert_eq!((code, out.as_str()), (Some(1), ""), "{told}");
        assert!(told.contains(said), "{told}");
        assert!(!settings.path().join("sallyport/credentials.json").exists());
        assert_eq!(portal.end().len(), 3);
    }
}

#[test]
fn a_sign_in_is_kept_refreshed_once_and_ended() {
    let settings = tempfile::tempdir().expect("a folder");
    let me = (200, json!({ "name": "Ada\u{1b}[2J", "email": "ada@example.com" }));
    let orgs = || {
        (
            200,
            json!({ "data": [{ "org_id": "org_a", "name": "\u{9b}31mLabs", "archived_at": null }], "next_cursor": null }),
        )
    };
    let expired = (401, json!({ "detail": "This credential is no longer valid." }));
    let ended = error("invalid_grant");
    let portal = ScriptedPortal::start(vec![
        authorization(),
        error("authorization_pending"),
        tokens(1),
        me,
        expired,
        tokens(2),
        orgs(),
        (200, Value::Null),
        authorization(),
        tokens(3),
        (403, json!({ "detail": "Not you." })),
        (401, json!({ "detail": "No." })),
        ended,
    ]);
    let (code, out, told) = Login::start(client(settings.path(), &portal.url, &["login"])).end();
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(out, format!("Signed in to {} as Ada�[2J (ada@example.com).\n", portal.url));
    let listed = says(settings.path(), "", &["orgs", "list"]);
    assert!(listed.contains("�31mLabs"), "{listed:?}");
    assert_eq!(credentials(settings.path())["portals"][&portal.url]["refresh_token"], "sp_ref_2");
    says(settings.path(), "", &["logout"]);
    assert_eq!(credentials(settings.path())["portals"], json!({}));

    let (code, out, _) = Login::start(client(settings.path(), &portal.url, &["login"])).end();
    assert_eq!((code, out), (Some(0), format!("Signed in to {}.\n", portal.url)));
    let ended = run(settings.path(), "", &["orgs", "list"]);
    assert!(stderr(&ended).contains("has ended. Sign in again: sallyport login --url"), "{}", stderr(&ended));
    assert_eq!(credentials(settings.path())["portals"], json!({}));

    let url = portal.url.clone();
    let requests = portal.end();
    let lines: Vec<_> = requests.iter().map(|request| request.line()).collect();
    let device = "POST /oauth/device_authorization";
    assert_eq!(
        lines,
        [
            device,
            "POST /oauth/token",
            "POST /oauth/token",
            "GET /v1/me",
            "GET /v1/orgs?limit=100",
            "POST /oauth/token",
            "GET /v1/orgs?limit=100",
            "POST /oauth/revoke",
            device,
            "POST /oauth/token",
            "GET /v1/me",
            "GET /v1/orgs?limit=100",
            "POST /oauth/token",
        ]
    );
    assert!(requests[0].body.starts_with("client_id=sallyport-cli&device_name=sallyport+"), "{}", requests[0].body);
    assert_eq!(requests[6].header("authorization"), Some("Bearer sp_pat_2"));
    assert!(requests[6].header("user-agent").is_some_and(|agent| agent.starts_with("sallyport/")));
    assert_eq!(requests[5].body, "client_id=sallyport-cli&grant_type=refresh_token&refresh_token=sp_ref_1");
    assert_eq!(requests[7].body, "client_id=sallyport-cli&token=sp_ref_2");

    // A portal that is gone keeps nobody signed in here.
    let portal = ScriptedPortal::start(vec![authorization(), tokens(4), (404, Value::Null)]);
    let (code, ..) = Login::start(client(settings.path(), &portal.url, &["login"])).end();
    let gone = portal.url.clone();
    portal.end();
    assert_eq!(code, Some(0));
    let out = run(settings.path(), &gone, &["logout"]);
    assert!(out.status.success() && stdout(&out).contains("not ended there"), "{}{}", stdout(&out), stderr(&out));
    assert_eq!(credentials(settings.path())["portals"].get(&url), None);
}

#[test]
fn two_commands_at_once_use_a_refresh_token_once() {
    let settings = tempfile::tempdir().expect("a folder");
    let list = || (200, json!({ "data": [], "next_cursor": null }));
    let portal = ScriptedPortal::start(vec![authorization(), tokens(1), (404, Value::Null), tokens(2), list(), list()]);
    assert_eq!(Login::start(client(settings.path(), &portal.url, &["login"])).end().0, Some(0));
    let mut changed = credentials(settings.path());
    changed["portals"][&portal.url]["expires_at"] = json!("2026-01-01T00:00:00Z");
    fs::write(settings.path().join("sallyport/credentials.json"), changed.to_string()).expect("written");
    let start =
        || client(settings.path(), "", &["orgs", "list"]).stdout(Stdio::null()).spawn().expect("the binary starts");
    let commands = [start(), start()];
    for mut command in commands {
        assert!(command.wait().expect("ended").success());
    }
    let requests = portal.end();
    let refreshes = requests.iter().filter(|request| request.body.contains("grant_type=refresh_token"));
    assert_eq!(refreshes.count(), 1);
}
