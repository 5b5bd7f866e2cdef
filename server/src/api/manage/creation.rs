//! Requests that create something, and the `Idempotency-Key` that makes retries safe
//! (draft-ietf-httpapi-idempotency-key-header).

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, request::Parts},
};
use sallyport::audit::{Act, Once};
use sha2::{Digest, Sha256};

use super::{
    access::{Manager, Reachable, Within},
    query::{NoParams, QueryParams},
};
use crate::{
    api::{
        json::{self, RequestBody},
        problem::Problem,
    },
    state::AppState,
};

const HEADER: &str = "idempotency-key";
const LONGEST: usize = 255;

/// What to create, and who creates it.
pub struct Creation<T> {
    pub body: T,
    pub act: Act,
}

/// What to create, and its parent.
pub struct CreationIn<P, T> {
    pub parent: P,
    pub body: T,
    pub act: Act,
}

impl<T: RequestBody> FromRequest<AppState> for Creation<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let manager = Manager::from_request_parts(&mut parts, state).await?;
        QueryParams::<NoParams>::from_request_parts(&mut parts, state).await?;
        let (act, bytes) = once::<T>(&parts, body, &manager, state).await?;
        Ok(Self { body: json::parse(&bytes)?, act })
    }
}

impl<P: Reachable + Send, T: RequestBody> FromRequest<AppState> for CreationIn<P, T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        match Within::<P>::from_request_parts(&mut parts, state).await {
            Ok(Within { manager, it: parent }) => {
                QueryParams::<NoParams>::from_request_parts(&mut parts, state).await?;
                let (act, bytes) = once::<T>(&parts, body, &manager, state).await?;
                Ok(Self { parent, body: json::parse(&bytes)?, act })
            }
            // A repeated request gets what it created, even if the parent was deleted since.
            Err(gone) if gone.status == StatusCode::NOT_FOUND && parts.headers.contains_key(HEADER) => {
                let manager = Manager::from_request_parts(&mut parts, state).await?;
                match once::<T>(&parts, body, &manager, state).await {
                    Err(repeat) if repeat.made.is_some() => Err(repeat),
                    _ => Err(gone),
                }
            }
            Err(refused) => Err(refused),
        }
    }
}

/// The actor with the idempotency key, and the body. A request that was answered before is refused.
async fn once<T: RequestBody>(
    parts: &Parts,
    body: Body,
    manager: &Manager,
    state: &AppState,
) -> Result<(Act, Bytes), Problem> {
    name(&parts.headers)?;
    let bytes = json::bytes_of::<T>(&parts.headers, body).await?;
    Ok((act_once(parts, &bytes, manager, state).await?, bytes))
}

/// The actor with the idempotency key of a request with that body. One that was answered before is refused.
pub async fn act_once(parts: &Parts, bytes: &[u8], manager: &Manager, state: &AppState) -> Result<Act, Problem> {
    let asked = Sha256::new().chain_update(parts.method.as_str()).chain_update([0]);
    let asked = asked.chain_update(parts.uri.path()).chain_update([0]);
    let once = name(&parts.headers)?.map(|key| Once { key, request: asked.chain_update(bytes).finalize().into() });
    let act = Act { once, ..manager.act() };
    state.context.store.check_repeat(&act).await?;
    Ok(act)
}

/// A digest of the header, if there is one. The draft uses quotes, which are optional here.
fn name(headers: &HeaderMap) -> Result<Option<[u8; 32]>, Problem> {
    let refused = || {
        let detail = "Send one Idempotency-Key, of 1 to 255 printable ASCII characters.";
        Problem::bad_request(detail)
    };
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let name = value.to_str().map_err(|_| refused())?.trim();
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
    if values.next().is_some() || name.is_empty() || name.len() > LONGEST {
        return Err(refused());
    }
    Ok(Some(Sha256::digest(name).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn named(values: &[&str]) -> Result<Option<[u8; 32]>, u16> {
        let header = |value: &&str| (HeaderName::from_static(HEADER), HeaderValue::from_str(value).expect("a value"));
        name(&values.iter().map(header).collect()).map_err(|problem| problem.status)
    }

    #[test]
    fn a_name_is_one_line_of_bounded_length() {
        assert_eq!(named(&[]), Ok(None));
        assert_eq!(named(&["a"]), named(&["\"a\""]), "quotes are the draft's");
        assert_ne!(named(&["a"]), named(&["b"]));
        let longest = "x".repeat(LONGEST);
        assert!(named(&[&longest]).is_ok());
        assert!(named(&[&format!("\"{longest}\"")]).is_ok());
        for wrong in [&[""][..], &["\"\""], &["é"], &["a", "a"], &[&format!("{longest}x")]] {
            assert_eq!(named(wrong), Err(400), "{wrong:?}");
        }
    }
}
