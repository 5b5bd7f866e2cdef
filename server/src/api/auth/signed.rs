//! What a client's request says of its signature, where the gateway passes the body that was signed.

use axum::{
    body::{Body, Bytes},
    http::HeaderMap,
};
use sallyport::{profile::SignatureHeaders, signature::Signed};

use super::super::{body, problem::Problem};

/// The body, where the gateway passes it and a signature came that could be of it.
pub async fn body(
    passed: bool,
    headers: &HeaderMap,
    names: &SignatureHeaders,
    body: Body,
) -> Result<Option<Bytes>, Problem> {
    if !passed {
        return Ok(None);
    }
    // Of requests that are not signed too: a gateway that is still sending when the answer comes may take it for broken.
    let body = body::read(body).await?;
    Ok(is_signed(headers, names).then_some(body))
}

/// Either header says so; without the other the signature is no good, but it is there.
fn is_signed(headers: &HeaderMap, names: &SignatureHeaders) -> bool {
    headers.contains_key(&names.signature) || headers.contains_key(&names.timestamp)
}

pub fn signed<'a>(headers: &'a HeaderMap, names: &SignatureHeaders, body: &'a [u8]) -> Signed<'a> {
    Signed { timestamp: one(headers, &names.timestamp), signature: one(headers, &names.signature), body }
}

/// The one value of a header. Of several nobody knows which is meant: none is good.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        _ => "",
    }
}
