//! `…/keys/search`: a label, an id or a whole key. It is posted, never part of a URL.

use axum::{extract::State, response::Response};
use sallyport::{
    id::{KeyId, OrgId},
    member::Permission,
};

use super::listed::Listed;
use crate::{
    access::SignedIn,
    context::Context,
    error::{PageError, PageResult},
    pages::search::input::SearchInput,
    ui::{Typed, see_other},
};

pub async fn post<A: Listed>(State(context): State<Context>, access: A, Typed(form): Typed) -> PageResult {
    Listed::needs(&access, Permission::SeeKeys)?;
    let org = access.org();
    search(&context, &org.me, &org.org.id, &access.list_path(), &form.value("q")).await
}

async fn search(context: &Context, me: &SignedIn, org: &OrgId, path: &str, text: &str) -> Result<Response, PageError> {
    let store = &context.store;
    let id = match SearchInput::by(text, store.profile()) {
        SearchInput::Nothing => return Ok(see_other(path)),
        SearchInput::Key(secret) => store.key_by_secret(&me.user.id, secret).await?,
        SearchInput::Request(id) => return Ok(see_other(format!("/requests/{id}"))),
        SearchInput::Secret(_) => None,
        SearchInput::Words(words) => match KeyId::parse(words) {
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
