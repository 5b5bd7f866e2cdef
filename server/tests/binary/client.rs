//! The commands that call a portal over HTTP: the binary against a running one, with a token from the environment.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::server::{Server, between, sallyport, stderr, stdout};

/// A command of somebody whose settings are in this folder, without a terminal.
pub fn client(settings: &Path, url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(arguments).env("XDG_CONFIG_HOME", settings).env("HOME", settings).env("SALLYPORT_URL", url);
    command.env_remove("SALLYPORT_TOKEN").current_dir(settings).stdin(Stdio::null());
    command
}

struct Portal {
    folder: tempfile::TempDir,
    server: Server,
    token: String,
}

impl Portal {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let mut server = Server::start(&data);
        server.set_up();
        let token = stdout(&sallyport(&data, &["token", "create", "--name", "script", "--manage"])).trim().to_owned();
        Self { folder, server, token }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = client(self.folder.path(), &format!("http://{}", self.server.address), arguments);
        command.env("SALLYPORT_TOKEN", &self.token);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    /// Its standard output; it has to succeed.
    fn says(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert!(ended.status.success(), "{arguments:?}: {}", stderr(&ended));
        stdout(&ended)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.says(&[arguments, &["--json"]].concat())).expect("JSON")
    }

    /// Its standard error; it has to fail with this code.
    fn fails(&self, arguments: &[&str], code: i32) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {}{}", stdout(&ended), stderr(&ended));
        stderr(&ended)
    }

    fn id(&self, arguments: &[&str], field: &str) -> String {
        self.json(arguments)[field].as_str().expect(field).to_owned()
    }

    /// An organization down to an app, made by the commands.
    fn app(&self) -> (String, String) {
        let org = self.id(&["orgs", "create", "--name", "Focus", "--plan", "pro"], "org_id");
        let tenant = self.id(&["tenants", "create", "--org", &org, "--name", "Clinics"], "tenant_id");
        let project = self.id(&["projects", "create", "--tenant", &tenant, "--name", "Website"], "project_id");
        let app = &["apps", "create", "--project", &project, "--name", "Backend", "--os", "backend"];
        (org, self.id(app, "app_id"))
    }

    fn keys(&self, app: &str) -> Vec<Value> {
        let listed = self.json(&["keys", "list", "--app", app, "--include-revoked"]);
        listed.as_array().expect("an array").clone()
    }
}

fn new_key<'a>(app: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let most = ["keys", "create", "--app", app, "--label", "CI", "--environment", "production", "--scope", "read"];
    [&most, more].concat()
}

#[test]
fn places_are_made_shown_and_listed() {
    let portal = Portal::start();
    let (org, app) = portal.app();
    let shown = portal.says(&["orgs", "show", &org]);
    assert!(shown.contains("Organization:  Focus\n") && shown.contains("Plan:          pro\n"), "{shown}");
    let app_shown = portal.json(&["apps", "show", &app]);
    let id = |name: &str| app_shown[name].as_str().expect(name).to_owned();
    for (arguments, field, id) in [
        (vec!["orgs", "list"], "org_id", org.clone()),
        (vec!["tenants", "list", "--org", &org], "tenant_id", id("tenant_id")),
        (vec!["projects", "list", "--tenant", &id("tenant_id")], "project_id", id("project_id")),
        (vec!["apps", "list", "--project", &id("project_id")], "app_id", app.clone()),
    ] {
        let listed = portal.json(&arguments);
        let ids: Vec<_> = listed.as_array().expect("an array").iter().map(|entry| &entry[field]).collect();
        assert_eq!(ids, [&id], "{arguments:?}");
        let table = portal.says(&arguments);
        assert!(table.starts_with("ID ") && table.contains(&id), "{table}");
    }
    let members = portal.says(&["members", "list", "--org", &org]);
    assert_eq!(members, "Nobody has a role there yet.\n");
    let events = portal.json(&["activity", "list", "--org", &org, "--action", "app.created"]);
    assert_eq!(events[0]["target_id"], app.as_str());
    assert!(portal.says(&["activity", "list", "--org", &org]).contains("script  app.created"));
    portal.server.kill();
}

#[test]
fn a_list_goes_on_until_its_limit() {
    let portal = Portal::start();
    let (org, app) = portal.app();
    let tenant = portal.id(&["apps", "show", &app], "tenant_id");
    for n in 0..4 {
        portal.says(&["projects", "create", "--tenant", &tenant, "--name", &format!("P{n}")]);
    }
    let some = portal.run(&["projects", "list", "--tenant", &tenant, "--limit", "2", "--json"]);
    assert!(stderr(&some).contains("There are more: add --all"), "{}", stderr(&some));
    assert_eq!(serde_json::from_str::<Vec<Value>>(&stdout(&some)).expect("an array").len(), 2);
    let all = portal.run(&["projects", "list", "--tenant", &tenant, "--all", "--json"]);
    assert_eq!(
        (stderr(&all).as_str(), serde_json::from_str::<Vec<Value>>(&stdout(&all)).expect("an array").len()),
        ("", 5)
    );
    let _ = org;
    portal.server.kill();
}

#[test]
fn a_key_is_made_works_and_is_revoked() {
    let portal = Portal::start();
    let (_, app) = portal.app();
    let file = portal.folder.path().join("ci.json");
    let out = file.to_str().expect("UTF-8");
    let told = portal.run(&new_key(&app, &["--out", out, "--expires", "7"]));
    assert!(told.status.success(), "{}", stderr(&told));
    assert!(!stdout(&told).contains("sk_live_") && !stderr(&told).contains("sk_live_"), "only in the file");
    assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    let written: Value = serde_json::from_str(&fs::read_to_string(&file).expect("read")).expect("JSON");
    let fields: Vec<_> = written.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(fields, ["app_id", "org_id", "project_id", "secret_key", "signing_secret", "tenant_id"]);
    let secret = written["secret_key"].as_str().expect("a key");
    let verdict = portal.server.verify(&portal.token, secret);
    assert_eq!((verdict["valid"].as_bool(), verdict["app_id"].as_str()), (Some(true), Some(app.as_str())));
    let id = verdict["key_id"].as_str().expect("an id");

    let refused = portal.fails(&new_key(&app, &["--out", out]), 1);
    assert!(refused.contains("exists already"), "{refused}");
    assert_eq!(portal.keys(&app).len(), 1, "none was created");

    let unanswered = portal.fails(&["keys", "revoke", id], 1);
    assert!(unanswered.contains("add --yes") && unanswered.contains("CI (production"), "{unanswered}");
    assert_eq!(portal.says(&["keys", "revoke", id, "--yes", "--reason", "Lost"]), format!("Revoked {id} (CI).\n"));
    let verdict = portal.server.verify(&portal.token, secret);
    assert_eq!((verdict["code"].as_str(), verdict["status"].as_u64()), (Some("revoked"), Some(401)));
    let shown = portal.says(&["keys", "show", id]);
    assert!(shown.contains("revoked") && shown.contains("Lost"), "{shown}");
    portal.server.kill();
}

#[test]
fn a_key_is_rotated_and_both_secrets_work() {
    let portal = Portal::start();
    let (_, app) = portal.app();
    let printed = |arguments: &[&str]| -> Value { serde_json::from_str(&portal.says(arguments)).expect("JSON") };
    let first = printed(&new_key(&app, &[]));
    let secret = |credentials: &Value| credentials["secret_key"].as_str().expect("a key").to_owned();
    let id = portal.server.verify(&portal.token, &secret(&first))["key_id"].as_str().expect("an id").to_owned();
    let file = portal.folder.path().join("rotated.json");
    let out = file.to_str().expect("UTF-8");
    let told = portal.run(&["keys", "rotate", &id, "--grace", "3600", "--out", out]);
    assert!(told.status.success(), "{}", stderr(&told));
    assert!(!stdout(&told).contains("sk_live_") && stderr(&told).contains("The old secret is accepted until "));
    let second: Value = serde_json::from_str(&fs::read_to_string(&file).expect("read")).expect("JSON");
    for (credentials, name) in [(&first, "previous"), (&second, "current")] {
        assert_eq!(portal.server.verify(&portal.token, &secret(credentials))["secret"], name);
    }
    let refused = portal.fails(&["keys", "rotate", &id], 1);
    assert!(refused.contains("being rotated"), "{refused}");
    assert!(portal.says(&["keys", "show", &id]).contains("rotating"));
    let third = printed(&["keys", "rotate", &id, "--end", "previous", "--grace", "0", "--keep-signing-secret"]);
    for (credentials, code) in [(&first, "rotated"), (&second, "rotated"), (&third, "valid")] {
        assert_eq!(portal.server.verify(&portal.token, &secret(credentials))["code"], code);
    }
    assert!(third.get("signing_secret").is_none(), "{third}");
    portal.server.kill();
}

#[test]
fn credentials_are_printed_or_the_key_is_revoked() {
    let portal = Portal::start();
    let (_, app) = portal.app();
    let printed = portal.says(&new_key(&app, &["--no-signing-secret"]));
    let printed: Value = serde_json::from_str(&printed).expect("JSON");
    assert!(printed["secret_key"].as_str().is_some_and(|key| key.starts_with("sk_live_")));
    assert_eq!((printed.get("signing_secret"), printed.get("key_id")), (None, None));
    let whole = portal.json(&new_key(&app, &["--metadata", "{\"team\":\"billing\"}"]));
    assert!(whole["key_id"].is_string() && whole["signing_secret"].is_string(), "all of the answer");

    let lost = portal.command(&new_key(&app, &[])).stdout(Stdio::null()).output().expect("runs");
    assert!(!lost.status.success() && stderr(&lost).contains("No key was created"), "{}", stderr(&lost));
    assert_eq!(portal.keys(&app).len(), 2);

    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let lost = portal.command(&new_key(&app, &[])).stdout(full).output().expect("runs");
    let said = stderr(&lost);
    assert!(
        !lost.status.success() && said.contains("could not be written") && said.contains("so it was revoked"),
        "{said}"
    );
    let keys = portal.keys(&app);
    assert_eq!((keys.len(), keys[0]["status"].as_str()), (3, Some("revoked")));
    portal.server.kill();
}

#[test]
fn errors_are_sentences() {
    let portal = Portal::start();
    let (org, app) = portal.app();
    let file = portal.folder.path().join("none.json");
    let wrong = [
        "keys",
        "create",
        "--app",
        &app,
        "--label",
        "",
        "--environment",
        "moon",
        "--scope",
        "fly",
        "--out",
        "none.json",
    ];
    let said = portal.fails(&wrong, 1);
    assert!(said.contains("label: ") && said.contains("environment: ") && said.contains("scopes: "), "{said}");
    assert!(!file.exists(), "it is removed again");
    assert_eq!(portal.fails(&["orgs", "show", "org_none_kB8mPx"], 1), "sallyport: Not found.\n");
    assert!(portal.fails(&["orgs", "show", "Focus"], 2).contains("org_focus_labs_kB8mPx"));
    assert!(portal.fails(&["keys", "list"], 2).contains("--app"));
    assert!(portal.fails(&["orgs", "list", "--data", "x"], 2).contains("commands on this machine"));
    assert!(
        portal
            .fails(&["members", "set-role", "eve@example.com", "--org", &org, "--role", "admin"], 1)
            .contains("Nobody")
    );

    let refused = portal.command(&["orgs", "list"]).env("SALLYPORT_TOKEN", "sp_root_wrong").output().expect("runs");
    assert!(stderr(&refused).contains("refused the token in SALLYPORT_TOKEN"), "{}", stderr(&refused));
    let nowhere = portal.command(&["orgs", "list"]).env_remove("SALLYPORT_URL").output().expect("runs");
    assert!(stderr(&nowhere).contains("set SALLYPORT_URL"), "{}", stderr(&nowhere));
    let nobody = portal.command(&["orgs", "list"]).env_remove("SALLYPORT_TOKEN").output().expect("runs");
    assert!(stderr(&nobody).contains("sallyport login --url http://127.0.0.1:"), "{}", stderr(&nobody));
    let clear =
        portal.command(&["orgs", "list"]).env("SALLYPORT_URL", "http://keys.example.com").output().expect("runs");
    assert_eq!(clear.status.code(), Some(2));
    let said = stderr(&clear);
    assert!(said.contains("https://") && said.contains("environment variable SALLYPORT_URL"), "{said}");
    portal.server.kill();

    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let mut command = client(portal.folder.path(), &format!("http://{free}"), &["orgs", "list"]);
    let down = command.env("SALLYPORT_TOKEN", "sp_root_1").output().expect("runs");
    assert!(stderr(&down).contains("nothing listens there"), "{}", stderr(&down));
}

#[test]
fn people_are_invited_and_their_roles_change() {
    let portal = Portal::start();
    let org = portal.server.make("/orgs/new", &[("name", "Labs"), ("plan", "pro"), ("tenant", "T")]);
    let members = portal.json(&["members", "list", "--org", &org]);
    assert_eq!((members[0]["email"].as_str(), members[0]["role"].as_str()), (Some("ada@example.com"), Some("owner")));
    let invited = portal.says(&["members", "invite", "noor@example.com", "--org", &org, "--role", "member"]);
    assert!(invited.contains("noor@example.com") && invited.contains("http://"), "mail is off: {invited}");
    let last = portal.fails(&["members", "set-role", "ada@example.com", "--org", &org, "--role", "member"], 1);
    assert!(last.to_lowercase().contains("owner"), "{last}");
    let tenant = between(
        &portal.server.ask("GET", &format!("/orgs/{org}"), &[], "").expect("answered"),
        "href=\"/tenants/",
        '"',
    );
    let given = portal.json(&[
        "members",
        "set-role",
        members[0]["user_id"].as_str().expect("an id"),
        "--tenant",
        &tenant,
        "--role",
        "tenant_admin",
    ]);
    assert!(given["roles"].as_array().expect("roles").iter().any(|grant| grant["role"] == "tenant_admin"), "{given}");
    let asked = portal.fails(&["members", "remove", "ADA@example.com", "--tenant", &tenant], 1);
    assert!(asked.contains("add --yes"), "{asked}");
    portal.says(&["members", "remove", "ADA@example.com", "--tenant", &tenant, "--yes"]);
    let members = portal.json(&["members", "list", "--tenant", &tenant]);
    assert_eq!(members[0]["roles"].as_array().map(Vec::len), Some(1), "{members}");
    portal.server.kill();
}

#[test]
fn endpoints_of_webhooks_are_made_and_tested() {
    let portal = Portal::start();
    let org = portal.server.make("/orgs/new", &[("name", "Labs"), ("plan", "pro"), ("tenant", "T")]);
    assert!(portal.says(&["webhooks", "list", "--org", &org]).contains("There are no endpoints."));
    let create = ["webhooks", "create", "--org", &org, "--environment", "production", "--to"];
    let refused = portal.fails(&[&create[..], &["https://10.0.0.1/"]].concat(), 1);
    assert!(refused.contains("not on the public internet"), "{refused}");
    let made = portal.says(&[&create[..], &["https://hooks.example.com/keys", "--event", "key.revoked"]].concat());
    assert!(made.contains("whsec_") && made.contains("key.revoked"), "{made}");
    let listed = portal.json(&["webhooks", "list", "--org", &org]);
    let id = listed[0]["webhook_id"].as_str().expect("an id");
    let shown = portal.says(&["webhooks", "show", id]);
    assert!(shown.contains("active") && !shown.contains("whsec_"), "{shown}");
    let other = portal.json(&["webhooks", "secret", id, "--grace", "60"]);
    assert!(other["previous_expires_at"].is_string() && !made.contains(other["secret"].as_str().expect("a secret")));
    let tested = portal.json(&["webhooks", "test", id]);
    assert_eq!((&tested["event"], &tested["sequence"]), (&Value::from("webhook.test"), &Value::from(1)));
    let sent = portal.says(&["webhooks", "deliveries", id, "--event", "webhook.test"]);
    assert!(sent.contains(tested["delivery_id"].as_str().expect("an id")), "{sent}");
    assert!(portal.says(&["webhooks", "deliveries", id, "--event", "key.revoked"]).contains("Nothing like this"));
    assert!(portal.fails(&["webhooks", "resend", "msg_5F4iGN2e1DLYq3Xw7Hq2"], 1).contains("Not found."));
    assert!(portal.fails(&["webhooks", "delete", id], 1).contains("add --yes"));
    assert_eq!(portal.says(&["webhooks", "delete", id, "--yes"]), format!("Deleted {id}.\n"));
    assert!(portal.fails(&["webhooks", "show", id], 1).contains("Not found."));
    portal.server.kill();
}
