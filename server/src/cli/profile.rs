//! `sallyport profile check`: whether a server would accept the file.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use sallyport::profile::{Fault, Faults, Profile};
use serde_json::json;

use super::out;
use crate::profile_file;

#[derive(Subcommand)]
pub enum ProfileCommand {
    /// Check a profile: each error with line, column and a suggested fix; reads its logo, and nothing else
    #[command(after_help = "Examples:
  sallyport profile check profile.toml
  sallyport profile check profile.toml --json")]
    Check(CheckArgs),
}

#[derive(Args)]
pub struct CheckArgs {
    /// The profile
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print JSON: {"good", "name", "faults": [{"line", "column", "message"}]}
    #[arg(long)]
    json: bool,
}

/// Exit codes: 0 valid, 1 invalid, 2 unreadable.
pub fn run(command: &ProfileCommand) -> ExitCode {
    let ProfileCommand::Check(args) = command;
    let path = args.file.display();
    let parsed = match profile_file::read(&args.file) {
        Ok(parsed) => parsed,
        Err(error) => {
            note!("sallyport: The profile {path} can't be read: {error}");
            return ExitCode::from(2);
        }
    };
    let told = match &parsed {
        parsed if args.json => as_json(parsed).to_string(),
        Ok(profile) => format!("{path} is valid: {}.", summary(profile)),
        Err(Faults(faults)) => {
            let lines =
                faults.iter().map(|Fault { line, column, message }| format!("{path}:{line}:{column}: {message}"));
            lines.collect::<Vec<_>>().join("\n")
        }
    };
    if let Err(message) = out::say(told) {
        note!("sallyport: {message}");
        return ExitCode::FAILURE;
    }
    if parsed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn as_json(parsed: &Result<Profile, Faults>) -> serde_json::Value {
    match parsed {
        Ok(profile) => json!({ "good": true, "name": profile.name, "faults": [] }),
        Err(faults) => json!({ "good": false, "name": null, "faults": faults.0 }),
    }
}

fn summary(profile: &Profile) -> String {
    let count = |many: usize, one: &str| format!("{many} {one}{}", if many == 1 { "" } else { "s" });
    let prefixes: std::collections::BTreeSet<_> = profile.prefixes().collect();
    let prefixes: Vec<_> = prefixes.into_iter().collect();
    let (environments, scopes) =
        (count(profile.environments.len(), "environment"), count(profile.scopes.len(), "scope"));
    format!(
        "{}, {environments} ({}), {scopes}, keys of the {}",
        profile.name,
        prefixes.join(", "),
        profile.keys.owner.as_str()
    )
}
