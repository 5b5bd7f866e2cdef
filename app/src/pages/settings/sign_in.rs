//! `/orgs/{org_id}/settings/sign-in`: what people’s sign-ins have to meet before they see the organization.

use leptos::prelude::*;
use sallyport::{id::OrgId, member::Permission, sign_in_policy::SignInPolicy};

use super::SavedQuery;
use crate::{
    access::{Addressed, OrgAccess},
    acts::{
        Caller,
        required_sign_in::{SignInForm, require_sign_in},
    },
    components::{
        CheckField, Choice, DoneNotice, ErrorSummary, PageHead, SelectField, Setting, SettingLink, TextArea, TextField,
    },
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::{Page, Section},
    shell,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

pub async fn get(ui: Ui, access: OrgAccess, UrlQuery(query): UrlQuery<SavedQuery>) -> PageResult {
    access.needs(Permission::OwnOrg)?;
    let policy = ui.context.store.sign_in_policy(&access.org.id).await?;
    Ok(ui.ok(page(&ui, &access, filled(&ui, policy), !query.saved.is_empty()).await?))
}

/// The form as it was saved.
fn filled(ui: &Ui, policy: SignInPolicy) -> FormState {
    let issuers = ui.context.single_sign_on.issuers();
    let issuer = issuers.iter().find(|issuer| policy.issuer.as_ref() == Some(&issuer.url));
    // One that is not set up any more still is required.
    let issuer = issuer.map(|issuer| issuer.id.clone()).or(policy.issuer).unwrap_or_default();
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let ahead = policy.factor_from.filter(|from| *from > ui.context.store.now());
    FormState::typed([
        ("issuer", issuer),
        ("factor", policy.factor_from.map(|_| "on".to_owned()).unwrap_or_default()),
        ("factor_from", ahead.map(|from| from.to_rfc3339()[..10].to_owned()).unwrap_or_default()),
        ("lifetime_hours", number(policy.lifetime_hours)),
        ("idle_minutes", number(policy.idle_minutes)),
        ("domains", policy.domains.join("\n")),
        ("most_sessions", number(policy.most_sessions)),
    ])
}

pub async fn post(ui: Ui, caller: Caller, Addressed(org): Addressed<OrgAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(require_sign_in(org.clone(), SignInForm::from(&form))).await {
        Ok(()) => Ok(see_other(format!("/orgs/{org}/settings/sign-in?saved=1"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<OrgAccess>(&org).await?);
            Ok(ui.refused(page(&ui, &access, form, false).await?))
        }
    }
}

async fn page(ui: &Ui, access: &OrgAccess, form: FormState, saved: bool) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_org(ui, access, Section::Settings).await?, "Sign-in");
    let (name, action) = (access.org.name.clone(), format!("/orgs/{}/settings/sign-in", access.org.id));
    let mut options = vec![Choice::new("", "Not required")];
    let issuers = ui.context.single_sign_on.issuers();
    options.extend(issuers.iter().map(|issuer| Choice::new(&issuer.id, &issuer.name)));
    let typed = form.value("issuer");
    if !options.iter().any(|option| option.value == typed) {
        options.push(Choice::new(&typed, format!("{typed} (not set up any more)")));
    }
    Ok(Page::framed(format!("Sign-in · {name}"), chrome, move || {
        view! {
            <DoneNotice text=saved.then_some("Saved.")/>
            <PageHead title="Sign-in" sub=move || view! { <span>{name}</span> }/>
            <form method="post" action=action novalidate class="columns">
                <ErrorSummary form=&form/>
                <Setting
                    clone:form
                    title="Single sign-on"
                    about=|| "Who did not sign in with it sees nothing of the organization. Owners whose authenticator app is more than a week old get in for an hour without it, and all owners are told by mail. It is ended by who signed in with it."
                >
                    <div class="stack form">
                        <SelectField form=&form name="issuer" label="Single sign-on required" options/>
                    </div>
                </Setting>
                <Setting
                    clone:form
                    title="Second factor"
                    about=|| "Who did not sign in with one sees nothing of the organization, and is led to set it up. Until the day that you choose, members without one are reminded."
                >
                    <div class="stack form">
                        <CheckField form=&form name="factor" label="Second factor required"/>
                        <TextField form=&form name="factor_from" label="Required from" kind="date" hint="Empty: at once. Days begin at midnight UTC."/>
                    </div>
                </Setting>
                <Setting
                    clone:form
                    title="Sessions"
                    about=|| "Who signed in too long ago, or was away for too long, confirms that it’s them before they see the organization again. Sign-ins of command lines end by the same times here."
                >
                    <div class="stack form">
                        <TextField form=&form name="lifetime_hours" label="Session lifetime (hours)" hint="From 1 to 720. The portal’s own is 30 days. An issuer has to say when it asked (auth_time), or members without a password or a second factor can’t get in."/>
                        <TextField form=&form name="idle_minutes" label="Idle time (minutes)" hint="From 15 to 4320. The portal’s own is 3 days."/>
                        <TextField form=&form name="most_sessions" label="Most sessions per person" hint="From 1 to 20. Those that were confirmed last get in."/>
                    </div>
                </Setting>
                <Setting
                    clone:form
                    title="E-mail addresses"
                    about=|| "Members with other addresses, or with one that is not verified, see nothing of the organization. Domains below these are not included."
                >
                    <div class="stack form">
                        <TextArea form=&form name="domains" label="Allowed e-mail domains" hint="One in a line, like example.com. Empty: any." mono=true/>
                        <div class="form-foot"><button class="btn btn-primary">"Save"</button></div>
                    </div>
                </Setting>
                <SubmitOnce/>
            </form>
        }
    }))
}

/// The way to this page, on the settings of the organization.
#[component]
pub fn SignInGroup(org: OrgId) -> impl IntoView {
    view! {
        <SettingLink
            title="Sign-in" about="How members get into the organization."
            href=format!("/orgs/{org}/settings/sign-in") button="Change sign-in"
            text="Whether members need your company’s issuer or a second factor, and how long their sessions last here."
        />
    }
}
