//! `…/keys/revoke-all`: every key of an app or of an organization, after its name was typed.

use leptos::prelude::*;
use sallyport::{place::Place, store::Contents};

use super::{
    list::ListQuery,
    listed::{Listed, list_path},
};
use crate::{
    access::Addressed,
    acts::{
        Caller,
        places::{PlaceId, revoke_keys},
    },
    components::{ErrorSummary, Modal, Notice, PanelFoot, TextField, Tone},
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, refuse, see_other},
    words::count,
};

pub async fn get<A: Listed>(ui: Ui, access: A) -> PageResult {
    access.org().needs(access.place().kind.to_revoke_all())?;
    ask(&ui, &access, FormState::new()).await
}

pub async fn post<A: Listed>(ui: Ui, caller: Caller, Addressed(id): Addressed<A>, Typed(form): Typed) -> PageResult {
    let place: PlaceId = id.clone().into();
    let list = list_path(&place);
    match caller.run(revoke_keys(place, form.value("typed_name"), form.value("reason"))).await {
        Ok(_) => Ok(see_other(format!("{list}?include_revoked=1"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<A>(&id).await?);
            ask(&ui, &access, form).await
        }
    }
}

/// The dialog in front of the list.
async fn ask<A: Listed>(ui: &Ui, access: &A, form: FormState) -> PageResult {
    let (place, store) = (access.place(), &ui.context.store);
    let (contents, keys) = (store.contents(&place).await?, store.keys_to_revoke(&place).await?);
    let refused = form.is_refused();
    let page =
        access.list(ui, &ListQuery::default()).await?.with_dialog(move || view! { <Asking place keys contents form/> });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

/// What will be revoked, with numbers. The list below may show only a part of the keys.
fn what(keys: i64, name: &str) -> String {
    match keys {
        0 => format!("No key of {name} is left to revoke."),
        1 => format!("The only key of {name} will be revoked, also if the list does not show it."),
        n => format!("All {} of {name} will be revoked, also those that the list does not show.", count(n, "key")),
    }
}

/// How many there are.
fn about(keys: i64, in_force: i64, name: &str) -> String {
    let expired = match keys - in_force {
        n if n > 0 => format!("; {n} expired"),
        _ => String::new(),
    };
    format!("{} of {name}{expired}", count(keys, "key"))
}

#[component]
fn Asking(
    place: Place,
    /// The number of keys to revoke.
    keys: i64,
    contents: Contents,
    form: FormState,
) -> impl IntoView {
    let close = format!("{}/keys", place.path());
    let action = format!("{close}/revoke-all");
    // Returns to the button that opened it.
    let close = format!("{close}#revoke-all");
    let in_use = match contents.in_use {
        0 => "None was used in the last week.".to_owned(),
        1 => "One was used in the last week and will stop working.".to_owned(),
        n => format!("{n} were used in the last week and will stop working."),
    };
    let hint = format!("Type “{}” to confirm.", place.name);
    view! {
        <Modal title="Revoke all keys?" sub=about(keys, contents.keys, &place.name) close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Notice tone=Tone::Danger>
                        {what(keys, &place.name)}" "{in_use}" This can’t be undone."
                    </Notice>
                    <TextField
                        form=&form name="typed_name" label=format!("Name of the {}", place.kind.noun()) hint
                        autocomplete="off" autofocus=!form.is_refused()
                    />
                    <TextField form=&form name="reason" label="Reason" hint="Optional. Shown in the activity log."/>
                </div>
                <PanelFoot cancel_href=close>
                    <button class="btn btn-danger">"Revoke all keys"</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_many_keys_and_whose() {
        assert_eq!(what(14, "Focus"), "All 14 keys of Focus will be revoked, also those that the list does not show.");
        assert_eq!(what(1, "Focus"), "The only key of Focus will be revoked, also if the list does not show it.");
        assert_eq!(about(3, 2, "Focus"), "3 keys of Focus; 1 expired");
        assert_eq!(about(2, 2, "Focus"), "2 keys of Focus");
    }
}
