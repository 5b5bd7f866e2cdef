//! A PostgreSQL that hangs: the server still shuts down.

mod postgres {
    use std::{
        process::Command,
        time::{Duration, Instant},
    };

    use sallyport::{
        store::Location,
        testing::{Proxy, TestStore},
    };

    use crate::server::Server;

    /// Orchestrators kill after thirty seconds.
    const SOON: Duration = Duration::from_secs(25);

    #[tokio::test(flavor = "multi_thread")]
    async fn sigterm_ends_the_server() {
        let store = TestStore::postgres().await;
        let Location::Postgres(url) = store.location().clone() else { panic!("PostgreSQL") };
        let (proxy, url) = Proxy::before(&url);
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("made");
        let key = data.join("master.key");
        std::fs::write(&key, TestStore::master_key()).expect("written");
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
        let (mut server, _) = Server::start_with(&data, &["--database-url", &url], |_| true);
        assert!(server.ask("GET", "/readyz", &[], "").expect("answered").starts_with("HTTP/1.1 200"));
        proxy.stop();
        let asked = Instant::now();
        assert!(server.ask("GET", "/readyz", &[], "").expect("answered").starts_with("HTTP/1.1 503"));
        assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
        let asked = Instant::now();
        Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().expect("sent");
        let ended = loop {
            if let Some(status) = server.child.try_wait().expect("asked") {
                break status;
            }
            assert!(asked.elapsed() < SOON, "still there");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(ended.success(), "{ended}");
        store.end().await;
    }
}
