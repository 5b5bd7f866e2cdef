use sallyport::{
    Error,
    audit::{Act, Actor},
    member::{Role, RoleGiven},
    store::EventFilter,
    testing::TestStore,
};

sallyport::on_both_databases!(
    roles_are_given_changed_and_taken,
    the_last_owner_stays,
    two_owners_do_not_remove_one_another,
    roles_decide_who_changes_roles,
);

fn shell() -> Act {
    Act::by(Actor::CommandLine)
}

async fn roles_are_given_changed_and_taken(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let (act, org) = (store.act(&ada), store.org(&store.act(&ada), "Focus").await);
    let missing = store.change_role(&act, &org.id, &eve, Role::Admin).await;
    assert!(matches!(missing, Err(Error::NotFound)), "changing adds nobody: {missing:?}");
    let missing = store.remove_member(&act, &org.id, &eve).await;
    assert!(matches!(missing, Err(Error::NotFound)), "{missing:?}");
    for (role, given) in
        [(Role::Member, RoleGiven::Added), (Role::Admin, RoleGiven::Changed), (Role::Admin, RoleGiven::Unchanged)]
    {
        assert_eq!(store.add_member(&shell(), &org.id, &eve, role).await.expect("given"), given);
    }
    let members = store.members(&org.id).await.expect("asked");
    let roles: Vec<_> = members.iter().map(|member| (member.user.name.as_str(), member.role)).collect();
    assert_eq!(roles, [("Ada", Role::Owner), ("Eve", Role::Admin)]);
    store.remove_member(&act, &org.id, &eve).await.expect("removed");
    assert!(store.find(&eve.id, &org.id).await.expect("asked").is_none());

    let page = store.events(&org.id, None, &EventFilter::default()).await.expect("asked");
    let told: Vec<_> = page.events.iter().rev().skip(2).map(|event| (&*event.action, &*event.details)).collect();
    assert_eq!(
        told,
        [
            ("member.added", r#"{"role":"member"}"#),
            ("member.role_changed", r#"{"from":"member","role":"admin"}"#),
            ("member.removed", r#"{"role":"admin"}"#),
        ]
    );
    assert_eq!(store.check_chain(org.id.as_str()).await.expect("read"), Ok(5));
}

async fn the_last_owner_stays(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let org = store.org(&store.act(&ada), "Focus").await;
    for act in [shell(), store.act(&ada)] {
        let demoted = store.add_member(&act, &org.id, &ada, Role::Admin).await;
        assert!(matches!(demoted, Err(Error::Invalid(_))), "{demoted:?}");
        let removed = store.remove_member(&act, &org.id, &ada).await;
        assert!(matches!(removed, Err(Error::Invalid(_))), "{removed:?}");
    }
    store.add_member(&shell(), &org.id, &eve, Role::Owner).await.expect("added");
    store.disable_user(&shell(), &eve).await.expect("disabled");
    assert!(store.remove_member(&shell(), &org.id, &ada).await.is_err(), "an owner who can't sign in does not count");
    store.enable_user(&shell(), &eve).await.expect("enabled");
    store.remove_member(&store.act(&ada), &org.id, &ada).await.expect("one may leave");
    assert!(store.remove_member(&shell(), &org.id, &eve).await.is_err());
}

async fn two_owners_do_not_remove_one_another(store: &TestStore) {
    let people = [store.person("Ada").await, store.person("Eve").await];
    let org = store.org(&store.act(&people[0]), "Focus").await;
    store.add_member(&shell(), &org.id, &people[1], Role::Owner).await.expect("added");
    let tasks = [(0, 1), (1, 0)].map(|(who, whom)| {
        let (store, act, org, whom) =
            (store.store.clone(), store.act(&people[who]), org.id.clone(), people[whom].clone());
        tokio::spawn(async move { store.remove_member(&act, &org, &whom).await.is_ok() })
    });
    let mut removed = 0;
    for task in tasks {
        removed += usize::from(task.await.expect("no panic"));
    }
    assert_eq!(removed, 1);
    assert_eq!(store.members(&org.id).await.expect("asked").len(), 1);
}

async fn roles_decide_who_changes_roles(store: &TestStore) {
    let names = ["Ada", "Amy", "Max", "Eve"];
    let mut people = Vec::new();
    for name in names {
        people.push(store.person(name).await);
    }
    let [owner, admin, member, stranger] = &people[..] else { panic!("four people") };
    let org = store.org(&store.act(owner), "Focus").await;
    store.add_member(&store.act(owner), &org.id, admin, Role::Admin).await.expect("added");
    store.add_member(&store.act(admin), &org.id, member, Role::Member).await.expect("added");

    for (who, whom, role) in [(admin, owner, Role::Member), (admin, admin, Role::Owner), (member, member, Role::Admin)]
    {
        let refused = store.change_role(&store.act(who), &org.id, whom, role).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{} of {}: {refused:?}", who.name, whom.name);
    }
    let refused = store.remove_member(&store.act(admin), &org.id, owner).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let unseen = store.add_member(&store.act(stranger), &org.id, stranger, Role::Owner).await;
    assert!(matches!(unseen, Err(Error::NotFound)), "{unseen:?}");
    store.change_role(&store.act(admin), &org.id, member, Role::Admin).await.expect("changed");
    store.change_role(&store.act(owner), &org.id, admin, Role::Owner).await.expect("changed");
}
