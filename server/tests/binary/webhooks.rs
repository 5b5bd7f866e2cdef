//! `kill -9` while webhooks are sent: every delivery arrives under its id, and some twice.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
};

use sallyport::{
    audit::{Act, Actor},
    store::{DeliveryFilter, Location, Paging},
    testing::TestStore,
    webhook::{DeliveryStatus, EventTypes, NewWebhook},
};
use sallyport_server::jobs::webhooks::{DELIVERIES, EVENTS};

use crate::server::Server;

sallyport::on_both_databases!(kills_lose_no_delivery);

/// How often the server is killed: more often in `make soak`.
fn kills() -> usize {
    std::env::var("SALLYPORT_WEBHOOK_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(3)
}

/// A receiver in a thread of its own: it notes the id of a delivery, and then answers.
fn receiver() -> (u16, Arc<Mutex<BTreeSet<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let arrived = Arc::new(Mutex::new(BTreeSet::new()));
    let kept = Arc::clone(&arrived);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let (mut length, mut id, mut line) = (0, String::new(), String::new());
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                let header = line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
                match header {
                    Some((name, value)) if name == "content-length" => length = value.parse().expect("a length"),
                    Some((name, value)) if name == "webhook-id" => id = value,
                    _ => {}
                }
                line.clear();
            }
            if reader.read_exact(&mut vec![0; length]).is_ok() && !id.is_empty() {
                kept.lock().expect("no panic").insert(id);
                let _ = reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
            }
        }
    });
    (port, arrived)
}

async fn kills_lose_no_delivery(store: &TestStore) {
    let (port, arrived) = receiver();
    let folder = tempfile::tempdir().expect("a folder");
    let data = match store.location() {
        Location::Sqlite(path) => path.parent().expect("a folder").to_owned(),
        Location::Postgres(_) => folder.path().to_owned(),
    };
    let path = |name: &str| folder.path().join(name);
    std::fs::write(data.join("master.key"), TestStore::master_key()).expect("written");
    std::fs::set_permissions(data.join("master.key"), PermissionsExt::from_mode(0o600)).expect("set");
    std::fs::write(path("sallyport.toml"), "[webhooks]\nallow = [\"127.0.0.1\"]\n").expect("written");
    let config = path("sallyport.toml").display().to_string();
    let mut arguments = vec!["--config", &*config];
    if let Location::Postgres(url) = store.location() {
        arguments.extend(["--database-url", url]);
    }
    let start = || Server::start_logged_with(&data, &arguments, &path("log"));

    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let new = NewWebhook {
        url: format!("http://127.0.0.1:{port}/"),
        environment: "production".to_owned(),
        events: EventTypes::check(["*"]).expect("good"),
        description: String::new(),
        active: true,
    };
    let (webhook, secret) = store.create_webhook(&act, &org.id, new, true, None).await.expect("made");
    let mut server = start();
    for kill in 0..kills() {
        for _ in 0..4 {
            store.key(&act, &app, "CI").await;
            store.send_test_event(&Act::by(Actor::CommandLine), &webhook.id).await.expect("made");
        }
        // Before anything, or while it is sent.
        while arrived.lock().expect("no panic").len() < 2 * kill {
            tokio::task::yield_now().await;
        }
        server.kill();
        release(store).await;
        server = start();
    }
    let all = 8 * kills();
    let paging = Paging::parse(100, None).expect("the beginning");
    let pending = DeliveryFilter { status: Some(DeliveryStatus::Pending), ..DeliveryFilter::default() };
    while arrived.lock().expect("no panic").len() < all
        || !store.deliveries(&org.id, pending, &paging).await.expect("read").items.is_empty()
    {
        tokio::task::yield_now().await;
    }
    server.kill();
    assert_eq!(arrived.lock().expect("no panic").len(), all, "each under one id");
    let log = std::fs::read_to_string(path("log")).expect("a log");
    assert!(!log.contains(secret.expect("made").expose()), "{log}");
}

/// As a minute later: the leases of the killed server have expired.
async fn release(store: &TestStore) {
    for queue in [EVENTS, DELIVERIES] {
        store.execute(format!("UPDATE jobs SET lease_until = NULL WHERE queue = '{queue}'")).await;
    }
    store.execute("UPDATE deliveries SET lease_until = NULL".to_owned()).await;
}
