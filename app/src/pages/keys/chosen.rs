//! `…/keys/chosen`: the keys that were selected in a list, paused or revoked after one question.

use leptos::prelude::*;
use sallyport::{id::KeyId, key::Key, member::Permission};

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
    let (list, keys) = (access.list_path(), ids(&form)?);
    if keys.is_empty() {
        return Ok(see_other(list));
    }
    let (done, run) = match What::of(&form)? {
        What::Pause => ("paused", caller.run(pause_chosen_keys(id.into(), keys)).await),
        What::Revoke => ("revoked", caller.run(revoke_chosen_keys(id.into(), keys, form.value("reason"))).await),
    };
    match run {
        Ok(_) => Ok(see_other(format!("{list}?done={done}"))),
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
    let (list, path, ids) = (access.id(), access.list_path(), ids(&form)?);
    if ids.is_empty() {
        return Ok(see_other(path));
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
    let page =
        access.list(ui, &ListQuery::default()).await?.with_dialog(move || view! { <Asking keys what path form/> });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn Asking(keys: Vec<Key>, what: What, path: String, form: FormState) -> impl IntoView {
    let n = count(keys.len(), "key");
    let revoke = what == What::Revoke;
    let rows = keys.iter().map(|key| {
        view! { <li><b>{key.label.clone()}</b>" "<span class="muted">{key.owner_name.clone()}</span>" "<code>{key.shown.clone()}</code></li> }
    });
    let rows = rows.collect_view();
    let fields = keys.iter().map(|key| view! { <Hidden name="key" value=key.id.to_string()/> }).collect_view();
    let (verb, action) = (what.verb(), format!("{path}/chosen"));
    view! {
        <Modal title=format!("{verb} {n}?") close_href=path.clone()>
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
                    {revoke.then(|| view! {
                        <TextField form=&form name="reason" label="Reason" hint="Optional. Shown in the activity log." autofocus=!form.is_refused()/>
                    })}
                </div>
                <PanelFoot cancel_href=path>
                    <button class=if revoke { "btn btn-danger" } else { "btn btn-primary" }>{format!("{verb} {n}")}</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
