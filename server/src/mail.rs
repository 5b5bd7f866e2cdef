//! Mail over SMTP: handed over to the server of the settings by the queue `mail`, never within a request.

mod failure;
mod message;
mod queue;
mod smtp;

pub use failure::{MailFailure, Step};
pub use message::message;
pub use queue::{Outbox, queue};
pub use smtp::Mailer;
