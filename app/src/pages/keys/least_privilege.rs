//! What a key, or the keys of a place, were used for, and the way to narrow them.

use leptos::prelude::*;
use sallyport::{
    key::{Key, Status},
    suggestion::Suggestion,
};

use super::generate::narrower_key;
use crate::{access::KeyAccess, components::Card, context::Context};

/// The link to the panel, and its title there.
pub const NARROWER: &str = "Make a narrower key";

/// What the card says of a key.
#[derive(Clone)]
pub struct KeyUse {
    sentences: Vec<String>,
    /// Where a narrower one is made, if there is one and the person may.
    narrower: Option<String>,
}

impl KeyUse {
    /// Of a key that is not revoked.
    pub async fn of(context: &Context, access: &KeyAccess) -> sallyport::Result<Self> {
        let (store, key): (_, &Key) = (&context.store, &access.key);
        if key.revoked.is_some() {
            return Ok(Self { sentences: Vec::new(), narrower: None });
        }
        let (profile, history) = (store.profile(), store.key_history(key).await?);
        let told = Suggestion::of(key, &history, profile);
        let usable = !matches!(key.status(store.now()), Status::Suspended) && access.may_change();
        Ok(Self {
            sentences: told.sentences(key, &history.networks, store.now()),
            narrower: (told.is_narrower && usable).then(|| narrower_key(profile, key)),
        })
    }
}

#[component]
pub fn KeyUseCard(used: KeyUse) -> impl IntoView {
    let make = used.narrower.map(|href| view! { <p><a class="link" href=href>{NARROWER}</a></p> });
    (!used.sentences.is_empty()).then(|| {
        view! { <Card title="Least privilege"><p>{used.sentences.join(" ")}</p>{make}</Card> }
    })
}

/// The same of the keys of an organization or an app.
#[component]
pub fn PlaceUseCard(
    sentences: Vec<String>,
    /// The address of the organization’s checks.
    hygiene: String,
) -> impl IntoView {
    (!sentences.is_empty()).then(|| {
        view! {
            <Card title="Least privilege" actions=move || view! { <a href=hygiene>"Hygiene"</a> }>
                <p>{sentences.join(" ")}</p>
            </Card>
        }
    })
}
