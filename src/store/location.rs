//! Where the data is stored, and why it could not be opened.

use std::{fmt, path::PathBuf};

use sqlx::migrate::MigrateError;

/// Where the data is stored.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    Sqlite(PathBuf),
    Postgres(String),
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without the password that a URL may contain.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "SQLite at {}", path.display()),
            Self::Postgres(url) => match shown(url) {
                Some(shown) => write!(f, "PostgreSQL at {shown}"),
                None => f.write_str("PostgreSQL"),
            },
        }
    }
}

/// Why a store could not be opened, with a suggested fix.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("This binary carries SQLite {0}, which can corrupt a database in WAL mode. Use 3.51.3 or newer.")]
    UnsafeSqlite(String),
    #[error(
        "This database was made by a newer Sallyport (it has migration {0}, which this binary does not know). \
         Start the newer binary, or restore a backup from before the update."
    )]
    NewerDatabase(i64),
    #[error(
        "This database was made by an older Sallyport (it lacks migration {0}). Make a backup and end the server that \
         runs on it; then run `sallyport migrate`, or start this binary's `sallyport serve`, which migrates too."
    )]
    OlderDatabase(i64),
    #[error("{0} contains a Sallyport already; name an empty database.")]
    NotEmpty(Location),
    #[error("The database could not be brought up to date: {0}")]
    Migrate(MigrateError),
    #[error("{0} could not be opened: {1}")]
    Unreachable(Location, String),
    #[error("{0}")]
    Store(#[from] crate::Error),
}

/// Host and database of a URL. `None` if a part of the password could be mistaken for them: one with an unescaped
/// `@`, `/`, `?` or `:`.
fn shown(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let port = if host.ends_with(']') { None } else { host.rsplit_once(':') };
    let is_port = port.is_none_or(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let path = after.split(['?', '#']).next().unwrap_or_default();
    (is_port && !after.contains('@')).then(|| format!("{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn no_part_of_a_password_is_shown() {
        for (url, said) in [
            ("postgres://ada:s3cret@db:5433/keys?sslmode=require", Some("db:5433/keys")),
            ("postgres://ada:s3cret@[::1]:5433/keys", Some("[::1]:5433/keys")),
            ("postgres://ada:s3@cret@db/keys", Some("db/keys")),
            ("postgres:///keys?host=/run/pg&password=s3cret", Some("/keys")),
            ("postgres://db/keys?password=s3cret@x", None),
            ("postgres://ada:s3/cret@db/keys", None),
            ("postgres://ada:s3?cret@db/keys", None),
            ("postgres://ada:s3#cret@db/keys", None),
            ("postgres://ada:s3cret", None),
            ("s3cret", None),
        ] {
            assert_eq!(shown(url).as_deref(), said, "{url}");
        }
    }
}
