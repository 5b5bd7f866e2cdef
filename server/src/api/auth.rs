//! `ANY /v1/auth`: a gateway asks with the client's own headers. The key is the credential; no root token is needed.

use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use sallyport::{
    key::{Ask, Verdict, verdict::KeyRecord},
    profile::{Mode, Profile},
};
use sallyport_app::context::Client;

use super::{caller::bearer, problem::Problem, shown};
use crate::{middleware::client::Trusted, state::AppState};

/// Headers by which a gateway says what the client asked it.
const FORWARDING: [&str; 4] = ["x-original-method", "x-original-uri", "x-forwarded-method", "x-forwarded-uri"];

pub async fn auth(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    Extension(Trusted(trusted)): Extension<Trusted>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !trusted && FORWARDING.iter().any(|name| headers.contains_key(*name)) {
        // Judging the gateway's own GET instead of the client's DELETE would fail open.
        let detail = "Forwarding headers are believed from trusted proxies only; add the gateway's address to \
            trusted_proxies.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "untrusted_proxy", detail).about(&client));
    }
    let query = query.unwrap_or_default();
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let ask = requirements(&pairs).map_err(|problem| problem.about(&client))?;
    let key = presented(&headers, state.context.store.profile()).map_err(|problem| problem.about(&client))?;
    let judged = state.verifier.judge(key, &ask, &client).await.map_err(|error| Problem::from(error).about(&client))?;
    match (judged.verdict, judged.record()) {
        (Verdict::Valid, Some(key)) => Ok(identity(key)),
        (verdict, key) => Err(shown::problem(verdict, key, &client)),
    }
}

/// What the gateway's configuration requires. A word that we don't know is refused: passing over a requirement would
/// fail open.
fn requirements<'a>(pairs: &'a [(std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)]) -> Result<Ask<'a>, Problem> {
    let mut ask = Ask::default();
    for (name, value) in pairs {
        match (name.as_ref(), value.as_ref()) {
            ("scope", scopes) => {
                let before = ask.scopes.len();
                ask.scopes.extend(scopes.split([' ', ',']).filter(|scope| !scope.is_empty()));
                if ask.scopes.len() == before {
                    // A gateway whose variable is not set would require nothing.
                    return Err(Problem::bad_request("A scope parameter names no scope."));
                }
            }
            ("app_id", app) if ask.app_id.is_none() => ask.app_id = Some(app),
            ("ingestion", "1" | "true") => ask.ingestion = true,
            ("ingestion", "0" | "false") => {}
            ("mode", mode) if ask.mode.is_none() => {
                let mode = Mode::parse(mode).ok_or_else(|| Problem::bad_request("mode is live or test."))?;
                ask.mode = Some(mode);
            }
            _ => {
                let detail = "The query holds a requirement that is not known, or one twice: scope, app_id, \
                    ingestion=1 and mode=live|test are.";
                return Err(Problem::bad_request(detail));
            }
        }
    }
    Ok(ask)
}

/// The key, from the profile's header or from `Authorization: Bearer`. Two different keys are ambiguous.
fn presented<'a>(headers: &'a HeaderMap, profile: &Profile) -> Result<Option<&'a str>, Problem> {
    let ambiguous = || Problem::bad_request("More than one API key was sent; send one.");
    let mut values = headers.get_all(profile.key_header.as_str()).iter();
    let own = values.next().map(|value| value.to_str().unwrap_or_default().trim());
    let own = own.filter(|key| !key.is_empty());
    if values.next().is_some() {
        return Err(ambiguous());
    }
    match (own, bearer(headers).map_err(|()| ambiguous())?) {
        (Some(own), Some(bearer)) if own != bearer => Err(ambiguous()),
        (own, bearer) => Ok(own.or(bearer)),
    }
}

/// Who the key speaks for, for the upstream behind the gateway.
fn identity(key: &KeyRecord) -> Response {
    let mut headers = HeaderMap::with_capacity(9);
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-auth-key-id", key.key_id.as_str());
    set("x-auth-org-id", key.org_id.as_str());
    set("x-auth-tenant-id", key.tenant_id.as_str());
    set("x-auth-project-id", key.project_id.as_str());
    set("x-auth-app-id", key.app_id.as_str());
    set("x-auth-scopes", &key.scopes.join(" "));
    set("x-auth-environment", &key.environment);
    set("x-auth-mode", key.mode.as_str());
    set("cache-control", "no-store");
    (StatusCode::OK, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn asked(query: &str) -> Result<(Vec<String>, Option<String>, bool), u16> {
        let pairs: Vec<(Cow<str>, Cow<str>)> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let ask = requirements(&pairs).map_err(|problem| problem.status)?;
        Ok((ask.scopes.iter().map(ToString::to_string).collect(), ask.app_id.map(str::to_owned), ask.ingestion))
    }

    #[test]
    fn requirements_are_read() {
        let scopes = vec!["read".to_owned(), "write".to_owned()];
        assert_eq!(
            asked("scope=read&scope=write&app_id=app_x_1"),
            Ok((scopes.clone(), Some("app_x_1".to_owned()), false))
        );
        assert_eq!(asked("scope=read,write&ingestion=1"), Ok((scopes, None, true)));
        assert_eq!(asked(""), Ok((vec![], None, false)));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for query in [
            "scope=",
            "scope",
            "scope=,",
            "scope=read&scope=",
            "scopes=read",
            "mode=moon",
            "ingestion=yes",
            "app_id=a&app_id=b",
            "key=sk_live_x",
            "mode=live&mode=test",
        ] {
            assert_eq!(asked(query), Err(400), "{query}");
        }
    }
}
