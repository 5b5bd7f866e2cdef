//! Verifies the key of each request of an axum application.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    mem,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, OriginalUri, Request},
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Value, json};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    Client, RateLimit, Refused, RequestSignature, Required, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verification,
    VerificationError,
};

/// A tower layer for axum: `Router::layer(VerificationLayer::new(client).scopes(["read"]))`.
///
/// A handler gets what is known of the key by `Extension<Valid>`. Requests whose key is not valid are refused as the portal's profile
/// says; with 503, if the portal can't be asked. Method and path are those that the client sent. Its address is axum's
/// `ConnectInfo` (`into_make_service_with_connect_info::<SocketAddr>()`): without it, keys that are restricted to addresses are refused.
#[derive(Clone, Debug)]
pub struct VerificationLayer {
    options: Arc<Options>,
}

type OnError = Arc<dyn Fn(&VerificationError) + Send + Sync>;

#[derive(Clone)]
struct Told(Option<OnError>);

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "a callback" } else { "none" })
    }
}

#[derive(Clone, Debug)]
struct Options {
    client: Client,
    app_id: Option<String>,
    scopes: Vec<String>,
    mode: Option<String>,
    ingestion: bool,
    longest_signed: Option<usize>,
    headers: Vec<HeaderName>,
    signature_headers: [HeaderName; 2],
    challenge: HeaderValue,
    on_error: Told,
}

impl VerificationLayer {
    /// Requires nothing but a valid key whose scopes allow the request.
    pub fn new(client: Client) -> Self {
        let options = Options {
            client,
            app_id: None,
            scopes: Vec::new(),
            mode: None,
            ingestion: false,
            longest_signed: None,
            headers: vec![HeaderName::from_static("x-api-key"), header::AUTHORIZATION],
            signature_headers: [TIMESTAMP_HEADER, SIGNATURE_HEADER].map(HeaderName::from_static),
            challenge: HeaderValue::from_static("Bearer"),
            on_error: Told(None),
        };
        Self { options: Arc::new(options) }
    }

    fn with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(Arc::make_mut(&mut self.options));
        self
    }

    /// The key has to belong to this app.
    pub fn app_id(self, app_id: impl Into<String>) -> Self {
        self.with(|options| options.app_id = Some(app_id.into()))
    }

    /// The key has to have all of these scopes.
    pub fn scopes<T: Into<String>>(self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.with(|options| options.scopes = scopes.into_iter().map(Into::into).collect())
    }

    /// `live` or `test`.
    pub fn mode(self, mode: impl Into<String>) -> Self {
        self.with(|options| options.mode = Some(mode.into()))
    }

    /// The key's app has to be verified for ingestion.
    pub fn ingestion(self) -> Self {
        self.with(|options| options.ingestion = true)
    }

    /// Reads bodies of up to so many bytes, and passes signatures on: a key that requires signed requests is refused otherwise.
    pub fn signed(self, longest: usize) -> Self {
        self.with(|options| options.longest_signed = Some(longest))
    }

    /// The headers with the key; `authorization` is read as a Bearer token.
    pub fn headers(self, headers: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|options| options.headers = headers.into_iter().collect())
    }

    /// The headers with timestamp and signature, where the profile names others.
    pub fn signature_headers(self, timestamp: HeaderName, signature: HeaderName) -> Self {
        self.with(|options| options.signature_headers = [timestamp, signature])
    }

    /// `WWW-Authenticate` of a 401; `Bearer` without it.
    pub fn challenge(self, challenge: HeaderValue) -> Self {
        self.with(|options| options.challenge = challenge)
    }

    /// Told why a request is answered with 503, for logs; the error has neither key nor token.
    pub fn on_error(self, on_error: impl Fn(&VerificationError) + Send + Sync + 'static) -> Self {
        self.with(|options| options.on_error = Told(Some(Arc::new(on_error))))
    }
}

impl<S> Layer<S> for VerificationLayer {
    type Service = VerificationService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        VerificationService { inner, options: Arc::clone(&self.options) }
    }
}

/// What [`VerificationLayer`] makes of a service.
#[derive(Clone, Debug)]
pub struct VerificationService<S> {
    inner: S,
    options: Arc<Options>,
}

impl<S> Service<Request> for VerificationService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The one that is ready is called.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let options = Arc::clone(&self.options);
        Box::pin(async move {
            let (request, limit) = match options.verified(request).await {
                Ok(verified) => verified,
                Err(refusal) => return Ok(refusal),
            };
            let mut response = inner.call(request).await?;
            add_limit(response.headers_mut(), limit);
            Ok(response)
        })
    }
}

impl Options {
    /// The request with its verification, or what to answer instead.
    async fn verified(&self, request: Request) -> Result<(Request, Option<RateLimit>), Response> {
        let key = self.key(request.headers());
        let (mut head, body) = request.into_parts();
        let (body, read) = match self.longest_signed.filter(|_| key.is_some()) {
            Some(longest) => {
                let read = read(body, longest).await?;
                (Body::from(read.clone()), Some(read))
            }
            None => (body, None),
        };
        let scopes: Vec<_> = self.scopes.iter().map(String::as_str).collect();
        let path = head.extensions.get::<OriginalUri>().map_or(head.uri.path(), |uri| uri.path()).to_owned();
        let [timestamp, signature] = self.signature_headers.each_ref().map(|name| text(&head.headers, name));
        let signature = read.as_ref().filter(|_| timestamp.is_some() || signature.is_some()).map(|body| {
            let [timestamp, signature] = [&timestamp, &signature].map(|text| text.as_deref().unwrap_or_default());
            RequestSignature { timestamp, signature, body }
        });
        let required = Required {
            app_id: self.app_id.as_deref(),
            scopes: &scopes,
            mode: self.mode.as_deref(),
            ingestion: self.ingestion,
            method: Some(head.method.as_str()),
            path: Some(&path),
            ip: head.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| plain(info.0.ip())),
            signature,
            ..Required::default()
        };
        match self.client.verify(key.as_deref(), &required).await {
            Ok(Verification::Valid(valid)) => {
                let limit = valid.rate_limit;
                head.extensions.insert(valid);
                Ok((Request::from_parts(head, body), limit))
            }
            Ok(Verification::Refused(refused)) => Err(self.refusal(&refused)),
            Err(error) => {
                if let Some(on_error) = &self.on_error.0 {
                    on_error(&error);
                }
                Err(unavailable(&error))
            }
        }
    }

    fn key(&self, headers: &HeaderMap) -> Option<String> {
        let found = |name: &HeaderName| {
            let value = text(headers, name)?;
            let key = if name == header::AUTHORIZATION { bearer(&value)? } else { &value };
            let key = key.trim();
            (!key.is_empty()).then(|| key.to_owned())
        };
        self.headers.iter().find_map(found)
    }

    fn refusal(&self, refused: &Refused) -> Response {
        let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::FORBIDDEN);
        let mut response = answer(status, &refused.error);
        let headers = response.headers_mut();
        add_limit(headers, refused.rate_limit);
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, self.challenge.clone());
        }
        if let Some(seconds) = refused.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Several are joined, as HTTP reads them: two keys are no key.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key)
}

/// An IPv4 address in IPv6 is that IPv4 address.
fn plain(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

async fn read(body: Body, longest: usize) -> Result<Bytes, Response> {
    match Limited::new(body, longest).collect().await {
        Ok(read) => Ok(read.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(problem(StatusCode::PAYLOAD_TOO_LARGE, "Content Too Large", "The body is too long."))
        }
        Err(_) => Err(problem(StatusCode::BAD_REQUEST, "Bad Request", "The body could not be read.")),
    }
}

fn add_limit(headers: &mut HeaderMap, limit: Option<RateLimit>) {
    let Some(limit) = limit else { return };
    headers.insert("x-ratelimit-limit", limit.limit.into());
    headers.insert("x-ratelimit-remaining", limit.remaining.into());
    headers.insert("x-ratelimit-reset", limit.reset.into());
}

fn unavailable(error: &VerificationError) -> Response {
    let detail = "Keys can't be verified at the moment.";
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", detail);
    response.headers_mut().insert(header::RETRY_AFTER, error.retry_after.unwrap_or(1).into());
    response
}

fn problem(status: StatusCode, title: &str, detail: &str) -> Response {
    answer(status, &json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail}))
}

fn answer(status: StatusCode, content: &Value) -> Response {
    let is_problem = content.get("type").is_some() && content.get("title").is_some();
    let kind = if is_problem { "application/problem+json" } else { "application/json" };
    let mut response = Response::new(Body::from(content.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
