//! `/sign-in/passkey`: signs in with a passkey alone, which says who it is and is both factors.

use axum::http::HeaderMap;

use super::{page, signed_in};
use crate::{
    acts::{Caller, sessions::sign_in_with_passkey},
    error::PageResult,
    passkey_challenge::AskedPasskey,
    sign_in_cookies::{Kept, without},
    ui::{Typed, Ui, refuse},
};

pub async fn post(ui: Ui, caller: Caller, headers: HeaderMap, Typed(form): Typed) -> PageResult {
    match caller.run(sign_in_with_passkey(form.value("credential"))).await {
        Ok(started) => {
            let answer = signed_in(&ui, &headers, started, &form.value("next")).await;
            Ok(without(answer, AskedPasskey::forget(&ui.context)))
        }
        Err(error) => {
            let wait = error.wait();
            Ok(ui.refused_for(page(&ui, &headers, refuse(form, error)?, false), wait))
        }
    }
}
