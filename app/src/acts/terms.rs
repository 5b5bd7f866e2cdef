//! Changing a key's scopes and expiry.

use leptos::prelude::*;
use sallyport::{
    Invalid, Timestamp,
    id::{ApprovalId, KeyId},
    key::{
        ExpiryInput, Key, KeyChange, KeySettings, Seen,
        new::check_scopes,
        seen::Terms,
        settings::{adds_scopes, lasts_longer},
    },
    profile::{HowMany, Profile},
};

use super::{
    ActError, Caller,
    keys::{not_ours, to_change},
};

/// Changes a key's scopes and expiry. `seen` are the values that the person saw ([`seen`]): what another person
/// changed in the meantime is shown, not overwritten. A change that gives the key more permissions has to be
/// confirmed ([`asked`]). Where it needs an approval, this asks for it and returns the request.
#[server(prefix = "/act", endpoint = "keys/change")]
pub async fn change_key(
    key: KeyId,
    #[server(default)] scopes: Vec<String>,
    #[server(default)] expires: String,
    #[server(default)] expires_on: String,
    #[server(default)] seen: String,
    #[server(default)] confirmed: String,
) -> Result<Option<ApprovalId>, ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    let (store, profile) = (caller.store(), caller.store().profile());
    let asked = asked(scopes.iter().map(String::as_str), &expires, &expires_on);
    let mut change = check(&scopes, &expires, &expires_on, profile, store.now())?;
    change.seen = Some(Seen::Terms(terms(&seen).ok_or_else(not_ours)?));
    let after = change.applied(&access.key, store.now())?;
    if let Some(more) = widening(&access.key, &after, profile) {
        if confirmed != asked {
            return Err(ActError::field("confirmed", more));
        }
        caller.fresh(&access.within.org().me).await?;
    }
    let changed = store.change_key(&access.act(), &access.key, change).await;
    changed.map_err(|error| ActError::from(error).renamed("expires_at", "expires"))
}

fn check(
    scopes: &[String],
    expires: &str,
    expires_on: &str,
    profile: &Profile,
    now: Timestamp,
) -> Result<KeyChange, Invalid> {
    let mut invalid = Invalid::default();
    // If the profile has no scopes, a key from before keeps its own.
    let scopes = (profile.keys.scopes != HowMany::None).then(|| {
        let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
        invalid.take(check_scopes(&scopes, profile))
    });
    let kept = matches!(expires.trim(), "" | "keep") && expires_on.trim().is_empty();
    let expires_at = (!kept).then(|| invalid.take(ExpiryInput::Form { choice: expires, date: expires_on }.check(now)));
    invalid.or(KeyChange { scopes, expires_at, ..KeyChange::default() })
}

/// The requested terms, which the box repeats that confirms them.
pub fn asked<'a>(scopes: impl Iterator<Item = &'a str>, expires: &str, expires_on: &str) -> String {
    format!("{};{expires};{expires_on}", scopes.collect::<Vec<_>>().join(" "))
}

/// The terms that a form shows.
pub fn seen(key: &Key) -> String {
    let expires_at = key.expires_at.map(|at| at.micros().to_string()).unwrap_or_default();
    format!("{};{expires_at}", key.scopes.join(" "))
}

fn terms(seen: &str) -> Option<Terms> {
    let (scopes, expires_at) = seen.split_once(';')?;
    let expires_at = match expires_at {
        "" => None,
        micros => Some(Timestamp::from_micros(micros.parse().ok()?)),
    };
    Some(Terms { scopes: scopes.split_whitespace().map(str::to_owned).collect(), expires_at })
}

/// The added permissions, as a sentence; `None` if there are none.
fn widening(before: &Key, after: &KeySettings, profile: &Profile) -> Option<String> {
    let added = after.scopes.iter().filter(|scope| adds_scopes(&before.scopes, std::slice::from_ref(scope), profile));
    let titles: Vec<_> = added.map(|name| profile.scope(name).map_or(name.as_str(), |scope| &*scope.title)).collect();
    let scopes = (!titles.is_empty()).then(|| format!("it gets {}", titles.join(", ")));
    let longer = lasts_longer(before.expires_at, after.expires_at);
    let expiry = longer.then(|| match after.expires_at {
        Some(at) => format!("it expires later, {} (UTC)", at.to_chrono().format("%Y-%m-%d %H:%M")),
        None => "it never expires".to_owned(),
    });
    let parts: Vec<_> = [scopes, expiry].into_iter().flatten().collect();
    (!parts.is_empty())
        .then(|| format!("This gives the key more than it had: {}. Tick the box to confirm it.", parts.join(", and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_saw_comes_back() {
        for (text, scopes, micros) in [("read write;", 2, None), (";", 0, None), ("read;-5", 1, Some(-5))] {
            let terms = terms(text).expect(text);
            assert_eq!((terms.scopes.len(), terms.expires_at.map(Timestamp::micros)), (scopes, micros), "{text}");
        }
        for text in ["", "read", "read;soon", "read;1;2"] {
            assert_eq!(terms(text), None, "{text}");
        }
    }
}
