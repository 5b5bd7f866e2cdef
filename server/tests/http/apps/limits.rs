//! `/apps/{app_id}/limits`

use crate::portal::TestPortal;

crate::on_both_portals!(limits_are_shown_in_the_settings, what_is_no_limit_is_refused);

async fn limits_are_shown_in_the_settings(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let settings = format!("/apps/{app}/settings");
    assert!(portal.get(&settings).await.body.contains("Set by the plan"));
    let answer =
        portal.post(&format!("/apps/{app}/limits"), &[("limit_per_minute", "60"), ("limit_per_day", "10 000")]).await;
    assert_eq!(answer.location(), format!("{settings}?saved=1"));
    let page = portal.get(answer.location()).await.body;
    assert!(page.contains("60 requests per minute, 10,000 requests per day"), "{page}");
    let panel = portal.get(&format!("/apps/{app}/limits")).await.body;
    assert!(panel.contains("value=\"60\"") && panel.contains("value=\"10000\""));
    assert!(portal.get(&format!("/apps/{app}/activity")).await.body.contains("App limits changed"));
    portal.post(&format!("/apps/{app}/limits"), &[]).await;
    assert!(portal.get(&settings).await.body.contains("Set by the plan"));
}

async fn what_is_no_limit_is_refused(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    for limit in ["0", "-5", "many", "1000001", "1.5"] {
        let answer = portal.post(&format!("/apps/{app}/limits"), &[("limit_per_minute", limit)]).await;
        assert_eq!(answer.status, 422, "{limit}");
        assert!(answer.body.contains("Write a number from 1 to 1000000") && answer.body.contains(limit));
    }
    assert!(portal.get(&format!("/apps/{app}/settings")).await.body.contains("Set by the plan"));
}
