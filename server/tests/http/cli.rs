//! The binary next to a server on the same database: its changes apply at once.

mod audit;

use std::{
    fs::File,
    io::{Read, Write},
    process::{Command, Output, Stdio},
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};
use sallyport::{store::Location, testing::TestStore};

use crate::portal::{PASSWORD, TestPortal};

crate::on_both_portals!(
    a_lost_password_is_replaced,
    an_account_is_made_and_listed,
    a_disabled_person_is_out_at_once,
    a_password_that_was_set_is_to_be_changed,
    people_are_signed_out,
    members_come_and_go,
    the_keys_of_a_removed_member_are_revoked_on_demand,
    exit_codes_distinguish_errors,
);

const NEW: &str = "walls have small doors";

fn command(portal: &TestPortal, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(args).env("SALLYPORT_MASTER_KEY", TestStore::master_key());
    match portal.store.location() {
        Location::Sqlite(path) => command.arg("--data").arg(path.parent().expect("a folder")),
        // Nothing is written there, because the key is in the environment.
        Location::Postgres(url) => command.args(["--data", "/tmp", "--database-url", url]),
    };
    command
}

fn run(portal: &TestPortal, args: &[&str], typed: &str) -> Output {
    let mut command = command(portal, args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A command that reads nothing may have closed it.
    let _ = stdin.write_all(typed.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("ended")
}

/// Its standard output; it has to succeed.
fn says(portal: &TestPortal, args: &[&str], typed: &str) -> String {
    let output = run(portal, args, typed);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Its standard error; it has to fail with that code.
fn fails(portal: &TestPortal, args: &[&str], typed: &str, code: i32) -> String {
    let output = run(portal, args, typed);
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(code), "{args:?}: {error}");
    error
}

async fn sign_in(portal: &TestPortal, email: &str, password: &str) -> (u16, crate::client::Client) {
    let browser = portal.another();
    let answer = browser.post("/sign-in", &[("email", email), ("password", password)]).await;
    (answer.status.as_u16(), browser)
}

async fn a_lost_password_is_replaced(portal: &TestPortal) {
    portal.set_up().await;
    for (typed, message) in [
        ("short\n", "Use at least 12 characters"),
        ("Password1234\n", "everybody tries first"),
        ("ada byron 1815\n", "made of your name"),
        ("", "No password came on standard input"),
    ] {
        let error = fails(portal, &["user", "password", "ada@example.com"], typed, 1);
        assert!(error.contains(message), "{error}");
    }
    assert_eq!(portal.get("/account").await.status, 200, "nothing was changed");
    let said = says(portal, &["user", "password", "Ada@Example.com"], &format!("{NEW}\n"));
    assert_eq!(said, "The password of Ada Byron was changed. Sessions ended: 1.\n");
    assert_eq!(portal.get("/account").await.status, 303, "whoever was in is out");
    assert_eq!(sign_in(portal, "ada@example.com", PASSWORD).await.0, 422);
    assert_eq!(sign_in(portal, "ada@example.com", NEW).await.0, 303);
    let error = fails(portal, &["user", "password", "none@example.com"], NEW, 1);
    assert!(error.contains("No account has the e-mail address none@example.com."), "{error}");
    assert!(portal.store.check_chain("system").await.expect("read").is_ok());
}

async fn an_account_is_made_and_listed(portal: &TestPortal) {
    assert!(says(portal, &["user", "list"], "").contains("There are no accounts yet."));
    let create = ["user", "create", "--email", "Eve@example.com", "--name", "Eve", "--operator"];
    let said = says(portal, &create, &format!("{NEW}\r\n"));
    assert!(said.starts_with("Created the account usr_") && said.ends_with(" of Eve <eve@example.com>.\n"), "{said}");
    let error = fails(portal, &create, NEW, 1);
    assert!(error.contains("sallyport user password eve@example.com"), "{error}");
    let list: serde_json::Value = serde_json::from_str(&says(portal, &["user", "list", "--json"], "")).expect("JSON");
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert_eq!((&list[0]["email"], &list[0]["operator"]), (&"eve@example.com".into(), &true.into()));
    assert_eq!((&list[0]["name"], &list[0]["disabled_at"]), (&"Eve".into(), &serde_json::Value::Null));
    assert!(says(portal, &["user", "list"], "").contains("  eve@example.com  operator  active  Eve"));
    let text = says(portal, &["user", "list"], "");
    let lines: Vec<_> = text.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).collect()).collect();
    let [head, row]: [Vec<_>; 2] = lines.try_into().expect("a head and a row");
    let head: Vec<_> = head.into_iter().map(str::trim).collect();
    assert_eq!(head, ["ID", "CREATED", "EMAIL", "KIND", "STATUS", "NAME"]);
    assert_eq!(row[..2], [list[0]["user_id"].as_str().expect("text"), list[0]["created_at"].as_str().expect("text")]);
    let create = ["user", "create", "bob@example.com", "--name", "Bob", "--json"];
    let made: serde_json::Value = serde_json::from_str(&says(portal, &create, NEW)).expect("JSON");
    assert_eq!((&made["email"], &made["operator"]), (&"bob@example.com".into(), &false.into()));
    for disable in [&["user", "disable", "bob@example.com"][..], &["user", "disable", "--email", "bob@example.com"]] {
        assert!(says(portal, disable, "").contains("the account of Bob"), "{disable:?}");
        says(portal, &["user", "enable", "bob@example.com"], "");
    }
    assert_eq!(sign_in(portal, "eve@example.com", NEW).await.0, 303);
}

async fn a_disabled_person_is_out_at_once(portal: &TestPortal) {
    portal.set_up().await;
    let eve = portal.stranger().await;
    assert_eq!(eve.get("/account").await.status, 200);
    let said = says(portal, &["user", "disable", "eve@example.com"], "");
    assert_eq!(said, "Disabled the account of Eve. Their sessions are ended.\n");
    assert_eq!(eve.get("/account").await.status, 303);
    assert_eq!(sign_in(portal, "eve@example.com", PASSWORD).await.0, 422);
    assert!(says(portal, &["user", "disable", "eve@example.com"], "").contains("already"));
    let error = fails(portal, &["user", "disable", "ada@example.com"], "", 1);
    assert!(error.contains("last operator") && error.contains("sallyport user create"), "{error}");
    assert_eq!(portal.get("/account").await.status, 200);
    says(portal, &["user", "enable", "eve@example.com"], "");
    assert_eq!(eve.get("/account").await.status, 303, "the session is not back");
    assert_eq!(sign_in(portal, "eve@example.com", PASSWORD).await.0, 303);
}

async fn a_password_that_was_set_is_to_be_changed(portal: &TestPortal) {
    let create = |email: &'static str| ["user", "create", "--email", email, "--name", "N"];
    says(portal, &create("eve@example.com"), NEW);
    says(portal, &[&create("bob@example.com")[..], &["--keep"]].concat(), NEW);
    for (email, to) in [("eve@example.com", "/account/password"), ("bob@example.com", "")] {
        let (status, browser) = sign_in(portal, email, NEW).await;
        assert_eq!((status, browser.get("/account").await.location()), (303, to), "{email}");
    }
    says(portal, &["user", "password", "bob@example.com"], "walls have tall towers\n");
    let (_, bob) = sign_in(portal, "bob@example.com", "walls have tall towers").await;
    assert_eq!(bob.get("/account").await.location(), "/account/password");
    // With a byte order mark.
    says(portal, &["user", "password", "bob@example.com", "--keep"], &format!("\u{feff}{NEW}\r\n"));
    let (status, bob) = sign_in(portal, "bob@example.com", NEW).await;
    assert_eq!((status, bob.get("/account").await.status.as_u16()), (303, 200));
}

async fn people_are_signed_out(portal: &TestPortal) {
    portal.set_up().await;
    let eve = portal.stranger().await;
    let said = says(portal, &["user", "sign-out", "Eve@example.com"], "");
    assert_eq!(said, "Eve is signed out. Sessions ended: 1.\n");
    assert_eq!((eve.get("/account").await.status.as_u16(), portal.get("/account").await.status.as_u16()), (303, 200));
    let (_, eve) = sign_in(portal, "eve@example.com", PASSWORD).await;
    assert_eq!(says(portal, &["user", "sign-out", "--all"], ""), "Everybody is signed out. Sessions ended: 2.\n");
    assert_eq!((eve.get("/account").await.status.as_u16(), portal.get("/account").await.status.as_u16()), (303, 303));
    assert_eq!(says(portal, &["user", "sign-out", "--all"], ""), "Everybody is signed out. Sessions ended: 0.\n");
    fails(portal, &["user", "sign-out"], "", 2);
    fails(portal, &["user", "sign-out", "--all", "eve@example.com"], "", 2);
    fails(portal, &["user", "disable"], "", 2);
    fails(portal, &["user", "disable", "eve@example.com", "--email", "eve@example.com"], "", 2);
    assert_eq!(portal.store.check_chain("system").await.expect("read"), Ok(7));
}

async fn members_come_and_go(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let eve = portal.stranger().await;
    let (page, of) = (format!("/orgs/{org}/members"), ["--org", &org, "--email", "eve@example.com"]);
    let add = |role| says(portal, &[&["member", "add", "--role", role], &of[..]].concat(), "");
    assert_eq!(add("member"), "Added Eve to Focus Labs. Role: Member.\n");
    assert_eq!(eve.get(&page).await.status, 200);
    assert_eq!(add("owner"), "Changed the role of Eve in Focus Labs: Owner.\n");
    assert_eq!(add("owner"), "Eve has this role in Focus Labs already: Owner.\n");
    let list = says(portal, &["member", "list", "--org", &org, "--json"], "");
    let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
    assert_eq!((&list[1]["email"], &list[1]["role"]), (&"eve@example.com".into(), &"owner".into()));
    assert!(
        says(portal, &["member", "list", "--org", &org], "").contains("  ada@example.com  owner  active  Ada Byron")
    );

    let remove = ["member", "remove", "--org", &org, "--email"];
    says(portal, &[&remove[..], &["ada@example.com"]].concat(), "");
    assert_eq!(portal.get(&page).await.status, 404);
    let error = fails(portal, &[&remove[..], &["eve@example.com"]].concat(), "", 1);
    assert!(error.contains("This is the last owner."), "{error}");
    let error = fails(portal, &[&["member", "add", "--role", "admin"], &of[..]].concat(), "", 1);
    assert!(error.contains("This is the last owner."), "{error}");
    let error = fails(portal, &[&remove[..], &["ada@example.com"]].concat(), "", 1);
    assert!(error.contains("Ada Byron is not a member of Focus Labs."), "{error}");
}

async fn the_keys_of_a_removed_member_are_revoked_on_demand(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let app = portal.app_in(&org, "Focus").await;
    let eve = portal.stranger().await;
    let (kept, _) = portal.key(&app).await;
    let of = |email| ["--org", &org, "--email", email];
    says(portal, &[&["member", "add", "--role", "developer"], &of("eve@example.com")[..]].concat(), "");
    let token = eve.get(&format!("/apps/{app}/keys?panel=generate")).await.hidden("form_token");
    let form = portal.panel(&app).await.with("form_token", &token).with("label", "Hers");
    assert_eq!(eve.post(&format!("/apps/{app}/keys"), &form.fields()).await.status, 200);
    let remove = |more: &[&str]| says(portal, &[&["member", "remove"], &of("eve@example.com")[..], more].concat(), "");
    assert_eq!(remove(&["--revoke-keys"]), "Removed Eve from Focus Labs.\nRevoked 1 key that Eve created there.\n");
    let list = portal.get(&format!("/apps/{app}/keys?include_revoked=1")).await.body;
    assert!(list.contains("Hers") && list.matches(">Revoked</span>").count() == 1, "{list}");
    assert!(portal.get(&format!("/keys/{kept}")).await.body.contains(">Active</span>"), "that is somebody else's");
    let log = portal.get(&format!("/orgs/{org}/activity?action=key.revoked")).await.body;
    assert!(log.contains("Eve was removed from the organization"), "{log}");

    says(portal, &[&["member", "add", "--role", "member"], &of("eve@example.com")[..]].concat(), "");
    let removed: serde_json::Value = serde_json::from_str(&remove(&["--revoke-keys", "--json"])).expect("JSON");
    assert_eq!((&removed["org_id"], &removed["revoked_keys"]), (&org.as_str().into(), &0.into()));
    assert!(removed["user_id"].as_str().is_some_and(|id| id.starts_with("usr_")), "{removed}");
    // Both or neither.
    let last = [&["member", "remove"], &of("ada@example.com")[..], &["--revoke-keys"]].concat();
    assert!(fails(portal, &last, "", 1).contains("This is the last owner."));
    assert!(portal.get(&format!("/keys/{kept}")).await.body.contains(">Active</span>"));
}

async fn exit_codes_distinguish_errors(portal: &TestPortal) {
    portal.set_up().await;
    for (args, message) in [
        (&["user", "create", "--email", "nobody", "--name", "N"][..], "Write it like ada@example.com."),
        (&["user", "create", "--email", "n@example.com", "--name", " "], "Tell us your name."),
        (&["user", "create", "--email", "n@example.com"], "--name"),
        (&["user", "create", "--email", "n@example.com", "--name", "N", "--password", NEW], "--password"),
        (&["member", "add", "--org", "x", "--email", "n@example.com", "--role", "owner"], "org_focus_labs"),
        (&["member", "add", "--org", "org_x", "--email", "n@example.com", "--role", "king"], "owner, admin or member"),
        (&["user"], "Usage"),
    ] {
        let error = fails(portal, args, NEW, 2);
        assert!(error.contains(message), "{args:?}: {error}");
    }
    let error = fails(portal, &["member", "list", "--org", "org_none_1"], "", 1);
    assert!(error.contains("There is no organization org_none_1."), "{error}");
}

/// Reads a terminal's output until it contains the text.
fn until(terminal: &mut File, text: &str) -> String {
    let mut shown = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&shown).contains(text) {
        // A terminal without writers returns an error.
        match terminal.read(&mut byte) {
            Ok(1) => shown.push(byte[0]),
            _ => panic!("{text} is not in {}", String::from_utf8_lossy(&shown)),
        }
    }
    String::from_utf8_lossy(&shown).into_owned()
}

/// Runs it at a terminal, types a line at each prompt, and returns the output.
fn at_terminal(portal: &TestPortal, args: &[&str], typed: &[(&str, &str)], last: &str) -> (String, Option<i32>) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&controller).and_then(|()| unlockpt(&controller)).expect("ours");
    let name = ptsname(&controller, Vec::new()).expect("a name");
    let line = open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("opens");
    let mut terminal = File::from(controller);
    let mut child = {
        let mut command = command(portal, args);
        command.stdin(File::from(line.try_clone().expect("cloned")));
        command.stdout(File::from(line.try_clone().expect("cloned"))).stderr(File::from(line));
        command.spawn().expect("the binary starts")
    };
    let mut shown = String::new();
    for (prompt, keys) in typed {
        shown += &until(&mut terminal, prompt);
        terminal.write_all(keys.as_bytes()).expect("typed");
    }
    shown += &until(&mut terminal, last);
    (shown, child.wait().expect("ended").code())
}

#[tokio::test]
async fn a_terminal_prompts_twice_for_a_password_without_echo() {
    let portal = TestPortal::new(TestStore::sqlite().await).await;
    portal.set_up().await;
    let args = ["user", "password", "ada@example.com"];
    let differ =
        [("New password: ", "walls have small doors\r"), ("New password again: ", "walls have small floors\r")];
    let (_, code) = at_terminal(&portal, &args, &differ, "The two passwords differ. Try again.");
    assert_eq!(code, Some(1));
    let (_, code) =
        at_terminal(&portal, &args, &[("New password: ", "walls\u{3}")], "Interrupted; nothing was changed.");
    assert_eq!(code, Some(1));
    let typed =
        [("New password: ", "walls have small doorz\u{7f}s\r"), ("New password again: ", "walls have small doors\r")];
    let (shown, code) = at_terminal(&portal, &args, &typed, "Sessions ended: 1.");
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("walls"), "{shown}");
    assert_eq!(sign_in(&portal, "ada@example.com", NEW).await.0, 303);
    portal.end().await;
}
