//! Changes of a key's restrictions.

use leptos::prelude::*;
use sallyport::{
    id::{ApprovalId, KeyId},
    key::{KeySettings, Restrictions, restrictions::RestrictionsInput},
};

use super::{
    ActError, Caller,
    keys::{not_ours, to_change},
};

/// Sets its requirement of signatures, its addresses and its own limits. `seen` is what the form showed of them ([`seen`]):
/// if another person changed them in the meantime, the form shows that, and nothing is changed. Without `seen`, the current
/// restrictions are replaced. Where that gives the key more and needs an approval, this asks for it and returns the request.
#[server(prefix = "/act", endpoint = "keys/restrict")]
pub async fn restrict_key(
    key: KeyId,
    #[server(default)] require_signed: bool,
    #[server(default)] addresses: String,
    #[server(default)] address_mode: String,
    #[server(default)] limit_per_minute: String,
    #[server(default)] limit_per_day: String,
    #[server(default)] seen: String,
) -> Result<Option<ApprovalId>, ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    let input = RestrictionsInput {
        require_signed,
        addresses: &addresses,
        address_mode: &address_mode,
        limit_per_minute: &limit_per_minute,
        limit_per_day: &limit_per_day,
    };
    let new = Restrictions::check(&input, access.key.has_signing_secret)?;
    let seen = if seen.is_empty() { None } else { Some(restrictions(&seen).ok_or_else(not_ours)?) };
    let before = KeySettings::from(&access.key);
    let after = KeySettings { restrictions: new.clone(), ..before.clone() };
    if after.widen(&before, caller.store().profile()) {
        caller.fresh(&access.within.org().me).await?;
    }
    Ok(caller.store().restrict_key(&access.act(), &access.key, new, seen).await?)
}

/// The restrictions that a form shows, for its hidden field.
pub fn seen(own: &Restrictions) -> String {
    let limit = |limit: Option<u32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
    let [per_minute, per_day] = [own.limits.per_minute, own.limits.per_day].map(limit);
    let signed = if own.require_signed { "signed" } else { "" };
    format!("{signed};{};{per_minute};{per_day};{}", own.address_mode(), own.addresses)
}

fn restrictions(seen: &str) -> Option<Restrictions> {
    let mut parts = seen.splitn(5, ';');
    let mut next = || parts.next();
    let input = RestrictionsInput {
        require_signed: match next()? {
            "signed" => true,
            "" => false,
            _ => return None,
        },
        address_mode: next()?,
        limit_per_minute: next()?,
        limit_per_day: next()?,
        addresses: next()?,
    };
    // Whether the key has a signing secret does not matter for what was seen.
    Restrictions::check(&input, true).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_saw_comes_back() {
        for text in
            [";monitor;;;", "signed;enforce;60;1000;203.0.113.0/24 2001:db8::/32", ";enforce;;7;198.51.100.7/32"]
        {
            assert_eq!(restrictions(text).as_ref().map(seen).as_deref(), Some(text));
        }
        for text in [";", "maybe;monitor;;;", ";soon;;;", ";monitor;0;;", ";monitor;;;moon", ";monitor;;"] {
            assert_eq!(restrictions(text), None, "{text}");
        }
    }
}
