//! The one response that holds a key's secrets.

use base64::{Engine, prelude::BASE64_STANDARD};
use leptos::prelude::*;
use sallyport::{id::AppId, key::Issued, profile::Profile};

use super::row::{environment_title, environment_tone, owner};
use crate::components::OnceDialog;

#[component]
pub fn Once(issued: Box<Issued>, profile: std::sync::Arc<Profile>, done: String) -> impl IntoView {
    let json = serde_json::to_string_pretty(&issued.credentials()).unwrap_or_default();
    let download = format!("data:application/json;base64,{}", BASE64_STANDARD.encode(json + "\n"));
    let (name, scheme) = profile.key_header();
    view! {
        <OnceDialog
            label=issued.key.label.clone()
            owner=owner(&issued.key)
            environment=environment_title(&profile, &issued.key.environment)
            environment_tone=environment_tone(issued.key.mode)
            secret_key=issued.secret.expose()
            signing_secret=issued.signing_secret.as_ref().map(|secret| secret.expose().to_owned())
            header_name=name
            scheme
            download_href=download
            download_name=format!("credentials-{}.json", issued.key.app_id.as_ref().map_or(issued.key.id.as_str(), AppId::as_str))
            done_href=done
        />
    }
}
