//! Sends the deliveries of webhooks: each attempt is a connection of its own. Redirects are not followed.

mod request;

use std::{sync::Arc, time::Duration};

use sallyport::{
    store::Store,
    webhook::{Attempt, LeasedDelivery, signing::Message},
};
use tokio::time::{Instant, timeout};

pub use crate::outside::Resolver;
use crate::{
    config::webhooks::WebhookSettings,
    outside::{Connected, Outside},
};

/// For everything: looking up, connecting, encrypting, sending, and the beginning of the response.
const ATTEMPT: Duration = Duration::from_secs(20);

/// The longest stored error, in characters.
const ERROR: usize = 300;

/// What sending needs.
pub struct Sender {
    outside: Arc<Outside>,
    limit: Duration,
}

/// What a receiver answered.
struct Answer {
    code: u16,
    /// The beginning of its body, unless it is inside.
    body: Option<String>,
}

impl Sender {
    pub fn new(outside: Arc<Outside>) -> Self {
        Self { outside, limit: ATTEMPT }
    }

    /// The same with another resolver and time limit.
    pub fn with(settings: WebhookSettings, resolve: Resolver, limit: Duration) -> Self {
        Self { outside: Arc::new(Outside::with(settings, resolve)), limit }
    }

    /// Sends a delivery once.
    pub async fn attempt(&self, store: &Store, leased: &LeasedDelivery) -> Attempt {
        let began = Instant::now();
        let outcome = match timeout(self.limit, self.send(store, leased)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("There was no answer within {} s.", self.limit.as_secs())),
        };
        let duration = began.elapsed();
        match outcome {
            Ok(Answer { code, body }) => {
                let error = match code {
                    200..300 => None,
                    300..400 => Some(format!("It answered {code}: redirects are not followed.")),
                    _ => Some(format!("It answered {code}.")),
                };
                Attempt { duration, code: Some(code), response: body, error }
            }
            Err(why) => {
                let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
                let error = why.chars().map(plain).take(ERROR).collect();
                Attempt { duration, error: Some(error), ..Attempt::default() }
            }
        }
    }

    async fn send(&self, store: &Store, leased: &LeasedDelivery) -> Result<Answer, String> {
        let Connected { stream, target, is_inside } = self.outside.connect(&leased.url).await?;
        let message = Message { id: &leased.id, seq: leased.seq, at: store.now(), body: &leased.body };
        let headers = message.headers(&leased.secrets, &store.profile().webhooks);
        request::post(stream, &target, headers, leased.body.clone(), !is_inside).await
    }
}
