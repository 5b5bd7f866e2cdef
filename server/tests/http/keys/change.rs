//! `/keys/{key_id}/change`

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    member::Role,
};

use crate::{
    client::{Answer, Client},
    portal::{PASSWORD, TestPortal, find},
};

crate::on_both_portals!(
    narrower_scopes_are_held_at_once,
    more_than_it_had_is_confirmed,
    a_concurrent_change_is_shown,
    any_date_is_an_expiry,
    an_ended_key_is_left_alone,
    others_may_narrow_a_personal_key,
    where_keys_have_no_scopes_the_expiry_changes,
    members_make_no_key_that_manages,
    lists_are_sent_as_the_framework_sends_them,
);

const PERSONAL: &str = include_str!("personal.toml");
const ACCOUNT: &str = include_str!("account.toml");
/// A scope manages the organization.
const MANAGING: &str = include_str!("../../../../examples/profiles/synaptiq.toml");

/// Sends the form as it is filled in, with these fields replaced.
async fn change(browser: &Client, key: &str, scopes: &[&str], more: &[(&str, &str)]) -> Answer {
    let path = format!("/keys/{key}/change");
    let seen = browser.get(&path).await.hidden("seen");
    send(browser, &path, &seen, scopes, more).await
}

async fn send(browser: &Client, path: &str, seen: &str, scopes: &[&str], more: &[(&str, &str)]) -> Answer {
    let mut fields: Vec<_> = scopes.iter().map(|scope| ("scopes", *scope)).collect();
    fields.push(("seen", seen));
    fields.extend(
        [("expires", "keep"), ("expires_on", "")].iter().filter(|(name, _)| more.iter().all(|(own, _)| own != name)),
    );
    browser.post(path, &[&fields[..], more].concat()).await
}

async fn narrower_scopes_are_held_at_once(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let shown = portal.generate(&app, "CI", &["read", "write"], true).await;
    let key = portal.get(&format!("/apps/{app}/keys")).await.after("href=\"/keys/", '"');
    let asked = async || portal.auth("?scope=write", &[("x-api-key", &shown.secret)]).await.status.as_u16();
    assert_eq!(asked().await, 200);
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("Change scopes and expiry"));
    let panel = portal.get(&format!("/keys/{key}/change")).await.body;
    assert_eq!(panel.matches(" checked").count(), 2, "{panel}");
    assert!(panel.contains("As it is: never") && panel.contains("type=\"date\""), "{panel}");
    assert!(!panel.contains("name=\"confirmed\""));
    let answer = change(portal, &key, &["read"], &[("expires", "30")]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("/keys/{key}?done=changed").as_str()));
    assert_eq!(asked().await, 403);
    let page = portal.get(answer.location()).await.body;
    assert!(page.contains("Saved.") && page.contains("2026-12-22T06:00:00Z"), "{page}");
    let activity = portal.get(&format!("/apps/{app}/activity")).await.body;
    assert!(activity.contains("Key scopes changed") && activity.contains("Key expiry changed"));
    for (scopes, more, message) in [
        (&[][..], &[][..], "Choose at least one scope."),
        (&["fly"], &[], "One of the scopes is not known here."),
        (&["read"], &[("expires", "soon")], "Choose an expiry from the list."),
        (&["read"], &[("seen", "junk")], "This form is not valid any more."),
    ] {
        let seen = more.iter().find(|(name, _)| *name == "seen").map_or("read;", |(_, seen)| *seen);
        let answer = send(portal, &format!("/keys/{key}/change"), seen, scopes, more).await;
        assert!(answer.status == 422 && answer.body.contains(message), "{message}: {} {}", answer.status, answer.body);
    }
}

async fn more_than_it_had_is_confirmed(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    assert_eq!(change(portal, &key, &["read"], &[("expires", "7")]).await.status, 303);
    let refused = change(portal, &key, &["read", "write"], &[("expires", "never")]).await;
    assert_eq!(refused.status, 422);
    let told = "This gives the key more than it had: it gets Write, and it never expires. Tick the box to confirm it.";
    assert!(refused.body.contains(told), "{}", refused.body);
    assert_eq!(portal.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 403, "nothing was changed");
    let confirmed = refused.after("name=\"confirmed\" type=\"checkbox\" value=\"", '"');
    let path = format!("/keys/{key}/change");
    let seen = refused.hidden("seen");
    // The confirmation applies to the values shown with it, not to later ones.
    let more = [("expires", "never"), ("confirmed", confirmed.as_str())];
    let other = send(portal, &path, &seen, &["read", "write", "delete"], &more).await;
    assert!(other.status == 422 && other.body.contains("it gets Write, Delete"), "{}", other.body);
    let taken = send(portal, &path, &seen, &["read", "write"], &more).await;
    assert_eq!(taken.status, 303, "{}", taken.body);
    assert_eq!(portal.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 200);
}

async fn a_concurrent_change_is_shown(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    portal.generate(&app, "CI", &["read", "write", "delete"], true).await;
    let key = portal.get(&format!("/apps/{app}/keys")).await.after("href=\"/keys/", '"');
    let path = format!("/keys/{key}/change");
    let seen = portal.get(&path).await.hidden("seen");
    assert_eq!(change(portal, &key, &["read", "write"], &[("expires", "7")]).await.status, 303);
    let before = portal.store.dump().await;
    let told = send(portal, &path, &seen, &["read"], &[]).await;
    assert_eq!(told.status, 409);
    for text in [
        "Scopes now: read, write; when you opened it: read, write, delete.",
        "Expiry now: 2026-11-29T06:00:00Z; when you opened it: never.",
    ] {
        assert!(told.body.contains(text), "{text}: {}", told.body);
    }
    assert_eq!(portal.store.dump().await, before);
    let again = send(portal, &path, &told.hidden("seen"), &["read"], &[]).await;
    assert_eq!(again.status, 303, "{}", again.body);
}

async fn any_date_is_an_expiry(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    for date in ["", "2026-11-21", "2036-11-19"] {
        let answer = change(portal, &key, &["read"], &[("expires", "custom"), ("expires_on", date)]).await;
        assert!(answer.status == 422 && answer.body.contains("id=\"expires_on-error\""), "{date}: {}", answer.body);
    }
    let kept = change(portal, &key, &["read"], &[("expires_on", "2027-01-31")]).await;
    assert!(kept.status == 422 && kept.body.contains("id=\"expires-error\""), "{}", kept.body);
    let taken = change(portal, &key, &["read"], &[("expires", "custom"), ("expires_on", "2027-01-31")]).await;
    assert_eq!(taken.status, 303);
    assert!(portal.get(&format!("/keys/{key}/change")).await.body.contains("As it is: 31 Jan 2027"));
}

async fn an_ended_key_is_left_alone(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (revoked, _) = portal.key(&app).await;
    let (expired, _) = portal.key(&app).await;
    assert_eq!(change(portal, &expired, &["read"], &[("expires", "7")]).await.status, 303);
    let seen = [&revoked, &expired].map(|key| format!("/keys/{key}/change"));
    let seen = [portal.get(&seen[0]).await.hidden("seen"), portal.get(&seen[1]).await.hidden("seen")];
    portal.revoke(&revoked).await;
    portal.store.clock.turn(Duration::from_secs(8 * 86_400));
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(portal.post("/sign-in", &fields).await.status, 303);
    for ((key, seen), message) in
        [&revoked, &expired].into_iter().zip(seen).zip(["This key is revoked", "This key has expired"])
    {
        let path = format!("/keys/{key}/change");
        assert_eq!(portal.get(&path).await.location(), format!("/keys/{key}"));
        assert!(!portal.get(&format!("/keys/{key}")).await.body.contains("Change scopes"));
        let answer = send(portal, &path, &seen, &["read", "write"], &[]).await;
        assert!(answer.status == 409 && answer.body.contains(message), "{} {}", answer.status, answer.body);
    }
}

/// A portal with that profile and Ada's organization; the address of its keys.
async fn under(portal: &TestPortal, profile: &str) -> (TestPortal, OrgId) {
    let portal = portal.with_profile(profile).await;
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    (portal, OrgId::parse(&org).expect("an id"))
}

/// A key that this person generates, with its secret.
async fn generate(browser: &Client, org: &OrgId, environment: &str, scopes: &[&str]) -> (String, String) {
    let keys = format!("/orgs/{org}/keys");
    let token = browser.get(&format!("{keys}?panel=generate")).await.hidden("form_token");
    let mut fields = vec![("form_token", token.as_str()), ("label", "CI"), ("environment", environment)];
    fields.extend(scopes.iter().map(|scope| ("scopes", *scope)));
    let answer = browser.post(&keys, &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let secret = find(&answer.body, "pk_live_", 44).or_else(|| find(&answer.body, "sk_live_", 44)).expect("a secret");
    let found = browser.post(&format!("{keys}/search"), &[("q", &secret)]).await;
    (found.location().rsplit('/').next().expect("an id").to_owned(), secret)
}

async fn others_may_narrow_a_personal_key(portal: &TestPortal) {
    let (portal, org) = under(portal, PERSONAL).await;
    let eve = portal.stranger().await;
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    portal.store.add_member(&Act::by(Actor::CommandLine), &org, &user, Role::Developer).await.expect("added");
    let (key, _) = generate(&eve, &org, "live", &["notes.read", "notes.write"]).await;
    assert_eq!(change(&portal, &key, &["notes.read"], &[]).await.status, 303, "Ada looks after the organization");
    let path = format!("/keys/{key}/change");
    let refused = change(&portal, &key, &["notes.read", "agent"], &[]).await;
    let (seen, confirmed) = (refused.hidden("seen"), refused.after("type=\"checkbox\" value=\"notes.read agent;", '"'));
    let confirmed = format!("notes.read agent;{confirmed}");
    let more = [("confirmed", confirmed.as_str())];
    let refused = send(&portal, &path, &seen, &["notes.read", "agent"], &more).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("Only the person who owns a personal key"), "{}", refused.body);
    let taken = send(&eve, &path, &seen, &["notes.read", "agent"], &more).await;
    assert_eq!(taken.status, 303, "{}", taken.body);
}

async fn where_keys_have_no_scopes_the_expiry_changes(portal: &TestPortal) {
    let (portal, org) = under(portal, ACCOUNT).await;
    let (key, secret) = generate(&portal, &org, "live", &[]).await;
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("Change expiry"));
    assert!(!portal.get(&format!("/keys/{key}/change")).await.body.contains("name=\"scopes\""));
    assert_eq!(change(&portal, &key, &[], &[("expires", "7")]).await.status, 303);
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    portal.store.clock.turn(Duration::from_secs(7 * 86_400));
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 401);
}

async fn members_make_no_key_that_manages(portal: &TestPortal) {
    let (portal, org) = under(portal, MANAGING).await;
    let (key, _) = generate(&portal, &org, "production", &["read"]).await;
    let eve = portal.stranger().await;
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    portal.store.add_member(&Act::by(Actor::CommandLine), &org, &user, Role::Developer).await.expect("added");
    let more = [("confirmed", "admin;keep;")];
    let refused = change(&eve, &key, &["admin"], &more).await;
    assert!(refused.status == 422 && refused.body.contains("ask an admin of it for one"), "{}", refused.body);
    assert_eq!(change(&portal, &key, &["admin"], &more).await.status, 303, "Ada may");
    let path = format!("/keys/{key}/change");
    assert_eq!(eve.get(&path).await.status, 403);
    assert_eq!(send(&eve, &path, "admin;", &["read"], &[]).await.status, 403);
}

async fn lists_are_sent_as_the_framework_sends_them(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let path = "/act/keys/change";
    let fields = [("key", key.as_str()), ("scopes[0]", "write"), ("seen", "read;"), ("expires", "keep")];
    let unconfirmed = portal.post(path, &fields).await;
    assert_eq!((unconfirmed.status.as_u16(), &unconfirmed.json()["fields"][0][0]), (422, &"confirmed".into()));
    let taken = portal.post(path, &[&fields[..], &[("confirmed", "write;keep;")]].concat()).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    assert_eq!(portal.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 200);
}
