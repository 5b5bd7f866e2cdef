//! Sends requests to the portal over connections that are kept, with one deadline for everything that a request does.

use std::{error::Error, time::Duration};

use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};

use super::{VerificationError, VerificationErrorKind::*};
use crate::runtime_configuration::ConfigurationError;

/// The portal closes connections that were idle for 15 seconds.
const IDLE: Duration = Duration::from_secs(10);
const LONGEST_ANSWER: usize = 256 * 1024;
const PAUSE_BEFORE_RETRY: Duration = Duration::from_millis(50);
/// More calls at once wait, which counts towards their timeout.
const MOST_CALLS: usize = 256;

pub(super) struct Answer {
    pub status: StatusCode,
    pub retry_after: Option<u32>,
    pub body: Bytes,
}

/// Neither redirects nor proxies are followed: the token goes to this host only.
pub(super) struct Transport {
    client: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    uri: Uri,
    authorization: HeaderValue,
    timeout: Duration,
    places: Semaphore,
}

impl Transport {
    pub fn new(
        uri: &str,
        token: &str,
        timeout: Duration,
        max_idle: usize,
        tls: Option<rustls::ClientConfig>,
    ) -> Result<Self, ConfigurationError> {
        let refuse = |field: &str, message: &str| ConfigurationError::of_field(field, format!("{field} {message}"));
        let uri = uri.parse().map_err(|_| refuse("base_url", "is no URL; write it like https://api.example.com."))?;
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| refuse("token", "has characters that no token has."))?;
        authorization.set_sensitive(true);
        let tls = match tls {
            Some(tls) => tls,
            None => {
                system().map_err(|_| refuse("tls", "can't be set up: the system's authorities are not readable."))?
            }
        };
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(max_idle)
            .build(connector.wrap_connector(http));
        Ok(Self { client, uri, authorization, timeout, places: Semaphore::new(MOST_CALLS) })
    }

    /// Tried again once if no connection was made, so that nothing can have been judged.
    pub async fn post(&self, body: String) -> Result<Answer, VerificationError> {
        let deadline = Instant::now() + self.timeout;
        let body = Bytes::from(body);
        match timeout_at(deadline, self.exchange(body)).await {
            Ok(answered) => answered,
            Err(_) => Err(VerificationError::new(TimedOut, "")),
        }
    }

    async fn exchange(&self, body: Bytes) -> Result<Answer, VerificationError> {
        // It is never closed.
        let _place = self.places.acquire().await;
        let mut sent = self.client.request(self.request(body.clone())).await;
        if sent.as_ref().is_err_and(|error| error.is_connect() && !is_tls(error)) {
            sleep(PAUSE_BEFORE_RETRY).await;
            sent = self.client.request(self.request(body)).await;
        }
        let response = sent.map_err(|error| failed(&error))?;
        read(response).await
    }

    fn request(&self, body: Bytes) -> Request<Full<Bytes>> {
        let json = HeaderValue::from_static("application/json");
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        headers.insert(header::CONTENT_TYPE, json.clone());
        headers.insert(header::ACCEPT, json);
        headers.insert(header::USER_AGENT, HeaderValue::from_static("sallyport-client-rust/0.1"));
        request
    }
}

fn system() -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = rustls::crypto::ring::default_provider();
    let config = rustls::ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions()?;
    Ok(config.try_with_platform_verifier()?.with_no_client_auth())
}

async fn read(response: Response<Incoming>) -> Result<Answer, VerificationError> {
    let status = response.status();
    let seconds = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = seconds.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let retry_after = retry_after.and_then(|text| text.parse().ok());
    match Limited::new(response.into_body(), LONGEST_ANSWER).collect().await {
        Ok(body) => Ok(Answer { status, retry_after, body: body.to_bytes() }),
        Err(error) if error.is::<LengthLimitError>() => Err(VerificationError::unexpected("it is too long")),
        Err(_) => Err(VerificationError::new(Unreachable, "the answer ended too early")),
    }
}

fn failed(error: &legacy::Error) -> VerificationError {
    if find::<hyper::Error>(error).is_some_and(|error| error.is_parse() || error.is_parse_too_large()) {
        return VerificationError::unexpected("it is no HTTP");
    }
    let detail = match find::<rustls::Error>(error) {
        Some(rustls::Error::InvalidCertificate(_)) => "its certificate is not accepted",
        Some(_) => "TLS failed",
        None if error.is_connect() => "no connection",
        None => "the connection was closed",
    };
    VerificationError::new(Unreachable, detail)
}

fn is_tls(error: &legacy::Error) -> bool {
    find::<rustls::Error>(error).is_some()
}

/// The cause of this type. An I/O error is not the source of what it carries, but in its place.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        let carried = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let found = error.downcast_ref::<T>().or_else(|| carried.and_then(|carried| carried.downcast_ref()));
        if found.is_some() {
            return found;
        }
        next = error.source();
    }
    None
}
