//! `/account`: who one is, the password, and where one is signed in.

pub mod new_password;
mod password;
mod sessions;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{session::OpenSession, user::check_name};
use serde::Deserialize;

use crate::{
    access::SignedIn,
    components::{Card, ErrorSummary, Hidden, Notice, PageHead, TextField, Tone},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    session::Session,
    shell,
    ui::{Asked, Typed, Ui, refuse, see_other},
};
use password::{Outcome, PasswordForm};
use sessions::Sessions;

#[derive(Deserialize)]
pub struct AccountQuery {
    /// What was changed just now.
    #[serde(default)]
    changed: String,
}

impl AccountQuery {
    fn sentence(&self) -> Option<&'static str> {
        match self.changed.as_str() {
            "name" => Some("Your name is changed."),
            "password" => Some("Your password is changed, and you are signed out everywhere else."),
            "session" => Some("That session is signed out."),
            "sessions" => Some("You are signed out everywhere else."),
            _ => None,
        }
    }
}

fn changed(what: &str) -> axum::response::Response {
    see_other(format!("/account?changed={what}"))
}

pub async fn get(ui: Ui, me: SignedIn, Asked(query): Asked<AccountQuery>) -> PageResult {
    let form = FormState::new().with_default("name", &me.user.name);
    Ok(ui.ok(page(&ui, &me, form, query.sentence()).await?).await)
}

/// One address for every form of the page; each says by `do` which it is.
pub async fn post(
    ui: Ui,
    State(context): State<Context>,
    me: SignedIn,
    session: Session,
    Typed(form): Typed,
) -> PageResult {
    match form.value("do").as_str() {
        "name" => rename(ui, context, me, form).await,
        "password" => {
            let outcome = password::change(&context, &ui.client, &me, &session, form, changed("password")).await?;
            Ok(match outcome {
                Outcome::Changed(answer) => answer,
                Outcome::Refused(form) => ui.refused(page(&ui, &me, form, None).await?).await,
                Outcome::TooMany(form, wait) => ui.too_many(page(&ui, &me, form, None).await?, wait).await,
            })
        }
        "session" => sessions::end(context, me, &form.value("session")).await,
        "sessions" => sessions::end_others(context, me).await,
        _ => Err(PageError::BadRequest("This form is none of this page; open the page again.".to_owned())),
    }
}

async fn rename(ui: Ui, context: Context, me: SignedIn, form: FormState) -> PageResult {
    let renamed = async {
        let name = check_name(&form.value("name"))?;
        if name == me.user.name {
            return Ok(());
        }
        context.store.rename_user(&me.act(), &me.user, name).await
    };
    match renamed.await {
        Ok(()) => Ok(changed("name")),
        Err(error) => {
            let form = refuse(form, error)?;
            Ok(ui.refused(page(&ui, &me, form, None).await?).await)
        }
    }
}

async fn page(ui: &Ui, me: &SignedIn, form: FormState, done: Option<&'static str>) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_person(ui, me).await?, "Your account");
    let open: Vec<OpenSession> = ui.context.store.sessions_of(&me.user.id).await?;
    let (now, user, this) = (ui.context.store.now(), me.user.clone(), me.session);
    Ok(Page::framed("Your account", chrome, move || {
        // What was typed, and what is wrong with it, belongs to the form that was sent.
        let (named, passwords) = match form.value("do").as_str() {
            "password" => (FormState::new().with_default("name", &user.name), form),
            _ => (form, FormState::new()),
        };
        let email = user.email.clone();
        let sub = user.email.clone();
        view! {
            <PageHead
                title="Your account"
                sub=move || view! {
                    <span>{sub}</span>
                    {user.operator.then(|| view! { <span>"Operator of this portal"</span> })}
                }
            />
            {done.map(|done| view! { <div role="status"><Notice tone=Tone::Good>{done}</Notice></div> })}
            <div class="columns">
                <Card title="Name">
                    <form method="post" action="/account" novalidate class="stack form">
                        <ErrorSummary form=&named/>
                        <Hidden name="do" value="name"/>
                        <TextField
                            form=&named name="name" label="Name" autocomplete="name"
                            hint="What you do stands under this name in the activity log."
                        />
                        <div class="form-foot"><button class="btn">"Change name"</button></div>
                        <SubmitOnce/>
                    </form>
                </Card>
                <PasswordForm form=passwords email/>
            </div>
            <Sessions open this now/>
        }
    }))
}
