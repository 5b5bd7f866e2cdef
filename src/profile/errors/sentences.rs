//! The default messages of refusals.

use crate::{profile::Credentials, verdict::Verdict};

/// Unknown and malformed keys get the same message, so that neither reveals anything.
pub fn of(verdict: Verdict, credentials: &Credentials) -> String {
    let sentence = match verdict {
        Verdict::Valid => "",
        Verdict::Missing => return format!("No API key was sent. {}", where_to_send(credentials)),
        Verdict::HttpsRequired => "Send this request over https.",
        Verdict::Malformed | Verdict::NotFound => {
            "This API key is not valid. Check that it was copied whole, and that it was not revoked."
        }
        Verdict::Revoked => "This API key was revoked. Generate another in the portal.",
        Verdict::Rotated => "This API key was rotated, and this secret is not valid any more. Use its new secret.",
        Verdict::Expired => "This API key has expired. Generate another in the portal.",
        Verdict::Paused => "This API key is paused. Resume it in the portal.",
        Verdict::Suspended => "The app or organization of this API key is suspended.",
        Verdict::WorkspaceMismatch => "This API key belongs to another workspace.",
        Verdict::IpDenied => "This API key may not be used from this address.",
        Verdict::ModeMismatch => "This API key belongs to the other mode (live or test).",
        Verdict::AppMismatch => "This API key belongs to another app.",
        Verdict::InsufficientScope => "This API key does not have the scope that this request needs.",
        Verdict::IngestionNotVerified => "App {app_id} is not verified for data ingestion.",
        Verdict::SignatureRequired => "Requests with this API key have to be signed.",
        Verdict::BadSignature => {
            "The signature of this request is wrong, or its timestamp is more than five minutes from now."
        }
        Verdict::Replayed => "This signature was used before; sign each request anew.",
        Verdict::RateLimited => "Too many requests. Wait as long as Retry-After says.",
    };
    sentence.to_owned()
}

/// For a request that costs more than its limit can ever hold.
pub const TOO_DEAR: &str = "This request costs more than its limit can ever hold, so it can never pass. Ask for less at once, or for a higher limit.";

/// For a key without an app, if the sentence names an app.
pub fn without_app(verdict: Verdict, credentials: &Credentials) -> String {
    match verdict {
        Verdict::IngestionNotVerified => "This app is not verified for data ingestion.".to_owned(),
        other => of(other, credentials),
    }
}

fn where_to_send(credentials: &Credentials) -> String {
    let mut ways: Vec<_> = credentials.headers.iter().map(|header| format!("in the {header} header")).collect();
    ways.extend(credentials.bearer.then(|| "in the Authorization header, after the word Bearer".to_owned()));
    // Queries end up in logs, so this is only mentioned if there is no other way.
    let query = credentials.query.as_ref().filter(|_| ways.is_empty());
    ways.extend(query.map(|parameter| format!("as the parameter {parameter} of the query")));
    if ways.is_empty() { String::new() } else { format!("Send it {}.", ways.join(", or ")) }
}
