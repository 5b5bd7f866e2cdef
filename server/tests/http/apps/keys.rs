//! `/apps/{app_id}/keys`

mod chosen;
mod views;

use sallyport::id::AppId;

use crate::{
    client::{Answer, Client},
    portal::{PanelForm, TestPortal, find},
};

crate::on_both_portals!(
    both_secrets_are_in_one_response,
    without_a_signing_secret_there_are_five_fields,
    bad_input_keeps_what_was_typed_and_issues_nothing,
    a_form_sent_twice_makes_one_key,
    a_form_token_of_another_person_is_refused,
    the_empty_list_shows_the_call,
    revoked_keys_wait_behind_a_box,
    every_page_but_the_secrets_is_compressed,
    the_file_is_for_one_person_and_an_hour,
    the_runtime_configuration_has_the_key,
    an_archived_app_is_not_offered,
    what_was_typed_is_kept_whatever_the_reason,
    a_list_costs_five_queries_at_most,
    a_key_of_an_archived_app_is_suspended,
    a_scope_lists_what_implies_it,
    any_date_is_an_expiry,
);

async fn both_secrets_are_in_one_response(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let shown = portal.generate(&app, "Ingest worker", &["read", "write"], true).await;
    let json = portal.download(&shown.answer).await.json();
    let names: Vec<_> = json.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["app_id", "org_id", "project_id", "secret_key", "signing_secret", "tenant_id"]);
    assert_eq!(json["secret_key"], shown.secret.as_str());
    assert_eq!(json["signing_secret"], shown.signing_secret.clone().expect("one").as_str());
    assert!(shown.answer.body.contains(&format!("data-name=\"credentials-{app}.json\"")));
    assert_eq!(shown.answer.header("cache-control"), "no-store");
    assert_eq!(shown.answer.header("content-encoding"), "", "lengths must not tell of secrets");

    let list = portal.get(&format!("/apps/{app}/keys")).await.body;
    assert!(list.contains("Ingest worker") && list.contains("Active"));
    for page in [list, portal.get(&format!("/apps/{app}/activity")).await.body] {
        assert_eq!(find(&page, "sk_live_", 44), None);
        assert_eq!(find(&page, "sgn_", 47), None);
    }
}

async fn without_a_signing_secret_there_are_five_fields(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let shown = portal.generate(&app, "CI", &["read"], false).await;
    assert_eq!(shown.signing_secret, None);
    assert_eq!(portal.download(&shown.answer).await.json().as_object().expect("an object").len(), 5);
    assert!(!shown.answer.body.contains("Copy signing secret"));
}

async fn bad_input_keeps_what_was_typed_and_issues_nothing(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let other = portal.org("Another").await;
    let other_app = portal.app_in(&other, "Elsewhere").await;
    let long = "x".repeat(101);
    for (field, value, message) in [
        ("scopes", "", "One of the scopes is not known here. Choose from read, write, delete, admin."),
        ("scopes", "fly", "One of the scopes is not known here. Choose from read, write, delete, admin."),
        ("environment", "moon", "Choose a key type: production, development, staging, testing, other."),
        ("environment", "", "Choose a key type: production, development, staging, testing, other."),
        ("label", long.as_str(), "At most 100 characters; this has 101."),
        ("label", "a\u{7}b", "a control character is in it"),
        ("label", " ", "Give the key a label"),
        ("app_id", other_app.as_str(), "Choose one of this organization’s apps."),
        ("app_id", "app_none_000000", "Choose one of this organization’s apps."),
        ("expires", "yesterday", "Choose an expiry from the list."),
        ("form_token", "AAAA", "This form has expired or is not valid"),
        ("form_token", "", "This form has expired or is not valid"),
    ] {
        let form = portal.panel(&app).await.with("label", "Kept label").with(field, value);
        assert_refused(portal, &app, &form, message).await;
        if field != "label" {
            let answer = post(portal, &app, &form).await;
            assert!(answer.body.contains("value=\"Kept label\""), "{field}: what was typed is kept");
        }
    }
    let form = portal.panel(&app).await.without("scopes");
    assert_refused(portal, &app, &form, "Choose at least one scope.").await;
    let list = portal.get(&format!("/apps/{app}/keys")).await;
    assert!(list.body.contains("No API key yet"), "no key was issued");
    assert!(portal.get(&format!("/apps/{other_app}/keys")).await.body.contains("No API key yet"));
}

async fn post(portal: &TestPortal, app: &AppId, form: &PanelForm) -> Answer {
    portal.post(&format!("/apps/{app}/keys"), &form.fields()).await
}

async fn assert_refused(portal: &TestPortal, app: &AppId, form: &PanelForm, message: &str) {
    let answer = post(portal, app, form).await;
    assert_eq!(answer.status, 422, "{message}");
    assert!(answer.body.contains(message), "{message}");
    assert!(answer.body.contains("Generate API Key"));
    assert_eq!(find(&answer.body, "sk_live_", 44), None);
}

async fn a_form_sent_twice_makes_one_key(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let form = portal.panel(&app).await;
    assert_eq!(post(portal, &app, &form).await.status, 200);
    let again = post(portal, &app, &form).await;
    assert_eq!(again.status, 409);
    assert!(again.body.contains("Already shown"));
    assert!(again.body.contains("Revoke and generate again"));
    assert_eq!(find(&again.body, "sk_live_", 44), None);
    let key = again.after("href=\"/keys/", '"');
    assert!(portal.get(&format!("/apps/{app}/keys")).await.body.contains("1 key<"));

    let anew =
        portal.post(&format!("/keys/{key}/revoke"), &[("again", "1"), ("reason", "Its secrets were not saved")]).await;
    assert_eq!(anew.location(), format!("/apps/{app}/keys?panel=generate&like={key}"));
    let panel = portal.get(anew.location()).await.body;
    assert!(panel.contains("value=\"CI\""), "the panel begins with what the key had");
}

async fn a_form_token_of_another_person_is_refused(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let form = portal.panel(&app).await;
    let eve = portal.stranger().await;
    assert_eq!(eve.post(&format!("/apps/{app}/keys"), &form.fields()).await.status, 404);
    // Another member needs a form of their own.
    let user = portal.store.user_to_sign_in("eve@example.com").await.expect("asked").expect("known").0;
    let org = sallyport::id::OrgId::parse(
        portal.get(&format!("/apps/{app}/identifiers.json")).await.json()["org_id"].as_str().expect("text"),
    )
    .expect("an id");
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    portal.store.add_member(&act, &org, &user, sallyport::member::Role::Developer).await.expect("added");
    assert_eq!(eve.post(&format!("/apps/{app}/keys"), &form.fields()).await.status, 422);
}

async fn every_page_but_the_secrets_is_compressed(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let path = format!("/apps/{app}/keys");
    let encoding = |mut request: axum::http::Request<axum::body::Body>| {
        request.headers_mut().insert("accept-encoding", "br, gzip".parse().expect("a header"));
        async { portal.send(request).await.header("content-encoding").to_owned() }
    };
    let get = Client::request(axum::http::Method::GET, &path).body(axum::body::Body::empty()).expect("a request");
    assert_eq!(encoding(get).await, "br");
    assert_eq!(encoding(Client::form(&path, &[("label", "no scope")])).await, "br");
    let form = portal.panel(&app).await;
    assert_eq!(encoding(Client::form(&path, &form.fields())).await, "", "lengths would tell of the secrets");
}

async fn the_empty_list_shows_the_call(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let page = portal.get(&format!("/apps/{app}/keys")).await.body;
    assert!(page.contains("curl -i http://127.0.0.1:3000/v1/auth"));
    assert_eq!(page.matches(">Generate API Key<").count(), 1, "the button is there once");
}

async fn revoked_keys_wait_behind_a_box(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    portal.revoke(&key).await;
    let list = portal.get(&format!("/apps/{app}/keys")).await.body;
    assert!(!list.contains(&key));
    let all = portal.get(&format!("/apps/{app}/keys?include_revoked=1")).await.body;
    assert!(all.contains(&key) && all.contains("Revoked"));
}

async fn the_runtime_configuration_has_the_key(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let shown = portal.generate(&app, "CI", &["read"], true).await;
    assert!(shown.answer.body.contains("Download sallyport.json"));
    let action = shown.answer.after("<form id=\"runtime-file\" method=\"post\" action=\"", '"');
    let (_, sealed) = shown.answer.body.rsplit_once("name=\"sealed\" value=\"").expect("the last form");
    let sealed = sealed.split('"').next().unwrap_or_default();
    let file = portal.post(&action, &[("sealed", sealed)]).await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"sallyport.json\"");
    let without = portal.get(&format!("/apps/{app}/runtime-configuration.json")).await.json();
    let mut with = file.json();
    assert_eq!(with["app_api_key"].take(), shown.secret.as_str());
    assert_eq!((&with["app_id"], &with["org_id"]), (&without["app_id"], &without["org_id"]));
    assert!(!file.body.contains(shown.signing_secret.as_deref().expect("one")), "no app needs it");
}

async fn the_file_is_for_one_person_and_an_hour(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let shown = portal.generate(&app, "CI", &["read"], true).await;
    let signing = shown.signing_secret.clone().expect("one");
    let page = &shown.answer.body;
    for secret in [&shown.secret, &signing] {
        assert_eq!(page.matches(secret.as_str()).count(), 1, "in its field and nowhere else");
    }
    assert!(!page.contains("data:"), "browsers keep the addresses of downloads");

    let file = portal.download(&shown.answer).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), "application/json");
    assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"credentials-{app}.json\""));
    assert_eq!((file.header("cache-control"), file.header("content-encoding")), ("no-store", ""));
    assert_eq!(portal.download(&shown.answer).await.body, file.body, "as often as the button is pressed");

    // Another person of the organization, another key, and a file that was not encrypted here.
    let action = page_action(&shown.answer);
    let sealed = shown.answer.hidden("sealed");
    let org = file.json()["org_id"].as_str().expect("text").to_owned();
    let eve = portal.stranger().await;
    assert_eq!(eve.post(&action, &[("sealed", &sealed)]).await.status, 404);
    let user = portal.store.user_to_sign_in("eve@example.com").await.expect("asked").expect("there").0;
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    let id = sallyport::id::OrgId::parse(&org).expect("an id");
    portal.store.add_member(&act, &id, &user, sallyport::member::Role::Owner).await.expect("added");
    assert_eq!(eve.post(&action, &[("sealed", &sealed)]).await.status, 400);
    let other = page_action(&portal.generate(&app, "Other", &["read"], true).await.answer);
    for (action, sealed) in [(&other, sealed.as_str()), (&action, ""), (&action, "AAAA"), (&action, "no base64!")] {
        let refused = portal.post(action, &[("sealed", sealed)]).await;
        assert_eq!(refused.status, 400, "{sealed}");
        assert_eq!(refused.header("content-disposition"), "");
    }
    let revoked = portal.generate(&app, "Leaked", &["read"], true).await.answer;
    assert_eq!(portal.download(&revoked).await.status, 200);
    let key = page_action(&revoked).split('/').nth(2).expect("an id").to_owned();
    portal.revoke(&key).await;
    let gone = portal.download(&revoked).await;
    assert_eq!((gone.status.as_u16(), gone.header("content-disposition")), (400, ""));
    portal.store.clock.turn(std::time::Duration::from_secs(60 * 60));
    assert_eq!(portal.download(&shown.answer).await.status, 200);
    portal.store.clock.turn(std::time::Duration::from_secs(1));
    let late = portal.download(&shown.answer).await;
    assert_eq!((late.status.as_u16(), late.header("content-disposition")), (400, ""));
}

fn page_action(dialog: &Answer) -> String {
    dialog.after("<form id=\"credentials\" method=\"post\" action=\"", '"')
}

async fn an_archived_app_is_not_offered(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let (used, gone) = (portal.app_in(&org, "Used").await, portal.app_in(&org, "Gone").await);
    let form = portal.panel(&used).await.with("label", "Kept label");
    let offered = |body: &str| body.contains(&format!("<option value=\"{gone}\""));
    let panel = format!("/orgs/{org}/keys?panel=generate");
    assert!(offered(&portal.get(&panel).await.body));
    portal.post(&format!("/apps/{gone}/settings/archive"), &[]).await;
    assert!(!offered(&portal.get(&panel).await.body));
    let answer = portal.post(&format!("/orgs/{org}/keys"), &form.with("app_id", gone.as_str()).fields()).await;
    assert_eq!(answer.status, 422);
    for text in ["value=\"Kept label\"", "Choose one of this organization’s apps.", "Generate API Key"] {
        assert!(answer.body.contains(text), "{text}");
    }
    // The app is deleted with its project.
    let project = portal.get(&format!("/apps/{used}/identifiers.json")).await.json()["project_id"].clone();
    portal.post(&format!("/projects/{}/settings/archive", project.as_str().expect("text")), &[]).await;
    assert!(!portal.get(&panel).await.body.contains(&format!("<option value=\"{used}\"")));
}

async fn what_was_typed_is_kept_whatever_the_reason(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let ids = portal.get(&format!("/apps/{app}/identifiers.json")).await.json();
    let tenant = ids["tenant_id"].as_str().expect("text");
    portal.post(&format!("/tenants/{tenant}/settings/archive"), &[]).await;
    // In the form, with the error.
    let answer = portal.post(&format!("/tenants/{tenant}/projects/new"), &[("name", "Kept name")]).await;
    assert_eq!(answer.status, 403);
    assert!(
        answer.body.contains("value=\"Kept name\"") && answer.body.contains("This is archived."),
        "{}",
        answer.body
    );
    // If the form can't be shown, on the error page.
    let eve = portal.stranger().await;
    let answer = eve.post(&format!("/apps/{app}/keys"), &[("label", "Kept <label>"), ("form_token", "a-token")]).await;
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("What you typed") && answer.body.contains("Kept &lt;label&gt;"), "{}", answer.body);
    assert!(!answer.body.contains("a-token"));
}

async fn a_list_costs_five_queries_at_most(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Another").await;
    let empty = portal.app_in(&org, "Empty").await;
    let none = format!("/orgs/{org}/keys");
    let cost = async |path: &str| {
        let before = portal.store.reads();
        assert_eq!(portal.get(path).await.status, 200, "{path}");
        let reads = portal.store.reads() - before;
        assert!(reads <= 5, "{path}: {reads} queries");
    };
    cost(&none).await;
    cost(&format!("/apps/{empty}/keys")).await;
    let app = portal.app_in(&org, "Full").await;
    for _ in 0..3 {
        portal.key(&app).await;
    }
    let paused = portal.key(&app).await.0;
    portal.post(&format!("/keys/{paused}/pause"), &[]).await;
    for list in [format!("/apps/{app}/keys"), none] {
        for query in
            ["", "?label=c&environment=production&scope=read", "?status=suspended", "?sort=label", "?include_revoked=1"]
        {
            cost(&format!("{list}{query}")).await;
        }
    }
}

async fn a_key_of_an_archived_app_is_suspended(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Another").await;
    let app = portal.app_in(&org, "Archived soon").await;
    let key = portal.key(&app).await.0;
    let badge = |page: &str, word: &str| page.contains(&format!(">{word}</span>"));
    let list = format!("/apps/{app}/keys");
    assert!(badge(&portal.get(&list).await.body, "Active"));
    assert_eq!(portal.post(&format!("/apps/{app}/settings/archive"), &[]).await.status, 303);
    for path in [list.clone(), format!("/orgs/{org}/keys"), format!("/keys/{key}"), format!("/apps/{app}")] {
        let page = portal.get(&path).await.body;
        assert!(badge(&page, "Suspended") && !badge(&page, "Active"), "{path}: {page}");
    }
    assert!(portal.get(&format!("{list}?status=suspended")).await.body.contains(&key));
    assert!(portal.get(&format!("/orgs/{org}/keys?status=active")).await.body.contains("No results"));
    assert!(portal.post("/search", &[("q", "CI")]).await.body.contains("Suspended"));
}

async fn a_scope_lists_what_implies_it(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Another").await;
    let app = portal.app_in(&org, "Scoped").await;
    for (label, scopes) in [("May do all", "admin"), ("May look", "read")] {
        portal.generate(&app, label, &[scopes], true).await;
    }
    for list in [format!("/apps/{app}/keys"), format!("/orgs/{org}/keys")] {
        let page = portal.get(&format!("{list}?environment=production&scope=delete")).await.body;
        assert!(page.contains("May do all") && !page.contains("May look") && page.contains("1 key<"), "{page}");
    }
}

async fn any_date_is_an_expiry(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let path = format!("/apps/{app}/keys");
    let panel = portal.get(&format!("{path}?panel=generate")).await.body;
    for text in
        ["<option value=\"custom\">Custom</option>", "type=\"date\"", "min=\"2026-11-22\"", "max=\"2036-11-18\""]
    {
        assert!(panel.contains(text), "{text}: {panel}");
    }
    let form = portal.panel(&app).await.with("expires", "custom");
    for (date, message) in [
        ("", "Choose a date."),
        ("2026-11-21", "Choose a date from 2026-11-22 to 2036-11-18 (UTC)."),
        ("2036-11-19", "Choose a date from 2026-11-22 to 2036-11-18 (UTC)."),
        ("31.01.2027", "Write the date like 2027-01-31."),
    ] {
        let fields = [&form.fields()[..], &[("expires_on", date)]].concat();
        let answer = portal.post(&path, &fields).await;
        assert_eq!(answer.status, 422, "{date}");
        assert!(
            answer.body.contains(&format!("<p id=\"expires_on-error\" class=\"field-error\">{message}</p>")),
            "{date}"
        );
        assert!(date.is_empty() || answer.body.contains(&format!("value=\"{date}\"")), "what was typed is kept");
    }
    let other = portal.panel(&app).await;
    let answer = portal.post(&path, &[&other.fields()[..], &[("expires_on", "2027-01-31")]].concat()).await;
    assert_eq!(answer.status, 422, "the date is not passed over");
    assert!(answer.body.contains("id=\"expires-error\""), "{}", answer.body);
    let answer = portal.post(&path, &[&form.fields()[..], &[("expires_on", "2027-01-31")]].concat()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let key = portal.get(&path).await.after("href=\"/keys/", '"');
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("2027-01-31T23:59:59Z"));
}
