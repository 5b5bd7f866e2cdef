//! `/keys/{key_id}/activity`, and the events on the key's own page.

use crate::portal::TestPortal;

crate::on_both_portals!(it_is_of_this_key_alone, a_tab_says_which_it_is, the_strip_counts_refusals);

async fn it_is_of_this_key_alone(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let (other, _) = portal.key(&app).await;
    portal.post(&format!("/keys/{key}/pause"), &[]).await;
    portal.post(&format!("/keys/{other}/edit"), &[("label", "Another"), ("metadata", "")]).await;
    for path in [format!("/keys/{key}/activity"), format!("/keys/{key}")] {
        let page = portal.get(&path).await.body;
        assert!(page.contains("Key generated") && page.contains("Key paused"), "{path}: {page}");
        assert!(!page.contains("Key edited") && !page.contains("App created"), "{path}: {page}");
    }
    // A page at a time, as everywhere.
    for _ in 0..30 {
        portal.post(&format!("/keys/{key}/resume"), &[]).await;
        portal.post(&format!("/keys/{key}/pause"), &[]).await;
    }
    let first = portal.get(&format!("/keys/{key}/activity")).await;
    let older = first.after("rel=\"next\" href=\"", '"');
    let second = portal.get(&older).await.body;
    assert!(second.contains("Key generated") && second.contains("rel=\"prev\""), "{second}");
    assert_eq!(portal.get(&format!("/keys/{key}/activity?before=x")).await.status, 400);
}

async fn a_tab_says_which_it_is(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    for (path, tab) in [("", "Overview"), ("/usage", "Usage"), ("/activity", "Activity"), ("/settings", "Settings")] {
        let page = portal.get(&format!("/keys/{key}{path}")).await.body;
        assert!(
            page.contains(&format!("href=\"/keys/{key}{path}\" aria-current=\"page\" class=\"tab\">{tab}</a>")),
            "{page}"
        );
        assert!(!page.contains("role=\"tab\""));
    }
    let settings = portal.get(&format!("/keys/{key}/settings")).await.body;
    for button in ["id=\"edit\"", "id=\"restrictions\"", "id=\"rotate-signing\"", "id=\"revoke\""] {
        assert!(settings.contains(button), "{button}");
    }
    portal.revoke(&key).await;
    let settings = portal.get(&format!("/keys/{key}/settings")).await.body;
    assert!(!settings.contains("id=\"revoke\"") && !settings.contains("id=\"rotate-signing\""), "{settings}");
}

async fn the_strip_counts_refusals(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let refused = async || portal.get(&format!("/keys/{key}")).await.after("Refused, 24 h</dt><dd>", '<');
    assert_eq!(refused().await, "0");
    for _ in 0..2 {
        assert_eq!(portal.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 403);
    }
    assert_eq!(refused().await, "2");
    let page = portal.get(&format!("/keys/{key}")).await;
    assert!(page.body.contains(&format!("/activity/refused?key={key}")), "{}", page.body);
}
