//! With a certified OpenID provider: npm's `oidc-provider` on loopback, by all three algorithms.
//!
//! Its ID tokens have no `jti`, as those of CI services do; the JWTs that it gives to clients (RFC 9068) have what these have:
//! one audience, a subject, a `jti` and a short life.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use sallyport::{Clock, clock::SystemClock};
use serde_json::{Value, json};

use super::{AUDIENCE, World, exchange, refused, rule};
use crate::portal::TestPortal;

crate::on_both_portals!(tokens_of_a_provider_through_node);

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/v1/token/provider/provider.mjs");
const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../node_modules/oidc-provider");

const CLIENT: &str = "repo:acme/shop";
const JWT: [(&str, &str); 1] = [("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")];

struct Provider {
    child: Child,
    url: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It also ends with its input, which is closed here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Provider {
    fn start() -> Self {
        assert!(Path::new(MODULE).is_dir(), "oidc-provider is missing; scripts/setup installs it");
        let mut node = Command::new("node");
        node.args([HERE, AUDIENCE, CLIENT]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = node.spawn().expect("it starts");
        let mut url = String::new();
        let out = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(out);
        // Warnings may come before.
        while !url.starts_with("http://") {
            url.clear();
            assert!(lines.read_line(&mut url).expect("it says where it listens") > 0, "it ended");
        }
        Self { child, url: url.trim().to_owned() }
    }

    /// A token signed by this algorithm, as a client gets it.
    async fn token(&self, algorithm: &str, audience: &str) -> String {
        let (url, audience) = (format!("{}/token", self.url), audience.to_owned());
        let form = [
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", format!("{CLIENT}:{algorithm}")),
            ("client_secret", "only-for-tests".to_owned()),
            ("resource", audience),
        ];
        let answer = tokio::task::spawn_blocking(move || {
            let mut answer = ureq::post(&url).send_form(form).expect("answered");
            answer.body_mut().read_to_string().expect("text")
        });
        let answer: Value = serde_json::from_str(&answer.await.expect("no panic")).expect("JSON");
        answer["access_token"].as_str().expect("a token").to_owned()
    }
}

async fn tokens_of_a_provider_through_node(portal: &TestPortal) {
    let world = World::new(portal).await;
    let provider = tokio::task::spawn_blocking(Provider::start).await.expect("started");
    // It goes by the real time.
    let behind = SystemClock.now().seconds() - portal.store.now().seconds();
    portal.store.clock.turn(Duration::from_secs(u64::try_from(behind).expect("tests begin in the past")));
    let path = format!("/v1/apps/{}/trust-rules", world.app);
    let mut new = rule(&world.issuer);
    (new["issuer"], new["claims"]) = (json!(provider.url), json!({ "sub": format!("{CLIENT}:*") }));
    portal.made(&world.token, &path, new, "trust_rule_id").await;
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let token = provider.token(algorithm, AUDIENCE).await;
        let answer = exchange(portal, world.app.as_str(), &token, &JWT).await;
        assert_eq!(answer.status, 200, "{algorithm}: {}", answer.body);
        let key = answer.json()["access_token"].as_str().expect("a key").to_owned();
        let verdict = world.verified(portal, &key).await;
        assert_eq!(
            (&verdict["valid"], &verdict["metadata"]["issuer"]),
            (&json!(true), &json!(provider.url)),
            "{algorithm}"
        );
        let (_, _, why) = refused(&exchange(portal, world.app.as_str(), &token, &JWT).await);
        assert!(why.contains("exchanged before"), "{algorithm}: {why}");
        // Another letter of its signature.
        let (head, tail) = token.rsplit_once('.').expect("parts");
        let first = if tail.starts_with('A') { 'B' } else { 'A' };
        let changed = format!("{head}.{first}{}", &tail[1..]);
        let (_, _, why) = refused(&exchange(portal, world.app.as_str(), &changed, &JWT).await);
        assert!(why.contains("signature"), "{algorithm}: {why}");
    }
}
