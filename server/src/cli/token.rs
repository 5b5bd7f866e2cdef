//! `sallyport token create|list|revoke`.

use clap::Subcommand;
use sallyport::{
    Error,
    id::{OrgId, TokenId},
    root_token::RootToken,
    store::Store,
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{out, table::table};

#[derive(Subcommand)]
pub enum TokenCommand {
    /// Create a root token; it is printed on standard output, once
    #[command(after_help = "Examples:
  sallyport token create --name my-backend
  sallyport token create --name terraform --manage --org org_focus_labs_kB8mPx")]
    Create {
        /// Name of the token
        #[arg(long)]
        name: String,
        /// Allow the management endpoints, not only verifying
        #[arg(long)]
        manage: bool,
        /// Limit it to one organization, by its id
        #[arg(long, value_name = "ORG")]
        org: Option<String>,
        /// Print JSON: the fields of `token list --json` and the token itself
        #[arg(long)]
        json: bool,
    },
    /// List root tokens
    #[command(after_help = "Examples:
  sallyport token list
  sallyport token list --json")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a root token
    #[command(after_help = "Example:
  sallyport token revoke tok_5wQm2hVd")]
    Revoke {
        /// Id of the token, as `token list` shows it
        #[arg(value_name = "TOKEN_ID")]
        id: String,
    },
}

pub async fn run(store: &Store, command: TokenCommand) -> Result<(), String> {
    match command {
        TokenCommand::Create { name, manage, org, json } => create(store, &name, manage, org, json).await,
        TokenCommand::List { json } => list(store, json).await,
        TokenCommand::Revoke { id } => revoke(store, &id).await,
    }
}

async fn create(store: &Store, name: &str, manage: bool, org: Option<String>, json: bool) -> Result<(), String> {
    let org = match org {
        None => None,
        Some(text) => Some(OrgId::parse(&text).ok_or_else(|| format!("{text:?} is not the id of an organization."))?),
    };
    if out::is_lost() {
        return Err("Standard output leads nowhere, and the token is shown there once. No token was made.".to_owned());
    }
    let made = store.create_token(&super::act(), name, manage, org).await;
    let (token, secret) = made.map_err(|error| error.to_string())?;
    let printed = if json { with_secret(&token, secret.expose()) } else { Zeroizing::new(secret.expose().to_owned()) };
    if let Err(error) = out::hand_over(&printed) {
        let id = &token.id;
        return Err(match store.revoke_token(&super::act(), id).await {
            Ok(()) => {
                format!("The root token {id} was made and could not be printed ({error}), so it was revoked again.")
            }
            Err(other) => format!(
                "The root token {id} was made, and could neither be printed ({error}) nor revoked ({other}). Revoke it: \
                 sallyport token revoke {id}"
            ),
        });
    }
    note!("Root token {} ({}). It is shown this once.", token.id, token.name);
    Ok(())
}

async fn list(store: &Store, json: bool) -> Result<(), String> {
    let tokens = store.tokens().await.map_err(|error| error.to_string())?;
    if json {
        let text = serde_json::to_string_pretty(&tokens).map_err(|error| error.to_string())?;
        say!("{text}");
        return Ok(());
    }
    if tokens.is_empty() {
        say!("There is no root token yet. Make one: sallyport token create --name NAME");
        return Ok(());
    }
    let rows = tokens.into_iter().map(|token| {
        let status = if token.revoked_at.is_some() { "revoked" } else { "active" };
        [
            token.id.to_string(),
            token.created_at.to_rfc3339(),
            token.shown,
            if token.manage { "manage" } else { "verify" }.to_owned(),
            token.org_id.map_or("all".to_owned(), |org| org.to_string()),
            status.to_owned(),
            token.name,
        ]
    });
    say!("{}", table(["ID", "CREATED", "TOKEN", "ACCESS", "ORGANIZATION", "STATUS", "NAME"], rows.collect()));
    Ok(())
}

/// JSON with the token, which is only shown here.
fn with_secret(token: &RootToken, secret: &str) -> Zeroizing<String> {
    let mut object = json!(token);
    object["token"] = json!(secret);
    Zeroizing::new(format!("{object:#}"))
}

async fn revoke(store: &Store, id: &str) -> Result<(), String> {
    let id = TokenId::parse(id).ok_or_else(|| format!("{id:?} is not the id of a root token."))?;
    match store.revoke_token(&super::act(), &id).await {
        Ok(()) => {
            say!("Revoked {id}.");
            Ok(())
        }
        Err(Error::NotFound) => Err(format!("There is no active root token {id}.")),
        Err(error) => Err(error.to_string()),
    }
}
