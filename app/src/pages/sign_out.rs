//! `/sign-out`: ends the session at once, also for slow requests in progress; and the one at the issuer, if the person signed in
//! with one that offers it.

use crate::{
    acts::{Caller, InPage, sessions::sign_out},
    error::PageResult,
    pages::sign_in::with::leaving,
    ui::{Ui, see_other},
};

pub async fn post(ui: Ui, caller: Caller) -> PageResult {
    let InPage(at_issuer) = caller.run(sign_out()).await?;
    Ok(match at_issuer {
        Some(url) => leaving(&ui, "You are signed out here".to_owned(), url),
        None => see_other("/sign-in"),
    })
}
