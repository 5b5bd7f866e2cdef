//! `sallyport keys list|show|create|claim|rotate|revoke`.

use clap::{Args, Subcommand};
use sallyport::id::KeyId;
use serde_json::{Value, json};
use ureq::http::Method;

use super::{
    call_args::CallArgs,
    holder::HolderArgs,
    http::Body,
    list::{ListArgs, list},
    new_key::{self, ClaimArgs, CreateArgs},
    rotate_key::{self, RotateArgs},
    session::ClientContext,
    show::{print_list, print_one, text, text_or},
};
use crate::cli::{confirm::confirm, ids, table::harmless};

#[derive(Subcommand)]
pub enum KeysCommand {
    /// List the keys of an app or an organization, newest first
    #[command(after_help = "Examples:
  sallyport keys list --app app_focus_and_kB8mPx
  sallyport keys list --org org_focus_labs_kB8mPx --status unused --json")]
    List(KeyListArgs),
    /// Show a key, without its secrets
    #[command(after_help = "Example:
  sallyport keys show key_7Hq2aB3cD4eF5gH6")]
    Show {
        /// Id of the key
        #[arg(value_name = "KEY_ID", value_parser = ids::key)]
        id: KeyId,
        #[command(flatten)]
        call: CallArgs,
    },
    /// Create a key; its credentials are written to a new file or printed, once
    #[command(after_help = "Examples:
  sallyport keys create --app app_focus_and_kB8mPx --label CI --environment production --scope read --out ci.json
  sallyport keys create --app app_focus_and_kB8mPx --label Trial --environment staging --scope read --expires 7")]
    Create(CreateArgs),
    /// Claim what another person has approved: the key is made, and its credentials are written to a new file or printed, once
    #[command(after_help = "Examples:
  sallyport keys claim apr_5F4iGN2e1DLYq3Xw --out ci.json
  sallyport keys claim apr_5F4iGN2e1DLYq3Xw")]
    Claim(ClaimArgs),
    /// Give a key another secret, which is written to a new file or printed, once; the old one is accepted for a while
    #[command(after_help = "Examples:
  sallyport keys rotate key_7Hq2aB3cD4eF5gH6 --out ci.json
  sallyport keys rotate key_7Hq2aB3cD4eF5gH6 --grace 3600
  sallyport keys rotate key_7Hq2aB3cD4eF5gH6 --end previous")]
    Rotate(RotateArgs),
    /// Revoke a key for good: every request with it is refused at once
    #[command(after_help = "Examples:
  sallyport keys revoke key_7Hq2aB3cD4eF5gH6
  sallyport keys revoke key_7Hq2aB3cD4eF5gH6 --yes --reason leaked")]
    Revoke {
        /// Id of the key
        #[arg(value_name = "KEY_ID", value_parser = ids::key)]
        id: KeyId,
        /// Why, for the activity log
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Don't ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        call: CallArgs,
    },
}

#[derive(Args)]
pub struct KeyListArgs {
    #[command(flatten)]
    holder: HolderArgs,
    /// Include revoked keys
    #[arg(long)]
    include_revoked: bool,
    /// Only keys with this status: active, rotating, paused, suspended, expired, revoked, unused or expiring
    #[arg(long)]
    status: Option<String>,
    /// Only keys whose label contains this
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Only keys of this environment
    #[arg(long)]
    environment: Option<String>,
    /// Only keys with this scope, or one that implies it
    #[arg(long)]
    scope: Option<String>,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    call: CallArgs,
}

pub fn run(context: &ClientContext<'_>, command: KeysCommand) -> Result<(), String> {
    match command {
        KeysCommand::List(args) => list_keys(context, args),
        KeysCommand::Show { id, call } => print(&call.session(context)?.get(&format!("/v1/keys/{id}"))?, &call),
        KeysCommand::Create(args) => new_key::create(context, args),
        KeysCommand::Claim(args) => new_key::claim(context, args),
        KeysCommand::Rotate(args) => rotate_key::rotate(context, args),
        KeysCommand::Revoke { id, reason, yes, call } => {
            let session = call.session(context)?;
            // An id tells the person little: the question names the key.
            if !yes {
                let key = session.get(&format!("/v1/keys/{id}"))?;
                let (label, environment) = (harmless(&text(&key, "label")), harmless(&text(&key, "environment")));
                confirm(&format!("Revoke the key {label} ({environment}, {id}) for good?"), yes)?;
            }
            let body = reason.map_or(Body::Empty, |reason| Body::Json(json!({ "reason": reason })));
            let key = session.call(Method::POST, &format!("/v1/keys/{id}/revoke"), body)?;
            if call.json {
                return print(&key, &call);
            }
            say!("Revoked {id} ({}).", harmless(&text(&key, "label")));
            Ok(())
        }
    }
}

fn list_keys(context: &ClientContext<'_>, args: KeyListArgs) -> Result<(), String> {
    let include_revoked = args.include_revoked.then(|| "true".to_owned());
    let filters = [
        ("include_revoked", include_revoked),
        ("status", args.status),
        ("label", args.label),
        ("environment", args.environment),
        ("scope", args.scope),
    ];
    let query = filters.into_iter().filter_map(|(name, given)| Some((name, given?))).collect();
    let keys = list(&args.call.session(context)?, &args.holder.path(), &query, &args.list)?;
    let head = ["ID", "CREATED", "KEY", "ENVIRONMENT", "SCOPES", "EXPIRES", "LAST USED", "STATUS", "LABEL"];
    print_list(keys, args.call.json, "There are no such keys.", head, |key| {
        [
            text(key, "key_id"),
            text(key, "created_at"),
            text(key, "shown"),
            text(key, "environment"),
            text(key, "scopes"),
            text_or(key, "expires_at", "never"),
            text_or(key, "last_used_at", "never"),
            text(key, "status"),
            text(key, "label"),
        ]
    })
}

fn print(key: &Value, call: &CallArgs) -> Result<(), String> {
    let limit =
        |name, of| Some(text(key, name)).filter(|limit| !limit.is_empty()).map(|limit| format!("{limit} per {of}"));
    let limits = [limit("limit_per_minute", "minute"), limit("limit_per_day", "day")];
    let metadata = key["metadata"].as_object().filter(|metadata| !metadata.is_empty());
    let unjournaled = (key["journaled"] == false).then_some("the revocation is not in it yet: tell an operator");
    let fields = [
        ("Key", text(key, "label")),
        ("ID", text(key, "key_id")),
        ("Status", text(key, "status")),
        ("Begins with", text(key, "shown")),
        ("Old secret until", text(key, "previous_expires_at")),
        ("Environment", format!("{} ({})", text(key, "environment"), text(key, "mode"))),
        ("Scopes", text(key, "scopes")),
        ("App", text(key, "app_id")),
        ("Organization", text(key, "org_id")),
        ("Created", text(key, "created_at")),
        ("Created by", text(key, "created_by")),
        ("Expires", text_or(key, "expires_at", "never")),
        ("Last used", text_or(key, "last_used_at", "never")),
        ("Addresses", text(key, "addresses")),
        ("Own limits", limits.into_iter().flatten().collect::<Vec<_>>().join(", ")),
        ("Metadata", metadata.map(|_| key["metadata"].to_string()).unwrap_or_default()),
        ("Revoked", text(key, "revoked_at")),
        ("Revoked by", text(key, "revoked_by")),
        ("Reason", text(key, "revoke_reason")),
        ("Journal", unjournaled.unwrap_or_default().to_owned()),
    ];
    print_one(key, call.json, &fields)
}
