//! Tells the commands that open the database from those that call a portal: in `--help`, and by the options they take.

use std::fmt::Write;

use clap::{Arg, Command};

const HERE: &str = "On this machine, with the database";
const OVER_HTTP: &str = "Over HTTP with any portal, after `sallyport login`";

/// `of_clients` are the names of the commands that call a portal.
pub(super) fn grouped(mut command: Command, of_clients: &[String]) -> Command {
    let is_of_clients = |child: &Command| of_clients.iter().any(|name| name == child.get_name());
    let globals: Vec<_> = command.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    let lists = lists(&command, is_of_clients);
    command = command.mut_subcommands(|child| {
        // The lists above name them.
        if is_of_clients(&child) { without(child, &globals).hide(true) } else { child.hide(true) }
    });
    let template =
        format!("{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{lists}\n{{all-args}}{{after-help}}");
    command.override_usage("sallyport [OPTIONS] <COMMAND>").help_template(clap::builder::StyledStr::from(template))
}

/// Both groups, as clap shows subcommands.
fn lists(command: &Command, is_of_clients: impl Fn(&Command) -> bool) -> String {
    let (heading, literal) = (command.get_styles().get_header(), command.get_styles().get_literal());
    let width = command.get_subcommands().map(|child| child.get_name().len()).max().unwrap_or(0);
    let mut lists = String::new();
    for (title, of_clients) in [(HERE, false), (OVER_HTTP, true)] {
        let _ = writeln!(lists, "{heading}{title}:{heading:#}");
        for child in command.get_subcommands().filter(|child| is_of_clients(child) == of_clients) {
            let about = child.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(lists, "  {literal}{:<width$}{literal:#}  {about}", child.get_name());
        }
        lists.push('\n');
    }
    lists.truncate(lists.trim_end().len());
    lists + "\n"
}

/// Refuses the options of the data on this machine, which mean nothing to a portal elsewhere, instead of ignoring them.
fn without(command: Command, globals: &[Arg]) -> Command {
    let refused = |_: &str| Err::<String, _>("this command calls a portal; the option is for commands on this machine");
    command.mut_subcommands(|child| without(child, globals)).args(globals.iter().map(|arg| {
        let long = arg.get_long().unwrap_or_default().to_owned();
        Arg::new(arg.get_id().clone()).long(long).value_name("VALUE").hide(true).value_parser(refused)
    }))
}
