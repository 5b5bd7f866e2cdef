//! `/keys/{key_id}/restrictions`: signatures, addresses and limits of a key.

pub mod card;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    key::{LimitOverride, Restrictions},
    limit::Limits,
    scope::Request,
};

use super::{change::button::is_changeable, key_panel::KeyPanel, settings};
use crate::{
    access::{Addressed, KeyAccess},
    acts::{
        Caller,
        restrictions::{restrict_key, seen},
    },
    components::{CheckField, Choice, Hidden, RadioGroup, TextArea, TextField},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
    words::digits,
};

pub async fn get(ui: Ui, State(context): State<Context>, access: KeyAccess) -> PageResult {
    access.needs_change()?;
    if !is_changeable(access.key.status(context.store.now())) {
        return Ok(see_other(format!("/keys/{}", access.key.id)));
    }
    let form = filled(&access.key.restrictions);
    Ok(ui.ok(page(&ui, &context, &access, form).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    let restricted = restrict_key(
        key.clone(),
        form.has("require_signed", "on"),
        form.value("addresses"),
        form.value("address_mode"),
        form.value("limit_per_minute"),
        form.value("limit_per_day"),
        form.value("seen"),
    );
    match caller.run(restricted).await {
        Ok(None) => Ok(see_other(format!("/keys/{key}?done=restricted"))),
        Ok(Some(approval)) => Ok(see_other(format!("/approvals/{approval}?done=asked"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&key).await?);
            Ok(ui.refused(page(&ui, &ui.context, &access, form).await?))
        }
    }
}

fn filled(restrictions: &Restrictions) -> FormState {
    let mut pairs = vec![
        ("addresses", restrictions.addresses.lines().collect::<Vec<_>>().join("\n")),
        ("address_mode", restrictions.address_mode().to_owned()),
        ("seen", seen(restrictions)),
    ];
    if restrictions.require_signed {
        pairs.push(("require_signed", "on".to_owned()));
    }
    pairs.extend(typed_limits(restrictions.limits));
    FormState::typed(pairs)
}

/// The fields of [`LimitFields`].
pub fn typed_limits(limits: LimitOverride) -> [(&'static str, String); 2] {
    let typed = |limit: Option<u32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
    [("limit_per_minute", typed(limits.per_minute)), ("limit_per_day", typed(limits.per_day))]
}

async fn page(ui: &Ui, context: &Context, access: &KeyAccess, form: FormState) -> Result<Page, PageError> {
    let page = settings::page(ui, context, access).await?;
    let (key, signs) = (access.key.id.clone(), access.key.has_signing_secret);
    // A field that is filled in hides them, so that its own limit may be among them.
    let without = match context.store.key_by_id(&key).await? {
        Some(stored) => {
            let limits = Limits::of(context.store.profile(), &stored.record, &Request::default());
            [limits.minute.map(|limit| limit.requests().into()), limits.day]
        }
        None => [None, None],
    };
    // After a conflict the form shows the current restrictions.
    let seen = if form.status() == Some(409) { seen(&access.key.restrictions) } else { form.value("seen") };
    let about_signing = if signs {
        "Requests that are not signed with the signing secret are refused (401)."
    } else {
        "This key has no signing secret; generate one first."
    };
    Ok(page.with_dialog(move || {
        view! {
            <KeyPanel key at="restrictions" title="Restrictions" sub="They apply from the next request on." form=&form>
                <Hidden name="seen" value=seen/>
                <CheckField
                    form=&form name="require_signed" label="Require signed requests" hint=about_signing
                    autofocus=!form.is_refused()
                />
                <AddressFields form=&form/>
                <LimitFields form=&form whose="the app’s, or else the plan’s" without/>
            </KeyPanel>
        }
    }))
}

/// The addresses from which a key may be used, and what happens to requests from elsewhere.
#[component]
pub fn AddressFields(
    #[prop(into)] form: FormState,
    /// The height of the list.
    #[prop(default = 6)]
    rows: u32,
) -> impl IntoView {
    let modes = vec![
        Choice::new("monitor", "Monitor only").note("Requests from elsewhere pass, and are noted in the activity."),
        Choice::new("enforce", "Enforce").note("Requests from elsewhere are refused (403)."),
    ];
    view! {
        <TextArea
            form=&form name="addresses" label="Allowed addresses" mono=true rows
            hint="One address or block (203.0.113.0/24, 2001:db8::/32) on each line, 100 at most. \
                  Empty allows every address."
        />
        <RadioGroup form=&form name="address_mode" legend="Requests from elsewhere" options=modes/>
    }
}

/// Fields for limits that override others.
#[component]
pub fn LimitFields(
    #[prop(into)] form: FormState,
    whose: &'static str,
    /// The limits that apply without these, per minute and per day.
    without: [Option<u64>; 2],
) -> impl IntoView {
    let hint = format!("Optional. Without it, {whose} limit applies.");
    let [minute, day] = without.map(|limit| limit.map(digits).unwrap_or_default());
    view! {
        <TextField form=&form name="limit_per_minute" label="Requests per minute" placeholder=minute hint=hint.clone()/>
        <TextField form=&form name="limit_per_day" label="Requests per day (UTC)" placeholder=day hint/>
    }
}
