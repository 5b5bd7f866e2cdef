//! Parses arguments, and environment variables that replace them.

use std::{env, ffi::OsStr, process::ExitCode};

use clap::{
    Arg, Command, FromArgMatches,
    builder::Resettable,
    error::{ContextKind, ContextValue, Error},
};

/// The parsed call, or the exit code after the error was printed.
pub(super) fn parse<Cli: FromArgMatches>(command: Command) -> Result<Cli, ExitCode> {
    let command = without_empty(command);
    let parsed = command.clone().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| {
        // Help is printed here too. A write error does not matter.
        let _ = error.print();
        if let Some(variable) = variable_of(&command, &error) {
            note!("\nThe value comes from the environment variable {variable}.");
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

/// Treats empty variables as missing.
fn without_empty(mut command: Command) -> Command {
    let is_empty = |arg: &&Arg| {
        let value = arg.get_env().and_then(env::var_os);
        value.is_some_and(|value| value.to_string_lossy().trim().is_empty())
    };
    let empty: Vec<_> = command.get_arguments().filter(is_empty).map(|arg| arg.get_id().clone()).collect();
    for id in empty {
        command = command.mut_arg(id, |arg| arg.env(Resettable::Reset));
    }
    command.mut_subcommands(without_empty)
}

/// The variable with the invalid value: clap would name a flag that was not given.
fn variable_of(command: &Command, error: &Error) -> Option<String> {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else { return None };
    let flag = named.split(' ').next()?;
    let is_given = |argument: String| argument == flag || argument.starts_with(&format!("{flag}="));
    let long = flag.strip_prefix("--")?;
    if env::args_os().any(|argument| is_given(argument.to_string_lossy().into_owned())) {
        return None;
    }
    env_of(command, long).map(|variable| variable.to_string_lossy().into_owned())
}

/// The variable of a flag, of whatever command.
fn env_of<'a>(command: &'a Command, flag: &str) -> Option<&'a OsStr> {
    let own = command.get_arguments().find(|arg| arg.get_long() == Some(flag)).and_then(Arg::get_env);
    own.or_else(|| command.get_subcommands().find_map(|child| env_of(child, flag)))
}
