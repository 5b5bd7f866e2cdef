//! `/account/recovery-codes/file`: the recovery codes of the one-time dialog as a file. Its form contains the file encrypted, so
//! that what the browser keeps of it is no secret.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::IntoResponse,
};

use crate::{
    access::SignedIn,
    acts::{Caller, InPage, second_factor::open_recovery_codes},
    error::PageResult,
    ui::{Typed, Uncompressed},
};

pub async fn post(caller: Caller, _: SignedIn, Typed(form): Typed) -> PageResult {
    let InPage((_, text)) = caller.run(open_recovery_codes(form.value("sealed"))).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let attachment = HeaderValue::from_static("attachment; filename=\"recovery-codes.txt\"");
    headers.insert(header::CONTENT_DISPOSITION, attachment);
    let mut response = (headers, text).into_response();
    response.extensions_mut().insert(Uncompressed);
    Ok(response)
}
