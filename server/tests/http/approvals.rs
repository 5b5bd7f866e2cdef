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
    lists_of_keys_are_narrowed_to_what_waits,
    what_waits_is_found_by_search,
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

async fn lists_of_keys_are_narrowed_to_what_waits(portal: &TestPortal) {
    let (app, org, eve) = world(portal).await;
    let path = ask(&eve, &app).await;
    let row = format!("<a href=\"{path}\">Nightly");
    for list in [format!("/apps/{app}/keys"), format!("/orgs/{org}/keys")] {
        let all = portal.get(&list).await.body;
        assert!(all.contains("<option value=\"waiting_for_approval\"") && !all.contains(&row), "{list}: {all}");
        for browser in [&portal.client, &eve] {
            let waiting = browser.get(&format!("{list}?status=waiting_for_approval")).await.body;
            for text in [row.as_str(), "aria-label=\"Waiting for approval\"", "New key", "1 request", "Eve"] {
                assert!(waiting.contains(text), "{list} {text}: {waiting}");
            }
            assert!(waiting.contains("Status: Waiting for approval") || waiting.contains("Clear"), "{waiting}");
        }
        let other = portal.get(&format!("{list}?status=waiting_for_approval&label=other")).await.body;
        assert!(other.contains("No results") && !other.contains(&row), "{other}");
        assert!(!portal.get(&format!("{list}?status=active")).await.body.contains(&row));
    }
    // Overviews show figures once there is a key.
    let id = OrgId::parse(&org).expect("an id");
    let found = portal.store.find(None, &id).await.expect("asked").expect("there");
    let shell = Act::by(Actor::CommandLine);
    portal.store.set_key_policy(&shell, &found, KeyPolicy::default(), None).await.expect("set");
    portal.key(&app).await;
    govern(portal, &id).await;
    for overview in [format!("/apps/{app}"), format!("/orgs/{org}")] {
        let page = portal.get(&overview).await.body;
        assert!(page.contains("/keys?status=waiting_for_approval\""), "{page}");
    }
    // The page of all requests, narrowed.
    let requests = async |query: &str| portal.get(&format!("/orgs/{org}/approvals?{query}")).await;
    assert!(requests(&format!("status=waiting_for_approval&app={app}")).await.body.contains(&path));
    let none = requests("status=refused").await.body;
    assert!(none.contains("No results") && none.contains("Clear filters") && !none.contains(&path), "{none}");
    assert_eq!(requests("status=strange").await.status, 400);
    assert_eq!(requests("app=strange").await.status, 400);
    // Nothing waits once it is decided.
    act(portal, &path, "approve").await;
    let later = portal.get(&format!("/apps/{app}/keys?status=waiting_for_approval")).await.body;
    assert!(!later.contains(&row), "{later}");
    let token = portal.token(true, Some(&org)).await;
    let api = async |path: String| portal.manage(&path, &token, None).await;
    let listed = api(format!("/v1/orgs/{org}/approvals?status=approved&app_id={app}")).await;
    assert!(listed.status == 200 && listed.body.contains("Nightly"), "{}", listed.body);
    let listed = api(format!("/v1/orgs/{org}/approvals?status=waiting_for_approval")).await;
    assert!(listed.status == 200 && !listed.body.contains("Nightly"), "{}", listed.body);
    for bad in ["approvals?status=strange", "approvals?app_id=strange"] {
        assert_eq!(api(format!("/v1/orgs/{org}/{bad}")).await.status, 400, "{bad}");
    }
    let elsewhere = api(format!("/v1/apps/{app}/keys?status=waiting_for_approval")).await;
    assert!(elsewhere.status == 400 && elsewhere.body.contains("/approvals?status=waiting_for_approval"));
}

async fn what_waits_is_found_by_search(portal: &TestPortal) {
    let (app, org, eve) = world(portal).await;
    let path = ask(&eve, &app).await;
    let search = async |browser: &Client, words: &str| browser.post("/search", &[("q", words)]).await.body;
    for browser in [&portal.client, &eve] {
        let found = search(browser, "nightly").await;
        assert!(found.contains(&format!("href=\"{path}\"")) && found.contains("Waiting for approval"), "{found}");
        for words in ["approvals", "waiting"] {
            let page = search(browser, words).await;
            assert!(page.contains(&format!("href=\"/orgs/{org}/approvals\"")), "{words}: {page}");
        }
    }
    let owners = ask(&portal.client, &app).await;
    assert!(search(portal, "nightly").await.contains(&owners));
    assert!(!search(&eve, "nightly").await.contains(&owners), "who does not decide sees their own alone");
}
