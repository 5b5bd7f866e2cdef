//! What an organization demands of sign-ins, and an owner's way in without its issuer.

use chrono::NaiveDate;
use leptos::prelude::*;
use sallyport::{
    Invalid, Timestamp, id::OrgId, member::Permission, second_factor::TypedCode, sign_in_policy::SignInPolicy,
    throttle::Who,
};
use serde::{Deserialize, Serialize};

use super::{ActError, Caller, code_attempts::counted};
use crate::{access::OrgAccess, form::FormState};

/// The form, as typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SignInForm {
    /// The id of an issuer in addresses; an empty one requires none.
    issuer: String,
    factor: bool,
    /// A day; without one a second factor is required at once.
    factor_from: String,
    lifetime_hours: String,
    idle_minutes: String,
    /// One in a line.
    domains: String,
    most_sessions: String,
}

impl From<&FormState> for SignInForm {
    fn from(form: &FormState) -> Self {
        Self {
            issuer: form.value("issuer"),
            factor: form.has("factor", "on"),
            factor_from: form.value("factor_from"),
            lifetime_hours: form.value("lifetime_hours"),
            idle_minutes: form.value("idle_minutes"),
            domains: form.value("domains"),
            most_sessions: form.value("most_sessions"),
        }
    }
}

impl SignInForm {
    fn policy(self, issuer: Option<String>, now: Timestamp) -> Result<SignInPolicy, Invalid> {
        let mut invalid = Invalid::default();
        let day = invalid.take(day(&self.factor_from));
        if !self.factor && day.is_some() {
            invalid.push("factor", "Tick this to require a second factor from that day, or leave the day empty.");
        }
        let policy = SignInPolicy {
            issuer,
            factor_from: self.factor.then(|| day.unwrap_or(now)),
            lifetime_hours: invalid.take(number("lifetime_hours", &self.lifetime_hours)),
            idle_minutes: invalid.take(number("idle_minutes", &self.idle_minutes)),
            domains: self.domains.split([',', ' ', '\n', '\r', '\t']).map(str::to_owned).collect(),
            most_sessions: invalid.take(number("most_sessions", &self.most_sessions)),
        };
        let policy = invalid.take(policy.check(now));
        invalid.or(policy)
    }
}

/// A whole number, or nothing.
fn number(field: &'static str, text: &str) -> Result<Option<u32>, Invalid> {
    let text = text.trim();
    let whole = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        _ if text.is_empty() => Ok(None),
        Ok(number) if whole => Ok(Some(number)),
        _ => Err(Invalid::field(field, "Write a whole number, or nothing.")),
    }
}

/// Midnight of that day, UTC.
fn day(text: &str) -> Result<Option<Timestamp>, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let midnight = || Some(text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros());
    let midnight = midnight().ok_or_else(|| Invalid::field("factor_from", "Write the day like 2026-11-20."))?;
    Ok(Some(Timestamp::from_micros(midnight)))
}

/// Replaces what an organization demands of sign-ins.
#[server(prefix = "/act", endpoint = "orgs/require-sign-in")]
pub async fn require_sign_in(org: OrgId, form: SignInForm) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: OrgAccess = caller.access(&org).await?;
    access.needs(Permission::OwnOrg)?;
    caller.fresh(&access.me).await?;
    let store = caller.store();
    let before = store.sign_in_policy(&org).await?;
    let issuer = match form.issuer.as_str() {
        "" => None,
        id => {
            let known = caller.context.single_sign_on.issuers().iter().find(|issuer| issuer.id == id);
            let known = known.map(|issuer| issuer.url.clone());
            // One that is not set up any more stays until another is chosen.
            let known = known.or_else(|| before.issuer.clone().filter(|url| url == id));
            Some(known.ok_or_else(|| ActError::field("issuer", "Choose one of the list."))?)
        }
    };
    // Required at once a while ago: then since.
    let since = before.factor_from.filter(|_| form.factor && form.factor_from.trim().is_empty());
    let mut policy = form.policy(issuer, store.now())?;
    if let Some(since) = since.filter(|since| *since <= store.now()) {
        policy.factor_from = Some(since);
    }
    Ok(store.set_sign_in_policy(&access.me.act(), &access.org, policy).await?)
}

/// Lets an owner in for an hour without the issuer, with a code. All owners are told by mail.
#[server(prefix = "/act", endpoint = "orgs/break-glass")]
pub async fn break_glass(org: OrgId, #[server(default)] code: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    caller.fresh(&me).await?;
    let code = TypedCode::parse(&code)?;
    let who = match &code {
        TypedCode::Authenticator(_) => Who::CodeOfSignedIn,
        TypedCode::Recovery(_) => Who::RecoveryCode(caller.client.ip),
    };
    let act = me.act();
    let broken = async { Ok::<_, ActError>(caller.store().break_glass(&act, &org, &me.user, code).await?) };
    counted(&caller, &me.user, &act, who, broken).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_796_000_000_000_000);

    fn fields(form: SignInForm) -> Vec<&'static str> {
        form.policy(None, NOW)
            .err()
            .map_or_else(Vec::new, |invalid| invalid.0.iter().map(|error| error.field).collect())
    }

    #[test]
    fn each_wrong_field_is_named() {
        let form = SignInForm {
            factor: true,
            factor_from: "soon".to_owned(),
            lifetime_hours: "-1".to_owned(),
            idle_minutes: "1e3".to_owned(),
            domains: "focus".to_owned(),
            most_sessions: "many".to_owned(),
            ..SignInForm::default()
        };
        assert_eq!(fields(form), ["factor_from", "lifetime_hours", "idle_minutes", "most_sessions", "domains"]);
        assert_eq!(fields(SignInForm { factor_from: "2026-12-24".to_owned(), ..SignInForm::default() }), ["factor"]);
        assert_eq!(fields(SignInForm::default()), [""; 0]);
    }

    #[test]
    fn domains_are_separated_by_commas_and_lines() {
        let form = SignInForm { domains: "b.example, a.example\r\n\r\nc.example".to_owned(), ..SignInForm::default() };
        let policy = form.policy(None, NOW).expect("good");
        assert_eq!(policy.domains, ["a.example", "b.example", "c.example"]);
    }
}
