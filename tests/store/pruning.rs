//! Events that are older than they are kept are removed; what is kept can be checked as before.

use std::{fs, path::Path, process::Command, time::Duration};

use sallyport::{
    Error,
    audit::{
        PersonalField,
        check::{Checked, Fault},
        check_export::check_export,
        checkpoint::{Checkpoint, PublicKey},
        export_line,
        pruned::Pruned,
        tree::{is_included, leaf_hash},
    },
    export::ExportRow,
    place::Place,
    plan::Plan,
    store::{EventFilter, EventRetention},
    testing::TestStore,
};
use sqlx::{AnyPool, AssertSqlSafe};

use crate::opening::raw;

sallyport::on_both_databases!(
    old_events_are_removed_and_the_rest_still_holds,
    each_tampering_with_what_was_pruned_is_named,
    a_plan_says_how_long,
    what_the_collector_lacks_is_kept,
    nothing_is_removed_without_a_checkpoint,
    a_run_removes_a_month_at_most,
);

const PORTAL: &str = "keys.example.com/audit";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn thirty_days() -> EventRetention {
    let days = Some(30 * DAY);
    EventRetention { starter: days, pro: days, enterprise: days, system: days }
}

/// A log with events of two months, and its checkpoints.
struct Log<'a> {
    store: &'a TestStore,
    pool: AnyPool,
    chain: String,
    notes: Vec<String>,
}

impl<'a> Log<'a> {
    async fn new(store: &'a TestStore) -> Self {
        let act = store.act(&store.person("Ada").await);
        let org = store.org(&act, "Focus").await;
        let app = store.app(&act, &org, "Focus and calm").await;
        let (chain, mut notes) = (org.id.to_string(), Vec::new());
        for month in 0..3 {
            for n in 0..4 {
                store.key(&act, &app, &format!("Key {month} {n}")).await;
            }
            notes.push(store.checkpoint(PORTAL, &chain).await.expect("made").note);
            store.clock.turn(20 * DAY);
        }
        Self { store, pool: raw(store.location()).await, chain, notes }
    }

    async fn keys(&self) -> Vec<PublicKey> {
        self.store.audit_keys().await.expect("read").into_iter().map(|key| key.public).collect()
    }

    async fn prune(&self) -> i64 {
        self.store.prune_events(PORTAL, thirty_days()).await.expect("pruned")
    }

    async fn sql(&self, sql: &str) {
        let sql = sql.replace("OF_CHAIN", &format!("chain = '{}'", self.chain));
        sqlx::query(AssertSqlSafe(sql)).execute(&self.pool).await.expect("written");
    }

    async fn checkpoints(&self) -> Vec<Checkpoint> {
        let keys = self.keys().await;
        let stored = self.store.checkpoints(&self.chain).await.expect("read");
        stored.iter().map(|stored| Checkpoint::open(&stored.note, &keys).expect("signed")).collect()
    }

    async fn export(&self) -> String {
        let pruned = self.store.pruned(&self.chain).await.expect("read");
        let first = pruned.map_or_else(String::new, |pruned| pruned.json_line());
        let events = self.store.events_after(&self.chain, 0).await.expect("read");
        first + &events.iter().map(ExportRow::json_line).collect::<String>()
    }

    async fn database(&self) -> Result<Checked, Fault> {
        let checkpoints = self.checkpoints().await;
        self.store.verify_chain(&self.chain, &checkpoints, None, |_, _| {}).await.expect("read")
    }

    /// What the check of an export says, and the independent one, with these checkpoints.
    async fn of_export(&self, export: &str, notes: &[&str]) -> [Result<String, String>; 2] {
        let keys = self.keys().await;
        let opened: Vec<_> = notes.iter().map(|note| Checkpoint::open(note, &keys).expect("signed")).collect();
        let ours = check_export(export.as_bytes(), &opened, None, |_| {}).expect("read");
        let folder = tempfile::tempdir().expect("a folder");
        let notes: String = notes.iter().map(|note| format!("{}\n", serde_json::json!({ "note": note }))).collect();
        let public: Vec<_> = keys.iter().map(|key| key.verifier_key(PORTAL)).collect();
        for (name, text) in [("export", export), ("notes", &notes), ("keys", &public.join("\n"))] {
            fs::write(folder.path().join(name), text).expect("written");
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/audit/verify.py");
        let mut python = Command::new("python3");
        python.arg(script).arg("export").current_dir(folder.path());
        if !notes.is_empty() {
            python.args(["--checkpoint", "notes", "--public-key", "keys"]);
        }
        let python = python.output().expect("runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        let python = match python.status.code() {
            Some(0) => Ok(text(&python.stdout)),
            Some(1) => Err(text(&python.stderr)),
            code => panic!("{code:?}: {}", text(&python.stderr)),
        };
        let said = |of: Checked| {
            let pruned = match of.pruned {
                0 => String::new(),
                until => format!(" Events 1 to {until} were removed because of their age: only their hashes are left."),
            };
            format!("{}: nothing is wrong. Events: {}, checkpoints: {}.{pruned}", of.chain, of.events, of.checkpoints)
        };
        [ours.map(said).map_err(|fault| fault.to_string()), python]
    }
}

async fn old_events_are_removed_and_the_rest_still_holds(store: &TestStore) {
    let log = Log::new(store).await;
    let whole = log.database().await.expect("whole");
    let kept_proof = store.event_proof(PORTAL, &log.chain, 14).await.expect("proven");
    // The first month's end is 60 days old, the second's 40, the third's 20.
    let all = whole.events;
    assert_eq!(log.prune().await, 12 + system_events(store).await, "of both logs");
    let checked = log.database().await.expect("whole");
    assert_eq!((checked.events, checked.pruned, checked.checkpoints), (all + 1, 12, whole.checkpoints + 1));
    let page = store.events_of_chain(&log.chain, None, &EventFilter::default()).await.expect("read");
    let actions: Vec<_> = page.events.iter().map(|event| (event.seq, event.action.as_str())).collect();
    assert_eq!((actions[0], actions.last()), ((all + 1, "events.pruned"), Some(&(13, "key.generated"))));
    assert!(page.events[0].details.contains("\"pruned_until\":12"), "{}", page.events[0].details);
    // The export is checked with each checkpoint, old ones included, and by the independent checker.
    let export = log.export().await;
    let newest = store.checkpoints(&log.chain).await.expect("read").pop().expect("made").note;
    let told = |checkpoints: usize| {
        let (chain, all) = (&log.chain, all + 1);
        let gone = "Events 1 to 12 were removed because of their age: only their hashes are left.";
        Ok(format!("{chain}: nothing is wrong. Events: {all}, checkpoints: {checkpoints}. {gone}"))
    };
    for (notes, count) in [
        (vec![], 0),
        (vec![newest.as_str()], 1),
        (vec![log.notes[0].as_str(), log.notes[1].as_str(), newest.as_str()], 2),
    ] {
        assert_eq!(log.of_export(&export, &notes).await, [told(count), told(count)], "{}", notes.len());
    }
    // A checkpoint from before does not cover what says that they were removed: anybody could have written that.
    let not_covered = || {
        Err(format!(
            "Event 1 is missing: event {} says that events 1 to 12 were removed because of their age, but no checkpoint that \
             was given covers it. Get a newer one from the portal.",
            all + 1
        ))
    };
    for notes in [vec![log.notes[2].as_str()], vec![log.notes[0].as_str()]] {
        assert_eq!(log.of_export(&export, &notes).await, [not_covered(), not_covered()]);
    }
    // Proofs from before hold, those of what is kept are made as before, and of the rest there are none.
    let again = store.event_proof(PORTAL, &log.chain, 14).await.expect("proven");
    assert_eq!((again.event.hash, &again.hash_before), (kept_proof.event.hash.clone(), &kept_proof.hash_before));
    for seq in [13, 14, all + 1] {
        let proof = store.event_proof(PORTAL, &log.chain, seq).await.expect("proven");
        let leaf = leaf_hash(&proof.event.hash);
        assert!(is_included(leaf, proof.leaf_index, proof.tree_size, &proof.path, &proof.root), "{seq}");
        assert!(proof.event.event.has_hash(&proof.hash_before, &proof.event.hash), "{seq}");
    }
    let Err(Error::Conflict { code, .. }) = store.event_proof(PORTAL, &log.chain, 12).await else { panic!("proven") };
    assert_eq!(code, "only_hash");
    assert!(matches!(store.event_proof(PORTAL, &log.chain, all + 2).await, Err(Error::NotFound)));
    // A checkpoint whose frontier is lost is made from all hashes again, and so is what stands for the pruned ones.
    log.sql("DELETE FROM checkpoints WHERE OF_CHAIN").await;
    let made = store.checkpoint(PORTAL, &log.chain).await.expect("made");
    assert_eq!(log.database().await.expect("whole").root, made.root);
    assert_eq!(log.export().await, export);
    // Again, when there is nothing to remove; and later, the rest.
    assert_eq!(log.prune().await, 0);
    store.clock.turn(40 * DAY);
    assert!(log.prune().await > 4);
    assert_eq!(log.database().await.expect("whole").pruned, all + 1);
    store.clock.turn(40 * DAY);
    assert_eq!(log.prune().await, 0, "what says that events were removed is not removed by itself");
    log.pool.close().await;
}

/// How many events of the log `system` are old.
async fn system_events(store: &TestStore) -> i64 {
    store.pruned_until("system").await.expect("read")
}

async fn each_tampering_with_what_was_pruned_is_named(store: &TestStore) {
    let log = Log::new(store).await;
    log.prune().await;
    let all = log.database().await.expect("whole").events;
    let not_pruned = |until: i64| {
        format!(
            "Event 1 is missing: only hashes are left of events 1 to {until}, and no later event says that they were removed \
             because of their age."
        )
    };
    for table in ["events", "chains", "pruned_events"] {
        log.sql(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
    }
    for (sql, said) in [
        (
            vec![
                "UPDATE pruned_events SET hash = (SELECT hash FROM events WHERE OF_CHAIN AND seq = 13) WHERE OF_CHAIN AND seq = 5",
            ],
            "Events 1 to 8 were rewritten: they fit each other, but not the checkpoint of 8 events.".to_owned(),
        ),
        (
            vec!["DELETE FROM pruned_events WHERE OF_CHAIN AND seq = 5"],
            "Event 5 is missing: event 6 follows the one before it.".to_owned(),
        ),
        (
            vec!["DELETE FROM pruned_events WHERE OF_CHAIN AND seq = 12"],
            "Event 12 is missing: event 13 follows the one before it.".to_owned(),
        ),
        (
            // One more is hidden.
            vec![
                "INSERT INTO pruned_events SELECT chain, seq, hash FROM events WHERE OF_CHAIN AND seq = 13",
                "DELETE FROM events WHERE OF_CHAIN AND seq = 13",
                "UPDATE chains SET pruned_until = 13 WHERE pruned_until = 12",
            ],
            not_pruned(13),
        ),
        (
            vec![
                "UPDATE events SET seq = 5 WHERE OF_CHAIN AND seq = 13",
                "INSERT INTO events SELECT * FROM kept_events WHERE OF_CHAIN AND seq = 13",
            ],
            "Event 5 was inserted: it does not belong to the chain.".to_owned(),
        ),
    ] {
        for sql in sql {
            log.sql(sql).await;
        }
        let fault = log.database().await.expect_err("tampered with");
        assert_eq!(fault.to_string(), said);
        for table in ["events", "pruned_events"] {
            log.sql(&format!("DELETE FROM {table}")).await;
            log.sql(&format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
        }
        log.sql(
            "UPDATE chains SET pruned_until = (SELECT k.pruned_until FROM kept_chains k WHERE k.name = chains.name)",
        )
        .await;
    }
    assert_eq!(log.database().await.expect("restored").events, all);
    // An export in which more was taken out than the log says: the first events that are left, and all that says so.
    let newest = store.checkpoints(&log.chain).await.expect("read").pop().expect("made").note;
    let export = log.export().await;
    let lines: Vec<_> = export.lines().collect();
    let mut less = Pruned::parse(lines[0]).expect("pruned").expect("good");
    let event = export_line::parse(lines[1]).expect("an event");
    less.tree.push(leaf_hash(&event.hash));
    (less.until, less.hash) = (13, event.hash);
    let shorter = format!("{}{}\n", less.json_line(), lines[2..].join("\n"));
    let said = || Err(not_pruned(13));
    assert_eq!(log.of_export(&shorter, &[&newest]).await, [said(), said()]);
    let other = lines[0].replace("\"pruned_until\":12", "\"pruned_until\":11");
    for said in log.of_export(&other, &[]).await {
        assert!(said.as_ref().is_err_and(|why| why.starts_with("Event 1 can't be read")), "{said:?}");
    }
    // What says so may not have been erased: erased details can be replaced by anything.
    let last = lines.last().expect("one");
    assert!(last.contains("events.pruned"), "{last}");
    let mut erased = export_line::parse(last).expect("an event");
    let forged = serde_json::json!({ "pruned_until": 13, "by": "Erased person" }).to_string();
    erased.event.erase(PersonalField::Details, Some(forged));
    let others = lines[2..lines.len() - 1].join("\n");
    let forged = format!("{}{others}\n{}", less.json_line(), erased.json_line());
    assert_eq!(log.of_export(&forged, &[&newest]).await, [said(), said()]);
    log.pool.close().await;
}

async fn a_plan_says_how_long(store: &TestStore) {
    let log = Log::new(store).await;
    let only = EventRetention { pro: Some(30 * DAY), ..EventRetention::default() };
    assert_eq!(store.prune_events(PORTAL, only).await.expect("done"), 0, "it is a Starter");
    assert_eq!(only.of(Plan::Starter), None);
    log.sql("UPDATE orgs SET plan = 'pro'").await;
    assert_eq!(store.prune_events(PORTAL, only).await.expect("done"), 12);
    // An organization that was deleted has no plan any more.
    let of_system = EventRetention { system: Some(DAY), ..EventRetention::default() };
    let act = store.act(&store.person("Grace").await);
    let gone = store.org(&act, "Gone").await;
    store.checkpoint(PORTAL, gone.id.as_str()).await.expect("made");
    store.delete_place(&act, &Place::from(&gone)).await.expect("deleted");
    store.checkpoint(PORTAL, gone.id.as_str()).await.expect("made");
    store.clock.turn(2 * DAY);
    store.prune_events(PORTAL, of_system).await.expect("done");
    assert_eq!(store.pruned_until(gone.id.as_str()).await.expect("read"), 3);
    log.pool.close().await;
}

async fn what_the_collector_lacks_is_kept(store: &TestStore) {
    let log = Log::new(store).await;
    store.begin_forwarding("https://logs.example.com:443", None).await.expect("noted");
    assert_eq!(log.prune().await, 0);
    log.sql(&format!("INSERT INTO forwarded (chain, seq) VALUES ('{}', 10)", log.chain)).await;
    assert_eq!(log.prune().await, 8, "up to the last checkpoint of what it has");
    store.end_forwarding().await.expect("noted");
    assert!(log.prune().await >= 4);
    assert_eq!(log.database().await.expect("whole").pruned, 12);
    log.pool.close().await;
}

async fn nothing_is_removed_without_a_checkpoint(store: &TestStore) {
    let log = Log::new(store).await;
    // Nobody signed when it was made: the event's own time counts, which its hash covers.
    log.sql("UPDATE checkpoints SET at = 0 WHERE OF_CHAIN").await;
    assert_eq!(log.prune().await - system_events(store).await, 12);
    let act = store.act(&store.person("Grace").await);
    let other = store.org(&act, "Other").await;
    store.clock.turn(100 * DAY);
    let kept = EventRetention { starter: Some(DAY), ..EventRetention::default() };
    store.prune_events(PORTAL, kept).await.expect("done");
    assert_eq!(store.pruned_until(other.id.as_str()).await.expect("read"), 0);
    store.checkpoint(PORTAL, other.id.as_str()).await.expect("made");
    // One that was changed covers nothing.
    let root = "UPDATE checkpoints SET root = (SELECT hash FROM chains WHERE name = 'CHAIN') WHERE chain = 'CHAIN'";
    log.sql(&root.replace("CHAIN", other.id.as_str())).await;
    store.prune_events(PORTAL, kept).await.expect("done");
    assert_eq!(store.pruned_until(other.id.as_str()).await.expect("read"), 0);
    log.pool.close().await;
}

/// A clock that is wrong, or a mistake in the settings, is noticed before everything is gone.
async fn a_run_removes_a_month_at_most(store: &TestStore) {
    let log = Log::new(store).await;
    let day = Some(DAY);
    let kept = EventRetention { starter: day, pro: day, enterprise: day, system: None };
    for until in [12, 16] {
        store.prune_events(PORTAL, kept).await.expect("done");
        assert_eq!(store.pruned_until(&log.chain).await.expect("read"), until);
    }
    log.pool.close().await;
}
