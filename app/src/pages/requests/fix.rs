//! How to fix a refusal, in a sentence or two.

use sallyport::{
    decision::{Caller, Decision, Step},
    key::{Verdict, verdict::Check},
    profile::Profile,
    scope::{Request, Scope},
    signature::Checked,
};

use crate::words::digits;

pub fn fix(decision: &Decision, profile: &Profile) -> String {
    let (asked, key) = (&decision.asked, &decision.key);
    let named = |name: &Option<Box<str>>| name.as_ref().map_or("another".to_owned(), ToString::to_string);
    match decision.verdict {
        Verdict::Revoked => "A revoked key can’t be restored. Generate another and use it instead.".to_owned(),
        Verdict::Rotated => "The key was rotated. Use its new secret instead.".to_owned(),
        Verdict::Expired => "Generate another with a later expiry, or none, and use it instead.".to_owned(),
        Verdict::Paused => "Resume the key on its page when it may be used again.".to_owned(),
        Verdict::Suspended => {
            "Its app, or something above it, is archived, or its owner left. Restore it in its settings.".to_owned()
        }
        Verdict::WorkspaceMismatch => format!(
            "The request named {}; the key is of {}. Name that one, or use a key of the other.",
            named(&asked.workspace),
            decision.org_id()
        ),
        Verdict::IpDenied => address(decision),
        Verdict::ModeMismatch => {
            let wanted = asked.mode.map_or("other", |mode| mode.as_str());
            let titles: Vec<_> = profile.environments.iter().filter(|one| Some(one.mode) == asked.mode).collect();
            let titles: Vec<_> = titles.iter().map(|one| one.title.as_str()).collect();
            format!(
                "A {wanted} key is required here, and this is a {} key. Use one of the type {}.",
                key.mode().as_str(),
                or(&titles)
            )
        }
        Verdict::AppMismatch => {
            let own = key.app_id().map_or("no app".to_owned(), ToString::to_string);
            format!("A key of {} is required here; this one belongs to {own}.", named(&asked.app_id))
        }
        Verdict::InsufficientScope => scope(decision, profile),
        Verdict::IngestionNotVerified => {
            "An operator of this portal has to verify the app before it may push data.".to_owned()
        }
        Verdict::SignatureRequired => format!(
            "The key requires signed requests. Send {} and {}, and let the gateway pass the body.",
            profile.signatures.timestamp, profile.signatures.signature
        ),
        Verdict::BadSignature => signature(decision),
        Verdict::Replayed => "Each signature is accepted once. Sign each request separately, including retries. Signatures from before the server started are refused."
            .to_owned(),
        Verdict::RateLimited => limit(decision),
        Verdict::Valid | Verdict::HttpsRequired | Verdict::Missing | Verdict::Malformed | Verdict::NotFound => {
            String::new()
        }
    }
}

/// What the person can do about it here: the name of a button, and where it leads.
pub fn cure(decision: &Decision) -> Option<(&'static str, String)> {
    let key = &decision.key;
    let path = format!("/keys/{}", key.key_id);
    match decision.verdict {
        Verdict::Revoked | Verdict::Expired | Verdict::InsufficientScope | Verdict::ModeMismatch => {
            let place =
                key.app_id().map_or_else(|| format!("/orgs/{}", decision.org_id()), |app| format!("/apps/{app}"));
            Some(("Generate another key", format!("{place}/keys?panel=generate&like={}", key.key_id)))
        }
        Verdict::Paused => Some(("Resume the key", path)),
        Verdict::IpDenied => Some(("Change addresses", format!("{path}/restrictions"))),
        Verdict::RateLimited => Some(("Change limits", format!("{path}/restrictions"))),
        _ => None,
    }
}

/// "read or write".
fn or(names: &[&str]) -> String {
    match names {
        [] => "that this portal does not have".to_owned(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

fn address(decision: &Decision) -> String {
    match (decision.asked.ip, &decision.asked.caller) {
        (Some(ip), _) => format!("Add {ip} to the key’s addresses, or send from one that is among them."),
        (None, Caller::Backend(_)) => {
            "The key has a list of addresses, and the backend did not say where its client is: let it send ip."
                .to_owned()
        }
        (None, Caller::Gateway) => "The key has a list of addresses, and the client’s address was not sent.".to_owned(),
    }
}

fn scope(decision: &Decision, profile: &Profile) -> String {
    let (asked, key) = (&decision.asked, &decision.key);
    if decision.step == Step::Check(Check::Scopes) {
        let granted = profile.granted(key.scopes);
        let lacking: Vec<_> = asked.scopes.iter().filter(|scope| !profile.includes(granted, scope)).collect();
        let unknown = lacking.iter().find(|scope| profile.scope(scope).is_none());
        return match unknown {
            Some(scope) => format!("No scope here is called {scope}. Correct what the gateway or backend requires."),
            None => {
                let lacking: Vec<_> = lacking.iter().map(|scope| &***scope).collect();
                format!("It needs {}. Generate a key with it, or ask for less.", lacking.join(" and "))
            }
        };
    }
    let request = Request::new(asked.method.as_deref(), asked.path.as_deref());
    let enough: Vec<_> =
        profile.scopes.iter().filter(|scope| scope.allows(&request)).map(|scope| scope.name.as_str()).collect();
    let granted = profile.granted(key.scopes);
    let is_held = enough.is_empty() || enough.iter().any(|scope| profile.includes(granted, scope));
    if is_held && asked.path_is_unclear {
        return "Servers may read this path in different ways (an empty or dotted segment, an encoded slash, a \
                semicolon, a #), so no scope allows it. Send it plainly."
            .to_owned();
    }
    let judged = |judges: fn(&Scope) -> bool| profile.scopes.iter().any(judges);
    let untold = match (&asked.method, &asked.path) {
        (None, _) if judged(|scope| !scope.methods.is_empty()) => Some("method"),
        (_, None) if judged(|scope| !scope.paths.is_empty()) => Some("path"),
        _ => None,
    };
    if let Some(untold) = untold.filter(|_| enough.is_empty()) {
        return format!(
            "The {untold} of this request was not sent, and scopes depend on it here. Let the gateway or backend send both method and path."
        );
    }
    if enough.is_empty() {
        return "No scope allows such a request.".to_owned();
    }
    format!("It needs {}. Generate a key with it, or send another request.", or(&enough))
}

fn signature(decision: &Decision) -> String {
    match decision.asked.signed.as_ref().map(|signed| signed.checked) {
        Some(Checked::Malformed(fix)) => fix.to_owned(),
        Some(Checked::OutOfTime { ahead }) => {
            let (seconds, side) = (digits(ahead.unsigned_abs()), if ahead > 0 { "ahead of" } else { "behind" });
            format!(
                "The timestamp is {seconds} s {side} ours; up to 300 s are accepted. Set the signer’s clock (NTP), and \
                 sign right before sending."
            )
        }
        _ => "The time is right, so the body or the secret differs from what was signed. Sign the body exactly as it is sent, and check whether the signing secret was rotated."
            .to_owned(),
    }
}

fn limit(decision: &Decision) -> String {
    let wait = decision.rate.as_ref().and_then(|rate| rate.retry_after_seconds());
    if decision.rate.is_some() && wait.is_none() {
        return "It costs more than its limit can ever hold, so waiting does not help. Send less at once, or ask for a higher \
                limit."
            .to_owned();
    }
    let wait = wait.map_or_else(String::new, |seconds| format!(" The next would have passed after {seconds} s."));
    format!("Wait as long as Retry-After says before the next request, or ask for a higher limit.{wait}")
}
