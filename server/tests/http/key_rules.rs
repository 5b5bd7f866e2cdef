//! Every rule for keys, in every way in which a key is made or given more.

use std::time::Duration;

use axum::{body::Body, http::Method};
use sallyport::{
    audit::{Act, Actor},
    id::{AppId, KeyId},
    key::{ExpiryInput, NewKey, new::KeyInput},
    key_policy::{KeyPolicy, LongestLifetime},
};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(each_way_obeys_each_rule, a_key_that_manages_obeys_too, personal_keys_obey_too);

/// In which a key is made, or given more. The command line is a client of `/v1` with a personal token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Panel,
    ByRootToken,
    ByPersonalToken,
    ChangeInPanel,
    RestrictionsInPanel,
    PatchByRootToken,
    PatchByPersonalToken,
}

const WAYS: [Way; 7] = [
    Way::Panel,
    Way::ByRootToken,
    Way::ByPersonalToken,
    Way::ChangeInPanel,
    Way::RestrictionsInPanel,
    Way::PatchByRootToken,
    Way::PatchByPersonalToken,
];

impl Way {
    fn makes(self) -> bool {
        matches!(self, Self::Panel | Self::ByRootToken | Self::ByPersonalToken)
    }

    /// Whether it can do what a rule is about.
    fn reaches(self, rule: &Rule) -> bool {
        match self {
            Self::ChangeInPanel => rule.wish.has_addresses,
            Self::RestrictionsInPanel => !rule.wish.has_addresses,
            _ => true,
        }
    }
}

/// What a key would be.
#[derive(Clone, Copy)]
struct Wish {
    scopes: &'static [&'static str],
    days: u64,
    has_addresses: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Waits,
    Refused,
}

/// A rule, what breaks it, and how that is answered.
struct Rule {
    name: &'static str,
    policy: KeyPolicy,
    wish: Wish,
    made: Outcome,
    changed: Outcome,
    says: &'static str,
}

const USUAL: Wish = Wish { scopes: &["read", "write"], days: 7, has_addresses: true };

fn rules() -> Vec<Rule> {
    let none = KeyPolicy::default;
    let lifetime = |environment: Option<&str>, scope: Option<&str>| LongestLifetime {
        environment: environment.map(str::to_owned),
        scope: scope.map(str::to_owned),
        days: 30,
    };
    let rule = |name, policy, wish, outcome: Outcome, says| Rule {
        name,
        policy,
        wish,
        made: outcome.clone(),
        changed: outcome,
        says,
    };
    let long = Wish { days: 90, ..USUAL };
    let open = Wish { has_addresses: false, ..USUAL };
    let deletes = Wish { scopes: &["read", "delete"], ..USUAL };
    let production = || vec!["production".to_owned()];
    vec![
        rule("none", none(), USUAL, Outcome::Done, ""),
        rule("none, without addresses", none(), open, Outcome::Done, ""),
        rule(
            "lifetime",
            KeyPolicy { longest_lifetime: vec![lifetime(None, None)], ..none() },
            long,
            Outcome::Refused,
            "Longest lifetime: keys live for 30 days at most.",
        ),
        rule(
            "lifetime by mode",
            KeyPolicy { longest_lifetime: vec![lifetime(Some("production"), None)], ..none() },
            long,
            Outcome::Refused,
            "Longest lifetime: keys of Production live for 30 days at most.",
        ),
        rule(
            "lifetime by scope",
            KeyPolicy { longest_lifetime: vec![lifetime(None, Some("delete"))], ..none() },
            Wish { days: 90, ..deletes },
            Outcome::Refused,
            "Longest lifetime: keys that may delete live for 30 days at most.",
        ),
        rule(
            "another lifetime",
            KeyPolicy { longest_lifetime: vec![lifetime(Some("staging"), None)], ..none() },
            long,
            Outcome::Done,
            "",
        ),
        Rule {
            changed: Outcome::Done,
            ..rule(
                "most keys",
                KeyPolicy { most_keys_per_app: Some(1), ..none() },
                USUAL,
                Outcome::Refused,
                "Most keys: there are 1, and 1 are allowed.",
            )
        },
        rule(
            "addresses",
            KeyPolicy { addresses_in_production: true, ..none() },
            open,
            Outcome::Refused,
            "Addresses in production: this key has to name the addresses",
        ),
        rule("addresses, named", KeyPolicy { addresses_in_production: true, ..none() }, USUAL, Outcome::Done, ""),
        rule(
            "approval by environment",
            KeyPolicy { approval_environments: production(), ..none() },
            USUAL,
            Outcome::Waits,
            "",
        ),
        rule(
            "approval of lifted addresses",
            KeyPolicy { approval_environments: production(), ..none() },
            open,
            Outcome::Waits,
            "",
        ),
        rule(
            "approval by scope",
            KeyPolicy { approval_scopes: vec!["delete".to_owned()], ..none() },
            deletes,
            Outcome::Waits,
            "",
        ),
        rule(
            "approval by another scope",
            KeyPolicy { approval_scopes: vec!["delete".to_owned()], ..none() },
            USUAL,
            Outcome::Done,
            "",
        ),
        rule(
            "refused before anybody is asked",
            KeyPolicy { approval_environments: production(), longest_lifetime: vec![lifetime(None, None)], ..none() },
            long,
            Outcome::Refused,
            "Longest lifetime:",
        ),
    ]
}

struct World<'a> {
    portal: &'a TestPortal,
    app: AppId,
    root: String,
    personal: String,
}

impl World<'_> {
    async fn set(&self, policy: KeyPolicy) {
        let app = self.portal.store.find(None, &self.app).await.expect("asked").expect("there");
        let org = self.portal.store.find(None, &app.org_id).await.expect("asked").expect("there");
        self.portal.store.set_key_policy(&Act::by(Actor::CommandLine), &org, policy, None).await.expect("set");
    }

    /// A key with little, from before the rules.
    async fn narrow(&self) -> KeyId {
        let scopes = vec!["read"];
        let input = KeyInput {
            label: "Narrow",
            environment: "production",
            scopes,
            expires: ExpiryInput::from("1"),
            addresses: "203.0.113.0/24",
            addresses_enforced: true,
            ..KeyInput::default()
        };
        let store = &self.portal.store;
        let new = NewKey::check(&input, store.profile(), store.now()).expect("checked");
        let app = store.find(None, &self.app).await.expect("asked").expect("there");
        store.issue_key(&Act::by(Actor::CommandLine), &app, new, None).await.expect("made").key.id
    }

    async fn go(&self, way: Way, key: &KeyId, wish: Wish) -> Answer {
        let (portal, days) = (self.portal, wish.days.to_string());
        let addresses = if wish.has_addresses { "203.0.113.0/24" } else { "" };
        let mode = if wish.has_addresses { "enforce" } else { "monitor" };
        let at = portal.store.now() + Duration::from_secs(wish.days * 86_400);
        let list = if wish.has_addresses { json!([addresses]) } else { json!([]) };
        let mut body = json!({
            "scopes": wish.scopes, "expires_at": at, "addresses": list, "addresses_enforced": wish.has_addresses,
        });
        let scopes = wish.scopes.iter().map(|scope| ("scopes", *scope));
        let token =
            if matches!(way, Way::ByPersonalToken | Way::PatchByPersonalToken) { &self.personal } else { &self.root };
        match way {
            Way::Panel => {
                let form = portal.panel(&self.app).await.with("expires", &days).without("scopes");
                let mut fields = form.fields();
                fields.extend(scopes);
                fields.extend([("addresses", addresses), ("address_mode", mode)]);
                portal.post(&format!("/apps/{}/keys", self.app), &fields).await
            }
            Way::ByRootToken | Way::ByPersonalToken => {
                body["label"] = json!("CI");
                body["environment"] = json!("production");
                portal.json(&format!("/v1/apps/{}/keys", self.app), token, &body).await
            }
            Way::PatchByRootToken | Way::PatchByPersonalToken => {
                portal.patch(&format!("/v1/keys/{key}"), token, &body).await
            }
            Way::ChangeInPanel => {
                let path = format!("/keys/{key}/change");
                let seen = portal.get(&path).await.hidden("seen");
                let confirmed = format!("{};{days};", wish.scopes.join(" "));
                let mut fields = vec![("seen", seen.as_str()), ("expires", &days), ("confirmed", &confirmed)];
                fields.extend(scopes);
                portal.post(&path, &fields).await
            }
            Way::RestrictionsInPanel => {
                let fields = [("addresses", addresses), ("address_mode", mode)];
                portal.post(&format!("/keys/{key}/restrictions"), &fields).await
            }
        }
    }
}

fn outcome(answer: &Answer) -> Outcome {
    match answer.status.as_u16() {
        202 => Outcome::Waits,
        303 if answer.location().starts_with("/approvals/") => Outcome::Waits,
        200 | 201 | 303 => Outcome::Done,
        422 => Outcome::Refused,
        status => panic!("{status} {}", answer.body),
    }
}

async fn each_way_obeys_each_rule(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;
    let (root, (_, personal)) = (portal.token(true, None).await, portal.personal_token(&ada, "Laptop").await);
    let world = World { portal, app, root, personal };
    for rule in rules() {
        for way in WAYS.into_iter().filter(|way| way.reaches(&rule)) {
            let what = format!("{way:?} × {}", rule.name);
            world.set(KeyPolicy::default()).await;
            let key = world.narrow().await;
            world.set(rule.policy.clone()).await;
            let before = portal.store.dump().await;
            let answer = world.go(way, &key, rule.wish).await;
            let expected = if way.makes() { &rule.made } else { &rule.changed };
            assert_eq!(outcome(&answer), *expected, "{what}: {}", answer.body);
            let after = portal.store.dump().await;
            let changed = |table: &str| before[table] != after[table];
            match expected {
                Outcome::Done => assert!(changed("keys") && !changed("approvals"), "{what}"),
                Outcome::Waits => {
                    assert!(!changed("keys") && !changed("key_secrets") && changed("approvals"), "{what}")
                }
                Outcome::Refused => {
                    assert!(!changed("keys") && !changed("approvals") && !changed("events"), "{what}");
                    assert!(answer.body.contains(rule.says), "{what}: {}", answer.body);
                }
            }
            // Nothing is left for the next.
            world.set(KeyPolicy::default()).await;
            let path = format!("/v1/apps/{}/keys/revoke-all", world.app);
            assert_eq!(portal.json(&path, &world.root, &json!({})).await.status, 200);
        }
    }
}

const MANAGING: &str = include_str!("../../../examples/profiles/synaptiq.toml");
const PERSONAL: &str = include_str!("keys/personal.toml");

async fn a_key_that_manages_obeys_too(portal: &TestPortal) {
    let portal = &portal.with_profile(MANAGING).await;
    let root = portal.token(true, None).await;
    let org = portal.made(&root, "/v1/orgs", json!({ "name": "Acme", "plan": "pro" }), "org_id").await;
    let keys = format!("/v1/orgs/{org}/keys");
    let body = |scope: &str| json!({ "label": "CI", "environment": "production", "scopes": [scope] });
    let admin = post(portal, &keys, &root, &body("admin")).await.json();
    let secret = admin["secret_key"].as_str().expect("a secret").to_owned();
    let policy = format!("/v1/orgs/{org}/key-policy");
    let rules = json!({ "longest_lifetime": [{ "days": 30 }], "approval_scopes": ["write"], "default_expiry_days": 7 });
    assert_eq!(put(portal, &policy, &secret, &rules).await.status, 403, "it sets no rules");
    assert_eq!(put(portal, &policy, &root, &rules).await.status, 200);
    let mut long = body("read");
    long["expires_at"] = json!(portal.store.now() + Duration::from_secs(90 * 86_400));
    let refused = post(portal, &keys, &secret, &long).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["pointer"]), (422, &json!("/expires_at")));
    let made = post(portal, &keys, &secret, &body("read")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let day = |at: &Value| at.as_str().expect("a time")[..10].to_owned();
    let default = portal.store.now() + Duration::from_secs(7 * 86_400);
    assert_eq!(day(&made.json()["expires_at"]), day(&json!(default)), "the default applies");
    // Whoever holds the key could approve what it asks for.
    let alone = post(portal, &keys, &secret, &body("write")).await;
    assert_eq!((alone.status.as_u16(), &alone.json()["code"]), (409, &json!("approval_needs_a_person")));
    let waits = post(portal, &keys, &root, &body("write")).await;
    assert_eq!(waits.status, 202, "{}", waits.body);
    let approval = format!("/v1/approvals/{}", waits.json()["approval_id"].as_str().expect("an id"));
    assert_eq!(waits.header("location"), approval);
    // What it did not ask for does not exist for it.
    assert_eq!(send(portal, Method::GET, &approval, &secret, Body::empty()).await.status, 404);
    for act in ["approve", "refuse", "claim"] {
        let body = if act == "refuse" { json!({ "reason": "No" }) } else { json!({}) };
        let refused = post(portal, &format!("{approval}/{act}"), &secret, &body).await.status.as_u16();
        assert!([403, 404].contains(&refused), "{act}: {refused}");
    }
    let listed = send(portal, Method::GET, &format!("/v1/orgs/{org}/approvals"), &secret, Body::empty()).await.json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(0));
}

pub async fn put(portal: &TestPortal, path: &str, token: &str, body: &Value) -> Answer {
    send(portal, Method::PUT, path, token, Body::from(body.to_string())).await
}

async fn post(portal: &TestPortal, path: &str, token: &str, body: &Value) -> Answer {
    send(portal, Method::POST, path, token, Body::from(body.to_string())).await
}

/// As through a proxy with TLS, which keys of some profiles need.
async fn send(portal: &TestPortal, method: Method, path: &str, token: &str, body: Body) -> Answer {
    let request = Client::request(method, path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("x-forwarded-proto", "https");
    portal.another().send(request.body(body).expect("a request")).await
}

async fn personal_keys_obey_too(portal: &TestPortal) {
    let portal = &portal.with_profile(PERSONAL).await;
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let root = portal.token(true, None).await;
    let rules = json!({ "most_keys_per_app": 1, "longest_lifetime": [{ "scope": "notes.read", "days": 30 }] });
    assert_eq!(put(portal, &format!("/v1/orgs/{org}/key-policy"), &root, &rules).await.status, 200);
    let keys = format!("/orgs/{org}/keys");
    let generate = async |scope: &str, expires: &str| {
        let token = portal.get(&format!("{keys}?panel=generate")).await.hidden("form_token");
        let fields = [
            ("form_token", token.as_str()),
            ("label", "CI"),
            ("environment", "live"),
            ("expires", expires),
            ("scopes", scope),
        ];
        portal.post(&keys, &fields).await
    };
    let refused = generate("notes.write", "never").await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Longest lifetime: keys that may notes.read live for 30 days"), "{}", refused.body);
    assert!(refused.body.contains("href=\"#expires\""), "it leads to the field");
    assert_eq!(generate("notes.write", "30").await.status, 200);
    let refused = generate("notes.write", "30").await;
    assert!(refused.status == 422 && refused.body.contains("Most keys: there are 1"), "{}", refused.body);
}
