//! `/apps/{app_id}/imports` and `/imports/{import_id}`

use std::time::Duration;

use sallyport::id::ImportId;
use serde_json::json;

use crate::portal::TestPortal;

crate::on_both_portals!(
    a_file_is_checked_confirmed_and_imported_without_scripts,
    what_is_wrong_is_said,
    an_upload_that_nobody_starts_is_deleted,
);

const PLAIN: &str = "acme_Zm9vYmFyYmF6cXV4MDEyMzQ1";

fn csv() -> String {
    format!("key,label,environment,scopes\n{PLAIN},Checkout,production,read\nshort,Wrong,production,read\n")
}

async fn a_file_is_checked_confirmed_and_imported_without_scripts(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let overview = portal.get(&format!("/apps/{app}")).await.body;
    assert!(overview.contains("Import keys") && overview.contains(&format!("/apps/{app}/imports")));
    let page = format!("/apps/{app}/imports");
    assert!(portal.get(&page).await.body.contains("Choose a file"));
    let before = portal.store.dump().await["keys"].clone();
    let sent = portal.post_file(&page, "file", csv().as_bytes()).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let import = sent.location().to_owned();
    let id = ImportId::parse(import.strip_prefix("/imports/").expect("its page")).expect("an id");
    let checked = portal.get(&import).await;
    for said in ["Checkout", "Refused", "Import 1 key", "Nothing was imported yet", "12 to 255"] {
        assert!(checked.body.contains(said), "{said}: {}", checked.body);
    }
    assert!(!checked.body.contains(PLAIN) && !format!("{:?}", portal.store.dump().await).contains(PLAIN));
    assert!(!portal.store.import_part(&id).await.expect("asked"), "it was not started");
    assert_eq!(portal.store.dump().await["keys"], before);
    let started = portal.post(&import, &[]).await;
    assert_eq!((started.status.as_u16(), started.location()), (303, &*import));
    assert!(portal.get(&import).await.body.contains("Refresh"));
    assert_eq!(portal.post(&import, &[]).await.status, 303, "sent twice, it starts once");
    while portal.store.import_part(&id).await.expect("imported") {}
    let finished = portal.get(&import).await.body;
    assert!(finished.contains("Finished") && finished.contains("/keys/key_"), "{finished}");
    assert!(portal.get(&page).await.body.contains(id.as_str()));
    let token = portal.root_token().await;
    let judged = portal.json("/v1/keys/verify", &token, &json!({ "key": PLAIN })).await.json();
    assert_eq!((&judged["code"], &judged["label"]), (&json!("valid"), &json!("Checkout")));
    let list = portal.get(&format!("/apps/{app}/keys")).await.body;
    assert!(list.contains("Imported"), "{list}");
    let key = judged["key_id"].as_str().expect("an id");
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("Imported: rotate it when you can"));
}

async fn what_is_wrong_is_said(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let page = format!("/apps/{app}/imports");
    for (file, said) in [
        (String::new(), "Choose a file."),
        ("label\nno key\n".to_owned(), "one of which is key"),
        (" ".repeat(4 * 1024 * 1024 + 100_000), "larger than 4 MiB"),
        ("{}\n".repeat(10_001), "more than 10000 keys"),
    ] {
        let answer = portal.post_file(&page, "file", file.as_bytes()).await;
        assert!(answer.status == 422 && answer.body.contains(said), "{said}: {} {}", answer.status, answer.body);
    }
    let none = portal.post_file(&page, "file", b"{\"key\":\"short\"}").await;
    assert!(portal.get(none.location()).await.body.contains("No line can be imported"));
    assert_eq!(portal.get(&format!("{}?part=9", none.location())).await.status, 404);
}

async fn an_upload_that_nobody_starts_is_deleted(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let import =
        portal.post_file(&format!("/apps/{app}/imports"), "file", csv().as_bytes()).await.location().to_owned();
    assert_eq!(portal.store.delete_imports().await.expect("deleted"), 0);
    portal.store.clock.turn(Duration::from_secs(60 * 60 + 1));
    assert_eq!(portal.store.delete_imports().await.expect("deleted"), 1);
    let gone = portal.get(&import).await;
    assert_eq!(gone.status, 404, "{}", gone.body);
}
