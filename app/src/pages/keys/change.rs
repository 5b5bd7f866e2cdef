//! `/keys/{key_id}/change`: its scopes and its expiry.

pub mod button;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    key::Key,
    profile::{HowMany, Profile},
};

use self::button::{is_changeable, title};
use super::{expiry_fields::ExpiryFields, key_panel::KeyPanel, scope_fields::ScopeFields, settings};
use crate::{
    access::{Addressed, KeyAccess},
    acts::{
        Caller,
        terms::{asked, change_key, seen},
    },
    components::{CheckField, Choice, Hidden},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
    words::date,
};

pub async fn get(ui: Ui, State(context): State<Context>, access: KeyAccess) -> PageResult {
    access.needs_change()?;
    if !is_changeable(access.key.status(context.store.now())) {
        return Ok(see_other(format!("/keys/{}", access.key.id)));
    }
    let form = filled(&access.key, context.store.profile());
    Ok(ui.ok(page(&ui, &context, &access, form).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    let scopes = form.values_of("scopes").map(str::to_owned).collect();
    let [expires, expires_on, seen, confirmed] =
        ["expires", "expires_on", "seen", "confirmed"].map(|name| form.value(name));
    match caller.run(change_key(key.clone(), scopes, expires, expires_on, seen, confirmed)).await {
        Ok(None) => Ok(see_other(format!("/keys/{key}?done=changed"))),
        Ok(Some(approval)) => Ok(see_other(format!("/approvals/{approval}?done=asked"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&key).await?);
            Ok(ui.refused(page(&ui, &ui.context, &access, form).await?))
        }
    }
}

fn filled(key: &Key, profile: &Profile) -> FormState {
    // If an older key has several, none is preselected.
    let shown = profile.keys.scopes == HowMany::Many || key.scopes.len() == 1;
    let scopes = key.scopes.iter().filter(|_| shown).map(|scope| ("scopes", scope.clone()));
    FormState::typed(scopes).with_default("expires", "keep").with_default("seen", seen(key))
}

async fn page(ui: &Ui, context: &Context, access: &KeyAccess, form: FormState) -> Result<Page, PageError> {
    let page = settings::page(ui, context, access).await?;
    let (profile, now) = (context.store.profile().clone(), context.store.now());
    let key = access.key.id.clone();
    let kept = match access.key.expires_at {
        Some(at) => format!("As it is: {}", date(at, now)),
        None => "As it is: never".to_owned(),
    };
    // After a conflict the person has seen the other change.
    let seen = if form.status() == Some(409) { seen(&access.key) } else { form.value("seen") };
    let asked = asked(form.values_of("scopes"), &form.value("expires"), &form.value("expires_on"));
    let confirms = form.error("confirmed").is_some();
    Ok(page.with_dialog(move || {
        view! {
            <KeyPanel key at="change" title=title(&profile) sub="They apply from the next request on." form=&form>
                <Hidden name="seen" value=seen/>
                <ScopeFields form=form.clone() profile autofocus=!form.is_refused()/>
                <ExpiryFields form=&form now first=Choice::new("keep", kept)/>
                {confirms.then(|| view! {
                    <CheckField form=&form name="confirmed" label="Give the key more than it had" value=asked/>
                })}
            </KeyPanel>
        }
    }))
}
