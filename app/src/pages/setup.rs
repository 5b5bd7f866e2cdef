//! `/setup`: the first account, while there is none.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{audit::Actor, identity::Proof, key::secret, user::NewUser};
use serde::Deserialize;

use super::sign_in;
use crate::{
    components::{ErrorSummary, Hidden, TextField},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    session::Session,
    ui::{Asked, Typed, Ui, refuse, see_other},
};

#[derive(Deserialize)]
pub struct SetupQuery {
    #[serde(default)]
    token: String,
}

pub async fn get(ui: Ui, Asked(query): Asked<SetupQuery>) -> PageResult {
    if !ui.context.store.is_empty().await? {
        return Ok(see_other("/sign-in"));
    }
    let form = FormState::new().with_default("token", query.token);
    let known = has_token(&ui.context, &form);
    Ok(ui.ok(page(form, known)).await)
}

pub async fn post(ui: Ui, State(context): State<Context>, session: Session, Typed(form): Typed) -> PageResult {
    if !context.store.is_empty().await? {
        return Err(PageError::Forbidden("This portal is set up already; sign in.".to_owned()));
    }
    if !has_token(&context, &form) {
        let form = form.with_error(
            "token",
            "Open the address that the server printed when it started, or paste the token at its end.",
        );
        return Ok(ui.refused(page(form, false)).await);
    }
    let made = async {
        let new = NewUser::check(&form.value("name"), &form.value("email"), &form.value("password"))?;
        let hash = context.passwords.hash(&new.password).await?;
        let user = context.store.create_first_user(&ui.client.act(Actor::Anonymous), new, hash.clone()).await?;
        Ok((user, hash))
    };
    match made.await {
        Ok((user, hash)) => {
            session.begin(&context, &ui.client, &user, Proof::Password { hash: hash.clone() }).await?;
            Ok(sign_in::known_here(&context, &user, &hash, see_other("/orgs/new")))
        }
        Err(error) => Ok(ui.refused(page(refuse(form, error)?, true)).await),
    }
}

/// Asked of everybody: a proxy on this machine that adds no header can't be told from a person at it.
fn has_token(context: &Context, form: &FormState) -> bool {
    secret::same(form.value("token").as_bytes(), context.setup_token.as_bytes())
}

/// With the token in its address the form carries it along; else it asks for it.
fn page(form: FormState, has_token: bool) -> Page {
    Page::bare("Set up", move || {
        view! {
            <h1 class="card-title">"Welcome to Sallyport"</h1>
            <p class="card-sub">"Make the first account. It runs this portal."</p>
            <form method="post" action="/setup" novalidate class="stack">
                <ErrorSummary form=&form/>
                {if has_token {
                    view! { <Hidden name="token" value=form.value("token")/> }.into_any()
                } else {
                    view! {
                        <TextField
                            form=&form name="token" label="Setup token" mono=true
                            hint="The server printed an address when it started. The token is the last part of it."
                        />
                    }.into_any()
                }}
                <TextField form=&form name="name" label="Name" autocomplete="name" autofocus=!form.is_refused()/>
                <TextField form=&form name="email" label="Email" kind="email" autocomplete="username"/>
                <TextField
                    form=&form name="password" label="Password" kind="password" autocomplete="new-password"
                    hint="At least 12 characters. A few words in a row are easy to keep and hard to guess."
                />
                <button class="btn btn-primary btn-wide">"Create account"</button>
                <SubmitOnce/>
            </form>
        }
    })
}
