//! Settings from flags, variables and the file: empty ones are ignored, and errors name their source.

use std::{
    path::Path,
    process::{Command, Output},
};

use crate::server::{Server, stderr, stdout};

fn sallyport(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(arguments).current_dir(folder).envs(variables.iter().copied());
    command.output().expect("the binary runs")
}

const VARIABLES: [&str; 13] = [
    "SALLYPORT_CONFIG",
    "SALLYPORT_DATA",
    "SALLYPORT_DATABASE_URL",
    "SALLYPORT_PROFILE",
    "SALLYPORT_MASTER_KEY",
    "SALLYPORT_LISTEN",
    "SALLYPORT_GRPC_LISTEN",
    "SALLYPORT_PUBLIC_URL",
    "SALLYPORT_TRUSTED_PROXIES",
    "SALLYPORT_LOG_FORMAT",
    "SALLYPORT_CACHE_KEYS",
    "SALLYPORT_LOG",
    "SALLYPORT_MAIL_PASSWORD",
];

#[test]
fn an_empty_variable_is_not_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty: Vec<_> = VARIABLES.iter().map(|name| (*name, "")).collect();
    // With all of them empty the server starts as with none.
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(folder.path()).envs(empty.iter().copied());
    let (server, said) = Server::run(command, |line| line.contains("/setup?token="));
    assert!(said.last().is_some_and(|line| line.contains(&format!("http://{}/setup", server.address))), "{said:?}");
    server.kill();
    let listed = sallyport(folder.path(), &["token", "list"], &empty);
    assert!(listed.status.success(), "{}", stderr(&listed));
    assert!(stdout(&listed).contains("There are no root tokens yet"), "in ./data, as ever");
}

#[test]
fn what_is_wrong_names_its_variable() {
    let folder = tempfile::tempdir().expect("a folder");
    for (variable, value, code, about) in [
        ("SALLYPORT_LISTEN", "3000", 1, "write it like 127.0.0.1:3000"),
        ("SALLYPORT_GRPC_LISTEN", "here", 1, "write it like 127.0.0.1:3000"),
        ("SALLYPORT_PUBLIC_URL", "keys.example.com", 1, "https://keys.example.com"),
        ("SALLYPORT_TRUSTED_PROXIES", "10.0.0.0/8,proxy", 1, "10.0.0.0/8"),
        ("SALLYPORT_DATABASE_URL", "mysql://ada:s3cret@db/keys", 1, "should begin with postgres://"),
        ("SALLYPORT_PROFILE", "none.toml", 1, "none.toml can't be read"),
        ("SALLYPORT_CONFIG", "none.toml", 1, "none.toml can't be read"),
        ("SALLYPORT_MASTER_KEY", "s3cret", 1, "32 bytes in base64"),
        ("SALLYPORT_LOG", "infoo", 1, "names no level"),
        ("SALLYPORT_LOG_FORMAT", "xml", 2, "invalid value"),
        ("SALLYPORT_CACHE_KEYS", "many", 2, "invalid value"),
    ] {
        let free: &[_] =
            if variable == "SALLYPORT_LISTEN" { &["serve"] } else { &["serve", "--listen", "127.0.0.1:0"] };
        let refused = sallyport(folder.path(), free, &[(variable, value)]);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(code), "{variable}: {said}");
        assert!(said.contains(about) && said.contains(variable), "{variable}: {said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    let refused = sallyport(folder.path(), &["serve", "--cache-keys", "many"], &[("SALLYPORT_CACHE_KEYS", "5")]);
    assert!(!stderr(&refused).contains("SALLYPORT_CACHE_KEYS"), "the flag was wrong: {}", stderr(&refused));
    let refused = sallyport(folder.path(), &["serve", "--listen", "3000"], &[("SALLYPORT_LISTEN", "127.0.0.1:0")]);
    assert!(stderr(&refused).contains("It is set by --listen."), "{}", stderr(&refused));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing was made");
}

#[test]
fn an_error_in_the_file_has_its_position() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("sallyport.toml"), "# Ours\ndatbase_url = \"postgres://ada:s3cret@db/keys\"\n")
        .expect("written");
    for command in ["serve", "migrate"] {
        let refused = sallyport(folder.path(), &[command], &[]);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains("sallyport.toml is wrong: line 2, column 1: unknown field `datbase_url`"), "{said}");
        assert!(!said.contains("s3cret") && !said.contains("ada"), "{said}");
    }
}

#[test]
fn mail_that_can_not_be_sent_safely_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let [config, other] = ["sallyport.toml", "other.pem"].map(|name| folder.path().join(name));
    std::fs::write(&other, "no certificate").expect("written");
    let section = "[mail]\nserver = \"smtp.example.com\"\nfrom = \"keys@example.com\"\n";
    for (more, about) in [
        ("tls = \"none\"".to_owned(), "`tls` in [mail]: \"none\" would send links to accounts in plain text"),
        ("user = \"sallyport\"".to_owned(), "set SALLYPORT_MAIL_PASSWORD, or `password_file` in [mail]"),
        (format!("ca_file = {other:?}"), "`ca_file` in [mail] should contain certificates in PEM"),
        ("password = \"s3cret\"".to_owned(), "unknown field `password`"),
    ] {
        std::fs::write(&config, format!("{section}{more}\n")).expect("written");
        let refused = sallyport(folder.path(), &["serve", "--listen", "127.0.0.1:0"], &[]);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(1), "{more}: {said}");
        assert!(said.contains(about) && !said.contains("s3cret"), "{more}: {said}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
}
