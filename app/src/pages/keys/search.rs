//! `…/keys/search`: a label, an id or a whole key. It is sent, never written into a URL.

use axum::{extract::State, response::Response};
use sallyport::{
    id::{KeyId, OrgId},
    key::secret::{self, Checked},
};

use crate::{
    access::{AppAccess, OrgAccess, SignedIn},
    context::Context,
    error::{PageError, PageResult},
    ui::{Typed, see_other},
};

/// `/orgs/{org_id}/keys/search`
pub mod of_org {
    use super::*;

    pub async fn post(State(context): State<Context>, access: OrgAccess, Typed(form): Typed) -> PageResult {
        let path = format!("/orgs/{}/keys", access.org.id);
        search(&context, &access.me, &access.org.id, &path, &form.value("q")).await
    }
}

/// `/apps/{app_id}/keys/search`
pub mod of_app {
    use super::*;

    pub async fn post(State(context): State<Context>, access: AppAccess, Typed(form): Typed) -> PageResult {
        let path = format!("/apps/{}/keys", access.app.id);
        search(&context, &access.org().me, &access.app.org_id, &path, &form.value("q")).await
    }
}

async fn search(context: &Context, me: &SignedIn, org: &OrgId, path: &str, text: &str) -> Result<Response, PageError> {
    let (store, text) = (&context.store, text.trim());
    if let Some(id) = KeyId::parse(text) {
        let found = store.key_for(&me.user.id, &id).await?.filter(|key| key.org_id == *org);
        return Ok(see_other(
            found.map_or_else(|| format!("{path}?searched=unknown"), |key| format!("/keys/{}", key.id)),
        ));
    }
    let profile = store.profile();
    if let Some(checked) = profile.prefix_of(text).and_then(|prefix| Checked::parse(prefix, text))
        && let Some(id) = store.key_by_secret(org, checked).await?
    {
        return Ok(see_other(format!("/keys/{id}")));
    }
    // Half a key is a secret too.
    if secret::may_be_one(text, profile.prefixes()) {
        return Ok(see_other(format!("{path}?searched=unknown")));
    }
    if text.is_empty() {
        return Ok(see_other(path));
    }
    let label: String = text.chars().take(100).collect();
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("label", &label).finish();
    Ok(see_other(format!("{path}?{query}")))
}
