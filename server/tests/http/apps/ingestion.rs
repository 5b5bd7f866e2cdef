//! `/apps/{app_id}/ingestion`

use crate::portal::TestPortal;

crate::on_both_portals!(the_switch_is_an_operators_and_its_state_everybodys,);

async fn the_switch_is_an_operators_and_its_state_everybodys(portal: &TestPortal) {
    // The first account is an operator's.
    portal.set_up().await;
    let app = portal.app().await;
    let eve = portal.stranger().await;
    let user = portal.store.user_to_sign_in("eve@example.com").await.expect("asked").expect("known").0;
    let org = portal.get(&format!("/apps/{app}/identifiers.json")).await.json()["org_id"].clone();
    let org = sallyport::id::OrgId::parse(org.as_str().expect("text")).expect("an id");
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    portal.store.add_member(&act, &org, &user, sallyport::member::Role::Owner).await.expect("added");

    let (path, overview) = (format!("/apps/{app}/ingestion"), format!("/apps/{app}"));
    assert!(eve.get(&overview).await.body.contains("Not verified"));
    assert!(!eve.get(&overview).await.body.contains(&path), "an owner finds no switch");
    assert_eq!(eve.get(&path).await.status, 404);
    assert_eq!(eve.post(&path, &[("verified", "on")]).await.status, 404);
    assert!(eve.get(&overview).await.body.contains("Not verified"));

    assert!(portal.get(&overview).await.body.contains(&path));
    let page = portal.get(&path).await.body;
    assert!(page.contains("Verified for ingestion") && !page.contains(" checked"));
    let answer = portal.post(&path, &[("verified", "on")]).await;
    assert_eq!(answer.location(), format!("{path}?saved=1"));
    let page = portal.get(answer.location()).await.body;
    assert!(page.contains("Saved.") && page.contains(" checked"));
    let seen = eve.get(&overview).await.body;
    assert!(seen.contains("Verified") && !seen.contains("Not verified"));
}
