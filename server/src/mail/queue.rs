//! The queue of mails.

use std::sync::Arc;

use sallyport::{
    mail::{Mail, QUEUE, RETRIES},
    store::Store,
};
use sallyport_app::mail::{Sender, compose};

use super::{Mailer, message};
use crate::jobs::{Failure, Job, Queue};

/// What sending needs.
pub struct Outbox {
    pub mailer: Mailer,
    /// Where links lead.
    pub public_url: String,
}

/// The queue. Without an outbox mail is off: its jobs end without a mail, so that none of them is sent weeks later.
pub fn queue(outbox: Option<Outbox>) -> Queue {
    let outbox = outbox.map(Arc::new);
    let handler = move |store, job| {
        let outbox = outbox.clone();
        async move {
            match outbox {
                Some(outbox) => send(&outbox, &store, job).await,
                None => Ok(()),
            }
        }
    };
    Queue::of_jobs(QUEUE, RETRIES, handler)
}

async fn send(outbox: &Outbox, store: &Store, Job { id, payload }: Job) -> Result<(), Failure> {
    let mail: Mail = serde_json::from_value(payload)
        .map_err(|error| Failure::permanent(format!("This version does not know such a mail: {error}")))?;
    let Some(letter) = store.letter(&mail).await? else {
        tracing::info!(job = %id, "a mail was not sent: its account, its link or what it is about has ended");
        return Ok(());
    };
    let sender = Sender { brand: &store.profile().brand.name, url: &outbox.public_url, vault: store.vault() };
    let message = message(&outbox.mailer.settings().from, &letter.to, compose(&letter, &sender), &id, store.now())
        .map_err(Failure::permanent)?;
    match outbox.mailer.send(&message).await {
        Ok(answer) => {
            tracing::info!(job = %id, answer, "a mail was sent");
            Ok(())
        }
        Err(failure) if failure.is_permanent() => Err(Failure::permanent(failure.to_string())),
        Err(failure) => Err(Failure::temporary(failure.to_string())),
    }
}
