//! Acts of operators on mail.

use leptos::prelude::*;

use super::super::{ActError, Caller};

/// Queues a mail to the operator, to try whether it arrives.
#[server(prefix = "/act", endpoint = "admin/send-test-mail")]
pub async fn send_test_mail() -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.operator().await?.me;
    if !caller.context.has_mail {
        return Err(ActError::Conflict("Mail is off: the settings have no section [mail].".to_owned()));
    }
    Ok(caller.store().send_test_mail(&me.act(), &me.user).await?)
}
