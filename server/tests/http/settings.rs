//! `…/settings` of organizations, tenants, projects and apps; `…/keys/revoke-all`; `…/keys/search`.

mod key_rules;
mod logo;
mod service_urls;
pub mod sign_in;

use sallyport::{
    audit::{Act, Actor},
    colour::Colour,
    id::OrgId,
    member::Role,
};

use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(
    each_place_is_renamed_archived_restored_and_deleted,
    an_organization_has_a_colour_of_its_own,
    a_member_does_not_end_places,
    deleting_asks_for_the_very_name,
    a_root_token_goes_with_its_organization,
    all_keys_are_revoked_after_the_name_was_typed,
    a_label_is_searched_in_the_url,
    a_pasted_key_is_never_in_a_url,
);

/// The addresses from the organization down to the app.
async fn places(portal: &TestPortal, app: &str) -> [String; 4] {
    let ids = portal.get(&format!("/apps/{app}/identifiers.json")).await.json();
    let id = |name: &str| ids[name].as_str().expect("text").to_owned();
    [
        format!("/orgs/{}", id("org_id")),
        format!("/tenants/{}", id("tenant_id")),
        format!("/projects/{}", id("project_id")),
        format!("/apps/{app}"),
    ]
}

async fn each_place_is_renamed_archived_restored_and_deleted(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let status = || async { portal.auth("", &[("x-api-key", &secret)]).await.status.as_u16() };
    let places = places(portal, app.as_str()).await;
    for place in &places {
        let settings = format!("{place}/settings");
        let answer = portal.post(&settings, &[("name", ""), ("description", "Kept")]).await;
        assert_eq!(answer.status, 422, "{place}");
        assert!(answer.body.contains("Kept") && answer.body.contains("a name."), "{place}");
        let answer = portal.post(&settings, &[("name", "Anew"), ("description", "For <b>tests</b>")]).await;
        assert_eq!(answer.location(), format!("{settings}?saved=1"));
        assert!(portal.get(answer.location()).await.body.contains("Saved."), "{place}");
        let page = portal.get(place).await.body;
        assert!(page.contains("Anew") && page.contains("For &lt;b&gt;tests"), "{place}");

        assert_eq!(status().await, 200, "{place}");
        portal.post(&format!("{settings}/archive"), &[]).await;
        assert_eq!(status().await, 403, "{place}: archived is answered at once");
        let page = portal.get(&format!("/apps/{app}/keys")).await.body;
        assert!(page.contains("is archived") && page.contains(&format!("{settings}/restore")), "{place}");
        assert!(!page.contains("panel=generate\""), "{place}: nothing new");
        let token = portal.root_token().await;
        let verdict = portal.json("/v1/keys/verify", &token, &serde_json::json!({ "key": secret })).await.json();
        assert_eq!(verdict["code"], "suspended");
        let answer = portal.post(&format!("{settings}/restore"), &[]).await;
        assert_eq!(answer.location(), place);
        assert_eq!(status().await, 200, "{place}");
    }
    for place in places.iter().rev() {
        let answer = portal.post(&format!("{place}/settings/delete"), &[("typed_name", "Anew")]).await;
        assert_eq!(answer.status, 303, "{place}: {}", answer.body);
        assert_eq!(portal.get(place).await.status, 404, "{place}");
        assert_eq!(status().await, 401, "{place}");
    }
}

async fn an_organization_has_a_colour_of_its_own(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let [org, tenant, ..] = places(portal, app.as_str()).await;
    let settings = format!("{org}/settings");
    let id = org.trim_start_matches("/orgs/");
    let shown = async |colour: Colour| {
        let switcher = format!("avatar avatar-hue hue-{}\"", colour.as_str());
        // The switcher's button and its entry, wherever the person is; not the choices in the settings.
        assert_eq!(portal.get(&tenant).await.body.matches(&switcher).count(), 2, "{colour:?}");
    };
    let chosen = async |value: &str| {
        let page = portal.get(&settings).await.body;
        let (_, input) = page.split_once(&format!("id=\"colour-{value}\"")).expect("a choice");
        assert!(input.split('>').next().expect("its attributes").contains("aria-pressed=\"true\""), "{value}");
    };
    chosen("automatic").await;
    shown(Colour::of_id(id)).await;
    for colour in [Colour::Teal, Colour::Pink] {
        let answer = portal.post(&format!("{settings}/colour"), &[("colour", colour.as_str())]).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("{settings}?saved=1").as_str()));
        chosen(colour.as_str()).await;
        shown(colour).await;
    }
    assert!(portal.get(&format!("{org}/activity")).await.body.contains("colour pink"));
    for other in ["", "red", "teal\" onload=\"x"] {
        let answer = portal.post(&format!("{settings}/colour"), &[("colour", other)]).await;
        assert_eq!(answer.status, 400, "{other:?}");
    }
    shown(Colour::Pink).await;
    portal.post(&format!("{settings}/colour"), &[("colour", "automatic")]).await;
    chosen("automatic").await;
    shown(Colour::of_id(id)).await;

    let eve = member(portal, &org).await;
    assert!(!eve.get(&settings).await.body.contains("colour-automatic"));
    assert_eq!(eve.post(&format!("{settings}/colour"), &[("colour", "teal")]).await.status, 403);
}

async fn member(portal: &TestPortal, org: &str) -> Client {
    let eve = portal.stranger().await;
    let user = portal.store.user_to_sign_in("eve@example.com").await.expect("asked").expect("known").0;
    let org = OrgId::parse(org.trim_start_matches("/orgs/")).expect("an id");
    portal.store.add_member(&Act::by(Actor::CommandLine), &org, &user, Role::Developer).await.expect("added");
    eve
}

async fn a_member_does_not_end_places(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    portal.key(&app).await;
    let places = places(portal, app.as_str()).await;
    let eve = member(portal, &places[0]).await;
    for place in &places {
        let page = eve.get(&format!("{place}/settings")).await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains(">Delete<") && !page.body.contains(">Archive<"), "{place}");
        for verb in ["archive", "restore", "delete"] {
            let answer = eve.post(&format!("{place}/settings/{verb}"), &[("typed_name", "Focus Labs")]).await;
            assert_eq!(answer.status, 403, "{place} {verb}");
        }
    }
    let rename = [("name", "Eve was here"), ("description", "")];
    assert_eq!(eve.post(&format!("{}/settings", places[0]), &rename).await.status, 403);
    assert_eq!(eve.post(&format!("{}/settings", places[3]), &rename).await.status, 303, "an app is theirs to name");
    assert_eq!(eve.get(&format!("{}/keys/revoke-all", places[0])).await.status, 403);
}

async fn a_root_token_goes_with_its_organization(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let [org, ..] = places(portal, app.as_str()).await;
    let id = OrgId::parse(org.trim_start_matches("/orgs/")).expect("an id");
    let (_, token) =
        portal.store.create_token(&Act::by(Actor::CommandLine), "Gateway", false, Some(id)).await.expect("made");
    let body = serde_json::json!({ "key": secret });
    assert_eq!(portal.json("/v1/keys/verify", token.expose(), &body).await.status, 200);
    portal.post(&format!("{org}/settings/delete"), &[("typed_name", "Focus Labs")]).await;
    assert_eq!(portal.json("/v1/keys/verify", token.expose(), &body).await.status, 401, "at once");
}

async fn deleting_asks_for_the_very_name(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    portal.auth("", &[("x-api-key", &secret)]).await;
    portal.state.verifier.flush().await.expect("written");
    let path = format!("/apps/{app}/settings/delete");
    let dialog = portal.get(&path).await.body;
    assert!(dialog.contains("Delete this app?") && dialog.contains("1 was used in the last week"));
    let answer = portal.post(&path, &[("typed_name", "focus")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("Type the name as it is written here: Focus and calm"));
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
}

async fn all_keys_are_revoked_after_the_name_was_typed(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let [org, ..] = places(portal, app.as_str()).await;
    for (place, name) in [(format!("/apps/{app}"), "Focus and calm"), (org, "Focus Labs")] {
        let secrets = [portal.key(&app).await.1, portal.key(&app).await.1];
        for secret in &secrets {
            assert_eq!(portal.auth("", &[("x-api-key", secret)]).await.status, 200);
        }
        let path = format!("{place}/keys/revoke-all");
        assert!(portal.get(&format!("{place}/keys")).await.body.contains(&path));
        let dialog = portal.get(&path).await.body;
        assert!(dialog.contains("2 keys of "));
        assert!(dialog.contains(&format!("All 2 keys of {name} will be revoked")), "of what, whatever is filtered");
        assert_eq!(portal.post(&path, &[("typed_name", ""), ("reason", "leak")]).await.status, 422);
        let answer = portal.post(&path, &[("typed_name", name), ("reason", "Laptop stolen")]).await;
        assert_eq!(answer.location(), format!("{place}/keys?include_revoked=1"));
        for secret in &secrets {
            assert_eq!(portal.auth("", &[("x-api-key", secret)]).await.status, 401);
        }
        let log = portal.get(&format!("{place}/activity")).await.body;
        assert!(log.contains("All keys revoked") && log.contains("Laptop stolen"));
    }
}

async fn a_label_is_searched_in_the_url(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    portal.generate(&app, "Ingest & co", &["read"], true).await;
    portal.generate(&app, "Nightly", &["read"], true).await;
    let path = format!("/apps/{app}/keys");
    let answer = portal.post(&format!("{path}/search"), &[("q", "ingest &")]).await;
    assert_eq!(answer.location(), format!("{path}?label=ingest+%26"));
    let page = portal.get(answer.location()).await.body;
    assert!(page.contains("Ingest &amp; co") && !page.contains("Nightly") && page.contains("1 key<"));
    let page = portal.get(&format!("{path}?label=nothing&status=active")).await.body;
    assert!(page.contains("No results") && page.contains("Clear filters"));
    let page = portal.get(&format!("{path}?sort=label&scope=read&environment=production")).await.body;
    let (first, second) = (page.find("Ingest &amp; co"), page.find("Nightly"));
    assert!(first < second, "sorted by label");
}

async fn a_pasted_key_is_never_in_a_url(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let other = portal.org("Another").await;
    let elsewhere = portal.app_in(&other, "Elsewhere").await;
    let path = format!("/apps/{app}/keys");
    for text in [secret.as_str(), &format!("  {secret}\n"), key.as_str()] {
        let answer = portal.post(&format!("{path}/search"), &[("q", text)]).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("/keys/{key}").as_str()));
    }
    // Cut off, of another organization, or something else that is secret.
    let elsewhere = format!("/apps/{elsewhere}/keys");
    for (path, text) in [
        (&path, &secret[..20]),
        (&path, "7Hq2abcdEFGHijklMNOPqrst90x9Ka"),
        (&path, "sgn_something"),
        (&path, "key_unknown00"),
        (&elsewhere, secret.as_str()),
        (&elsewhere, key.as_str()),
    ] {
        let answer = portal.post(&format!("{path}/search"), &[("q", text)]).await;
        assert_eq!(answer.location(), format!("{path}?searched=unknown"), "{text}");
        let page = portal.get(answer.location()).await.body;
        assert!(page.contains("No key here matches what you pasted"));
    }
}
