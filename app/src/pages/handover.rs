//! `/handover/{handover_id}`: opens credentials that were handed over by a link, once. Looking at it changes nothing: mail
//! programs open links, too. With scripts the browser derives a token from the code in the link, and decrypts the file itself
//! (`public/handover.js`); without, the code is typed, and sent.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use leptos::prelude::*;
use sallyport::{
    handover::Handover,
    id::HandoverId,
    store::{NotOpened, Opened},
};
use serde_json::json;

use super::{
    home::Visitor,
    link_token::{self, Asked},
};
use crate::{
    acts::{
        Caller, InPage,
        handovers::{Given, open_handover},
    },
    components::{CopyButton, ErrorSummary, LeadIcon, Notice, TextField, Tone},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    icons::Icon,
    portal::Page,
    ui::{Typed, Ui, Uncompressed},
    words::utc,
};

const ENDED: &str = "This link was used, has expired, or the key was revoked.";

async fn find(context: &Context, asked: Asked) -> Result<Handover, PageError> {
    let id = HandoverId::parse(&link_token::text(asked)).ok_or(PageError::NotFound)?;
    context.store.handover(&id).await?.ok_or(PageError::NotFound)
}

pub async fn get(ui: Ui, visitor: Visitor, asked: Asked) -> PageResult {
    let handover = find(&ui.context, asked).await?;
    if !handover.is_open {
        return Ok(ended(&ui, &handover));
    }
    Ok(ui.ok(page(handover, FormState::new(), visitor.me.is_some())))
}

pub async fn post(
    ui: Ui,
    State(context): State<Context>,
    visitor: Visitor,
    caller: Caller,
    asked: Asked,
    headers: HeaderMap,
    Typed(form): Typed,
) -> PageResult {
    let handover = find(&context, asked).await?;
    let text = |name: &str| form.value(name);
    let opened = caller.run(open_handover(handover.id.clone(), text("code"), text("token"), text("passphrase"))).await;
    let by_script = headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/json");
    let InPage(opened) = match opened.map_err(PageError::from) {
        // The organization does not let this session in. The script shows a message, not a page.
        Err(PageError::Forbidden(message)) if by_script => {
            let answer = (StatusCode::FORBIDDEN, Json(json!({ "field": "", "message": message })));
            return Ok(answer.into_response());
        }
        opened => opened?,
    };
    match opened {
        Ok(Given::Sealed(opened)) => Ok(sealed(&opened)),
        Ok(Given::Text { name, text }) => {
            Ok(ui.secret(Page::bare("Your credentials", move || view! { <Credentials name text/> })))
        }
        Err(why) => {
            let (status, field, message) = refusal(why);
            if by_script {
                let answer = (status, Json(json!({ "field": field, "message": message })));
                return Ok(answer.into_response());
            }
            if why == NotOpened::Ended {
                return Ok(ended(&ui, &handover));
            }
            let form = form.with_error(field, message).with_status(status.as_u16());
            Ok(ui.refused(page(handover, form, visitor.me.is_some())))
        }
    }
}

fn refusal(why: NotOpened) -> (StatusCode, &'static str, &'static str) {
    match why {
        NotOpened::WrongCode => {
            (StatusCode::UNPROCESSABLE_ENTITY, "code", "This is not the code of this link. It comes after the # in it.")
        }
        NotOpened::WrongPassphrase => (StatusCode::FORBIDDEN, "passphrase", "This is not the passphrase."),
        NotOpened::NotForYou => {
            (StatusCode::FORBIDDEN, "", "This link is for one member. Sign in as them, then open the link again.")
        }
        NotOpened::Ended => (StatusCode::GONE, "", ENDED),
    }
}

/// For the browser's script, which has the code.
fn sealed(opened: &Opened) -> Response {
    let mut response =
        Json(json!({ "name": opened.name, "sealed": BASE64_STANDARD.encode(&opened.sealed) })).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(Uncompressed);
    response
}

fn page(handover: Handover, form: FormState, signed_in: bool) -> Page {
    Page::bare("Credentials for you", move || {
        let Handover { id, org_name, expires_at, is_for_one, has_passphrase, .. } = handover;
        let about = format!("Somebody at {org_name} hands the credentials of an API key over to you.");
        let until = utc(expires_at);
        view! {
            <h1 class="card-title">"Credentials for you"</h1>
            <p class="card-sub">{about}</p>
            <Notice tone=Tone::Warning>
                <b>"They can be opened once"</b>{format!(", until {until}. Have your secret manager ready.")}
            </Notice>
            {(is_for_one && !signed_in).then(|| view! {
                <p>"The link is for one member. "<a href="/sign-in">"Sign in"</a>" first, then open it again."</p>
            })}
            <form id="handover" method="post" action=format!("/handover/{id}") novalidate class="stack" autocomplete="off" data-id=id.to_string()>
                <ErrorSummary form=&form/>
                <TextField form=&form name="code" label="Code" hint="The 26 letters and digits after the # in the link." autofocus=!form.is_refused()/>
                {has_passphrase.then(|| view! {
                    <TextField form=&form name="passphrase" label="Passphrase" kind="password" hint="The person who gave you the link tells it to you."/>
                })}
                <p id="handover-error" role="alert" class="field-error" hidden></p>
                <button class="btn btn-primary btn-wide">"Open once"</button>
            </form>
            <div id="handover-opened" hidden>
                <Credentials name=String::new() text=String::new()/>
            </div>
        }
    })
}

/// What was handed over. A script fills it in if the browser has decrypted it.
#[component]
fn Credentials(name: String, text: String) -> impl IntoView {
    view! {
        <h1 class="card-title">"Your credentials"</h1>
        <Notice tone=Tone::Warning>
            <b>"This is the only time you’ll see them."</b>" Save them in your secret manager; the link is of no use any more."
        </Notice>
        <div class="field">
            <label for="handover-text">"Credentials"</label>
            <textarea id="handover-text" class="input mono" readonly rows="13" wrap="off" autocomplete="off" spellcheck="false" data-name=name>
                {text.trim_end().to_owned()}
            </textarea>
        </div>
        <p class="actions"><CopyButton name="Copy credentials" target="handover-text" label="Copy"/></p>
    }
}

/// Who has the code of a link that was opened shows that it was not them: the person who made the link is told.
fn ended(ui: &Ui, handover: &Handover) -> Response {
    let was_opened = handover.was_opened.then(|| handover.id.to_string());
    let page = Page::bare("This link does not work", move || {
        view! {
            <LeadIcon icon=Icon::Warning/>
            <h1 class="card-title">"This link does not work"</h1>
            <p>{ENDED}" A link opens credentials once."</p>
            <p>"If it was not you who opened it, tell the person who gave it to you: the key should be revoked."</p>
            {was_opened.map(|id| view! {
                <form id="handover" method="post" action=format!("/handover/{id}") class="stack" autocomplete="off" data-id=id data-ended>
                    <TextField form=&FormState::new() name="code" label="Code" hint="With it, the portal tells the person who made the link that somebody else opened it."/>
                    <button class="btn btn-wide">"Report"</button>
                </form>
            })}
        }
    });
    ui.show(StatusCode::GONE, page)
}
