//! What a role at a place allows: there and below it, and nowhere else.

use sallyport::{
    Error,
    app::{App, NewApp, Os},
    audit::{Act, Actor},
    identity::Proof,
    key::Key,
    member::{Permission, Role},
    org::Org,
    place::Place,
    project::NewProject,
    store::Reader,
    tenant::{NewTenant, Tenant},
    testing::TestStore,
    user::User,
};
use sqlx::AssertSqlSafe;

use crate::opening::raw;

sallyport::on_both_databases!(
    a_role_applies_at_its_place_and_below,
    the_strongest_of_several_roles_is_shown_and_each_counts,
    who_gave_a_role_is_kept,
    an_organization_takes_its_grants_along,
    a_place_takes_its_grants_along,
);

/// An organization with two tenants, and an app with a key in each.
struct Made {
    act: Act,
    org: Org,
    tenants: Vec<Tenant>,
    apps: [App; 2],
    keys: [Key; 2],
}

async fn made(store: &TestStore) -> Made {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let here = store.app(&act, &org, "Here").await;
    let there = store.create_tenant(&act, &org.id, NewTenant { name: "There".to_owned() }).await.expect("made");
    let project = store.create_project(&act, &there, NewProject { name: "There".to_owned() }).await.expect("made");
    let new = NewApp { name: "There".to_owned(), os: Os::Web, ..NewApp::default() };
    let there = store.create_app(&act, &project, new).await.expect("made");
    let keys = [store.key(&act, &here, "CI").await.key, store.key(&act, &there, "CI").await.key];
    let tenants = store.tenants(&org.id).await.expect("asked");
    Made { act, org, tenants, apps: [here, there], keys }
}

/// As a row, without the checks of the store.
async fn grant(store: &TestStore, made: &Made, person: &str, kind: &str, place: &str, role: &str) {
    let pool = raw(store.location()).await;
    let org = &made.org.id;
    let sql = format!(
        "INSERT INTO grants (org_id, subject, place_kind, place_id, role, granted_at) \
         VALUES ('{org}', '{person}', '{kind}', '{place}', '{role}', 1)"
    );
    sqlx::query(AssertSqlSafe(sql)).execute(&pool).await.expect("written");
    pool.close().await;
}

/// All of them, as text.
async fn grants(store: &TestStore) -> Vec<String> {
    store.dump().await["grants"].clone()
}

async fn session(store: &TestStore, person: &User) -> [u8; 32] {
    let proof = Proof::Password { hash: "none".to_owned() };
    store.start_session(&store.act(person), person, proof).await.expect("signed in").digest()
}

/// The first of the roles that the person of that session has at an app; `None` where they see no such app.
async fn role_at(store: &TestStore, session: &[u8; 32], app: &App) -> Option<Role> {
    let found = store.locate_app(session, &app.id).await.expect("asked").expect("alive").found;
    found.and_then(|app| app.within.within.within.role.here.first())
}

/// The key, where the person of that session sees it.
async fn seen(store: &TestStore, session: &[u8; 32], key: &Key) -> Option<Key> {
    store.locate_key(session, &key.id).await.expect("asked").expect("alive").found.map(|found| found.key)
}

fn is_there<T>(found: sallyport::Result<Option<T>>) -> bool {
    found.expect("asked").is_some()
}

async fn a_role_applies_at_its_place_and_below(store: &TestStore) {
    let made = made(store).await;
    let [here, there] = &made.apps;
    for (name, kind, place, role) in [
        ("Eve", "tenant", here.tenant_id.as_str(), Role::TenantAdmin),
        ("Max", "project", here.project_id.as_str(), Role::ProjectAdmin),
    ] {
        let eve = store.person(name).await;
        let (act, session) = (store.act(&eve), session(store, &eve).await);
        assert_eq!(role_at(store, &session, here).await, None);
        assert!(matches!(store.issue(&act, here, "Hers", &["read"]).await, Err(Error::NotFound)));
        grant(store, &made, eve.id.as_str(), kind, place, role.as_str()).await;

        assert!(is_there(store.find(&eve.id, &here.id).await));
        assert!(is_there(store.find(&eve.id, &here.project_id).await));
        assert!(is_there(store.find(&eve.id, &made.keys[0].id).await));
        assert_eq!(role_at(store, &session, here).await, Some(role));
        assert_eq!(seen(store, &session, &made.keys[0]).await.expect("seen").id, made.keys[0].id);
        store.issue(&act, here, "Hers", &["read"]).await.expect("below it");
        store.archive_place(&act, &Place::from(here)).await.expect("below it");
        store.restore_place(&act, &Place::from(here)).await.expect("below it");

        // Above it she sees the names on the way, and beside it nothing.
        assert!(!is_there(store.find(&eve.id, &made.org.id).await));
        assert!(!is_there(store.find(&eve.id, &there.id).await));
        assert!(!is_there(store.find(&eve.id, &made.keys[1].id).await));
        assert_eq!(role_at(store, &session, there).await, None);
        assert_eq!(seen(store, &session, &made.keys[1]).await, None);
        let way = store.locate_org(&session, &made.org.id).await.expect("asked").expect("alive").found.expect("named");
        assert!(way.role.here.is_empty() && way.role.may_somewhere(Permission::ManageKeys));
        let way = store.locate_tenant(&session, &here.tenant_id).await.expect("asked").expect("alive").found;
        assert_eq!(way.expect("named").within.role.here.is_empty(), kind == "project");
        assert!(store.locate_tenant(&session, &there.tenant_id).await.expect("asked").expect("alive").found.is_none());
        let orgs = store.orgs_of(&eve.id).await.expect("asked");
        assert!(orgs.len() == 1 && orgs[0].1.here.is_empty(), "{orgs:?}");
        let refused = [
            store.issue(&act, there, "Hers", &["read"]).await.map(drop),
            store.archive_place(&act, &Place::from(there)).await,
            store.archive_place(&act, &Place::from(&made.org)).await,
            store.create_tenant(&act, &made.org.id, NewTenant { name: "Hers".to_owned() }).await.map(drop),
            store.revoke_key(&act, &made.keys[1], String::new()).await.map(drop),
            store.add_member(&act, &made.org.id, &eve, Role::Owner).await.map(drop),
        ];
        for refused in refused {
            assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
        }
        let tenant = made.tenants.iter().find(|tenant| tenant.id == here.tenant_id).expect("there");
        let project = store.create_project(&act, tenant, NewProject { name: format!("Of {kind}") }).await;
        assert_eq!(project.is_ok(), kind == "tenant", "a project is made in a tenant: {project:?}");
    }
}

async fn the_strongest_of_several_roles_is_shown_and_each_counts(store: &TestStore) {
    let made = made(store).await;
    let eve = store.person("Eve").await;
    store.add_member(&made.act, &made.org.id, &eve, Role::Developer).await.expect("added");
    grant(store, &made, eve.id.as_str(), "tenant", made.apps[0].tenant_id.as_str(), "tenant_admin").await;
    let (mut roles, session) = (Vec::new(), session(store, &eve).await);
    for app in &made.apps {
        roles.push(role_at(store, &session, app).await.expect("seen"));
    }
    assert_eq!(roles, [Role::TenantAdmin, Role::Developer]);
    let [here, there] = &made.apps;
    store.archive_place(&store.act(&eve), &Place::from(here)).await.expect("as an admin of its tenant");
    let refused = store.archive_place(&store.act(&eve), &Place::from(there)).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    assert_eq!(store.orgs_of(&eve.id).await.expect("asked").len(), 1);
    assert_eq!(store.members(&made.org.id).await.expect("asked").len(), 2);
    store.remove_member(&made.act, &made.org.id, &eve).await.expect("removed");
    assert!(!is_there(store.find(&eve.id, &here.id).await), "nothing is left of what she had there");
}

async fn who_gave_a_role_is_kept(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    store.add_member(&Act::by(Actor::CommandLine), &org.id, &eve, Role::Member).await.expect("added");
    let before = grants(store).await;
    assert!(before.iter().any(|row| row.contains(eve.id.as_str()) && !row.contains(ada.id.as_str())), "{before:?}");
    let since = store.members(&org.id).await.expect("asked").into_iter().map(|member| member.since);
    let since: Vec<_> = since.collect();
    store.clock.turn(std::time::Duration::from_secs(60));
    store.change_role(&act, &org.id, &eve, Role::Admin).await.expect("changed");
    let after = grants(store).await;
    assert!(after.iter().any(|row| row.contains(eve.id.as_str()) && row.contains(ada.id.as_str())), "{after:?}");
    let members = store.members(&org.id).await.expect("asked");
    assert_eq!(members.iter().map(|member| member.since).collect::<Vec<_>>(), since, "members since as long as before");
}

async fn an_organization_takes_its_grants_along(store: &TestStore) {
    let made = made(store).await;
    let eve = store.person("Eve").await;
    grant(store, &made, eve.id.as_str(), "tenant", made.apps[0].tenant_id.as_str(), "viewer").await;
    store.delete_place(&made.act, &Place::from(&made.org)).await.expect("deleted");
    assert_eq!(grants(store).await, Vec::<String>::new());
    assert!(store.find(Reader::All, &made.org.id).await.expect("asked").is_none());
}

async fn a_place_takes_its_grants_along(store: &TestStore) {
    let made = made(store).await;
    let (eve, [here, there]) = (store.person("Eve").await, &made.apps);
    let project = store.find(Reader::All, &here.project_id).await.expect("asked").expect("there");
    let tenant = made.tenants.iter().find(|tenant| tenant.id == here.tenant_id).expect("there");
    let other = (there.tenant_id.to_string(), there.project_id.to_string());
    let all = [
        ("tenant", tenant.id.to_string()),
        ("project", project.id.to_string()),
        ("tenant", other.0),
        ("project", other.1),
    ];
    for (kind, place) in &all {
        grant(store, &made, eve.id.as_str(), kind, place, "viewer").await;
    }
    // Ada's role in the organization is the one beside them.
    for (gone, left) in [(Place::from(here), 5), (Place::from(&project), 4), (Place::from(tenant), 3)] {
        store.delete_place(&made.act, &gone).await.expect("deleted");
        let grants = grants(store).await;
        assert!(grants.len() == left && grants.iter().all(|row| !row.contains(&gone.id)), "{grants:?}");
    }
    // A tenant takes along what is in it.
    let tenant = made.tenants.iter().find(|tenant| tenant.id == there.tenant_id).expect("there");
    store.delete_place(&made.act, &Place::from(tenant)).await.expect("deleted");
    assert_eq!(grants(store).await.len(), 1);
    assert!(store.orgs_of(&eve.id).await.expect("asked").is_empty());
}
