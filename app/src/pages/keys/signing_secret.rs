//! `/keys/{key_id}/signing-secret`: a new one, shown once; the previous one is accepted until its grace period ends.

use axum::{extract::State, http::StatusCode};
use leptos::prelude::*;
use sallyport::{
    id::KeyId,
    key::{Key, SigningSecret, Status},
    profile::Profile,
};

use super::{
    already::AlreadyRotated,
    credentials,
    key_panel::KeyPanel,
    overview,
    row::{environment_title, environment_tone, owner},
    settings,
};
use crate::{
    access::{Addressed, KeyAccess},
    acts::{
        ActError, Caller, InPage,
        secrets::{GRACES, Rotated, rotate_signing_secret},
    },
    components::{Choice, Hidden, OnceDialog, SecretFile, SelectField},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: KeyAccess) -> PageResult {
    access.needs_change()?;
    if access.key.status(context.store.now()) == Status::Revoked {
        return Ok(see_other(format!("/keys/{}", access.key.id)));
    }
    let form = FormState::new().with_default("grace", "day");
    Ok(ui.ok(page(&ui, &context, &access, form).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    let rotated = rotate_signing_secret(key.clone(), form.value("version"), form.value("grace"));
    match caller.run(rotated).await {
        Ok(InPage(rotated)) => {
            // The secret is only in this response: it is shown even if the page behind it can't be.
            let behind = behind(&ui, &caller, &key).await.unwrap_or_else(|_| Page::bare("API key", || ()));
            let Rotated { access, secret } = rotated;
            let (context, key, profile) = (&ui.context, access.key, ui.context.store.profile().clone());
            let json = serde_json::json!({ "key_id": key.id, "app_id": key.app_id, "signing_secret": secret.expose() });
            let (name, secrets) =
                (format!("signing-secret-{}.json", key.id), [("signing-secret", Some(secret.expose()))]);
            let me = &access.within.org().me;
            let file = credentials::file(context, me, &key.id, name, format!("{json:#}\n"), &secrets);
            Ok(ui.secret(behind.with_dialog(move || view! { <Once key secret file profile/> })))
        }
        Err(ActError::AlreadyIssued(key)) => {
            let behind = behind(&ui, &caller, &key).await?;
            let close = format!("/keys/{key}");
            let again = format!("{close}/signing-secret");
            let advice = "rotate it once more.";
            let page =
                behind.with_dialog(move || view! { <AlreadyRotated what="the signing secret" advice again close/> });
            Ok(ui.show(StatusCode::CONFLICT, page))
        }
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&key).await?);
            Ok(ui.refused(page(&ui, &ui.context, &access, form).await?))
        }
    }
}

/// The current page of the key.
async fn behind(ui: &Ui, caller: &Caller, key: &KeyId) -> Result<Page, PageError> {
    overview::page(ui, &ui.context, &caller.access(key).await?, "").await
}

async fn page(ui: &Ui, context: &Context, access: &KeyAccess, form: FormState) -> Result<Page, PageError> {
    let page = settings::page(ui, context, access).await?;
    let (key, version, first) =
        (access.key.id.clone(), access.key.signing_version.to_string(), !access.key.has_signing_secret);
    let title = if first { "Generate signing secret" } else { "Rotate signing secret" };
    let graces = GRACES.into_iter().map(|(value, _, label)| Choice::new(value, label)).collect();
    Ok(page.with_dialog(move || {
        let hint = "Update your servers during this time. If it leaked, end it at once.";
        view! {
            <KeyPanel
                key at="signing-secret" button="rotate-signing" modal=true title form=&form send=title
                sub="The key stays as it is. The new secret is shown once."
            >
                <Hidden name="version" value=version/>
                {(!first).then(|| view! {
                    <SelectField form=&form name="grace" label="The secret in use" options=graces hint autofocus=!form.is_refused()/>
                })}
            </KeyPanel>
        }
    }))
}

/// The only response that contains it.
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
