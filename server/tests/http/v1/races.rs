//! Keys that are created, verified and revoked at the same time, on a store with slow look-ups: requests that start
//! after the revocation was answered are refused, and so are those that were still waiting then.
//!
//! `SALLYPORT_RACES` is the number; `make soak` runs 10,000 on each database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sallyport::{
    audit::{Act, Actor},
    key::Issued,
};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(no_race_is_won_against_a_revocation);

const RACES: usize = 150;
const ASKERS: usize = 3;

/// Blocks look-ups between reading a key and returning it.
struct Gate {
    /// Whether look-ups stop here now.
    stops: AtomicBool,
    /// How many stopped.
    stopped: watch::Sender<usize>,
    /// Whether they may continue.
    open: watch::Sender<bool>,
}

impl Gate {
    fn in_front_of(portal: &TestPortal) -> Arc<Self> {
        let gate = Arc::new(Self {
            stops: AtomicBool::new(false),
            stopped: watch::Sender::new(0),
            open: watch::Sender::new(true),
        });
        let passed = Arc::clone(&gate);
        portal.store.slow_look_ups(move || {
            let gate = Arc::clone(&passed);
            async move { gate.pass().await }
        });
        gate
    }

    async fn pass(&self) {
        if self.stops.load(Ordering::SeqCst) {
            let mut open = self.open.subscribe();
            self.stopped.send_modify(|stopped| *stopped += 1);
            open.wait_for(|open| *open).await.expect("the gate outlives the race");
        }
    }

    fn close(&self) {
        self.open.send_replace(false);
        self.stopped.send_replace(0);
        self.stops.store(true, Ordering::SeqCst);
    }

    /// Those that read before have the state of that time; those that read after are not stopped. However many
    /// requests there are, one looks the key up and the others wait for its result.
    async fn one_stopped(&self) {
        let mut stopped = self.stopped.subscribe();
        let one = stopped.wait_for(|stopped| *stopped > 0);
        timeout(Duration::from_secs(60), one).await.expect("the key is looked up").expect("the gate is there");
        self.stops.store(false, Ordering::SeqCst);
    }
}

fn ask(client: &Client, secret: &str) -> JoinHandle<u16> {
    let (client, secret) = (client.clone(), secret.to_owned());
    tokio::spawn(async move { client.auth("", &[("x-api-key", &secret)]).await.status.as_u16() })
}

fn ask_often(client: &Client, secret: &str) -> Vec<JoinHandle<u16>> {
    (0..ASKERS).map(|_| ask(client, secret)).collect()
}

async fn no_race_is_won_against_a_revocation(portal: &TestPortal) {
    let races = std::env::var("SALLYPORT_RACES").map_or(RACES, |races| races.parse().expect("a number of races"));
    let ada = portal.store.person("Ada").await;
    let act = portal.store.act(&ada);
    let org = portal.store.org(&act, "Focus").await;
    let app = portal.store.app(&act, &org, "Focus and calm").await;
    let gate = Gate::in_front_of(portal);
    let mut seen = [0; 2];
    for race in 0..races {
        let Issued { key, secret, .. } = portal.store.key(&act, &app, "CI").await;
        let secret = secret.expose();
        // Cached already; looked up during the revocation; looked up before it and returned after.
        let kind = race % 3;
        if kind == 0 {
            assert_eq!(ask(&portal.client, secret).await.expect("asked"), 200, "race {race}: before");
        }
        if kind == 2 {
            // The latency measurement of the previous revocation looks its key up, too: it must not be the one that
            // stops.
            portal.store.settled().await;
            gate.close();
        }
        let during = ask_often(&portal.client, secret);
        if kind == 2 {
            gate.one_stopped().await;
        }
        // Some get further than others before it starts.
        for _ in 0..race % 7 {
            tokio::task::yield_now().await;
        }
        let revoker = Act::by(Actor::CommandLine);
        portal.store.revoke_key(&revoker, &key, String::new()).await.expect("revoked");
        let after = ask_often(&portal.client, secret);
        gate.open.send_replace(true);
        for asked in during {
            let status = asked.await.expect("asked");
            assert!(matches!(status, 200 | 401), "race {race}: {status}");
            assert!(kind != 2 || status == 401, "race {race}: in flight when the revocation was answered, and valid");
            seen[usize::from(status == 200)] += 1;
        }
        for asked in after {
            assert_eq!(asked.await.expect("asked"), 401, "race {race}: began after the revocation was answered");
        }
    }
    assert!(races < RACES || (seen[0] > 0 && seen[1] > 0), "some came before and some after: {seen:?}");
}
