//! `sallyport activity list`.

use clap::{Args, Subcommand};
use sallyport::id::OrgId;
use serde_json::Value;

use super::{
    call_args::CallArgs,
    list::{ListArgs, list},
    session::ClientContext,
    show::{print_list, text},
};
use crate::cli::ids;

#[derive(Subcommand)]
pub enum ActivityCommand {
    /// List the activity of an organization, newest first
    #[command(after_help = "Examples:
  sallyport activity list --org org_focus_labs_kB8mPx
  sallyport activity list --org org_focus_labs_kB8mPx --action key.revoked --from 2026-11-01T00:00:00Z
  sallyport activity list --org org_focus_labs_kB8mPx --outcome refused --all --json")]
    List(ActivityArgs),
}

#[derive(Args)]
pub struct ActivityArgs {
    /// Id of the organization
    #[arg(long, value_name = "ORG", value_parser = ids::org)]
    org: OrgId,
    /// Only what this person, root token or key did: its id, or a name that only one has
    #[arg(long)]
    actor: Option<String>,
    /// Only this action, such as key.revoked
    #[arg(long)]
    action: Option<String>,
    /// Only what was done, or only what was refused: done or refused
    #[arg(long)]
    outcome: Option<String>,
    /// Only what was done to this key, app or person: its id
    #[arg(long, value_name = "ID")]
    target: Option<String>,
    /// Only what came from this address
    #[arg(long)]
    address: Option<String>,
    /// Only from this time on, such as 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    call: CallArgs,
}

pub fn run(context: &ClientContext<'_>, command: ActivityCommand) -> Result<(), String> {
    let ActivityCommand::List(args) = command;
    let filters = [
        ("actor", args.actor),
        ("action", args.action),
        ("outcome", args.outcome),
        ("target", args.target),
        ("address", args.address),
        ("from", args.from),
        ("to", args.to),
    ];
    let query = filters.into_iter().filter_map(|(name, given)| Some((name, given?))).collect();
    let path = format!("/v1/orgs/{}/audit", args.org);
    let events = list(&args.call.session(context)?, &path, &query, &args.list)?;
    let head = ["TIME", "ACTOR", "ACTION", "OUTCOME", "ADDRESS", "TARGET"];
    print_list(events, args.call.json, "Nothing like this happened.", head, |event| {
        let (time, action) = (text(event, "time"), text(event, "action"));
        let outcome = match event["status"].as_i64() {
            Some(status) => format!("refused ({status})"),
            None => text(event, "outcome"),
        };
        [time, name(event, "actor"), action, outcome, text(event, "address"), name(event, "target")]
    })
}

/// Its name, or its id where it has none.
fn name(event: &Value, whose: &str) -> String {
    let name = text(event, &format!("{whose}_name"));
    if name.is_empty() { text(event, &format!("{whose}_id")) } else { name }
}
