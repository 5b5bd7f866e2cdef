//! Responses that refuse a request, as sentences for a terminal.

use serde_json::Value;
use ureq::http::StatusCode;

use super::{http::Response, portal_url::PortalUrl};
use crate::cli::table::harmless;

/// The error of a response: a problem document (RFC 9457), the error of an OAuth endpoint, or that of a proxy.
pub fn sentences(url: &PortalUrl, response: &Response) -> String {
    let fields: Vec<_> = response.body["errors"].as_array().into_iter().flatten().filter_map(field).collect();
    if !fields.is_empty() {
        return fields.join("\n");
    }
    if let Some(location) = response.location.as_deref().filter(|_| (300..400).contains(&response.status)) {
        return format!("{url} sends every request to {}. Use that address of the portal.", harmless(location));
    }
    let status = StatusCode::from_u16(response.status).ok();
    let title = status.and_then(|status| status.canonical_reason()).unwrap_or("an unknown status");
    let Some(detail) = detail(&response.body) else {
        return format!(
            "{url} answered {} ({title}), but not as a portal does. Check that this is the address of a portal, and \
             that it is running.",
            response.status
        );
    };
    let request = response.body["request_id"].as_str().filter(|_| response.status >= 500);
    match request {
        Some(id) => format!("{} (request {})", harmless(detail), harmless(id)),
        None => harmless(detail),
    }
}

/// `label: Enter a label.`
fn field(error: &Value) -> Option<String> {
    let detail = harmless(error["detail"].as_str()?);
    let name = error["pointer"].as_str().unwrap_or_default().trim_start_matches('/');
    Some(if name.is_empty() { detail } else { format!("{}: {detail}", harmless(name)) })
}

fn detail(body: &Value) -> Option<&str> {
    let names = ["/detail", "/error_description", "/error/message", "/message", "/error", "/title"];
    names.iter().find_map(|name| body.pointer(name)?.as_str()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(status: u16, body: Value) -> String {
        let url = PortalUrl::parse("https://keys.example.com").expect("an address");
        sentences(&url, &Response { status, location: None, body })
    }

    #[test]
    fn problems_are_sentences() {
        let problem = json!({ "title": "Not Found", "status": 404, "code": "not_found", "detail": "Not found." });
        assert_eq!(said(404, problem), "Not found.");
        let problem = json!({ "title": "Unprocessable Content", "detail": "2 fields are wrong.", "errors": [
            { "pointer": "/label", "detail": "Enter a label." },
            { "pointer": "", "detail": "Send an object." },
        ] });
        assert_eq!(said(422, problem), "label: Enter a label.\nSend an object.");
        let problem = json!({ "title": "Service Unavailable", "detail": "Try again.", "request_id": "req_1" });
        assert_eq!(said(503, problem), "Try again. (request req_1)");
        assert_eq!(said(403, json!({ "title": "Forbidden" })), "Forbidden");
    }

    #[test]
    fn other_errors_are_said_as_well() {
        let error = json!({ "error": "invalid_client", "error_description": "This client is unknown." });
        assert_eq!(said(400, error), "This client is unknown.");
        assert_eq!(said(401, json!({ "error": { "message": "No key." } })), "No key.");
        let said = said(502, Value::Null);
        assert!(said.starts_with("https://keys.example.com answered 502 (Bad Gateway), but not as"), "{said}");
    }

    #[test]
    fn a_redirect_is_named() {
        let url = PortalUrl::parse("https://keys.example.com").expect("an address");
        let location = Some("https://example.com/keys".to_owned());
        let said = sentences(&url, &Response { status: 301, location, body: Value::Null });
        assert!(said.contains("sends every request to https://example.com/keys."), "{said}");
    }

    #[test]
    fn nothing_in_it_commands_the_terminal() {
        let said = said(400, json!({ "errors": [{ "pointer": "/a\u{1b}[1m", "detail": "b\u{9b}2Jc" }] }));
        assert_eq!(said, "a�[1m: b�2Jc");
    }
}
