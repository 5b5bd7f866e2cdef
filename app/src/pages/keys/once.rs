//! The only response that contains a key's secrets.

use leptos::prelude::*;
use sallyport::{id::AppId, key::Issued, profile::Profile, service_urls::ServiceUrls};

use super::{
    credentials,
    row::{environment_title, environment_tone, owner},
    snippets::curl,
};
use crate::{
    access::SignedIn,
    components::{OnceDialog, SecretFile},
    context::Context,
};

/// The files of a new key.
pub struct Files {
    credentials: SecretFile,
    runtime: Option<SecretFile>,
}

pub async fn files(context: &Context, me: &SignedIn, issued: &Issued) -> Files {
    // The secrets are shown even if these can't be read.
    let services = context.store.service_urls(&issued.key.org_id).await.unwrap_or_default();
    Files { credentials: file(context, me, issued), runtime: runtime_file(context, me, issued, &services) }
}

/// Its credentials.
fn file(context: &Context, me: &SignedIn, issued: &Issued) -> SecretFile {
    let text = serde_json::to_string_pretty(&issued.credentials()).unwrap_or_default() + "\n";
    let name = issued.key.app_id.as_ref().map_or(issued.key.id.as_str(), AppId::as_str);
    let signing = issued.signing_secret.as_ref().map(|secret| secret.expose());
    let secrets = [("secret-key", Some(issued.secret.expose())), ("signing-secret", signing)];
    credentials::file(context, me, &issued.key.id, format!("credentials-{name}.json"), text, &secrets)
}

/// The file that the key's app reads.
fn runtime_file(context: &Context, me: &SignedIn, issued: &Issued, services: &ServiceUrls) -> Option<SecretFile> {
    let configuration = issued.app.as_ref()?.runtime_configuration(issued.secret.expose(), services);
    let text = serde_json::to_string_pretty(&configuration).unwrap_or_default() + "\n";
    let name = context.store.profile().runtime_file.clone();
    let secrets = [("secret-key", Some(issued.secret.expose()))];
    Some(credentials::file(context, me, &issued.key.id, name, text, &secrets))
}

/// For an environment file, and as the first call.
fn forms(public_url: &str, profile: &Profile, signing: bool) -> Vec<(&'static str, String)> {
    let signing = if signing { "SIGNING_SECRET={signing-secret}\n" } else { "" };
    let env = format!("API_KEY={{secret-key}}\n{signing}");
    vec![(".env", env), ("curl", curl(public_url, profile).replace("$API_KEY", "{secret-key}"))]
}

#[component]
pub fn Once(
    issued: Box<Issued>,
    public_url: String,
    files: Files,
    profile: std::sync::Arc<Profile>,
    done: String,
) -> impl IntoView {
    let (name, scheme) = profile.key_header();
    view! {
        <OnceDialog
            label=issued.key.label.clone()
            owner=owner(issued.key.owner, &issued.key.owner_name)
            environment=environment_title(&profile, &issued.key.environment)
            environment_tone=environment_tone(issued.key.mode)
            secret_key=issued.secret.expose()
            signing_secret=issued.signing_secret.as_ref().map(|secret| secret.expose().to_owned())
            header_name=name
            scheme
            file=files.credentials
            runtime_file=files.runtime
            handover=format!("/keys/{}/handover", issued.key.id)
            forms=forms(&public_url, &profile, issued.signing_secret.is_some())
            done_href=done
        />
    }
}
