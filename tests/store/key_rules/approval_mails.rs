//! What approvers are told by mail.

use std::time::Duration;

use sallyport::{mail::About, store::Paging, testing::TestStore};

use super::{
    World,
    approvals::{asked, production},
};
use crate::mail::mails;

sallyport::on_both_databases!(many_requests_are_told_in_one_mail_an_hour);

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
    let id = store.approvals(&world.org.id, None, &Paging::parse(1, None).expect("good")).await.expect("read");
    store.approve(&world.act, &id.items[0].id).await.expect("approved");
    store.clock.turn(Duration::from_secs(3600));
    assert!(
        letters().await.iter().all(|about| !matches!(about, About::ApprovalsWait { .. })),
        "nothing waits any more"
    );
}
