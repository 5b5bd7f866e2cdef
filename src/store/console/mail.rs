//! The queue of mails as operators see it.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use super::{
    super::{Store, detached, row::Read},
    ConsoleJob, ConsolePage, ConsoleQuery, jobs,
    list::Listed,
};
use crate::{
    Result, Timestamp,
    audit::{Act, Action, NewEvent, Target},
    mail::{Mail, QUEUE},
    user::User,
};

/// A mail that waits, is being sent, or could not be sent.
#[derive(Clone, Debug)]
pub struct ConsoleMail {
    pub job: ConsoleJob,
    /// `None` if this version does not know such a mail.
    pub mail: Option<Mail>,
    /// The address of the person's account; `None` if it is gone, or the mail names none.
    pub to: Option<String>,
}

/// The state of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailFacts {
    /// Those that are due, being sent or to be tried again.
    pub waiting: i64,
    /// Those that were given up in the last week; older ones are deleted.
    pub failed: i64,
    /// When the oldest of those that wait was queued.
    pub oldest: Option<Timestamp>,
}

const MAILS: Listed = Listed {
    columns: "x.id, x.queue, x.created_at, x.run_at, x.lease_until, x.attempts, x.outcome, \
        x.ended_at, x.error, x.payload",
    from: "jobs x",
    matches: "x.queue = 'mail' AND (x.run_at IS NOT NULL OR x.outcome = 'failed') \
        AND (lower(x.payload) LIKE $2 ESCAPE '!' OR lower(x.id) LIKE $2 ESCAPE '!' OR '' LIKE $1 ESCAPE '!')",
    statuses: &[],
};

fn listed(row: &AnyRow) -> Result<ConsoleMail> {
    let mail = serde_json::from_str(&row.text("payload")?).ok();
    Ok(ConsoleMail { job: jobs::listed(row)?, mail, to: None })
}

impl Store {
    /// Mails that wait, are being sent, or have failed, newest first.
    pub async fn console_mails(&self, query: &ConsoleQuery) -> Result<ConsolePage<ConsoleMail>> {
        let mut page = self.console_page(&MAILS, query, listed).await?;
        let people: Vec<_> = page.items.iter().filter_map(ConsoleMail::person).collect();
        let emails: HashMap<_, _> = self.emails_of_people(&people).await?;
        for item in &mut page.items {
            item.to = item.person().and_then(|id| emails.get(&id).cloned());
        }
        Ok(page)
    }

    /// Counts them.
    pub async fn mail_facts(&self) -> Result<MailFacts> {
        let row = sqlx::query(
            "SELECT COUNT(CASE WHEN run_at IS NOT NULL THEN 1 END) AS waiting, \
             COUNT(CASE WHEN run_at IS NULL AND outcome = 'failed' THEN 1 END) AS failed, \
             MIN(CASE WHEN run_at IS NOT NULL THEN created_at END) AS oldest FROM jobs WHERE queue = $1",
        );
        let row = row.bind(QUEUE).fetch_one(self.read()).await?;
        Ok(MailFacts { waiting: row.int("waiting")?, failed: row.int("failed")?, oldest: row.time_opt("oldest")? })
    }

    /// Queues a mail to the operator who asks, to try whether it arrives.
    pub async fn send_test_mail(&self, act: &Act, me: &User) -> Result<()> {
        let (store, act, me) = (self.clone(), act.clone(), me.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs_operator().await?;
            let event = NewEvent::of_system(Action::MailTested, Target::new("user", &me.id, &me.name));
            tx.record_and_mail(event, &me.id, Mail::Test).await?;
            tx.commit().await
        })
        .await
    }
}

impl ConsoleMail {
    /// The id of the person to whom it goes. A link to reset a password names none.
    pub fn person(&self) -> Option<String> {
        self.mail.as_ref()?.person().map(ToString::to_string)
    }
}
