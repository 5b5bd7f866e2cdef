//! The types of `openidconnect` with what this portal reads besides the standard, and its errors in words.

use std::error::Error;

use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, ClaimsVerificationError, EmptyExtraTokenFields, EndSessionUrl,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields, ProviderMetadata,
    SignatureVerificationError, StandardErrorResponse, StandardTokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Claims that are not of the standard, such as groups.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct MoreClaims {
    #[serde(flatten)]
    pub(super) all: Map<String, Value>,
}

impl AdditionalClaims for MoreClaims {}

/// What an issuer says about itself beyond the standard's discovery.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct MoreMetadata {
    /// RFC 9207.
    pub(super) authorization_response_iss_parameter_supported: Option<bool>,
    /// OpenID Connect RP-Initiated Logout 1.0.
    pub(super) end_session_endpoint: Option<EndSessionUrl>,
}

impl AdditionalProviderMetadata for MoreMetadata {}

pub(super) type Metadata = ProviderMetadata<
    MoreMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

pub(super) type IdToken =
    openidconnect::IdToken<MoreClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

pub(super) type IdClaims = IdTokenClaims<MoreClaims, CoreGenderClaim>;

pub(super) type Tokens = StandardTokenResponse<
    IdTokenFields<
        MoreClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

pub(super) type OidcClient = openidconnect::Client<
    MoreClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// An issuer that is reached over https sends nothing, and nobody, to an address without it.
pub(super) fn check_endpoints(metadata: &Metadata, issuer: &str) -> Result<(), String> {
    if !issuer.starts_with("https://") {
        return Ok(());
    }
    let end_session = metadata.additional_metadata().end_session_endpoint.as_ref();
    let endpoints = [
        Some(metadata.authorization_endpoint().url()),
        metadata.token_endpoint().map(|one| one.url()),
        metadata.userinfo_endpoint().map(|one| one.url()),
        end_session.map(|one| one.url()),
        Some(metadata.jwks_uri().url()),
    ];
    match endpoints.into_iter().flatten().find(|url| url.scheme() != "https") {
        Some(url) => Err(format!("it names an address without https: {url}")),
        None => Ok(()),
    }
}

/// An error with its causes, for the log. None of them contains a token: those of unreadable responses tell only where.
pub(super) fn said(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        said = format!("{said}: {one}");
        cause = one.source();
    }
    said
}

/// Why an ID token is refused, for people.
pub(super) fn told(error: &ClaimsVerificationError) -> &'static str {
    match error {
        ClaimsVerificationError::Expired(_) => "it has expired, or the clocks are more than a minute apart.",
        ClaimsVerificationError::InvalidAudience(_) => "it is for another application.",
        ClaimsVerificationError::InvalidIssuer(_) => "it comes from another issuer.",
        ClaimsVerificationError::InvalidNonce(_) => "it is not for this sign-in.",
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            "it is signed by a key that the issuer does not publish; if it changed its keys just now, wait a minute."
        }
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoSignature | SignatureVerificationError::DisallowedAlg(_),
        ) => "it is not signed as it has to be.",
        ClaimsVerificationError::SignatureVerification(_) => "its signature is wrong.",
        _ => "it can’t be checked.",
    }
}
