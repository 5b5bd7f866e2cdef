//! The command line. Exit codes: 0 success, 1 failure, 2 invalid arguments.

/// Prints a line; the calling function returns write errors.
macro_rules! say {
    ($($line:tt)*) => { crate::cli::out::say(format_args!($($line)*))? };
}

/// Prints a line on standard error.
macro_rules! note {
    ($($line:tt)*) => { crate::cli::out::note(format_args!($($line)*)) };
}

mod audit;
mod backup;
mod backup_folder;
mod called;
mod capability_key;
mod client;
mod confirm;
mod doctor;
mod erase;
mod grouped;
mod ids;
mod import;
mod journal;
mod mail;
mod member;
mod member_place;
mod moving;
mod out;
mod person;
mod profile;
mod progress;
mod prompt;
mod rekey;
mod restore;
mod restored;
mod scan;
mod table;
mod token;
mod user;

use std::{process::ExitCode, sync::Arc};

use clap::{CommandFactory, Parser, Subcommand};
use sallyport::{
    Error, Invalid,
    audit::{Act, Actor},
    clock::SystemClock,
    entropy::OsEntropy,
    store::Store,
    user::{Account, check_email},
};

use crate::{
    config::{LogFormat, ServeArgs, Where},
    data_dir::{DataDir, ServerLock, Wanted},
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
    #[command(after_help = "Examples:
  sallyport serve
  sallyport serve --listen 127.0.0.1:4000 --public-url https://keys.example.com
  sallyport serve --demo --data demo")]
    Serve(Box<ServeArgs>),
    /// Bring the database up to date and exit
    #[command(after_help = "Example:
  sallyport migrate --data /var/lib/sallyport")]
    Migrate {
        /// Create a new, empty database even if the master key of an earlier one exists
        #[arg(long)]
        new: bool,
    },
    /// Copy the SQLite database to a file, also while a server runs; the master key is not in it
    #[command(after_help = "Examples:
  sallyport backup /var/backups/sallyport/2026-11-22.db
  sallyport backup latest.db --force
  sallyport backup /var/backups/sallyport --keep 14")]
    Backup(backup::BackupArgs),
    /// Put a backup back, and take away again what was taken away since, as the revocation journal has it
    #[command(after_help = "Examples:
  sallyport restore /var/backups/sallyport/2026-11-22.db
  sallyport restore latest.db --journal /mnt/other/sallyport
  sallyport restore --after-pg-restore")]
    Restore(restore::RestoreArgs),
    /// Compare the revocation journal with the database, and decide about what is in none
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    /// Replace the master key: seal everything again with a new one, while servers serve; run it again if it was interrupted
    #[command(after_help = "Examples:
  sallyport rekey
  sallyport rekey --remove-old
  sallyport rekey --pepper")]
    Rekey(rekey::RekeyArgs),
    /// Check this installation, and say how to fix what is wrong; exits with 1 if something is
    #[command(after_help = "Examples:
  sallyport doctor
  sallyport doctor --json --backups /var/backups/sallyport")]
    Doctor(doctor::DoctorArgs),
    /// Move everything from the SQLite database in the data folder to an empty PostgreSQL database
    #[command(after_help = "Example:
  sallyport move-to-postgres --data /var/lib/sallyport --database-url postgres://sallyport@db/sallyport")]
    MoveToPostgres,
    /// Import keys that were made elsewhere into an app: plaintext or SHA-256, as CSV or JSON lines
    #[command(after_help = "Examples:
  sallyport import keys.csv --app app_focus_and_kB8mPx --dry-run
  sallyport import keys.jsonl --app app_focus_and_kB8mPx --prefix acme_")]
    Import(import::ImportArgs),
    /// Create, list and revoke root tokens, with which backends call the API
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// List the keys that sign capability tokens; replace them at once if one was stolen
    #[command(subcommand)]
    CapabilityKey(capability_key::CapabilityKeyCommand),
    /// Create, list, disable and enable accounts; set passwords; sign people out
    #[command(subcommand)]
    User(user::UserCommand),
    /// Check a profile
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    /// Add, remove and list the members of an organization, a tenant or a project
    #[command(subcommand)]
    Member(member::MemberCommand),
    /// Check and export the audit log
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Try the settings of mail
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Find leaked keys of this deployment in files, commits or standard input, without the database
    #[command(after_help = "Examples:
  sallyport scan .
  sallyport scan --git origin/main..HEAD --profile profile.toml
  sallyport scan --format sarif src - < build.log")]
    Scan(scan::ScanArgs),
    #[command(flatten)]
    Client(client::ClientCommand),
}

/// The commands, with those that call a portal told apart.
fn command() -> clap::Command {
    let of_clients = client::ClientCommand::augment_subcommands(clap::Command::new("client"));
    let names: Vec<_> = of_clients.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    grouped::grouped(Cli::command(), &names)
}

pub fn main() -> ExitCode {
    let cli: Cli = match called::parse(command()) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    if let Some(fix) = called_wrongly(&cli) {
        note!("sallyport: {fix}");
        return ExitCode::from(2);
    }
    if let Command::Profile(command) = &cli.command {
        // This command needs neither settings nor data.
        return profile::run(command);
    }
    if let Command::Scan(args) = &cli.command {
        return scan::run(&cli.place, args);
    }
    let ended = match cli.command {
        // These block, and need neither a runtime nor settings nor data.
        Command::Client(command) => client::run(command),
        command => run_here(cli.place, command),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            note!("sallyport: {message}");
            ExitCode::FAILURE
        }
    }
}

/// A usage error that clap can't find: a command that does not fit the settings.
fn called_wrongly(cli: &Cli) -> Option<String> {
    match &cli.command {
        Command::Backup(args) => backup::not_for_postgres(&cli.place.place().ok()?, args),
        Command::Audit(audit::AuditCommand::Verify(args)) => args.called_wrongly(),
        _ => None,
    }
}

/// Runs a command that uses the data on this machine.
fn run_here(place: Where, command: Command) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("The runtime can't be started: {error}"))?;
    runtime.block_on(run(&place, command))
}

async fn run(settings: &Where, command: Command) -> Result<(), String> {
    // It reports wrong settings itself.
    if let Command::Doctor(args) = command {
        return doctor::run(settings, args).await;
    }
    let place = settings.place()?;
    match command {
        Command::Serve(args) => {
            let serving = settings.serving(&args)?;
            logs::start(serving.log_format)?;
            serve::serve(&place, serving).await
        }
        Command::Migrate { new } => {
            logs::start(LogFormat::Text)?;
            let wanted = if new { Wanted::New } else { Wanted::Known };
            let data = DataDir::prepare(&place, &OsEntropy, wanted).await?;
            for sentence in &data.made {
                // On standard error, since a script may read the output; a mistyped folder should be noticed.
                note!("{sentence}");
            }
            // A server must not run while its schema changes.
            let _lock = ServerLock::take(&place.data)?;
            let store = data.open_and_migrate(Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
            say!("{} is up to date.", store.location());
            store.close().await;
            Ok(())
        }
        Command::Doctor(_) | Command::Profile(_) | Command::Scan(_) | Command::Client(_) => Ok(()),
        Command::Mail(command) => mail::run(settings, command).await,
        Command::Audit(command) => audit::run(settings, command).await,
        Command::Backup(args) => backup::run(&place, args).await,
        Command::Restore(args) => restore::run(settings, args).await,
        Command::Journal(command) => {
            let store = open(settings).await?;
            let ended = journal::run(settings, &store, command).await;
            store.close().await;
            ended
        }
        Command::Rekey(args) => rekey::run(settings, &args).await,
        Command::MoveToPostgres => moving::run(&place).await,
        Command::Token(command) => {
            let store = open(settings).await?;
            let ended = token::run(&store, command).await;
            store.close().await;
            ended
        }
        Command::Import(args) => {
            let store = open(settings).await?;
            let ended = import::run(&store, args).await;
            store.close().await;
            ended
        }
        Command::CapabilityKey(command) => {
            let store = open(settings).await?;
            let ended = capability_key::run(&store, command).await;
            store.close().await;
            ended
        }
        Command::User(command) => {
            let store = open(settings).await?;
            let ended = user::run(settings, &store, command).await;
            store.close().await;
            ended
        }
        Command::Member(command) => {
            let store = open(settings).await?;
            let ended = member::run(&store, command).await;
            store.close().await;
            ended
        }
    }
}

/// Opens the database, which has to exist and have this version's schema.
async fn open(place: &Where) -> Result<Store, String> {
    let data = DataDir::find(&place.place()?).await?;
    data.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await
}

/// An error of the domain for a terminal: only the sentences, as there are no fields.
fn said(error: Error) -> String {
    match error {
        Error::Invalid(Invalid(errors)) => errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

/// An argument that the domain validates; an invalid one is a usage error.
fn checked<T>(result: Result<T, Invalid>) -> Result<T, String> {
    result.map_err(|invalid| said(invalid.into()))
}

fn email(text: &str) -> Result<String, String> {
    checked(check_email(text))
}

/// The account with that e-mail address.
async fn account(store: &Store, email: &str) -> Result<Account, String> {
    let account = store.account_by_email(email).await.map_err(said)?;
    account.ok_or_else(|| format!("No account has the e-mail address {email}. To list all: sallyport user list"))
}

/// The actor of every command.
fn act() -> Act {
    Act::by(Actor::CommandLine)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = include_str!("../../docs/settings.md");

    /// The lines of the table below a heading.
    fn table(heading: &str) -> Vec<&'static str> {
        let (_, after) = SETTINGS.split_once(&format!("\n## {heading}\n")).expect("the heading is there");
        let section = after.split("\n## ").next().unwrap_or_default();
        section.lines().filter(|line| line.starts_with("| ")).collect()
    }

    /// Each command that does something, by name: `token create`.
    fn commands(command: &clap::Command, name: &str) -> Vec<(String, clap::Command)> {
        let mut all = Vec::new();
        for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
            let name = format!("{name} {}", child.get_name());
            match child.has_subcommands() {
                true => all.extend(commands(child, &name)),
                false => all.push((name, child.clone())),
            }
        }
        all
    }

    #[test]
    fn each_command_has_examples_that_parse() {
        for (name, of) in commands(&command(), "sallyport") {
            let examples = of.get_after_help().expect(&name).to_string();
            let examples: Vec<_> = examples.lines().filter_map(|line| line.strip_prefix("  ")).collect();
            assert!((1..=3).contains(&examples.len()), "{name}: {examples:?}");
            for example in examples {
                assert!(example.starts_with(&name), "{example}");
                let words = example.split(" < ").next().unwrap_or_default().split(' ');
                command().try_get_matches_from(words).unwrap_or_else(|error| panic!("{example}: {error}"));
            }
        }
    }

    #[test]
    fn help_has_own_options_before_global_ones() {
        // Values set in the test environment are not shown.
        fn hidden(command: clap::Command) -> clap::Command {
            command.mut_args(|arg| arg.hide_env_values(true)).mut_subcommands(hidden)
        }
        let cli = hidden(command());
        let names = std::iter::once("sallyport".to_owned());
        let names = names.chain(commands(&cli, "sallyport").into_iter().map(|(name, _)| name));
        let help = names.map(|name| {
            let asked = cli.clone().try_get_matches_from(name.split(' ').chain(["--help"]));
            format!("$ {name} --help\n{}", asked.expect_err("help is no match"))
        });
        let all = help.collect::<Vec<_>>().join("\n\n");
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("help", all) });
    }

    #[test]
    fn the_docs_list_each_setting() {
        let cli = command();
        let serve = cli.find_subcommand("serve").expect("it serves");
        let rows = table("Settings");
        let settings: Vec<_> = cli.get_arguments().chain(serve.get_arguments()).collect();
        for setting in settings.iter().filter(|setting| !matches!(setting.get_id().as_str(), "help" | "version")) {
            let flag = format!("`--{}", setting.get_long().expect("a flag"));
            let row = rows.iter().find(|row| row.contains(&flag)).unwrap_or_else(|| panic!("{flag} is not listed"));
            if let Some(variable) = setting.get_env() {
                assert!(row.contains(&format!("`{}`", variable.to_string_lossy())), "{row}");
            }
        }
        for row in &rows[1..] {
            let flag = row.split("`--").nth(1).and_then(|rest| rest.split(['`', ' ']).next());
            let known = flag.is_none_or(|flag| settings.iter().any(|setting| setting.get_long() == Some(flag)));
            assert!(known, "docs/settings.md lists a setting that does not exist: {row}");
        }
    }

    #[test]
    fn the_docs_list_each_command() {
        let rows = table("Command line");
        for command in command().get_subcommands() {
            let name = format!("| `{}", command.get_name());
            assert!(rows.iter().any(|row| row.starts_with(&name)), "{name} is not listed");
        }
    }
}
