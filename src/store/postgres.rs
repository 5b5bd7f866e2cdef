//! Connecting to PostgreSQL: a first connection outside the pool reports at once why it failed. A pool retries until
//! its timeout, and then has no reason.

use std::{
    io::ErrorKind,
    str::FromStr,
    time::{Duration, Instant},
};

use sqlx::{AnyConnection, Connection, Row, any::AnyConnectOptions};

use super::{
    connector::install_drivers,
    location::{Location, OpenError},
};

/// For hosts that drop packets, usually a firewall, and never respond.
const PATIENCE: Duration = Duration::from_secs(5);

/// PostgreSQL is starting up: worth waiting for.
const STARTING: &str = "57P03";
const STARTS: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(200);

/// Returns why the database can't be reached, if it can't.
pub(super) async fn reach(location: &Location, options: &AnyConnectOptions) -> Result<(), OpenError> {
    match connect(options).await {
        Ok(connection) => {
            let _ = connection.close().await;
            Ok(())
        }
        Err(Refusal::Starting) => Ok(()),
        Err(Refusal::Because(why)) => Err(OpenError::Unreachable(location.clone(), why)),
    }
}

/// Whether a migration of Sallyport was ever run there.
pub(super) async fn is_made(location: &Location, url: &str) -> Result<bool, OpenError> {
    install_drivers();
    let unreachable = |why: String| OpenError::Unreachable(location.clone(), why);
    let options = AnyConnectOptions::from_str(url).map_err(|error| unreachable(error.to_string()))?;
    let mut connection = started(&options).await.map_err(unreachable)?;
    let asked = sqlx::query("SELECT CASE WHEN to_regclass('_sqlx_migrations') IS NULL THEN 0 ELSE 1 END AS made")
        .fetch_one(&mut connection)
        .await
        .and_then(|row| row.try_get::<i32, _>("made"));
    let _ = connection.close().await;
    asked.map(|made| made == 1).map_err(|error| unreachable(error.to_string()))
}

/// A connection, once PostgreSQL has started.
async fn started(options: &AnyConnectOptions) -> Result<AnyConnection, String> {
    let begun = Instant::now();
    loop {
        match connect(options).await {
            Ok(connection) => return Ok(connection),
            Err(Refusal::Starting) if begun.elapsed() < STARTS => tokio::time::sleep(AGAIN).await,
            Err(Refusal::Starting) => return Err("it is still starting; try again in a moment".to_owned()),
            Err(Refusal::Because(why)) => return Err(why),
        }
    }
}

enum Refusal {
    Starting,
    Because(String),
}

async fn connect(options: &AnyConnectOptions) -> Result<AnyConnection, Refusal> {
    match tokio::time::timeout(PATIENCE, AnyConnection::connect_with(options)).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => match error.as_database_error().and_then(|error| error.code()).as_deref() {
            Some(STARTING) => Err(Refusal::Starting),
            code => Err(Refusal::Because(why(&error, code))),
        },
        Err(_) => Err(Refusal::Because(format!(
            "nothing answered for {} seconds. Are host and port right, and does a firewall let them through?",
            PATIENCE.as_secs()
        ))),
    }
}

/// The reason, with a suggested fix if there is one.
fn why(error: &sqlx::Error, code: Option<&str>) -> String {
    let said = error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    match (error, code) {
        (sqlx::Error::Io(io), _) if io.kind() == ErrorKind::ConnectionRefused => {
            "nothing listens there. Is PostgreSQL running, and are host and port right?".to_owned()
        }
        (sqlx::Error::Io(io), _) if io.to_string().contains("lookup") => {
            format!("the host is not known ({io}). Is its name right?")
        }
        (_, Some("28P01")) => format!("user or password is wrong ({said})."),
        (_, Some("28000")) => format!("PostgreSQL does not let this user in ({said}). See its pg_hba.conf."),
        (_, Some("3D000")) => format!("{said}. Make it with createdb, or name another."),
        (sqlx::Error::Tls(_), _) => format!(
            "{said}. Off this machine TLS is asked for, unless the URL ends with ?sslmode=disable: then passwords and \
             data go over the network as they are."
        ),
        _ => said,
    }
}
