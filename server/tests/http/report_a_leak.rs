//! `/report-a-leak`, and what pages say of a key that leaked.

use sallyport::{
    audit::{Act, Actor},
    id::{AppId, KeyId, OrgId},
    key::{PlainSecret, Status},
    key_policy::KeyPolicy,
    leak::LeakResponse,
    member::Role,
    testing::SeededEntropy,
};

use crate::{
    client::{Answer, Client},
    middleware::headers::{assert_guarded, without_what_differs},
    portal::TestPortal,
};

crate::on_both_portals!(
    everybody_gets_the_same_answer,
    reports_are_not_sent_without_end,
    a_key_that_leaked_says_so_with_the_way_out,
    a_pause_is_resumed_by_owners_and_admins_alone,
    the_rule_is_set_with_the_others,
    a_form_of_another_site_is_refused,
);

/// A key that nobody has.
pub fn unknown_key() -> String {
    PlainSecret::mint("sk_live_", &SeededEntropy::new(9)).expose().to_owned()
}

async fn report(browser: &Client, key: &str, place: &str) -> Answer {
    browser.post("/report-a-leak", &[("key", key), ("place", place)]).await
}

async fn status(portal: &TestPortal, key: &str) -> Status {
    portal.state.context.leaks.settled().await;
    let key = KeyId::parse(key).expect("an id");
    portal.store.find(None, &key).await.expect("asked").expect("there").status(portal.store.now())
}

/// Sets the rule for leaks in the organization of an app, and returns its id.
async fn rule(portal: &TestPortal, app: &AppId, on_leak: LeakResponse) -> OrgId {
    let app = portal.store.find(None, app).await.expect("asked").expect("there");
    let org = portal.store.find(None, &app.org_id).await.expect("asked").expect("there");
    let policy = KeyPolicy { on_leak, ..KeyPolicy::default() };
    portal.store.set_key_policy(&Act::by(Actor::CommandLine), &org, policy, None).await.expect("set");
    org.id
}

async fn everybody_gets_the_same_answer(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let (_, revoked) = portal.key(&app).await;
    let page = portal.another().get("/report-a-leak").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Where did you find it?") && page.body.contains(">Report</button>"), "{}", page.body);
    let mut answers = Vec::new();
    let unknown = unknown_key();
    let reported = [secret.as_str(), &revoked, &revoked, &unknown, "sk_live_x", "", "ü\0", &"x".repeat(9_000)];
    for (n, text) in reported.into_iter().enumerate() {
        let browser = portal.from(&format!("203.0.113.{n}"));
        let answer = report(&browser, text, "https://example.com/x").await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, "/report-a-leak?sent=1"));
        answers.push(without_what_differs(&answer));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let thanks = portal.another().get("/report-a-leak?sent=1").await;
    assert!(thanks.body.contains("<h1 class=\"card-title\">Thank you</h1>"), "{}", thanks.body);
    assert_eq!(status(portal, &key).await, Status::Revoked);
}

async fn reports_are_not_sent_without_end(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let browser = portal.from("203.0.113.9");
    for _ in 0..20 {
        assert_eq!(report(&browser, "sk_live_x", "").await.status, 303);
    }
    let mut answers = Vec::new();
    for text in [secret.as_str(), "sk_live_x", ""] {
        let refused = report(&browser, text, "Here & there").await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "30"));
        assert!(refused.body.contains("Too many reports were sent. Try again in 30 seconds."), "{}", refused.body);
        assert!(refused.body.contains("value=\"Here &amp; there\"") && !refused.body.contains("sk_live_"));
        answers.push(without_what_differs(&refused));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(status(portal, &key).await, Status::Active);
    // A budget of its own: the key is verified as before, and others report.
    assert_eq!(browser.auth("", &[("x-api-key", &secret)]).await.status, 200);
    assert_eq!(report(&portal.from("203.0.113.10"), &secret, "").await.status, 303);
    assert_eq!(status(portal, &key).await, Status::Revoked);
    assert_eq!(browser.auth("", &[("x-api-key", &secret)]).await.status, 401);
}

async fn a_key_that_leaked_says_so_with_the_way_out(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    for (on_leak, now_it, way_out) in [
        (LeakResponse::Revoke, "It is revoked.", ">Generate like this one</a>"),
        (LeakResponse::Pause, "It is paused until an owner or admin resumes it.", ">Rotate it</a>"),
        (LeakResponse::Announce, "It still works for whoever has it.", ">Rotate it</a>"),
    ] {
        rule(portal, &app, on_leak).await;
        let (key, secret) = portal.key(&app).await;
        assert!(!portal.get(&format!("/keys/{key}")).await.body.contains("This key leaked"));
        let place = format!("<script>https://example.com/{secret}</script>");
        assert_eq!(report(&portal.from("203.0.113.9"), &secret, &place).await.status, 303);
        portal.state.context.leaks.settled().await;
        for path in ["", "/settings", "/activity"] {
            let page = portal.get(&format!("/keys/{key}{path}")).await;
            assert!(page.body.contains("<b>This key leaked. </b>"), "{path}: {}", page.body);
            assert!(page.body.contains(now_it), "{path}: {}", page.body);
            assert!(page.body.contains(way_out) && page.body.contains("See its requests</a>"), "{path}");
            assert!(page.body.contains("&lt;script&gt;https://example.com/sk_live_"), "{path}: text, and shortened");
            assert!(!page.body.contains(&secret), "{path}");
        }
        let activity = portal.get(&format!("/keys/{key}/activity")).await;
        assert!(activity.body.contains("Key reported as leaked"), "{}", activity.body);
    }
}

async fn a_pause_is_resumed_by_owners_and_admins_alone(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let org = rule(portal, &app, LeakResponse::Pause).await;
    let eve = portal.stranger().await;
    let person = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    portal.store.add_member(&Act::by(Actor::CommandLine), &org, &person, Role::Developer).await.expect("added");
    let (key, secret) = portal.key(&app).await;
    assert_eq!(report(&portal.another(), &secret, "").await.status, 303);
    assert_eq!(status(portal, &key).await, Status::Paused);
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 403);
    let page = eve.get(&format!("/keys/{key}")).await;
    assert!(page.body.contains("until an owner or admin resumes it") && !page.body.contains(">Resume</button>"));
    let refused = eve.post(&format!("/keys/{key}/resume"), &[]).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(refused.body.contains("ask an owner or admin of the organization to resume it"), "{}", refused.body);
    let (_, token) = portal.personal_token(&person, "Laptop").await;
    let by_api = portal.patch(&format!("/v1/keys/{key}"), &token, &serde_json::json!({ "paused": false })).await;
    assert_eq!(by_api.status, 403, "{}", by_api.body);
    assert_eq!(status(portal, &key).await, Status::Paused);
    let page = portal.get(&format!("/keys/{key}")).await;
    assert!(page.body.contains(">Resume</button>"), "{}", page.body);
    assert_eq!(portal.post(&format!("/keys/{key}/resume"), &[]).await.status, 303);
    assert_eq!(status(portal, &key).await, Status::Active);
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
}

async fn the_rule_is_set_with_the_others(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let path = format!("/orgs/{org}/settings/key-rules");
    let page = portal.get(&path).await;
    assert!(page.body.contains("<option value=\"revoke\" selected>Revoke it</option>"), "{}", page.body);
    let saved = portal.post(&path, &[("seen", "0"), ("on_leak", "pause")]).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert!(portal.get(&path).await.body.contains("<option value=\"pause\" selected>Pause it</option>"));
    let refused = portal.post(&path, &[("seen", "1"), ("on_leak", "explode")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Choose from the list."), "{}", refused.body);
}

async fn a_form_of_another_site_is_refused(portal: &TestPortal) {
    portal.set_up().await;
    let mut form = Client::form("/report-a-leak", &[("key", "x")]);
    form.headers_mut().insert("origin", "https://evil.example".parse().expect("a header"));
    let refused = portal.another().send(form).await;
    assert_eq!(refused.status, 403);
    assert_guarded(&refused, "a form of another site");
}
