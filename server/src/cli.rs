//! The command line. Exit codes: 0 done, 1 it failed, 2 it was called wrongly.

mod backup;
mod member;
mod profile;
mod prompt;
mod token;
mod user;

use std::{process::ExitCode, sync::Arc};

use clap::{Parser, Subcommand};
use sallyport::{
    Error, Invalid,
    audit::{Act, Actor},
    clock::SystemClock,
    entropy::OsEntropy,
    store::Store,
    user::{Account, check_email},
};

use crate::{
    config::{ServeArgs, Where},
    data_dir::{DataDir, ServerLock},
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
    /// People who sign in
    #[command(subcommand)]
    User(user::UserCommand),
    /// Profiles: what keys are like in a deployment
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    /// Who belongs to an organization
    #[command(subcommand)]
    Member(member::MemberCommand),
}

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(mend) = called_wrongly(&cli) {
        eprintln!("sallyport: {mend}");
        return ExitCode::from(2);
    }
    if let Command::Profile(command) = &cli.command {
        // It needs neither settings nor data.
        return profile::run(command);
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
            // A server would judge by a schema that changes under it.
            let _lock = ServerLock::take(&place.data)?;
            let store = data.open_and_migrate(Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
            println!("{} is up to date.", store.location());
            store.close().await;
            Ok(())
        }
        Command::Profile(_) => Ok(()),
        Command::Backup(args) => backup::run(&place, args).await,
        Command::Token(command) => {
            let store = open(&cli.place).await?;
            let ended = token::run(&store, command).await;
            store.close().await;
            ended
        }
        Command::User(command) => {
            let store = open(&cli.place).await?;
            let ended = user::run(&store, command).await;
            store.close().await;
            ended
        }
        Command::Member(command) => {
            let store = open(&cli.place).await?;
            let ended = member::run(&store, command).await;
            store.close().await;
            ended
        }
    }
}

/// The database of this machine, for whoever has a shell on it. It has to be there, and of this version.
async fn open(place: &Where) -> Result<Store, String> {
    let data = DataDir::find(&place.place()?).await?;
    data.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await
}

/// What the domain refused, for a terminal: the sentences alone, as there are no fields to put them beside.
fn said(error: Error) -> String {
    match error {
        Error::Invalid(Invalid(errors)) => errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

/// An argument that the domain checks; what is wrong with it is a wrong call.
fn checked<T>(result: Result<T, Invalid>) -> Result<T, String> {
    result.map_err(|invalid| said(invalid.into()))
}

fn email(text: &str) -> Result<String, String> {
    checked(check_email(text))
}

/// The account of that e-mail address.
async fn account(store: &Store, email: &str) -> Result<Account, String> {
    let account = store.account_by_email(email).await.map_err(said)?;
    account.ok_or_else(|| format!("Nobody has the e-mail address {email}. See who is there: sallyport user list"))
}

/// Whoever has a shell acts as the command line.
fn act() -> Act {
    Act::by(Actor::CommandLine)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    const README: &str = include_str!("../../README.md");

    /// The lines of the table under a heading.
    fn table(heading: &str) -> Vec<&'static str> {
        let (_, after) = README.split_once(&format!("\n## {heading}\n")).expect("the heading is there");
        let section = after.split("\n## ").next().unwrap_or_default();
        section.lines().filter(|line| line.starts_with("| ")).collect()
    }

    #[test]
    fn the_readme_tells_each_setting() {
        let cli = Cli::command();
        let serve = cli.find_subcommand("serve").expect("it serves");
        let rows = table("Settings");
        let settings: Vec<_> = cli.get_arguments().chain(serve.get_arguments()).collect();
        for setting in settings.iter().filter(|setting| !matches!(setting.get_id().as_str(), "help" | "version")) {
            let flag = format!("`--{}", setting.get_long().expect("a flag"));
            let row = rows.iter().find(|row| row.contains(&flag)).unwrap_or_else(|| panic!("{flag} is not told"));
            if let Some(variable) = setting.get_env() {
                assert!(row.contains(&format!("`{}`", variable.to_string_lossy())), "{row}");
            }
        }
        for row in &rows[1..] {
            let flag = row.split("`--").nth(1).and_then(|rest| rest.split(['`', ' ']).next());
            let known = flag.is_none_or(|flag| settings.iter().any(|setting| setting.get_long() == Some(flag)));
            assert!(known, "the README tells of a setting that is not there: {row}");
        }
    }

    #[test]
    fn the_readme_tells_each_command() {
        let rows = table("Command line");
        for command in Cli::command().get_subcommands() {
            let name = format!("| `{}", command.get_name());
            assert!(rows.iter().any(|row| row.starts_with(&name)), "{name} is not told");
        }
    }
}
