//! `/orgs/{org_id}/webhooks`, `/webhooks/{webhook_id}` and `/deliveries/{delivery_id}`

mod authority;
mod proxy;
mod receiver;
mod sending;

use crate::{client::Answer, portal::TestPortal};

crate::on_both_portals!(
    an_endpoint_is_made_changed_and_deleted_without_scripts,
    what_is_wrong_is_said,
    a_secret_can_be_generated_later,
    deliveries_are_listed_and_sent_again,
    too_many_test_events_are_refused,
    what_is_sent_is_described,
);

/// The fields of the form.
async fn make(portal: &TestPortal, org: &str, url: &str, more: &[(&str, &str)]) -> Answer {
    let page = portal.get(&format!("/orgs/{org}/webhooks/new")).await;
    let token = page.hidden("form_token");
    let fields = [("form_token", token.as_str()), ("url", url), ("environment", "production"), ("description", "")];
    portal.post(&format!("/orgs/{org}/webhooks/new"), &[&fields[..], more].concat()).await
}

const ALL: [(&str, &str); 2] = [("events", "*"), ("secret", "on")];

/// The secret on a page.
fn secret_of(answer: &Answer) -> Option<String> {
    let (_, rest) = answer.body.split_once("value=\"whsec_")?;
    rest.split('"').next().map(|rest| format!("whsec_{rest}"))
}

/// The address of the endpoint in the list.
async fn only(portal: &TestPortal, org: &str) -> String {
    let list = portal.get(&format!("/orgs/{org}/webhooks")).await;
    format!("/webhooks/{}", list.after("href=\"/webhooks/", '"'))
}

async fn an_endpoint_is_made_changed_and_deleted_without_scripts(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus").await;
    let list = format!("/orgs/{org}/webhooks");
    let empty = portal.get(&list).await.body;
    assert!(empty.contains("No webhooks") && empty.contains(&format!("href=\"{list}/new\"")), "{empty}");
    let made = make(portal, &org, "https://hooks.example.com/s3cret-path", &ALL).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (200, "no-store"), "{}", made.body);
    let secret = secret_of(&made).expect("a secret");
    assert!(made.body.contains("Save your secret"));
    let shown = portal.get(&list).await.body;
    assert!(shown.contains("hooks.example.com") && shown.contains("Send test event"), "{shown}");
    assert!(shown.contains("Regenerate secret") && !shown.contains("Generate secret") && !shown.contains(&secret));
    assert!(!shown.contains("s3cret-path"), "the list shows the host alone");
    let path = only(portal, &org).await;
    let page = portal.get(&path).await.body;
    assert!(page.contains("s3cret-path") && page.contains("Every event") && !page.contains(&secret), "{page}");
    let edit = format!("{path}/edit");
    let fields = [("url", "https://hooks.example.com/b"), ("environment", "staging"), ("events", "key.revoked")];
    assert_eq!(portal.post(&edit, &fields).await.location(), format!("{path}?done=saved"));
    let page = portal.get(&path).await.body;
    assert!(page.contains("Off") && page.contains("key.revoked") && page.contains("Staging"), "{page}");
    assert_eq!(portal.post(&edit, &[&fields[..], &[("active", "on")]].concat()).await.status, 303);
    // Its secret is replaced once by one form.
    let asked = portal.get(&format!("{path}/secret")).await;
    assert!(asked.body.contains("Old secret signs, too"), "{}", asked.body);
    let form = [("seen", asked.hidden("seen")), ("grace", "day".to_owned())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let replaced = portal.post(&format!("{path}/secret"), &form).await;
    let other = secret_of(&replaced).expect("another secret");
    assert!(replaced.status == 200 && other != secret);
    let twice = portal.post(&format!("{path}/secret"), &form).await;
    assert!(twice.status == 409 && secret_of(&twice).is_none(), "{}", twice.body);
    assert!(portal.get(&path).await.body.contains("the one before signs, too"));
    let delete = format!("{path}/delete");
    assert_eq!(portal.post(&delete, &[("typed_name", "hooks")]).await.status, 422);
    let gone = portal.post(&delete, &[("typed_name", "hooks.example.com")]).await;
    assert_eq!(gone.location(), format!("{list}?done=deleted"));
    assert_eq!(portal.get(&path).await.status, 404);
    let activity = portal.get(&format!("/orgs/{org}/activity")).await.body;
    for text in ["Webhook created", "Webhook changed", "Secret of a webhook changed", "Webhook deleted"] {
        assert!(activity.contains(text), "{text}");
    }
    assert!(!activity.contains("s3cret-path") && !activity.contains("whsec_"));
}

async fn what_is_wrong_is_said(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus").await;
    for (url, more, about) in [
        ("https://10.0.0.1/", &ALL[..], "not on the public internet"),
        ("", &ALL, "Write an address like https://hooks.example.com/keys."),
        ("https://hooks.example.com/", &[], "Choose at least one event"),
        ("https://hooks.example.com/", &[("events", "key.exploded")], "There is no event"),
    ] {
        let refused = make(portal, &org, url, more).await;
        assert!(refused.status == 422 && refused.body.contains(about), "{url}: {}", refused.body);
    }
    let page = portal.get(&format!("/orgs/{org}/webhooks/new")).await;
    let token = page.hidden("form_token");
    let fields = [("form_token", token.as_str()), ("url", "https://hooks.example.com/"), ("environment", "production")];
    let fields = [&fields[..], &ALL].concat();
    let path = format!("/orgs/{org}/webhooks/new");
    assert_eq!(portal.post(&path, &fields).await.status, 200);
    let twice = portal.post(&path, &fields).await;
    assert!(twice.status == 422 && twice.body.contains("sent already"), "{}", twice.body);
    assert_eq!(portal.get(&format!("/orgs/{org}/webhooks?status=lost")).await.status, 400);
}

async fn a_secret_can_be_generated_later(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus").await;
    let made = make(portal, &org, "https://hooks.example.com/", &ALL[..1]).await;
    assert_eq!(made.status, 303, "{}", made.body);
    let path = only(portal, &org).await;
    let page = portal.get(&path).await.body;
    assert!(page.contains("No secret") && page.contains("Generate secret") && !page.contains("Send test event"));
    assert_eq!(portal.post(&format!("{path}/test"), &[]).await.status, 409);
    let asked = portal.get(&format!("{path}/secret")).await;
    assert!(!asked.body.contains("Old secret"));
    let generated = portal.post(&format!("{path}/secret"), &[("seen", &asked.hidden("seen"))]).await;
    assert!(secret_of(&generated).is_some(), "{}", generated.body);
    assert!(portal.get(&path).await.body.contains("Regenerate secret"));
}

async fn deliveries_are_listed_and_sent_again(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus").await;
    make(portal, &org, "https://hooks.example.com/", &ALL).await;
    let path = only(portal, &org).await;
    assert_eq!(portal.post(&format!("{path}/test"), &[]).await.location(), format!("{path}?done=test"));
    let page = portal.get(&path).await;
    let delivery = format!("/deliveries/{}", page.after("href=\"/deliveries/", '"'));
    for text in ["webhook.test", "Pending", "Resend", "Attempts"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(portal.get(&format!("{path}?status=failed")).await.body.contains("No results"));
    assert!(portal.get(&format!("{path}?event=webhook.test")).await.body.contains(&delivery));
    let one = portal.get(&delivery).await.body;
    assert!(one.contains("Request body") && one.contains("sequence"), "{one}");
    let again = portal.post(&format!("{delivery}/resend"), &[]).await;
    assert_eq!(again.location(), format!("{delivery}?done=resend"));
    let refused = portal.post(&format!("{path}/resend-failed"), &[("since", "yesterday")]).await;
    assert!(refused.status == 422 && refused.body.contains("Choose a day"), "{}", refused.body);
    let resent = portal.post(&format!("{path}/resend-failed"), &[("since", "2026-11-01")]).await;
    assert_eq!(resent.location(), format!("{path}?done=resent"));
    let reads = portal.store.reads();
    portal.get(&format!("/orgs/{org}/webhooks")).await;
    assert!(portal.store.reads() - reads <= 5, "{} queries", portal.store.reads() - reads);
}

async fn too_many_test_events_are_refused(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus").await;
    make(portal, &org, "https://hooks.example.com/", &ALL).await;
    let path = only(portal, &org).await;
    for _ in 0..20 {
        assert_eq!(portal.post(&format!("{path}/test"), &[]).await.status, 303);
    }
    let refused = portal.post(&format!("{path}/test"), &[]).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "30"), "{}", refused.body);
    assert!(refused.body.contains("Too many test events were sent. Try again in 30 seconds."), "{}", refused.body);
    let there = portal.get(&path).await.body;
    assert!(there.contains("No. 20") && !there.contains("No. 21"), "{there}");
}

/// For those who write a receiver, who may have no account.
async fn what_is_sent_is_described(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus").await;
    assert!(portal.get(&format!("/orgs/{org}/webhooks")).await.body.contains("href=\"/docs/webhooks\""));
    let anybody = portal.another();
    for page in ["/docs", "/docs?group=webhooks"] {
        assert!(anybody.get(page).await.body.contains("href=\"/docs/webhooks\""), "{page}");
    }
    let page = anybody.get("/docs/webhooks").await.body;
    for text in
        ["webhook-signature", "JSON Schema", "key.limit_reached", "key.leaked", "member.added", "json-schema.org"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    let one = anybody.get("/docs/webhooks?event=token.leaked").await.body;
    assert!(one.contains("Root token reported as leaked") && one.contains("root_token"), "{one}");
    assert_eq!(anybody.get("/docs/webhooks?event=key.exploded").await.status, 404);
}
