//! What is sent is as it is described, and of whom.

use serde_json::Value;

use super::*;
use crate::{
    invitation::NewInvitations,
    key_policy::KeyPolicy,
    place::Place,
    webhook::schema::{self, tests::wrong},
};

crate::on_both_databases!(bodies_are_as_described, leaks_are_told);

/// What an endpoint was sent, each checked by the schema of its event.
async fn described(store: &TestStore, webhook: &Webhook) -> Vec<(String, Value)> {
    let sent = sent(store, webhook).await;
    let checked = sent.into_iter().map(|delivery| {
        let body: Value = serde_json::from_str(&delivery.body).expect("JSON");
        let event = schema::find(&delivery.event).unwrap_or_else(|| panic!("{} is not described", delivery.event));
        assert_eq!(wrong(&schema::schema(Some(&event)), &body, event.name), [""; 0]);
        assert_eq!(wrong(&schema::schema(None), &body, event.name), [""; 0]);
        (delivery.event, body)
    });
    checked.collect()
}

async fn bodies_are_as_described(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let webhook = endpoint(store, &act, &org, &["*"], "production").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await.key;
    store.pause_key(&act, &key).await.expect("paused");
    store.resume_key(&act, &key).await.expect("resumed");
    store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    for place in [Place::from(&app), Place::from(&org)] {
        store.key(&act, &app, "CI").await;
        store.revoke_all(&act, &place, "Clean up".to_owned()).await.expect("revoked");
    }
    let policy = KeyPolicy { approval_environments: vec!["production".to_owned()], ..KeyPolicy::default() };
    store.set_key_policy(&act, &org, policy, None).await.expect("set");
    let eve = store.person("Eve").await;
    store.add_member(&act, &org.id, &eve, Role::Member).await.expect("added");
    store.remove_member(&act, &org.id, &eve).await.expect("removed");
    let invitations = NewInvitations {
        emails: vec!["noor@example.com".to_owned()],
        role: Role::Member,
        message: String::new(),
        handed_over: false,
    };
    store.invite(&act, &Place::from(&org), invitations).await.expect("invited");
    store.send_test_event(&act, &webhook.id).await.expect("made");
    let sent = described(store, &webhook).await;
    for name in [
        "key.generated",
        "key.paused",
        "key.resumed",
        "key.revoked",
        "keys.revoked_all",
        "key_policy.changed",
        "member.added",
        "member.removed",
        "invitation.sent",
        "webhook.test",
    ] {
        assert!(sent.iter().any(|(sent, _)| sent == name), "{name}");
    }
    let all = format!("{sent:?}");
    for personal in ["noor@example.com", "Eve", "Ada", "Clean up", "Focus and calm"] {
        assert!(!all.contains(personal), "{personal}");
    }
}

async fn leaks_are_told(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let (org, other) = (store.org(&act, "Focus").await, store.org(&act, "Other").await);
    let chosen = ["key.leaked", "token.leaked"];
    let webhook = endpoint(store, &act, &org, &chosen, "production").await;
    let elsewhere = endpoint(store, &act, &other, &["*"], "production").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await;
    let command_line = Act::by(Actor::CommandLine);
    let (_, token) = store.create_token(&command_line, "CI", false, Some(org.id.clone())).await.expect("made");
    let (_, of_portal) = store.create_token(&command_line, "all", false, None).await.expect("made");
    let secrets = [key.secret.expose(), token.expose(), of_portal.expose()];
    let reports = store.reported(secrets.map(|secret| (secret, "https://example.com/paste")));
    let known = store.report_leaks(&Act::by(Actor::Sallyport), &reports, false).await.expect("reported");
    assert_eq!(known, [true; 3]);
    let sent = described(store, &webhook).await;
    let kinds: Vec<_> = sent.iter().map(|(name, body)| (name.as_str(), body["data"]["target_kind"].clone())).collect();
    assert_eq!(kinds, [("key.leaked", "key".into()), ("token.leaked", "root_token".into())]);
    assert!(described(store, &elsewhere).await.is_empty(), "nobody else is told");
}
