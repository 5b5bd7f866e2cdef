//! `/orgs/{org_id}/break-glass`: an owner's way into an organization that requires single sign-on, while the issuer is down.

use leptos::prelude::*;
use sallyport::{id::OrgId, member::Permission, sign_in_policy::Missing};

use crate::{
    access::{OrgAccess, SignedIn},
    acts::{Caller, required_sign_in::break_glass},
    components::ErrorSummary,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    pages::sign_in::code::CodeField,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

/// The organization, if it requires an issuer with which the person did not sign in and they own it. `Err` is the answer for
/// others: who gets in anyway needs no way around.
async fn closed(ui: &Ui, me: &SignedIn, access: Result<OrgAccess, PageError>) -> Result<OrgId, PageResult> {
    match access {
        Ok(access) => Err(access.needs(Permission::OwnOrg).map(|()| see_other(format!("/orgs/{}", access.org.id)))),
        Err(PageError::StepUp { org, missing })
            if missing.iter().any(|missing| matches!(missing, Missing::Issuer { again: false, .. })) =>
        {
            match ui.context.store.may_break_glass(&org, &me.user.id).await {
                Ok(true) => Ok(org),
                Ok(false) => Err(Err(PageError::NotFound)),
                Err(error) => Err(Err(error.into())),
            }
        }
        Err(error) => Err(Err(error)),
    }
}

pub async fn get(ui: Ui, me: SignedIn, access: Result<OrgAccess, PageError>) -> PageResult {
    match closed(&ui, &me, access).await {
        Ok(org) => Ok(ui.ok(page(&org, FormState::new()))),
        Err(answer) => answer,
    }
}

pub async fn post(
    ui: Ui,
    caller: Caller,
    me: SignedIn,
    access: Result<OrgAccess, PageError>,
    Typed(form): Typed,
) -> PageResult {
    let org = match closed(&ui, &me, access).await {
        Ok(org) => org,
        Err(answer) => return answer,
    };
    match caller.run(break_glass(org.clone(), form.value("code"))).await {
        Ok(()) => Ok(see_other(format!("/orgs/{org}"))),
        Err(error) => {
            let wait = error.wait();
            Ok(ui.refused_for(page(&org, refuse(FormState::new(), error)?), wait))
        }
    }
}

fn page(org: &OrgId, form: FormState) -> Page {
    let action = format!("/orgs/{org}/break-glass");
    Page::bare("Break glass", move || {
        view! {
            <h1 class="card-title">"Break glass"</h1>
            <p class="card-sub">
                "You get in for an hour, in this browser, without single sign-on. All owners are told by mail, each time."
            </p>
            <form method="post" action=action novalidate class="stack">
                <ErrorSummary form=&form/>
                <CodeField form=form.clone()/>
                <button class="btn btn-danger btn-wide">"Get in without single sign-on"</button>
                <p><a href="/">"Back"</a></p>
                <SubmitOnce/>
            </form>
        }
    })
}
