//! The body of a request: a form with each parameter once (RFC 6749, section 3.2).

use std::collections::BTreeMap;

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{CLIENT, error::OAuthError};
use crate::{api::body, state::AppState};

/// The parameters of a request of our client.
#[derive(Debug)]
pub struct Form(BTreeMap<String, Zeroizing<String>>);

impl Form {
    /// A parameter; an empty one is missing.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str()).filter(|value| !value.is_empty())
    }

    pub fn need(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::invalid_request(format!("The parameter {name} is missing.")))
    }

    fn parse(bytes: &[u8]) -> Result<Self, OAuthError> {
        let mut form = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            if form.len() == 20 {
                return Err(OAuthError::invalid_request("There are too many parameters."));
            }
            if form.insert(name.into_owned(), Zeroizing::new(value.into_owned())).is_some() {
                return Err(OAuthError::invalid_request("A parameter was sent twice."));
            }
        }
        Ok(Self(form))
    }

    fn check_client(self) -> Result<Self, OAuthError> {
        match self.need("client_id")? {
            CLIENT => Ok(self),
            _ => Err(OAuthError::new("invalid_client", format!("The only client is {CLIENT}."))),
        }
    }
}

impl Form {
    /// The form of whoever sends one.
    pub async fn of(request: Request) -> Result<Self, OAuthError> {
        let (head, body) = request.into_parts();
        if !is_form(&head.headers) {
            return Err(OAuthError::invalid_request(
                "Send a form, with the header Content-Type: application/x-www-form-urlencoded.",
            ));
        }
        Self::parse(&body::read(body).await?)
    }
}

impl FromRequest<AppState> for Form {
    type Rejection = OAuthError;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, OAuthError> {
        Self::of(request).await?.check_client()
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_parameter_is_sent_once_and_may_be_empty() {
        let form = Form::parse(b"client_id=sallyport-cli&scope=&a=b+c").expect("good");
        assert_eq!((form.get("scope"), form.get("a"), form.get("b")), (None, Some("b c"), None));
        assert!(form.need("scope").is_err());
        assert!(form.check_client().is_ok());
        assert!(Form::parse(b"a=1&a=2").is_err());
        assert!(Form::parse(b"client_id=other").expect("good").check_client().is_err());
        let many: Vec<_> = (0..21).map(|at| format!("p{at}=1")).collect();
        assert!(Form::parse(many.join("&").as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn junk_never_panics(bytes: Vec<u8>) {
            let _ = Form::parse(&bytes);
        }
    }
}
