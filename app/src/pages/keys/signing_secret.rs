//! `/keys/{key_id}/signing-secret`: another one, shown once; the one before signs until its grace ends.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use leptos::prelude::*;
use sallyport::{
    Error,
    key::{Key, SigningSecret, Status},
    profile::Profile,
};

use super::{
    credentials, overview,
    row::{environment_title, environment_tone, owner},
};
use crate::{
    access::KeyAccess,
    components::{
        Choice, ErrorSummary, Hidden, Modal, Notice, OnceDialog, PanelFoot, SecretFile, SelectField, SidePanel, Tone,
    },
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

/// As the form says it, in seconds and in words.
const GRACES: [(&str, u64, &str); 4] = [
    ("none", 0, "Ends at once"),
    ("hour", 3_600, "Signs for an hour more"),
    ("day", 86_400, "Signs for a day more"),
    ("week", 604_800, "Signs for a week more"),
];

pub async fn get(ui: Ui, State(context): State<Context>, access: KeyAccess) -> PageResult {
    access.needs_change()?;
    if access.key.status(context.store.now()) == Status::Revoked {
        return Ok(see_other(format!("/keys/{}", access.key.id)));
    }
    let form = FormState::new().with_default("grace", "day");
    Ok(ui.ok(page(&ui, &context, &access, form).await?).await)
}

pub async fn post(ui: Ui, State(context): State<Context>, access: KeyAccess, Typed(form): Typed) -> PageResult {
    access.needs_change()?;
    let rotated = async {
        // The first of a key takes nothing's place.
        let grace = if access.key.has_signing_secret { grace(&form)? } else { Duration::ZERO };
        let seen = form
            .value("version")
            .parse()
            .map_err(|_| Error::field("", "This form is not one that we gave you. Look again, then send it again."))?;
        context.store.rotate_signing_secret(&access.within.org().me.act(), &access.key, seen, grace).await
    };
    match rotated.await {
        Ok(secret) => {
            // The secret is in this answer or nowhere: it is shown even where the page behind it can't be.
            let behind = behind(&ui, &context, &access).await.unwrap_or_else(|_| Page::bare("API key", || ()));
            let (key, profile) = (access.key.clone(), context.store.profile().clone());
            let json = serde_json::json!({ "key_id": key.id, "app_id": key.app_id, "signing_secret": secret.expose() });
            let (name, secrets) =
                (format!("signing-secret-{}.json", key.id), [("signing-secret", Some(secret.expose()))]);
            let file =
                credentials::file(&context, &access.within.org().me, &key.id, name, format!("{json:#}\n"), &secrets);
            Ok(ui.secret(behind.with_dialog(move || view! { <Once key secret file profile/> })).await)
        }
        Err(Error::AlreadyIssued(key)) => {
            let behind = behind(&ui, &context, &access).await?;
            let close = format!("/keys/{key}");
            Ok(ui.show(StatusCode::CONFLICT, behind.with_dialog(move || view! { <Already close/> })).await)
        }
        Err(error) => Ok(ui.refused(page(&ui, &context, &access, refuse(form, error)?).await?).await),
    }
}

fn grace(form: &FormState) -> Result<Duration, Error> {
    let chosen = GRACES.into_iter().find(|(value, ..)| *value == form.value("grace"));
    let (_, seconds, _) = chosen.ok_or_else(|| Error::field("grace", "Choose from the list how long it signs."))?;
    Ok(Duration::from_secs(seconds))
}

/// The key's page as it is now.
async fn behind(ui: &Ui, context: &Context, access: &KeyAccess) -> Result<Page, PageError> {
    let key =
        context.store.key_for(&access.within.org().me.user.id, &access.key.id).await?.ok_or(PageError::NotFound)?;
    overview::page(ui, context, &KeyAccess { key, ..access.clone() }, "").await
}

async fn page(ui: &Ui, context: &Context, access: &KeyAccess, form: FormState) -> Result<Page, PageError> {
    let page = overview::page(ui, context, access, "").await?;
    let (close, version, first) =
        (format!("/keys/{}", access.key.id), access.key.signing_version.to_string(), !access.key.has_signing_secret);
    let action = format!("{close}/signing-secret");
    // Back to the button that asked.
    let close = format!("{close}#rotate-signing");
    let title = if first { "Generate signing secret" } else { "Rotate signing secret" };
    let graces = GRACES.into_iter().map(|(value, _, label)| Choice::new(value, label)).collect();
    Ok(page.with_dialog(move || {
        let hint = "Change your servers one after another meanwhile. If it leaked, let it end at once.";
        view! {
            <SidePanel title sub="The key stays as it is. The new secret is shown once." close_href=close.clone()>
                <form method="post" action=action novalidate>
                    <div class="stack">
                        <ErrorSummary form=&form/>
                        <Hidden name="version" value=version/>
                        {(!first).then(|| view! {
                            <SelectField form=&form name="grace" label="The secret in use" options=graces hint autofocus=!form.is_refused()/>
                        })}
                    </div>
                    <PanelFoot cancel_href=close>
                        <button class="btn btn-primary">{title}</button>
                    </PanelFoot>
                    <SubmitOnce/>
                </form>
            </SidePanel>
        }
    }))
}

/// The one response that holds it.
#[component]
fn Once(key: Key, secret: SigningSecret, file: SecretFile, profile: std::sync::Arc<Profile>) -> impl IntoView {
    view! {
        <OnceDialog
            title="Save your signing secret"
            label=key.label.clone()
            owner=owner(key.owner, &key.owner_name)
            environment=environment_title(&profile, &key.environment)
            environment_tone=environment_tone(key.mode)
            signing_secret=Some(secret.expose().to_owned())
            file
            done_href=format!("/keys/{}", key.id)
        />
    }
}

/// What a form shows that is sent again, or that lay open while somebody else sent theirs.
#[component]
fn Already(close: String) -> impl IntoView {
    let again = format!("{close}/signing-secret");
    view! {
        <Modal title="Already shown" close_href=close.clone()>
            <Notice tone=Tone::Warning>
                "This form was sent before, or the signing secret was rotated since it was opened. It was shown in that \
                 answer and is nowhere else."
            </Notice>
            <p>"If it was saved, all is well. If it was not, rotate it once more."</p>
            <div class="dialog-foot">
                <a class="btn" href=close>"Close"</a>
                <a class="btn btn-primary" href=again>"Rotate again"</a>
            </div>
        </Modal>
    }
}
