//! `sallyport webhooks list|show|create|secret|test|deliveries|resend|delete`.

use clap::{Args, Subcommand};
use sallyport::id::{DeliveryId, OrgId, WebhookId};
use serde_json::{Value, json};
use ureq::http::Method;

use super::{
    call_args::CallArgs,
    http::Body,
    list::{List, ListArgs, list},
    session::{ClientContext, Creation},
    show::{print_list, print_one, text},
};
use crate::cli::{confirm::confirm, ids};

#[derive(Subcommand)]
pub enum WebhooksCommand {
    /// List the endpoints of an organization
    #[command(after_help = "Example:
  sallyport webhooks list --org org_focus_labs_kB8mPx")]
    List {
        /// Id of the organization
        #[arg(long, value_name = "ORG", value_parser = ids::org)]
        org: OrgId,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Show an endpoint
    #[command(after_help = "Example:
  sallyport webhooks show whk_5F4iGN2e1DLYq3Xw")]
    Show(One),
    /// Make an endpoint: prints its secret, once
    #[command(after_help = "Examples:
  sallyport webhooks create --org org_focus_labs_kB8mPx --to https://hooks.example.com/keys --environment production
  sallyport webhooks create --org org_focus_labs_kB8mPx --to https://hooks.example.com/keys --environment production --event key.revoked")]
    Create(CreateArgs),
    /// Replace the secret of an endpoint: prints the new one, once
    #[command(after_help = "Examples:
  sallyport webhooks secret whk_5F4iGN2e1DLYq3Xw
  sallyport webhooks secret whk_5F4iGN2e1DLYq3Xw --grace 86400")]
    Secret {
        #[command(flatten)]
        one: One,
        /// For so long the old secret signs, too
        #[arg(long, value_name = "SECONDS", default_value_t = 0)]
        grace: u64,
    },
    /// Send a test event
    #[command(after_help = "Example:
  sallyport webhooks test whk_5F4iGN2e1DLYq3Xw")]
    Test(One),
    /// List what was sent to an endpoint, newest first
    #[command(after_help = "Examples:
  sallyport webhooks deliveries whk_5F4iGN2e1DLYq3Xw --status failed
  sallyport webhooks deliveries whk_5F4iGN2e1DLYq3Xw --event key.revoked --json")]
    Deliveries {
        #[command(flatten)]
        one: One,
        /// pending, delivered or failed
        #[arg(long)]
        status: Option<String>,
        /// Only deliveries of this event
        #[arg(long, value_name = "NAME")]
        event: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Send a delivery again, under the same id
    #[command(after_help = "Example:
  sallyport webhooks resend msg_5F4iGN2e1DLYq3Xw7Hq2")]
    Resend {
        /// Id of the delivery
        #[arg(value_name = "DELIVERY", value_parser = ids::delivery)]
        id: DeliveryId,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Delete an endpoint, with its deliveries
    #[command(after_help = "Example:
  sallyport webhooks delete whk_5F4iGN2e1DLYq3Xw --yes")]
    Delete {
        #[command(flatten)]
        one: One,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
pub struct One {
    /// Id of the endpoint
    #[arg(value_name = "WEBHOOK", value_parser = ids::webhook)]
    id: WebhookId,
    #[command(flatten)]
    call: CallArgs,
}

#[derive(Args)]
pub struct CreateArgs {
    /// Id of the organization
    #[arg(long, value_name = "ORG", value_parser = ids::org)]
    org: OrgId,
    /// Where deliveries are sent
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// Of events about keys only those of this environment are sent
    #[arg(long)]
    environment: String,
    /// An event to send; may be repeated [default: all]
    #[arg(long = "event", value_name = "NAME")]
    events: Vec<String>,
    /// What it is for, for people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    call: CallArgs,
}

pub fn run(context: &ClientContext<'_>, command: WebhooksCommand) -> Result<(), String> {
    match command {
        WebhooksCommand::List { org, call } => {
            let mut answer = call.session(context)?.get(&format!("/v1/orgs/{org}/webhooks"))?;
            let entries = answer["data"].as_array_mut().map(std::mem::take).unwrap_or_default();
            let head = ["ID", "CREATED", "STATUS", "ENVIRONMENT", "URL"];
            print_list(List { entries, has_more: false }, call.json, "There are no endpoints.", head, |webhook| {
                let (id, created) = (text(webhook, "webhook_id"), text(webhook, "created_at"));
                [id, created, status(webhook), text(webhook, "environment"), text(webhook, "url")]
            })
        }
        WebhooksCommand::Show(One { id, call }) => print(&call.session(context)?.get(&path(&id))?, &call),
        WebhooksCommand::Create(args) => {
            let CreateArgs { org, to, environment, events, description, call } = args;
            let events = if events.is_empty() { vec!["*".to_owned()] } else { events };
            let mut body = json!({ "url": to, "environment": environment, "events": events });
            if let Some(description) = description {
                body["description"] = json!(description);
            }
            print_secret(call.session(context)?.create(&format!("/v1/orgs/{org}/webhooks"), body)?, &call)
        }
        WebhooksCommand::Secret { one: One { id, call }, grace } => {
            let body = json!({ "grace_seconds": grace });
            print_secret(call.session(context)?.create(&format!("{}/secret", path(&id)), body)?, &call)
        }
        WebhooksCommand::Test(One { id, call }) => {
            let path = format!("{}/test", path(&id));
            print_delivery(&call.session(context)?.call(Method::POST, &path, Body::Json(json!({})))?, &call)
        }
        WebhooksCommand::Deliveries { one: One { id, call }, status, event, list: args } => {
            let filters = [("status", status), ("event", event)];
            let query = filters.into_iter().filter_map(|(name, given)| Some((name, given?))).collect();
            let deliveries = list(&call.session(context)?, &format!("{}/deliveries", path(&id)), &query, &args)?;
            let head = ["ID", "TIME", "EVENT", "STATUS", "ATTEMPTS", "ANSWER"];
            print_list(deliveries, call.json, "Nothing like this was sent.", head, |delivery| {
                let answer = if delivery["error"].is_null() { "response_code" } else { "error" };
                ["delivery_id", "created_at", "event", "status", "attempts", answer].map(|name| text(delivery, name))
            })
        }
        WebhooksCommand::Resend { id, call } => {
            let path = format!("/v1/deliveries/{id}/resend");
            print_delivery(&call.session(context)?.call(Method::POST, &path, Body::Json(json!({})))?, &call)
        }
        WebhooksCommand::Delete { one: One { id, call }, yes } => {
            let session = call.session(context)?;
            confirm(&format!("Delete {id}, with its deliveries?"), yes)?;
            session.call(Method::DELETE, &path(&id), Body::Empty)?;
            // The API answers without a body.
            if !call.json {
                say!("Deleted {id}.");
            }
            Ok(())
        }
    }
}

fn path(id: &WebhookId) -> String {
    format!("/v1/webhooks/{id}")
}

fn status(webhook: &Value) -> String {
    let is = |name: &str| webhook[name] == true;
    match webhook["stopped"].as_str() {
        Some(why) => format!("stopped ({why})"),
        None if !is("active") => "off".to_owned(),
        None if !is("has_secret") => "no secret".to_owned(),
        None => "active".to_owned(),
    }
}

fn print_secret(made: Creation, call: &CallArgs) -> Result<(), String> {
    match made {
        Creation::New(webhook) => print(&webhook, call),
        Creation::Unseen(_) => {
            Err("It was done, but the connection broke before the answer came, and the secret is not \
                                    shown again. Replace it: sallyport webhooks secret WEBHOOK"
                .to_owned())
        }
    }
}

fn print(webhook: &Value, call: &CallArgs) -> Result<(), String> {
    let fields = [
        ("URL", text(webhook, "url")),
        ("ID", text(webhook, "webhook_id")),
        ("Organization", text(webhook, "org_id")),
        ("Environment", text(webhook, "environment")),
        ("Events", text(webhook, "events")),
        ("Description", text(webhook, "description")),
        ("Status", status(webhook)),
        ("Old secret until", text(webhook, "previous_expires_at")),
        ("Failing since", text(webhook, "failing_since")),
        ("Created", text(webhook, "created_at")),
        ("Secret", text(webhook, "secret")),
    ];
    print_one(webhook, call.json, &fields)
}

fn print_delivery(delivery: &Value, call: &CallArgs) -> Result<(), String> {
    let fields = [
        ("Delivery", text(delivery, "delivery_id")),
        ("Event", text(delivery, "event")),
        ("Status", text(delivery, "status")),
        ("Sequence", text(delivery, "sequence")),
        ("Next attempt", text(delivery, "next_attempt_at")),
    ];
    print_one(delivery, call.json, &fields)
}
