//! `sallyport tenants list|show|create`.

use clap::Subcommand;
use sallyport::id::{OrgId, TenantId};
use serde_json::{Value, json};

use super::{
    call_args::CallArgs,
    list::{ListArgs, list},
    session::ClientContext,
    show::{print_list, print_one, state, text},
};
use crate::cli::ids;

#[derive(Subcommand)]
pub enum TenantsCommand {
    /// List the tenants of an organization
    #[command(after_help = "Examples:
  sallyport tenants list --org org_focus_labs_kB8mPx
  sallyport tenants list --org org_focus_labs_kB8mPx --json")]
    List {
        /// Id of the organization
        #[arg(long, value_name = "ORG", value_parser = ids::org)]
        org: OrgId,
        #[command(flatten)]
        list: ListArgs,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Show a tenant
    #[command(after_help = "Example:
  sallyport tenants show ten_clinics_kB8mPx")]
    Show {
        /// Id of the tenant
        #[arg(value_name = "TENANT", value_parser = ids::tenant)]
        id: TenantId,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Create a tenant in an organization
    #[command(after_help = "Example:
  sallyport tenants create --org org_focus_labs_kB8mPx --name Clinics")]
    Create {
        /// Id of the organization
        #[arg(long, value_name = "ORG", value_parser = ids::org)]
        org: OrgId,
        /// Name of the tenant
        #[arg(long)]
        name: String,
        #[command(flatten)]
        call: CallArgs,
    },
}

pub fn run(context: &ClientContext<'_>, command: TenantsCommand) -> Result<(), String> {
    match command {
        TenantsCommand::List { org, list: args, call } => {
            let path = format!("/v1/orgs/{org}/tenants");
            let tenants = list(&call.session(context)?, &path, &Vec::new(), &args)?;
            let nothing =
                format!("{org} has no tenants yet. To create one: sallyport tenants create --org {org} --name NAME");
            print_list(tenants, call.json, &nothing, ["ID", "CREATED", "STATUS", "NAME"], |tenant| {
                [text(tenant, "tenant_id"), text(tenant, "created_at"), state(tenant), text(tenant, "name")]
            })
        }
        TenantsCommand::Show { id, call } => print(&call.session(context)?.get(&format!("/v1/tenants/{id}"))?, &call),
        TenantsCommand::Create { org, name, call } => {
            let path = format!("/v1/orgs/{org}/tenants");
            let body = json!({ "name": name });
            let tenant = call.session(context)?.create_and_read(&path, body, "/v1/tenants", "tenant_id")?;
            print(&tenant, &call)
        }
    }
}

fn print(tenant: &Value, call: &CallArgs) -> Result<(), String> {
    let fields = [
        ("Tenant", text(tenant, "name")),
        ("ID", text(tenant, "tenant_id")),
        ("Organization", text(tenant, "org_id")),
        ("Description", text(tenant, "description")),
        ("Status", state(tenant)),
        ("Created", text(tenant, "created_at")),
    ];
    print_one(tenant, call.json, &fields)
}
