//! What an issuer says about a person: in the ID token, and where that does not say it, at its user info endpoint.

use openidconnect::{EndUserEmail, UserInfoClaims, core::CoreGenderClaim};
use sallyport::identity::Identity;
use sallyport_app::single_sign_on::Vouched;
use serde_json::Value;

use super::types::{IdClaims, MoreClaims};
use crate::config::single_sign_on::IssuerSettings;

pub(super) type UserInfo = UserInfoClaims<MoreClaims, CoreGenderClaim>;

/// Groups of a person that are read.
const MOST: usize = 1_000;

/// Whether the ID token contains that claim.
pub(super) fn has(claims: &IdClaims, name: &str) -> bool {
    claims.additional_claims().all.contains_key(name)
}

/// The person. `Err` says why there is none.
pub(super) fn vouched(
    settings: &IssuerSettings,
    claims: &IdClaims,
    more: Option<&UserInfo>,
) -> Result<Vouched, String> {
    let identity = Identity::check(&settings.issuer.url, claims.subject().as_str());
    let identity = identity.map_err(|_| "the subject is empty or too long".to_owned())?;
    // Address and verification come from one place: otherwise one could be combined with the other.
    let (email, is_verified) = match claims.email() {
        Some(email) => (Some(email), claims.email_verified().or_else(|| of_own_domain(claims))),
        None => (more.and_then(UserInfo::email), more.and_then(UserInfo::email_verified)),
    };
    let email = email.filter(|_| is_verified == Some(true)).map(|email: &EndUserEmail| email.trim().to_lowercase());
    let name = claims.name().or_else(|| more.and_then(UserInfo::name)).and_then(|name| name.get(None));
    let name = name.map(|name| name.as_str().to_owned());
    let user = claims.preferred_username().or_else(|| more.and_then(UserInfo::preferred_username));
    let groups = settings.groups_claim.as_deref().map(|claim| {
        let of_token = claims.additional_claims().all.get(claim);
        groups(of_token.or_else(|| more.and_then(|more| more.additional_claims().all.get(claim))))
    });
    Ok(Vouched {
        identity,
        email,
        name: name.or_else(|| user.map(|user| user.as_str().to_owned())),
        groups: groups.unwrap_or_default(),
    })
}

/// Entra ID's word for it: the domain of the address was verified by the tenant that it belongs to.
fn of_own_domain(claims: &IdClaims) -> Option<bool> {
    is_true(claims.additional_claims().all.get("xms_edov")?)
}

/// It comes as a truth value, a number or a text.
fn is_true(claim: &Value) -> Option<bool> {
    Some(*claim == Value::Bool(true) || claim.as_i64() == Some(1) || matches!(claim.as_str(), Some("1" | "true")))
}

/// A list of texts, or a single one. Without the claim there is no group.
fn groups(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).take(MOST).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_entra_calls_verified() {
        for yes in [json!(true), json!(1), json!("1"), json!("true")] {
            assert_eq!(is_true(&yes), Some(true), "{yes}");
        }
        for no in [json!(false), json!(0), json!("0"), json!(""), json!(null), json!([true])] {
            assert_eq!(is_true(&no), Some(false), "{no}");
        }
    }

    #[test]
    fn groups_are_texts() {
        assert_eq!(groups(Some(&json!(["a", 1, null, "b", ["c"]]))), ["a", "b"]);
        assert_eq!(groups(Some(&json!("a"))), ["a"]);
        for none in [json!({ "a": true }), json!(true), json!(null), json!([])] {
            assert_eq!(groups(Some(&none)), Vec::<String>::new());
        }
        assert_eq!(groups(None), Vec::<String>::new());
    }
}
