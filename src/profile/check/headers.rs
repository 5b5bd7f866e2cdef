//! Header names: each has one meaning, and none conflicts with HTTP or gateways.

use super::{
    super::{
        LimitHeaders, SignatureHeaders, WebhookHeaders,
        file::{File, LimitsEntry, SignaturesEntry, Text, WebhooksEntry},
    },
    Findings,
};

/// Headers with a meaning in HTTP, proxies or Sallyport itself.
const TAKEN: &[&str] = &[
    "accept",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "connection",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "from",
    "host",
    "idempotency-key",
    "keep-alive",
    "last-modified",
    "location",
    "origin",
    "pragma",
    "range",
    "ratelimit",
    "ratelimit-policy",
    "referer",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-frame-options",
    "x-real-ip",
    "x-request-id",
];
const TAKEN_BEGINNINGS: &[&str] = &[
    "accept-",
    "access-control-",
    "content-",
    "cross-origin-",
    "if-",
    "proxy-",
    "sec-",
    "webhook-",
    "x-auth-",
    "x-content-",
    "x-envoy-",
    "x-forwarded-",
    "x-original-",
];

/// Headers that one message may contain together.
fn check<'a>(names: impl Iterator<Item = &'a Text>, findings: &mut Findings) {
    let mut seen: Vec<String> = Vec::new();
    for text in names {
        let name = text.get_ref().to_ascii_lowercase();
        if !is_token(&name) {
            findings.refuse(text, "A header has only letters, digits and -, and begins with a letter: X-Api-Key.");
        } else if TAKEN.contains(&&*name) || TAKEN_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)) {
            findings.refuse(text, format!("{} means something already; choose another name.", text.get_ref()));
        } else if seen.contains(&name) {
            findings.refuse(text, format!("{} has another meaning above; choose another name.", text.get_ref()));
        }
        seen.push(name);
    }
}

/// Stricter than HTTP: nginx drops underscores, and other signs are error-prone.
fn is_token(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.bytes().all(plain) && name.len() <= 64
}

pub(super) fn of_requests(file: &File, findings: &mut Findings) {
    let credentials = file.credentials.get_ref();
    // `Authorization` is handled separately where it is read.
    let keys = credentials.headers.iter().filter(|header| !header.get_ref().eq_ignore_ascii_case("authorization"));
    let signatures = file.signatures.iter().flat_map(|entry| [&entry.signature, &entry.timestamp]);
    check(keys.chain(&credentials.workspace_header).chain(signatures), findings);
}

pub(super) fn limits(entry: &LimitsEntry, findings: &mut Findings) -> LimitHeaders {
    check([&entry.limit, &entry.remaining, &entry.reset, &entry.retry_after].into_iter().flatten(), findings);
    LimitHeaders {
        limit: owned(entry.limit.as_ref()),
        remaining: owned(entry.remaining.as_ref()),
        reset: owned(entry.reset.as_ref()),
        retry_after: owned(entry.retry_after.as_ref()),
    }
}

pub(super) fn signatures(entry: Option<&SignaturesEntry>) -> SignatureHeaders {
    let name = |said: Option<&Text>, default: &str| said.map_or(default, |text| text.get_ref()).to_owned();
    SignatureHeaders {
        signature: name(entry.map(|entry| &entry.signature), "X-Sallyport-Signature"),
        timestamp: name(entry.map(|entry| &entry.timestamp), "X-Sallyport-Timestamp"),
    }
}

/// Names for deliveries of webhooks.
pub(super) fn webhooks(entry: &WebhooksEntry, findings: &mut Findings) -> WebhookHeaders {
    check([&entry.signature, &entry.timestamp, &entry.sequence].into_iter().flatten(), findings);
    if let Some(prefix) = &entry.prefix {
        if entry.signature.is_none() {
            findings.refuse(prefix, "There is no signature to put this before; name its header too.");
        }
        if prefix.get_ref().len() > 20 || !prefix.get_ref().bytes().all(|byte| byte.is_ascii_graphic()) {
            findings.refuse(prefix, "The prefix of a signature has up to 20 characters without spaces: sha256=.");
        }
    }
    WebhookHeaders {
        signature: owned(entry.signature.as_ref()),
        prefix: owned(entry.prefix.as_ref()).unwrap_or_default(),
        timestamp: owned(entry.timestamp.as_ref()),
        sequence: owned(entry.sequence.as_ref()),
    }
}

fn owned(text: Option<&Text>) -> Option<String> {
    text.map(|text| text.get_ref().clone())
}
