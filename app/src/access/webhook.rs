//! Endpoints of webhooks and their deliveries, for those who manage them.

use sallyport::{
    id::{DeliveryId, WebhookId},
    member::Permission,
    store::Store,
    webhook::{Delivery, Webhook},
};

use super::{OrgAccess, SessionCookie};
use crate::error::PageError;

#[derive(Clone, Debug)]
pub struct WebhookAccess {
    pub within: OrgAccess,
    pub webhook: Webhook,
}

impl WebhookAccess {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &WebhookId) -> Result<Self, PageError> {
        let me = cookie.settled(store).await?;
        let webhook = store.webhook(id).await?.ok_or(PageError::NotFound)?;
        let within = OrgAccess::of(me, store, &webhook.org_id).await?;
        within.needs(Permission::ManageWebhooks)?;
        Ok(Self { within, webhook })
    }
}

#[derive(Clone, Debug)]
pub struct DeliveryAccess {
    pub within: OrgAccess,
    pub delivery: Delivery,
}

impl DeliveryAccess {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &DeliveryId) -> Result<Self, PageError> {
        let me = cookie.settled(store).await?;
        let delivery = store.delivery(id).await?.ok_or(PageError::NotFound)?;
        let within = OrgAccess::of(me, store, &delivery.org_id).await?;
        within.needs(Permission::ManageWebhooks)?;
        Ok(Self { within, delivery })
    }
}
