//! Checkpoints of chains, and the keys that sign them.

use std::time::Duration;

use sallyport::{
    Error,
    audit::{
        Act, Action, Actor, NewEvent, SYSTEM, Target,
        checkpoint::{BadNote, Checkpoint, PublicKey},
        tree::{is_included, leaf_hash},
    },
    store::{CheckpointPace, EventFilter, Location},
    testing::TestStore,
};

sallyport::on_both_databases!(
    a_checkpoint_is_made_once,
    one_goes_on_where_the_last_ended,
    servers_at_once_make_one_key_and_one_checkpoint,
    a_rotated_key_stays_known,
    an_old_key_is_rotated_once,
    they_are_due_by_events_and_by_time,
    each_is_sent_once,
    a_broken_chain_is_not_signed,
    each_event_is_proven,
    a_changed_checkpoint_is_not_continued,
    a_recent_one_is_given_again,
    a_missing_key_is_not_replaced,
    a_revoked_key_proves_nothing,
    a_long_log_is_proven_by_its_nodes,
    only_a_hash_is_no_proof,
);

const PORTAL: &str = "keys.example.com/audit";

fn public(keys: &[sallyport::store::AuditKey]) -> Vec<sallyport::audit::checkpoint::PublicKey> {
    keys.iter().map(|key| key.public).collect()
}

async fn a_checkpoint_is_made_once(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    assert_eq!(store.audit_keys().await.expect("read"), [], "none before it is needed");
    let made = store.checkpoint(PORTAL, org.id.as_str()).await.expect("made");
    let keys = store.audit_keys().await.expect("read");
    assert_eq!((keys.len(), keys[0].from, keys[0].until), (1, store.now(), None));
    assert_eq!(newest_system_event(store).await, "audit_key.created");
    let opened = Checkpoint::open(&made.note, &public(&keys)).expect("signed");
    assert_eq!((opened.origin, opened.size), (format!("{PORTAL}/{}", org.id), 2));
    assert_eq!((opened.root, made.size), (made.root, 2));
    store.clock.turn(Duration::from_secs(60));
    assert_eq!(store.checkpoint(PORTAL, org.id.as_str()).await.expect("read"), made, "nothing happened since");
    assert_eq!(store.checkpoints(org.id.as_str()).await.expect("read"), [made]);
    assert!(matches!(store.checkpoint(PORTAL, "org_none").await, Err(Error::NotFound)));
    store.checkpoint(PORTAL, SYSTEM).await.expect("made");
}

/// What marks an erased event of the first format.
pub fn no_bytes(store: &TestStore) -> &'static str {
    if matches!(store.location(), Location::Postgres(_)) { "CAST('' AS BYTEA)" } else { "x''" }
}

async fn newest_system_event(store: &TestStore) -> String {
    store.system_events(&EventFilter::default()).await.expect("read").events[0].action.clone()
}

async fn one_goes_on_where_the_last_ended(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let mut opened = Vec::new();
    for n in 0..12 {
        let made = store.checkpoint(PORTAL, org.id.as_str()).await.expect("made");
        opened.push(Checkpoint::open(&made.note, &public(&store.audit_keys().await.expect("read"))).expect("signed"));
        for _ in 0..n % 4 {
            store.key(&act, &app, "CI").await;
        }
    }
    let checked = store.verify_chain(org.id.as_str(), &opened, None, |_, _| {}).await.expect("read").expect("whole");
    opened.dedup();
    assert_eq!((checked.checkpoints, checked.events), (opened.len(), 4 + 18));
    assert!(opened.len() > 8);
}

async fn servers_at_once_make_one_key_and_one_checkpoint(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let servers: Vec<_> = (0..8)
        .map(|_| {
            let (store, chain) = (store.store.clone(), org.id.to_string());
            tokio::spawn(async move { store.checkpoint(PORTAL, &chain).await })
        })
        .collect();
    let mut notes = Vec::new();
    for server in servers {
        notes.push(server.await.expect("no panic").expect("made").note);
    }
    notes.dedup();
    assert_eq!(notes.len(), 1);
    assert_eq!(store.audit_keys().await.expect("read").len(), 1);
    assert_eq!(store.checkpoints(org.id.as_str()).await.expect("read").len(), 1);
}

async fn a_rotated_key_stays_known(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let old = store.checkpoint(PORTAL, org.id.as_str()).await.expect("made").note;
    store.clock.turn(Duration::from_secs(60));
    let shell = Act::by(Actor::CommandLine);
    let public_key = store.rotate_audit_key(&shell).await.expect("rotated");
    let keys = store.audit_keys().await.expect("read");
    assert_eq!((keys.len(), keys[0].until, keys[1].from), (2, Some(store.now()), store.now()));
    assert_eq!((keys[1].public, keys[1].until), (public_key, None));
    store.app(&act, &org, "Focus and calm").await;
    let new = store.checkpoint(PORTAL, org.id.as_str()).await.expect("made").note;
    for (note, [right, wrong]) in [(&old, [0, 1]), (&new, [1, 0])] {
        assert!(Checkpoint::open(note, &[keys[right].public]).is_ok());
        assert!(Checkpoint::open(note, &[keys[wrong].public]).is_err());
        assert!(Checkpoint::open(note, &public(&keys)).is_ok());
    }
    // Nobody adds a key of their own without the master key.
    let pool = crate::opening::raw(store.location()).await;
    sqlx::query("UPDATE audit_keys SET public_key = $1 WHERE n = 1")
        .bind(vec![7_u8; 32])
        .execute(&pool)
        .await
        .expect("written");
    assert!(matches!(store.audit_keys().await, Err(Error::Sealed(_))));
    pool.close().await;
    assert!(store.check_chain(SYSTEM).await.expect("read").is_ok());
    assert!(store.rotate_audit_key(&act).await.is_err(), "a person who is no operator");
}

async fn an_old_key_is_rotated_once(store: &TestStore) {
    let (year, day) = (Duration::from_secs(365 * 86_400), Duration::from_secs(86_400));
    assert!(!store.rotate_old_audit_key(year).await.expect("asked"), "none is made before it is needed");
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let old = store.checkpoint(PORTAL, org.id.as_str()).await.expect("made").note;
    store.clock.turn(year - day);
    assert!(!store.rotate_old_audit_key(year).await.expect("asked"), "not yet");
    store.clock.turn(day);
    // On all nodes at once.
    let rotated = futures_util::future::join_all((0..4).map(|_| store.rotate_old_audit_key(year))).await;
    let rotated: Vec<_> = rotated.into_iter().map(|rotated| rotated.expect("asked")).collect();
    assert_eq!(rotated.iter().filter(|rotated| **rotated).count(), 1, "{rotated:?}");
    let keys = store.audit_keys().await.expect("read");
    assert_eq!((keys.len(), keys[0].until, keys[1].until), (2, Some(store.now()), None));
    assert_eq!(newest_system_event(store).await, "audit_key.rotated");
    assert!(Checkpoint::open(&old, &public(&keys)).is_ok());
}

async fn they_are_due_by_events_and_by_time(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let chain = org.id.to_string();
    let pace = CheckpointPace { events: 3, every: Duration::from_secs(600) };
    let due = async || store.chains_to_check(pace).await.expect("read").contains(&chain);
    assert!(due().await, "the first");
    store.checkpoint(PORTAL, &chain).await.expect("made");
    store.key(&act, &app, "CI").await;
    store.key(&act, &app, "CI").await;
    assert!(!due().await);
    store.key(&act, &app, "CI").await;
    assert!(due().await, "after so many events");
    store.checkpoint(PORTAL, &chain).await.expect("made");
    store.clock.turn(pace.every);
    assert!(!due().await, "nothing happened");
    store.key(&act, &app, "CI").await;
    assert!(due().await, "after so long");
}

async fn each_is_sent_once(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let made = store.checkpoint(PORTAL, org.id.as_str()).await.expect("made");
    assert_eq!(store.unsent_checkpoints(10).await.expect("read"), std::slice::from_ref(&made));
    store.checkpoint_sent(&made).await.expect("noted");
    assert_eq!(store.unsent_checkpoints(10).await.expect("read"), []);
}

async fn a_broken_chain_is_not_signed(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let chain = org.id.as_str();
    let pool = crate::opening::raw(store.location()).await;
    let sql = async |sql: &'static str| {
        sqlx::query(sql).bind(org.id.to_string()).execute(&pool).await.expect("written");
    };
    sql("DELETE FROM events WHERE chain = $1 AND seq = 2").await;
    let refused = store.checkpoint(PORTAL, chain).await.expect_err("refused").to_string();
    assert!(refused.contains(&format!("sallyport audit verify --org {chain}")), "{refused}");
    let other = store.org(&act, "Other").await;
    store.checkpoint(PORTAL, other.id.as_str()).await.expect("another is signed");
    sqlx::query("UPDATE chains SET seq = 0 WHERE name = $1")
        .bind(other.id.to_string())
        .execute(&pool)
        .await
        .expect("cut");
    assert!(store.checkpoint(PORTAL, other.id.as_str()).await.is_err(), "shorter than what was signed");
    pool.close().await;
    drop(app);
}

async fn each_event_is_proven(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let chain = org.id.as_str();
    let first = store.event_proof(PORTAL, chain, 1).await.expect("proven");
    assert_eq!((first.tree_size, first.leaf_index, first.hash_before.len()), (4, 0, 0), "a checkpoint was made");
    for _ in 0..3 {
        store.key(&act, &app, "CI").await;
    }
    let mut before = Vec::new();
    for seq in 1..=7 {
        let proof = store.event_proof(PORTAL, chain, seq).await.expect("proven");
        assert_eq!(proof.tree_size, if seq > 4 { 7 } else { 4 }, "one is made where none covers it");
        let (leaf, index) = (leaf_hash(&proof.event.hash), proof.leaf_index);
        assert!(is_included(leaf, index, proof.tree_size, &proof.path, &proof.root), "{seq}");
        assert!(proof.event.event.has_hash(&proof.hash_before, &proof.event.hash), "{seq}");
        assert_eq!(proof.hash_before, before);
        before = proof.event.hash;
        let keys = public(&store.audit_keys().await.expect("read"));
        assert_eq!(Checkpoint::open(&proof.note, &keys).expect("signed").root, proof.root);
    }
    for seq in [i64::MIN, -1, 0, 8, i64::MAX] {
        assert!(matches!(store.event_proof(PORTAL, chain, seq).await, Err(Error::NotFound)), "{seq}");
    }
}

/// Whoever can write to the database can't have other events signed by changing the tree that is continued.
async fn a_changed_checkpoint_is_not_continued(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let (chain, id) = (org.id.as_str(), org.id.to_string());
    for forged in [
        "size = size + 1",
        "root = (SELECT hash FROM events WHERE chain = checkpoints.chain AND seq = 1), \
         frontier = (SELECT hash FROM events WHERE chain = checkpoints.chain AND seq = 1)",
        "note = 'forged'",
        "note = (SELECT note FROM checkpoints k WHERE k.chain = 'system')",
    ] {
        store.checkpoint(PORTAL, SYSTEM).await.expect("made");
        store.checkpoint(PORTAL, chain).await.expect("made");
        store.execute(format!("UPDATE checkpoints SET {forged} WHERE chain = '{id}'")).await;
        store.key(&act, &app, "CI").await;
        let made = store.checkpoint(PORTAL, chain).await.expect("made");
        let signed = store.public_keys().await.expect("read").open(&made.note).expect("signed");
        let checked = store.verify_chain(chain, &[signed], None, |_, _| {}).await.expect("read");
        assert_eq!(checked.expect("of the events as they are").checkpoints, 1, "{forged}");
    }
}

async fn a_recent_one_is_given_again(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let chain = org.id.as_str();
    let made = store.recent_checkpoint(PORTAL, chain).await.expect("made");
    store.app(&act, &org, "Focus and calm").await;
    store.clock.turn(Duration::from_secs(59));
    assert_eq!(store.recent_checkpoint(PORTAL, chain).await.expect("read"), made);
    assert_eq!(store.checkpoint(PORTAL, chain).await.expect("made").size, made.size + 2, "on demand");
    store.clock.turn(Duration::from_secs(60));
    store.app(&act, &org, "Other").await;
    assert_eq!(store.recent_checkpoint(PORTAL, chain).await.expect("made").size, made.size + 4);
}

async fn a_missing_key_is_not_replaced(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    store.checkpoint(PORTAL, org.id.as_str()).await.expect("made");
    store.execute("DELETE FROM audit_keys".to_owned()).await;
    store.app(&act, &org, "Focus and calm").await;
    let error = store.checkpoint(PORTAL, org.id.as_str()).await.expect_err("refused").to_string();
    assert!(error.contains("sallyport audit rotate-key"), "{error}");
    store.rotate_audit_key(&Act::by(Actor::CommandLine)).await.expect("rotated");
    assert_eq!(newest_system_event(store).await, "audit_key.rotated");
    store.checkpoint(PORTAL, org.id.as_str()).await.expect("made");
}

async fn a_revoked_key_proves_nothing(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let chain = org.id.as_str();
    let old = store.checkpoint(PORTAL, chain).await.expect("made");
    let leaked = store.audit_keys().await.expect("read")[0].public;
    store.clock.turn(Duration::from_secs(60));
    let shell = Act::by(Actor::CommandLine);
    assert!(store.revoke_audit_key(&act, leaked).await.is_err(), "a person who is no operator");
    let new = store.revoke_audit_key(&shell, leaked).await.expect("revoked").expect("another signs");
    let keys = store.audit_keys().await.expect("read");
    assert_eq!((keys[0].revoked, keys[0].until), (Some(store.now()), Some(store.now())));
    assert_eq!((keys[1].public, keys[1].revoked), (new, None));
    let keys = store.public_keys().await.expect("read");
    assert_eq!(keys.open(&old.note), Err(BadNote::Revoked));
    let again = store.checkpoint(PORTAL, chain).await.expect("made");
    assert_eq!((again.size, again.root), (old.size, old.root), "the same, signed again");
    assert!(keys.open(&again.note).is_ok());
    assert_eq!(store.checkpoints(chain).await.expect("read"), [again]);
    assert!(matches!(store.revoke_audit_key(&shell, leaked).await, Err(Error::Conflict { .. })));
    assert!(matches!(store.revoke_audit_key(&shell, PublicKey([7; 32])).await, Err(Error::NotFound)));
    // Nobody takes a revocation back without the master key.
    store.execute("UPDATE audit_keys SET revoked_at = NULL".to_owned()).await;
    assert!(matches!(store.audit_keys().await, Err(Error::Sealed(_))));
}

async fn a_long_log_is_proven_by_its_nodes(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let chain = org.id.as_str();
    let events: Vec<_> = (0..500)
        .map(|n| {
            let target = Target::new("organization", &org.id, format!("Focus {n}"));
            (act.clone(), NewEvent::of(&org.id, Action::OrgEdited, target))
        })
        .collect();
    for _ in 0..5 {
        store.record_batch(events.clone()).await.expect("recorded");
    }
    store.checkpoint(PORTAL, chain).await.expect("made");
    let proven = async |seq: i64| {
        let proof = store.event_proof(PORTAL, chain, seq).await.expect("proven");
        let leaf = leaf_hash(&proof.event.hash);
        assert!(is_included(leaf, proof.leaf_index, proof.tree_size, &proof.path, &proof.root), "{seq}");
    };
    for seq in [1, 1024, 1025, 2048, 2049, 2502] {
        proven(seq).await;
    }
    // Whoever changes a node prevents nothing: it is computed again.
    store
        .execute(format!("UPDATE tree_nodes SET hash = (SELECT hash FROM events WHERE chain = '{chain}' AND seq = 1)"))
        .await;
    proven(2500).await;
    store.execute(format!("DELETE FROM tree_nodes WHERE chain = '{chain}' AND n = 0")).await;
    proven(2500).await;
}

async fn only_a_hash_is_no_proof(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    store.app(&act, &org, "Focus and calm").await;
    let chain = org.id.as_str();
    let no_salts = no_bytes(store);
    store.execute(format!("UPDATE events SET salts = {no_salts} WHERE chain = '{chain}' AND seq = 1")).await;
    let refused = store.event_proof(PORTAL, chain, 1).await.expect_err("refused");
    assert!(matches!(refused, Error::Conflict { code: "only_hash", .. }), "{refused}");
    store.event_proof(PORTAL, chain, 2).await.expect("proven");
    let note = store.checkpoint(PORTAL, chain).await.expect("made").note;
    let signed = store.public_keys().await.expect("read").open(&note).expect("signed");
    assert_eq!(signed.first_format, 1, "as it was before the first checkpoint");
    // What is marked so after a checkpoint was made does not count.
    store.execute(format!("UPDATE events SET salts = {no_salts} WHERE chain = '{chain}' AND seq = 2")).await;
    store.app(&act, &org, "Other").await;
    let next = store.checkpoint(PORTAL, chain).await.expect("made").note;
    assert!(next.contains("\nfirst-format 1\n"), "{next}");
    let checked = store.verify_chain(chain, &[signed], None, |_, _| {}).await.expect("read");
    assert_eq!(checked.expect_err("refused").seq, 2);
    // Not even if the newest has to be made again.
    store.execute(format!("UPDATE checkpoints SET note = 'x' WHERE chain = '{chain}' AND size > 4")).await;
    store.app(&act, &org, "Another").await;
    let again = store.checkpoint(PORTAL, chain).await.expect("made").note;
    assert!(again.contains("\nfirst-format 1\n"), "{again}");
}
