//! For scripts/bench: counts of usage of the last thirty days, as verifications leave them: for keys of an app until there are
//! that many rows, and for the app and its organization.
//!
//! `fill_usage DATA_FOLDER APP_ID ROWS HOURS`: with so many hours of each key, up to 720.

use std::sync::Arc;

use sallyport::{clock::SystemClock, entropy::OsEntropy, id::AppId};
use sallyport_server::{config::DataLocation, data_dir::DataDir};

#[tokio::main]
async fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, app, rows, hours] = arguments.as_slice() else {
        return Err("usage: fill_usage DATA_FOLDER APP_ID ROWS HOURS".to_owned());
    };
    let number = |text: &String| text.parse::<i64>().map_err(|_| format!("{text:?} is not a number."));
    let (rows, hours) = (number(rows)?, number(hours)?);
    let app = AppId::parse(app).ok_or_else(|| format!("{app:?} is not the id of an app."))?;
    let place = DataLocation { data: data.into(), ..DataLocation::default() };
    let store = DataDir::find(&place).await?.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
    let written = store.fill_usage(&app, rows, hours).await.map_err(|error| error.to_string())?;
    println!("{written}");
    store.close().await;
    Ok(())
}
