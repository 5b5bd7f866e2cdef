//! What an issuer says about a person: in the ID token, and where that does not say it, at its user info endpoint.

use openidconnect::{EndUserEmail, UserInfoClaims, core::CoreGenderClaim};
use sallyport::{identity::Identity, single_sign_on::Domains};
use sallyport_app::single_sign_on::Vouched;
use serde_json::Value;

use super::types::{IdClaims, MoreClaims};
use crate::config::single_sign_on::IssuerSettings;

pub(super) type UserInfo = UserInfoClaims<MoreClaims, CoreGenderClaim>;

/// Groups of a person that are read.
const MOST: usize = 1_000;

/// Google's issuer, where anybody has an account.
const GOOGLE: &str = "https://accounts.google.com";

/// Whether the ID token contains that claim.
pub(super) fn has(claims: &IdClaims, name: &str) -> bool {
    claims.additional_claims().all.contains_key(name)
}

/// The person. `Err` says why there is none: for the log, and for people.
pub(super) fn vouched(
    settings: &IssuerSettings,
    claims: &IdClaims,
    more: Option<&UserInfo>,
) -> Result<Vouched, (String, &'static str)> {
    let identity = Identity::check(&settings.issuer.url, claims.subject().as_str());
    let identity = identity.map_err(|_| ("the subject is empty or too long".to_owned(), "it names nobody."))?;
    // Address and verification come from one place: otherwise one could be combined with the other.
    let (email, is_verified) = match claims.email() {
        Some(email) => (Some(email), claims.email_verified().or_else(|| of_own_domain(claims))),
        None => (more.and_then(UserInfo::email), more.and_then(UserInfo::email_verified)),
    };
    // Folding others could make another person's address of it: U+212A becomes a k.
    let email = email.filter(|email| is_verified == Some(true) && email.is_ascii());
    let email = email.map(|email: &EndUserEmail| email.trim().to_ascii_lowercase());
    if let Err(why) = is_of_organization(settings, claims, email.as_deref()) {
        return Err((why, "your account there is not one of those that may sign in here."));
    }
    let name = claims.name().or_else(|| more.and_then(UserInfo::name)).and_then(|name| name.get(None));
    let name = name.map(|name| name.as_str().to_owned());
    let user = claims.preferred_username().or_else(|| more.and_then(UserInfo::preferred_username));
    let groups = settings.groups_claim.as_deref().map(|claim| {
        let all = &claims.additional_claims().all;
        let of_token = all.get(claim);
        // Entra ID names a claim that is too long for the token, and where to ask for it.
        if of_token.is_none() && all.get("_claim_names").is_some_and(|names| names.get(claim).is_some()) {
            tracing::warn!(issuer = %settings.issuer.url, "single sign-on: too many groups for the ID token; roles stay as they are");
            return None;
        }
        groups(of_token.or_else(|| more.and_then(|more| more.additional_claims().all.get(claim))))
    });
    Ok(Vouched {
        identity,
        email,
        name: name.or_else(|| user.map(|user| user.as_str().to_owned())),
        groups: groups.unwrap_or_else(|| Some(Vec::new())),
        asked_at: None,
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

/// Whether the account is one that may sign in, whoever is known already: by the claims that the settings require, and at Google by
/// the domain of the organization (`hd`). Personal accounts there may have any address, verified once.
fn is_of_organization(settings: &IssuerSettings, claims: &IdClaims, email: Option<&str>) -> Result<(), String> {
    let all = &claims.additional_claims().all;
    let is = |name: &str, value: &str| all.get(name).and_then(Value::as_str) == Some(value);
    if let Some((name, _)) = settings.require.iter().find(|(name, value)| !is(name, value)) {
        return Err(format!("the claim {name} is not the one that the settings require"));
    }
    let Domains::These(domains) = &settings.issuer.domains else { return Ok(()) };
    let is_gmail = email.is_some_and(|email| email.ends_with("@gmail.com") && settings.issuer.domains.admit(email));
    if settings.issuer.url == GOOGLE && !is_gmail && !domains.iter().any(|domain| is("hd", domain)) {
        return Err("the claim hd is none of the domains".to_owned());
    }
    Ok(())
}

/// A list of texts, or a single one. Without the claim there is no group; `None` if there are too many.
fn groups(claim: Option<&Value>) -> Option<Vec<String>> {
    match claim {
        Some(Value::String(one)) => Some(vec![one.clone()]),
        Some(Value::Array(all)) if all.len() > MOST => None,
        Some(Value::Array(all)) => Some(all.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        _ => Some(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sallyport::single_sign_on::Issuer;
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

    fn settings(url: &str, domains: &[&str], require: &[(&str, &str)]) -> IssuerSettings {
        let domains: Vec<_> = domains.iter().map(|domain| (*domain).to_owned()).collect();
        let issuer = Issuer {
            id: "acme".to_owned(),
            name: "Acme".to_owned(),
            url: url.to_owned(),
            domains: Domains::parse(&domains).expect("good"),
            group_roles: Vec::new(),
        };
        IssuerSettings {
            issuer,
            client_id: "sallyport".to_owned(),
            secret: None,
            scopes: Vec::new(),
            groups_claim: Some("groups".to_owned()),
            require: require.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            without_auth_time: false,
            authorities: None,
            proxy: None,
        }
    }

    fn said(settings: &IssuerSettings, more: Value) -> Result<Vouched, (String, &'static str)> {
        let mut claims = json!({
            "iss": settings.issuer.url, "aud": ["sallyport"], "exp": 2_000_000_000, "iat": 1_900_000_000, "sub": "eve",
            "email": "eve@acme.example", "email_verified": true,
        });
        claims.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let claims: IdClaims = serde_json::from_value(claims).expect("claims");
        vouched(settings, &claims, None)
    }

    #[test]
    fn a_personal_account_at_google_is_none_of_the_organization() {
        let google = settings(GOOGLE, &["acme.example", "gmail.com"], &[]);
        for (more, is_in) in [
            (json!({}), false),
            (json!({ "hd": "acme.example" }), true),
            (json!({ "hd": "evil.example" }), false),
            (json!({ "hd": ["acme.example"] }), false),
            (json!({ "email": "eve@gmail.com" }), true),
            (json!({ "email": "eve@gmail.com", "email_verified": false }), false),
            (json!({ "email": "eve@gmail.com.evil.example" }), false),
        ] {
            assert_eq!(said(&google, more.clone()).is_ok(), is_in, "{more}");
        }
        assert!(said(&settings(GOOGLE, &["*"], &[]), json!({})).is_ok(), "whoever has an account");
        assert!(said(&settings("https://acme.example", &["acme.example"], &[]), json!({})).is_ok());
        let required = settings("https://acme.example", &["*"], &[("tenant", "a")]);
        assert!(said(&required, json!({})).is_err() && said(&required, json!({ "tenant": "b" })).is_err());
        assert!(said(&required, json!({ "tenant": "a" })).is_ok());
    }

    #[test]
    fn an_address_is_not_folded_into_another() {
        let acme = settings("https://acme.example", &["acme.example"], &[]);
        let email = |email: &str| said(&acme, json!({ "email": email })).expect("somebody").email;
        assert_eq!(email("Mike@Acme.example").as_deref(), Some("mike@acme.example"));
        assert_eq!(email("mi\u{212a}e@acme.example"), None, "KELVIN SIGN is no k");
    }

    #[test]
    fn groups_that_are_elsewhere_are_not_known() {
        let acme = settings("https://acme.example", &["*"], &[]);
        let groups = |more| said(&acme, more).expect("somebody").groups;
        assert_eq!(groups(json!({})), Some(Vec::new()));
        assert_eq!(groups(json!({ "_claim_names": { "groups": "src1" } })), None);
        assert_eq!(groups(json!({ "_claim_names": { "other": "src1" } })), Some(Vec::new()));
    }

    #[test]
    fn groups_are_texts() {
        let all = |claim| groups(Some(&claim)).expect("not too many");
        assert_eq!(all(json!(["a", 1, null, "b", ["c"]])), ["a", "b"]);
        assert_eq!(all(json!("a")), ["a"]);
        for none in [json!({ "a": true }), json!(true), json!(null), json!([])] {
            assert_eq!(all(none), Vec::<String>::new());
        }
        assert_eq!(groups(None), Some(Vec::new()));
        assert_eq!(groups(Some(&json!(vec!["a"; MOST + 1]))), None, "a part of them would take roles away");
    }
}
