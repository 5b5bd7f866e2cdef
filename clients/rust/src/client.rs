//! Asks the portal whether a key is valid for a request.

mod answer;
mod cache;
mod error;
mod transport;

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::StatusCode;
use serde_json::{Map, Value, json};

pub use self::{
    answer::{RateLimit, Refused, Valid, Verification},
    error::{VerificationError, VerificationErrorKind},
};
use self::{
    cache::Cache,
    transport::{Answer, Transport},
};
use crate::{
    RequestSignature,
    runtime_configuration::{
        ConfigurationError,
        values::{plain, url},
    },
};

const PATH: &str = "/v1/keys/verify";
/// Longer, and a revocation would not be what the portal says it is.
const LONGEST_CACHE: Duration = Duration::from_secs(1);

/// A client of `POST /v1/keys/verify`. Make one for the process and clone it: clones share its connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    transport: Transport,
    cache: Option<Cache>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(…)")
    }
}

/// What is required of the key, and the client's request (docs/verifier.md).
#[derive(Clone, Debug, Default)]
pub struct Required<'a> {
    /// The key has to belong to this app.
    pub app_id: Option<&'a str>,
    /// The key has to have all of these scopes.
    pub scopes: &'a [&'a str],
    /// `live` or `test`.
    pub mode: Option<&'a str>,
    /// The key's app has to be verified for ingestion.
    pub ingestion: bool,
    /// The method of the client's request, which the key's scopes have to allow.
    pub method: Option<&'a str>,
    /// The path of the client's request, without the query.
    pub path: Option<&'a str>,
    /// Accepts paths that servers may read in different ways.
    pub any_path: bool,
    /// The client's address. Without it, keys that are restricted to addresses are refused.
    pub ip: Option<IpAddr>,
    /// How many requests this one counts as; 1 without it.
    pub cost: Option<u32>,
    /// The signature of the client's request, with its body.
    pub signature: Option<RequestSignature<'a>>,
}

/// The settings of a [`Client`].
pub struct ClientBuilder {
    base_url: String,
    token: String,
    timeout: Duration,
    cache: Duration,
    max_idle_connections: usize,
    allow_plain_http: bool,
    tls: Option<rustls::ClientConfig>,
}

impl ClientBuilder {
    /// How long a call takes at most, with everything that it does; 2 seconds without it.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Remembers valid results for at most a second: a revoked key is then accepted for that much longer, and requests that are
    /// answered from memory count against no limit and are in no usage. Signed requests are always asked. Off without it.
    pub fn cache(self, cache: Duration) -> Self {
        Self { cache, ..self }
    }

    /// 16 without it.
    pub fn max_idle_connections(self, max_idle_connections: usize) -> Self {
        Self { max_idle_connections, ..self }
    }

    /// Sends token and keys unencrypted to hosts other than this machine.
    pub fn allow_plain_http(self) -> Self {
        Self { allow_plain_http: true, ..self }
    }

    /// For a certificate authority of your own, without ALPN. The system's are trusted without it.
    pub fn tls(self, tls: rustls::ClientConfig) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Connects to nothing yet.
    pub fn build(self) -> Result<Client, ConfigurationError> {
        let refuse =
            |field: &str, message: &str| Err(ConfigurationError::of_field(field, format!("{field} {message}")));
        if self.timeout.is_zero() || self.timeout > Duration::from_secs(60) {
            return refuse("timeout", "is more than 0 and at most 60 seconds.");
        }
        if self.cache > LONGEST_CACHE {
            return refuse("cache", "is at most a second: revocations have to take effect.");
        }
        let base_url = url("base_url", &self.base_url, self.allow_plain_http)?;
        let token = plain("token", &self.token)?;
        let transport =
            Transport::new(&format!("{base_url}{PATH}"), &token, self.timeout, self.max_idle_connections, self.tls)?;
        let cache = (!self.cache.is_zero()).then(|| Cache::new(self.cache)).transpose()?;
        Ok(Client { shared: Arc::new(Shared { transport, cache }) })
    }
}

impl Client {
    /// `token` is a root token that may verify.
    pub fn new(base_url: &str, token: &str) -> Result<Self, ConfigurationError> {
        Self::builder(base_url, token).build()
    }

    /// A client with other settings.
    pub fn builder(base_url: &str, token: &str) -> ClientBuilder {
        ClientBuilder {
            base_url: base_url.to_owned(),
            token: token.to_owned(),
            timeout: Duration::from_secs(2),
            cache: Duration::ZERO,
            max_idle_connections: 16,
            allow_plain_http: false,
            tls: None,
        }
    }

    /// Whether the key is valid for the request; an error if nothing can be said: then refuse your client, too.
    ///
    /// `key` is what your client sent; without one it is refused as `missing`.
    pub async fn verify(&self, key: Option<&str>, required: &Required<'_>) -> Result<Verification, VerificationError> {
        let body = request(key, required);
        let cache = self.shared.cache.as_ref().filter(|_| required.signature.is_none());
        let Some(cache) = cache else { return self.ask(body).await };
        let digest = cache.digest(body.as_bytes());
        if let Some(known) = cache.get(&digest) {
            return Ok(Verification::Valid(known));
        }
        let asked_at = std::time::Instant::now();
        let verification = self.ask(body).await?;
        if let Verification::Valid(valid) = &verification {
            cache.put(digest, asked_at, valid.clone());
        }
        Ok(verification)
    }

    async fn ask(&self, body: String) -> Result<Verification, VerificationError> {
        let answer = self.shared.transport.post(body).await?;
        if answer.status == StatusCode::OK { Verification::parse(&answer.body) } else { Err(refused(&answer)) }
    }
}

fn request(key: Option<&str>, required: &Required<'_>) -> String {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| fields.extend(value.map(|value| (name.to_owned(), value)));
    let text = |text: Option<&str>| text.map(Value::from);
    let yes = |is: bool| is.then_some(Value::Bool(true));
    put("key", text(key));
    put("app_id", text(required.app_id));
    put("scopes", (!required.scopes.is_empty()).then(|| json!(required.scopes)));
    put("mode", text(required.mode));
    put("ingestion", yes(required.ingestion));
    put("method", text(required.method));
    put("path", text(required.path));
    put("any_path", yes(required.any_path));
    put("ip", required.ip.map(|ip| ip.to_string().into()));
    put("cost", required.cost.map(Value::from));
    let signature = required.signature.as_ref().map(|signed| {
        let body = BASE64_STANDARD.encode(signed.body);
        json!({ "timestamp": signed.timestamp, "signature": signed.signature, "body_base64": body })
    });
    put("signature", signature);
    Value::Object(fields).to_string()
}

fn refused(answer: &Answer) -> VerificationError {
    use VerificationErrorKind::{RequestRefused, TokenRefused, Unavailable, UnexpectedAnswer};
    let kind = match answer.status.as_u16() {
        500.. | 429 => Unavailable,
        401 | 403 => TokenRefused,
        400.. => RequestRefused,
        _ => UnexpectedAnswer,
    };
    VerificationError {
        status: Some(answer.status.as_u16()),
        retry_after: answer.retry_after,
        ..VerificationError::new(kind, format!("status {}", answer.status.as_u16()))
    }
}
