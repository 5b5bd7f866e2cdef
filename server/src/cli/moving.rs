//! `sallyport move-to-postgres`: everything from the data folder's SQLite database to PostgreSQL.

use std::sync::Arc;

use sallyport::{clock::SystemClock, entropy::OsEntropy, store::Location};

use super::out;
use crate::{
    config::DataLocation,
    data_dir::{DataDir, ServerLock, location},
};

pub async fn run(place: &DataLocation) -> Result<(), String> {
    let to = location(place)?;
    if matches!(to, Location::Sqlite(_)) {
        return Err(
            "Where to? Name an empty PostgreSQL database with --database-url or SALLYPORT_DATABASE_URL.".to_owned()
        );
    }
    let from = DataLocation { database_url: None, ..place.clone() };
    let data = DataDir::find(&from).await?;
    // No server may write meanwhile.
    let _lock = ServerLock::take(&place.data)?;
    let moved = data.move_to_postgres(to.clone(), Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
    out::say(format_args!(
        "Moved {} rows of {} tables from {} to {to}, keys: {}, events: {}. The numbers of rows and the heads of the activity logs are \
         the same on both.\nStart the server with this --database-url and the same master key. Then put {} away: who starts a server \
         on it would accept keys that were revoked since.",
        moved.rows, moved.tables, data.location, moved.keys, moved.events, data.location
    ))
}
