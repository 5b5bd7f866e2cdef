//! A refusal as the profile shows it to whoever holds the key.

use axum::http::StatusCode;
use sallyport::{key::Verdict, key::verdict::KeyRecord};
use sallyport_app::context::Client;

use super::problem::Problem;

/// Unknown and malformed keys get the same words: neither tells anything of the other.
pub fn problem(verdict: Verdict, key: Option<&KeyRecord>, client: &Client) -> Problem {
    let detail = match verdict {
        Verdict::Valid => String::new(),
        Verdict::Missing => "No API key was sent. Send it in the x-api-key header.".to_owned(),
        Verdict::Malformed | Verdict::NotFound => {
            "This API key is not valid. Check that it was copied whole, and that it was not revoked.".to_owned()
        }
        Verdict::Revoked => "This API key was revoked. Generate another in the portal.".to_owned(),
        Verdict::Expired => "This API key has expired. Generate another in the portal.".to_owned(),
        Verdict::Paused => "This API key is paused. Resume it in the portal.".to_owned(),
        Verdict::Suspended => "The app or organization of this API key is suspended.".to_owned(),
        Verdict::ModeMismatch => "This API key belongs to the other mode (live or test).".to_owned(),
        Verdict::AppMismatch => "This API key belongs to another app.".to_owned(),
        Verdict::InsufficientScope => "This API key does not have the scope that this request needs.".to_owned(),
        Verdict::IngestionNotVerified => match key {
            Some(key) => format!("App {} is not verified for data ingestion.", key.app_id),
            None => "This app is not verified for data ingestion.".to_owned(),
        },
    };
    let (status, code) = match verdict.status() {
        401 => (StatusCode::UNAUTHORIZED, "unauthorized"),
        _ => (StatusCode::FORBIDDEN, "forbidden"),
    };
    Problem::new(status, code, detail).about(client)
}
