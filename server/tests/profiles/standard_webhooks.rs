//! Deliveries of the running server, checked as receivers in other languages do: by the libraries of Standard Webhooks.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sallyport::{key::holder::Holder, plan::Plan};
use serde_json::{Value, json};

use crate::{
    deployment::Deployment,
    receiver::{Receiver, header},
};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/profiles/standard_webhooks");
const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/standardwebhooks");
const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../node_modules/standardwebhooks");

#[tokio::test]
async fn deliveries_pass_through_python() {
    let installed = std::env::var_os("TEST_STANDARDWEBHOOKS").map_or_else(|| PathBuf::from(INSTALLED), PathBuf::from);
    assert!(installed.is_dir(), "standardwebhooks is missing; scripts/standardwebhooks installs it");
    let mut python = Command::new("python3");
    python.arg(format!("{HERE}/verify.py")).env("PYTHONPATH", installed);
    are_accepted_by(python).await;
}

#[tokio::test]
async fn deliveries_pass_through_node() {
    assert!(Path::new(MODULE).is_dir(), "standardwebhooks is missing; scripts/setup installs it");
    let mut node = Command::new("node");
    node.arg(format!("{HERE}/verify.mjs"));
    are_accepted_by(node).await;
}

/// A request to check: what arrived, or what somebody made of it.
fn request(secret: &str, (head, body): &(String, String), changed: &[(&str, &str)]) -> Value {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let mut headers: BTreeMap<_, _> = names.into_iter().map(|name| (name, header(head, name))).collect();
    headers.extend(changed.iter().copied().filter(|(name, _)| *name != "body"));
    let body = changed.iter().find(|(name, _)| *name == "body").map_or(body.as_str(), |(_, body)| body);
    json!({ "secret": secret, "headers": headers, "body": body })
}

async fn are_accepted_by(library: Command) {
    let server = Deployment::of("default").await;
    let org = server.org("Clinic", Plan::Starter).await;
    let receiver = Receiver::start();
    let made = server.webhook(&org, &receiver.url);
    let text = |json: &Value, name: &str| json[name].as_str().expect("text").to_owned();
    let (webhook, first) = (text(&made, "webhook_id"), text(&made, "secret"));
    let app = server.app(&org).await;
    server.key(Holder::from(&app), "production", &["read"]).await;
    let of_key = receiver.next();
    let grace = json!({ "grace_seconds": 3_600 });
    let second = text(&server.manage(&format!("/v1/webhooks/{webhook}/secret"), &grace).json(), "secret");
    server.manage(&format!("/v1/webhooks/{webhook}/test"), &json!({}));
    let of_both = receiver.next();
    let third = text(&server.manage(&format!("/v1/webhooks/{webhook}/secret"), &json!({})).json(), "secret");
    server.manage(&format!("/v1/webhooks/{webhook}/test"), &json!({}));
    let after = receiver.next();
    server.end().await;

    let other = format!("{} ", of_key.1);
    let old = (header(&of_key.0, "webhook-timestamp").parse::<i64>().expect("seconds") - 301).to_string();
    let asked = [
        (true, request(&first, &of_key, &[])),
        (true, request(&first, &of_both, &[])),
        (true, request(&second, &of_both, &[])),
        (true, request(&third, &after, &[])),
        (false, request(&second, &after, &[])),
        (false, request(&first, &after, &[])),
        (false, request(&second, &of_key, &[])),
        (false, request(&first, &of_key, &[("body", &other)])),
        (false, request(&first, &of_key, &[("webhook-id", "msg_other")])),
        (false, request(&first, &of_key, &[("webhook-timestamp", &old)])),
    ];
    let expected: Vec<_> = asked.iter().map(|(accepted, _)| *accepted).collect();
    let requests: Vec<_> = asked.into_iter().map(|(_, request)| request).collect();
    assert_eq!(answers(library, &json!(requests)), json!(expected));
}

fn answers(mut library: Command, requests: &Value) -> Value {
    let mut child = library.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(requests.to_string().as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", output.status);
    serde_json::from_slice(&output.stdout).expect("JSON")
}
