//! `sallyport token create|list|revoke`.

use clap::Subcommand;
use sallyport::{
    Error, Timestamp,
    id::{OrgId, TokenId},
    key::expiry::ExpiryInput,
    root_token::{NewToken, RootToken},
    store::Store,
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{checked, out, table::table};

#[derive(Subcommand)]
pub enum TokenCommand {
    /// Create a root token; it is printed on standard output, once
    #[command(after_help = "Examples:
  sallyport token create --name my-backend
  sallyport token create --name terraform --manage --org org_focus_labs_kB8mPx
  sallyport token create --name migration --expires 7")]
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
        /// When it expires: a number of days, or a date such as 2027-01-31, to whose end (UTC) it is valid
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
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
  sallyport token revoke tok_5wQm2hVdX8rT")]
    Revoke {
        /// Id of the token, as `token list` shows it
        #[arg(value_name = "TOKEN_ID")]
        id: String,
    },
}

pub async fn run(store: &Store, command: TokenCommand) -> Result<(), String> {
    match command {
        TokenCommand::Create { name, manage, org, expires, json } => {
            let expires = expires.unwrap_or_default();
            create(store, name, manage, org, &expires, json).await
        }
        TokenCommand::List { json } => list(store, json).await,
        TokenCommand::Revoke { id } => revoke(store, &id).await,
    }
}

async fn create(
    store: &Store,
    name: String,
    manage: bool,
    org: Option<String>,
    expires: &str,
    json: bool,
) -> Result<(), String> {
    let org = match org {
        None => None,
        Some(text) => Some(OrgId::parse(&text).ok_or_else(|| format!("{text:?} is not the id of an organization."))?),
    };
    let expires = match expires.contains('-') {
        true => ExpiryInput::Form { choice: "custom", date: expires },
        false => ExpiryInput::Form { choice: expires, date: "" },
    };
    let expires_at = checked(expires.check(store.now()))?;
    if out::is_lost() {
        return Err(
            "Standard output is closed or /dev/null, and the token is printed only there. No token was created."
                .to_owned(),
        );
    }
    let made =
        store.issue_token(&super::act(), NewToken { name, manage, org_id: org, expires_at, form_token: None }).await;
    let (token, secret) = made.map_err(|error| error.to_string())?;
    let printed = if json { with_secret(&token, secret.expose()) } else { Zeroizing::new(secret.expose().to_owned()) };
    if let Err(error) = out::hand_over(&printed) {
        let id = &token.id;
        return Err(match store.revoke_token(&super::act(), id).await {
            Ok(()) => {
                format!("The root token {id} was created but could not be printed ({error}), so it was revoked.")
            }
            Err(other) => format!(
                "The root token {id} was created, but could neither be printed ({error}) nor revoked ({other}). \
                 Revoke it: sallyport token revoke {id}"
            ),
        });
    }
    note!("Root token {} ({}). It is not shown again.", token.id, token.name);
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
        say!("There are no root tokens yet. To create one: sallyport token create --name NAME");
        return Ok(());
    }
    let rows = tokens.into_iter().map(|token| {
        let status = match (token.revoked_at.is_some(), token.is_expired(store.now())) {
            (true, _) => "revoked",
            (false, true) => "expired",
            (false, false) => "active",
        };
        [
            token.id.to_string(),
            token.created_at.to_rfc3339(),
            token.shown,
            if token.manage { "manage" } else { "verify" }.to_owned(),
            token.expires_at.map_or("never".to_owned(), Timestamp::to_rfc3339),
            token.org_id.map_or("all".to_owned(), |org| org.to_string()),
            status.to_owned(),
            token.name,
        ]
    });
    say!(
        "{}",
        table(["ID", "CREATED", "TOKEN", "ACCESS", "EXPIRES", "ORGANIZATION", "STATUS", "NAME"], rows.collect())
    );
    Ok(())
}

/// JSON that includes the secret token.
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
        Err(Error::NotFound) => Err(format!("There is no active root token {id}. To list all: sallyport token list")),
        Err(error) => Err(error.to_string()),
    }
}
