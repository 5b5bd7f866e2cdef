//! `sallyport apps list|show|create`.

use clap::{Args, Subcommand};
use sallyport::id::{AppId, ProjectId};
use serde_json::{Value, json};

use super::{
    call_args::CallArgs,
    list::{ListArgs, list},
    session::ClientContext,
    show::{print_list, print_one, state, text},
};
use crate::cli::ids;

#[derive(Subcommand)]
pub enum AppsCommand {
    /// List the apps of a project
    #[command(after_help = "Examples:
  sallyport apps list --project prj_website_kB8mPx
  sallyport apps list --project prj_website_kB8mPx --json")]
    List {
        /// Id of the project
        #[arg(long, value_name = "PROJECT", value_parser = ids::project)]
        project: ProjectId,
        #[command(flatten)]
        list: ListArgs,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Show an app
    #[command(after_help = "Example:
  sallyport apps show app_focus_and_kB8mPx")]
    Show {
        /// Id of the app
        #[arg(value_name = "APP", value_parser = ids::app)]
        id: AppId,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Create an app in a project
    #[command(after_help = "Examples:
  sallyport apps create --project prj_website_kB8mPx --name Backend --os backend
  sallyport apps create --project prj_website_kB8mPx --name Calm --os ios --bundle-id com.example.calm")]
    Create(CreateArgs),
}

#[derive(Args)]
pub struct CreateArgs {
    /// Id of the project
    #[arg(long, value_name = "PROJECT", value_parser = ids::project)]
    project: ProjectId,
    /// Name of the app
    #[arg(long)]
    name: String,
    /// android, ios, macos, windows, linux, web or backend [default: web]
    #[arg(long)]
    os: Option<String>,
    /// The Android package or the iOS bundle id
    #[arg(long, value_name = "ID")]
    bundle_id: Option<String>,
    /// What it is, for people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    call: CallArgs,
}

pub fn run(context: &ClientContext<'_>, command: AppsCommand) -> Result<(), String> {
    match command {
        AppsCommand::List { project, list: args, call } => {
            let path = format!("/v1/projects/{project}/apps");
            let apps = list(&call.session(context)?, &path, &Vec::new(), &args)?;
            let nothing = format!(
                "{project} has no apps yet. To create one: sallyport apps create --project {project} --name NAME"
            );
            print_list(apps, call.json, &nothing, ["ID", "CREATED", "SYSTEM", "STATUS", "NAME"], |app| {
                [text(app, "app_id"), text(app, "created_at"), text(app, "os"), state(app), text(app, "name")]
            })
        }
        AppsCommand::Show { id, call } => print(&call.session(context)?.get(&format!("/v1/apps/{id}"))?, &call),
        AppsCommand::Create(args) => {
            let CreateArgs { project, name, os, bundle_id, description, call } = args;
            let mut body = json!({ "name": name });
            for (field, given) in [("os", os), ("bundle_id", bundle_id), ("description", description)] {
                if let Some(given) = given {
                    body[field] = json!(given);
                }
            }
            let path = format!("/v1/projects/{project}/apps");
            let app = call.session(context)?.create_and_read(&path, body, "/v1/apps", "app_id")?;
            print(&app, &call)
        }
    }
}

fn print(app: &Value, call: &CallArgs) -> Result<(), String> {
    let fields = [
        ("App", text(app, "name")),
        ("ID", text(app, "app_id")),
        ("System", text(app, "os")),
        ("Bundle ID", text(app, "bundle_id")),
        ("Project", text(app, "project_id")),
        ("Tenant", text(app, "tenant_id")),
        ("Organization", text(app, "org_id")),
        ("Description", text(app, "description")),
        ("Status", state(app)),
        ("Created", text(app, "created_at")),
    ];
    print_one(app, call.json, &fields)
}
