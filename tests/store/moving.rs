//! `sallyport move-to-postgres`

mod postgres {
    use std::sync::Arc;

    use sallyport::{
        audit::{Act, Actor},
        entropy::OsEntropy,
        key::{Verdict, secret::Checked},
        profile::Profile,
        store::{Location, Store, Tools, move_to_postgres},
        testing::{TestStore, TurnedClock},
        vault::{MasterKey, Vault},
    };
    use sqlx::{AnyPool, AssertSqlSafe, Executor};

    fn tools() -> Tools {
        let entropy = Arc::new(OsEntropy);
        let key = MasterKey::parse(&TestStore::master_key()).expect("a key");
        Tools {
            clock: Arc::new(TurnedClock::default()),
            entropy,
            vault: Vault::new(&key),
            profile: Profile::standard(),
        }
    }

    #[tokio::test]
    async fn a_filled_portal_moves_with_all_rows_and_is_not_put_on_another() {
        let from = TestStore::sqlite().await;
        let act = from.act(&from.person("Ada").await);
        let org = from.org(&act, "Focus").await;
        let app = from.app(&act, &org, "Focus and calm").await;
        let mut keys = Vec::new();
        for n in 0..250 {
            keys.push(from.key(&act, &app, &format!("Key {n}")).await);
        }
        from.revoke_key(&act, &keys[0].key, "leaked".to_owned()).await.expect("revoked");
        from.create_token(&Act::by(Actor::CommandLine), "Gateway", false, None).await.expect("made");
        from.settled().await;
        let Location::Sqlite(path) = from.location().clone() else { panic!("SQLite") };

        let server = std::env::var("TEST_POSTGRES_URL").expect("see scripts/with-postgres");
        sqlx::any::install_default_drivers();
        let admin = AnyPool::connect(&server).await.expect("reached");
        let name = format!("sallyport_moved_{}", std::process::id());
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("made");
        let (base, _) = server.rsplit_once('/').expect("a URL");
        let to = Location::Postgres(format!("{base}/{name}"));

        let moved = move_to_postgres(&path, to.clone(), tools()).await.expect("moved");
        assert_eq!(moved.keys, 250);
        assert!(moved.events > 250 && moved.rows > moved.events, "{moved:?}");
        let there = Store::open(to.clone(), tools()).await.expect("the schema and the master key fit");
        for (n, issued) in [(0, &keys[0]), (249, &keys[249])] {
            let checked = Checked::parse("sk_live_", issued.secret.expose()).expect("shaped");
            let digest = there.digests(checked).next().expect("a pepper");
            let stored = there.key_by_digest(&digest).await.expect("asked").expect("it is there");
            let ask = sallyport::key::Ask { cost: 1, ..Default::default() };
            let verdict = sallyport::key::verdict::verdict(&ask, &stored.record, there.profile(), there.now());
            assert_eq!(verdict == Verdict::Revoked, n == 0, "{verdict:?}");
        }
        assert_eq!(there.revision().await.expect("read"), from.revision().await.expect("read"));
        there.close().await;

        let error = move_to_postgres(&path, to, tools()).await.expect_err("it is not empty").to_string();
        assert!(error.contains("contains a Sallyport already"), "{error}");
        admin.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.expect("dropped");
        admin.close().await;
        from.end().await;
    }
}
