//! `sallyport keys create` and `sallyport keys claim`: the credentials go to a file or to standard output, and nowhere else.

use std::path::PathBuf;

use clap::Args;
use sallyport::{Timestamp, id::ApprovalId, key::expiry::ExpiryInput};
use serde_json::{Map, Value, json};
use ureq::http::Method;

use super::{
    call_args::CallArgs,
    delivery::Delivery,
    holder::HolderArgs,
    http::Body,
    session::{ClientContext, Creation, Session},
    show::text,
};
use crate::cli::{checked, ids, table::harmless};

#[derive(Args)]
pub struct CreateArgs {
    #[command(flatten)]
    holder: HolderArgs,
    /// Where the key is used, for people
    #[arg(long)]
    label: String,
    /// Environment of the key, such as production or staging
    #[arg(long)]
    environment: String,
    /// Scope of the key; several: --scope read --scope write
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<String>,
    /// When it expires: a number of days, a date such as 2027-01-31, to whose end (UTC) it is valid, or a time (RFC 3339)
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// JSON object that verdicts about the key return
    #[arg(long, value_name = "JSON", value_parser = object)]
    metadata: Option<Map<String, Value>>,
    /// Address or block from which alone it may be used; several: --address 203.0.113.7 --address 2001:db8::/32
    #[arg(long = "address", value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// Without a secret to sign requests with
    #[arg(long)]
    no_signing_secret: bool,
    /// Write the credentials to this file, which must not exist, instead of printing them
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    call: CallArgs,
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|_| "it should be a JSON object such as {\"team\":\"billing\"}".to_owned())
}

pub fn create(context: &ClientContext<'_>, args: CreateArgs) -> Result<(), String> {
    let expires_at = match &args.expires {
        Some(text) => expiry(text, context.clock.now())?,
        None => None,
    };
    let mut body = json!({
        "label": args.label,
        "environment": args.environment,
        "scopes": args.scopes,
        "signing_secret": !args.no_signing_secret,
    });
    if let Some(at) = expires_at {
        body["expires_at"] = json!(at);
    }
    if !args.addresses.is_empty() {
        body["addresses"] = json!(args.addresses);
        body["addresses_enforced"] = json!(true);
    }
    if let Some(metadata) = args.metadata {
        body["metadata"] = Value::Object(metadata);
    }
    let session = args.call.session(context)?;
    let delivery = Delivery::open(args.out, args.call.json)?;
    let made = session.create(&args.holder.path(), body)?;
    deliver(&session, delivery, made)
}

#[derive(Args)]
pub struct ClaimArgs {
    /// Id of the approved request
    #[arg(value_name = "APPROVAL_ID", value_parser = ids::approval)]
    id: ApprovalId,
    /// Write the credentials to this file, which must not exist, instead of printing them
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    call: CallArgs,
}

pub fn claim(context: &ClientContext<'_>, args: ClaimArgs) -> Result<(), String> {
    let session = args.call.session(context)?;
    let delivery = Delivery::open(args.out, args.call.json)?;
    match session.create(&format!("/v1/approvals/{}/claim", args.id), json!({}))? {
        // A key that was changed has no new secrets.
        Creation::New(key) if key.get("secret_key").is_none() => {
            say!("Changed {} ({}).", harmless(&text(&key, "key_id")), harmless(&text(&key, "label")));
            Ok(())
        }
        made => deliver(&session, delivery, made),
    }
}

/// Writes the credentials of a new key. One whose credentials nobody gets is revoked.
fn deliver(session: &Session<'_>, mut delivery: Delivery, made: Creation) -> Result<(), String> {
    let (Creation::New(answer) | Creation::Unseen(answer)) = &made;
    let approval = harmless(&text(answer, "approval_id"));
    if !approval.is_empty() {
        return Err(format!(
            "This key waits for the approval of another person. Once {approval} is approved: sallyport keys claim {approval} \
             --url {}",
            session.url
        ));
    }
    let key = match made {
        Creation::New(key) => key,
        Creation::Unseen(problem) => return Err(unseen(session, &text(&problem, "key_id"))),
    };
    let id = harmless(&text(&key, "key_id"));
    if key["secret_key"].as_str().is_none_or(str::is_empty) {
        // The answer is not shown: it may contain the other secret.
        return Err(format!(
            "{} answered without the secret of the key {id}. Revoke it: sallyport keys revoke {id} --url {}",
            session.url, session.url
        ));
    }
    if let Err(error) = delivery.write(&key) {
        return Err(match revoke(session, &id) {
            Ok(()) => {
                format!(
                    "The key {id} was created, but its credentials could not be written ({error}), so it was revoked."
                )
            }
            Err(other) => format!(
                "The key {id} was created, but its credentials could neither be written ({error}) nor the key be revoked \
                 ({other}). Revoke it: sallyport keys revoke {id} --url {}",
                session.url
            ),
        });
    }
    delivery.finish(key)
}

/// As `token create` takes it, or RFC 3339.
fn expiry(text: &str, now: Timestamp) -> Result<Option<String>, String> {
    let input = if text.contains(['T', 't']) {
        ExpiryInput::Moment(text)
    } else if text.contains('-') {
        ExpiryInput::Form { choice: "custom", date: text }
    } else {
        ExpiryInput::from(text)
    };
    Ok(checked(input.check(now))?.map(Timestamp::to_rfc3339))
}

/// The key was created, but the answer with its secrets never arrived.
fn unseen(session: &Session<'_>, id: &str) -> String {
    let id = harmless(id);
    match revoke(session, &id) {
        Ok(()) => format!(
            "The connection broke before the secrets of the new key arrived, so the key {id} was revoked. Run the command \
             again."
        ),
        Err(error) => format!(
            "The connection broke before the secrets of the new key {id} arrived, and the key could not be revoked \
             ({error}). Revoke it, and run the command again: sallyport keys revoke {id} --url {}",
            session.url
        ),
    }
}

fn revoke(session: &Session<'_>, id: &str) -> Result<(), String> {
    let reason = json!({ "reason": "Its credentials could not be written" });
    session.call(Method::POST, &format!("/v1/keys/{id}/revoke"), Body::Json(reason)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2026-11-22T06:00:00Z
    const NOW: Timestamp = Timestamp::from_seconds(1_795_327_200);

    #[test]
    fn an_expiry_is_days_a_date_or_a_time() {
        for (text, at) in [
            ("7", "2026-11-29T06:00:00Z"),
            ("2027-01-31", "2027-01-31T23:59:59Z"),
            ("2027-01-31T12:00:00+01:00", "2027-01-31T11:00:00Z"),
        ] {
            assert_eq!(expiry(text, NOW).as_ref().map(Option::as_deref), Ok(Some(at)), "{text}");
        }
        for text in ["0", "-7", "soon", "2026-01-31", "2027-01-31T12", "99999"] {
            assert!(expiry(text, NOW).is_err(), "{text}");
        }
        assert_eq!(expiry("never", NOW), Ok(None));
    }
}
