//! `…/keys/chosen`: the keys that were selected in a list, paused, revoked or extended after one question; or rotated, one after
//! the other.

mod asking;
mod rotating;

use leptos::prelude::*;
use sallyport::{id::KeyId, member::Permission, place::check_typed_name};

use self::{
    asking::{Asked, Asking},
    rotating::RotateEach,
};
use super::{
    list::{ListQuery, ListSource},
    listed::Listed,
};
use crate::{
    access::{Addressed, KeyAccess},
    acts::{
        Caller,
        chosen_keys::{MOST, NotExtended, extend_chosen_keys, is_listed, pause_chosen_keys, revoke_chosen_keys},
    },
    error::{PageError, PageResult},
    form::FormState,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get<A: Listed>(ui: Ui, caller: Caller, access: A) -> PageResult {
    Listed::needs(&access, Permission::ManageKeys)?;
    // `do`, and `key` for each.
    let form = ui.query_form();
    ask(&ui, &caller, &access, form).await
}

pub async fn post<A: Listed>(ui: Ui, caller: Caller, Addressed(id): Addressed<A>, Typed(form): Typed) -> PageResult {
    let access = caller.access::<A>(&id).await?;
    Listed::needs(&access, Permission::ManageKeys)?;
    let (source, keys) = (ListSource::of(&form)?, ids(&form)?);
    let list = access.list_path_of(source);
    if keys.is_empty() {
        return Ok(see_other(list));
    }
    let what = What::of(&form)?;
    if what.needs_name(source)
        && let Err(error) = check_typed_name(&form.value("typed_name"), &access.place().name)
    {
        return ask(&ui, &caller, &access, refuse(form, error)?).await;
    }
    let (done, run) = match what {
        What::Pause => ("paused", caller.run(pause_chosen_keys(id.into(), keys)).await.map(drop)),
        What::Revoke => {
            ("revoked", caller.run(revoke_chosen_keys(id.into(), keys, form.value("reason"))).await.map(drop))
        }
        What::Extend => match caller.run(extend_chosen_keys(id.into(), keys, form.value("days"))).await {
            Ok(refused) if !refused.is_empty() => {
                return ask(&ui, &caller, &access, not_extended(form, refused)).await;
            }
            extended => ("extended", extended.map(drop)),
        },
        What::Rotate => return ask(&ui, &caller, &access, form).await,
    };
    match run {
        Ok(()) => Ok(see_other(format!("{list}{}done={done}", if list.contains('?') { '&' } else { '?' }))),
        Err(error) => ask(&ui, &caller, &access, refuse(form, error)?).await,
    }
}

/// The form with the keys that are left, and why.
fn not_extended(form: FormState, refused: Vec<NotExtended>) -> FormState {
    let left: Vec<_> = refused.iter().map(|left| left.key.to_string()).collect();
    refused.into_iter().fold(form.with_values("key", &left), |form, NotExtended { label, why, .. }| {
        form.with_error("", format!("{label}: {why}"))
    })
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Pause,
    Revoke,
    Extend,
    Rotate,
}

impl What {
    fn of(form: &FormState) -> Result<Self, PageError> {
        match form.value("do").as_str() {
            "pause" => Ok(Self::Pause),
            "revoke" => Ok(Self::Revoke),
            "extend" => Ok(Self::Extend),
            "rotate" => Ok(Self::Rotate),
            _ => Err(PageError::BadRequest("Select keys in the list, then choose what to do with them.".to_owned())),
        }
    }

    /// Whether the name of the place is typed to confirm: what is found elsewhere may be many keys of several people, and what
    /// is extended is accepted for longer than was decided.
    fn needs_name(self, source: ListSource) -> bool {
        source != ListSource::All || self == Self::Extend
    }

    const fn verb(self) -> &'static str {
        match self {
            Self::Pause => "Pause",
            Self::Revoke => "Revoke",
            Self::Extend => "Extend",
            Self::Rotate => "Rotate",
        }
    }
}

/// Each once.
fn ids(form: &FormState) -> Result<Vec<KeyId>, PageError> {
    let mut ids = Vec::new();
    for id in form.values_of("key") {
        let id = KeyId::parse(id).ok_or(PageError::NotFound)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The dialog in front of the list. A key of another list is as good as none.
async fn ask<A: Listed>(ui: &Ui, caller: &Caller, access: &A, form: FormState) -> PageResult {
    let (list, source, ids) = (access.id(), ListSource::of(&form)?, ids(&form)?);
    let (back, action) = (access.list_path_of(source), format!("{}/chosen", access.list_path()));
    if ids.is_empty() {
        return Ok(see_other(back));
    }
    let what = What::of(&form)?;
    let mut keys = Vec::new();
    for id in ids.iter().take(MOST) {
        let access: KeyAccess = caller.access(id).await?;
        if !is_listed(&list, &access.key) {
            return Err(PageError::NotFound);
        }
        access.needs_change()?;
        keys.push(access.key);
    }
    let refused = form.is_refused();
    let typed = what.needs_name(source).then(|| access.place());
    let now = ui.context.store.now();
    let page = access.list(ui, &ListQuery::of_source(source)).await?;
    let page = page.with_dialog(move || match what {
        What::Rotate => view! { <RotateEach keys back now/> }.into_any(),
        _ => view! { <Asking asked=Asked { keys, what, back, action, source, typed } form/> }.into_any(),
    });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}
