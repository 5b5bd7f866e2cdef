//! `sallyport capability-key list|replace`.

use clap::Subcommand;
use sallyport::{
    Timestamp,
    store::{CapabilityKey, Store},
    text,
};
use serde_json::json;

use super::{checked, confirm::confirm, table::table};

#[derive(Subcommand)]
pub enum CapabilityKeyCommand {
    /// List the keys that sign capability tokens, and those whose tokens may still be valid
    #[command(after_help = "Examples:
  sallyport capability-key list
  sallyport capability-key list --json")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke all of them at once and make another, after one was stolen: every capability token so far is refused
    #[command(after_help = "Example:
  sallyport capability-key replace --reason stolen")]
    Replace {
        /// Why, for the activity
        #[arg(long)]
        reason: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(store: &Store, command: CapabilityKeyCommand) -> Result<(), String> {
    match command {
        CapabilityKeyCommand::List { json } => list(store, json).await,
        CapabilityKeyCommand::Replace { reason, yes } => replace(store, &reason.unwrap_or_default(), yes).await,
    }
}

fn status(key: &CapabilityKey, now: Timestamp) -> &'static str {
    match key.until {
        Some(_) => "verifies",
        None if key.from > now => "next",
        None => "signs",
    }
}

async fn list(store: &Store, json: bool) -> Result<(), String> {
    let keys = store.capability_keys().await.map_err(|error| error.to_string())?;
    let now = store.now();
    if json {
        let keys: Vec<_> = keys
            .iter()
            .map(|key| {
                let status = status(key, now);
                json!({ "key_id": key.id, "status": status, "signs_from": key.from, "signs_until": key.until })
            })
            .collect();
        let text = serde_json::to_string_pretty(&keys).map_err(|error| error.to_string())?;
        say!("{text}");
        return Ok(());
    }
    if keys.is_empty() {
        say!("There are no keys yet. The first capability token makes one.");
        return Ok(());
    }
    let rows = keys.into_iter().map(|key| {
        let until = key.until.map_or("-".to_owned(), Timestamp::to_rfc3339);
        [key.id.clone(), key.from.to_rfc3339(), until, status(&key, now).to_owned()]
    });
    say!("{}", table(["ID", "SIGNS FROM", "UNTIL", "STATUS"], rows.collect()));
    Ok(())
}

async fn replace(store: &Store, reason: &str, yes: bool) -> Result<(), String> {
    let reason = checked(text::optional_line("reason", reason, 200))?;
    confirm("Revoke every key that signs capability tokens, and with them every token so far?", yes)?;
    let replaced = store.replace_capability_keys(&super::act(), reason).await;
    let (id, revoked) = replaced.map_err(|error| error.to_string())?;
    let keys = if revoked == 1 { "1 key was".to_owned() } else { format!("{revoked} keys were") };
    say!(
        "{keys} revoked, and {id} signs from now on. The portal refuses every capability token so far; mint them again. \
         Whoever verifies without asking does so once it has fetched /.well-known/jwks.json again."
    );
    Ok(())
}
