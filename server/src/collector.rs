//! Sends to a receiver outside: a connection for everything that is sent at once, within a time limit.

mod connection;
mod http;
mod syslog;

use std::sync::Arc;

use axum::body::Body;
use rustls::{ClientConfig, pki_types::ServerName};
use sallyport::{audit::export::Exported, export::ExportRow};
use tokio::time::timeout;

use crate::config::collector::{CollectorSettings, Protocol};

pub(crate) use connection::Stream;

/// Bytes of a request over HTTP, unless a single event has more.
const REQUEST: usize = 1_000_000;

/// A receiver of the settings.
pub struct Collector {
    settings: CollectorSettings,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    syslog: syslog::Form,
}

impl Collector {
    /// Fails if the authorities of the settings are no certificates. `portal` is the name of the machine in messages over
    /// syslog.
    pub fn new(settings: CollectorSettings, portal: &str, max_message: usize) -> Result<Self, String> {
        let tls = settings.is_encrypted.then(|| connection::tls(&settings)).transpose()?;
        Ok(Self { settings, tls, syslog: syslog::Form::new(portal, max_message) })
    }

    /// Its address, without secrets.
    pub fn name(&self) -> String {
        self.settings.to_string()
    }

    /// Whether others on the way can read what is sent.
    pub fn is_readable_on_the_way(&self) -> bool {
        self.settings.is_readable_on_the_way()
    }

    /// Sends events; succeeds if the receiver has all of them. The error says what went wrong, and contains no secret.
    pub async fn send_events(&self, events: &[Exported]) -> Result<(), String> {
        if events.is_empty() {
            return Ok(());
        }
        match self.settings.protocol {
            Protocol::Syslog => {
                let messages: Vec<u8> = events.iter().flat_map(|event| self.syslog.framed(event)).collect();
                self.within(syslog::send(self, messages)).await
            }
            Protocol::Http => {
                let mut body = String::new();
                for event in events {
                    let line = event.json_line();
                    if !body.is_empty() && body.len() + line.len() > REQUEST {
                        self.post("application/x-ndjson", std::mem::take(&mut body)).await?;
                    }
                    body += &line;
                }
                self.post("application/x-ndjson", body).await
            }
        }
    }

    /// Sends a document over HTTP.
    pub async fn post(&self, content_type: &'static str, body: impl Into<Body>) -> Result<(), String> {
        self.within(http::post(self, content_type, body.into())).await
    }

    async fn within(&self, sending: impl Future<Output = Result<(), String>>) -> Result<(), String> {
        let limit = self.settings.timeout;
        let why = match timeout(limit, sending).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(why)) => why,
            Err(_) => format!("did not take everything within {} s", limit.as_secs()),
        };
        let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
        Err(format!("The collector {} {why}.", self.settings).chars().map(plain).take(400).collect())
    }
}
