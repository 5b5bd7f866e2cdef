//! `sallyport rekey`: replaces the master key. What was done is in the database and the files, so that it can be run again after
//! it was interrupted at any point.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use sallyport::{
    Error,
    clock::SystemClock,
    entropy::OsEntropy,
    store::{KnownMasterKey, Location, MasterKeyState, Store},
    vault::{Fingerprint, MasterKey},
};

use super::{act, said};
use crate::{
    config::{DataLocation, Where},
    data_dir::{
        DataDir, ServerLock, key_path, new_key_path, old_key_path, put_new_key, read_key, read_keys, would_lose_a_key,
        write_whole,
    },
};

#[derive(Args)]
pub struct RekeyArgs {
    /// Remove the master key of before, when nothing is sealed with it any more: links and cookies of before end
    #[arg(long)]
    remove_old: bool,
    /// Replace the pepper of all digests instead: a secret is digested with the new one when it is used next
    #[arg(long, conflicts_with = "remove_old")]
    pepper: bool,
}

/// How long running servers have to read the new key.
const WAIT: Duration = Duration::from_secs(15);
/// When it is looked whether a server runs at all.
const LOOK: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(200);

pub async fn run(settings: &Where, args: &RekeyArgs) -> Result<(), String> {
    let place = settings.place()?;
    let store = DataDir::find(&place).await?.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
    let ended = match args {
        RekeyArgs { remove_old: true, .. } => remove_old(&place, &store).await,
        RekeyArgs { pepper: true, .. } => pepper(&place, &store).await,
        _ => replace(&place, &store).await,
    };
    store.close().await;
    ended
}

fn in_state(known: &[KnownMasterKey], state: MasterKeyState) -> Option<Fingerprint> {
    known.iter().find(|key| key.state == state).map(|key| key.fingerprint)
}

/// Whether nothing is sealed with a key any more.
fn is_replaced(known: &[KnownMasterKey], key: Fingerprint) -> bool {
    let is_done = |state| matches!(state, MasterKeyState::Retired | MasterKeyState::Removed);
    known.iter().any(|known| known.fingerprint == key && is_done(known.state))
}

async fn replace(place: &DataLocation, store: &Store) -> Result<(), String> {
    let known = store.master_keys().await.map_err(said)?;
    let current = in_state(&known, MasterKeyState::Current).ok_or("The database names no master key that seals.")?;
    let sealing = if in_state(&known, MasterKeyState::Retiring).is_some() {
        note!("The master key {current} seals already; what is left of the one of before is sealed again.");
        current
    } else {
        match next_key(place, &known, current)? {
            // Only the files of this machine are left.
            None => current,
            Some(new) => {
                store.announce_master_key(&act(), new).await.map_err(said)?;
                wait_for_servers(place, store, async || store.servers_without(new).await)
                    .await
                    .map_err(|lacking| lacks(place, &lacking))?;
                store.change_master_key(&act(), new).await.map_err(said)?;
                new
            }
        }
    };
    let progress = |table, sealed| {
        if sealed > 0 {
            note!("{table}: {sealed}");
        }
    };
    let count = store.seal_all_again(&act(), progress).await.map_err(said)?;
    store.retire_master_keys(&act()).await.map_err(said)?;
    if place.master_key.is_some() {
        say!(
            "Everything is sealed with the master key {sealing} ({count} values by this command). The one of before, \
             SALLYPORT_MASTER_KEY_OLD, still opens links and cookies; end that with: sallyport rekey --remove-old"
        );
        return Ok(());
    }
    put_away(place, sealing)?;
    say!(
        "Everything is sealed with the master key {sealing}, which is in {} ({count} values by this command). Store a copy of \
         it now, and keep the one of before as long as you keep backups from before. It is in {}, and still opens links and \
         cookies; end that with: sallyport rekey --remove-old",
        key_path(place).display(),
        old_key_path(place).display()
    );
    Ok(())
}

fn print_of(path: &Path) -> Result<Option<Fingerprint>, String> {
    Ok(read_key(path)?.map(|key| key.fingerprint()))
}

/// The key that is to seal; `None` if it does so already. Made if it is not there.
fn next_key(
    place: &DataLocation,
    known: &[KnownMasterKey],
    current: Fingerprint,
) -> Result<Option<Fingerprint>, String> {
    if place.master_key.is_some() {
        let first = read_keys(place)?.first().map(MasterKey::fingerprint);
        return first.filter(|first| *first != current).map(Some).ok_or_else(|| {
            format!(
                "SALLYPORT_MASTER_KEY is the master key that seals already ({current}). Put it into \
                 SALLYPORT_MASTER_KEY_OLD and a new one (openssl rand -base64 32) into SALLYPORT_MASTER_KEY, restart every \
                 server with both, and run this again."
            )
        });
    }
    let (key, new, old) = (key_path(place), new_key_path(place), old_key_path(place));
    if let Some(print) = print_of(&new)? {
        if would_lose_a_key(place)? {
            return Err(in_the_way(place, current, print_of(&old)?));
        }
        return Ok(Some(print).filter(|print| *print != current));
    }
    // An older backup was restored, or the new key was put there by hand.
    if let Some(print) = print_of(&key)?.filter(|print| *print != current) {
        return Ok(Some(print));
    }
    if let Some(print) = print_of(&old)? {
        // What was interrupted may have been complete.
        note!(
            "{} is still there. To replace the master key again, remove it first: sallyport rekey --remove-old",
            old.display()
        );
        return match is_replaced(known, print) {
            true => Ok(None),
            false => {
                Err(format!("The database does not know the master key {print} as one of before. Nothing was changed."))
            }
        };
    }
    let minted = MasterKey::mint(&OsEntropy);
    write_whole(&new, &minted.expose()).map_err(|error| format!("{} can't be written: {error}", new.display()))?;
    note!("Made the master key {} in {}.", minted.fingerprint(), new.display());
    Ok(Some(minted.fingerprint()))
}

/// There are three different keys in the files, and two places for them. Which one is not needed now says the database.
fn in_the_way(place: &DataLocation, current: Fingerprint, before: Option<Fingerprint>) -> String {
    let (key, new, old) = (key_path(place), new_key_path(place), old_key_path(place));
    // An older backup was restored: the one of before seals, and the one of today takes over again.
    let away = if before == Some(current) { new } else { old };
    format!(
        "{} is still there, so that the master key in {} would be lost. Move {} to where you keep your keys, and run \
         `sallyport rekey` again. Nothing was changed.",
        old_key_path(place).display(),
        key.display(),
        away.display()
    )
}

/// No server may meet what it can't open. Fails with those that don't have what is new.
async fn wait_for_servers(
    place: &DataLocation,
    store: &Store,
    lacking: impl AsyncFn() -> Result<Vec<String>, Error>,
) -> Result<(), Vec<String>> {
    let begun = Instant::now();
    loop {
        let lacking = lacking().await.map_err(|error| vec![said(error)])?;
        if lacking.is_empty() {
            return Ok(());
        }
        let waited = begun.elapsed();
        let is_sqlite = matches!(store.location(), Location::Sqlite(_));
        if is_sqlite && waited > LOOK && ServerLock::take(&place.data).is_ok() {
            return Ok(());
        }
        if waited > WAIT {
            return Err(lacking);
        }
        tokio::time::sleep(POLL).await;
    }
}

fn lacks(place: &DataLocation, lacking: &[String]) -> String {
    let how = if place.master_key.is_some() {
        "Restart each with the new key in SALLYPORT_MASTER_KEY and the one of before in SALLYPORT_MASTER_KEY_OLD"
            .to_owned()
    } else {
        let new = new_key_path(place);
        let new = if new.exists() { new } else { key_path(place) };
        format!(
            "Copy {} to the data folder of each, as master.key.new with mode 600, owned by its user: it is read without a \
             restart. A server with SALLYPORT_MASTER_KEY in its environment has to be restarted with both keys",
            new.display()
        )
    };
    format!(
        "Nothing was changed: these servers do not have the new master key yet: {}. {how}. Then run `sallyport rekey` again.",
        lacking.join(", ")
    )
}

/// The new key takes its place among the files.
fn put_away(place: &DataLocation, sealing: Fingerprint) -> Result<(), String> {
    if print_of(&new_key_path(place))? != Some(sealing) {
        return Ok(());
    }
    let failed = |error: std::io::Error| {
        format!("The files of the master keys can't be renamed: {error}. Run `sallyport rekey` again.")
    };
    put_new_key(place).map_err(failed)
}

async fn pepper(place: &DataLocation, store: &Store) -> Result<(), String> {
    let status = store.pepper_status().await.map_err(said)?;
    if let Some((version, needed)) = &status.retired {
        if !store.drop_retired_pepper().await.map_err(said)? {
            let needed: Vec<_> = needed.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            return Err(format!(
                "The pepper of before ({version}) is needed until these were used, revoked or have expired: {}. Nothing was \
                 changed.",
                needed.join(", ")
            ));
        }
        note!("Dropped the pepper {version}.");
    }
    let version = store.make_pepper(&act()).await.map_err(said)?;
    let lacking = wait_for_servers(place, store, async || store.servers_without_pepper(version).await).await;
    lacking.map_err(|lacking| {
        format!(
            "Nothing was changed: these servers have not read the new pepper yet: {}. Run `sallyport rekey --pepper` again.",
            lacking.join(", ")
        )
    })?;
    store.use_pepper(&act(), version).await.map_err(said)?;
    say!(
        "New secrets are digested with the pepper {version} from now on, and others when they are used next. The one of before \
         is dropped once no active secret needs it."
    );
    Ok(())
}

async fn remove_old(place: &DataLocation, store: &Store) -> Result<(), String> {
    let known = store.master_keys().await.map_err(said)?;
    let files = place.master_key.is_none();
    if in_state(&known, MasterKeyState::Retiring).is_some() || (files && new_key_path(place).exists()) {
        return Err("The master key is still being replaced. Complete that first: sallyport rekey".to_owned());
    }
    let old = old_key_path(place);
    let print = if files { print_of(&old)? } else { None };
    if let Some(print) = print.filter(|print| !is_replaced(&known, *print)) {
        return Err(format!(
            "The master key {print} in {} is needed, or was never one of this database. Nothing was removed.",
            old.display()
        ));
    }
    let removed = store.remove_master_keys(&act()).await.map_err(said)?;
    if print.is_some() {
        fs::remove_file(&old).map_err(|error| format!("{} can't be removed: {error}", old.display()))?;
        say!("Removed {}.", old.display());
    }
    if removed.is_empty() && print.is_none() {
        say!("There is no master key of before.");
    }
    if !removed.is_empty() {
        say!("Servers forget the master key {} within seconds.", removed.join(", "));
    }
    if place.old_master_key.is_some() {
        say!("Take SALLYPORT_MASTER_KEY_OLD out of the environment of every server.");
    }
    Ok(())
}
