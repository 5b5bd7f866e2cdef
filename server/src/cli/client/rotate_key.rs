//! `sallyport keys rotate`: the new credentials go to a file or to standard output, and nowhere else.

use std::path::PathBuf;

use clap::Args;
use sallyport::id::KeyId;
use serde_json::{Value, json};

use super::{
    call_args::CallArgs,
    delivery::Delivery,
    session::{ClientContext, Creation},
    show::text,
};
use crate::cli::{ids, table::harmless};

#[derive(Args)]
pub struct RotateArgs {
    /// Id of the key
    #[arg(value_name = "KEY_ID", value_parser = ids::key)]
    id: KeyId,
    /// How long the old secret is accepted, in seconds; 0 ends it at once [default: as the profile says]
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u64>,
    /// For a key that is being rotated: which of its two secrets ends at once, previous or current
    #[arg(long, value_name = "SECRET", value_parser = ["previous", "current"])]
    end: Option<String>,
    /// Replace the newest secret, if nobody used it
    #[arg(long, conflicts_with = "end")]
    replace_unseen: bool,
    /// Keep the signing secret
    #[arg(long)]
    keep_signing_secret: bool,
    /// Write the credentials to this file, which must not exist, instead of printing them
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    call: CallArgs,
}

impl RotateArgs {
    fn body(&self) -> Value {
        let mut body = json!({});
        if let Some(seconds) = self.grace {
            body["grace_seconds"] = seconds.into();
        }
        if let Some(end) = &self.end {
            body["end"] = json!(end);
        }
        if self.replace_unseen {
            body["replace_unseen"] = true.into();
        }
        if self.keep_signing_secret {
            body["signing_secret"] = false.into();
        }
        body
    }
}

pub fn rotate(context: &ClientContext<'_>, args: RotateArgs) -> Result<(), String> {
    let (path, mut body) = (format!("/v1/keys/{}/rotate", args.id), args.body());
    let session = args.call.session(context)?;
    let mut delivery = Delivery::open(args.out, args.call.json)?;
    let again = format!("sallyport keys rotate {} --replace-unseen --url {}", args.id, session.url);
    let key = match session.create(&path, body.clone())? {
        Creation::New(key) => key,
        // The new secret was made, but never arrived. It is replaced, since nobody can have used it.
        Creation::Unseen(_) => {
            if let Some(fields) = body.as_object_mut() {
                fields.remove("end");
                fields.insert("replace_unseen".to_owned(), true.into());
            }
            match session.create(&path, body)? {
                Creation::New(key) => key,
                Creation::Unseen(_) => {
                    return Err(format!("The connection broke before the new secret arrived. Replace it: {again}"));
                }
            }
        }
    };
    if key["secret_key"].as_str().is_none_or(str::is_empty) {
        // The answer is not shown: it may contain the other secret.
        return Err(format!("{} answered without the new secret. Replace it: {again}", session.url));
    }
    if let Err(error) = delivery.write(&key) {
        let until = key["previous_expires_at"]
            .as_str()
            .map(|until| format!(" The old secret is accepted until {}.", harmless(until)));
        return Err(format!(
            "The key {} was rotated, but its new credentials could not be written ({error}).{} Replace them: {again}",
            harmless(&text(&key, "key_id")),
            until.unwrap_or_default()
        ));
    }
    delivery.finish(key)
}
