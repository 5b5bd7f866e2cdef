//! nginx's `auth_request` only distinguishes 2xx, 401 and 403: everything else goes into headers, from which its
//! configuration builds the response.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::super::refusal::RefusalResponse;

static STATUS: HeaderName = HeaderName::from_static("x-auth-status");
static BODY: HeaderName = HeaderName::from_static("x-auth-body");
static CONTENT_TYPE: HeaderName = HeaderName::from_static("x-auth-content-type");

pub fn answer(shown: RefusalResponse) -> Response {
    let body = HeaderValue::from_str(&in_a_header(shown.body.get()));
    let mut response = StatusCode::FORBIDDEN.into_response();
    let headers = response.headers_mut();
    headers.insert(&STATUS, HeaderValue::from(shown.status.as_u16()));
    headers.insert(&CONTENT_TYPE, shown.content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(body) = body {
        headers.insert(&BODY, body);
    }
    headers.extend(shown.headers);
    response
}

/// JSON on one line of ASCII. It has line breaks only between tokens, never within strings.
fn in_a_header(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\n' | '\r' | '\t' => line.push(' '),
            ' '..='~' => line.push(character),
            _ => line.extend(character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}"))),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_what_it_is() {
        let json = "{\n \"message\": \"caf\u{e9} \u{1f600} \\n\" }";
        let line = in_a_header(json);
        assert!(HeaderValue::from_str(&line).is_ok() && line.is_ascii());
        let values = [json, &line].map(|text| serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
        assert_eq!(values[0], values[1]);
    }
}
