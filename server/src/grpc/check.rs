//! Envoy's question as a request to `/v1/auth`, and that one's answer as Envoy takes it.

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version,
        header::{self, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING},
        response,
    },
};

use super::message::{
    Address, AppendAction, CheckRequest, CheckResponse, DeniedHttpResponse, HeaderValue as Pair, HeaderValueOption,
    HttpRequest, HttpResponse, HttpStatus, OkHttpResponse, Peer, SocketAddress, Status,
};

/// How the upstream hears who asks. Whatever a client sends under such a name never gets there.
const IDENTITY: &str = "x-auth-";
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
/// What only we may say of the client's request, and what is about its body, which is ours here.
const DROPPED: [HeaderName; 8] = [
    ORIGINAL_METHOD,
    ORIGINAL_URI,
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-forwarded-method"),
    HeaderName::from_static("x-forwarded-uri"),
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    EXPECT,
];
/// Envoy says here whether it cut the body.
const PARTIAL_BODY: &str = "x-envoy-auth-partial-body";

/// Nothing where Envoy told too little to ask by.
pub fn question(check: &CheckRequest) -> Option<Request<Bytes>> {
    let attributes = check.attributes.as_ref()?;
    let http = attributes.request.as_ref()?.http.as_ref()?;
    let mut headers = client_headers(http)?;
    headers.insert(ORIGINAL_METHOD, HeaderValue::from_str(&http.method).ok()?);
    headers.insert(ORIGINAL_URI, HeaderValue::from_str(&http.path).ok()?);
    // Envoy's own word for who is connected to it: where that is nobody's proxy, X-Forwarded-For is not read any further.
    if let Some(source) = source(attributes.source.as_ref()) {
        headers.append(FORWARDED_FOR, HeaderValue::from_str(source).ok()?);
    }

    let body = whole_body(http, &headers);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in &attributes.context_extensions {
        // A body that was cut was not passed: a key that must sign is refused then.
        if name != "body" || body.is_some() {
            query.append_pair(name, value);
        }
    }
    let mut request = Request::new(body.unwrap_or_default());
    *request.method_mut() = Method::POST;
    // As it came: the client's Host may be missing, for Envoy passes it as a field of its own.
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = format!("/v1/auth?{}", query.finish()).parse().ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

/// Nothing where one of them can't be a header: passing it over might pass over the key.
fn client_headers(http: &HttpRequest) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(http.headers.len() + 4);
    let mapped = http.headers.iter().map(|(name, value)| (name, value.as_bytes()));
    let raw = http.header_map.iter().flat_map(|map| &map.headers).map(|pair| (&pair.key, &*pair.raw_value));
    for (name, value) in mapped.chain(raw).filter(|(name, _)| !name.starts_with(':')) {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        if !DROPPED.contains(&name) {
            headers.append(name, HeaderValue::from_bytes(value).ok()?);
        }
    }
    Some(headers)
}

fn source(peer: Option<&Peer>) -> Option<&str> {
    let Address { socket_address: Some(SocketAddress { address }) } = peer?.address.as_ref()? else { return None };
    Some(address)
}

/// The client's body, if Envoy says that this is all of it (`with_request_body`).
fn whole_body(http: &HttpRequest, headers: &HeaderMap) -> Option<Bytes> {
    let whole = is_whole(headers);
    let body = if http.raw_body.is_empty() { http.body.as_bytes() } else { &http.raw_body };
    let told = http.headers.get(CONTENT_LENGTH.as_str()).is_none_or(|told| told.parse() == Ok(body.len()));
    (whole && told).then(|| Bytes::copy_from_slice(body))
}

/// Envoy's word is the last one: what a client sent under that name is before it. Where both are in one line, they are
/// not told apart, and the body counts as cut.
fn is_whole(headers: &HeaderMap) -> bool {
    headers.get_all(PARTIAL_BODY).iter().next_back().is_some_and(|partial| partial == "false")
}

pub fn answer(head: &response::Parts, body: &[u8], check: &CheckRequest) -> CheckResponse {
    if head.status == StatusCode::OK { allowed(&head.headers, check) } else { denied(head, body) }
}

fn allowed(headers: &HeaderMap, check: &CheckRequest) -> CheckResponse {
    let is_ours = |name: &str| name.starts_with(IDENTITY);
    let to_client = |name: &str| name.contains("ratelimit");
    let ok = OkHttpResponse {
        headers: options(headers, is_ours),
        headers_to_remove: made_up(check).filter(|name| !headers.contains_key(*name)).map(str::to_owned).collect(),
        response_headers_to_add: options(headers, to_client),
    };
    CheckResponse { status: Some(Status { code: 0 }), http_response: Some(HttpResponse::Ok(ok)) }
}

/// Names by which the client says who it is. Upstreams that read variables take X_Auth_Mode and X.Auth.Mode for the same.
fn made_up(check: &CheckRequest) -> impl Iterator<Item = &str> {
    let http = check.attributes.iter().filter_map(|it| it.request.as_ref()?.http.as_ref());
    let names = http.flat_map(|http| {
        http.headers.keys().chain(http.header_map.iter().flat_map(|map| map.headers.iter().map(|pair| &pair.key)))
    });
    names.map(String::as_str).filter(|name| {
        name.to_ascii_lowercase().replace(|char: char| !char.is_ascii_alphanumeric(), "-").starts_with(IDENTITY)
    })
}

/// What the HTTP form answers is what the client sees; but nothing that is broken here looks like more than closed.
fn denied(head: &response::Parts, body: &[u8]) -> CheckResponse {
    let status = if head.status.is_client_error() { head.status } else { StatusCode::SERVICE_UNAVAILABLE };
    let told = |name: &str| {
        ["content-type", "cache-control", "www-authenticate", "retry-after", "x-request-id"].contains(&name)
            || name.contains("ratelimit")
    };
    let denied = DeniedHttpResponse {
        status: Some(HttpStatus { code: i32::from(status.as_u16()) }),
        headers: options(&head.headers, told),
        body: String::from_utf8_lossy(body).into_owned(),
    };
    CheckResponse { status: Some(Status { code: code(status) }), http_response: Some(HttpResponse::Denied(denied)) }
}

/// google/rpc/code.proto; Envoy asks only whether it is 0.
fn code(status: StatusCode) -> i32 {
    match status {
        StatusCode::UNAUTHORIZED => 16,
        StatusCode::FORBIDDEN => 7,
        StatusCode::TOO_MANY_REQUESTS => 8,
        StatusCode::SERVICE_UNAVAILABLE => 14,
        _ => 3,
    }
}

pub fn unavailable() -> CheckResponse {
    let mut head = axum::http::Response::new(()).into_parts().0;
    head.status = StatusCode::SERVICE_UNAVAILABLE;
    head.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    denied(&head, &[])
}

fn options(headers: &HeaderMap, told: impl Fn(&str) -> bool) -> Vec<HeaderValueOption> {
    let told = headers.iter().filter(|(name, _)| told(name.as_str()));
    let option = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let pair = Pair { key: name.to_string(), value, raw_value: Vec::new() };
        HeaderValueOption { header: Some(pair), append_action: AppendAction::OverwriteIfExistsOrAdd.into() }
    };
    told.map(option).collect()
}

#[cfg(test)]
mod tests;
