//! Real rsyslog: the file that it writes contains each event with its hash.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

use sallyport_server::{
    config::collector::{CollectorSettings, Protocol},
    jobs::forwarding::forward,
};
use serde_json::Value;
use tempfile::TempDir;

use super::{collector, http, recorded};
use crate::{portal::TestPortal, smtp::certify};

crate::on_both_portals!(over_tcp, over_tls);

/// Its name where Debian installs it; `TEST_RSYSLOGD` names another.
const INSTALLED: &str = "/usr/sbin/rsyslogd";

struct Rsyslog {
    child: Child,
    folder: TempDir,
    settings: CollectorSettings,
}

impl Rsyslog {
    fn start(is_encrypted: bool) -> Self {
        let binary = std::env::var("TEST_RSYSLOGD").unwrap_or_else(|_| INSTALLED.to_owned());
        assert!(Path::new(&binary).exists(), "rsyslog is missing: sudo apt-get install rsyslog rsyslog-gnutls");
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (mut files, mut driver) = (String::new(), String::new());
        if is_encrypted {
            certify(folder.path(), "ca");
            files = format!(
                "DefaultNetstreamDriverCAFile=\"{}\" DefaultNetstreamDriverCertFile=\"{}\" DefaultNetstreamDriverKeyFile=\"{}\"",
                path("ca.pem"),
                path("server.pem"),
                path("server.key")
            );
            driver = "StreamDriver.Name=\"gtls\" StreamDriver.Mode=\"1\" StreamDriver.AuthMode=\"anon\"".to_owned();
        }
        let configuration = format!(
            "global(workDirectory=\"{}\" maxMessageSize=\"64k\" {files})\nmodule(load=\"imtcp\" {driver})\n\
             template(name=\"whole\" type=\"string\" string=\"%structured-data% %msg%\\n\")\n\
             input(type=\"imtcp\" address=\"127.0.0.1\" port=\"0\" listenPortFileName=\"{}\")\n\
             action(type=\"omfile\" file=\"{}\" template=\"whole\")\n",
            folder.path().display(),
            path("port"),
            path("log")
        );
        fs::write(path("rsyslog.conf"), configuration).expect("written");
        let mut command = Command::new(binary);
        command.args(["-n", "-iNONE", "-f", &path("rsyslog.conf")]);
        let child = command.spawn().expect("rsyslogd runs");
        let port = until(|| fs::read_to_string(path("port")).ok()?.trim().parse().ok());
        let authorities = is_encrypted.then(|| fs::read(path("ca.pem")).expect("an authority"));
        let settings = CollectorSettings {
            protocol: Protocol::Syslog,
            is_encrypted,
            authorities,
            token: None,
            path: String::new(),
            ..http(port)
        };
        Self { child, folder, settings }
    }

    /// Chain, number and hash of each line, as the structured data and the text say.
    fn lines(&self) -> BTreeSet<((String, i64), String)> {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let line = |line: &str| {
            let (data, text) = line.split_once("] ").expect("structured data");
            let of = |name: &str| {
                let rest = data.split_once(&format!("{name}=\"")).expect(name).1;
                rest.split('"').next().expect("a value").to_owned()
            };
            let event: Value = serde_json::from_str(text.trim()).expect("JSON");
            let told = ((of("chain"), of("seq").parse().expect("a number")), of("hash"));
            assert_eq!((event["chain"].as_str(), event["seq"].as_i64()), (Some(&*told.0.0), Some(told.0.1)));
            assert_eq!(event["hash"].as_str(), Some(&*told.1));
            told
        };
        whole.lines().filter(|text| text.contains("sallyport@")).map(line).collect()
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again, for a minute.
fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        if let Some(found) = ask() {
            return found;
        }
        std::thread::yield_now();
    }
    panic!("nothing within a minute");
}

async fn over_tcp(portal: &TestPortal) {
    arrives(portal, false).await;
}

async fn over_tls(portal: &TestPortal) {
    arrives(portal, true).await;
}

async fn arrives(portal: &TestPortal, is_encrypted: bool) {
    portal.set_up().await;
    let app = portal.app().await;
    portal.generate(&app, "Ä \u{1f600} \"]", &["read"], false).await;
    let act = portal.store.act(&portal.store.person("Grace").await);
    let org = portal.store.org(&act, "Busy").await;
    for n in 0..220 {
        portal.store.app(&act, &org, &format!("App {n}")).await;
    }
    let rsyslog = Rsyslog::start(is_encrypted);
    forward(&collector(rsyslog.settings.clone()), &portal.store).await.expect("sent");
    let expected: BTreeSet<_> = recorded(&portal.store).await.into_iter().collect();
    until(|| (rsyslog.lines() == expected).then_some(()));
    if is_encrypted {
        let other = CollectorSettings { authorities: None, ..rsyslog.settings.clone() };
        portal.org("More").await;
        forward(&collector(other), &portal.store).await.expect_err("an authority that nobody knows");
        let error = portal.store.forwarding().await.expect("read");
        assert_eq!(error, None, "no server has begun to send");
    }
}
