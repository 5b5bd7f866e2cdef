//! `/keys/{key_id}/signing-secret`

use crate::{
    client::{Answer, Client},
    portal::{TestPortal, find},
};

crate::on_both_portals!(
    the_new_secret_is_in_one_response,
    a_form_sent_twice_rotates_once,
    a_form_that_is_not_ours_rotates_nothing,
    a_key_without_one_gets_its_first,
    a_revoked_key_has_nothing_to_rotate,
);

async fn form(portal: &TestPortal, key: &str, grace: &'static str) -> [(&'static str, String); 2] {
    let version = portal.get(&format!("/keys/{key}/signing-secret")).await.hidden("version");
    [("version", version), ("grace", grace.to_owned())]
}

async fn post(portal: &TestPortal, key: &str, form: &[(&'static str, String); 2]) -> Answer {
    let fields = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    portal.post(&format!("/keys/{key}/signing-secret"), &fields).await
}

async fn the_new_secret_is_in_one_response(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let panel = portal.get(&format!("/keys/{key}/signing-secret")).await.body;
    for words in ["Rotate signing secret", "Ends at once", "Accepted for another hour", "another day", "another week"] {
        assert!(panel.contains(words), "{words}");
    }
    let form = form(portal, &key, "day").await;
    let fields = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut request = Client::form(&format!("/keys/{key}/signing-secret"), &fields);
    request.headers_mut().insert("accept-encoding", "br, gzip".parse().expect("a header"));
    let answer = portal.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-encoding"), "", "lengths must not tell of secrets");
    let secret = find(&answer.body, "sgn_", 47).expect("a signing secret");
    assert_eq!(find(&answer.body, "sk_live_", 44), None);
    for words in ["Save your signing secret", "Copy signing secret", "the only time you’ll ", "tomorrow"] {
        assert!(answer.body.contains(words), "{words}");
    }
    let json = portal.download(&answer).await.json();
    assert_eq!((&json["signing_secret"], &json["key_id"]), (&secret.as_str().into(), &key.as_str().into()));
    for page in [format!("/keys/{key}"), format!("/apps/{app}/activity"), format!("/keys/{key}/signing-secret")] {
        let body = portal.get(&page).await.body;
        assert_eq!(find(&body, "sgn_", 47), None, "{page}");
    }
    assert!(portal.get(&format!("/apps/{app}/activity")).await.body.contains("Signing secret rotated"));
}

async fn a_form_sent_twice_rotates_once(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let form = form(portal, &key, "none").await;
    assert_eq!(post(portal, &key, &form).await.status, 200);
    let again = post(portal, &key, &form).await;
    assert_eq!(again.status, 409);
    assert!(again.body.contains("Already shown") && again.body.contains("Rotate again"));
    assert_eq!(find(&again.body, "sgn_", 47), None);
    let activity = portal.get(&format!("/apps/{app}/activity")).await.body;
    // Once in the table, once in the filter.
    assert_eq!(activity.matches("Signing secret rotated").count(), 2);
}

async fn a_form_that_is_not_ours_rotates_nothing(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    for (version, grace, status) in [
        ("", "day", 422),
        ("one", "day", 422),
        ("1", "year", 422),
        ("1", "", 422),
        ("7", "day", 409),
        ("0", "day", 409),
    ] {
        let answer = post(
            portal,
            &key,
            &[("version", version.to_owned()), ("grace", grace.to_owned())]
                .map(|(name, value)| (if name == "version" { "version" } else { "grace" }, value)),
        )
        .await;
        assert_eq!(answer.status, status, "{version} {grace}");
        assert_eq!(find(&answer.body, "sgn_", 47), None);
    }
    let eve = portal.stranger().await;
    assert_eq!(
        eve.post(&format!("/keys/{key}/signing-secret"), &[("version", "1"), ("grace", "day")]).await.status,
        404
    );
    assert_eq!(form(portal, &key, "day").await[0].1, "1", "nothing was rotated");
}

async fn a_key_without_one_gets_its_first(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    portal.generate(&app, "CI", &["read"], false).await;
    let key = portal.get(&format!("/apps/{app}/keys")).await.after("href=\"/keys/", '"');
    let panel = portal.get(&format!("/keys/{key}/signing-secret")).await;
    assert!(panel.body.contains("Generate signing secret") && !panel.body.contains("name=\"grace\""));
    let version = panel.hidden("version");
    let answer = portal.post(&format!("/keys/{key}/signing-secret"), &[("version", &version)]).await;
    assert!(find(&answer.body, "sgn_", 47).is_some());
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("Rotate signing secret"));
}

async fn a_revoked_key_has_nothing_to_rotate(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let form = form(portal, &key, "day").await;
    portal.revoke(&key).await;
    assert_eq!(portal.get(&format!("/keys/{key}/signing-secret")).await.location(), format!("/keys/{key}"));
    assert_eq!(post(portal, &key, &form).await.status, 422);
    assert!(!portal.get(&format!("/keys/{key}")).await.body.contains("/signing-secret\""));
}
