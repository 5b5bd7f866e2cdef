//! Mail: what is queued, what arrives at a real mail server, and what does not.

mod through_smtp;

use sallyport::testing::TestStore;
use sallyport_server::{
    config::{ServeArgs, Where, mail::MailSettings},
    jobs::work,
    mail::{Mailer, Outbox, queue},
};
use tokio::{sync::watch, task::JoinHandle};

use crate::smtp::Smtp;

/// The settings of a file with this section.
pub fn settings(section: &str) -> MailSettings {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("sallyport.toml");
    std::fs::write(&config, section).expect("written");
    let place = Where { config: Some(config), ..Where::default() };
    place.serving(&ServeArgs::default()).expect("good settings").mail.expect("mail is on")
}

/// The worker of the queue of mails.
pub struct Postman {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Postman {
    pub fn start(store: &TestStore, smtp: &Smtp) -> Self {
        let mailer = Mailer::new(settings(&smtp.section())).expect("a mailer");
        Self::with(store, Some(Outbox { mailer, public_url: "https://keys.example.com".to_owned() }))
    }

    /// Mail is off.
    pub fn without_mail(store: &TestStore) -> Self {
        Self::with(store, None)
    }

    fn with(store: &TestStore, outbox: Option<Outbox>) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self { stop, task: tokio::spawn(work(store.store.clone(), vec![queue(outbox)], stopped)) }
    }

    pub async fn end(self) {
        self.stop.send(true).expect("it works");
        self.task.await.expect("no panic");
    }
}

/// The rows of the jobs that send mail.
pub async fn jobs(store: &TestStore) -> Vec<String> {
    let rows = store.dump().await.remove("jobs").unwrap_or_default();
    rows.into_iter().filter(|row| row.contains("queue: Some(\"mail\")")).collect()
}

/// Waits until one of these rows has that text.
pub async fn until(store: &TestStore, text: &str) -> String {
    loop {
        if let Some(row) = jobs(store).await.into_iter().find(|row| row.contains(text)) {
            return row;
        }
        tokio::task::yield_now().await;
    }
}
