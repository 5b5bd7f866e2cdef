//! `sallyport token create|list|revoke`.

use clap::Subcommand;
use sallyport::{
    Error,
    id::{OrgId, TokenId},
    store::Store,
};

use super::out;

#[derive(Subcommand)]
pub enum TokenCommand {
    /// Make a root token; it is printed alone on standard output, once
    Create {
        /// What it is for
        #[arg(long)]
        name: String,
        /// Allow the management endpoints too, not verifying alone
        #[arg(long)]
        manage: bool,
        /// Confine it to one organization
        #[arg(long, value_name = "ORG")]
        org: Option<String>,
    },
    /// List root tokens
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a root token
    Revoke {
        /// Its id, as `token list` shows it
        #[arg(value_name = "TOKEN_ID")]
        id: String,
    },
}

pub async fn run(store: &Store, command: TokenCommand) -> Result<(), String> {
    match command {
        TokenCommand::Create { name, manage, org } => create(store, &name, manage, org).await,
        TokenCommand::List { json } => list(store, json).await,
        TokenCommand::Revoke { id } => revoke(store, &id).await,
    }
}

async fn create(store: &Store, name: &str, manage: bool, org: Option<String>) -> Result<(), String> {
    let org = match org {
        None => None,
        Some(text) => Some(OrgId::parse(&text).ok_or_else(|| format!("{text:?} is not the id of an organization."))?),
    };
    if out::is_lost() {
        return Err("Standard output leads nowhere, and the token is shown there once. No token was made.".to_owned());
    }
    let made = store.create_token(&super::act(), name, manage, org).await;
    let (token, secret) = made.map_err(|error| error.to_string())?;
    if let Err(error) = out::hand_over(secret.expose()) {
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
    }
    for token in tokens {
        let scope = token.org_id.map_or("every organization".to_owned(), |org| org.to_string());
        let allowed = if token.manage { "manage" } else { "verify" };
        let state = if token.revoked_at.is_some() { "revoked" } else { "active" };
        say!("{}  {}  {allowed}  {scope}  {state}  {}", token.id, token.shown, token.name);
    }
    Ok(())
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
