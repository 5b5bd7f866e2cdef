//! For scripts/bench: many keys in one app of a portal. Their digests are real, and their secrets go into a file, a line
//! each, so that they can be asked about.
//!
//! `seed DATA_FOLDER EMAIL APP_ID COUNT FILE`; on PostgreSQL with `SALLYPORT_DATABASE_URL`.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
    sync::Arc,
};

use sallyport::{
    audit::{Act, Actor, Credential},
    clock::SystemClock,
    entropy::OsEntropy,
    id::AppId,
    key::{NewKey, new::KeyInput},
};
use sallyport_server::{config::DataLocation, data_dir::DataDir};

/// Few enough that a server on the same database is kept waiting for a moment alone.
const BATCH: usize = 10_000;

#[tokio::main]
async fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, email, app, count, file] = arguments.as_slice() else {
        return Err("usage: seed DATA_FOLDER EMAIL APP_ID COUNT FILE".to_owned());
    };
    let count: usize = count.parse().map_err(|_| format!("{count:?} is not a number."))?;
    let app = AppId::parse(app).ok_or_else(|| format!("{app:?} is not the id of an app."))?;
    let file = File::create(file).map_err(|error| format!("{file}: {error}"))?;
    seed(data.into(), email, &app, count, BufWriter::new(file)).await
}

async fn seed(data: PathBuf, email: &str, app: &AppId, count: usize, mut file: impl Write) -> Result<(), String> {
    let database_url = std::env::var("SALLYPORT_DATABASE_URL").ok();
    let place = DataLocation { data, database_url, ..DataLocation::default() };
    let store = DataDir::find(&place).await?.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
    let said = |error: sallyport::Error| error.to_string();
    let (user, _) = store.user_to_sign_in(email).await.map_err(said)?.ok_or("Nobody has this e-mail.")?;
    let app = store.find(&user.id, app).await.map_err(said)?.ok_or("They see no such app.")?;
    let act = Act::by(Actor::User { id: user.id.clone(), name: user.name.clone(), credential: Credential::None });

    let mut left = count;
    while left > 0 {
        let batch = left.min(BATCH);
        let label = format!("Device {left}");
        let input = KeyInput { label: &label, environment: "production", scopes: vec!["read"], ..KeyInput::default() };
        let new = NewKey::check(&input, store.profile(), store.now()).map_err(|invalid| invalid.to_string())?;
        for secret in store.issue_many(&act, &app, &new, batch).await.map_err(said)? {
            writeln!(file, "{}", secret.expose()).map_err(|error| error.to_string())?;
        }
        left -= batch;
    }
    store.close().await;
    file.flush().map_err(|error| error.to_string())
}
