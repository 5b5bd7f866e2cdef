//! `kill -9` while people are told of keys that expire: nobody is told of nothing, and each kill repeats at most one mail.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt, time::Duration};

use sallyport::{Clock, clock::SystemClock, store::Location, testing::TestStore};

use super::{EACH, kills, start};
use crate::smtp::{Setup, Smtp};

sallyport::on_both_databases!(kills_lose_no_notice);

const DAY: Duration = Duration::from_secs(86_400);

/// Lets all keys expire soon, at a time that nobody was told of, and has the job look at once.
async fn expire(store: &TestStore, round: usize) {
    let now = SystemClock.now();
    let at = now + DAY * 13 + Duration::from_secs(u64::try_from(round).expect("few"));
    let made = now - DAY * 30;
    store.execute(format!("UPDATE keys SET created_at = {}, expires_at = {}", made.micros(), at.micros())).await;
    store.execute("UPDATE jobs SET run_at = 1 WHERE queue = 'key_deadlines'".to_owned()).await;
}

async fn kills_lose_no_notice(store: &TestStore) {
    let mut smtp = Smtp::start(Setup { wait: 0.05, ..Setup::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let data = match store.location() {
        Location::Sqlite(path) => path.parent().expect("a folder").to_owned(),
        Location::Postgres(_) => folder.path().to_owned(),
    };
    let (master_key, config) = (data.join("master.key"), folder.path().join("sallyport.toml"));
    std::fs::write(&master_key, TestStore::master_key()).expect("written");
    std::fs::set_permissions(&master_key, PermissionsExt::from_mode(0o600)).expect("set");
    std::fs::write(&config, smtp.section()).expect("written");
    // As many people as mails of a round.
    for n in 0..EACH {
        let act = store.act(&store.person(&format!("P{n}")).await);
        let org = store.org(&act, &format!("Org {n}")).await;
        let app = store.app(&act, &org, "Focus and calm").await;
        store.key(&act, &app, "CI").await;
    }
    let mut server = start(store, &data, &config);
    let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..kills() {
        expire(store, round).await;
        // Before the first, or in the middle of the first, second or third.
        for _ in 0..round % (EACH + 1) {
            *arrived.entry(smtp.next().await.headers["message-id"].clone()).or_default() += 1;
        }
        server.kill();
        // As when its leases have ended.
        store.execute("UPDATE jobs SET run_at = 1, lease_until = NULL WHERE lease_until IS NOT NULL".to_owned()).await;
        server = start(store, &data, &config);
        while arrived.len() < (round + 1) * EACH {
            let mail = smtp.next().await;
            assert_eq!(mail.headers["subject"], "The key “CI” expires soon");
            *arrived.entry(mail.headers["message-id"].clone()).or_default() += 1;
        }
    }
    server.kill();
    for mail in smtp.rest() {
        *arrived.entry(mail.headers["message-id"].clone()).or_default() += 1;
    }
    assert_eq!(arrived.len(), kills() * EACH, "one for each person and round");
    let repeated: usize = arrived.values().map(|count| count - 1).sum();
    assert!(repeated <= kills(), "{repeated} repetitions after {} kills", kills());
}
