//! `/orgs/{org_id}/expiring`, and what is done when something becomes due.

use std::time::Duration;

use sallyport_server::jobs::keys::check_deadlines;
use serde_json::{Value, json};

use crate::portal::{PASSWORD, TestPortal};

crate::on_both_portals!(
    keys_are_listed_with_what_is_due,
    selected_keys_are_extended_as_far_as_that_is_allowed,
    selected_keys_are_rotated_one_after_the_other,
    what_needs_attention_is_said_everywhere,
    a_use_in_memory_keeps_a_key_from_being_paused,
    notices_of_an_expiry_do_not_wait_for_uses,
    a_failure_of_the_portal_is_no_refusal_of_a_key,
    other_lists_are_refused,
);

const DAY: u64 = 86_400;

struct World {
    token: String,
    org: String,
    app: String,
}

async fn world(portal: &TestPortal) -> World {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let app = portal.app_in(&org, "Focus and calm").await.to_string();
    World { token: portal.token(true, None).await, org, app }
}

/// A key that expires in so many days, if in any: its id and its secret.
async fn key(portal: &TestPortal, world: &World, label: &str, days: Option<u64>) -> (String, String) {
    let expires_at = days.map(|days| (portal.store.now() + Duration::from_secs(DAY * days)).to_rfc3339());
    let body = json!({ "label": label, "environment": "production", "scopes": ["read"], "expires_at": expires_at });
    let issued = portal.json(&format!("/v1/apps/{}/keys", world.app), &world.token, &body).await.json();
    let text = |name: &str| issued[name].as_str().expect("text").to_owned();
    (text("key_id"), text("secret_key"))
}

/// Rules of the organization, as its settings write them.
async fn rules(portal: &TestPortal, world: &World, rotate: Option<u32>, pause: Option<u32>) {
    let policy = json!({ "rotate_every_days": rotate, "pause_unused_days": pause });
    let number = |days: Option<u32>| days.map_or("NULL".to_owned(), |days| days.to_string());
    portal
        .store
        .execute(format!(
            "INSERT INTO key_policies (org_id, policy, version, changed_at, pause_unused_days, rotate_every_days) \
             VALUES ('{}', '{policy}', 1, 1, {}, {})",
            world.org,
            number(pause),
            number(rotate)
        ))
        .await;
}

async fn turn(portal: &TestPortal, days: u64) {
    portal.store.clock.turn(Duration::from_secs(DAY * days));
    portal.state.verifier.poll().await.expect("polled");
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(portal.post("/sign-in", &fields).await.status, 303);
}

async fn keys_are_listed_with_what_is_due(portal: &TestPortal) {
    let world = world(portal).await;
    let path = format!("/orgs/{}/expiring", world.org);
    let page = portal.get(&path).await.body;
    assert!(page.contains("Nothing is due") && page.contains("<h2>Within 14 days</h2>"), "{page}");
    rules(portal, &world, Some(90), Some(60)).await;
    key(portal, &world, "Old", None).await;
    turn(portal, 55).await;
    key(portal, &world, "Soon", Some(10)).await;
    key(portal, &world, "Later", Some(20)).await;
    let list = async |status: &str| portal.get(&format!("{path}?status={status}")).await.body;
    let page = portal.get(&path).await.body;
    for text in [
        "Within 14 days",
        "Within 30 days",
        "Rotation due",
        "Paused soon",
        "Extend selected",
        "Rotate selected",
        "Revoke selected",
        &format!("href=\"{path}?status=expiring\" aria-current=\"page\""),
        &format!("href=\"/orgs/{}/keys.csv?status=expiring&amp;sort=expires\"", world.org),
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.contains(">Soon</a>") && !page.contains(">Later</a>"), "{page}");
    let page = list("expiring_30").await;
    assert!(page.contains(">Soon</a>") && page.contains(">Later</a>") && !page.contains(">Old</a>"), "{page}");
    let page = list("paused_soon").await;
    assert!(
        page.contains(">Old</a>") && page.contains("Paused in 5 days if unused") && !page.contains(">Soon</a>"),
        "{page}"
    );
    assert!(list("rotation_due").await.contains("Nothing is due"));
    turn(portal, 35).await;
    let page = list("rotation_due").await;
    assert!(page.contains(">Old</a>") && page.contains("<small>Rotation due</small>"), "{page}");
}

async fn selected_keys_are_extended_as_far_as_that_is_allowed(portal: &TestPortal) {
    let world = world(portal).await;
    let (soon, _) = key(portal, &world, "Soon", Some(10)).await;
    let (later, _) = key(portal, &world, "Later", Some(40)).await;
    let (never, _) = key(portal, &world, "Never", None).await;
    let path = format!("/orgs/{}/keys/chosen", world.org);
    let asked =
        portal.get(&format!("{path}?do=extend&expiring=expiring&key={soon}&key={later}&key={never}")).await.body;
    for text in ["Extend 3 keys?", "New expiry", "Type “Focus Labs” to confirm.", "<h2>Within 14 days</h2>"] {
        assert!(asked.contains(text), "{text}: {asked}");
    }
    let form = |name, days| {
        [
            ("do", "extend"),
            ("expiring", "expiring"),
            ("key", soon.as_str()),
            ("key", &later),
            ("key", &never),
            ("typed_name", name),
            ("days", days),
        ]
    };
    let expires = async |key: &str| v1(portal, &world, &format!("/v1/keys/{key}")).await["expires_at"].clone();
    let before = expires(&soon).await;
    assert_eq!(portal.post(&path, &form("Focus", "30")).await.status, 422);
    assert_eq!(portal.post(&path, &form("Focus Labs", "31")).await.status, 422);
    assert_eq!(expires(&soon).await, before);
    // What is allowed is done, and the others are named.
    let some = portal.post(&path, &form("Focus Labs", "30")).await;
    assert_eq!(some.status, 422);
    for text in ["Later: It expires later already.", "Never: It never expires.", "Extend 2 keys?"] {
        assert!(some.body.contains(text), "{text}: {}", some.body);
    }
    // To the end of that day, so that the form that is sent again later changes nothing.
    let after = "2026-12-22T23:59:59Z";
    assert_eq!(expires(&soon).await, after);
    portal.store.clock.turn(Duration::from_secs(60));
    assert_eq!(portal.post(&path, &form("Focus Labs", "30")).await.status, 422);
    assert_eq!(expires(&soon).await, after);
    let form = [
        ("do", "extend"),
        ("expiring", "expiring"),
        ("key", later.as_str()),
        ("typed_name", "Focus Labs"),
        ("days", "90"),
    ];
    let done = portal.post(&path, &form).await;
    assert_eq!(done.location(), format!("/orgs/{}/expiring?status=expiring&done=extended", world.org));
    assert!(portal.get(done.location()).await.body.contains("The selected keys expire later."));
    let activity = portal.get(&format!("/orgs/{}/activity?action=key.expiry_changed", world.org)).await.body;
    assert_eq!(activity.matches("<td class=\"cell-head\">Key expiry changed").count(), 2, "one event for each");
    // From the list of all keys, too, it needs the name.
    let unconfirmed = [("do", "extend"), ("key", soon.as_str()), ("days", "365")];
    let asked = portal.get(&format!("{path}?do=extend&key={soon}")).await.body;
    assert!(asked.contains("Type “Focus Labs” to confirm."), "{asked}");
    assert_eq!(portal.post(&path, &unconfirmed).await.status, 422);
    assert_eq!(expires(&soon).await, after);
    // Not a key of somebody else.
    let eve = portal.stranger().await;
    let keys = [("list", world.org.as_str()), ("keys[0]", soon.as_str()), ("days", "90")];
    assert_eq!(eve.post("/act/keys/extend-chosen", &keys).await.status, 404);
    assert_eq!(expires(&soon).await, after);
}

async fn selected_keys_are_rotated_one_after_the_other(portal: &TestPortal) {
    let world = world(portal).await;
    let (one, _) = key(portal, &world, "One", Some(10)).await;
    let (two, _) = key(portal, &world, "Two", Some(10)).await;
    let path = format!("/orgs/{}/keys/chosen", world.org);
    let page = format!("{path}?do=rotate&expiring=expiring&key={one}&key={two}");
    let before = portal.store.dump().await;
    let asked = portal.get(&page).await.body;
    for text in ["Rotate 2 keys", &format!("href=\"/keys/{one}/rotate\""), &format!("href=\"/keys/{two}/rotate\"")] {
        assert!(asked.contains(text), "{text}: {asked}");
    }
    let form = [("do", "rotate"), ("expiring", "expiring"), ("key", one.as_str()), ("typed_name", "Focus Labs")];
    assert_eq!(portal.post(&path, &form).await.status, 200);
    assert_eq!(portal.store.dump().await["key_secrets"], before["key_secrets"], "nothing is rotated by that");
    let dialog = portal.get(&format!("/keys/{one}/rotate")).await;
    assert!(dialog.body.contains("<option value=\"day\" selected"), "the profile's grace period: {}", dialog.body);
    let rotated = portal
        .post(&format!("/keys/{one}/rotate"), &[("seen", dialog.hidden("seen").as_str()), ("grace", "day")])
        .await;
    assert_eq!(rotated.status, 200);
    let asked = portal.get(&page).await.body;
    assert!(
        asked.contains("is being rotated") && !asked.contains(&format!("href=\"/keys/{one}/rotate\">Rotate One")),
        "{asked}"
    );
}

async fn what_needs_attention_is_said_everywhere(portal: &TestPortal) {
    let world = world(portal).await;
    rules(portal, &world, Some(30), None).await;
    let (id, _) = key(portal, &world, "Checkout", None).await;
    let read = v1(portal, &world, &format!("/v1/keys/{id}")).await;
    let due = (portal.store.now() + Duration::from_secs(DAY * 30)).to_rfc3339();
    assert_eq!((&read["rotation_due_at"], &read["pause_due_at"]), (&Value::from(due), &Value::Null));
    let listed = async |status: &str| {
        let list = v1(portal, &world, &format!("/v1/orgs/{}/keys?status={status}", world.org)).await;
        list["data"].as_array().expect("a list").len()
    };
    assert_eq!(listed("rotation_due").await, 0);
    turn(portal, 31).await;
    assert_eq!((listed("rotation_due").await, listed("paused_soon").await, listed("expiring_30").await), (1, 0, 0));
    for page in [
        format!("/orgs/{}", world.org),
        format!("/apps/{}", world.app),
        format!("/keys/{id}"),
        format!("/orgs/{}/keys?status=rotation_due", world.org),
        "/search?q=Checkout".to_owned(),
    ] {
        let body = portal.get(&page).await.body;
        assert!(body.contains("Rotation due"), "{page}: {body}");
    }
    let dialog = portal.get(&format!("/keys/{id}/rotate")).await.hidden("seen");
    portal.post(&format!("/keys/{id}/rotate"), &[("seen", dialog.as_str()), ("grace", "day")]).await;
    let body = portal.get("/search?q=Checkout").await.body;
    assert!(body.contains("Old key ends tomorrow") && !body.contains("Rotation due"), "{body}");
    let list = portal.get(&format!("/orgs/{}/keys", world.org)).await.body;
    assert!(list.contains("Old key ends tomorrow"), "{list}");
}

async fn a_use_in_memory_keeps_a_key_from_being_paused(portal: &TestPortal) {
    let world = world(portal).await;
    rules(portal, &world, None, Some(30)).await;
    let [(used, secret), (idle, _)] =
        [key(portal, &world, "Used", None).await, key(portal, &world, "Idle", None).await];
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    portal.state.verifier.flush().await.expect("written");
    turn(portal, 24).await;
    check_deadlines(&portal.state.verifier).await.expect("done");
    for _ in 0..7 * 4 - 1 {
        portal.store.clock.turn(Duration::from_secs(DAY / 4));
        check_deadlines(&portal.state.verifier).await.expect("done");
    }
    portal.store.clock.turn(Duration::from_secs(DAY / 4));
    turn(portal, 0).await;
    let announced = portal.get(&format!("/orgs/{}/activity?action=key.pause_announced", world.org)).await.body;
    assert!(announced.contains("Key will be paused") && announced.contains("Idle"), "{announced}");
    // Known in memory alone.
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    check_deadlines(&portal.state.verifier).await.expect("done");
    let status = async |key: &str| v1(portal, &world, &format!("/v1/keys/{key}")).await["status"].clone();
    assert_eq!((status(&used).await, status(&idle).await), (Value::from("active"), Value::from("paused")));
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    let page = portal.get(&format!("/keys/{idle}")).await.body;
    assert!(page.contains("Paused by Sallyport"), "{page}");
    let activity = portal.get(&format!("/keys/{idle}/activity")).await.body;
    assert!(activity.contains("Unused for 30 days"), "{activity}");
    assert_eq!(portal.post(&format!("/keys/{idle}/resume"), &[]).await.status, 303);
    check_deadlines(&portal.state.verifier).await.expect("done");
    assert_eq!(status(&idle).await, Value::from("active"), "the days begin anew");
}

async fn notices_of_an_expiry_do_not_wait_for_uses(portal: &TestPortal) {
    let world = world(portal).await;
    let (_, secret) = key(portal, &world, "Soon", Some(30)).await;
    turn(portal, 17).await;
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    portal.store.execute("ALTER TABLE key_uses RENAME TO elsewhere".to_owned()).await;
    assert!(check_deadlines(&portal.state.verifier).await.is_err(), "the use can't be written");
    assert_eq!(portal.store.dump().await["key_notices"].len(), 1);
    portal.store.execute("ALTER TABLE elsewhere RENAME TO key_uses".to_owned()).await;
    check_deadlines(&portal.state.verifier).await.expect("done");
}

async fn a_failure_of_the_portal_is_no_refusal_of_a_key(portal: &TestPortal) {
    let world = world(portal).await;
    let (soon, _) = key(portal, &world, "Soon", Some(10)).await;
    let path = format!("/orgs/{}/keys/chosen", world.org);
    let form = [("do", "extend"), ("key", soon.as_str()), ("typed_name", "Focus Labs"), ("days", "30")];
    portal.store.execute("ALTER TABLE events RENAME TO elsewhere".to_owned()).await;
    let failed = portal.post(&path, &form).await;
    portal.store.execute("ALTER TABLE elsewhere RENAME TO events".to_owned()).await;
    assert!(failed.status.is_server_error() && !failed.body.contains("Soon: "), "{} {}", failed.status, failed.body);
}

async fn other_lists_are_refused(portal: &TestPortal) {
    let world = world(portal).await;
    let (key, _) = key(portal, &world, "CI", Some(3)).await;
    let path = format!("/orgs/{}", world.org);
    for query in ["status=moon", "status=active", "status=revoked"] {
        assert_eq!(portal.get(&format!("{path}/expiring?{query}")).await.status, 400, "{query}");
    }
    for source in ["moon", "active"] {
        let asked = portal.get(&format!("{path}/keys/chosen?do=extend&expiring={source}&key={key}")).await;
        assert_eq!(asked.status, 404, "{source}");
    }
}

async fn v1(portal: &TestPortal, world: &World, path: &str) -> Value {
    let answer = portal.manage(path, &world.token, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}
