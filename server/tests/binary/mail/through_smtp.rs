//! `kill -9` while mail is sent: none is lost, and each kill repeats at most one. The link of a mail is in no log.

mod notices;

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use sallyport::{Clock, clock::SystemClock, mail::QUEUE, store::Location, testing::TestStore};

use crate::{
    server::{PASSWORD, Server, stderr, stdout},
    smtp::{Setup, Smtp},
};

sallyport::on_both_databases!(kills_lose_no_mail);

/// How often the server is killed; `scripts/soak` sets more.
fn kills() -> usize {
    std::env::var("SALLYPORT_MAIL_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

/// Mails that are caused before each kill.
const EACH: usize = 3;

fn start(store: &TestStore, data: &Path, config: &Path) -> Server {
    let mut arguments = vec!["--config", config.to_str().expect("text")];
    if let Location::Postgres(url) = store.location() {
        arguments.extend(["--database-url", url]);
    }
    Server::start_with(data, &arguments, |_| true).0
}

fn sallyport(data: &Path, config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(arguments).arg("--data").arg(data).arg("--config").arg(config);
    command.output().expect("the binary runs")
}

async fn kills_lose_no_mail(store: &TestStore) {
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
    let mut server = start(store, &data, &config);
    server.set_up();
    let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
    for kill in 0..kills() {
        for _ in 0..EACH {
            // A browser without a device cookie: each sign-in is one of an unknown browser.
            let form = [("email", "ada@example.com"), ("password", PASSWORD)];
            let answer = server.form("/sign-in", &form).expect("answered");
            assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        }
        // In the middle of the first, second or third.
        for _ in 0..=kill % EACH {
            *arrived.entry(smtp.next().await.headers["message-id"].clone()).or_default() += 1;
        }
        server.kill();
        release(store).await;
        server = start(store, &data, &config);
    }
    while arrived.len() < kills() * EACH {
        *arrived.entry(smtp.next().await.headers["message-id"].clone()).or_default() += 1;
    }
    server.kill();
    for mail in smtp.rest() {
        *arrived.entry(mail.headers["message-id"].clone()).or_default() += 1;
    }
    assert_eq!(arrived.len(), kills() * EACH, "one for each sign-in");
    let repeated: usize = arrived.values().map(|count| count - 1).sum();
    assert!(repeated <= kills(), "{repeated} repetitions after {} kills", kills());
}

/// As a minute later: the lease of the mail that was being sent has expired.
async fn release(store: &TestStore) {
    let (later, lease) = (SystemClock.now() + Duration::from_secs(61), Duration::from_secs(60));
    store.clock.turn(later.since(store.now()));
    let mut leased = Vec::new();
    while let Some(job) = store.lease_job(QUEUE, lease).await.expect("asked") {
        leased.push(job);
    }
    for job in leased {
        assert!(store.hand_back_job(&job).await.expect("written"));
    }
}

#[tokio::test]
async fn a_link_works_and_is_in_no_log() {
    let mut smtp = Smtp::start(Setup { tls: Some("starttls"), signs_in: true, ..Setup::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let (data, config, log) =
        (folder.path().join("data"), folder.path().join("sallyport.toml"), folder.path().join("log"));
    std::fs::write(&config, smtp.section()).expect("written");
    let config_text = config.to_str().expect("text").to_owned();
    let mut server = Server::start_logged_with(&data, &["--config", &config_text], &log);
    server.set_up();
    let answer = server.form("/reset", &[("email", "ada@example.com")]).expect("answered");
    assert!(answer.contains("location: /reset?sent=1"), "{answer}");
    let mail = smtp.next().await;
    assert_eq!(mail.headers["subject"], "Reset your password for Sallyport");
    let link = mail.link("/reset/");
    assert!(mail.html.contains(&format!("href=\"{link}\"")), "{}", mail.html);
    let path = link.strip_prefix(&format!("http://{}", server.address)).expect("of this portal");
    let page = server.ask("GET", path, &[], "").expect("answered");
    assert!(page.contains("For ada@example.com.") && page.contains("referrer-policy: strict-origin"), "{page}");
    let new = "walls have small doors";
    let done = server.form(path, &[("new_password", new)]).expect("answered");
    assert!(done.contains("location: /sign-in?reset=1"), "{done}");
    assert_eq!(smtp.next().await.headers["subject"], "Your password was changed");
    server.sign_in_as("ada@example.com", new);
    let token = path.trim_start_matches("/reset/").rsplit('.').next().expect("a hash").to_owned();

    // An operator's link, for the same person.
    let made = sallyport(
        &data,
        &config,
        &["user", "reset-link", "ada@example.com", "--public-url", "https://keys.example.com"],
    );
    let printed = stdout(&made).trim().to_owned();
    assert!(made.status.success() && printed.starts_with("https://keys.example.com/reset/rst_"), "{}", stderr(&made));
    let path = printed.trim_start_matches("https://keys.example.com");
    assert!(server.ask("GET", path, &[], "").expect("answered").starts_with("HTTP/1.1 200"));
    let other = path.rsplit('.').next().expect("a hash").to_owned();
    server.kill();
    let log = std::fs::read_to_string(&log).expect("a log");
    assert!(log.contains("/reset/…") && log.contains("a mail was sent"), "{log}");
    assert!(!log.contains(&token) && !log.contains(&other), "{log}");
    for file in std::fs::read_dir(&data).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains(&token), "{}", file.display());
    }
}

#[test]
fn the_settings_are_tried_step_by_step() {
    let smtp = Smtp::start(Setup { tls: Some("starttls"), signs_in: true, ..Setup::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let (data, config) = (folder.path().join("data"), folder.path().join("sallyport.toml"));
    let test = |section: &str, address: &str| {
        std::fs::write(&config, section).expect("written");
        let output = sallyport(&data, &config, &["mail", "test", address]);
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let section = smtp.section();
    let (code, said, steps) = test(&section, "ada@example.com");
    assert_eq!(code, Some(0), "{said}{steps}");
    assert!(
        said.contains("Sending a mail from Focus Keys <keys@example.com> to ada@example.com over 127.0.0.1:"),
        "{said}"
    );
    assert!(said.ends_with("Sent. The server said: 250 2.0.0 Taken\n"), "{said}");
    assert!(
        steps.contains("The connection is encrypted") && steps.contains("accepted user name and password"),
        "{steps}"
    );
    for (section, address, about, fix) in [
        (
            section.clone(),
            "refused@example.com",
            "did not take the mail: 550 5.1.1 No such mailbox here.",
            "Check the address",
        ),
        (section.clone(), "later@example.com", "451 4.7.1 Greylisted", "may accept it later"),
        (
            section.replace("user = \"sallyport\"", "user = \"other\""),
            "ada@example.com",
            "refused the sign-in: 535",
            "`user`",
        ),
        (
            section.replace("ca.pem", "other.pem"),
            "ada@example.com",
            "can't be encrypted: invalid peer certificate",
            "`ca_file`",
        ),
        (section.replace("tls = \"starttls\"", "tls = \"tls\""), "ada@example.com", "can't be encrypted", "`tls`"),
        (
            section.replace(&smtp.port.to_string(), "1"),
            "ada@example.com",
            "can't be reached: Connection refused",
            "`port`",
        ),
        (String::new(), "ada@example.com", "Mail is off: the settings file has no [mail].", "docs/sallyport.toml"),
    ] {
        let (code, _, said) = test(&section, address);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(about) && said.contains(fix), "{about}: {said}");
        assert!(!said.contains("the password of the mail server"), "{said}");
    }
    let (code, _, said) = test(&section, "ada");
    assert!(code == Some(2) && said.contains("Write it like ada@example.com."), "{said}");
    assert!(!data.exists(), "nothing was made");
}
