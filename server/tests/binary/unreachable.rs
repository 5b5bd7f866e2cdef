//! A PostgreSQL that can't be used: the error is shown without the password.

use std::net::TcpListener;

use crate::server::{sallyport, stderr};

/// The error of `migrate` for a database that can't be used.
fn refusal(url: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = sallyport(&folder.path().join("data"), &["migrate", "--database-url", url]);
    assert_eq!(ended.status.code(), Some(1), "{}", stderr(&ended));
    stderr(&ended)
}

#[test]
fn nothing_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let said = refusal(&format!("postgres://ada:s3cret@{address}/keys"));
    assert!(
        said.contains(&format!("PostgreSQL at {address}/keys could not be opened: nothing listens there")),
        "{said}"
    );
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
fn something_else_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    // Accepts, and ends the connection at once.
    let other = std::thread::spawn(move || drop(listener.accept()));
    let said = refusal(&format!("postgres://ada:s3cret@{address}/keys?sslmode=disable"));
    assert!(said.contains("could not be opened") && !said.contains("pool timed out"), "{said}");
    other.join().expect("it was asked");
}

mod postgres {
    use super::*;

    fn server() -> String {
        std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL names a PostgreSQL; see scripts/with-postgres")
    }

    #[test]
    fn a_database_that_is_not_there_is_named() {
        let url = server();
        let (base, _) = url.rsplit_once('/').expect("the URL ends with a database");
        let said = refusal(&format!("{base}/no_such_database"));
        assert!(said.contains("\"no_such_database\" does not exist") && said.contains("createdb"), "{said}");
    }

    /// Whether it asks for a password depends on the server: both are refusals.
    #[test]
    fn a_user_that_is_not_there_is_refused() {
        let url = server();
        let (_, host) = url.rsplit_once('@').expect("the URL names a user");
        let said = refusal(&format!("postgres://no_such_user:s3cret@{host}"));
        assert!(said.contains("no_such_user") && !said.contains("s3cret"), "{said}");
        assert!(said.contains("does not let this user in") || said.contains("user or password is wrong"), "{said}");
    }

    #[test]
    fn an_empty_database_is_not_filled_by_a_command() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = server();
        let ended = sallyport(folder.path(), &["token", "list", "--database-url", &url]);
        assert_eq!(ended.status.code(), Some(1));
        assert!(stderr(&ended).contains("There is no Sallyport database yet"), "{}", stderr(&ended));
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing was made");
    }
}
