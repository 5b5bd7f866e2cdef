//! The command line. Exit codes: 0 done, 1 it failed, 2 it was called wrongly.

mod backup;
mod token;

use std::{process::ExitCode, sync::Arc};

use clap::{Parser, Subcommand};
use sallyport::{
    audit::{Act, Actor},
    clock::SystemClock,
    entropy::OsEntropy,
    store::Store,
};

use crate::{
    config::{ServeArgs, Where},
    data_dir::DataDir,
    logs, serve,
};

/// A developer portal in one binary: API keys generated, verified, audited and revoked.
#[derive(Parser)]
#[command(name = "sallyport", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    place: Where,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the portal and the verifier; works in an empty folder
    Serve(Box<ServeArgs>),
    /// Bring the database up to date and end
    Migrate,
    /// Copy the database to a file, while a server runs or not; the master key is not in it
    Backup(backup::BackupArgs),
    /// Root tokens, with which backends call the API
    #[command(subcommand)]
    Token(token::TokenCommand),
}

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(mend) = called_wrongly(&cli) {
        eprintln!("sallyport: {mend}");
        return ExitCode::from(2);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => Err(format!("The runtime can't be started: {error}")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("sallyport: {message}");
            ExitCode::FAILURE
        }
    }
}

/// What clap can't see: whether a command fits the settings.
fn called_wrongly(cli: &Cli) -> Option<String> {
    match &cli.command {
        Command::Backup(args) => backup::not_for_postgres(&cli.place.place().ok()?, args),
        _ => None,
    }
}

async fn run(cli: Cli) -> Result<(), String> {
    let place = cli.place.place()?;
    match cli.command {
        Command::Serve(args) => {
            let serving = cli.place.serving(&args)?;
            logs::start(serving.log_format);
            serve::serve(&place, serving).await
        }
        Command::Migrate => {
            let data = DataDir::prepare(&place, &OsEntropy)?;
            for sentence in &data.made {
                // Not where a script reads; and a mistyped folder should be seen.
                eprintln!("{sentence}");
            }
            let store = data.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
            println!("{} is up to date.", store.location());
            store.close().await;
            Ok(())
        }
        Command::Backup(args) => backup::run(&place, args).await,
        Command::Token(command) => {
            let store = open(&cli.place).await?;
            let ended = token::run(&store, command).await;
            store.close().await;
            ended
        }
    }
}

/// The database of this machine, for whoever has a shell on it. It has to be there.
async fn open(place: &Where) -> Result<Store, String> {
    let data = DataDir::find(&place.place()?).await?;
    data.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await
}

/// Whoever has a shell acts as the command line.
fn act() -> Act {
    Act::by(Actor::CommandLine)
}
