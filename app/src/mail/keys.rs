//! The mail about keys of which something is due.

use sallyport::key_notice::{KeyNotice, KeyNoticeKind};

use super::{Content, Sender, quoted};
use crate::words::{count, utc};

/// Keys that are named; the portal lists all of them.
const NAMED: usize = 20;

/// The characters of a label in a subject.
const IN_SUBJECT: usize = 40;

pub(super) fn due(keys: &[KeyNotice], hello: String, Sender { brand, url, .. }: &Sender) -> Content {
    let subject = match keys {
        [only] => format!("The key {} {}", quoted(&cut(&only.label)), happens(only)),
        several => format!("{} need attention", count(several.len(), "key")),
    };
    let named = keys.iter().take(NAMED).map(fact).collect();
    let left = keys.len().saturating_sub(NAMED);
    let mail = Content::new(subject)
        .text(hello)
        .text(match keys {
            [_] => format!("A key at {brand} that you may change needs attention:"),
            _ => format!("Keys at {brand} that you may change need attention:"),
        })
        .facts(named);
    let mail = if left > 0 { mail.text(format!("And {} more.", count(left, "key"))) } else { mail };
    let advice = advice(keys);
    let mail = advice.into_iter().fold(mail, Content::text);
    let (label, path) = match keys {
        [only] => ("Look at the key", format!("/keys/{}", only.key)),
        [first, rest @ ..] if rest.iter().all(|other| other.org == first.org) => {
            ("Look at the keys", format!("/orgs/{}/expiring", first.org))
        }
        _ => ("Open the portal", "/".to_owned()),
    };
    mail.button(label, format!("{url}{path}"))
}

/// The part of a label that a subject has room for.
fn cut(label: &str) -> String {
    let short: String = label.chars().take(IN_SUBJECT).collect();
    if short.len() < label.len() { format!("{short}…") } else { short }
}

/// What happens, in a subject.
const fn happens(notice: &KeyNotice) -> &'static str {
    match notice.kind {
        KeyNoticeKind::Rotation if notice.is_past => "should have been rotated",
        KeyNoticeKind::Expiry => "expires soon",
        KeyNoticeKind::Rotation => "is due to be rotated",
        KeyNoticeKind::Pause => "will be paused, as nobody uses it",
        KeyNoticeKind::CutOff => "has an old secret that ends while it is in use",
    }
}

fn fact(notice: &KeyNotice) -> (&'static str, String) {
    let what = match notice.kind {
        KeyNoticeKind::Expiry => "Expires",
        KeyNoticeKind::Rotation if notice.is_past => "Due since",
        KeyNoticeKind::Rotation => "Rotate before",
        KeyNoticeKind::Pause => "Paused if unused",
        KeyNoticeKind::CutOff => "Old secret ends",
    };
    (what, format!("{}: {}, {}", utc(notice.at), quoted(&notice.label), notice.org_name))
}

/// What can be done, a sentence for each kind among them.
fn advice(keys: &[KeyNotice]) -> Vec<&'static str> {
    let sentence = |kind| match kind {
        KeyNoticeKind::Expiry => "An expired key is refused. Extend it, or generate another.",
        KeyNoticeKind::Rotation => "The organization limits the age of secrets. Nothing is refused if you are late.",
        KeyNoticeKind::Pause => "A paused key is refused until somebody resumes it. An accepted request prevents that.",
        KeyNoticeKind::CutOff => "Requests with the old secret are refused then. Move its callers, or extend it.",
    };
    let kinds = KeyNoticeKind::ALL.into_iter().filter(|kind| keys.iter().any(|notice| notice.kind == *kind));
    kinds.map(sentence).collect()
}
