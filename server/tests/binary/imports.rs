//! `sallyport import`, and `kill -9` while a server imports: every key is imported once.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt};

use sallyport::{
    audit::{Act, Actor},
    import::{self, rule::RuleInput},
    store::{EventFilter, IMPORT_QUEUE, KeyFilter, Location},
    testing::TestStore,
};
use serde_json::{Value, json};

use crate::server::{Server, sallyport, stderr, stdout};

sallyport::on_both_databases!(kills_import_each_key_once);

const KEYS: usize = 1_500;

fn file() -> String {
    let line = |n: usize| json!({ "key": format!("legacy_{n:020}"), "label": format!("Key {n}"), "environment": "production", "scopes": ["read"] });
    (0..KEYS).map(|n| format!("{}\n", line(n))).collect()
}

/// How many lines of the import are done.
async fn done(store: &TestStore, id: &sallyport::id::ImportId) -> i64 {
    store.import(id).await.expect("read").expect("there").counts.total()
}

async fn kills_import_each_key_once(store: &TestStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = match store.location() {
        Location::Sqlite(path) => path.parent().expect("a folder").to_owned(),
        Location::Postgres(_) => folder.path().to_owned(),
    };
    std::fs::write(data.join("master.key"), TestStore::master_key()).expect("written");
    std::fs::set_permissions(data.join("master.key"), PermissionsExt::from_mode(0o600)).expect("set");
    let mut arguments = Vec::new();
    if let Location::Postgres(url) = store.location() {
        arguments.extend(["--database-url", url]);
    }
    let log = folder.path().join("log");
    let start = || Server::start_logged_with(&data, &arguments, &log);
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let read = import::read(file().as_bytes(), &RuleInput::default(), store.profile(), store.now()).expect("a file");
    let id = store.create_import(&Act::by(Actor::CommandLine), &app, read, true).await.expect("made");
    for kill in 1..=3 {
        let server = start();
        while done(store, &id).await < kill * 200 {
            tokio::task::yield_now().await;
        }
        server.kill();
        // As a minute later: the lease of the killed server has expired.
        store.execute(format!("UPDATE jobs SET lease_until = NULL WHERE queue = '{IMPORT_QUEUE}'")).await;
    }
    let server = start();
    while store.import(&id).await.expect("read").expect("there").finished_at.is_none() {
        tokio::task::yield_now().await;
    }
    server.kill();
    let import = store.import(&id).await.expect("read").expect("there");
    assert_eq!((import.counts.imported, import.counts.repeated, import.counts.refused), (KEYS as i64, 0, 0));
    let (mut labels, mut before, mut all) = (BTreeSet::new(), None, 0);
    loop {
        let filter = KeyFilter { before, limit: Some(100), ..KeyFilter::default() };
        let page = store.keys(&org.id, Some(&app.id), &filter).await.expect("read");
        all += page.keys.len();
        labels.extend(page.keys.into_iter().map(|key| key.label));
        before = page.older;
        if before.is_none() {
            break;
        }
    }
    assert_eq!((all, labels.len()), (KEYS, KEYS), "none is lost, none is there twice");
    let filter = EventFilter::default();
    let page = store.events(&org.id, None, &filter).await.expect("read");
    assert_eq!(page.events[0].action, "import.finished");
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(!log.contains("legacy_0"), "{log}");
}

#[test]
fn a_file_is_imported_on_the_machine_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let token = root_token_that_manages(&data);
    let made = |path: &str, body: Value, id: &str| -> String {
        let headers = [("Authorization", format!("Bearer {token}")), ("Content-Type", "application/json".to_owned())];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = server.ask("POST", path, &headers, &body.to_string()).expect("answered");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let json: Value = serde_json::from_str(body).expect("JSON");
        json[id].as_str().unwrap_or_else(|| panic!("{path}: {body}")).to_owned()
    };
    let org = made("/v1/orgs", json!({ "name": "Focus", "plan": "pro" }), "org_id");
    let tenant = made(&format!("/v1/orgs/{org}/tenants"), json!({ "name": "One" }), "tenant_id");
    let project = made(&format!("/v1/tenants/{tenant}/projects"), json!({ "name": "One" }), "project_id");
    let app = made(&format!("/v1/projects/{project}/apps"), json!({ "name": "One" }), "app_id");
    let path = folder.path().join("keys.csv");
    let (good, slow) = ("legacy_Zm9vYmFyYmF6cXV4", "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW");
    let csv =
        format!("key,sha256,label,environment,scopes\n{good},,CI,production,read\n,{slow},Slow,production,read\n");
    std::fs::write(&path, csv).expect("written");
    let run =
        |more: &[&str]| sallyport(&data, &[&["import", path.to_str().expect("UTF-8"), "--app", &app], more].concat());
    let dry = run(&["--dry-run"]);
    let said = stdout(&dry);
    assert!(dry.status.success() && said.contains("1 would be imported, 0 imported before, 1 refused."), "{said}");
    assert!(said.contains("bcrypt") && !said.contains(slow) && !said.contains(good), "{said}");
    let done = run(&["--json"]);
    let json: Value = serde_json::from_str(&stdout(&done)).unwrap_or_else(|_| panic!("{}", stderr(&done)));
    assert_eq!((&json["imported"], &json["refused"], &json["dry_run"]), (&json!(1), &json!(1), &json!(false)));
    assert!(stdout(&run(&[])).contains("0 imported, 1 imported before, 1 refused."));
    let code = |key: &str| {
        let (name, value) = ("Authorization", format!("Bearer {token}"));
        let headers = [(name, value.as_str()), ("Content-Type", "application/json")];
        let answer =
            server.ask("POST", "/v1/keys/verify", &headers, &json!({ "key": key }).to_string()).expect("answered");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str::<Value>(body).expect("JSON")["code"].as_str().expect("text").to_owned()
    };
    // The running server learns of it within a second.
    let started = std::time::Instant::now();
    while code(good) != "valid" {
        assert!(started.elapsed() < std::time::Duration::from_secs(30), "the server never learnt of it");
    }
    let wrong = sallyport(&data, &["import", "/nowhere", "--app", &app]);
    assert!(!wrong.status.success() && stderr(&wrong).contains("can't be read"), "{}", stderr(&wrong));
    server.kill();
}

fn root_token_that_manages(data: &std::path::Path) -> String {
    stdout(&sallyport(data, &["token", "create", "--name", "test", "--manage"])).trim().to_owned()
}
