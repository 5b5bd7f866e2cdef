//! Each way to tamper with a chain in the database is named: by the check of the database, by the check of an export, and
//! by the independent checker in Python.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use sallyport::{
    audit::{
        Event,
        check::{Fault, Wrong},
        check_export::check_export,
        checkpoint::{Checkpoint, PublicKey},
        export::Exported,
    },
    export::ExportRow,
    store::Location,
    testing::TestStore,
};
use sqlx::{AnyPool, AssertSqlSafe};

use crate::{checkpoints::no_bytes, opening::raw};

sallyport::on_both_databases!(
    each_tampering_is_named,
    a_forged_beginning_is_named_without_a_checkpoint,
    keys_may_be_given_without_a_name,
);

const PORTAL: &str = "keys.example.com/audit";
const LENGTH: i64 = 9;

/// A portal with a chain, and what an auditor took home.
struct Log<'a> {
    store: &'a TestStore,
    pool: AnyPool,
    chain: String,
    note: String,
    keys: Vec<PublicKey>,
    folder: tempfile::TempDir,
}

impl<'a> Log<'a> {
    async fn new(store: &'a TestStore) -> Self {
        let act = store.act(&store.person("Ada \u{1f511} \"Lovelace\"").await);
        let org = store.org(&act, "Focus").await;
        let app = store.app(&act, &org, "Focus and calm").await;
        for n in 0..5 {
            store.key(&act, &app, &format!("Kéy {n}")).await;
        }
        let chain = org.id.to_string();
        let note = store.checkpoint(PORTAL, &chain).await.expect("made").note;
        let keys: Vec<_> = store.audit_keys().await.expect("read").into_iter().map(|key| key.public).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let public = keys.iter().map(|key| key.verifier_key(PORTAL)).collect::<Vec<_>>().join("\n");
        fs::write(folder.path().join("keys"), public).expect("written");
        fs::write(folder.path().join("note"), &note).expect("written");
        let pool = raw(store.location()).await;
        let log = Self { store, pool, chain, note, keys, folder };
        for table in ["events", "chains"] {
            log.sql(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
        }
        log
    }

    async fn sql(&self, sql: &str) {
        for sql in sql.split(';') {
            let sql = sql.replace("OF_CHAIN", &format!("chain = '{}'", self.chain));
            sqlx::query(AssertSqlSafe(sql)).execute(&self.pool).await.expect("written");
        }
    }

    /// Undoes everything.
    async fn restore(&self) {
        self.sql("DELETE FROM events; INSERT INTO events SELECT * FROM kept_events").await;
        self.sql(
            "UPDATE chains SET seq = (SELECT k.seq FROM kept_chains k WHERE k.name = chains.name), \
             hash = (SELECT k.hash FROM kept_chains k WHERE k.name = chains.name)",
        )
        .await;
    }

    async fn events(&self) -> Vec<Exported> {
        self.store.events_after(&self.chain, 0).await.expect("read")
    }

    /// What each checker says with the checkpoint: the database, the export, and Python.
    async fn says(&self) -> [Result<i64, String>; 3] {
        let checkpoint = [Checkpoint::open(&self.note, &self.keys).expect("signed")];
        let said = |fault: Fault| format!("{} {fault}", fault.seq);
        let database = self.store.verify_chain(&self.chain, &checkpoint, None, |_, _| {}).await.expect("read");
        let lines: String = self.events().await.iter().map(ExportRow::json_line).collect();
        let export = check_export(lines.as_bytes(), &checkpoint, None, |_| {}).expect("read");
        fs::write(self.folder.path().join("export"), lines).expect("written");
        let python = self.python(&["export", "--checkpoint", "note", "--public-key", "keys"]);
        let python = match python.status.code() {
            Some(0) => Ok(LENGTH),
            Some(1) => Err(text(&python.stderr)),
            code => panic!("{code:?}: {}", text(&python.stderr)),
        };
        let events = |checked: sallyport::audit::check::Checked| checked.events;
        [database.map(events).map_err(said), export.map(events).map_err(said), python]
    }

    fn python(&self, arguments: &[&str]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/audit/verify.py");
        let mut command = Command::new("python3");
        command.arg(script).args(arguments).current_dir(self.folder.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        let hint = "To run this test: sudo apt-get install python3";
        command.output().unwrap_or_else(|error| panic!("python3: {error}. {hint}"))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

async fn each_tampering_is_named(store: &TestStore) {
    let log = Log::new(store).await;
    assert_eq!(log.events().await.len() as i64, LENGTH);
    assert_eq!(log.says().await, [Ok(LENGTH), Ok(LENGTH), Ok(LENGTH)], "untouched");
    let renumbered = |from: i64, by: i64| {
        format!(
            "UPDATE events SET seq = seq + 1000 WHERE OF_CHAIN AND seq >= {from}; \
             UPDATE events SET seq = seq - 1000 + {by} WHERE OF_CHAIN AND seq > 1000"
        )
    };
    let copied = "INSERT INTO events (chain, seq, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, \
        target_name, app_id, outcome, address, user_agent, request_id, details, hash, salts) \
        SELECT chain, 5, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, 'Mallory', app_id, outcome, \
        address, user_agent, request_id, details, hash, salts FROM events WHERE OF_CHAIN AND seq = 4";
    let cut = "DELETE FROM events WHERE OF_CHAIN AND seq > 6; UPDATE chains SET seq = 6, \
        hash = (SELECT hash FROM events WHERE OF_CHAIN AND seq = 6) WHERE name = (SELECT MIN(chain) FROM events WHERE OF_CHAIN)";
    let no_bytes = no_bytes(store);
    let old_format_of = |seq: i64| match seq {
        1 => "1 Event 1 was changed: it is in a format that was no longer written when it was recorded.",
        _ => "5 Event 5 was changed: it is in a format that was no longer written when it was recorded.",
    };
    let changed = "5 Event 5 was changed: its hash is not that of its fields and of the event before it.";
    for (sql, said) in [
        ("UPDATE events SET target_name = 'Mallory' WHERE OF_CHAIN AND seq = 5".to_owned(), changed),
        ("UPDATE events SET at = at + 1 WHERE OF_CHAIN AND seq = 5".to_owned(), changed),
        ("UPDATE events SET outcome = 403 WHERE OF_CHAIN AND seq = 5".to_owned(), changed),
        ("UPDATE events SET details = '{\"scopes\":[]}' WHERE OF_CHAIN AND seq = 5".to_owned(), changed),
        (
            "DELETE FROM events WHERE OF_CHAIN AND seq = 5".to_owned(),
            "5 Event 5 is missing: event 6 follows the one before it.",
        ),
        (format!("DELETE FROM events WHERE OF_CHAIN AND seq = 5; {}", renumbered(6, -1)), changed),
        (
            format!("{}; {copied}", renumbered(5, 1)),
            "5 Event 5 was inserted: it does not belong to the chain.",
        ),
        (
            "UPDATE events SET seq = 1000 WHERE OF_CHAIN AND seq = 5; UPDATE events SET seq = 5 WHERE OF_CHAIN AND seq = 6; \
             UPDATE events SET seq = 6 WHERE OF_CHAIN AND seq = 1000"
                .to_owned(),
            "5 Events 5 and 6 were swapped.",
        ),
        (format!("UPDATE events SET target_name = 'Mallory', salts = {no_bytes} WHERE OF_CHAIN AND seq = 5"), old_format_of(5)),
        (format!("UPDATE events SET actor_name = 'Mallory', salts = {no_bytes} WHERE OF_CHAIN AND seq < 6"), old_format_of(1)),
        (cut.to_owned(), "7 Event 7 is missing: the chain was cut, it had at least 9 events."),
    ] {
        log.sql(&sql).await;
        named(&log, &sql, said).await;
        log.restore().await;
    }
    assert_eq!(log.says().await, [Ok(LENGTH), Ok(LENGTH), Ok(LENGTH)], "restored");
    if matches!(store.location(), Location::Sqlite(_)) {
        // PostgreSQL stores no bytes in place of a text.
        log.sql("UPDATE events SET target_name = x'ff00' WHERE OF_CHAIN AND seq = 5").await;
        let fault = store.verify_chain(&log.chain, &[], None, |_, _| {}).await.expect("read").expect_err("no text");
        assert!(fault.seq == 5 && matches!(fault.why, Wrong::Unreadable(_)), "{fault}");
        log.restore().await;
    }
    rewrite(&log).await;
    let said = "1 Events 1 to 9 were rewritten: they fit each other, but not the checkpoint of 9 events.";
    named(&log, "a rewritten chain", said).await;
    assert_eq!(store.check_chain(&log.chain).await.expect("read"), Ok(LENGTH), "it fits itself");
    assert!(store.event_proof(PORTAL, &log.chain, 5).await.is_err(), "and nothing in it is proven");
    log.pool.close().await;
}

/// The hash of an erased event of the first format fits whatever it contains.
async fn a_forged_beginning_is_named_without_a_checkpoint(store: &TestStore) {
    let log = Log::new(store).await;
    let no_bytes = no_bytes(store);
    log.sql(&format!("UPDATE events SET actor_name = 'Mallory', salts = {no_bytes} WHERE OF_CHAIN AND seq < 6")).await;
    let lines: String = log.events().await.iter().map(ExportRow::json_line).collect();
    fs::write(log.folder.path().join("export"), &lines).expect("written");
    let said = "Event 1 has nothing but its hash: it is marked as an erased one of the first format, and no checkpoint says \
                that the log has such events. If an early version wrote it: --first-format-until SEQ.";
    let python = log.python(&["export"]);
    assert_eq!((python.status.code(), text(&python.stderr).as_str()), (Some(1), said));
    let export = check_export(lines.as_bytes(), &[], None, |_| {}).expect("read").expect_err("refused");
    assert_eq!(export.to_string(), said);
    let database = store.verify_chain(&log.chain, &[], None, |_, _| {}).await.expect("read").expect_err("refused");
    assert_eq!(database.to_string(), said);
    // For who knows that an early version wrote them.
    let python = log.python(&["export", "--first-format-until", "5"]);
    assert!(
        text(&python.stdout)
            .ends_with("Of 5 in the first format only the hash is left: nothing they contain is proven.")
    );
    let export = check_export(lines.as_bytes(), &[], Some(5), |_| {}).expect("read").expect("whole");
    assert_eq!((export.hash_only, export.erased), (5, 0));
    let python = log.python(&["export", "--first-format-until", "4"]);
    assert_eq!(python.status.code(), Some(1));
    log.pool.close().await;
}

/// Python's answer has no number in front.
async fn named(log: &Log<'_>, sql: &str, said: &str) {
    let (_, sentence) = said.split_once(' ').expect("a number");
    let expected = [Err(said.to_owned()), Err(said.to_owned()), Err(sentence.to_owned())];
    assert_eq!(log.says().await, expected, "{sql}");
}

/// Replaces what somebody did, and makes all hashes fit again.
async fn rewrite(log: &Log<'_>) {
    let mut before = Vec::new();
    for Exported { event, .. } in log.events().await {
        let event = Event { actor_name: "Mallory".to_owned(), ..event };
        before = event.hash(&before).to_vec();
        let update = "UPDATE events SET actor_name = 'Mallory', hash = $1 WHERE chain = $2 AND seq = $3";
        let update = sqlx::query(update).bind(before.clone()).bind(log.chain.clone()).bind(event.seq);
        update.execute(&log.pool).await.expect("written");
    }
    let head = sqlx::query("UPDATE chains SET hash = $1 WHERE name = $2").bind(before).bind(log.chain.clone());
    head.execute(&log.pool).await.expect("written");
}

async fn keys_may_be_given_without_a_name(store: &TestStore) {
    let log = Log::new(store).await;
    let bare: Vec<_> = log.keys.iter().map(|key| BASE64_STANDARD.encode(key.0)).collect();
    fs::write(log.folder.path().join("keys"), bare.join("\n")).expect("written");
    assert_eq!(log.says().await[2], Ok(LENGTH));
    fs::write(log.folder.path().join("keys"), BASE64_STANDARD.encode([7; 32])).expect("written");
    let said = log.says().await[2].clone().expect_err("another key");
    assert_eq!(said, "The checkpoint of 9 events is not signed with one of the public keys.");
    log.pool.close().await;
}
