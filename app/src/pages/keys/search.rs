//! `…/keys/search`: a label, an id or a whole key. It is posted, never part of a URL.

use axum::{extract::State, response::Response};
use sallyport::id::{KeyId, OrgId};

use crate::{
    access::{AppAccess, OrgAccess, SignedIn},
    context::Context,
    error::{PageError, PageResult},
    pages::search::meant::Meant,
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
    let store = &context.store;
    let id = match Meant::by(text, store.profile()) {
        Meant::Nothing => return Ok(see_other(path)),
        Meant::Key(secret) => store.key_by_secret(&me.user.id, secret).await?,
        Meant::Request(id) => return Ok(see_other(format!("/requests/{id}"))),
        Meant::Secret(_) => None,
        Meant::Words(words) => match KeyId::parse(words) {
            Some(id) => Some(id),
            None => return Ok(see_other(labelled(path, words))),
        },
    };
    let key = match id {
        Some(id) => store.find(&me.user.id, &id).await?.filter(|key| key.org_id == *org),
        None => None,
    };
    Ok(see_other(key.map_or_else(|| format!("{path}?searched=unknown"), |key| format!("/keys/{}", key.id))))
}

fn labelled(path: &str, words: &str) -> String {
    let label: String = words.chars().take(100).collect();
    format!("{path}?{}", url::form_urlencoded::Serializer::new(String::new()).append_pair("label", &label).finish())
}
