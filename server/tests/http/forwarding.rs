//! Sending the audit log to a collector: real receivers, that are killed, too slow or wrong.

mod checkpoints;
mod receiver;
mod required;
mod through_rsyslog;

use std::{collections::BTreeMap, time::Duration};

use sallyport::{audit::hex, testing::TestStore};
use sallyport_server::{
    collector::Collector,
    config::collector::{CollectorSettings, Protocol},
    jobs::forwarding::forward,
};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::portal::TestPortal;
use receiver::{Behaviour, Receiver};

crate::on_both_portals!(
    nothing_is_lost_while_the_collector_is_down,
    a_collector_that_misbehaves_stops_nothing,
    operators_see_how_far_it_is_behind,
    logs_are_sent_in_parts,
);

const TOKEN: &str = "the-token-of-the-collector";

/// The hashes of events by log and number.
type Log = BTreeMap<(String, i64), String>;

fn http(port: u16) -> CollectorSettings {
    CollectorSettings {
        protocol: Protocol::Http,
        is_encrypted: false,
        host: "127.0.0.1".to_owned(),
        port,
        path: "/audit?from=sallyport".to_owned(),
        authorities: None,
        token: Some(TOKEN.to_owned().into()),
        timeout: Duration::from_secs(10),
    }
}

fn collector(settings: CollectorSettings) -> Collector {
    Collector::new(settings, "keys.example.com", 8_192).expect("good settings")
}

/// What the database contains.
async fn recorded(store: &TestStore) -> Log {
    let mut log = Log::new();
    for chain in store.chains().await.expect("read") {
        let mut after = 0;
        loop {
            let events = store.events_after(&chain, after).await.expect("read");
            let Some(last) = events.last() else { break };
            after = last.event.seq;
            log.extend(events.iter().map(|of| ((chain.clone(), of.event.seq), hex(&of.hash))));
        }
    }
    log
}

/// What arrived; the same event always with the same hash.
fn arrived(lines: &[Value]) -> Log {
    let mut log = Log::new();
    for line in lines {
        let key = (line["chain"].as_str().expect("text").to_owned(), line["seq"].as_i64().expect("a number"));
        let hash = line["hash"].as_str().expect("text").to_owned();
        assert_eq!(*log.entry(key).or_insert(hash.clone()), hash, "{line}");
    }
    log
}

async fn nothing_is_lost_while_the_collector_is_down(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let receiver = Receiver::start().await;
    let collector = collector(http(receiver.port()));
    portal.store.begin_forwarding(&collector.name(), None).await.expect("noted");
    forward(&collector, &portal.store).await.expect("sent");
    assert_eq!(arrived(&receiver.lines()), recorded(&portal.store).await);
    let (port, mut lines) = (receiver.port(), receiver.lines());
    receiver.kill();
    portal.key(&app).await;
    portal.org("Calm").await;
    portal.store.clock.turn(Duration::from_secs(1));
    forward(&collector, &portal.store).await.expect_err("nobody is there");
    let state = portal.store.forwarding().await.expect("read").expect("on");
    assert!(state.is_failing() && state.waiting >= 2, "{state:?}");
    assert!(state.error.expect("why").contains("can't be reached"));

    // It takes a batch and does not say so.
    let receiver = Receiver::start_at(port).await;
    receiver.behave(Behaviour::TakeAndFail);
    forward(&collector, &portal.store).await.expect_err("500");
    receiver.behave(Behaviour::Take);
    portal.store.clock.turn(Duration::from_secs(1));
    forward(&collector, &portal.store).await.expect("sent");
    let again = receiver.lines();
    lines.extend(again.iter().cloned());
    assert_eq!(arrived(&lines), recorded(&portal.store).await);
    assert!(again.len() > arrived(&again).len(), "some twice");
    let state = portal.store.forwarding().await.expect("read").expect("on");
    assert_eq!((state.waiting, state.oldest, state.is_failing()), (0, None, false));
    forward(&collector, &portal.store).await.expect("nothing to send");
    assert_eq!(receiver.lines().len(), again.len(), "and nothing again");
}

async fn a_collector_that_misbehaves_stops_nothing(portal: &TestPortal) {
    portal.set_up().await;
    let receiver = Receiver::start().await;
    let quick = Duration::from_millis(300);
    let settings = CollectorSettings { timeout: quick, ..http(receiver.port()) };
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let closing = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
    let (silent_port, closing_port) = (port(&silent), port(&closing));
    tokio::spawn(async move {
        while let Ok((stream, _)) = closing.accept().await {
            let _ = stream.readable().await;
            drop(stream);
        }
    });
    let syslog = |port| CollectorSettings { protocol: Protocol::Syslog, port, token: None, ..settings.clone() };
    receiver.behave(Behaviour::TakeAndFail);
    for (settings, why) in [
        (settings.clone(), "answered 500"),
        (CollectorSettings { token: None, ..settings.clone() }, "answered 401"),
        // Connections wait in the queue of the system: they are never read.
        (CollectorSettings { port: silent_port, ..settings.clone() }, "did not take everything within"),
        (syslog(silent_port), "did not take everything within"),
        (CollectorSettings { port: closing_port, ..settings.clone() }, "broke off"),
        (CollectorSettings { is_encrypted: true, ..settings.clone() }, "can't be encrypted to"),
    ] {
        let collector = collector(settings);
        portal.store.begin_forwarding(&collector.name(), None).await.expect("noted");
        forward(&collector, &portal.store).await.expect_err(why);
        let state = portal.store.forwarding().await.expect("read").expect("on");
        let error = state.error.expect("why");
        assert!(error.contains(why) && !error.contains(TOKEN), "{why}: {error}");
        assert!(portal.store.check_forwarding().await.expect("checked"), "changes never wait");
        portal.org("Focus").await;
    }
    drop(silent);
}

async fn operators_see_how_far_it_is_behind(portal: &TestPortal) {
    portal.set_up().await;
    assert!(!portal.get("/admin/health").await.body.contains("Collector of the audit log"));
    let receiver = Receiver::start().await;
    let collector = collector(http(receiver.port()));
    portal.store.begin_forwarding(&collector.name(), None).await.expect("noted");
    receiver.behave(Behaviour::TakeAndFail);
    forward(&collector, &portal.store).await.expect_err("500");
    let health = portal.get("/admin/health").await.body;
    for text in ["Collector of the audit log", "http://127.0.0.1:", "answered 500", "Nothing yet", "Not required"] {
        assert!(health.contains(text), "{text}: {health}");
    }
    assert!(!health.contains(TOKEN) && !health.contains("from=sallyport"));
    let warning = "The collector does not take the audit log.";
    assert!(portal.get("/admin/audit").await.body.contains(warning) && health.contains(warning));
    receiver.behave(Behaviour::Take);
    portal.store.clock.turn(Duration::from_secs(1));
    forward(&collector, &portal.store).await.expect("sent");
    let health = portal.get("/admin/health").await.body;
    assert!(health.contains("None waits") && health.contains("Last failure") && !health.contains(warning));
    assert!(!portal.get("/admin/audit").await.body.contains(warning));
    portal.store.end_forwarding().await.expect("off");
    assert!(!portal.get("/admin/health").await.body.contains("Collector of the audit log"));
}

async fn logs_are_sent_in_parts(portal: &TestPortal) {
    portal.set_up().await;
    let act = portal.store.act(&portal.store.person("Grace").await);
    for n in 0..120 {
        portal.store.org(&act, &format!("Org {n}")).await;
    }
    let org = portal.store.org(&act, "Busy").await;
    for n in 0..250 {
        portal.store.app(&act, &org, &format!("App {n}")).await;
    }
    let receiver = Receiver::start().await;
    let collector = collector(http(receiver.port()));
    forward(&collector, &portal.store).await.expect("sent");
    assert_eq!(receiver.lines().len(), arrived(&receiver.lines()).len(), "each once");
    assert_eq!(arrived(&receiver.lines()), recorded(&portal.store).await);
    assert!(receiver.requests() > 2, "{}", receiver.requests());
}
