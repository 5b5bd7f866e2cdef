//! Refused acts and exports are recorded: with the next flush, and not one event each.

use sallyport::{
    audit::{Act, Actor, Event},
    id::OrgId,
    member::Role,
    store::EventFilter,
};

use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(a_role_that_does_not_suffice, what_other_sites_send, forged_root_tokens, exports,);

async fn flushed(portal: &TestPortal) {
    portal.state.context.pending_events.flush(&portal.store, false).await.expect("written");
}

async fn of_org(portal: &TestPortal, org: &str, action: &str) -> Vec<Event> {
    flushed(portal).await;
    let filter = EventFilter { action: action.to_owned(), ..EventFilter::default() };
    portal.store.events(&OrgId::parse(org).expect("an id"), None, &filter).await.expect("asked").events
}

async fn of_system(portal: &TestPortal, action: &str) -> Vec<Event> {
    flushed(portal).await;
    let filter = EventFilter { action: action.to_owned(), ..EventFilter::default() };
    portal.store.system_events(&filter).await.expect("asked").events
}

async fn a_role_that_does_not_suffice(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let eve = portal.stranger().await;
    let id = OrgId::parse(&org).expect("an id");
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    portal.store.add_member(&Act::by(Actor::CommandLine), &id, &user, Role::Member).await.expect("added");
    let path = format!("/orgs/{org}/settings/delete");
    for _ in 0..3 {
        assert_eq!(eve.post(&path, &[("name", "Focus Labs")]).await.status, 403);
    }
    let events = of_org(portal, &org, "access.refused").await;
    assert_eq!(events.len(), 1, "not one each");
    let event = &events[0];
    assert_eq!((event.actor_name.as_str(), event.outcome.code()), ("Eve", 403));
    let details: serde_json::Value = serde_json::from_str(&event.details).expect("JSON");
    assert_eq!(details, serde_json::json!({ "method": "POST", "path": path, "times": 3 }));
    eve.post(&path, &[]).await;
    assert_eq!(of_org(portal, &org, "access.refused").await.len(), 1);
    portal.wait(600);
    assert_eq!(of_org(portal, &org, "access.refused").await.len(), 2, "and the rest after ten minutes");
}

async fn what_other_sites_send(portal: &TestPortal) {
    portal.set_up().await;
    let mut form = Client::form("/orgs/new", &[("name", "Eve")]);
    form.headers_mut().insert("origin", "https://evil.example".parse().expect("a header"));
    assert_eq!(portal.send(form).await.status, 403);
    let events = of_system(portal, "origin.refused").await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].actor_kind.as_str(), events[0].address.as_deref()), ("anonymous", Some("127.0.0.1")));
    assert!(events[0].details.contains("https://evil.example") && events[0].details.contains("/orgs/new"));
}

async fn forged_root_tokens(portal: &TestPortal) {
    portal.set_up().await;
    for _ in 0..5 {
        let body = serde_json::json!({ "key": "x" });
        assert_eq!(portal.json("/v1/keys/verify", "sp_root_forged", &body).await.status, 401);
    }
    let events = of_system(portal, "token.refused").await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].outcome.code(), events[0].details.as_str()), (401, r#"{"times":5}"#));
}

async fn exports(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    for file in ["activity.csv?outcome=done", "activity.jsonl"] {
        assert_eq!(portal.get(&format!("/orgs/{org}/{file}")).await.status, 200);
        portal.wait(600);
        let events = of_org(portal, &org, "activity.exported").await;
        assert_eq!(events[0].actor_name, "Ada Byron");
        let format = file.split(['.', '?']).nth(1).expect("one");
        assert!(events[0].details.contains(&format!("\"format\":\"{format}\"")), "{}", events[0].details);
    }
}
