//! `sallyport doctor`: checks an installation, and says how to fix what it finds. It changes nothing.

mod database;
mod files;
mod finding;
mod journal;
mod network;
mod proxies;
mod redis;
mod rekey;

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::{Args, Parser};
use sallyport::{Clock, clock::SystemClock, entropy::OsEntropy, store::Location};

use super::out;
use crate::{
    config::{DataLocation, ServeArgs, Where},
    data_dir::{DataDir, key_path, new_key_path, old_key_path, profile},
};
use finding::Finding;

#[derive(Args)]
pub struct DoctorArgs {
    /// Folder of the backups: the newest file in it has to be younger than --backup-hours
    #[arg(long, value_name = "DIR")]
    backups: Option<PathBuf>,
    /// How old the newest backup may be, in hours
    #[arg(long, value_name = "HOURS", default_value_t = 26)]
    backup_hours: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The settings of `serve` that are in the environment.
#[derive(Parser)]
struct Environment {
    #[command(flatten)]
    serve: ServeArgs,
}

/// Fails if a check found something.
pub async fn run(settings: &Where, args: DoctorArgs) -> Result<(), String> {
    let findings = examine(settings, &args).await;
    let failed = findings.iter().filter(|finding| !finding.ok).count();
    if args.json {
        let all = serde_json::json!({ "ok": failed == 0, "checks": findings });
        out::say(format_args!("{all:#}"))?;
    } else {
        for finding in &findings {
            out::say(format_args!("{finding}"))?;
        }
    }
    match failed {
        0 => Ok(()),
        1 => Err("1 check found something to fix.".to_owned()),
        failed => Err(format!("{failed} checks found something to fix.")),
    }
}

async fn examine(settings: &Where, args: &DoctorArgs) -> Vec<Finding> {
    let resolved = Environment::try_parse_from(["sallyport"])
        .map_err(|error| error.to_string())
        .and_then(|environment| Ok((settings.serving(&environment.serve)?, settings.place()?)));
    let (serving, place) = match resolved {
        Ok(resolved) => resolved,
        // Nothing else can be found without them.
        Err(error) => return vec![Finding::bad("settings", error, "Correct the settings file, flag or variable.")],
    };
    let mut all = vec![Finding::good("settings", "they can be read")];
    all.push(files::data_folder(&place.data));
    all.push(match &place.master_key {
        Some(_) => Finding::good("master_key", "it is in the environment"),
        None => files::secret("master_key", &key_path(&place)),
    });
    for (name, path) in [("new_master_key", new_key_path(&place)), ("old_master_key", old_key_path(&place))] {
        if path.exists() {
            all.push(files::secret(name, &path));
        }
    }
    let secrets: Vec<_> = settings.files_with_secrets().into_iter().filter(|file| file.exists()).collect();
    all.push(files::secrets("secret_files", &secrets));
    all.push(files::disk(&place.data));
    all.push(match &args.backups {
        Some(folder) => files::backups(folder, Duration::from_secs(args.backup_hours * 3600), SystemClock.now()),
        None => Finding::good("backup", "not checked: name the folder of the backups with --backups"),
    });
    of_database(&place, &mut all).await;
    all.extend(redis::check(serving.redis.as_ref()).await);
    all.push(proxies::check(&serving));
    all.extend(network::check(&serving, profile(&place).is_ok_and(|profile| profile.credentials.https_only)).await);
    all.push(network::mail(serving.mail).await);
    all
}

async fn of_database(place: &DataLocation, all: &mut Vec<Finding>) {
    let opened = async {
        let data = DataDir::find(place).await?;
        let is_sqlite = matches!(data.location, Location::Sqlite(_));
        Ok::<_, String>((data.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await?, is_sqlite))
    };
    match opened.await {
        Ok((store, is_sqlite)) => {
            all.push(Finding::good("database", format!("{} has this version's schema", store.location())));
            all.extend(database::check(&store, is_sqlite).await);
            all.push(journal::check(place, &store).await);
            all.push(rekey::check(&store).await);
            store.close().await;
        }
        Err(error) => all.push(Finding::bad(
            "database",
            error,
            "Start it, correct `database_url`, or run `sallyport migrate` after a backup.",
        )),
    }
}
