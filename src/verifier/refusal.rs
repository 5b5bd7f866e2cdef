//! The response to the client of a refused request, as the profile defines it.

use super::Judged;
use crate::{
    id::{AppId, RequestId},
    key::{Ask, KeyRecord},
    profile::{Profile, errors::Unjudged},
};

/// A refusal, however it is delivered: as the response, within one, in headers, or on the page of a test.
pub struct Refusal<'a> {
    pub status: u16,
    pub content_type: &'a str,
    /// How to authenticate, for a 401.
    pub challenge: Option<&'a str>,
    /// JSON.
    pub body: String,
}

impl<'a> Refusal<'a> {
    pub fn judged(profile: &'a Profile, judged: &Judged, ask: &Ask<'_>, request_id: &RequestId) -> Self {
        let app_id = judged.record().and_then(KeyRecord::app_id).map(AppId::as_str);
        let (errors, request_id) = (&profile.errors, request_id.as_str());
        let body = match judged.explanation(profile, ask) {
            Some(message) => errors.refusal_saying(&message, judged.verdict, app_id, request_id),
            None => errors.refusal(judged.verdict, app_id, request_id),
        };
        Self::new(profile, judged.verdict.status(), body)
    }

    /// For a request that could not be checked or understood.
    pub fn unjudged(profile: &'a Profile, told: &Unjudged<'_>, request_id: &RequestId) -> Self {
        Self::new(profile, told.status, profile.errors.unjudged(told, request_id.as_str()))
    }

    fn new(profile: &'a Profile, status: u16, body: String) -> Self {
        let challenge = (status == 401).then_some(profile.challenge.as_str());
        Self { status, content_type: &profile.errors.content_type, challenge, body }
    }
}
