//! What approvers are told by mail.

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    mail::About,
    member::Role,
    store::{ApprovalFilter, Paging},
    testing::TestStore,
};

use super::{
    World,
    approvals::{asked, production},
};
use crate::mail::mails;

sallyport::on_both_databases!(
    many_requests_are_told_in_one_mail_an_hour,
    only_who_may_still_decide_is_told,
    who_left_is_not_told_of_the_decision,
);

async fn many_requests_are_told_in_one_mail_an_hour(store: &TestStore) {
    let world = World::new(store, production()).await;
    mails(store).await;
    let letters = async || {
        let mut letters = Vec::new();
        for mail in mails(store).await {
            let Some(letter) = store.letter(&mail).await.expect("asked") else { continue };
            if !matches!(letter.about, About::ApprovalDecided { .. }) {
                assert_eq!(letter.to.email, world.owner.email);
                letters.push(letter.about);
            }
        }
        letters
    };
    let first = asked(store, &world).await;
    let [About::ApprovalRequested { approval, scopes, .. }] = &letters().await[..] else { panic!("one mail") };
    assert_eq!((approval, scopes.as_slice()), (&first, &["read".to_owned()][..]));
    let mut ids = vec![first];
    for _ in 0..5 {
        ids.push(asked(store, &world).await);
    }
    assert_eq!(letters().await, []);
    store.approve(&world.act, &ids[0]).await.expect("approved");
    store.withdraw_approval(&world.by_developer, &ids[1]).await.expect("withdrawn");
    store.clock.turn(Duration::from_secs(3600));
    let mails = letters().await;
    let waiting = mails.iter().find_map(|about| match about {
        About::ApprovalsWait { requests, count } => Some((requests.len(), *count)),
        _ => None,
    });
    assert_eq!(waiting, Some((4, 4)), "{mails:?}");
    // The mail of the next hour was that one.
    asked(store, &world).await;
    assert_eq!(letters().await, []);
    for id in &ids[2..] {
        store.refuse_approval(&world.act, id, "no".to_owned()).await.expect("refused");
    }
    let id = store
        .approvals(&world.org.id, &ApprovalFilter::default(), &Paging::parse(1, None).expect("good"))
        .await
        .expect("read");
    store.approve(&world.act, &id.items[0].id).await.expect("approved");
    store.clock.turn(Duration::from_secs(3600));
    assert!(
        letters().await.iter().all(|about| !matches!(about, About::ApprovalsWait { .. })),
        "nothing waits any more"
    );
}

/// The mails about requests that would be sent now, with who gets them.
async fn told(store: &TestStore) -> Vec<(String, About)> {
    let mut told = Vec::new();
    for mail in mails(store).await {
        let about = store.letter(&mail).await.expect("asked");
        told.extend(about.map(|letter| (letter.to.email, letter.about)));
    }
    told.retain(|(_, about)| matches!(about, About::ApprovalRequested { .. } | About::ApprovalDecided { .. }));
    told
}

async fn only_who_may_still_decide_is_told(store: &TestStore) {
    let world = World::new(store, production()).await;
    let shell = Act::by(Actor::CommandLine);
    let admin = store.person("Admin").await;
    for way in ["demoted", "removed", "decided", "withdrawn"] {
        store.add_member(&shell, &world.org.id, &admin, Role::Admin).await.expect("added");
        store.clock.turn(Duration::from_secs(2 * 3600));
        mails(store).await;
        let id = asked(store, &world).await;
        match way {
            "demoted" => store.change_role(&shell, &world.org.id, &admin, Role::Member).await.map(drop),
            "removed" => store.remove_member(&shell, &world.org.id, &admin).await,
            "decided" => store.refuse_approval(&world.act, &id, "no".to_owned()).await.map(drop),
            _ => store.withdraw_approval(&world.by_developer, &id).await,
        }
        .expect(way);
        let mut to: Vec<_> = told(store).await.into_iter().map(|(to, _)| to).collect();
        to.retain(|to| *to != world.developer.email);
        // Where it waits, the owner is told all the same.
        let owner = matches!(way, "demoted" | "removed").then(|| world.owner.email.clone());
        assert_eq!(to, owner.into_iter().collect::<Vec<_>>(), "{way}");
        if store.may(&admin.id, &world.org.id, sallyport::member::Permission::SeePlace).await.expect("asked") {
            store.remove_member(&shell, &world.org.id, &admin).await.expect("removed");
        }
    }
}

async fn who_left_is_not_told_of_the_decision(store: &TestStore) {
    let world = World::new(store, production()).await;
    let id = asked(store, &world).await;
    mails(store).await;
    store.approve(&world.act, &id).await.expect("approved");
    store.remove_member(&world.act, &world.org.id, &world.developer).await.expect("removed");
    assert_eq!(told(store).await, []);
}
