//! Migrates a filled database of an earlier version; and who may do that.

use std::collections::BTreeMap;

use sallyport::{
    audit::{Act, Actor},
    id::{KeyId, OrgId, UserId},
    job::NewJob,
    store::{KeyFilter, Location, OpenError, Store},
    testing::{EARLIER, EARLIER_ROWS, SeededEntropy, TestStore, earlier_master_key, make_earlier},
    user::Account,
    vault::MasterKey,
};
use sqlx::{AnyPool, AssertSqlSafe, Row};

use crate::opening::{emptied, raw, tools_with};

sallyport::on_both_databases!(
    every_row_is_carried_over,
    only_a_start_and_migrate_migrate,
    another_master_key_migrates_nothing,
);

/// As an earlier version left it.
async fn filled(store: &TestStore) -> (Location, AnyPool) {
    let location = emptied(store).await;
    make_earlier(&location).await;
    let pool = raw(&location).await;
    (location, pool)
}

/// The tables of the fixture, with the columns named there.
fn tables() -> BTreeMap<&'static str, Vec<&'static str>> {
    let inserts = EARLIER_ROWS.lines().filter_map(|line| line.strip_prefix("INSERT INTO "));
    let tables = inserts.map(|line| {
        let (table, rest) = line.split_once(" (").expect("columns");
        (table, rest.split_once(')').expect("the end of the columns").0.split(", ").collect())
    });
    tables.collect()
}

type Rows = Vec<Vec<Option<String>>>;

async fn read(pool: &AnyPool, sql: String) -> Rows {
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(pool).await.expect("read");
    let cell = |row: &sqlx::any::AnyRow, at: usize| {
        let text = row.try_get::<Option<String>, _>(at);
        let text = text.or_else(|_| row.try_get::<Option<i64>, _>(at).map(|int| int.map(|int| int.to_string())));
        text.or_else(|_| row.try_get::<Option<Vec<u8>>, _>(at).map(|bytes| bytes.map(|bytes| format!("{bytes:?}"))))
            .expect("TEXT, BIGINT or BYTEA")
    };
    let mut rows: Rows = rows.iter().map(|row| (0..row.columns().len()).map(|at| cell(row, at)).collect()).collect();
    rows.sort();
    rows
}

/// How to read a column that the migrations change in some rows: a key without scopes had a blank there.
fn as_kept(column: &str) -> String {
    match column {
        "scopes" => "trim(scopes)".to_owned(),
        column => column.to_owned(),
    }
}

/// Columns of `keys` that moved to tables of their own.
const MOVED: [&str; 8] = [
    "last_used_at",
    "shown",
    "digest",
    "pepper",
    "signing_secret",
    "signing_version",
    "signing_before",
    "signing_before_until",
];

/// The secrets of keys, signing secrets and roles: from the old columns and tables, and from the new ones. A revoked
/// key keeps no signing secret.
const CARRIED: [[&str; 2]; 3] = [
    [
        "SELECT id, CAST(1 AS BIGINT), digest, pepper, shown, created_at, CAST(NULL AS BIGINT), revoked_at FROM keys",
        "SELECT key_id, n, digest, pepper, shown, created_at, retires_at, ended_at FROM key_secrets",
    ],
    [
        "SELECT id, signing_version, signing_secret, CAST(NULL AS BIGINT) FROM keys \
         WHERE revoked_at IS NULL AND signing_secret IS NOT NULL \
         UNION ALL SELECT id, signing_version - 1, signing_before, signing_before_until FROM keys \
         WHERE revoked_at IS NULL AND signing_before IS NOT NULL",
        "SELECT key_id, n, sealed, retires_at FROM signing_secrets",
    ],
    [
        "SELECT org_id, user_id, 'organization', org_id, role, created_at FROM members",
        "SELECT org_id, subject, place_kind, place_id, role, granted_at FROM grants WHERE role <> 'developer'",
    ],
];

/// The columns of each table that stay the same, and the data that moved to other tables.
async fn kept(pool: &AnyPool) -> (BTreeMap<&'static str, Rows>, [Rows; 3]) {
    let mut kept = BTreeMap::new();
    for (table, columns) in tables().into_iter().filter(|(table, _)| *table != "members") {
        let dropped =
            |column: &str| (table == "keys" && MOVED.contains(&column)) || (table == "sessions" && column == "data");
        let columns = columns.into_iter().filter(|column| !dropped(column));
        let columns: Vec<_> = columns.map(as_kept).collect();
        kept.insert(table, read(pool, format!("SELECT {} FROM {table}", columns.join(", "))).await);
    }
    let has_tables = sqlx::query("SELECT n FROM key_secrets").fetch_optional(pool).await.is_ok();
    let [secrets, signing, roles] = CARRIED.map(|forms| forms[usize::from(has_tables)].to_owned());
    (kept, [read(pool, secrets).await, read(pool, signing).await, read(pool, roles).await])
}

async fn every_row_is_carried_over(store: &TestStore) {
    let (location, pool) = filled(store).await;
    let before = kept(&pool).await;
    let (tables, [secrets, signing, roles]) = &before;
    assert!(
        roles.len() == 5 && tables.len() == 13 && tables.values().all(|rows| !rows.is_empty()),
        "each table but `revision`"
    );
    assert!(secrets.len() == tables["keys"].len() && signing.iter().any(|row| row[3].is_some()), "one before another");
    let used =
        read(&pool, "SELECT id, last_used_at FROM keys WHERE last_used_at IS NOT NULL ORDER BY id".to_owned()).await;
    assert_eq!(used.len(), 11);
    let first_uses = "SELECT target_id, at FROM events WHERE action = 'key.first_used'".to_owned();
    let first_uses: BTreeMap<_, _> =
        read(&pool, first_uses).await.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    pool.close().await;

    let after =
        Store::open_and_migrate(location.clone(), tools_with(&earlier_master_key())).await.expect("brought up to date");
    let pool = raw(&location).await;
    assert_eq!(kept(&pool).await, before);
    let revoked = "SELECT 1 FROM keys JOIN signing_secrets ON key_id = id WHERE revoked_at IS NOT NULL";
    assert!(read(&pool, revoked.to_owned()).await.is_empty(), "what is revoked keeps no signing secret");
    // As in the log: the creator of an organization gave themselves their role.
    let (ada, sam, noor) = ("usr_WXxkWXFOjdIS", "usr_Tg4Q6AtMq0CU", "usr_5F4iGN2e1DLY");
    let given = read(&pool, "SELECT subject, granted_by FROM grants WHERE role <> 'developer'".to_owned()).await;
    let expected = [[noor, ada], [sam, sam], [sam, ada], [ada, sam], [ada, ada]];
    assert_eq!(given, expected.map(|row| row.map(|id| Some(id.to_owned())).to_vec()));
    // Those who were members keep what they could do with apps and keys; owners and admins have what they had.
    let roles = |role: &str| {
        let columns = "org_id, subject, place_kind, place_id, granted_by, granted_at";
        read(&pool, format!("SELECT {columns} FROM grants WHERE role = '{role}'"))
    };
    let members = roles("member").await;
    assert!(!members.is_empty() && members == roles("developer").await, "{members:?}");
    let left = "SELECT 1 FROM members UNION ALL SELECT 1 FROM keys_before UNION ALL SELECT 1 FROM key_uses_before UNION ALL SELECT 1 FROM key_days_before";
    assert!(sqlx::query(left).fetch_all(&pool).await.is_err(), "what was put aside is gone");
    assert_eq!(read(&pool, "SELECT key_id, last_at FROM key_uses".to_owned()).await, used);
    for row in read(&pool, "SELECT key_id, first_at, last_at FROM key_uses".to_owned()).await {
        let noted = first_uses.get(&row[0]).unwrap_or(&row[2]);
        let time = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<i64>().ok()).expect("a time");
        // An event may have been written slightly later than its use.
        assert_eq!(time(&row[1]), time(noted).min(time(&row[2])), "{row:?}");
    }
    pool.close().await;

    // And as the rest of the program reads it.
    assert_eq!(after.check_integrity().await.expect("checked"), Vec::<String>::new());
    let chains = after.chains().await.expect("read");
    assert_eq!(chains.len(), 3);
    for chain in &chains {
        assert!(after.check_chain(chain).await.expect("read").is_ok(), "{chain}");
    }
    let mut seen = 0;
    for org in chains.iter().filter_map(|chain| OrgId::parse(chain)) {
        let filter = KeyFilter { include_revoked: true, ..KeyFilter::default() };
        for key in after.keys(&org, None, &filter).await.expect("listed").keys {
            let there = used.iter().find(|row| row[0].as_deref() == Some(key.id.as_str()));
            let at = there.and_then(|row| row[1].as_deref()).map(|at| at.parse().expect("a time"));
            assert_eq!(key.last_used_at.map(sallyport::Timestamp::micros), at, "{}", key.label);
            let stored = after.key_by_id(&key.id).await.expect("asked").expect("there");
            assert_eq!(stored.last_used_at, key.last_used_at);
            seen += 1;
        }
    }
    assert_eq!(seen, tables["keys"].len());
    let digests = after.key_digests(None).await.expect("read");
    assert_eq!(digests.len(), seen);
    for digest in &digests {
        let found = after.key_by_digest(digest).await.expect("asked").expect("somebody's").record;
        assert_eq!((found.secret_n, found.secret_ended), (1, found.revoked));
    }
    let signs = KeyId::parse("key_tikRZnaJunZsmX2j").expect("an id");
    let sealed = after.signing_secrets(&signs).await.expect("asked").expect("it signs");
    assert_eq!(after.open_signing(&sealed, after.now()).expect("opens").len(), 1);
    let counted = KeyId::parse("key_p3Jt1wVfaHBealvt").expect("an id");
    assert_eq!(after.key_day(&counted, 20783).await.expect("asked").requests, 4_000_000_000);
    for Account { user, disabled_at } in after.accounts().await.expect("read") {
        assert!(after.identities_of(&user.id).await.expect("asked").is_empty(), "all sign in by a password");
        let reset = after.create_password_reset(&Act::by(Actor::CommandLine), &user).await;
        assert_eq!(reset.is_ok(), disabled_at.is_none(), "and may set another: {reset:?}");
    }
    // As the server that migrated it signs before anything else, up to where the first format goes.
    let mut signed = Vec::new();
    for chain in &chains {
        let note = after.checkpoint("keys.example.com", chain).await.expect("signed").note;
        signed.push(after.public_keys().await.expect("read").open(&note).expect("ours"));
    }
    let noor = after.account(&UserId::parse(noor).expect("an id")).await.expect("asked").expect("there").user;
    assert!(after.erase_user(&Act::by(Actor::CommandLine), &noor).await.expect("erased") > 0);
    for (chain, signed) in chains.iter().zip(signed) {
        let checked = after.verify_chain(chain, &[signed], None, |_, _| {}).await.expect("read");
        assert!(checked.is_ok(), "{chain}, whose events have no commitments: {checked:?}");
    }
    let job = NewJob::once("mail", serde_json::json!({}), after.now(), after.entropy());
    after.enqueue(vec![job.clone()]).await.expect("added");
    assert!(after.job(&job.id).await.expect("asked").is_some());
    after.close().await;
    let again = Store::open(location, tools_with(&earlier_master_key())).await.expect("it is up to date");
    again.close().await;
}

async fn only_a_start_and_migrate_migrate(store: &TestStore) {
    let (location, pool) = filled(store).await;
    let before = kept(&pool).await;
    let refused = Store::open(location.clone(), tools_with(&earlier_master_key())).await.expect_err("refused");
    assert!(matches!(refused, OpenError::OlderDatabase(missing) if missing == EARLIER + 1), "{refused}");
    assert!(refused.to_string().contains("`sallyport migrate`"), "{refused}");
    // Unchanged, including the old columns.
    read(&pool, "SELECT last_used_at FROM keys".to_owned()).await;
    assert_eq!(kept(&pool).await, before);
    pool.close().await;
}

async fn another_master_key_migrates_nothing(store: &TestStore) {
    let (location, pool) = filled(store).await;
    let before = kept(&pool).await;
    let other = MasterKey::mint(&SeededEntropy::new(99));
    let refused = Store::open_and_migrate(location.clone(), tools_with(&other)).await.expect_err("refused");
    assert!(refused.to_string().contains("another master key"), "{refused}");
    read(&pool, "SELECT last_used_at FROM keys".to_owned()).await;
    assert_eq!(kept(&pool).await, before);
    pool.close().await;
}

/// On SQLite a migration holds the server's lock file.
mod while_a_server_runs {
    mod postgres {
        use sallyport::{store::Store, testing::TestStore};

        use super::super::{earlier_master_key, filled, kept, raw, tools_with};

        #[tokio::test]
        async fn nothing_is_migrated() {
            let store = TestStore::postgres().await;
            let (location, pool) = filled(&store).await;
            let before = kept(&pool).await;
            let server = raw(&location).await;
            let mut session = server.acquire().await.expect("connected");
            let lock = "SELECT 1 FROM (SELECT pg_advisory_lock(7022136120)) AS held";
            sqlx::query(lock).execute(&mut *session).await.expect("held");
            let refused = Store::open_and_migrate(location.clone(), tools_with(&earlier_master_key())).await;
            let refused = refused.expect_err("refused").to_string();
            assert!(refused.contains("another sallyport serves this database"), "{refused}");
            assert_eq!(kept(&pool).await, before);
            drop(session);
            server.close().await;
            let migrated =
                Store::open_and_migrate(location, tools_with(&earlier_master_key())).await.expect("it ended");
            migrated.close().await;
            pool.close().await;
            store.end().await;
        }
    }
}
