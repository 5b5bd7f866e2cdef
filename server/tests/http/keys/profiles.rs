//! The panel and the pages of keys with other profiles.

use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    member::Role,
    user::User,
};

use crate::{
    client::{Answer, Client},
    portal::{TestPortal, find},
};

crate::on_both_portals!(
    a_personal_key_from_the_panel_to_a_refusal,
    a_bundle_ticks_its_scopes_and_keeps_what_was_typed,
    others_see_a_personal_key_and_leave_it_alone,
    a_personal_key_ends_with_the_membership,
    one_scope_for_each_key_of_an_organization,
    where_keys_have_no_scopes_none_are_shown,
    apps_have_no_keys_where_others_own_them,
    the_file_is_for_those_who_may_change_the_key,
);

const PERSONAL: &str = include_str!("personal.toml");
const TEAM: &str = include_str!("team.toml");
const ACCOUNT: &str = include_str!("account.toml");
/// A scope manages the organization.
const MANAGING: &str = include_str!("../../../../examples/profiles/synaptiq.toml");

/// A portal with that profile and Ada's organization; the address of its keys.
async fn under(portal: &TestPortal, profile: &str) -> (TestPortal, String) {
    let portal = portal.with_profile(profile).await;
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    (portal, format!("/orgs/{org}/keys"))
}

async fn add(portal: &TestPortal, keys: &str, role: Role) -> (User, Client) {
    let eve = portal.stranger().await;
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    let org = OrgId::parse(keys.split('/').nth(2).expect("an id")).expect("an id");
    match role {
        Role::Member => portal.store.add_earlier_member(&org, &user).await,
        role => drop(portal.store.add_member(&Act::by(Actor::CommandLine), &org, &user, role).await.expect("added")),
    }
    (user, eve)
}

async fn generate(browser: &Client, keys: &str, label: &str, more: &[(&str, &str)]) -> Answer {
    let token = browser.get(&format!("{keys}?panel=generate")).await.hidden("form_token");
    let fields = [("form_token", token.as_str()), ("label", label), ("environment", "live"), ("expires", "never")];
    browser.post(keys, &[&fields[..], more].concat()).await
}

/// A key with its secret and the address of its page.
async fn key(browser: &Client, keys: &str, prefix: &str, more: &[(&str, &str)]) -> (String, String, Answer) {
    let answer = generate(browser, keys, "CI", more).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let secret = find(&answer.body, prefix, 44).expect("a secret");
    let found = browser.post(&format!("{keys}/search"), &[("q", &secret)]).await;
    (secret, found.location().to_owned(), answer)
}

async fn bearer(portal: &TestPortal, secret: &str) -> u16 {
    portal.auth("", &[("authorization", &format!("Bearer {secret}"))]).await.status.as_u16()
}

async fn a_personal_key_from_the_panel_to_a_refusal(portal: &TestPortal) {
    let (portal, keys) = under(portal, PERSONAL).await;
    let list = portal.get(&keys).await.body;
    assert!(list.contains("<title>API keys · Notebook</title>"));
    assert!(list.contains("lets you call the API as yourself") && list.contains("Authorization: Bearer $API_KEY"));
    let panel = portal.get(&format!("{keys}?panel=generate")).await.body;
    for text in [
        "It is yours: it acts for you in Focus Labs",
        "Look at notes and folders",
        "Talk to the agent",
        "href=\"https://docs.notebook.example/\"",
        "Notebook documentation",
    ] {
        assert!(panel.contains(text), "{text}");
    }
    assert!(!panel.contains("Choose App") && !panel.contains("signing_secret"));

    let ticked = [("scopes", "notes.write"), ("signing_secret", "on")];
    let (secret, page, answer) = key(&portal, &keys, "pk_live_", &ticked).await;
    assert!(answer.body.contains("CI · Ada Byron") && answer.body.contains("<code>Authorization</code>"));
    let json = portal.download(&answer).await.json();
    let fields: Vec<_> = json.as_object().expect("an object").iter().collect();
    assert_eq!(fields.len(), 5, "no signing secret where the profile has none: {fields:?}");
    for field in ["tenant_id", "project_id", "app_id"] {
        assert_eq!(json.get(field), Some(&serde_json::Value::Null), "{field}");
    }
    assert_eq!(bearer(&portal, &secret).await, 200);

    let id = page.rsplit('/').next().expect("an id").to_owned();
    let shown = portal.get(&page).await.body;
    for text in [
        ">Person<",
        "Authorization: Bearer $API_KEY",
        "Create and change notes",
        "Includes Read notes.",
        "<code>POST, PUT, PATCH</code>",
        &format!("{keys}?panel=generate&amp;like={id}"),
    ] {
        assert!(shown.contains(text), "{text}");
    }
    let like = portal.get(&format!("{keys}?panel=generate&like={id}")).await.body;
    assert!(like.contains("value=\"CI\"") && ticked_in(&like) == ["notes.write"]);
    assert!(portal.get(&keys).await.body.contains("<span class=\"cell-sub\">Ada Byron</span>"));

    let revoked = portal.post(&format!("{page}/revoke"), &[("reason", ""), ("again", "1")]).await;
    assert_eq!(revoked.location(), format!("{keys}?panel=generate&like={id}"));
    assert_eq!(bearer(&portal, &secret).await, 401);
    let activity = portal.get(&keys.replace("/keys", "/activity")).await.body;
    assert!(activity.contains("Key generated") && activity.contains("Key revoked"));
}

/// The scopes whose boxes are ticked.
fn ticked_in(page: &str) -> Vec<&str> {
    let boxes = page.split("<input").filter(|field| field.contains("name=\"scopes\""));
    let boxes = boxes.filter_map(|field| field.split('>').next()).filter(|field| field.contains("checked"));
    boxes.filter_map(|field| field.split("value=\"").nth(1)?.split('"').next()).collect()
}

async fn a_bundle_ticks_its_scopes_and_keeps_what_was_typed(portal: &TestPortal) {
    let (portal, keys) = under(portal, PERSONAL).await;
    let pressed = [("scopes", "agent"), ("bundle", "editor")];
    let answer = generate(&portal, &keys, "Half typed", &pressed).await;
    assert_eq!(answer.status, 200);
    assert_eq!(ticked_in(&answer.body), ["notes.read", "notes.write"]);
    assert!(answer.body.contains("value=\"Half typed\"") && answer.body.contains("For people who write"));
    assert_eq!(find(&answer.body, "pk_live_", 44), None);
    assert!(portal.get(&keys).await.body.contains("No API key yet"), "nothing was generated");
    // An unknown bundle has no effect: the key has the ticked scopes.
    let (_, page, _) = key(&portal, &keys, "pk_live_", &[("scopes", "agent"), ("bundle", "everything")]).await;
    assert!(portal.get(&page).await.body.contains("Talk to the agent"));
}

async fn others_see_a_personal_key_and_leave_it_alone(portal: &TestPortal) {
    let (portal, keys) = under(portal, PERSONAL).await;
    let (eve_user, eve) = add(&portal, &keys, Role::Member).await;
    let (secret, page, _) = key(&portal, &keys, "pk_live_", &[("scopes", "agent")]).await;
    let seen = eve.get(&page).await.body;
    assert!(seen.contains("Ada Byron") && !seen.contains("/revoke\"") && !seen.contains("/edit\""));
    for path in ["revoke", "edit"] {
        assert_eq!(eve.get(&format!("{page}/{path}")).await.status, 403, "{path}");
    }
    for path in ["revoke", "edit", "pause", "resume"] {
        let answer = eve.post(&format!("{page}/{path}"), &[("label", "Eve was here"), ("again", "1")]).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.body.contains("Your role here is Member"), "{path}");
    }
    assert_eq!(bearer(&portal, &secret).await, 200);

    // Her own key is hers; those who manage the organization may end it, but not generate one for her.
    let (own, own_page, answer) = key(&eve, &keys, "pk_live_", &[("scopes", "agent"), ("user_id", "usr_x")]).await;
    assert!(answer.body.contains("CI · Eve"));
    assert_eq!(portal.get(&own_page).await.body.matches("/revoke\"").count(), 1);
    portal.revoke(own_page.rsplit('/').next().expect("an id")).await;
    assert_eq!(bearer(&portal, &own).await, 401);
    // A form that was issued to Eve is only valid for Eve.
    let token = eve.get(&format!("{keys}?panel=generate")).await.hidden("form_token");
    let fields = [("form_token", token.as_str()), ("label", "x"), ("environment", "live"), ("scopes", "agent")];
    assert_eq!(portal.post(&keys, &fields).await.status, 422);

    let org = OrgId::parse(keys.split('/').nth(2).expect("an id")).expect("an id");
    portal.store.remove_member(&Act::by(Actor::CommandLine), &org, &eve_user).await.expect("removed");
    for answer in [eve.get(&page).await, eve.post(&format!("{page}/revoke"), &[]).await, eve.get(&keys).await] {
        assert_eq!(answer.status, 404, "as if there were no such key");
    }
}

async fn a_personal_key_ends_with_the_membership(portal: &TestPortal) {
    let (portal, keys) = under(portal, PERSONAL).await;
    let (user, eve) = add(&portal, &keys, Role::Admin).await;
    let (secret, page, _) = key(&eve, &keys, "pk_live_", &[("scopes", "agent")]).await;
    assert_eq!(bearer(&portal, &secret).await, 200);
    let members = keys.replace("/keys", "/members");
    let dialog = portal.get(&format!("{members}?remove={}", user.id)).await.body;
    assert!(dialog.contains("Their own keys are refused at once."));
    let removed = portal.post(&members, &[("do", "remove"), ("user_id", user.id.as_str())]).await;
    assert_eq!(removed.status, 303);
    assert_eq!(bearer(&portal, &secret).await, 403, "at once");
    assert!(portal.get(&page).await.body.contains("Eve can’t use this organization at present"));

    let (act, org) = (Act::by(Actor::CommandLine), keys.split('/').nth(2).expect("an id"));
    let org = OrgId::parse(org).expect("an id");
    portal.store.add_member(&act, &org, &user, Role::Member).await.expect("added");
    assert_eq!(bearer(&portal, &secret).await, 200);
    portal.store.change_role(&act, &org, &user, Role::Admin).await.expect("changed");
    assert_eq!(bearer(&portal, &secret).await, 200);
    portal.store.disable_user(&act, &user).await.expect("disabled");
    assert_eq!(bearer(&portal, &secret).await, 403, "at once");
    portal.store.enable_user(&act, &user).await.expect("enabled");
    assert_eq!(bearer(&portal, &secret).await, 200);
}

async fn one_scope_for_each_key_of_an_organization(portal: &TestPortal) {
    let (portal, keys) = under(portal, TEAM).await;
    let panel = portal.get(&format!("{keys}?panel=generate")).await.body;
    assert!(panel.contains("It acts for all of Focus Labs.") && panel.contains("<legend>Scope</legend>"));
    assert_eq!(panel.matches("type=\"radio\"").count(), 2);
    assert!(
        panel.contains("GET, POST, PUT, PATCH")
            && panel.contains("signing_secret")
            && !panel.contains("name=\"bundle\"")
    );
    let two = generate(&portal, &keys, "CI", &[("scopes", "read"), ("scopes", "write")]).await;
    assert_eq!(two.status, 422);
    assert!(two.body.contains("A key has one scope here; choose one."));
    let none = generate(&portal, &keys, "CI", &[]).await;
    assert!(none.status == 422 && none.body.contains("Choose a scope."));

    let ticked = [("scopes", "write"), ("signing_secret", "on")];
    let (secret, page, answer) = key(&portal, &keys, "sk_live_", &ticked).await;
    assert!(answer.body.contains("CI · The organization") && find(&answer.body, "sgn_", 47).is_some());
    let shown = portal.get(&page).await.body;
    assert!(shown.contains(">Organization<") && shown.contains("x-api-key: $API_KEY"));
    assert!(portal.get(&keys).await.body.contains("<span class=\"cell-sub\">The organization</span>"));
    assert!(portal.get(&keys.replace("/keys", "")).await.body.contains("The organization"), "the overview says so too");
    let allowed = portal.auth("", &[("x-api-key", &secret)]).await;
    assert_eq!((allowed.status.as_u16(), allowed.header("x-auth-app-id")), (200, ""));

    // Every member may manage it; archiving the organization suspends it, and all keys can be revoked at once.
    let (_, eve) = add(&portal, &keys, Role::Member).await;
    assert_eq!(eve.post(&format!("{page}/pause"), &[]).await.status, 303);
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 403);
    eve.post(&format!("{page}/resume"), &[]).await;
    let settings = keys.replace("/keys", "/settings");
    portal.post(&format!("{settings}/archive"), &[]).await;
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 403);
    assert!(!portal.get(&format!("{keys}?panel=generate")).await.body.contains("form_token"));
    portal.post(&format!("{settings}/restore"), &[]).await;
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    let all = portal.post(&format!("{keys}/revoke-all"), &[("typed_name", "Focus Labs"), ("reason", "")]).await;
    assert_eq!(all.status, 303);
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 401);
}

async fn where_keys_have_no_scopes_none_are_shown(portal: &TestPortal) {
    let (portal, keys) = under(portal, ACCOUNT).await;
    let panel = portal.get(&format!("{keys}?panel=generate")).await.body;
    assert!(panel.contains("Generate key") && !panel.contains("name=\"scopes\"") && !panel.contains(">Scope"));
    let refused = generate(&portal, &keys, "CI", &[("scopes", "read")]).await;
    assert_eq!(refused.status, 422);
    let (secret, page, _) = key(&portal, &keys, "sk_live_", &[]).await;
    for path in [&page, &keys] {
        let body = portal.get(path).await.body;
        assert!(!body.contains("Scopes") && !body.contains("What it may do"), "{path}");
    }
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
}

async fn apps_have_no_keys_where_others_own_them(portal: &TestPortal) {
    let (portal, keys) = under(portal, TEAM).await;
    let org = keys.split('/').nth(2).expect("an id");
    let app = portal.app_in(org, "Focus and calm").await;
    for path in [format!("/apps/{app}"), format!("/apps/{app}/keys"), format!("/apps/{app}/keys?panel=generate")] {
        let body = portal.get(&path).await.body;
        assert!(body.contains("Keys belong to organizations here") && !body.contains("Generate API Key"), "{path}");
    }
    let token = portal.get(&format!("{keys}?panel=generate")).await.hidden("form_token");
    let fields = [("form_token", token.as_str()), ("app_id", app.as_str()), ("label", "CI"), ("environment", "live")];
    let answer = portal.post(&format!("/apps/{app}/keys"), &[&fields[..], &[("scopes", "read")]].concat()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("Keys belong to organizations here"));
    assert!(portal.get(&keys).await.body.contains("No API key yet"));
}

async fn the_file_is_for_those_who_may_change_the_key(portal: &TestPortal) {
    let (portal, keys) = under(portal, MANAGING).await;
    let (user, eve) = add(&portal, &keys, Role::Admin).await;
    let token = eve.get(&format!("{keys}?panel=generate")).await.hidden("form_token");
    let fields = [("form_token", token.as_str()), ("label", "Manages"), ("environment", "production")];
    let answer = eve.post(&keys, &[&fields[..], &[("scopes", "admin"), ("expires", "never")]].concat()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(eve.download(&answer).await.status, 200);
    let org = OrgId::parse(keys.split('/').nth(2).expect("an id")).expect("an id");
    portal.store.add_earlier_member(&org, &user).await;
    let refused = eve.download(&answer).await;
    assert_eq!((refused.status.as_u16(), refused.header("content-disposition")), (403, ""));
    assert!(refused.body.contains("Your role here is Member"), "{}", refused.body);
}
