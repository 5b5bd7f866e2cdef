//! `sallyport orgs list|show|create`.

use clap::Subcommand;
use sallyport::id::OrgId;
use serde_json::{Value, json};

use super::{
    call_args::CallArgs,
    list::{ListArgs, list},
    session::ClientContext,
    show::{print_list, print_one, state, text},
};
use crate::cli::ids;

#[derive(Subcommand)]
pub enum OrgsCommand {
    /// List the organizations that you may see
    #[command(after_help = "Examples:
  sallyport orgs list
  sallyport orgs list --all --json")]
    List {
        #[command(flatten)]
        list: ListArgs,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Show an organization
    #[command(after_help = "Example:
  sallyport orgs show org_focus_labs_kB8mPx")]
    Show {
        /// Id of the organization
        #[arg(value_name = "ORG", value_parser = ids::org)]
        id: OrgId,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Create an organization
    #[command(after_help = "Example:
  sallyport orgs create --name Focus --plan pro")]
    Create {
        /// Name of the organization
        #[arg(long)]
        name: String,
        /// starter, pro or enterprise
        #[arg(long)]
        plan: String,
        #[command(flatten)]
        call: CallArgs,
    },
}

pub fn run(context: &ClientContext<'_>, command: OrgsCommand) -> Result<(), String> {
    match command {
        OrgsCommand::List { list: args, call } => {
            let orgs = list(&call.session(context)?, "/v1/orgs", &Vec::new(), &args)?;
            let nothing = "There is no organization that you may see. To create one: sallyport orgs create";
            print_list(orgs, call.json, nothing, ["ID", "CREATED", "PLAN", "STATUS", "NAME"], |org| {
                [text(org, "org_id"), text(org, "created_at"), text(org, "plan"), state(org), text(org, "name")]
            })
        }
        OrgsCommand::Show { id, call } => print(&call.session(context)?.get(&format!("/v1/orgs/{id}"))?, &call),
        OrgsCommand::Create { name, plan, call } => {
            let body = json!({ "name": name, "plan": plan });
            let org = call.session(context)?.create_and_read("/v1/orgs", body, "/v1/orgs", "org_id")?;
            print(&org, &call)
        }
    }
}

fn print(org: &Value, call: &CallArgs) -> Result<(), String> {
    let fields = [
        ("Organization", text(org, "name")),
        ("ID", text(org, "org_id")),
        ("Plan", text(org, "plan")),
        ("Description", text(org, "description")),
        ("Status", state(org)),
        ("Created", text(org, "created_at")),
    ];
    print_one(org, call.json, &fields)
}
