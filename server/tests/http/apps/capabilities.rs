//! `/apps/{app_id}/capabilities`

use serde_json::json;

use crate::portal::TestPortal;

crate::on_both_portals!(
    one_is_minted_and_shown_once,
    what_is_wrong_is_said_beside_its_field,
    all_are_revoked_after_the_name_was_typed,
    an_archived_app_mints_nothing,
    without_modules_and_channels_there_is_nothing_to_mint,
);

const FORM: [(&str, &str); 4] =
    [("subject", "person-7"), ("modules", "focus"), ("channels", "export"), ("expires_in", "3600")];

/// The token in the one-time dialog.
async fn mint(portal: &TestPortal, path: &str) -> String {
    let dialog = portal.post(path, &FORM).await;
    assert_eq!((dialog.status.as_u16(), dialog.header("cache-control")), (200, "no-store"), "{}", dialog.body);
    let field = dialog.after("id=\"secret-key\"", '>');
    let token = field.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a value").to_owned();
    assert_eq!(dialog.body.matches(&token).count(), 1, "once in the page");
    token
}

async fn one_is_minted_and_shown_once(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let path = format!("/apps/{app}/capabilities");
    let overview = portal.get(&format!("/apps/{app}")).await.body;
    assert!(overview.contains(&format!("href=\"{path}\"")), "{overview}");
    let page = portal.get(&path).await.body;
    for text in ["Mint token", "Modules", "research", "Channels", "stream", "24 hours", "30 days", "Revoke all tokens"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("90 days"), "longer than the profile allows");
    let dialog = portal.post(&path, &FORM).await;
    assert!(
        dialog.body.contains("Save your token") && dialog.body.contains("Download sallyport.json"),
        "{}",
        dialog.body
    );
    // Without scripts the file comes from the server.
    let (_, form) = dialog.body.split_once("<form id=\"runtime-file\"").expect("a form");
    let sealed = form.split("name=\"sealed\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("sealed");
    let file = portal.post(&format!("{path}/file"), &[("sealed", sealed)]).await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"sallyport.json\"");
    assert_eq!((file.json()["app_id"].as_str(), &file.json()["app_api_key"]), (Some(app.as_str()), &json!("")));
    let token = file.json()["capability_token"].as_str().expect("a token").to_owned();
    assert_eq!(dialog.body.matches(&token).count(), 1, "once in the page");
    let root = portal.root_token().await;
    let verified = portal.json("/v1/capabilities/verify", &root, &json!({ "token": token })).await.json();
    assert_eq!((&verified["subject"], &verified["channels"]), (&json!("person-7"), &json!(["export"])));
    assert_eq!(portal.post(&format!("{path}/file"), &[("sealed", "x")]).await.status, 400);
    let activity = portal.get(&format!("/apps/{app}/activity")).await.body;
    assert!(
        activity.contains("Capability token minted") && !activity.contains(&token) && !activity.contains("person-7")
    );
}

async fn what_is_wrong_is_said_beside_its_field(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let path = format!("/apps/{app}/capabilities");
    for (fields, says) in [
        (&[("modules", "focus")][..], "Name the subject"),
        (&[("subject", "ada")], "Choose a module or a channel."),
        (&[("subject", "ada"), ("modules", "flying")], "Choose from the catalogue of modules"),
        (&[("subject", "ada"), ("modules", "focus"), ("expires_in", "soon")], "Choose a lifetime from the list."),
        (&[("subject", "ada"), ("modules", "focus"), ("expires_in", "31536000")], "A token is valid for 60 to 2592000"),
    ] {
        let answer = portal.post(&path, fields).await;
        assert_eq!(answer.status, 422, "{fields:?}");
        assert!(answer.body.contains(says), "{fields:?}: {}", answer.body);
        assert!(!answer.body.contains("Save your token"));
    }
}

async fn all_are_revoked_after_the_name_was_typed(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let path = format!("/apps/{app}/capabilities");
    let token = mint(portal, &path).await;
    let asking = portal.get(&format!("{path}/revoke-all")).await;
    assert!(asking.body.contains("Revoke all tokens?") && asking.body.contains("Type “Focus and calm” to confirm."));
    let wrong = portal.post(&format!("{path}/revoke-all"), &[("typed_name", "Focus")]).await;
    assert_eq!(wrong.status, 422);
    let root = portal.root_token().await;
    let code = async || {
        let asked = json!({ "token": token });
        portal.json("/v1/capabilities/verify", &root, &asked).await.json()["code"].as_str().map(str::to_owned)
    };
    assert_eq!(code().await.as_deref(), Some("valid"));
    let fields = [("typed_name", "Focus and calm"), ("reason", "Stolen")];
    let done = portal.post(&format!("{path}/revoke-all"), &fields).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, format!("{path}?revoked=1").as_str()));
    assert!(portal.get(done.location()).await.body.contains("All capability tokens of this app are revoked."));
    assert_eq!(code().await.as_deref(), Some("revoked"));
    let activity = portal.get(&format!("/apps/{app}/activity")).await.body;
    assert!(activity.contains("All capability tokens revoked"), "{activity}");
}

async fn an_archived_app_mints_nothing(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let path = format!("/apps/{app}/capabilities");
    portal.post(&format!("/apps/{app}/settings/archive"), &[]).await;
    assert!(portal.get(&path).await.body.contains("This app is archived."));
    assert_eq!(portal.post(&path, &FORM).await.status, 403);
}

async fn without_modules_and_channels_there_is_nothing_to_mint(portal: &TestPortal) {
    let portal = portal.with_profile(include_str!("../../../../examples/profiles/helios.toml")).await;
    portal.set_up().await;
    let app = portal.app().await;
    let path = format!("/apps/{app}/capabilities");
    assert!(!portal.get(&format!("/apps/{app}")).await.body.contains(&path));
    assert!(portal.get(&path).await.body.contains("names no modules and no channels"));
    assert_eq!(portal.post(&path, &FORM).await.status, 422);
}
