//! Single sign-on by OpenID Connect: the authorization code flow with PKCE, a nonce and a state, by the crate
//! `openidconnect`. Its requests go through `outside.rs`.

mod claims;
mod known;
mod types;

use std::{pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use openidconnect::{
    AsyncHttpClient, AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, HttpRequest, HttpResponse, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, PostLogoutRedirectUrl, RedirectUrl, Scope, SignatureVerificationError, TokenResponse,
    core::{CoreAuthPrompt, CoreClientAuthMethod, CoreJwsSigningAlgorithm, CoreResponseType},
};
use sallyport::{Timestamp, clock::Elapsed, single_sign_on::Issuer, store::Store, webhook::AllowedTargets};
use sallyport_app::single_sign_on::{Answer, Flow, NotVouched, SingleSignOn, Vouched};
use tokio::time::timeout;

use crate::{
    config::{single_sign_on::IssuerSettings, webhooks::WebhookSettings},
    outside::Outside,
};
use claims::{UserInfo, vouched};
use known::Known;
use types::{IdClaims, IdToken, Metadata, OidcClient, Tokens};

/// How far clocks may be apart.
const SKEW: Duration = Duration::from_secs(60);
/// An ID token is made for this sign-in: none is older.
const OLDEST: Duration = Duration::from_secs(10 * 60);
/// The age of a sign-in at the issuer that is asked for where any will do.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// For all requests of one step, and the most of each response.
const LIMIT: Duration = Duration::from_secs(10);
const SIZE: usize = 512 * 1024;

/// How ID tokens may be signed: by no shared secret, and not by `none`.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 8] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The issuers of the settings.
pub struct Issuers {
    issuers: Vec<Issuer>,
    clients: Vec<Arc<Client>>,
}

impl Issuers {
    pub fn new(settings: Vec<IssuerSettings>, store: &Store, elapsed: &Elapsed) -> Self {
        let issuers = settings.iter().map(|one| one.issuer.clone()).collect();
        let client = |settings| Arc::new(Client::new(settings, store.clone(), elapsed.clone()));
        Self { issuers, clients: settings.into_iter().map(client).collect() }
    }

    fn client(&self, issuer: &Issuer) -> Result<&Arc<Client>, NotVouched> {
        self.clients.iter().find(|client| client.settings.issuer.id == issuer.id).ok_or(NotVouched::Away)
    }
}

#[async_trait]
impl SingleSignOn for Issuers {
    fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    async fn authorize(&self, issuer: &Issuer, redirect: &str, flow: &Flow) -> Result<String, NotVouched> {
        self.client(issuer)?.authorize(redirect, flow).await
    }

    async fn vouch(&self, issuer: &Issuer, redirect: &str, flow: &Flow, answer: Answer) -> Result<Vouched, NotVouched> {
        let client = self.client(issuer)?;
        let vouching = timeout(LIMIT, client.vouch(redirect, flow, answer));
        vouching.await.unwrap_or_else(|_| Err(client.away("it did not answer in time")))
    }

    async fn end_session(&self, issuer: &Issuer, back: &str) -> Option<String> {
        self.client(issuer).ok()?.end_session(back).await
    }
}

/// Sallyport as the client of one issuer.
struct Client {
    settings: IssuerSettings,
    outside: Outside,
    known: Known,
    store: Store,
}

impl Client {
    fn new(settings: IssuerSettings, store: Store, elapsed: Elapsed) -> Self {
        // The operator named it: it may be inside, and what it names itself may not, but on the same host.
        let url = url::Url::parse(&settings.issuer.url).ok();
        let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default().trim_matches(['[', ']']);
        let allowed = AllowedTargets::parse([host]).unwrap_or_default();
        let outside =
            WebhookSettings { allowed, authorities: settings.authorities.clone(), proxy: settings.proxy.clone() };
        Self { outside: Outside::new(outside), settings, known: Known::new(elapsed), store }
    }

    fn away(&self, why: &str) -> NotVouched {
        tracing::warn!(issuer = %self.settings.issuer.url, why, "single sign-on: the issuer is of no use");
        NotVouched::Away
    }

    /// What the issuer said is logged; people are told `told`.
    fn untrusted(&self, why: &str, told: &'static str) -> NotVouched {
        tracing::warn!(issuer = %self.settings.issuer.url, why, "single sign-on: an answer was refused");
        NotVouched::Untrusted(told)
    }

    async fn metadata(self: &Arc<Self>) -> Result<Arc<Metadata>, NotVouched> {
        // On its own: somebody who asks and leaves does not end it, which would keep it from others for a while.
        let this = Arc::clone(self);
        let found = tokio::spawn(async move { this.known.get(|| this.discover()).await }).await;
        found.unwrap_or_else(|error| Err(error.to_string())).map_err(|why| self.away(&why))
    }

    async fn discover(&self) -> Result<Metadata, String> {
        let url = openidconnect::IssuerUrl::new(self.settings.issuer.url.clone()).map_err(|error| error.to_string())?;
        let found = Metadata::discover_async(url, self).await.map_err(|error| types::said(&error))?;
        types::check_endpoints(&found, &self.settings.issuer.url)?;
        Ok(found)
    }

    fn oidc(&self, metadata: &Metadata, redirect: &str) -> Result<OidcClient, NotVouched> {
        let secret = self.settings.secret.as_ref().map(|secret| ClientSecret::new(secret.to_string()));
        let id = ClientId::new(self.settings.client_id.clone());
        let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|error| self.away(&error.to_string()))?;
        // The default of the standard is Basic.
        let methods = metadata.token_endpoint_auth_methods_supported();
        let posts = methods.is_some_and(|methods| !methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let kind = if posts || secret.is_none() { AuthType::RequestBody } else { AuthType::BasicAuth };
        let client = OidcClient::from_provider_metadata(metadata.clone(), id, secret);
        Ok(client.set_redirect_uri(redirect).set_auth_type(kind))
    }

    async fn authorize(self: &Arc<Self>, redirect: &str, flow: &Flow) -> Result<String, NotVouched> {
        let metadata = self.metadata().await?;
        let client = self.oidc(&metadata, redirect)?;
        let (state, nonce) = (CsrfToken::new(flow.state.clone()), Nonce::new(flow.nonce.clone()));
        let verifier = PkceCodeVerifier::new(flow.verifier.clone());
        let code = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut request = client
            .authorize_url(code, move || state, move || nonce)
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        // An issuer that is asked for an age says when it asked the person (`auth_time`).
        request = request.set_max_age(if flow.again { Duration::ZERO } else { LONGEST });
        if flow.again {
            request = request.add_prompt(CoreAuthPrompt::Login);
        }
        let (url, ..) = request.url();
        Ok(url.into())
    }

    async fn vouch(self: &Arc<Self>, redirect: &str, flow: &Flow, answer: Answer) -> Result<Vouched, NotVouched> {
        let metadata = self.metadata().await?;
        // Who answers: another issuer could have led the browser to this one (RFC 9207).
        let names_itself = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        match &answer.iss {
            Some(iss) if *iss != self.settings.issuer.url => {
                return Err(self.untrusted("another issuer answered (iss)", "it comes from another issuer."));
            }
            None if names_itself == Some(true) => {
                return Err(self.untrusted("the answer names no issuer (iss)", "it does not say who answers."));
            }
            _ => {}
        }
        if let Some(error) = &answer.error {
            let error: String = error.chars().filter(char::is_ascii_graphic).take(60).collect();
            tracing::info!(issuer = %self.settings.issuer.url, error, "single sign-on: the issuer let nobody in");
            return Err(NotVouched::Denied);
        }
        let code = answer.code.ok_or_else(|| self.untrusted("there is no code", "it is not complete."))?;
        let client = self.oidc(&metadata, redirect)?;
        let tokens = self.exchange(&client, code, flow).await?;
        let token = tokens.id_token();
        let token = token.ok_or_else(|| self.untrusted("there is no ID token", "it does not say who you are."))?;
        let (client, claims) = self.verified(client, token, flow, redirect).await?;
        if claims.authorized_party().is_some_and(|party| party.as_str() != self.settings.client_id) {
            return Err(self.untrusted("the ID token is for another client (azp)", "it is for another application."));
        }
        let asked_at = self.asked_at(&claims, flow)?;
        let more = self.user_info(&client, &tokens, &claims).await?;
        let vouched =
            vouched(&self.settings, &claims, more.as_ref()).map_err(|(why, told)| self.untrusted(&why, told))?;
        Ok(Vouched { asked_at, ..vouched })
    }

    /// When the issuer asked the person. Who has to prove that it is them was asked after that began.
    fn asked_at(&self, claims: &IdClaims, flow: &Flow) -> Result<Option<Timestamp>, NotVouched> {
        let asked_at = claims.auth_time().map(|at| Timestamp::from_micros(at.timestamp_micros()));
        match asked_at {
            None if self.settings.without_auth_time => Ok(Some(self.store.now())),
            None if flow.again => Err(self.untrusted(
                "there is no auth_time",
                "it does not say when it asked you. Confirm with your password or a code instead.",
            )),
            Some(at) if flow.again && at + SKEW < Timestamp::from_micros(flow.began_at) => {
                Err(self.untrusted("auth_time is before this began", "it did not ask you again."))
            }
            asked_at => Ok(asked_at),
        }
    }

    async fn exchange(&self, client: &OidcClient, code: String, flow: &Flow) -> Result<Tokens, NotVouched> {
        let request =
            client.exchange_code(AuthorizationCode::new(code)).map_err(|error| self.away(&error.to_string()))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.clone()));
        request.request_async(self).await.map_err(|error| match &error {
            openidconnect::RequestTokenError::ServerResponse(response) => self
                .untrusted(response.error().as_ref(), "the issuer does not know the sign-in, or it was used before."),
            openidconnect::RequestTokenError::Request(_) => self.away(&types::said(&error)),
            // Such as an ID token by an algorithm that nobody knows. The error itself may contain a part of it.
            openidconnect::RequestTokenError::Parse(error, _) => {
                self.untrusted(&format!("it can't be read at {}", error.path()), "it can’t be read.")
            }
            _ => self.untrusted(&types::said(&error), "it can’t be read."),
        })
    }

    /// The claims of an ID token. If its key is unknown the keys are fetched again, at most once a minute.
    async fn verified(
        &self,
        client: OidcClient,
        token: &IdToken,
        flow: &Flow,
        redirect: &str,
    ) -> Result<(OidcClient, IdClaims), NotVouched> {
        let error = match self.claims(&client, token, flow) {
            Ok(claims) => return Ok((client, claims)),
            Err(error) => error,
        };
        let is_unknown =
            matches!(error, ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey));
        let renewed = if is_unknown { self.known.renewed(|| self.discover()).await } else { None };
        let error = match renewed {
            Some(Ok(metadata)) => {
                let client = self.oidc(&metadata, redirect)?;
                match self.claims(&client, token, flow) {
                    Ok(claims) => return Ok((client, claims)),
                    Err(error) => error,
                }
            }
            _ => error,
        };
        Err(self.untrusted(&types::said(&error), types::told(&error)))
    }

    fn claims(&self, client: &OidcClient, token: &IdToken, flow: &Flow) -> Result<IdClaims, ClaimsVerificationError> {
        let time = |at: Timestamp| chrono::DateTime::from_timestamp_micros(at.micros()).unwrap_or_default();
        let now = self.store.now();
        let (earliest, latest) = (time(now - OLDEST), time(now + SKEW));
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || time(now - SKEW))
            .set_issue_time_verifier_fn(move |issued| {
                if (earliest..=latest).contains(&issued) { Ok(()) } else { Err(format!("it was issued at {issued}")) }
            });
        token.claims(&verifier, &Nonce::new(flow.nonce.clone())).cloned()
    }

    /// What the issuer says elsewhere, if the ID token does not say everything.
    async fn user_info(
        &self,
        client: &OidcClient,
        tokens: &Tokens,
        claims: &IdClaims,
    ) -> Result<Option<UserInfo>, NotVouched> {
        let lacks_groups = self.settings.groups_claim.as_ref().is_some_and(|name| !claims::has(claims, name));
        if client.user_info_url().is_none() || (claims.email().is_some() && !lacks_groups) {
            return Ok(None);
        }
        let request = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()));
        let request = request.map_err(|error| self.away(&error.to_string()))?;
        let more: UserInfo = request.request_async(self).await.map_err(|error| self.away(&types::said(&error)))?;
        Ok(Some(more))
    }

    async fn end_session(self: &Arc<Self>, back: &str) -> Option<String> {
        let metadata = timeout(LIMIT, self.metadata()).await.ok()?.ok()?;
        let endpoint = metadata.additional_metadata().end_session_endpoint.clone()?;
        let back = PostLogoutRedirectUrl::new(back.to_owned()).ok()?;
        let request = LogoutRequest::from(endpoint).set_client_id(ClientId::new(self.settings.client_id.clone()));
        Some(request.set_post_logout_redirect_uri(back).http_get_url().into())
    }
}

/// A request that could not be sent, or has no response.
#[derive(Debug)]
struct NotAnswered(String);

impl std::fmt::Display for NotAnswered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotAnswered {}

impl<'c> AsyncHttpClient<'c> for Client {
    type Error = NotAnswered;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NotAnswered>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let sent = timeout(LIMIT, self.outside.send(request, SIZE)).await;
            sent.unwrap_or_else(|_| Err("It did not answer in time.".to_owned())).map_err(NotAnswered)
        })
    }
}
