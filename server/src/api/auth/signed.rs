//! The signature of a client's request, if the gateway forwards the signed body.

use axum::{
    body::{Body, Bytes},
    http::HeaderMap,
};
use sallyport::{profile::SignatureHeaders, signature::Signed};

use super::super::{body, problem::Problem};

/// The body, if the gateway forwards it and there is a signature.
pub async fn body(
    passed: bool,
    headers: &HeaderMap,
    names: &SignatureHeaders,
    body: Body,
) -> Result<Option<Bytes>, Problem> {
    if !passed {
        return Ok(None);
    }
    // Unsigned requests are read too: a gateway that is still sending when the response arrives may treat it as an
    // error.
    let body = body::read(body).await?;
    Ok(is_signed(headers, names).then_some(body))
}

/// Either header counts; without the other the signature is present but invalid.
fn is_signed(headers: &HeaderMap, names: &SignatureHeaders) -> bool {
    headers.contains_key(&names.signature) || headers.contains_key(&names.timestamp)
}

pub fn signed<'a>(headers: &'a HeaderMap, names: &SignatureHeaders, body: &'a [u8]) -> Signed<'a> {
    Signed { timestamp: one(headers, &names.timestamp), signature: one(headers, &names.signature), body }
}

/// The single value of a header. Several values are ambiguous: none is accepted.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        _ => "",
    }
}
