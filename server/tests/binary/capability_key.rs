//! `sallyport capability-key`, beside a server that runs.

use serde_json::Value;

use crate::server::{Server, sallyport, stderr, stdout};

fn published(server: &Server) -> Vec<String> {
    let answer = server.ask("GET", "/.well-known/jwks.json", &[], "").expect("answered");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let keys: Value = serde_json::from_str(body).expect("JSON");
    let keys = keys["keys"].as_array().expect("a list").iter();
    keys.map(|key| key["kid"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_stolen_key_is_replaced_beside_a_running_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let run = |arguments: &[&str]| sallyport(&data, &[&["capability-key"], arguments].concat());
    assert!(published(&server).is_empty());
    assert!(stdout(&run(&["list"])).contains("There are no keys yet."));
    let mut last = String::new();
    for said in ["0 keys were revoked", "1 key was revoked", "1 key was revoked"] {
        let replaced = run(&["replace", "--yes", "--reason", "Stolen <backup>"]);
        assert!(replaced.status.success() && stdout(&replaced).starts_with(said), "{}", stdout(&replaced));
        let keys = published(&server);
        assert!(keys.len() == 1 && keys[0] != last && stdout(&replaced).contains(&keys[0]), "{keys:?}");
        last.clone_from(&keys[0]);
    }
    let listed: Value = serde_json::from_str(&stdout(&run(&["list", "--json"]))).expect("JSON");
    assert_eq!((&listed[0]["key_id"], &listed[0]["status"]), (&Value::from(last.as_str()), &Value::from("signs")));
    assert!(listed[1].is_null() && listed[0]["signs_until"].is_null(), "{listed}");
    let table = stdout(&run(&["list"]));
    assert!(table.contains("SIGNS FROM") && table.contains(&last), "{table}");
    let refused = run(&["replace", "--reason", "two\nlines"]);
    assert!(!refused.status.success() && !stderr(&refused).contains("panicked"), "{}", stderr(&refused));
    assert_eq!(published(&server), [last]);
    server.kill();
}
