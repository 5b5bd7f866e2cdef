//! `POST /v1/token`: a short-lived key for the ID token of a CI job (RFC 8693).

use axum::{
    extract::{Extension, Request, State},
    response::Response,
};
use sallyport::{
    Timestamp,
    audit::Actor,
    id::AppId,
    profile::Profile,
    request::Client,
    throttle::{Throttled, Throttles, Who},
    trust_rule::{IdToken, NotExchanged, id_token::Presented},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{error::OAuthError, form::Form, secret};
use crate::state::AppState;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The most scopes that are read.
const MOST_SCOPES: usize = 100;

/// The ID token of a job, and what it is exchanged for.
#[derive(Deserialize, ToSchema)]
#[schema(as = TokenExchange)]
#[allow(dead_code, reason = "describes the form")]
pub struct ExchangeForm {
    /// `urn:ietf:params:oauth:grant-type:token-exchange`.
    #[schema(example = "urn:ietf:params:oauth:grant-type:token-exchange")]
    grant_type: String,
    /// The ID token that the CI service gave to the job. It is exchanged once.
    #[schema(example = "eyJ…")]
    subject_token: String,
    /// `urn:ietf:params:oauth:token-type:id_token`, or `urn:ietf:params:oauth:token-type:jwt`.
    #[schema(example = "urn:ietf:params:oauth:token-type:id_token")]
    subject_token_type: String,
    /// The id of the app whose key it is.
    #[schema(example = "app_focus_and_kB8mPx")]
    audience: String,
    /// What the key has to be allowed, separated by spaces; all that the rule gives without it.
    scope: Option<String>,
    /// `urn:ietf:params:oauth:token-type:access_token`, if it is sent.
    requested_token_type: Option<String>,
}

/// A short-lived key.
#[derive(Serialize, ToSchema)]
#[schema(as = ExchangedToken)]
pub struct ExchangedResponse<'a> {
    /// The key, for whatever reads keys of this app.
    #[schema(example = "sk_live_…")]
    access_token: &'a str,
    /// Always `urn:ietf:params:oauth:token-type:access_token`.
    #[schema(example = "urn:ietf:params:oauth:token-type:access_token")]
    issued_token_type: &'static str,
    /// `Bearer` where keys are sent in `Authorization`, else `N_A`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the key expires: 900 at most.
    #[schema(example = 900)]
    expires_in: u64,
    /// What the key may do, separated by spaces.
    scope: String,
}

/// Exchange an ID token for a short-lived key
///
/// For CI jobs, which need no stored key then: a trust rule of the app says whose tokens it accepts, and what their keys may do.
/// No other credential is needed. Each token is exchanged once. The key is revoked as soon as its rule is paused, changed or
/// deleted.
#[utoipa::path(
    post, path = "/v1/token", operation_id = "exchangeToken", tag = "Trust rules",
    request_body(content = ExchangeForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = ExchangedResponse),
        (status = 400, body = OAuthError, description = "The request or the token is not accepted: see `error`"),
        (status = 408, body = OAuthError, description = "The form did not arrive in time"),
        (status = 413, body = OAuthError, description = "The form is too large"),
        (status = 429, body = OAuthError, description = "Too many tokens were refused that came from there"),
        (status = 503, body = OAuthError, description = "Try again after `Retry-After` seconds"),
    )
)]
pub async fn exchange(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Result<Response, OAuthError> {
    let form = Form::of(request).await?;
    let asked = Asked::of(&form)?;
    let attempts = &state.context.attempts;
    let attempt = match attempts.begin(Who::TokenExchange(client.ip), "").await? {
        Ok(attempt) => attempt,
        Err(Throttled { wait, .. }) => {
            let why = "Too many tokens from this address were refused. Wait as long as Retry-After says.";
            return Err(OAuthError::too_many(why, wait));
        }
    };
    let given = give(&state, &client, asked).await;
    if given.as_ref().map_or_else(|refusal| !refusal.counts, |_| true) {
        attempts.take_back(attempt).await;
    }
    given.map_err(|refusal| refusal.error)
}

/// Why there is no key.
struct Refusal {
    error: OAuthError,
    /// Whether it was a wrong attempt.
    counts: bool,
}

impl<E: Into<OAuthError>> From<E> for Refusal {
    /// While the store fails, a token is neither right nor wrong.
    fn from(error: E) -> Self {
        let error = error.into();
        Self { counts: !error.is_temporary(), error }
    }
}

impl Refusal {
    /// Counts: whoever makes a rule chooses the issuer, and could let every token make this server wait for it.
    fn no_keys() -> Self {
        let error = OAuthError::unavailable("The keys of the token’s issuer can't be read right now.");
        Self { error, counts: true }
    }
}

/// The parameters.
struct Asked<'a> {
    token: &'a str,
    app: &'a str,
    scopes: Vec<String>,
}

impl<'a> Asked<'a> {
    fn of(form: &'a Form) -> Result<Self, OAuthError> {
        if form.need("grant_type")? != GRANT_TYPE {
            return Err(OAuthError::new("unsupported_grant_type", format!("The grant type is {GRANT_TYPE}.")));
        }
        if !matches!(form.need("subject_token_type")?, ID_TOKEN | JWT) {
            return Err(OAuthError::invalid_request(format!("The subject_token_type is {ID_TOKEN}, or {JWT}.")));
        }
        if form.get("requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN) {
            return Err(OAuthError::invalid_request(format!("The only requested_token_type is {ACCESS_TOKEN}.")));
        }
        if form.get("actor_token").or(form.get("actor_token_type")).is_some() {
            return Err(OAuthError::invalid_request("Leave out actor_token: nobody acts for somebody else here."));
        }
        if form.get("resource").is_some() {
            return Err(OAuthError::new("invalid_target", "Name the app in audience; there is no resource."));
        }
        let scopes: Vec<_> = form.get("scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        if scopes.len() > MOST_SCOPES {
            return Err(OAuthError::new("invalid_scope", "There are too many scopes."));
        }
        Ok(Self { token: form.need("subject_token")?, app: form.need("audience")?, scopes })
    }
}

async fn give(state: &AppState, client: &Client, asked: Asked<'_>) -> Result<Response, Refusal> {
    let store = &state.context.store;
    // The rule may have been paused by a change that is not known.
    if store.quarantine().is_some() {
        let error = OAuthError::unavailable("Keys can't be given right now; try again later.");
        return Err(Refusal { error, counts: false });
    }
    let presented = Presented::parse(asked.token).map_err(OAuthError::invalid_request)?;
    let untrusted = |issuer: &str| {
        let issuer: String = issuer.chars().filter(|letter| !letter.is_control()).take(200).collect();
        OAuthError::invalid_request(format!("The app in audience has no active trust rule for the issuer {issuer}."))
    };
    // An app that does not exist trusts nobody, either. Nothing is fetched from an issuer that no rule names.
    let app = AppId::parse(asked.app).ok_or_else(no_app)?;
    if !store.trusts_issuer(&app, &presented.issuer).await? {
        return Err(untrusted(&presented.issuer).into());
    }
    let keys = state.issuers.keys(&presented.issuer, &presented.key_id).await;
    let keys = keys.map_err(|_| Refusal::no_keys())?;
    let token = presented.open(&keys, store.now()).map_err(OAuthError::invalid_request)?;
    let told = Told::of(&token);
    let act = client.act(Actor::Anonymous);
    let (_, issued) = store.exchange_token(&act, &app, token, asked.scopes).await.map_err(|why| told.error(why))?;
    let expires_at = issued.key.expires_at.unwrap_or(store.now());
    Ok(secret(&ExchangedResponse {
        access_token: issued.secret.expose(),
        issued_token_type: ACCESS_TOKEN,
        token_type: token_type(store.profile()),
        expires_in: seconds_until(expires_at, store.now()),
        scope: issued.key.scopes.join(" "),
    }))
}

fn no_app() -> OAuthError {
    OAuthError::new("invalid_target", "The audience is not the id of an app in use: app_….")
}

fn seconds_until(end: Timestamp, now: Timestamp) -> u64 {
    end.since(now).as_secs()
}

/// How a client has to send the key (RFC 8693, section 2.2.1).
fn token_type(profile: &Profile) -> &'static str {
    if profile.credentials.bearer { "Bearer" } else { "N_A" }
}

/// What the token says of itself, which whoever sent it knows.
struct Told {
    subject: String,
    audience: String,
}

impl Told {
    fn of(token: &IdToken) -> Self {
        let plain = |text: &str| text.chars().filter(|letter| !letter.is_control()).take(300).collect();
        Self { subject: plain(&token.subject), audience: plain(&token.audience) }
    }

    fn error(&self, why: NotExchanged) -> OAuthError {
        let Self { subject, audience } = self;
        match why {
            NotExchanged::Untrusted => OAuthError::invalid_request(format!(
                "No active trust rule of the app trusts this token, whose aud is {audience} and whose sub is {subject}. \
                 Compare its claims with the rule."
            )),
            NotExchanged::TooMuch => {
                OAuthError::new("invalid_scope", "The trust rule for this token does not give these scopes.")
            }
            NotExchanged::Used => OAuthError::invalid_request(
                "This token was exchanged before (jti). Ask the CI service for another one.",
            ),
            NotExchanged::Expired => OAuthError::invalid_request("The subject token has expired."),
            NotExchanged::NoApp => no_app(),
            NotExchanged::Refused(rule) => OAuthError::invalid_request(rule),
            NotExchanged::Failed(error) => error.into(),
        }
    }
}
