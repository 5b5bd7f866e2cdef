//! `/account/authenticator`: sets up an authenticator app. Its secret is in the form alone until a code of it was typed.

pub mod remove;

use leptos::prelude::*;
use qrcode::{Color, QrCode};
use sallyport::second_factor::TotpSecret;

use super::{plain, recovery_codes::once};
use crate::{
    access::SignedIn,
    acts::{Caller, InPage, second_factor::add_authenticator},
    authenticator_setup::{open, seal},
    components::{ErrorSummary, Hidden, PanelFoot, SidePanel},
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    pages::sign_in::code::CodeField,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, me: SignedIn) -> PageResult {
    if ui.context.store.second_factors(&me.user.id).await?.authenticator.is_some() {
        return Ok(see_other("/account#two-step"));
    }
    ask(&ui, &me, FormState::new()).await
}

pub async fn post(ui: Ui, caller: Caller, me: SignedIn, Typed(form): Typed) -> PageResult {
    match caller.run(add_authenticator(form.value("sealed"), form.value("code"))).await {
        Ok(InPage(codes)) => once(&ui, &me, &codes).await,
        Err(error) => ask(&ui, &me, refuse(form, error)?).await,
    }
}

/// The secret of a form that is shown again stays the same.
async fn ask(ui: &Ui, me: &SignedIn, form: FormState) -> PageResult {
    let store = &ui.context.store;
    let secret = open(store, &me.user.id, &form.value("sealed"));
    let secret = secret.unwrap_or_else(|| TotpSecret::mint(store.entropy()));
    let sealed = seal(store, &me.user.id, &secret);
    let url = secret.url(&store.profile().brand.name, &me.user.email);
    let code = QrCode::new(url).map_err(|_| PageError::Broken)?;
    let refused = form.is_refused();
    let page = plain(ui, me).await?.with_dialog(move || view! { <SetUp form secret=secret.text() sealed code/> });
    let mut response = ui.secret(page);
    if refused {
        *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

#[component]
fn SetUp(form: FormState, secret: String, sealed: String, code: QrCode) -> impl IntoView {
    let close = "/account#two-step";
    let groups: Vec<_> = secret.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    view! {
        <SidePanel
            title="Set up authenticator app" sub="Each sign-in then needs your password and a code of the app."
            close_href=close
        >
            <form method="post" action="/account/authenticator" novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="sealed" value=sealed/>
                    <p>"Scan this with an authenticator app, or type the key below it into the app."</p>
                    <Qr code/>
                    <p>"Key: "<code>{groups.join(" ")}</code></p>
                    <CodeField form hint="The six digits that the app shows now."/>
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-primary">"Turn on"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}

/// Black on white in both themes, since cameras expect that, with the margin of four modules that the standard requires.
#[component]
fn Qr(code: QrCode) -> impl IntoView {
    const MARGIN: usize = 4;
    let width = code.width();
    let dark = code.to_colors().into_iter().enumerate().filter(|(_, color)| *color == Color::Dark);
    let path: String =
        dark.map(|(at, _)| format!("M{} {}h1v1h-1z", at % width + MARGIN, at / width + MARGIN)).collect();
    let side = width + 2 * MARGIN;
    view! {
        <svg
            viewBox=format!("0 0 {side} {side}") width="220" height="220" role="img"
            aria-label="QR code for the authenticator app" shape-rendering="crispEdges"
        >
            <path fill="#fff" d=format!("M0 0h{side}v{side}h-{side}z")></path>
            <path fill="#000" d=path></path>
        </svg>
    }
}
