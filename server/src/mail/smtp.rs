//! Hands mails over to the server of the settings: a connection for each.

use std::time::Duration;

use lettre::{
    Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
        extension::ClientId,
    },
};
use tokio::time::timeout;

use super::{MailFailure, Step, failure::one_line};
use crate::config::mail::{MailSettings, Tls};

/// The time to say goodbye after the server took a mail.
const QUIT: Duration = Duration::from_secs(2);

/// A mail server.
pub struct Mailer {
    settings: MailSettings,
    tls: TlsParameters,
    hello: ClientId,
}

impl Mailer {
    /// Fails if the authorities of the settings are no certificates.
    pub fn new(settings: MailSettings) -> Result<Self, String> {
        let mut tls = TlsParameters::builder(settings.server.clone());
        if let Some(pem) = &settings.authorities {
            let wrong = || "`ca_file` in [mail] should contain certificates in PEM.".to_owned();
            if !pem.windows(BEGIN.len()).any(|part| part == BEGIN) {
                return Err(wrong());
            }
            let authorities = Certificate::from_pem(pem).map_err(|_| wrong())?;
            tls = tls.certificate_store(CertificateStore::None).add_root_certificate(authorities);
        }
        let tls = tls.build().map_err(|error| format!("`ca_file` in [mail] can't be used: {error}."))?;
        Ok(Self { settings, tls, hello: ClientId::default() })
    }

    pub fn settings(&self) -> &MailSettings {
        &self.settings
    }

    /// Hands over a mail, and returns the server's answer.
    pub async fn send(&self, message: &Message) -> Result<String, MailFailure> {
        self.send_in_steps(message, |_| {}).await
    }

    /// The same; calls `done` after each step.
    pub async fn send_in_steps(
        &self,
        message: &Message,
        mut done: impl FnMut(Step) + Send,
    ) -> Result<String, MailFailure> {
        let mut connection = self.opened(&mut done).await?;
        let text = message.formatted();
        let answer = self.within(Step::Send, connection.send(message.envelope(), &text)).await?;
        done(Step::Send);
        let _ = timeout(QUIT, connection.quit()).await;
        Ok(one_line(&format!("{} {}", answer.code(), answer.message().collect::<Vec<_>>().join(" "))))
    }

    /// Connects and signs in, and sends nothing.
    pub async fn reach(&self) -> Result<(), MailFailure> {
        let mut connection = self.opened(&mut |_| {}).await?;
        let _ = timeout(QUIT, connection.quit()).await;
        Ok(())
    }

    /// A connection over which mail can be sent.
    async fn opened(&self, done: &mut (dyn FnMut(Step) + Send)) -> Result<AsyncSmtpConnection, MailFailure> {
        let mut connection = self.within(Step::Connect, self.connect()).await?;
        done(Step::Connect);
        if self.settings.tls == Tls::StartTls {
            self.within(Step::Encrypt, connection.starttls(self.tls.clone(), &self.hello)).await?;
        }
        if self.settings.tls != Tls::None {
            done(Step::Encrypt);
        }
        if let Some(known) = &self.settings.credentials {
            let credentials = Credentials::new(known.user.clone(), known.password.to_string());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            self.within(Step::SignIn, connection.auth(&mechanisms, &credentials)).await?;
            done(Step::SignIn);
        }
        Ok(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let MailSettings { server, port, timeout, .. } = &self.settings;
        let tls = (self.settings.tls == Tls::Tls).then(|| self.tls.clone());
        AsyncSmtpConnection::connect_tokio1((server.as_str(), *port), Some(*timeout), &self.hello, tls, None).await
    }

    async fn within<T>(&self, step: Step, work: impl Future<Output = Result<T, Error>>) -> Result<T, MailFailure> {
        let server = || format!("{}:{}", self.settings.server, self.settings.port);
        match timeout(self.settings.timeout, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(MailFailure::of(step, server(), &error)),
            Err(_) => Err(MailFailure::timed_out(step, server(), self.settings.timeout.as_secs())),
        }
    }
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
