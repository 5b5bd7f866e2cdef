//! Three nodes under load while what they run on is broken on purpose. A history of all requests and answers is kept and
//! checked (`checker.rs`). SALLYPORT_BROKEN_SECONDS sets how long each fault lasts, SALLYPORT_BROKEN_ROUNDS how often all happen.

mod redis;

mod postgres {
    use std::{
        thread::{scope, sleep},
        time::{Duration, Instant},
    };

    use sallyport::{
        Clock,
        clock::SystemClock,
        testing::{Proxy, Way},
    };

    use super::super::{
        cluster::{Cluster, Surroundings},
        database::Database,
        traffic::{Random, Traffic},
    };

    /// A node that accepts keys for so long has renewed its lease meanwhile.
    const STEADY: Duration = Duration::from_millis(1_200);

    pub(super) fn lasts() -> Duration {
        let seconds = std::env::var("SALLYPORT_BROKEN_SECONDS");
        Duration::from_secs_f64(seconds.map_or(1.3, |seconds| seconds.parse().expect("a number")))
    }

    pub(super) fn rounds() -> usize {
        std::env::var("SALLYPORT_BROKEN_ROUNDS").map_or(1, |count| count.parse().expect("a number"))
    }

    /// Each run is another one; a failed one says which it was.
    pub(super) fn seed() -> u64 {
        let seed = std::env::var("SALLYPORT_BROKEN_SEED").map_or_else(
            |_| Instant::now().elapsed().as_nanos() as u64 ^ u64::from(std::process::id()),
            |seed| seed.parse().expect("a number"),
        );
        eprintln!("SALLYPORT_BROKEN_SEED={seed}");
        seed
    }

    /// The load, with what breaks meanwhile.
    pub(super) struct Broken<'a> {
        pub traffic: &'a Traffic,
        pub cluster: &'a mut Cluster,
    }

    impl Broken<'_> {
        /// All nodes accept keys again; how long that took since the cause was gone.
        fn recover(&self, from: &'static str) {
            let gone = Instant::now();
            let addresses = self.cluster.addresses();
            scope(|scope| {
                for (node, key) in self.traffic.controls.iter().enumerate() {
                    let (history, address) = (&self.traffic.history, &addresses[node]);
                    scope.spawn(move || {
                        let mut since = None;
                        while since.is_none_or(|since: Instant| since.elapsed() < STEADY) {
                            // In force, even if it was asked for too often.
                            if matches!(history.ask(node, address, key), 200 | 429) {
                                since.get_or_insert_with(Instant::now);
                            } else {
                                since = None;
                            }
                            assert!(gone.elapsed() < Duration::from_secs(60), "node {node} stays closed after: {from}");
                            sleep(Duration::from_millis(5));
                        }
                        history.recovered(from, node, since.map_or(Duration::ZERO, |since| since - gone));
                    });
                }
            });
        }

        fn stopped(&mut self, node: usize) {
            self.cluster.signal(node, "STOP");
            sleep(lasts());
            self.cluster.signal(node, "CONT");
            self.recover("a node is stopped");
        }

        /// In the middle of whatever it does.
        fn killed(&mut self, node: usize, random: &Random) {
            sleep(Duration::from_millis(random.below(400) as u64));
            self.cluster.kill(node);
            self.traffic.history.killed(node);
            sleep(lasts() / 3);
            self.cluster.restart(node);
            self.traffic.moved(self.cluster);
            self.recover("a node is killed");
        }

        fn cut(&mut self, node: usize, way: Way) {
            let proxy = &self.cluster.proxies[node];
            proxy.cut(way);
            sleep(lasts());
            proxy.restore();
            self.recover(match way {
                Way::ToServer => "nothing gets to the database",
                Way::ToClient => "nothing gets back from the database",
            });
        }

        fn cut_off(&mut self, node: usize) {
            self.cluster.proxies[node].stop();
            sleep(lasts());
            self.cluster.proxies[node].go_on();
            self.recover("a node is cut off");
        }

        fn clock(&mut self, node: usize, seconds: i64) {
            self.cluster.set_clock(node, seconds);
            let wrong = self.traffic.time_at(node).seconds() - SystemClock.now().seconds();
            assert!((wrong - seconds).abs() < 60, "node {node} is wrong by {wrong} s");
            sleep(lasts());
            self.recover("a clock is set");
        }

        fn database_killed(&mut self, database: &mut Database) {
            database.primary.kill();
            sleep(lasts() / 3);
            database.primary.start();
            self.recover("PostgreSQL is killed");
        }

        fn database_paused(&mut self, database: &Database) {
            database.primary.pause();
            sleep(lasts());
            database.primary.go_on();
            self.recover("PostgreSQL is paused");
        }

        fn failed_over(&mut self, database: &mut Database, is_last: bool) {
            database.fail_over();
            let primary = database.primary.address();
            self.cluster.proxies.iter().for_each(|proxy: &Proxy| proxy.lead_to(primary));
            self.recover("PostgreSQL fails over");
            if !is_last {
                database.add_standby();
            }
        }
    }

    /// Keys are asked about and managed while `work` breaks things; then the history is checked.
    pub(super) async fn under_load(mut cluster: Cluster, seed: u64, work: impl FnOnce(&mut Broken<'_>, &Random)) {
        let traffic = Traffic::new(&cluster, seed);
        scope(|scope| {
            traffic.start(scope);
            // Also if it fails: the threads are waited for.
            let _ended = Ended(&traffic);
            sleep(STEADY);
            work(&mut Broken { traffic: &traffic, cluster: &mut cluster }, &Random::new(seed));
        });
        traffic.read_all();
        traffic.read_counts();
        let checked = traffic.history.check();
        assert!(checked.accepted > 0 && checked.refused > 0, "{checked:?}");
        eprintln!("{checked:?}; [fastest, median, slowest] taking away: {:?}", traffic.history.revocations());
        traffic.history.recoveries().iter().for_each(|(from, after)| eprintln!("back after {after:?}: {from}"));
        cluster.end().await;
    }

    struct Ended<'a>(&'a Traffic);

    impl Drop for Ended<'_> {
        fn drop(&mut self) {
            self.0.end();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_is_accepted_wrongly_or_lost_whatever_breaks() {
        let mut database = Database::start();
        let surroundings =
            Surroundings { server: Some(database.primary.url()), proxied: true, ..Surroundings::default() };
        let cluster = Cluster::start_in(3, surroundings).await;
        under_load(cluster, seed(), |broken, random| {
            for round in 0..rounds() {
                let node = |n: usize| (n + round) % 3;
                broken.stopped(node(0));
                broken.killed(node(1), random);
                broken.cut(node(2), Way::ToServer);
                broken.cut(node(0), Way::ToClient);
                broken.cut_off(node(1));
                broken.database_killed(&mut database);
                broken.database_paused(&database);
                broken.failed_over(&mut database, round + 1 == rounds());
            }
        })
        .await;
    }

    /// Wall clocks are compared nowhere where it matters, and the clocks that count time go on.
    #[tokio::test(flavor = "multi_thread")]
    async fn clocks_that_are_wrong_by_an_hour_change_nothing() {
        const HOUR: i64 = 3_600;
        let cluster = Cluster::start_in(3, Surroundings { own_clocks: true, ..Surroundings::default() }).await;
        under_load(cluster, seed(), |broken, _| {
            for round in 0..rounds() {
                let node = |n: usize| (n + round) % 3;
                broken.clock(node(1), HOUR);
                broken.clock(node(2), -HOUR);
                broken.clock(node(1), -HOUR);
                broken.clock(node(1), 0);
                broken.clock(node(2), 0);
            }
        })
        .await;
    }
}
