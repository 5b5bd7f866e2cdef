//! `/keys/{key_id}/rotate`: gives a key another secret, shown once; then what uses the old one, until it ends.

mod by_hand;
mod dialog;
pub mod notice;
mod old_key;
mod progress;
mod uses;

use axum::{extract::State, http::StatusCode};
use leptos::prelude::*;
use sallyport::{
    key::{Issued, LiveSecrets},
    profile::RotationKind,
};
use serde::Deserialize;

use super::{
    already::AlreadyRotated,
    change::button::is_changeable,
    once::{self, Once},
    settings,
};
use crate::{
    access::{Addressed, KeyAccess},
    acts::{
        ActError, Caller, InPage,
        rotation::{RotationForm, rotate_key},
    },
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    portal::Page,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};
use by_hand::ByHand;
use dialog::RotateDialog;

#[derive(Deserialize)]
pub struct RotateQuery {
    /// Over the page of a rotation: another one.
    #[serde(default)]
    again: String,
    /// What was just done.
    #[serde(default)]
    done: String,
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: KeyAccess,
    UrlQuery(query): UrlQuery<RotateQuery>,
) -> PageResult {
    access.needs_change()?;
    let store = &context.store;
    if !is_changeable(access.key.status(store.now())) {
        return Ok(see_other(format!("/keys/{}", access.key.id)));
    }
    let live = store.live_secrets(&access.key.id).await?;
    if live.previous.is_some() && query.again.is_empty() {
        return Ok(ui.ok(progress::page(&ui, &context, &access, live, &query.done).await?));
    }
    let form = dialog::untouched(&access.key, &live, &store.profile().rotation);
    Ok(ui.ok(asking(&ui, &context, &access, live, form).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    let new = RotationForm {
        seen: form.value("seen"),
        grace: form.value("grace"),
        hours: form.value("hours"),
        signing_secret: form.has("signing_secret", "on"),
        end: form.value("end"),
    };
    match caller.run(rotate_key(key.clone(), new)).await {
        Ok(InPage(issued)) => shown(&ui, &caller, Box::new(issued)).await,
        Err(ActError::AlreadyIssued(key)) => {
            let access = caller.access(&key).await?;
            let page = settings::page(&ui, &ui.context, &access).await?;
            let close = format!("/keys/{key}");
            let again = format!("{close}/rotate?again=1");
            let advice = "rotate once more, and end the new secret.";
            let page = page.with_dialog(move || view! { <AlreadyRotated what="the key" advice again close/> });
            Ok(ui.show(StatusCode::CONFLICT, page))
        }
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&key).await?);
            let live = ui.context.store.live_secrets(&key).await?;
            Ok(ui.refused(asking(&ui, &ui.context, &access, live, form).await?))
        }
    }
}

/// The only response that contains the new secrets. They are shown even if the page behind them can't be.
async fn shown(ui: &Ui, caller: &Caller, issued: Box<Issued>) -> PageResult {
    let access: KeyAccess = caller.access(&issued.key.id).await?;
    let behind = settings::page(ui, &ui.context, &access).await.unwrap_or_else(|_| Page::bare("API key", || ()));
    let (context, profile) = (&ui.context, ui.context.store.profile().clone());
    let files = once::files(context, &access.within.org().me, &issued).await;
    let (public_url, rotating) = (context.public_url.clone(), issued.key.rotating_until(context.store.now()));
    let done = if rotating.is_some() { "/rotate" } else { "" };
    let done = format!("/keys/{}{done}", issued.key.id);
    Ok(ui.secret(behind.with_dialog(move || view! { <Once issued public_url files profile done/> })))
}

/// The dialog, over the page of the rotation or over the key's settings.
async fn asking(
    ui: &Ui,
    context: &Context,
    access: &KeyAccess,
    live: LiveSecrets,
    form: FormState,
) -> Result<Page, PageError> {
    let (key, profile) = (access.key.clone(), context.store.profile().clone());
    let page = match live.previous.is_some() {
        true => progress::page(ui, context, access, live.clone(), "").await?,
        false => settings::page(ui, context, access).await?,
    };
    Ok(page.with_dialog(move || match profile.rotation.kind {
        RotationKind::ByHand => view! { <ByHand key profile/> }.into_any(),
        RotationKind::Grace | RotationKind::Steps => view! { <RotateDialog key live form profile/> }.into_any(),
    }))
}

/// Where a button of the rotation leads. If it came too late, the page says how it is now.
pub(super) fn over(pressed: Result<(), ActError>, page: &str, done: &str) -> PageResult {
    match pressed {
        Ok(()) => Ok(see_other(format!("{page}?done={done}"))),
        Err(ActError::Conflict(_) | ActError::Invalid(_)) => Ok(see_other(page)),
        Err(error) => Err(error.into()),
    }
}

/// What came of a button that was just pressed.
pub(super) fn said(done: &str) -> Option<&'static str> {
    match done {
        "ended" => Some("The old key is revoked. Every request with it is refused."),
        "extended" => Some("Extended. The old key is accepted for longer."),
        _ => None,
    }
}
