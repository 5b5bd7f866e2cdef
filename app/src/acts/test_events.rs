//! Sends test events to webhooks, for the pages and the API. Each is counted, by endpoint and organization: a receiver may not
//! want them.

use sallyport::{
    audit::Act,
    throttle::{Throttled, Throttles, Who},
    webhook::{Delivery, Webhook},
};

use super::inviting::NotSent;
use crate::{attempts::in_words, context::Context};

/// Sends a test event.
pub async fn send(context: &Context, act: &Act, webhook: &Webhook) -> Result<Delivery, NotSent> {
    let (endpoint, org) = (webhook.id.as_str(), webhook.org_id.as_str());
    let mut counted = Vec::new();
    for (who, account) in [(Who::TestsEndpoint, endpoint), (Who::TestsEndpointsOf, org)] {
        match context.attempts.begin(who, account).await? {
            Ok(attempt) => counted.push(attempt),
            Err(Throttled { wait, .. }) => {
                for attempt in counted {
                    context.attempts.take_back(attempt).await;
                }
                let message = format!("Too many test events were sent. Try again in {}.", in_words(wait));
                return Err(NotSent::Throttled { message, wait });
            }
        }
    }
    let sent = context.store.send_test_event(act, &webhook.id).await;
    if sent.is_err() {
        for attempt in counted {
            context.attempts.take_back(attempt).await;
        }
    }
    Ok(sent?)
}
