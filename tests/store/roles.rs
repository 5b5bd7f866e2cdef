//! Giving, changing and ending roles at organizations, tenants and projects.

use sallyport::{
    Error,
    app::App,
    audit::{Act, Actor},
    member::{Member, Role, RoleGiven, Roles},
    org::Org,
    place::Place,
    project::Project,
    store::{EventFilter, Reader},
    tenant::Tenant,
    testing::TestStore,
    user::User,
};

use crate::races::Held;

sallyport::on_both_databases!(
    nobody_gives_more_than_they_have,
    a_role_is_given_where_it_belongs,
    members_are_listed_with_where_their_roles_come_from,
    removing_at_a_place_leaves_what_is_above,
    leaving_needs_no_permission,
    an_organization_is_handed_over,
    the_last_two_owners_do_not_leave_at_once,
    a_role_lost_while_waiting_gives_nothing,
    a_deleted_project_gets_no_role,
);

struct World {
    ada: Act,
    org: Org,
    tenant: Tenant,
    project: Project,
    app: App,
}

async fn world(store: &TestStore) -> World {
    let ada = store.act(&store.person("Ada").await);
    let org = store.org(&ada, "Focus").await;
    let app = store.app(&ada, &org, "App").await;
    let tenant = store.find(Reader::All, &app.tenant_id).await.expect("asked").expect("there");
    let project = store.find(Reader::All, &app.project_id).await.expect("asked").expect("there");
    World { ada, org, tenant, project, app }
}

/// The members of a place: their names, with the roles that concern it.
fn shown(members: &[Member]) -> Vec<(String, Vec<Role>)> {
    let roles = |member: &Member| member.grants.iter().map(|grant| grant.role).collect();
    members.iter().map(|member| (member.user.name.clone(), roles(member))).collect()
}

async fn nobody_gives_more_than_they_have(store: &TestStore) {
    let World { ada, org, tenant, project, .. } = world(store).await;
    let (eve, max, other) = (store.person("Eve").await, store.person("Max").await, store.person("Other").await);
    store.add_member(&ada, &tenant, &eve, Role::TenantAdmin).await.expect("given");
    store.add_member(&ada, &project, &max, Role::ProjectAdmin).await.expect("given");
    let (by_eve, by_max) = (store.act(&eve), store.act(&max));
    for role in [Role::TenantAdmin, Role::TenantMember, Role::ProjectAdmin, Role::Developer, Role::Viewer] {
        store.add_member(&by_eve, &tenant, &other, role).await.expect("as much as her own");
    }
    store.add_member(&by_eve, &project, &other, Role::ProjectAdmin).await.expect("below it too");
    store.add_member(&by_max, &project, &other, Role::Developer).await.expect("given");
    // Above their place there is nobody for them, and a larger role is not theirs to take.
    for refused in [
        store.add_member(&by_eve, &org.id, &other, Role::Viewer).await.map(drop),
        store.add_member(&by_max, &tenant, &other, Role::Viewer).await.map(drop),
        store.remove_member(&by_eve, &org.id, &other).await,
        store.hand_over(&by_eve, &org.id, &other).await,
    ] {
        assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    }
    store.add_member(&ada, &project, &eve, Role::Viewer).await.expect("given");
    store.add_member(&ada, &tenant, &max, Role::Developer).await.expect("given");
    let refused = store.change_role(&by_max, &tenant, &eve, Role::Viewer).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    // Someone else's role at the organization, which holds here too, is out of reach.
    store.add_member(&ada, &org.id, &other, Role::Admin).await.expect("given");
    assert!(store.remove_member(&by_eve, &org.id, &other).await.is_err());
    let members = store.members(&project).await.expect("asked");
    assert!(members.iter().any(|member| member.user.id == other.id && member.role == Role::Admin));
}

async fn a_role_is_given_where_it_belongs(store: &TestStore) {
    let World { ada, tenant, project, app, .. } = world(store).await;
    let eve = store.person("Eve").await;
    for (place, role) in [
        (Place::from(&tenant), Role::Owner),
        (Place::from(&tenant), Role::Member),
        (Place::from(&project), Role::TenantAdmin),
        (Place::from(&app), Role::Viewer),
    ] {
        let refused = store.add_member(&ada, &place, &eve, role).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{role:?} at {:?}: {refused:?}", place.kind);
    }
    assert!(store.orgs_of(&eve.id).await.expect("asked").is_empty());
}

async fn members_are_listed_with_where_their_roles_come_from(store: &TestStore) {
    let World { ada, org, tenant, project, .. } = world(store).await;
    let (eve, max) = (store.person("Eve").await, store.person("Max").await);
    store.add_member(&ada, &org.id, &eve, Role::Member).await.expect("given");
    store.add_member(&ada, &project, &eve, Role::Developer).await.expect("given");
    store.add_member(&ada, &tenant, &max, Role::TenantMember).await.expect("given");
    let named = |name: &str, roles: &[Role]| (name.to_owned(), roles.to_vec());
    let all = [
        named("Ada", &[Role::Owner]),
        named("Eve", &[Role::Member, Role::Developer]),
        named("Max", &[Role::TenantMember]),
    ];
    for place in [Place::from(&org), Place::from(&tenant), Place::from(&project)] {
        let members = store.members(&place).await.expect("asked");
        assert_eq!(shown(&members), all, "{:?}", place.kind);
        let eves = members[1].roles_at(project.id.as_str());
        assert_eq!(eves, Roles::from(Role::Developer));
        assert_eq!(members[1].grants[1].place_name, project.name);
    }
    // Another tenant has those of the organization alone.
    let new = sallyport::tenant::NewTenant { name: "Other".to_owned() };
    let other = store.create_tenant(&ada, &org.id, new).await.expect("made");
    let members = store.members(&other).await.expect("asked");
    assert_eq!(shown(&members), [named("Ada", &[Role::Owner]), named("Eve", &[Role::Member])]);
}

async fn removing_at_a_place_leaves_what_is_above(store: &TestStore) {
    let World { ada, org, tenant, project, app } = world(store).await;
    let eve = store.person("Eve").await;
    store.add_member(&ada, &org.id, &eve, Role::Member).await.expect("given");
    store.add_member(&ada, &tenant, &eve, Role::TenantMember).await.expect("given");
    store.add_member(&ada, &project, &eve, Role::Developer).await.expect("given");
    store.remove_member(&ada, &tenant, &eve).await.expect("removed, with what is below");
    assert!(store.find(&eve.id, &app.id).await.expect("asked").is_none());
    assert!(store.find(&eve.id, &tenant.id).await.expect("asked").is_some(), "still a member of the organization");
    let again = store.remove_member(&ada, &tenant, &eve).await;
    assert!(matches!(again, Err(Error::NotFound)), "{again:?}");
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("asked").events;
    assert_eq!(events[0].action, "member.removed");
    let details: serde_json::Value = serde_json::from_str(&events[0].details).expect("JSON");
    assert_eq!(details["at"], serde_json::json!({ "kind": "tenant", "id": tenant.id, "name": tenant.name }));
    assert_eq!(details["role"], "tenant_member");
}

async fn leaving_needs_no_permission(store: &TestStore) {
    let World { ada, org, tenant, project, .. } = world(store).await;
    let eve = store.person("Eve").await;
    let by_eve = store.act(&eve);
    store.add_member(&ada, &project, &eve, Role::Viewer).await.expect("given");
    let others = store.leave(&ada, &project, &eve).await;
    assert!(matches!(others, Err(Error::Forbidden(_))), "{others:?}");
    store.leave(&by_eve, &tenant, &eve).await.expect("with what is below");
    assert!(matches!(store.leave(&by_eve, &tenant, &eve).await, Err(Error::NotFound)));
    assert!(store.orgs_of(&eve.id).await.expect("asked").is_empty());
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("asked").events;
    assert_eq!((events[0].action.as_str(), events[0].actor_name.as_str()), ("member.left", "Eve"));
}

async fn an_organization_is_handed_over(store: &TestStore) {
    let World { ada, org, project, .. } = world(store).await;
    let (eve, max) = (store.person("Eve").await, store.person("Max").await);
    let nobody = store.hand_over(&ada, &org.id, &eve).await;
    assert!(matches!(nobody, Err(Error::NotFound)), "not a member: {nobody:?}");
    store.add_member(&ada, &project, &eve, Role::Viewer).await.expect("given");
    store.add_member(&ada, &org.id, &max, Role::Admin).await.expect("given");
    assert!(matches!(store.hand_over(&store.act(&max), &org.id, &eve).await, Err(Error::Forbidden(_))));
    store.disable_user(&Act::by(Actor::CommandLine), &eve).await.expect("disabled");
    assert!(matches!(store.hand_over(&ada, &org.id, &eve).await, Err(Error::Invalid(_))), "they could not use it");
    store.enable_user(&Act::by(Actor::CommandLine), &eve).await.expect("enabled");
    store.hand_over(&ada, &org.id, &eve).await.expect("handed over");
    let members = store.members(&org.id).await.expect("asked");
    let first: Vec<_> = members.iter().map(|member| (member.user.name.as_str(), member.role)).collect();
    assert_eq!(first, [("Ada", Role::Admin), ("Eve", Role::Owner), ("Max", Role::Admin)]);
    assert!(matches!(store.hand_over(&ada, &org.id, &max).await, Err(Error::Forbidden(_))), "no more");
}

async fn the_last_two_owners_do_not_leave_at_once(store: &TestStore) {
    let people = [store.person("Ada").await, store.person("Eve").await];
    let ada = store.act(&people[0]);
    let org = store.org(&ada, "Focus").await;
    store.add_member(&ada, &org.id, &people[1], Role::Owner).await.expect("given");
    let held = Held::row(store, format!("UPDATE chains SET seq = seq WHERE name = '{}'", org.id)).await;
    let leaves = |who: &User| {
        let (store, act, org, who) = (store.store.clone(), store.act(who), org.id.clone(), who.clone());
        tokio::spawn(async move { store.leave(&act, &org, &who).await })
    };
    let tasks = [leaves(&people[0]), leaves(&people[1])];
    Held::queue(&held, 2).await;
    Held::release(held).await;
    let mut left = 0;
    for task in tasks {
        match task.await.expect("no panic") {
            Ok(()) => left += 1,
            Err(Error::Invalid(invalid)) => assert_eq!(invalid.0[0].field, "role"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((left, store.owners(&org.id).await.expect("asked").len()), (1, 1));
}

async fn a_role_lost_while_waiting_gives_nothing(store: &TestStore) {
    let World { ada, org, tenant, .. } = world(store).await;
    let (eve, max) = (store.person("Eve").await, store.person("Max").await);
    store.add_member(&ada, &tenant, &eve, Role::TenantAdmin).await.expect("given");
    let held = Held::row(store, format!("UPDATE chains SET seq = seq WHERE name = '{}'", org.id)).await;
    let (removing, by, of, whom) = (store.store.clone(), ada.clone(), tenant.clone(), eve.clone());
    let removed = tokio::spawn(async move { removing.remove_member(&by, &of, &whom).await });
    Held::queue(&held, 1).await;
    if held.is_none() {
        // SQLite has one writer: who comes first is decided here.
        removed.await.expect("no panic").expect("removed");
        let given = store.add_member(&store.act(&eve), &tenant, &max, Role::TenantAdmin).await;
        assert!(matches!(given, Err(Error::NotFound)), "{given:?}");
        return;
    }
    let (giving, by, of, whom) = (store.store.clone(), store.act(&eve), tenant.clone(), max.clone());
    let given = tokio::spawn(async move { giving.add_member(&by, &of, &whom, Role::TenantAdmin).await });
    Held::queue(&held, 2).await;
    Held::release(held).await;
    removed.await.expect("no panic").expect("removed");
    let given = given.await.expect("no panic");
    assert!(matches!(given, Err(Error::NotFound)), "{given:?}");
    assert!(store.orgs_of(&max.id).await.expect("asked").is_empty());
}

async fn a_deleted_project_gets_no_role(store: &TestStore) {
    let World { ada, project, app, .. } = world(store).await;
    let eve = store.person("Eve").await;
    assert_eq!(store.add_member(&ada, &project, &eve, Role::Viewer).await.expect("given"), RoleGiven::Added);
    store.delete_place(&ada, &Place::from(&project)).await.expect("deleted");
    let given = store.add_member(&ada, &project, &eve, Role::Viewer).await;
    assert!(matches!(given, Err(Error::NotFound)), "{given:?}");
    assert!(store.find(&eve.id, &app.id).await.expect("asked").is_none());
    assert!(store.dump().await["grants"].iter().all(|row| !row.contains(eve.id.as_str())));
}
