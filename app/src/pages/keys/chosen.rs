//! `…/keys/chosen`: the keys that were selected in a list, paused or revoked after one question.

use leptos::prelude::*;
use sallyport::{
    id::KeyId,
    key::Key,
    member::Permission,
    place::{Place, check_typed_name},
    store::HygieneCheck,
};

use super::{list::ListQuery, listed::Listed};
use crate::{
    access::{Addressed, KeyAccess},
    acts::{
        Caller,
        chosen_keys::{MOST, is_listed, pause_chosen_keys, revoke_chosen_keys},
    },
    components::{ErrorSummary, Hidden, Modal, Notice, PanelFoot, TextField, Tone},
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, refuse, see_other},
    words::count,
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
    let (check, keys) = (check(&form)?, ids(&form)?);
    let list = access.list_path_of(check);
    if keys.is_empty() {
        return Ok(see_other(list));
    }
    if check.is_some()
        && let Err(error) = check_typed_name(&form.value("typed_name"), &access.place().name)
    {
        return ask(&ui, &caller, &access, refuse(form, error)?).await;
    }
    let (done, run) = match What::of(&form)? {
        What::Pause => ("paused", caller.run(pause_chosen_keys(id.into(), keys)).await),
        What::Revoke => ("revoked", caller.run(revoke_chosen_keys(id.into(), keys, form.value("reason"))).await),
    };
    match run {
        Ok(_) => Ok(see_other(format!("{list}{}done={done}", if check.is_some() { '&' } else { '?' }))),
        Err(error) => ask(&ui, &caller, &access, refuse(form, error)?).await,
    }
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Pause,
    Revoke,
}

impl What {
    fn of(form: &FormState) -> Result<Self, PageError> {
        match form.value("do").as_str() {
            "pause" => Ok(Self::Pause),
            "revoke" => Ok(Self::Revoke),
            _ => Err(PageError::BadRequest("Select keys in the list, then choose what to do with them.".to_owned())),
        }
    }

    const fn verb(self) -> &'static str {
        match self {
            Self::Pause => "Pause",
            Self::Revoke => "Revoke",
        }
    }
}

/// The check whose list the keys were selected in.
fn check(form: &FormState) -> Result<Option<HygieneCheck>, PageError> {
    match form.value("check").as_str() {
        "" => Ok(None),
        word => HygieneCheck::parse(word).map(Some).ok_or(PageError::NotFound),
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
    let (list, check, ids) = (access.id(), check(&form)?, ids(&form)?);
    let (back, action) = (access.list_path_of(check), format!("{}/chosen", access.list_path()));
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
    // What a check finds may be many keys of several people.
    let typed = check.map(|check| (check, access.place()));
    let page = access.list(ui, &ListQuery::of_check(check)).await?;
    let page = page.with_dialog(move || view! { <Asking keys what back action typed form/> });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn Asking(
    keys: Vec<Key>,
    what: What,
    /// The address of the list.
    back: String,
    action: String,
    /// The check that found the keys, and the place whose name is typed to confirm.
    typed: Option<(HygieneCheck, Place)>,
    form: FormState,
) -> impl IntoView {
    let n = count(keys.len(), "key");
    let revoke = what == What::Revoke;
    let rows = keys.iter().map(|key| {
        view! { <li><b>{key.label.clone()}</b>" "<span class="muted">{key.owner_name.clone()}</span>" "<code>{key.shown.clone()}</code></li> }
    });
    let rows = rows.collect_view();
    let fields = keys.iter().map(|key| view! { <Hidden name="key" value=key.id.to_string()/> }).collect_view();
    let verb = what.verb();
    let first = typed.is_none();
    let typed = typed.map(|(check, place)| {
        let hint = format!("Type {} to confirm.", place.name);
        view! {
            <Hidden name="check" value=check.as_str()/>
            <TextField
                form=&form name="typed_name" label=format!("Name of the {}", place.kind.noun()) hint
                autocomplete="off" autofocus=!form.is_refused()
            />
        }
    });
    view! {
        <Modal title=format!("{verb} {n}?") close_href=back.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Notice tone=if revoke { Tone::Danger } else { Tone::Warning }>
                        {if revoke {
                            "Every request with any of them is refused from then on. This can’t be undone."
                        } else {
                            "Every request with any of them is refused (403) until it is resumed."
                        }}
                    </Notice>
                    <ul class="chosen-keys" tabindex="0">{rows}</ul>
                    <Hidden name="do" value=verb.to_lowercase()/>
                    {fields}
                    {typed}
                    {revoke.then(|| view! {
                        <TextField form=&form name="reason" label="Reason" hint="Optional. Shown in the activity log." autofocus=first && !form.is_refused()/>
                    })}
                </div>
                <PanelFoot cancel_href=back>
                    <button class=if revoke { "btn btn-danger" } else { "btn btn-primary" }>{format!("{verb} {n}")}</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
