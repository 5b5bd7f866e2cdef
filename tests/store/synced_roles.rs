//! Roles by the groups of an issuer.

use sallyport::{
    Result,
    audit::{Act, Actor},
    id::OrgId,
    identity::Identity,
    journal::{Entry, Line},
    member::Role,
    place::PlaceKind,
    single_sign_on::PlaceRole,
    store::{EventFilter, HowToRestore, Reconciled},
    testing::TestStore,
    user::User,
};

sallyport::on_both_databases!(
    groups_give_and_take_what_they_gave,
    roles_that_people_gave_stay,
    the_last_owner_stays,
    a_place_that_is_gone_is_left_out,
    each_change_is_recorded_in_its_organization,
    they_end_with_the_identity,
    the_journal_takes_them_again_and_gives_none,
);

const ACME: &str = "https://acme.example";

fn at_org(org: &OrgId, role: Role) -> PlaceRole {
    PlaceRole { kind: PlaceKind::Org, id: org.to_string(), role }
}

async fn sync(store: &TestStore, user: &User, provider: &str, wanted: &[PlaceRole]) -> Result<()> {
    store.sync_roles(&store.act(user), user, provider, wanted).await
}

async fn roles(store: &TestStore, org: &OrgId, user: &User) -> Vec<Role> {
    let members = store.members(org).await.expect("asked");
    let grants = members.into_iter().filter(|member| member.user.id == user.id).flat_map(|member| member.grants);
    grants.map(|grant| grant.role).collect()
}

async fn groups_give_and_take_what_they_gave(store: &TestStore) {
    let shell = Act::by(Actor::CommandLine);
    let (first, second) = (store.org(&shell, "First").await.id, store.org(&shell, "Second").await.id);
    let ada = store.person("Ada").await;
    let both = [at_org(&first, Role::Viewer), at_org(&second, Role::Admin)];
    for _ in 0..2 {
        sync(store, &ada, ACME, &both).await.expect("synced");
        assert_eq!(roles(store, &first, &ada).await, [Role::Viewer]);
        assert_eq!(roles(store, &second, &ada).await, [Role::Admin]);
    }
    // Another issuer takes nothing of it, and gives what is there already to nobody else.
    sync(store, &ada, "https://other.example", &[]).await.expect("synced");
    sync(store, &ada, "https://other.example", &both[..1]).await.expect("synced");
    assert_eq!(roles(store, &first, &ada).await, [Role::Viewer]);
    sync(store, &ada, ACME, &both[..1]).await.expect("synced");
    assert_eq!(roles(store, &second, &ada).await, []);
    sync(store, &ada, ACME, &[]).await.expect("synced");
    assert_eq!(roles(store, &first, &ada).await, []);
}

async fn roles_that_people_gave_stay(store: &TestStore) {
    let shell = Act::by(Actor::CommandLine);
    let org = store.org(&shell, "Focus").await.id;
    let ada = store.person("Ada").await;
    store.add_member(&shell, &org, &ada, Role::Developer).await.expect("added");
    sync(store, &ada, ACME, &[at_org(&org, Role::Developer), at_org(&org, Role::Viewer)]).await.expect("synced");
    assert_eq!(roles(store, &org, &ada).await, [Role::Developer, Role::Viewer]);
    sync(store, &ada, ACME, &[]).await.expect("synced");
    assert_eq!(roles(store, &org, &ada).await, [Role::Developer]);
    // A role that somebody changed is theirs from then on.
    sync(store, &ada, ACME, &[at_org(&org, Role::Viewer)]).await.expect("synced");
    store.change_role(&shell, &org, &ada, Role::Admin).await.expect("changed");
    sync(store, &ada, ACME, &[]).await.expect("synced");
    assert_eq!(roles(store, &org, &ada).await, [Role::Admin]);
}

async fn the_last_owner_stays(store: &TestStore) {
    let shell = Act::by(Actor::CommandLine);
    let org = store.org(&shell, "Focus").await.id;
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    sync(store, &ada, ACME, &[at_org(&org, Role::Owner)]).await.expect("synced");
    sync(store, &ada, ACME, &[at_org(&org, Role::Viewer)]).await.expect("synced");
    assert_eq!(roles(store, &org, &ada).await, [Role::Owner, Role::Viewer]);
    sync(store, &eve, ACME, &[at_org(&org, Role::Owner)]).await.expect("synced");
    sync(store, &ada, ACME, &[]).await.expect("synced");
    assert_eq!(roles(store, &org, &ada).await, []);
    sync(store, &eve, ACME, &[]).await.expect("synced");
    assert_eq!(roles(store, &org, &eve).await, [Role::Owner]);
}

async fn a_place_that_is_gone_is_left_out(store: &TestStore) {
    let shell = Act::by(Actor::CommandLine);
    let org = store.org(&shell, "Focus").await.id;
    let ada = store.person("Ada").await;
    let gone = OrgId::parse("org_gone_000000").expect("an id");
    sync(store, &ada, ACME, &[at_org(&gone, Role::Admin), at_org(&org, Role::Viewer)]).await.expect("synced");
    assert_eq!(roles(store, &org, &ada).await, [Role::Viewer]);
}

async fn each_change_is_recorded_in_its_organization(store: &TestStore) {
    let shell = Act::by(Actor::CommandLine);
    let org = store.org(&shell, "Focus").await.id;
    let ada = store.person("Ada").await;
    for wanted in [&[at_org(&org, Role::Viewer)][..], &[]] {
        sync(store, &ada, ACME, wanted).await.expect("synced");
    }
    for action in ["member.added", "member.removed"] {
        let filter = EventFilter { action: action.to_owned(), ..EventFilter::default() };
        let events = store.events(&org, None, &filter).await.expect("read").events;
        let last = events.first().expect("recorded");
        assert!(last.details.contains(ACME), "{action}: {}", last.details);
        assert_eq!(last.actor_id, ada.id.as_str(), "{action}");
    }
}

async fn they_end_with_the_identity(store: &TestStore) {
    let shell = Act::by(Actor::CommandLine);
    let org = store.org(&shell, "Focus").await.id;
    let ada = store.person("Ada").await;
    let identity = |subject: &str| Identity::check(ACME, subject).expect("good");
    for subject in ["ada", "ada lovelace"] {
        store.link_identity(&shell, &ada, identity(subject)).await.expect("linked");
    }
    sync(store, &ada, ACME, &[at_org(&org, Role::Admin)]).await.expect("synced");
    assert!(store.unlink_identity(&shell, &ada, identity("ada")).await.expect("unlinked"));
    assert_eq!(roles(store, &org, &ada).await, [Role::Admin], "another of the issuer is left");
    assert!(store.unlink_identity(&shell, &ada, identity("ada lovelace")).await.expect("unlinked"));
    assert_eq!(roles(store, &org, &ada).await, []);
    // So they do when an operator gives the account another password, which unlinks what somebody else may have linked.
    store.change_password(&shell, &ada, "first".to_owned()).await.expect("set");
    store.link_identity(&shell, &ada, identity("eve")).await.expect("linked");
    sync(store, &ada, ACME, &[at_org(&org, Role::Admin)]).await.expect("synced");
    store.set_password_to_change(&shell, &ada, "second".to_owned()).await.expect("set");
    assert_eq!(store.identities_of(&ada.id).await.expect("asked"), []);
    assert_eq!(roles(store, &org, &ada).await, []);
}

async fn the_journal_takes_them_again_and_gives_none(store: &TestStore) {
    let shell = Act::by(Actor::CommandLine);
    let org = store.org(&shell, "Focus").await.id;
    let ada = store.person("Ada").await;
    sync(store, &ada, ACME, &[at_org(&org, Role::Admin)]).await.expect("synced");
    // What the journal of a portal that took the role, gave another by its groups, unlinked, and required the issuer says.
    let identity = Identity::check(ACME, "ada").expect("good");
    store.link_identity(&shell, &ada, identity.clone()).await.expect("linked");
    let digest = "6bcc4d61e8b3a4e3".to_owned();
    let given = ("organization".to_owned(), org.to_string(), "member".to_owned());
    let entries = [
        Entry::Roles {
            person: ada.id.to_string(),
            org: org.to_string(),
            roles: vec![given.clone()],
            synced: vec![given],
        },
        Entry::IdentityUnlinked { person: ada.id.to_string(), digest },
        Entry::SignInRequired { org: org.to_string(), provider: Some(ACME.to_owned()) },
    ];
    let revision = store.revision().await.expect("read") + 1;
    let line = Line::new(revision, store.now().micros(), &entries);
    let how = HowToRestore { portal: "keys.example.com/audit".to_owned(), ..HowToRestore::default() };
    let done = store.reconcile(&Act::by(Actor::Sallyport), &[line], how).await.expect("compared");
    assert!(matches!(done, Reconciled::Restored(_)), "{done:?}");
    assert_eq!(roles(store, &org, &ada).await, [], "taken, and the next sign-in gives what groups give");
    assert_eq!(store.sign_in_policy(&org).await.expect("asked").issuer.as_deref(), Some(ACME));
    assert_eq!(store.identities_of(&ada.id).await.expect("asked"), [identity], "another was unlinked");
}
