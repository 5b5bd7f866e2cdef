//! Repeating what takes something away, on several nodes: the answer to the first request may have been lost, so that the second
//! is answered only once no node goes without it, even if it changes nothing.

mod postgres {
    use std::time::{Duration, Instant};

    use futures_util::{FutureExt, future::join_all};
    use sallyport::{
        Error,
        audit::{Act, Actor},
        key::{KeyChange, NewRotation, Restrictions},
        member::Role,
        node::TERMS,
        place::Place,
        testing::TestStore,
    };
    use sqlx::Executor;

    use crate::opening::raw;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_taken_away_before_is_waited_for() {
        let store = TestStore::postgres().await;
        let shell = Act::by(Actor::CommandLine);
        let act = store.act(&store.person("Ada").await);
        let (org, closed) = (store.org(&act, "Focus").await, store.org(&act, "Closed").await);
        let (app, archived) = (store.app(&act, &org, "Focus and calm").await, store.app(&act, &org, "Old").await);
        let (archived, all) = (Place::from(&archived), Place::from(&closed));
        let mut keys = Vec::new();
        for n in 0..6 {
            keys.push(store.key(&act, &app, &format!("Key {n}")).await.key);
        }
        let [revoked, paused, narrowed, restricted, ended, rotated] = <[_; 6]>::try_from(keys).expect("six");
        let (eve, bob, mel) = (store.person("Eve").await, store.person("Bob").await, store.person("Mel").await);
        for user in [&bob, &mel] {
            store.add_member(&act, &org.id, user, Role::Admin).await.expect("added");
        }
        let (token, _) = store.create_token(&shell, "Gateway", false, None).await.expect("made");
        let grace = || NewRotation { grace: Duration::from_secs(3_600), ..NewRotation::default() };
        store.rotate_key(&act, &rotated, grace()).await.expect("rotated");
        store.revoke_key(&act, &ended, String::new()).await.expect("revoked");
        let signed = || KeyChange { require_signed: Some(true), ..KeyChange::default() };
        let strict = || Restrictions { require_signed: true, ..Restrictions::default() };

        let repeated = || async {
            let acts = [
                ("revoke", store.revoke_key(&act, &revoked, String::new()).boxed()),
                ("revoke all", store.revoke_all(&act, &all, String::new()).map(|done| done.map(drop)).boxed()),
                ("pause", store.pause_key(&act, &paused).map(|done| done.map(drop)).boxed()),
                ("pause a revoked key", store.pause_key(&act, &ended).map(|done| done.map(drop)).boxed()),
                ("narrow", store.change_key(&act, &narrowed, signed()).map(|done| done.map(drop)).boxed()),
                ("narrow a revoked key", store.change_key(&act, &ended, signed()).map(|done| done.map(drop)).boxed()),
                ("restrict", store.restrict_key(&act, &restricted, strict(), None).map(|done| done.map(drop)).boxed()),
                ("archive", store.archive_place(&act, &archived).boxed()),
                ("suspend", store.suspend_org(&shell, &closed, "Unpaid").boxed()),
                ("disable", store.disable_user(&shell, &eve).map(|done| done.map(drop)).boxed()),
                ("end ingestion", store.verify_for_ingestion(&shell, &app, false).boxed()),
                (
                    "change a role",
                    store.change_role(&act, &org.id, &mel, Role::Member).map(|done| done.map(drop)).boxed(),
                ),
                ("remove a member", store.remove_member(&act, &org.id, &bob).boxed()),
                (
                    "remove with keys",
                    store.remove_member_and_keys(&act, &org.id, &eve).map(|done| done.map(drop)).boxed(),
                ),
                ("revoke a root token", store.revoke_token(&shell, &token.id).boxed()),
                ("end a secret", store.end_previous_secret(&act, &rotated).boxed()),
            ];
            let began = Instant::now();
            join_all(acts.map(|(what, done)| done.map(move |done| (what, done, began.elapsed())))).await
        };
        for (what, done, _) in repeated().await {
            assert!(matches!(done, Ok(()) | Err(Error::NotFound | Error::Conflict { .. })), "{what}: {done:?}");
        }

        // It acknowledged nothing, and is silent.
        let (other, pool) = (store.reopened().await, raw(store.location()).await);
        other.join_nodes("1.2.3", String::new()).await.expect("joined");
        pool.execute("UPDATE nodes SET applied_revision = 0").await.expect("written");
        let before = store.revision().await.expect("read");
        for (what, done, after) in repeated().await {
            assert!(matches!(done, Ok(()) | Err(Error::NotFound | Error::Conflict { .. })), "{what}: {done:?}");
            assert!(after >= TERMS.wait(), "{what}: {after:?}");
        }
        assert_eq!(store.revision().await.expect("read"), before, "nothing was changed");
        other.close().await;
        pool.close().await;
        store.end().await;
    }
}
