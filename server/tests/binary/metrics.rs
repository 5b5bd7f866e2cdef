//! `/metrics`: on its own listener only, and with everything that the alert rules and the dashboard name.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use regex::Regex;
use sallyport::{store::Location, testing::TestStore};
use serde_json::Value;

use crate::server::{Server, between, sallyport, stdout};

sallyport::on_both_databases!(everything_that_rules_and_dashboard_name_is_in_a_scrape);

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn text(path: &str) -> String {
    std::fs::read_to_string(file(path)).expect(path)
}

fn dashboard() -> Value {
    serde_json::from_str(&text("examples/grafana/sallyport.json")).expect("JSON")
}

/// A server with a listener for metrics, and its address.
fn start(data: &Path, more: &[&str]) -> (Server, String) {
    let arguments: Vec<_> = ["--metrics-listen", "127.0.0.1:0"].iter().chain(more).copied().collect();
    let (server, said) = Server::start_with(data, &arguments, |line| line.contains("/metrics"));
    let address = between(said.last().expect("a line"), "http://", '/');
    (server, address)
}

fn ask(address: &str, head: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "{head} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status"), body.to_owned())
}

pub(crate) fn scrape(address: &str) -> String {
    let (status, body) = ask(address, "GET /metrics");
    assert_eq!(status, 200, "{body}");
    body
}

/// The value of a sample.
pub(crate) fn value(scrape: &str, sample: &str) -> f64 {
    let line = scrape.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{sample} is not in {scrape}")).parse().expect("a number")
}

/// The names in expressions of Prometheus.
fn names(text: &str) -> BTreeSet<String> {
    let name = Regex::new(r"\b(sallyport|process)_[a-z0-9_]+").expect("a pattern");
    name.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

async fn everything_that_rules_and_dashboard_name_is_in_a_scrape(store: &TestStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = match store.location() {
        Location::Sqlite(path) => path.parent().expect("a folder").to_owned(),
        Location::Postgres(_) => folder.path().to_owned(),
    };
    std::fs::write(data.join("master.key"), TestStore::master_key()).expect("written");
    std::fs::set_permissions(data.join("master.key"), PermissionsExt::from_mode(0o600)).expect("set");
    let database = match store.location() {
        Location::Sqlite(_) => Vec::new(),
        Location::Postgres(url) => vec!["--database-url", url],
    };
    let (mut server, address) = start(&data, &database);
    server.set_up();
    let app = server.make_app();
    let key = server.generate(&app).expect("shown");
    let create: Vec<_> = ["token", "create", "--name", "test"].into_iter().chain(database).collect();
    let token = stdout(&sallyport(&data, &create)).trim().to_owned();
    assert_eq!(server.verify(&token, &key)["valid"], true);
    assert_eq!(server.verify(&token, &key)["valid"], true);
    assert_eq!(server.verify(&token, "sk_live_unknown")["code"], "malformed");
    server.ask("GET", &format!("/nowhere/{key}"), &[], "").expect("answered");

    let found = scrape(&address);
    assert_eq!(value(&found, "sallyport_verification_duration_seconds_count{code=\"valid\"}"), 2.0);
    assert_eq!(value(&found, "sallyport_verification_duration_seconds_count{code=\"malformed\"}"), 1.0);
    let verify = "sallyport_http_requests_total{route=\"/v1/keys/verify\",method=\"POST\",status=\"200\"}";
    assert_eq!(value(&found, verify), 3.0);
    assert_eq!(value(&found, "sallyport_http_request_duration_seconds_count{route=\"/v1/keys/verify\"}"), 3.0);
    assert!(value(&found, "sallyport_cache_hits_total{kind=\"key\"}") >= 1.0);
    assert_eq!(value(&found, "sallyport_lookups_total{kind=\"key\",outcome=\"found\"}"), 1.0);
    assert_eq!(value(&found, "sallyport_check_ok{check=\"database\"}"), 1.0);
    assert_eq!(value(&found, "sallyport_database_scraped"), 1.0);
    let page = "sallyport_http_requests_total{route=\"/apps/{app_id}/keys\",method=\"POST\",status=\"200\"}";
    assert_eq!(value(&found, page), 1.0);
    for secret in [&*key, &*app, &*token, "nowhere"] {
        assert!(!found.contains(secret), "{secret} is in {found}");
    }

    let samples = names(&found);
    // What somebody who is on call asks first.
    for name in [
        "sallyport_http_requests_total",
        "sallyport_http_request_duration_seconds_bucket",
        "sallyport_verification_duration_seconds_bucket",
        "sallyport_cache_hits_total",
        "sallyport_lookups_total",
        "sallyport_lookup_duration_seconds_bucket",
        "sallyport_lease_age_seconds",
        "sallyport_revocation_duration_seconds_bucket",
        "sallyport_jobs_lag_seconds",
        "sallyport_mail_lag_seconds",
        "sallyport_webhook_lag_seconds",
        "sallyport_audit_forward_lag_seconds",
        "sallyport_db_pool_wait_duration_seconds_bucket",
        "sallyport_password_hashes",
        "sallyport_connections",
        "sallyport_trace_spans_total",
    ] {
        assert!(samples.contains(name), "{name} is not in a scrape");
    }
    let rules = names(&text("examples/prometheus/alerts.yml"));
    let queries = names(&dashboard()["panels"].to_string());
    assert!(rules.len() > 15 && queries.len() > 20, "{rules:?} {queries:?}");
    for name in rules.union(&queries) {
        assert!(samples.contains(name), "{name} is not in a scrape");
    }
}

#[test]
fn metrics_are_on_their_own_listener_and_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, address) = start(&folder.path().join("data"), &[]);
    let (status, body) = ask(&server.address, "GET /metrics");
    assert!(status != 200 && !body.contains("sallyport_http"), "{status}: {body}");
    assert_eq!(ask(&address, "GET /").0, 404);
    assert_eq!(ask(&address, "GET /readyz").0, 404);
    assert_eq!(ask(&address, "POST /metrics").0, 405);
    assert_eq!(ask(&address, "HEAD /metrics"), (200, String::new()));
}

#[test]
fn each_alert_has_a_section_in_the_runbook() {
    let (rules, docs) = (text("examples/prometheus/alerts.yml"), text("docs/operating.md"));
    let alerts: Vec<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 10, "{alerts:?}");
    for alert in &alerts {
        assert!(docs.contains(&format!("\n#### {alert}\n")), "docs/operating.md has no section {alert}");
        let runbook = format!("runbook: operating.md#{}\n", alert.to_lowercase());
        assert!(rules.contains(&runbook), "{alert} does not name its section");
    }
}

#[test]
fn the_dashboard_is_one_that_grafana_reads() {
    let dashboard = dashboard();
    assert_eq!((&dashboard["uid"], &dashboard["title"]), (&"sallyport".into(), &"Sallyport".into()));
    assert!(dashboard["schemaVersion"].as_u64().is_some_and(|version| version >= 36));
    let variables = dashboard["templating"]["list"].as_array().expect("a list");
    let variables: Vec<_> = variables.iter().filter_map(|variable| variable["name"].as_str()).collect();
    assert_eq!(variables, ["datasource", "instance"]);
    let panels = dashboard["panels"].as_array().expect("a list");
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().expect("an id")).collect();
    assert_eq!(ids.len(), panels.len());
    for panel in panels {
        let number = |name: &str| panel["gridPos"][name].as_u64().expect("a number");
        assert!(number("x") + number("w") <= 24 && number("h") > 0, "{panel}");
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!((&panel["type"], &panel["datasource"]["uid"]), (&"timeseries".into(), &"${datasource}".into()));
        for target in panel["targets"].as_array().expect("a list") {
            assert!(!names(target["expr"].as_str().expect("an expression")).is_empty(), "{target}");
        }
    }
}

fn promtool(arguments: &[&str], input: &str) {
    let mut tool = Command::new(std::env::var("TEST_PROMTOOL").expect("scripts/promtool prints it"));
    tool.args(arguments).current_dir(file("examples/prometheus"));
    let mut tool = tool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    tool.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
    let output = tool.wait_with_output().expect("ended");
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

#[test]
fn rules_are_good_and_fire_through_promtool() {
    promtool(&["check", "config", "prometheus.yml"], "");
    promtool(&["check", "rules", "alerts.yml"], "");
    promtool(&["test", "rules", "alerts_test.yml"], "");
}

#[test]
fn a_scrape_is_good_through_promtool() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut server, address) = start(&folder.path().join("data"), &[]);
    server.set_up();
    promtool(&["check", "metrics"], &scrape(&address));
}

/// The expressions of the dashboard, as rules.
#[test]
fn expressions_of_the_dashboard_are_good_through_promtool() {
    let dashboard = dashboard();
    let targets = dashboard["panels"].as_array().expect("a list").iter();
    let targets = targets.filter_map(|panel| panel["targets"].as_array()).flatten();
    let rules: Vec<_> = targets
        .enumerate()
        .map(|(n, target)| {
            let expression = target["expr"].as_str().expect("text").replace("$__rate_interval", "5m");
            serde_json::json!({ "record": format!("panel:{n}"), "expr": expression })
        })
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dashboard.yml");
    let groups = serde_json::json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    std::fs::write(&path, groups.to_string()).expect("written");
    promtool(&["check", "rules", path.to_str().expect("text")], "");
}
