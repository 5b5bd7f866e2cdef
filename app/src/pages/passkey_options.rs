//! `/passkeys/options`: what a browser is asked to sign with a passkey, for `public/passkey.js`. The challenge is drawn when its
//! button is pressed, and kept in a cookie of that browser.

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sallyport::{
    passkey::{Passkey, RelyingParty},
    user::User,
};
use serde_json::{Value, json};

use super::home::Visitor;
use crate::{
    acts::NO_PASSKEYS,
    context::Context,
    error::{PageError, PageResult},
    half_signed_in::HalfSignedIn,
    passkey_challenge::{AskedPasskey, AskedToAdd, Purpose},
    sign_in_cookies::Kept,
    ui::Typed,
};

pub async fn post(visitor: Visitor, headers: HeaderMap, Typed(form): Typed) -> PageResult {
    let context = &visitor.context;
    let portal = context.relying_party.as_ref().ok_or(PageError::BadRequest(NO_PASSKEYS.to_owned()))?;
    let me = visitor.me.map(|me| me.user);
    let asked = match form.value("for").as_str() {
        "sign-in" => Some((Purpose::SignIn, None)),
        "second-step" => {
            let half = HalfSignedIn::of(context, &headers).await?;
            half.map(|(_, user, _)| (Purpose::SecondStep, Some(user)))
        }
        "confirm" => me.map(|user| (Purpose::Confirm, Some(user))),
        "add" => match me {
            Some(me) => return ask_to_add(context, portal, &me).await,
            None => None,
        },
        _ => return Err(PageError::BadRequest("The field “for” says what a passkey is used for.".to_owned())),
    };
    match asked {
        Some((purpose, user)) => ask(context, portal, purpose, user).await,
        None => {
            let message = "Your sign-in ended, or took too long. Open the page again.";
            Ok((StatusCode::CONFLICT, Json(json!({ "message": message }))).into_response())
        }
    }
}

async fn ask(context: &Context, portal: &RelyingParty, purpose: Purpose, user: Option<User>) -> PageResult {
    let user = user.map(|user| user.id);
    let passkeys = match &user {
        Some(user) => usable(context.store.passkeys_of(user).await?, portal),
        None => Vec::new(),
    };
    let (options, challenge) = portal.ask(&passkeys)?;
    Ok(answer(&options, AskedPasskey { purpose, user, challenge }.keep(context)))
}

async fn ask_to_add(context: &Context, portal: &RelyingParty, me: &User) -> PageResult {
    let has = usable(context.store.passkeys_of(&me.id).await?, portal);
    let (options, challenge) = portal.ask_to_add(me, &has)?;
    Ok(answer(&options, AskedToAdd { user: me.id.clone(), challenge }.keep(context)))
}

/// The passkeys that browsers offer at this address.
pub fn usable(mut passkeys: Vec<Passkey>, portal: &RelyingParty) -> Vec<Passkey> {
    passkeys.retain(|passkey| passkey.rp_id == portal.id());
    passkeys
}

fn answer(options: &Value, cookie: Option<HeaderValue>) -> Response {
    let mut answer = Json(json!({ "publicKey": options })).into_response();
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}
