//! What errors of the database mean.

use crate::Error;

const NO_CONNECTION: &str = "no connection to the database was free or could be made in time; it may be down, or give \
    out as many as it allows (PostgreSQL's max_connections, or a limit of the role or the database)";

/// Shown if PostgreSQL ended the transaction because of a deadlock.
pub(super) const TANGLED: &str = "Another request changed the same data at the same time; try again.";

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        // The parent was deleted.
        if error.as_database_error().is_some_and(|error| error.is_foreign_key_violation()) {
            return Self::NotFound;
        }
        if error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "40P01") {
            return Self::Busy(TANGLED);
        }
        // The pool has no reason: it retries connections until its timeout.
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Unavailable(NO_CONNECTION.to_owned());
        }
        Self::Unavailable(error.to_string())
    }
}

/// Whether a unique constraint was violated. PostgreSQL reports its name, SQLite the columns.
pub(super) fn is_taken(error: &sqlx::Error, constraint: &str, column: &str) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.is_unique_violation() && (error.constraint() == Some(constraint) || error.message().contains(column))
    })
}
