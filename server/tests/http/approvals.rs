//! `/orgs/{org_id}/approvals` and `/approvals/{approval_id}`

use sallyport::{
    audit::{Act, Actor},
    id::{AppId, OrgId},
    key_policy::KeyPolicy,
    member::Role,
};

use crate::{
    client::{Answer, Client},
    portal::{TestPortal, find},
};

crate::on_both_portals!(
    a_key_is_asked_for_approved_and_claimed_without_scripts,
    a_refusal_needs_a_reason,
    a_request_can_be_withdrawn,
    a_change_waits_and_is_claimed,
);

/// Ada owns the organization, and Eve develops in it.
async fn world(portal: &TestPortal) -> (AppId, String, Client) {
    portal.set_up().await;
    let app = portal.app().await;
    let eve = portal.stranger().await;
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    let org = portal.store.find(None, &app).await.expect("asked").expect("there").org_id;
    portal.store.add_member(&Act::by(Actor::CommandLine), &org, &user, Role::Developer).await.expect("added");
    govern(portal, &org).await;
    (app, org.to_string(), eve)
}

async fn govern(portal: &TestPortal, org: &OrgId) {
    let org = portal.store.find(None, org).await.expect("asked").expect("there");
    let policy = KeyPolicy { approval_environments: vec!["production".to_owned()], ..KeyPolicy::default() };
    portal.store.set_key_policy(&Act::by(Actor::CommandLine), &org, policy, None).await.expect("set");
}

async fn ask(browser: &Client, app: &AppId) -> String {
    let token = browser.get(&format!("/apps/{app}/keys?panel=generate")).await.hidden("form_token");
    let fields = [
        ("form_token", token.as_str()),
        ("app_id", app.as_str()),
        ("label", "Nightly"),
        ("environment", "production"),
        ("scopes", "read"),
        ("expires", "90"),
        ("signing_secret", "on"),
    ];
    let answer = browser.post(&format!("/apps/{app}/keys"), &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let again = browser.post(&format!("/apps/{app}/keys"), &fields).await;
    assert_eq!(again.location(), answer.location(), "a form that is sent twice asks once");
    answer.location().split('?').next().unwrap_or_default().to_owned()
}

async fn act(browser: &Client, path: &str, what: &str) -> Answer {
    browser.post(path, &[("do", what)]).await
}

async fn a_key_is_asked_for_approved_and_claimed_without_scripts(portal: &TestPortal) {
    let (app, org, eve) = world(portal).await;
    let path = ask(&eve, &app).await;
    let page = eve.get(&format!("{path}?done=asked")).await.body;
    for text in ["Waiting for approval", "Nightly", "Your request", "Withdraw", "Owners and admins were told."] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("value=\"approve\"") && !page.contains("value=\"claim\""));
    // Above the list of keys, for both of them.
    for browser in [&portal.client, &eve] {
        let list = browser.get(&format!("/apps/{app}/keys")).await.body;
        assert!(list.contains("1 key waits for an approval, or to be claimed."), "{list}");
        assert!(list.contains(&format!("href=\"/orgs/{org}/approvals\"")));
        let requests = browser.get(&format!("/orgs/{org}/approvals")).await.body;
        assert!(requests.contains(&format!("href=\"{path}\"")) && requests.contains("Waiting for approval"));
    }
    let refused = act(&eve, &path, "claim").await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("Nobody has approved this request yet."), "{}", refused.body);
    assert_eq!(act(&eve, &path, "approve").await.status, 403);
    let page = portal.get(&path).await.body;
    assert!(
        page.contains("value=\"approve\"") && page.contains("value=\"refuse\"") && !page.contains("value=\"claim\"")
    );
    assert_eq!(act(portal, &path, "approve").await.location(), format!("{path}?done=approve"));
    assert_eq!(act(portal, &path, "claim").await.status, 409, "it is not theirs");
    assert!(eve.get(&path).await.body.contains("value=\"claim\""));
    let shown = act(&eve, &path, "claim").await;
    assert_eq!((shown.status.as_u16(), shown.header("cache-control")), (200, "no-store"), "{}", shown.body);
    let secret = find(&shown.body, "sk_live_", 44).expect("a secret key");
    assert!(find(&shown.body, "sgn_", 47).is_some() && shown.body.contains("Hand over by link"));
    // Behind the dialog, the request is as it is now.
    assert!(shown.body.contains("Claimed") && !shown.body.contains("value=\"withdraw\""), "{}", shown.body);
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    // Neither again, nor by reloading.
    let again = act(&eve, &path, "claim").await;
    assert!(again.status == 409 && !again.body.contains(&secret), "{}", again.body);
    assert!(!eve.get(&path).await.body.contains(&secret));
    assert!(!eve.get(&format!("/apps/{app}/keys")).await.body.contains("waits for an approval"));
}

async fn a_refusal_needs_a_reason(portal: &TestPortal) {
    let (app, _, eve) = world(portal).await;
    let path = ask(&eve, &app).await;
    let refused = act(portal, &path, "refuse").await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Say why") && refused.body.contains("href=\"#reason\""), "{}", refused.body);
    let done = portal.post(&path, &[("do", "refuse"), ("reason", "Use <staging>.")]).await;
    assert_eq!(done.location(), format!("{path}?done=refuse"));
    let page = eve.get(&path).await.body;
    assert!(page.contains("Use &lt;staging&gt;.") && page.contains("Refused by"), "{page}");
    assert!(!page.contains("Withdraw"));
}

async fn a_request_can_be_withdrawn(portal: &TestPortal) {
    let (app, org, eve) = world(portal).await;
    let path = ask(&eve, &app).await;
    assert_eq!(act(&eve, &path, "withdraw").await.location(), format!("{path}?done=withdraw"));
    let late = act(portal, &path, "approve").await;
    assert!(late.status == 409 && late.body.contains("This request was withdrawn."), "{}", late.body);
    assert_eq!(act(&eve, &path, "dance").await.status, 422);
    assert!(eve.get(&format!("/orgs/{org}/approvals")).await.body.contains("Withdrawn"));
}

async fn a_change_waits_and_is_claimed(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let org = portal.store.find(None, &app).await.expect("asked").expect("there").org_id;
    govern(portal, &org).await;
    let path = format!("/keys/{key}/change");
    let seen = portal.get(&path).await.hidden("seen");
    let fields = [
        ("seen", seen.as_str()),
        ("scopes", "read"),
        ("scopes", "write"),
        ("expires", "keep"),
        ("confirmed", "read write;keep;"),
    ];
    let asked = portal.post(&path, &fields).await;
    let request = asked.location().split('?').next().unwrap_or_default().to_owned();
    assert!(request.starts_with("/approvals/apr_"), "{} {}", asked.status, asked.body);
    assert_eq!(portal.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 403);
    let own = act(portal, &request, "approve").await;
    assert_eq!(own.status, 403, "nobody approves their own");
    let token = portal.token(true, Some(org.as_str())).await;
    let api = format!("/v1{request}/approve");
    assert_eq!(portal.json(&api, &token, &serde_json::json!({})).await.status, 200);
    assert_eq!(act(portal, &request, "claim").await.location(), format!("/keys/{key}?done=changed"));
    assert_eq!(portal.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 200);
}
