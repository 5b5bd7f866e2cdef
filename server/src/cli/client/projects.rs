//! `sallyport projects list|show|create`.

use clap::Subcommand;
use sallyport::id::{ProjectId, TenantId};
use serde_json::{Value, json};

use super::{
    call_args::CallArgs,
    list::{ListArgs, list},
    session::ClientContext,
    show::{print_list, print_one, state, text},
};
use crate::cli::ids;

#[derive(Subcommand)]
pub enum ProjectsCommand {
    /// List the projects of a tenant
    #[command(after_help = "Examples:
  sallyport projects list --tenant ten_clinics_kB8mPx
  sallyport projects list --tenant ten_clinics_kB8mPx --json")]
    List {
        /// Id of the tenant
        #[arg(long, value_name = "TENANT", value_parser = ids::tenant)]
        tenant: TenantId,
        #[command(flatten)]
        list: ListArgs,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Show a project
    #[command(after_help = "Example:
  sallyport projects show prj_website_kB8mPx")]
    Show {
        /// Id of the project
        #[arg(value_name = "PROJECT", value_parser = ids::project)]
        id: ProjectId,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Create a project in a tenant
    #[command(after_help = "Example:
  sallyport projects create --tenant ten_clinics_kB8mPx --name Website")]
    Create {
        /// Id of the tenant
        #[arg(long, value_name = "TENANT", value_parser = ids::tenant)]
        tenant: TenantId,
        /// Name of the project
        #[arg(long)]
        name: String,
        #[command(flatten)]
        call: CallArgs,
    },
}

pub fn run(context: &ClientContext<'_>, command: ProjectsCommand) -> Result<(), String> {
    match command {
        ProjectsCommand::List { tenant, list: args, call } => {
            let path = format!("/v1/tenants/{tenant}/projects");
            let projects = list(&call.session(context)?, &path, &Vec::new(), &args)?;
            let nothing = format!(
                "{tenant} has no projects yet. To create one: sallyport projects create --tenant {tenant} --name NAME"
            );
            print_list(projects, call.json, &nothing, ["ID", "CREATED", "STATUS", "NAME"], |project| {
                [text(project, "project_id"), text(project, "created_at"), state(project), text(project, "name")]
            })
        }
        ProjectsCommand::Show { id, call } => print(&call.session(context)?.get(&format!("/v1/projects/{id}"))?, &call),
        ProjectsCommand::Create { tenant, name, call } => {
            let path = format!("/v1/tenants/{tenant}/projects");
            let body = json!({ "name": name });
            let project = call.session(context)?.create_and_read(&path, body, "/v1/projects", "project_id")?;
            print(&project, &call)
        }
    }
}

fn print(project: &Value, call: &CallArgs) -> Result<(), String> {
    let fields = [
        ("Project", text(project, "name")),
        ("ID", text(project, "project_id")),
        ("Tenant", text(project, "tenant_id")),
        ("Organization", text(project, "org_id")),
        ("Description", text(project, "description")),
        ("Status", state(project)),
        ("Created", text(project, "created_at")),
    ];
    print_one(project, call.json, &fields)
}
