//! The one response that holds a key's secrets.

use base64::{Engine, prelude::BASE64_STANDARD};
use leptos::prelude::*;
use sallyport::{key::Issued, profile::Profile};

use super::row::{environment_title, environment_tone};
use crate::components::OnceDialog;

#[component]
pub fn Once(issued: Box<Issued>, profile: std::sync::Arc<Profile>, done: String) -> impl IntoView {
    let json = serde_json::to_string_pretty(&issued.credentials()).unwrap_or_default();
    let download = format!("data:application/json;base64,{}", BASE64_STANDARD.encode(json + "\n"));
    view! {
        <OnceDialog
            label=issued.key.label.clone()
            app=issued.app.name.clone()
            environment=environment_title(&profile, &issued.key.environment)
            environment_tone=environment_tone(issued.key.mode)
            secret_key=issued.secret.expose()
            signing_secret=issued.signing_secret.as_ref().map(|secret| secret.expose().to_owned())
            header_name=profile.key_header().to_owned()
            download_href=download
            download_name=format!("credentials-{}.json", issued.app.id)
            done_href=done
        />
    }
}
