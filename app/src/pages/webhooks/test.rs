//! `/webhooks/{webhook_id}/test`: sends a test event.

use super::{deliveries::DeliveryQuery, show};
use crate::{
    access::{Addressed, WebhookAccess},
    acts::{Caller, webhooks::send_test_event},
    error::PageResult,
    form::FormState,
    ui::{Ui, refuse, see_other},
};

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<WebhookAccess>) -> PageResult {
    match caller.run(send_test_event(id.clone())).await {
        Ok(_) => Ok(see_other(format!("/webhooks/{id}?done=test"))),
        Err(error) => {
            let wait = error.wait();
            let (form, access) = (refuse(FormState::new(), error)?, caller.access::<WebhookAccess>(&id).await?);
            Ok(ui.refused_for(show::page(&ui, &ui.context, &access, DeliveryQuery::default(), form).await?, wait))
        }
    }
}
