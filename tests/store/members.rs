use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use sallyport::{
    Error,
    audit::{Act, Actor},
    id::{AppId, OrgId},
    identity::Proof,
    key::secret::Checked,
    member::{Role, RoleGiven},
    store::{EventFilter, KeyFilter, Sight, Touched},
    testing::TestStore,
    user::User,
};

sallyport::on_both_databases!(
    roles_are_given_changed_and_taken,
    the_last_owner_stays,
    two_owners_do_not_remove_one_another,
    roles_decide_who_changes_roles,
    a_token_changes_roles_where_it_manages,
    a_member_goes_with_the_keys_that_they_made,
    a_removal_that_is_refused_revokes_nothing,
    a_member_was_seen_in_the_session_that_was_used_last,
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

fn by(user: &User) -> KeyFilter {
    KeyFilter { created_by: Some(user.id.clone()), ..KeyFilter::default() }
}

async fn a_token_changes_roles_where_it_manages(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let org = store.org(&store.act(&ada), "Focus").await;
    let other = store.org(&store.act(&ada), "Other").await;
    let by = async |name: &str, manages: bool, within| {
        let (token, _) = store.create_token(&shell(), name, manages, within).await.expect("made");
        Act::by(Actor::RootToken { id: token.id, name: token.name })
    };
    let elsewhere = by("Elsewhere", true, Some(other.id.clone())).await;
    assert!(matches!(store.add_member(&elsewhere, &org.id, &eve, Role::Member).await, Err(Error::NotFound)));
    let verifier = by("Verifier", false, None).await;
    assert!(matches!(store.add_member(&verifier, &org.id, &eve, Role::Member).await, Err(Error::Forbidden(_))));
    let here = by("Here", true, Some(org.id.clone())).await;
    assert_eq!(store.add_member(&here, &org.id, &eve, Role::Member).await.expect("given"), RoleGiven::Added);
    for (act, refused) in [(&elsewhere, "it is not there"), (&verifier, "it manages nothing")] {
        assert!(store.remove_member(act, &org.id, &eve).await.is_err(), "{refused}");
        assert!(store.remove_member_and_keys(act, &org.id, &eve).await.is_err(), "{refused}");
    }
    store.remove_member(&here, &org.id, &eve).await.expect("removed");
}

async fn a_member_goes_with_the_keys_that_they_made(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let (act, by_eve) = (store.act(&ada), store.act(&eve));
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    let elsewhere = store.org(&by_eve, "Elsewhere").await;
    let there = store.app(&by_eve, &elsewhere, "App").await;
    store.key(&by_eve, &there, "there").await;
    store.add_earlier_member(&org.id, &eve).await;
    let mut made = Vec::new();
    for n in 0..3 {
        made.push(store.key(&by_eve, &app, &format!("by Eve {n}")).await);
    }
    let lost = store.key(&by_eve, &app, "revoked before").await.key;
    store.revoke_key(&act, &lost, String::new()).await.expect("revoked");
    store.key(&act, &app, "by Ada").await;
    assert_eq!(
        store.keys_made(&org.id, &Sight::ALL).await.expect("asked"),
        [(ada.id.to_string(), 1), (eve.id.to_string(), 3)].into()
    );
    let creators = async |org: &OrgId, app: Option<&AppId>| -> Vec<String> {
        let (_, frame) = store.framed_keys(org, app, &KeyFilter::default(), &ada.id).await.expect("asked");
        frame.creators.into_iter().map(|person| person.name).collect()
    };
    assert_eq!(creators(&org.id, None).await, ["Ada", "Eve"]);
    assert_eq!(creators(&elsewhere.id, None).await, ["Eve"]);
    let beside = store.app(&act, &org, "Beside").await;
    store.key(&act, &beside, "by Ada, too").await;
    assert_eq!(creators(&org.id, Some(&app.id)).await, ["Ada", "Eve"]);
    assert_eq!(creators(&org.id, Some(&beside.id)).await, ["Ada"], "of its keys alone");
    assert_eq!(creators(&elsewhere.id, Some(&there.id)).await, ["Eve"]);
    assert!(creators(&elsewhere.id, Some(&app.id)).await.is_empty(), "of another organization");
    assert_eq!(store.keys(&org.id, None, &by(&eve)).await.expect("asked").total, 3);
    assert_eq!(store.keys(&org.id, Some(&app.id), &by(&ada)).await.expect("asked").total, 1);

    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    store.on_change(move |change| listener.lock().expect("no panic").push(change.touched.clone()));
    assert_eq!(store.remove_member_and_keys(&act, &org.id, &eve).await.expect("removed"), 3);
    let Touched::These(touched) = told.lock().expect("no panic").pop().expect("told") else { panic!("by name") };
    for issued in &made {
        let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
        assert!(touched.contains(&store.digests(checked).next().expect("a pepper")), "{}", issued.key.label);
        let key = store.find(&ada.id, &issued.key.id).await.expect("asked").expect("there");
        let revoked = key.revoked.expect("revoked");
        assert_eq!((revoked.by.as_str(), revoked.reason.as_str()), ("Ada", "Eve was removed from the organization"));
        assert!(!key.has_signing_secret);
    }
    assert_eq!(creators(&org.id, None).await, ["Ada"], "whose keys are not all revoked");
    assert_eq!(creators(&org.id, Some(&app.id)).await, ["Ada"]);
    assert!(store.find(&eve.id, &org.id).await.expect("asked").is_none());
    assert_eq!(store.keys(&org.id, None, &KeyFilter::default()).await.expect("asked").total, 2, "Ada's");
    assert_eq!(store.keys(&elsewhere.id, None, &KeyFilter::default()).await.expect("asked").total, 1);

    let page = store.events(&org.id, None, &EventFilter::default()).await.expect("asked");
    let mut told: Vec<_> = page.events.iter().take(4).map(|event| (&*event.action, &*event.target_name)).collect();
    assert_eq!(told.remove(0), ("member.removed", "Eve"));
    assert_eq!(page.events[0].details, r#"{"keys":3,"role":"member"}"#);
    told.sort_unstable();
    assert_eq!(told, [("key.revoked", "by Eve 0"), ("key.revoked", "by Eve 1"), ("key.revoked", "by Eve 2")]);
    assert!(page.events[1..4].iter().all(|event| event.app_id.as_deref() == Some(app.id.as_str())));
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}

async fn a_removal_that_is_refused_revokes_nothing(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    store.key(&act, &app, "by Ada").await;
    for (role, whom) in [(Role::Member, &ada), (Role::Admin, &ada)] {
        store.add_member(&act, &org.id, &eve, role).await.expect("added");
        let before = store.dump().await;
        let refused = store.remove_member_and_keys(&store.act(&eve), &org.id, whom).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{role:?}: {refused:?}");
        assert_eq!(store.dump().await, before, "{role:?}");
    }
    let last = store.remove_member_and_keys(&act, &org.id, &ada).await;
    assert!(matches!(last, Err(Error::Invalid(_))), "{last:?}");
    let stranger = store.person("Grace").await;
    let none = store.remove_member_and_keys(&act, &org.id, &stranger).await;
    assert!(matches!(none, Err(Error::NotFound)), "{none:?}");
    assert_eq!(store.keys(&org.id, None, &by(&ada)).await.expect("asked").total, 1);
}

async fn a_member_was_seen_in_the_session_that_was_used_last(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let (act, org) = (store.act(&ada), store.org(&store.act(&ada), "Focus").await);
    store.add_member(&shell(), &org.id, &eve, Role::Member).await.expect("added");
    let seen = || async {
        let members = store.members(&org.id).await.expect("asked");
        members.into_iter().map(|member| member.last_seen_at).collect::<Vec<_>>()
    };
    assert_eq!(seen().await, [None, None]);
    let mut last = store.now();
    for _ in 0..2 {
        store.clock.turn(Duration::from_secs(3_600));
        last = store.now();
        let proof = Proof::Password { hash: "none".to_owned() };
        store.start_session(&act, &ada, proof).await.expect("signed in");
    }
    assert_eq!(seen().await, [Some(last), None]);
    store.end_sessions_of(&shell(), &ada).await.expect("ended");
    assert_eq!(seen().await, [None, None]);
}
