//! A key that is issued while its holder is disabled or archived: verifiers learn of it, or it was never issued.

use std::sync::{Arc, Mutex};

use sallyport::{
    Error,
    audit::{Act, Actor},
    key::{Digest, Holder, secret::Checked},
    place::Place,
    profile::HolderKind,
    store::Touched,
    testing::TestStore,
};

use super::{two, with};

sallyport::on_both_databases!(
    a_member_who_is_removed_leaves_no_key,
    disabling_a_person_misses_no_key,
    an_archived_organization_has_no_key_that_verifiers_missed,
);

const ROUNDS: usize = 12;

/// Issues a key while its holder ends, concurrently; in any order, no verifier keeps a key that is valid only in its
/// cache.
async fn race<Ended>(store: &TestStore, told: &Mutex<Vec<Touched>>, act: Act, holder: Holder, end: Ended)
where
    Ended: Future<Output = Result<(), Error>> + Send + 'static,
{
    told.lock().expect("no panic").clear();
    let issuing = store.store.clone();
    let issued = {
        let new = sallyport::key::new::KeyInput {
            label: "Race",
            environment: "production",
            scopes: vec!["read"],
            ..Default::default()
        };
        let new = sallyport::key::NewKey::check(&new, store.profile(), store.now()).expect("checked");
        tokio::spawn(async move { issuing.issue_key(&act, holder, new, None).await })
    };
    let ended = tokio::spawn(end);
    let issued = issued.await.expect("no panic");
    ended.await.expect("no panic").expect("ended");
    match issued {
        Ok(issued) => {
            let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
            let digests: Vec<Digest> = store.digests(checked).collect();
            let told = told.lock().expect("no panic");
            let named = told.iter().any(|touched| match touched {
                Touched::These(these) => these.contains(&digests[0]),
                Touched::Everything => true,
            });
            assert!(named, "a key that verifiers may hold as good");
        }
        Err(Error::NotFound | Error::Forbidden(_) | Error::SignedOut | Error::Busy(_)) => {}
        Err(other) => panic!("{other}"),
    }
}

fn listen(store: &TestStore) -> Arc<Mutex<Vec<Touched>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    store.on_change(move |change| listener.lock().expect("no panic").push(change.touched.clone()));
    told
}

async fn a_member_who_is_removed_leaves_no_key(first: &TestStore) {
    let (ada, eve, org) = two(first).await;
    let store = with(first, HolderKind::Member).await;
    let told = listen(&store);
    for _ in 0..ROUNDS {
        let (other, act, id, whom) = (store.store.clone(), store.act(&ada), org.id.clone(), eve.clone());
        let end = async move { other.remove_member(&act, &id, &whom).await };
        race(&store, &told, store.act(&eve), Holder::Member(org.clone(), eve.clone()), end).await;
        store.add_member(&store.act(&ada), &org.id, &eve, sallyport::member::Role::Developer).await.expect("added");
    }
    store.close().await;
}

async fn disabling_a_person_misses_no_key(first: &TestStore) {
    let (_, eve, org) = two(first).await;
    let store = with(first, HolderKind::Member).await;
    let told = listen(&store);
    for _ in 0..ROUNDS {
        let (other, act, whom) = (store.store.clone(), Act::by(Actor::CommandLine), eve.clone());
        let end = async move { other.disable_user(&act, &whom).await.map(drop) };
        race(&store, &told, store.act(&eve), Holder::Member(org.clone(), eve.clone()), end).await;
        store.enable_user(&Act::by(Actor::CommandLine), &eve).await.expect("enabled");
    }
    store.close().await;
}

async fn an_archived_organization_has_no_key_that_verifiers_missed(first: &TestStore) {
    let (ada, _, org) = two(first).await;
    let act = first.act(&ada);
    let app = first.app(&act, &org, "Focus and calm").await;
    let place = Place::from(&org);
    let holders = [Holder::App(app), Holder::Organization(org.clone()), Holder::Member(org.clone(), ada.clone())];
    for holder in holders {
        let store = with(first, holder.owner()).await;
        let told = listen(&store);
        for _ in 0..ROUNDS {
            let (other, by, whole) = (store.store.clone(), act.clone(), place.clone());
            let end = async move { other.archive_place(&by, &whole).await };
            race(&store, &told, act.clone(), holder.clone(), end).await;
            store.restore_place(&act, &place).await.expect("restored");
        }
        store.close().await;
    }
}
