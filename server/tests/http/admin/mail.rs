//! `/admin/mail`

use std::time::Duration;

use sallyport::{job::Retries, mail::Mail, store::EventFilter};

use crate::portal::TestPortal;

crate::on_both_portals!(mail_is_off, a_test_mail_is_queued, a_mail_that_failed_is_listed_and_retried,);

async fn mail_is_off(portal: &TestPortal) {
    portal.set_up().await;
    let page = portal.get("/admin/mail").await.body;
    assert!(page.contains("Mail is off") && !page.contains("Send a test mail"));
    let refused = portal.post("/admin/mail", &[("do", "test")]).await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("Mail is off"));
    assert_eq!(portal.post("/admin/mail", &[("job", "x")]).await.status, 400);
}

async fn a_test_mail_is_queued(portal: &TestPortal) {
    let portal = portal.with_mail().await;
    portal.set_up().await;
    assert!(portal.get("/admin/mail").await.body.contains("Send a test mail"));
    assert_eq!(portal.post("/admin/mail", &[("do", "test")]).await.location(), "/admin/mail?done=test");
    let page = portal.get("/admin/mail?done=test").await.body;
    for text in ["Queued.", "Test mail", "ada@example.com</a>", "Waiting"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let filter = EventFilter { action: "mail.tested".to_owned(), ..EventFilter::default() };
    assert_eq!(portal.store.system_events(&filter).await.expect("asked").events.len(), 1);
}

async fn a_mail_that_failed_is_listed_and_retried(portal: &TestPortal) {
    let portal = portal.with_mail().await;
    portal.set_up().await;
    portal.post("/admin/mail", &[("do", "test")]).await;
    let store = &portal.store;
    let (leased, mail) = loop {
        let leased = store.lease_job("mail", Duration::from_secs(60)).await.expect("asked").expect("due");
        let mail: Mail = serde_json::from_value(leased.payload.clone()).expect("a mail");
        if matches!(mail, Mail::Test(_)) {
            break (leased, mail);
        }
        store.finish_job(&leased).await.expect("done");
    };
    assert!(store.letter(&mail).await.expect("asked").is_some_and(|letter| letter.to.email == "ada@example.com"));
    let once = Retries { limit: 1, ..Retries::STANDARD };
    store.fail_job(&leased, "the <server> refused", &once).await.expect("noted");

    let page = portal.get("/admin/mail").await.body;
    assert!(page.contains("Failed") && page.contains("the &lt;server&gt; refused") && page.contains("Retry"), "{page}");
    let facts = store.mail_facts().await.expect("asked");
    assert_eq!((facts.waiting, facts.failed, facts.oldest), (0, 1, None));
    let user = store.account_by_email("ada@example.com").await.expect("asked").expect("there").user.id;
    assert!(portal.get(&format!("/admin/mail?q={user}")).await.body.contains("Test mail"));
    assert!(portal.get("/admin/mail?q=usr_nobody").await.body.contains("No results"));
    let again = portal.post("/admin/mail", &[("job", leased.id.as_str())]).await;
    assert_eq!(again.location(), "/admin/mail?done=retry");
    assert!(
        store.lease_job("mail", Duration::from_secs(60)).await.expect("asked").is_some_and(|job| job.id == leased.id)
    );
    let late = portal.post("/admin/mail", &[("job", leased.id.as_str())]).await;
    assert_eq!(late.location(), "/admin/mail?done=late");
}
