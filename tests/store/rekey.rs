//! Another master key: everything is sealed again with it, at any point where it was interrupted.

use std::{sync::Arc, time::Duration};

use sallyport::{
    Error,
    audit::{Act, Actor, checkpoint::PublicKey},
    entropy::OsEntropy,
    key::Key,
    profile::Profile,
    second_factor::TotpSecret,
    store::{EventFilter, MasterKeyState, Store, Tools},
    testing::{SeededEntropy, TestStore},
    vault::{MasterKey, Vault},
    webhook::{EventTypes, NewWebhook},
};

sallyport::on_both_databases!(
    everything_is_sealed_again,
    who_lacks_a_key_is_refused,
    a_running_server_without_the_new_key_fails_closed,
    steps_out_of_order_change_nothing,
    a_key_that_was_replaced_never_seals_again,
    what_was_sealed_meanwhile_is_left,
    a_column_that_is_sealed_is_listed,
);

const HOUR: Duration = Duration::from_secs(3600);

fn first() -> MasterKey {
    MasterKey::parse(&TestStore::master_key()).expect("a key")
}

fn second() -> MasterKey {
    MasterKey::mint(&SeededEntropy::new(4_711))
}

fn tools(store: &TestStore, keys: &[MasterKey]) -> Tools {
    Tools {
        clock: store.clock.clone(),
        entropy: Arc::new(OsEntropy),
        vault: Vault::of(keys, None),
        profile: Profile::standard(),
    }
}

async fn open(store: &TestStore, keys: &[MasterKey]) -> Store {
    Store::open(store.location().clone(), tools(store, keys)).await.expect("opens")
}

fn operator() -> Act {
    Act::by(Actor::CommandLine)
}

async fn sign(store: &TestStore, act: &Act) -> Key {
    let org = store.org(act, "Focus").await;
    let app = store.app(act, &org, "Focus and calm").await;
    let key = store.key(act, &app, "CI").await.key;
    store.rotate_signing_secret(act, &key, 1, HOUR).await.expect("rotated");
    key
}

async fn signing(store: &Store, key: &Key) -> Result<Vec<String>, Error> {
    let sealed = store.signing_secrets(&key.id).await?.expect("it signs");
    let opened = store.open_signing(&sealed, store.now())?;
    Ok(opened.iter().map(|secret| secret.expose().to_owned()).collect())
}

/// Something in every column that is sealed.
async fn fill(store: &TestStore) -> (Act, Key) {
    let person = store.person("Ada").await;
    let act = store.act(&person);
    let key = sign(store, &act).await;
    let last = store.rotate_audit_key(&operator()).await.expect("rotated");
    store.rotate_audit_key(&operator()).await.expect("rotated");
    store.revoke_audit_key(&operator(), last).await.expect("revoked");
    store.rotate_audit_key(&operator()).await.expect("rotated");
    for _ in 0..2 {
        store.replace_capability_keys(&operator(), String::new()).await.expect("replaced");
    }
    let secret = TotpSecret::mint(&OsEntropy);
    let code = secret.code_at(store.now());
    store.add_authenticator(&act, &person, secret, code).await.expect("added");
    let new = NewWebhook {
        url: "https://example.com/hook".to_owned(),
        environment: "production".to_owned(),
        events: EventTypes::check(["key.revoked"]).expect("one"),
        description: String::new(),
        active: true,
    };
    let (webhook, _) = store.create_webhook(&act, &key.org_id, new, true, None).await.expect("created");
    store.change_webhook_secret(&act, &webhook.id, None, HOUR).await.expect("changed");
    (act, key)
}

async fn replace(store: &Store, new: &MasterKey) {
    let print = new.fingerprint();
    store.announce_master_key(&operator(), print).await.expect("announced");
    store.change_master_key(&operator(), print).await.expect("changed");
    store.seal_all_again(&operator(), |_, _| ()).await.expect("sealed");
    store.retire_master_keys(&operator()).await.expect("retired");
}

async fn audit_keys(store: &Store) -> Vec<PublicKey> {
    store.audit_keys().await.expect("opens").iter().map(|key| key.public).collect()
}

async fn everything_is_sealed_again(store: &TestStore) {
    let (_, key) = fill(store).await;
    let (secrets, audit) = (signing(store, &key).await.expect("opens"), audit_keys(store).await);
    let capability = store.capability_keys().await.expect("opens");
    let both = open(store, &[first(), second()]).await;
    assert_eq!(both.vault().fingerprint(), first().fingerprint(), "the database says which one seals");
    let values = both.sealed_otherwise().await.expect("counted");
    assert_eq!(values, 0);

    replace(&both, &second()).await;
    assert_eq!(both.sealed_otherwise().await.expect("counted"), 0);
    let removed = both.remove_master_keys(&operator()).await.expect("removed");
    assert_eq!(removed, [first().fingerprint().to_string()]);
    let states: Vec<_> = both.master_keys().await.expect("read").iter().map(|key| key.state).collect();
    assert!(states.contains(&MasterKeyState::Current) && states.contains(&MasterKeyState::Removed), "{states:?}");

    let alone = open(store, &[second()]).await;
    assert_eq!(signing(&alone, &key).await.expect("opens"), secrets);
    assert_eq!(audit_keys(&alone).await, audit);
    assert_eq!(alone.capability_keys().await.expect("opens"), capability);
    alone.rotate_audit_key(&operator()).await.expect("it seals");
    let actions = alone.events_of_system().await;
    assert_eq!(actions, ["master_key.changed", "master_key.replaced", "master_key.removed"]);
    for chain in alone.chains().await.expect("read") {
        assert!(alone.check_chain(&chain).await.expect("read").is_ok(), "{chain}");
    }
    alone.close().await;
    both.close().await;
}

trait Events {
    async fn events_of_system(&self) -> Vec<String>;
}

impl Events for Store {
    /// Those about master keys, the oldest first.
    async fn events_of_system(&self) -> Vec<String> {
        let events = self.system_events(&EventFilter::default()).await.expect("read").events;
        let actions = events.into_iter().rev().map(|event| event.action);
        actions.filter(|action| action.starts_with("master_key.")).collect()
    }
}

async fn who_lacks_a_key_is_refused(store: &TestStore) {
    let key = fill(store).await.1;
    let both = open(store, &[first(), second()]).await;
    let refused = async |keys: &[MasterKey]| {
        let opened = Store::open(store.location().clone(), tools(store, keys)).await;
        let error = opened.expect_err("refused").to_string();
        assert!(error.contains("another master key") && error.contains("sallyport rekey"), "{error}");
        error
    };
    let print = second().fingerprint();
    both.announce_master_key(&operator(), print).await.expect("announced");
    open(store, &[first()]).await.close().await;
    assert!(refused(&[second()]).await.contains(&first().fingerprint().to_string()));
    both.change_master_key(&operator(), print).await.expect("changed");
    // Something is sealed with each of them.
    assert!(refused(&[first()]).await.contains(&print.to_string()));
    assert!(refused(&[second()]).await.contains(&first().fingerprint().to_string()));
    let other = open(store, &[first(), second()]).await;
    assert_eq!(other.vault().fingerprint(), print);
    other.seal_all_again(&operator(), |_, _| ()).await.expect("sealed");
    other.retire_master_keys(&operator()).await.expect("retired");
    refused(&[first()]).await;
    let alone = open(store, &[second()]).await;
    assert_eq!(signing(&alone, &key).await.expect("opens").len(), 2);
    alone.close().await;
    other.close().await;
    both.close().await;
}

async fn a_running_server_without_the_new_key_fails_closed(store: &TestStore) {
    let (act, key) = fill(store).await;
    store.follow_master_keys().await.expect("followed");
    let both = open(store, &[first(), second()]).await;
    let print = second().fingerprint();
    both.announce_master_key(&operator(), print).await.expect("announced");
    store.follow_master_keys().await.expect("it can go on with the key of before");
    assert_eq!(store.servers_without(first().fingerprint()).await.expect("asked").len(), 0);
    let is_sqlite = matches!(store.location(), sallyport::store::Location::Sqlite(_));
    assert_eq!(store.servers_without(print).await.expect("asked").len(), usize::from(is_sqlite));
    both.change_master_key(&operator(), print).await.expect("changed");
    assert!(matches!(store.follow_master_keys().await, Err(Error::Sealed(_))));
    let refused = store.rotate_signing_secret(&act, &key, 2, HOUR).await;
    assert!(matches!(&refused, Err(Error::Sealed(why)) if why.contains(&print.to_string())), "{refused:?}");
    assert_eq!(signing(store, &key).await.expect("opens").len(), 2);
    both.seal_all_again(&operator(), |_, _| ()).await.expect("sealed");
    assert!(matches!(signing(store, &key).await, Err(Error::Sealed(_))));
    both.close().await;
}

async fn steps_out_of_order_change_nothing(store: &TestStore) {
    fill(store).await;
    let third = MasterKey::mint(&SeededEntropy::new(4_712));
    let all = open(store, &[first(), second(), third.clone()]).await;
    let before = store.dump().await;
    let unknown = MasterKey::mint(&SeededEntropy::new(1_000)).fingerprint();
    assert!(matches!(all.announce_master_key(&operator(), unknown).await, Err(Error::Sealed(_))));
    for refused in [
        all.announce_master_key(&operator(), first().fingerprint()).await,
        all.change_master_key(&operator(), second().fingerprint()).await,
    ] {
        assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    }
    assert_eq!(all.seal_all_again(&operator(), |_, _| ()).await.expect("nothing to do"), 0);
    all.retire_master_keys(&operator()).await.expect("nothing to do");
    assert!(all.remove_master_keys(&operator()).await.expect("nothing to do").is_empty());
    assert_eq!(store.dump().await, before);

    // One that was announced gives way to another; one that seals has to be completed.
    all.announce_master_key(&operator(), second().fingerprint()).await.expect("announced");
    all.announce_master_key(&operator(), third.fingerprint()).await.expect("announced");
    all.change_master_key(&operator(), third.fingerprint()).await.expect("changed");
    for refused in [
        all.announce_master_key(&operator(), second().fingerprint()).await,
        all.retire_master_keys(&operator()).await,
        all.remove_master_keys(&operator()).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::Conflict { code: "rekey_in_progress", .. })), "{refused:?}");
    }
    all.close().await;
}

async fn a_key_that_was_replaced_never_seals_again(store: &TestStore) {
    fill(store).await;
    let both = open(store, &[first(), second()]).await;
    replace(&both, &second()).await;
    // A process that still has the key of before: as one whose environment was not changed.
    for state in [MasterKeyState::Retired, MasterKeyState::Removed] {
        let stale = open(store, &[first(), second()]).await;
        let known = stale.master_keys().await.expect("read");
        assert!(known.iter().any(|key| key.fingerprint == first().fingerprint() && key.state == state), "{known:?}");
        let before = store.dump().await;
        let refused = stale.announce_master_key(&operator(), first().fingerprint()).await;
        assert!(matches!(refused, Err(Error::Conflict { code: "former_master_key", .. })), "{refused:?}");
        assert_eq!(store.dump().await, before);
        stale.close().await;
        both.remove_master_keys(&operator()).await.expect("removed");
    }
    both.close().await;
}

async fn what_was_sealed_meanwhile_is_left(store: &TestStore) {
    let (act, key) = fill(store).await;
    let both = open(store, &[first(), second()]).await;
    let print = second().fingerprint();
    both.announce_master_key(&operator(), print).await.expect("announced");
    both.change_master_key(&operator(), print).await.expect("changed");
    let secret = both.rotate_signing_secret(&act, &key, 2, HOUR).await.expect("rotated").expose().to_owned();
    both.seal_all_again(&operator(), |_, _| ()).await.expect("sealed");
    both.retire_master_keys(&operator()).await.expect("retired");
    assert_eq!(signing(&both, &key).await.expect("opens")[0], secret);
    both.close().await;
}

/// A migration that adds a sealed column has to add it to the list.
async fn a_column_that_is_sealed_is_listed(store: &TestStore) {
    fill(store).await;
    let both = open(store, &[first(), second()]).await;
    replace(&both, &second()).await;
    let print = first().fingerprint().to_string();
    let bytes: Vec<_> = (0..8).step_by(2).map(|at| u8::from_str_radix(&print[at..at + 2], 16).expect("hex")).collect();
    for (table, rows) in store.dump().await {
        for row in rows {
            // As a dump shows bytes.
            let shown = format!("[2, {}, {}, {}, {}, ", bytes[0], bytes[1], bytes[2], bytes[3]);
            assert!(!row.contains(&shown), "{table}: {row}");
        }
    }
    both.close().await;
}
