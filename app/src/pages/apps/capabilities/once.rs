//! The only response that contains a capability token.

use leptos::prelude::*;
use sallyport::{app::App, service_urls::ServiceUrls, store::MintedCapability};

use crate::{
    access::AppAccess,
    components::{OnceTokenDialog, SecretFile},
    context::Context,
    error::PageError,
    sealed_file::seal,
    words::utc,
};

/// The file that the app reads, with the token and without a key.
pub fn file(
    context: &Context,
    access: &AppAccess,
    services: &ServiceUrls,
    token: &str,
) -> Result<SecretFile, PageError> {
    let configuration = access.app.runtime_configuration("", services).with_capability(token);
    let text = serde_json::to_string_pretty(&configuration).map_err(|_| PageError::Broken)? + "\n";
    let (id, name) = (&access.app.id, context.store.profile().runtime_file.clone());
    let sealed = seal(&context.store, id, &access.org().me.user.id, &name, &text);
    // The browser inserts the token from its field, so that it is not in the page twice.
    let template = text.replace(token, "{secret-key}");
    Ok(SecretFile { action: format!("/apps/{id}/capabilities/file"), sealed, name, template })
}

#[component]
pub fn Once(app: App, minted: MintedCapability, file: SecretFile) -> impl IntoView {
    let done = format!("/apps/{}/capabilities", app.id);
    let until = utc(minted.expires_at);
    view! {
        <OnceTokenDialog
            name=app.name id="secret-key" label="Capability token" copy="Copy capability token" secret=minted.token
            runtime_file=Some(file) done_href=done
        >
            {format!("Valid until {until}. The app reads it as ")}<code>"capability_token"</code>"."
        </OnceTokenDialog>
    }
}
