//! `sallyport doctor` on real installations.

use std::{os::unix::fs::PermissionsExt, path::Path, process::Output};

use sallyport::testing::RedisServer;
use serde_json::Value;

use crate::server::{Server, sallyport, stderr, stdout};

fn doctor(data: &Path, server: &str, more: &[&str]) -> Output {
    let config = data.with_extension("toml");
    std::fs::write(&config, format!("listen = {server:?}\n")).expect("written");
    let config = config.display().to_string();
    let arguments: Vec<_> = ["doctor", "--config", &config].into_iter().chain(more.iter().copied()).collect();
    sallyport(data, &arguments)
}

fn check(output: &Output, name: &str) -> Value {
    let all: Value = serde_json::from_str(&stdout(output)).expect("JSON");
    let checks = all["checks"].as_array().expect("a list");
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name}: {all}")).clone()
}

#[test]
fn a_good_installation_has_nothing_to_fix() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, backups) = (folder.path().join("data"), folder.path().join("backups"));
    let mut server = Server::start(&data);
    server.set_up();
    std::fs::create_dir(&backups).expect("made");
    let copy = backups.join("today.db").display().to_string();
    assert!(sallyport(&data, &["backup", &copy]).status.success());
    let output = doctor(&data, &server.address, &["--backups", &backups.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    for name in [
        "settings",
        "data_folder",
        "master_key",
        "disk",
        "backup",
        "database",
        "clock",
        "redis",
        "proxies",
        "server",
        "mail",
    ] {
        assert!(stdout(&output).contains(&format!("ok   {name}")), "{name}: {}", stdout(&output));
    }
    let output = doctor(&data, &server.address, &["--json"]);
    assert_eq!(serde_json::from_str::<Value>(&stdout(&output)).expect("JSON")["ok"], true);
}

#[test]
fn what_is_wrong_is_found_with_a_fix() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let address = server.address.clone();
    server.kill();
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).expect("set");
    std::fs::set_permissions(data.join("master.key"), PermissionsExt::from_mode(0o644)).expect("set");
    let backups = folder.path().join("none").display().to_string();
    let output = doctor(&data, &address, &["--json", "--backups", &backups]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    for name in ["data_folder", "master_key", "backup", "server"] {
        let found = check(&output, name);
        assert!(found["ok"] == false && found["fix"].is_string(), "{found}");
    }
    assert_eq!(check(&output, "data_folder")["fix"], format!("chmod 700 {}", data.display()));

    // A key that others can read is not used, not even for this.
    std::fs::set_permissions(data.join("master.key"), PermissionsExt::from_mode(0o600)).expect("set");
    let found = check(&doctor(&data, &address, &["--json"]), "database");
    assert_eq!(found["ok"], true, "{found}");

    std::fs::remove_file(data.join("sallyport.db")).expect("deleted");
    let output = doctor(&data, &address, &["--json"]);
    assert_eq!((output.status.code(), &check(&output, "database")["ok"]), (Some(1), &Value::Bool(false)));
}

#[test]
fn redis_is_checked_with_a_fix_for_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let mut redis = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]);
    let (port, config) = (redis.port(), data.with_extension("toml"));
    let examine = |password: &str| {
        let url = format!("redis://{password}127.0.0.1:{port}");
        std::fs::write(&config, format!("listen = {:?}\nredis_url = {url:?}\n", server.address)).expect("written");
        sallyport(&data, &["doctor", "--json", "--config", &config.display().to_string()])
    };
    let found = check(&examine(""), "redis_memory");
    assert!(found["ok"] == false && found["fix"].as_str().is_some_and(|fix| fix.contains("noeviction")), "{found}");
    redis.ask::<()>(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    let good = examine("");
    for name in ["redis", "redis_version", "redis_memory", "redis_tls"] {
        let found = check(&good, name);
        assert!(found["ok"] == true && found["fix"].is_null(), "{found}");
    }
    // It has no password.
    let wrong = examine(":s3cret@");
    let found = check(&wrong, "redis");
    assert!(found["ok"] == false && found["fix"].is_string(), "{found}");
    assert!(!stdout(&wrong).contains("s3cret"), "{}", stdout(&wrong));
    redis.kill();
    assert_eq!(check(&examine(""), "redis")["ok"], false);
    server.kill();
}
