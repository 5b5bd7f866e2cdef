//! `/webhooks/{webhook_id}/resend-failed`: sends again what failed for good since a day.

use super::{deliveries::DeliveryQuery, show};
use crate::{
    access::{Addressed, WebhookAccess},
    acts::{Caller, webhooks::resend_failed_deliveries},
    error::PageResult,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<WebhookAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(resend_failed_deliveries(id.clone(), form.value("since"))).await {
        Ok(_) => Ok(see_other(format!("/webhooks/{id}?done=resent"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<WebhookAccess>(&id).await?);
            Ok(ui.refused(show::page(&ui, &ui.context, &access, DeliveryQuery::default(), form).await?))
        }
    }
}
