//! `/orgs/{org_id}/settings/key-rules`

use crate::portal::TestPortal;

crate::on_both_portals!(rules_are_set_in_a_form, wrong_rules_stay_in_the_form, keys_from_before_are_listed);

fn row<'a>(environment: &'a str, scope: &'a str, days: &'a str) -> [(&'static str, &'a str); 3] {
    [("lifetime_environment", environment), ("lifetime_scope", scope), ("lifetime_days", days)]
}

async fn rules_are_set_in_a_form(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let settings = portal.get(&format!("/orgs/{org}/settings")).await.body;
    assert!(settings.contains(&format!("action=\"/orgs/{org}/settings/key-rules\"")));
    let path = format!("/orgs/{org}/settings/key-rules");
    let page = portal.get(&path).await;
    for text in
        ["Rules for keys", "Longest lifetime", "Most keys per app", "Every key obeys these rules.", "Save rules"]
    {
        assert!(page.body.contains(text), "{text}");
    }
    let seen = page.hidden("seen");
    let more = [
        ("seen", seen.as_str()),
        ("default_expiry_days", "45"),
        ("most_keys_per_app", "5"),
        ("approval_environments", "production"),
        ("approval_scopes", "delete"),
        ("approval_scopes", "admin"),
        ("rotate_every_days", "90"),
    ];
    let fields = [&row("production", "", "90")[..], &row("", "", ""), &more].concat();
    let saved = portal.post(&path, &fields).await;
    assert_eq!((saved.status.as_u16(), saved.location()), (303, format!("{path}?saved=1").as_str()), "{}", saved.body);
    let page = portal.get(saved.location()).await.body;
    assert!(page.contains("Saved.") && page.contains("name=\"lifetime_days\" inputmode=\"numeric\""), "{page}");
    for value in ["value=\"90\"", "value=\"45\"", "value=\"5\""] {
        assert!(page.contains(value), "{value}");
    }
    let of = sallyport::id::OrgId::parse(&org).expect("an id");
    let policy = portal.store.key_policy(&of).await.expect("read").policy;
    assert_eq!(policy.longest_lifetime[0].environment.as_deref(), Some("production"));
    assert_eq!((policy.approval_scopes.len(), policy.rotate_every_days, policy.pause_unused_days), (2, Some(90), None));
    // Somebody else had the form open.
    let late = portal.post(&path, &[&row("", "", "7")[..], &[("seen", seen.as_str())]].concat()).await;
    assert_eq!(late.status, 409);
    assert!(late.body.contains("Somebody else changed the rules meanwhile"), "{}", late.body);
    let seen = late.hidden("seen");
    let again = [&row("", "", "7")[..], &[("seen", seen.as_str())]].concat();
    assert_eq!(portal.post(&path, &again).await.status, 303, "as they are by now");
    // A new key gets what the rules say, unless somebody chooses otherwise.
    let app = portal.app_in(&org, "Focus and calm").await;
    let set = [("seen", "2"), ("default_expiry_days", "45"), ("addresses_in_production", "on")];
    assert_eq!(portal.post(&path, &set).await.status, 303);
    let panel = portal.get(&format!("/apps/{app}/keys?panel=generate")).await.body;
    assert!(panel.contains("<option value=\"45\" selected>In 45 days</option>"), "{panel}");
    assert!(panel.contains("Allowed addresses"), "the panel asks for what is demanded");
}

async fn wrong_rules_stay_in_the_form(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let path = format!("/orgs/{org}/settings/key-rules");
    for (fields, message, anchor) in [
        (row("production", "", "").to_vec(), "A row has no days", "#longest_lifetime"),
        (row("production", "", "many").to_vec(), "Write a whole number", "#longest_lifetime"),
        (row("", "", "0").to_vec(), "Write a number of days from 1 to 3650", "#longest_lifetime"),
        (vec![("most_keys_per_app", "x")], "Write a whole number", "#most_keys_per_app"),
        (vec![("approval_scopes", "fly")], "There is no such scope", "#approval_scopes"),
        (vec![("pause_unused_days", "4000")], "from 1 to 3650", "#pause_unused_days"),
    ] {
        let refused =
            portal.post(&path, &[&fields[..], &[("seen", "0"), ("default_expiry_days", "33")]].concat()).await;
        assert_eq!(refused.status, 422, "{fields:?}");
        assert!(refused.body.contains(message) && refused.body.contains(&format!("href=\"{anchor}\"")), "{fields:?}");
        assert!(refused.body.contains("value=\"33\""), "what was typed stays");
    }
    let of = sallyport::id::OrgId::parse(&org).expect("an id");
    assert_eq!(portal.store.key_policy(&of).await.expect("read").version, 0);
}

async fn keys_from_before_are_listed(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let app = portal.app_in(&org, "Focus and calm").await;
    let mut last = String::new();
    for n in 0..22 {
        last = portal.generate(&app, &format!("Forever {n}"), &["read"], false).await.secret;
    }
    let path = format!("/orgs/{org}/settings/key-rules");
    let set = [&row("", "", "90")[..], &[("seen", "0")]].concat();
    assert_eq!(portal.post(&path, &set).await.status, 303);
    let page = portal.get(&path).await.body;
    assert!(page.contains("Keys that break these rules") && page.contains("And 2 keys more."), "{page}");
    assert_eq!(page.matches("href=\"/keys/key_").count(), 20, "a bounded list with links");
    assert_eq!(portal.auth("", &[("x-api-key", &last)]).await.status, 200, "they keep working");
}
