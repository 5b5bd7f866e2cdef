//! Requests to a portal. They block: a command needs no runtime.

use std::{io, time::Duration};

use serde_json::Value;
use ureq::{
    Agent, Error, Proxy, Timeout,
    http::{self, Method, header},
    tls::{RootCerts, TlsConfig},
};

use super::portal_url::PortalUrl;
use crate::cli::table::harmless;

const CONNECT: Duration = Duration::from_secs(10);
const TOTAL: Duration = Duration::from_secs(60);
/// Larger than any answer of the API.
const LONGEST: u64 = 16 * 1024 * 1024;

pub struct Request {
    pub method: Method,
    /// With the query.
    pub path: String,
    pub bearer: Option<String>,
    pub idempotency_key: Option<String>,
    pub body: Body,
}

pub enum Body {
    Empty,
    Json(Value),
    Form(Vec<(&'static str, String)>),
}

impl Request {
    pub fn new(method: Method, path: impl Into<String>, body: Body) -> Self {
        Self { method, path: path.into(), bearer: None, idempotency_key: None, body }
    }
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Where a redirect leads. None is followed, as it would take the token elsewhere.
    pub location: Option<String>,
    /// `null` if it is not JSON.
    pub body: Value,
}

/// Why there is no response. Whether the portal did what was requested is unknown.
#[derive(Debug)]
pub struct NoResponse(pub String);

/// Sends requests; tests have one without a network.
pub trait Transport {
    fn send(&self, url: &PortalUrl, request: &Request) -> Result<Response, NoResponse>;
}

pub struct HttpTransport {
    user_agent: &'static str,
}

impl HttpTransport {
    pub fn new() -> Self {
        // Without the name of the machine: organizations' logs show it to others.
        Self { user_agent: concat!("sallyport/", env!("CARGO_PKG_VERSION")) }
    }

    fn agent(&self, url: &PortalUrl) -> Agent {
        // A proxy would read what is sent to this machine without encryption, and rarely reaches it.
        let proxy = if url.is_loopback() { None } else { Proxy::try_from_env() };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(TOTAL))
            .user_agent(self.user_agent)
            .proxy(proxy)
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build());
        config.build().into()
    }
}

impl Transport for HttpTransport {
    fn send(&self, url: &PortalUrl, request: &Request) -> Result<Response, NoResponse> {
        let mut head = http::Request::builder().method(&request.method).uri(url.to(&request.path));
        head = head.header(header::ACCEPT, "application/json");
        if let Some(token) = &request.bearer {
            head = head.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(key) = &request.idempotency_key {
            head = head.header("idempotency-key", key);
        }
        let failed = |error: Error| NoResponse(format!("{url} can't be reached: {}", reason(&error)));
        let agent = self.agent(url);
        let response = match &request.body {
            Body::Empty if request.method == Method::POST => {
                agent.run(head.body(Vec::new()).map_err(|e| failed(e.into()))?)
            }
            Body::Empty => agent.run(head.body(()).map_err(|error| failed(error.into()))?),
            Body::Json(value) => {
                let head = head.header(header::CONTENT_TYPE, "application/json");
                agent.run(head.body(value.to_string()).map_err(|error| failed(error.into()))?)
            }
            Body::Form(fields) => {
                let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                let head = head.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                agent.run(head.body(form).map_err(|error| failed(error.into()))?)
            }
        };
        let mut response = response.map_err(failed)?;
        let bytes = response.body_mut().with_config().limit(LONGEST).read_to_vec().map_err(failed)?;
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        Ok(Response {
            status: response.status().as_u16(),
            location: location.map(str::to_owned),
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        })
    }
}

/// The name of this machine.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn reason(error: &Error) -> String {
    match error {
        Error::HostNotFound => "there is no such host.".to_owned(),
        Error::Timeout(Timeout::Connect | Timeout::Resolve) => "it did not answer in time.".to_owned(),
        Error::Timeout(_) => "its response did not arrive in time.".to_owned(),
        Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            "nothing listens there (connection refused).".to_owned()
        }
        Error::BodyExceedsLimit(_) => "its response is too large for one of a portal.".to_owned(),
        error => {
            let text = harmless(&error.to_string());
            if text.contains("certificate") {
                format!(
                    "its certificate is not trusted ({text}). If your own authority issued it, add that to the \
                     system's certificates, or set SSL_CERT_FILE."
                )
            } else {
                format!("{text}.")
            }
        }
    }
}
