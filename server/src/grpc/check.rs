//! Converts Envoy's request to one of `/v1/auth`, and the response to Envoy's.

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

/// Headers with the key's identity for the upstream. A client's headers with this prefix are removed.
const IDENTITY: &str = "x-auth-";
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
/// Headers about the client's connection that only we may set, and those about its body, which is ours here.
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
/// Envoy's header that says whether it cut the body.
const PARTIAL_BODY: &str = "x-envoy-auth-partial-body";

/// `None` if Envoy sent too little for a check.
pub fn question(check: &CheckRequest) -> Option<Request<Bytes>> {
    let attributes = check.attributes.as_ref()?;
    let http = attributes.request.as_ref()?.http.as_ref()?;
    let mut headers = client_headers(http)?;
    headers.insert(ORIGINAL_METHOD, HeaderValue::from_str(&http.method).ok()?);
    headers.insert(ORIGINAL_URI, HeaderValue::from_str(&http.path).ok()?);
    // The address of Envoy's peer: if that is not a trusted proxy, X-Forwarded-For is not read further.
    if let Some(source) = source(attributes.source.as_ref()) {
        headers.append(FORWARDED_FOR, HeaderValue::from_str(source).ok()?);
    }

    let body = whole_body(http, &headers);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in &attributes.context_extensions {
        // A truncated body counts as missing: a key that requires signatures is refused then.
        if name != "body" || body.is_some() {
            query.append_pair(name, value);
        }
    }
    let mut request = Request::new(body.unwrap_or_default());
    *request.method_mut() = Method::POST;
    // HTTP/2, because the client's Host may be missing: Envoy sends it as a separate field.
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = format!("/v1/auth?{}", query.finish()).parse().ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

/// `None` if one of them is not a valid header: ignoring it might ignore the key.
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

/// The client's body, if Envoy confirms that it is complete (`with_request_body`).
fn whole_body(http: &HttpRequest, headers: &HeaderMap) -> Option<Bytes> {
    let whole = is_whole(headers);
    let body = if http.raw_body.is_empty() { http.body.as_bytes() } else { &http.raw_body };
    let told = http.headers.get(CONTENT_LENGTH.as_str()).is_none_or(|told| told.parse() == Ok(body.len()));
    (whole && told).then(|| Bytes::copy_from_slice(body))
}

/// Envoy's value is the last one; a client's value under that name comes before it. If both are on one line, they
/// can't be distinguished, and the body counts as truncated.
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

/// Client headers that claim an identity. Some upstreams do not distinguish X_Auth_Mode and X.Auth.Mode from
/// X-Auth-Mode.
fn made_up(check: &CheckRequest) -> impl Iterator<Item = &str> {
    let http = check.attributes.iter().filter_map(|it| it.request.as_ref()?.http.as_ref());
    let names = http.flat_map(|http| {
        http.headers.keys().chain(http.header_map.iter().flat_map(|map| map.headers.iter().map(|pair| &pair.key)))
    });
    names.map(String::as_str).filter(|name| {
        name.to_ascii_lowercase().replace(|char: char| !char.is_ascii_alphanumeric(), "-").starts_with(IDENTITY)
    })
}

/// Returns the response of the HTTP endpoint to the client; an internal error always refuses.
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

/// /google/rpc/code.proto; Envoy only distinguishes 0 from others.
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
