//! `/deliveries/{delivery_id}/resend`: sends a delivery again, under the same id.

use super::delivery;
use crate::{
    access::{Addressed, DeliveryAccess},
    acts::{Caller, webhooks::resend_delivery},
    error::PageResult,
    form::FormState,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<DeliveryAccess>, Typed(form): Typed) -> PageResult {
    let access: DeliveryAccess = caller.access(&id).await?;
    match caller.run(resend_delivery(id.clone())).await {
        Ok(()) if form.has("to", "list") => {
            Ok(see_other(format!("/webhooks/{}?done=resend", access.delivery.webhook_id)))
        }
        Ok(()) => Ok(see_other(format!("/deliveries/{id}?done=resend"))),
        Err(error) => {
            let form = refuse(FormState::new(), error)?;
            Ok(ui.refused(delivery::page(&ui, &ui.context, &access, "", form).await?))
        }
    }
}
