//! `/admin/organizations`

use sallyport::{id::OrgId, store::EventFilter};
use serde_json::json;

use crate::portal::TestPortal;

crate::on_both_portals!(
    a_list_with_pages_and_a_search,
    suspended_keys_are_refused_until_it_is_opened,
    looking_leaves_an_event,
    the_log_of_an_organization,
);

async fn a_list_with_pages_and_a_search(portal: &TestPortal) {
    portal.set_up().await;
    for n in 0..52 {
        portal.org(&format!("Company {n}.")).await;
    }
    let page = portal.get("/admin/organizations").await;
    assert!(!page.body.contains("Newer") && page.body.contains("52 organizations"));
    let rows = |body: &str| body.matches("href=\"/admin/organizations/org_").count();
    assert_eq!(rows(&page.body), 50);
    let older = page.after("rel=\"next\" href=\"", '"').replace("&amp;", "&");
    let page = portal.get(&older).await;
    assert_eq!(rows(&page.body), 2);
    let newer = page.after("rel=\"prev\" href=\"", '"').replace("&amp;", "&");
    let page = portal.get(&newer).await;
    assert_eq!(rows(&page.body), 50);
    let found = portal.get("/admin/organizations?q=company+31.").await.body;
    assert_eq!(rows(&found), 1);
    assert!(found.contains("Company 31."));
    assert!(found.contains("1 organization<"), "{found}");
    let active = portal.get("/admin/organizations?status=active").await;
    assert_eq!(rows(&active.body), 50);
    assert!(active.after("rel=\"next\" href=\"", '"').contains("status=active"));
    let none = portal.get("/admin/organizations?status=suspended").await.body;
    assert!(none.contains("No results") && none.contains("<option value=\"suspended\" selected>Suspended</option>"));
    for junk in ["q=%00", "status=%27", "before=x", "after=org_%27.1", "q=%25&before=org_x.1"] {
        assert_eq!(portal.get(&format!("/admin/organizations?{junk}")).await.status, 200, "{junk}");
    }
}

async fn suspended_keys_are_refused_until_it_is_opened(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let org = portal.get(&format!("/apps/{app}/identifiers.json")).await.json()["org_id"].clone();
    let org = org.as_str().expect("text").to_owned();
    let token = portal.root_token().await;
    let verify = || async {
        let answer = portal.json("/v1/keys/verify", &token, &json!({ "key": secret })).await.json();
        answer["code"].as_str().expect("text").to_owned()
    };
    assert_eq!(verify().await, "valid");
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);

    let path = format!("/admin/organizations/{org}");
    let dialog = portal.get(&format!("{path}/suspend")).await.body;
    assert!(dialog.contains("Suspend this organization?"));
    let refused = portal.post(&format!("{path}/suspend"), &[("typed_name", "Focus"), ("reason", "Fraud")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("value=\"Fraud\""), "what was typed is kept");
    let refused = portal.post(&format!("{path}/suspend"), &[("typed_name", "Focus Labs"), ("reason", " ")]).await;
    assert_eq!(refused.status, 422);
    assert_eq!(verify().await, "valid");

    let form = [("typed_name", "Focus Labs"), ("reason", "Unpaid <invoice>")];
    let answer = portal.post(&format!("{path}/suspend"), &form).await;
    assert_eq!(answer.location(), format!("{path}?done=suspend"));
    assert_eq!(verify().await, "suspended");
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 403);
    assert!(portal.get(answer.location()).await.body.contains("Open again"));
    assert!(portal.get("/admin/organizations").await.body.contains("Suspended"));
    for page in [format!("/orgs/{org}"), format!("/apps/{app}"), format!("/orgs/{org}/keys")] {
        let body = portal.get(&page).await.body;
        assert!(
            body.contains("suspended this organization") && body.contains("Unpaid &lt;invoice&gt;"),
            "{page}: {body}"
        );
    }
    // A key that is generated meanwhile is refused, too.
    let (_, another) = portal.key(&app).await;
    assert_eq!(portal.auth("", &[("x-api-key", &another)]).await.status, 403);

    let opened = portal.post(&format!("{path}/open"), &[]).await;
    assert_eq!(opened.location(), format!("{path}?done=open"));
    assert_eq!(verify().await, "valid");
    assert_eq!(portal.auth("", &[("x-api-key", &another)]).await.status, 200);
    assert!(!portal.get(&format!("/orgs/{org}")).await.body.contains("suspended this organization"));
    portal.post(&format!("{path}/open"), &[]).await;
    let id = OrgId::parse(&org).expect("an id");
    let events = portal.store.events(&id, None, &EventFilter::default()).await.expect("asked").events;
    let of = |action: &str| events.iter().filter(|event| event.action == action).collect::<Vec<_>>();
    assert_eq!(of("organization.opened").len(), 1, "the second changed nothing");
    let suspended = of("organization.suspended");
    assert_eq!((suspended.len(), suspended[0].details.as_str()), (1, r#"{"reason":"Unpaid <invoice>"}"#));
    assert!(portal.store.check_chain(&org).await.expect("asked").is_ok());
}

async fn looking_leaves_an_event(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let path = format!("/admin/organizations/{org}");
    for _ in 0..3 {
        let page = portal.get(&path).await;
        assert!(page.body.contains("Ada Byron") && page.body.contains("is recorded"));
    }
    portal.state.context.pending_events.flush(&portal.store, false).await.expect("written");
    let id = OrgId::parse(&org).expect("an id");
    let filter = EventFilter { action: "organization.viewed".to_owned(), ..EventFilter::default() };
    let events = portal.store.events(&id, None, &filter).await.expect("asked").events;
    assert_eq!(events.len(), 1, "not one each");
    assert_eq!(events[0].actor_name, "Ada Byron");
}

async fn the_log_of_an_organization(portal: &TestPortal) {
    portal.set_up().await;
    let eve = portal.stranger().await;
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    let eves = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    portal.store.set_operator(&act, &eves, true).await.expect("set");
    let org = portal.org("Focus Labs").await;
    let path = format!("/admin/organizations/{org}/activity");
    assert_eq!(eve.get(&format!("/orgs/{org}/activity")).await.status, 404, "she is no member");
    let page = eve.get(&path).await.body;
    for text in ["Organization created", "The log of Focus Labs", "is recorded in the activity"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    // Links to pages that only members may see, and the search for newer events, would answer 404.
    assert!(!page.contains("href=\"/orgs/org_") && !page.contains("newer-events"), "{page}");
    assert!(page.contains(&format!("href=\"/admin/organizations?q={org}\"")));
    let none = eve.get(&format!("{path}?action=organization.archived")).await.body;
    assert!(none.contains("No results"));
    assert_eq!(eve.get(&format!("{path}?from=yesterday")).await.status, 422);
    let file = eve.get(&format!("{path}.jsonl?action=organization.created")).await;
    assert_eq!((file.status.as_u16(), file.body.lines().count()), (200, 1), "{}", file.body);
    assert!(file.body.contains("Focus Labs") && page.contains(&format!("{path}.csv")));
    assert_eq!(portal.another().get(&format!("{path}.csv")).await.status, 303, "for those who are signed in");
    portal.state.context.pending_events.flush(&portal.store, false).await.expect("written");
    let id = OrgId::parse(&org).expect("an id");
    let filter = EventFilter { action: "organization.viewed".to_owned(), ..EventFilter::default() };
    let events = portal.store.events(&id, None, &filter).await.expect("asked").events;
    assert_eq!((events.len(), events[0].actor_name.as_str()), (1, eves.name.as_str()));
}
