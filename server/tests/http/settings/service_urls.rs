//! `/orgs/{org_id}/settings/service-urls`

use crate::portal::TestPortal;

crate::on_both_portals!(urls_are_kept_and_shown_again, what_is_wrong_is_said, nobody_overwrites_a_change_unseen);

async fn urls_are_kept_and_shown_again(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let path = format!("/orgs/{org}/settings/service-urls");
    assert!(portal.get(&format!("/orgs/{org}/settings")).await.body.contains(&path));
    let urls = "ingest_url = https://ingest.example\napi_base_url = https://api.example/v1/";
    let saved = portal.post(&path, &[("service_urls", urls)]).await;
    assert_eq!(saved.location(), format!("{path}?saved=1"));
    let page = portal.get(saved.location()).await.body;
    assert!(page.contains("api_base_url = https://api.example/v1\ningest_url = https://ingest.example"), "{page}");
    assert!(portal.get(&format!("/orgs/{org}/activity")).await.body.contains("Organization edited"));
    portal.post(&path, &[("service_urls", "")]).await;
    assert!(!portal.get(&path).await.body.contains("https://api.example/v1"));
}

async fn what_is_wrong_is_said(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let path = format!("/orgs/{org}/settings/service-urls");
    let answer = portal.post(&path, &[("service_urls", "api_base_url = http://api.example")]).await;
    assert_eq!(answer.status, 422);
    assert!(
        answer.body.contains("begins with https://") && answer.body.contains("http://api.example"),
        "{}",
        answer.body
    );
}

async fn nobody_overwrites_a_change_unseen(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let path = format!("/orgs/{org}/settings/service-urls");
    let seen = portal.get(&path).await.hidden("seen");
    portal.post(&path, &[("service_urls", "a = https://one.example"), ("seen", &seen)]).await;
    let answer = portal.post(&path, &[("service_urls", "a = https://two.example"), ("seen", &seen)]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("Someone else changed this"), "{}", answer.body);
}
