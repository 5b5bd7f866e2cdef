//! Whether a key is valid for a request. A pure function of its arguments.

use std::net::IpAddr;

use crate::{
    Timestamp,
    id::{OrgId, TokenId},
    key::record::KeyRecord,
    profile::{Mode, Profile},
    scope::Request,
    signature::Signed,
    verdict::Verdict,
};

/// A verification request.
#[derive(Clone, Debug, Default)]
pub struct Ask<'a> {
    /// The organization to which the caller is confined.
    pub org_id: Option<&'a OrgId>,
    /// The client did not use https.
    pub plain_http: bool,
    /// The organization that the call is about.
    pub workspace: Option<&'a str>,
    pub app_id: Option<&'a str>,
    pub scopes: Vec<&'a str>,
    pub mode: Option<Mode>,
    pub ingestion: bool,
    /// The client's request to the API.
    pub request: Request<'a>,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The signature and what it covers, if the request is signed.
    pub signed: Option<Signed<'a>>,
    /// As how many requests this counts.
    pub cost: u32,
    pub via: Via<'a>,
    /// The root token of a backend.
    pub token: Option<&'a TokenId>,
}

/// How the request arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Via<'a> {
    /// From a gateway.
    #[default]
    Gateway,
    /// From a backend. The name of its root token, if the token belongs to one organization: others must not see it.
    Backend { token: Option<&'a str> },
}

/// The checks of a verdict, in order from cheap to expensive; the first that fails decides. Signatures and limits
/// come last, and are checked where their state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    Organization,
    /// Of the key, or of the presented secret.
    Revocation,
    Expiry,
    Pause,
    Suspension,
    Workspace,
    Address,
    Mode,
    App,
    Scopes,
    Request,
    Ingestion,
}

impl Check {
    pub const ALL: [Self; 12] = [
        Self::Organization,
        Self::Revocation,
        Self::Expiry,
        Self::Pause,
        Self::Suspension,
        Self::Workspace,
        Self::Address,
        Self::Mode,
        Self::App,
        Self::Scopes,
        Self::Request,
        Self::Ingestion,
    ];

    /// The refusal, if the check fails.
    pub fn refuses(self, ask: &Ask<'_>, key: &KeyRecord, profile: &Profile, now: Timestamp) -> Option<Verdict> {
        let owner = &key.owner;
        let (refused, verdict) = match self {
            Self::Organization => (ask.org_id.is_some_and(|org| *org != owner.org_id), Verdict::NotFound),
            Self::Revocation if key.revoked => (true, Verdict::Revoked),
            Self::Revocation => (key.is_rotated(now), Verdict::Rotated),
            Self::Expiry => (key.expires_at.is_some_and(|at| at <= now), Verdict::Expired),
            Self::Pause => (key.paused, Verdict::Paused),
            Self::Suspension => (owner.suspended, Verdict::Suspended),
            Self::Workspace => {
                (ask.workspace.is_some_and(|org| org != owner.org_id.as_str()), Verdict::WorkspaceMismatch)
            }
            Self::Address => {
                let enforced = key.restrictions().is_some_and(|own| own.addresses_enforced);
                (enforced && is_elsewhere(ask, key), Verdict::IpDenied)
            }
            Self::Mode => (ask.mode.is_some_and(|mode| mode != key.mode()), Verdict::ModeMismatch),
            Self::App => {
                let own = key.app_id().map(crate::id::AppId::as_str);
                (ask.app_id.is_some_and(|app| Some(app) != own), Verdict::AppMismatch)
            }
            Self::Scopes => {
                let granted = profile.granted(key.scopes);
                let lacks = |scope: &&str| !profile.includes(granted, scope);
                (ask.scopes.iter().any(lacks), Verdict::InsufficientScope)
            }
            Self::Request => (!profile.allows(profile.granted(key.scopes), &ask.request), Verdict::InsufficientScope),
            Self::Ingestion => {
                let verified = key.app().is_some_and(|app| app.ingestion_verified);
                (ask.ingestion && !verified, Verdict::IngestionNotVerified)
            }
        };
        refused.then_some(verdict)
    }
}

/// Whether a key has addresses and the client is at none of them. An unknown address matches none.
pub fn is_elsewhere(ask: &Ask<'_>, key: &KeyRecord) -> bool {
    let addresses = key.restrictions().map(|own| &own.addresses).filter(|addresses| !addresses.is_empty());
    addresses.is_some_and(|addresses| !ask.ip.is_some_and(|ip| addresses.contains(ip)))
}

/// Checks a known key.
pub fn verdict(ask: &Ask<'_>, key: &KeyRecord, profile: &Profile, now: Timestamp) -> Verdict {
    Check::ALL.into_iter().find_map(|check| check.refuses(ask, key, profile, now)).unwrap_or(Verdict::Valid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::{
            Addresses, Restrictions,
            record::{Extras, KeyHolder},
        },
        testing::key_record,
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn judge(ask: &Ask<'_>, key: &KeyRecord) -> Verdict {
        verdict(ask, key, &Profile::standard(), NOW)
    }

    #[test]
    fn a_good_key_is_valid() {
        let key = key_record();
        let ask = Ask {
            org_id: Some(&key.owner.org_id),
            workspace: Some(key.owner.org_id.as_str()),
            app_id: key.app_id().map(crate::id::AppId::as_str),
            scopes: vec!["read"],
            mode: Some(key.mode()),
            request: Request::new(Some("GET"), Some("/leads")),
            ..Ask::default()
        };
        assert_eq!(judge(&ask, &key), Verdict::Valid);
    }

    #[test]
    fn each_check_refuses() {
        let key = key_record();
        let ask = Ask::default;
        let other = OrgId::parse("org_other_000000").expect("shaped");
        let revoked = KeyRecord { revoked: true, ..key.clone() };
        let expired = KeyRecord { expires_at: Some(NOW), ..key.clone() };
        assert_eq!(judge(&Ask { org_id: Some(&other), ..ask() }, &revoked), Verdict::NotFound);
        assert_eq!(judge(&ask(), &revoked), Verdict::Revoked);
        assert_eq!(judge(&ask(), &expired), Verdict::Expired);
        let paused = KeyRecord { paused: true, ..key.clone() };
        let archived = KeyHolder { suspended: true, ..(*key.owner).clone() };
        let suspended = KeyRecord { owner: archived.into(), ..key.clone() };
        assert_eq!(judge(&ask(), &paused), Verdict::Paused);
        assert_eq!(judge(&ask(), &suspended), Verdict::Suspended);
        assert_eq!(judge(&Ask { workspace: Some("org_other_000000"), ..ask() }, &key), Verdict::WorkspaceMismatch);
        let post = Ask { request: Request::new(Some("POST"), None), ..ask() };
        assert_eq!(judge(&post, &key), Verdict::InsufficientScope);
        assert_eq!(judge(&Ask { mode: Some(Mode::Test), ..ask() }, &key), Verdict::ModeMismatch);
        assert_eq!(judge(&Ask { app_id: Some("app_x_000000"), ..ask() }, &key), Verdict::AppMismatch);
        assert_eq!(judge(&Ask { scopes: vec!["read", "write"], ..ask() }, &key), Verdict::InsufficientScope);
        assert_eq!(judge(&Ask { ingestion: true, ..ask() }, &key), Verdict::IngestionNotVerified);
    }

    #[test]
    fn enforced_addresses_refuse_other_addresses() {
        let ip = |text: &str| Ask { ip: Some(text.parse().expect("an address")), ..Ask::default() };
        let held = |addresses: &str, addresses_enforced| {
            let addresses = Addresses::check(addresses).expect("blocks");
            let restrictions = Restrictions { addresses, addresses_enforced, ..Restrictions::default() };
            KeyRecord { extras: Extras { restrictions, ..Extras::default() }.boxed(), ..key_record() }
        };
        let (enforced, monitored) = (held("203.0.113.0/24", true), held("203.0.113.0/24", false));
        for (ask, elsewhere) in
            [(ip("203.0.113.9"), false), (ip("::ffff:203.0.113.9"), false), (ip("::1"), true), (Ask::default(), true)]
        {
            assert_eq!(is_elsewhere(&ask, &enforced), elsewhere);
            assert_eq!(is_elsewhere(&ask, &monitored), elsewhere);
            let expected = if elsewhere { Verdict::IpDenied } else { Verdict::Valid };
            assert_eq!((judge(&ask, &enforced), judge(&ask, &monitored)), (expected, Verdict::Valid));
        }
        assert_eq!(judge(&ip("::1"), &held("", true)), Verdict::Valid, "no blocks: every address");
        assert!(!is_elsewhere(&Ask::default(), &key_record()));
    }

    #[test]
    fn a_key_is_good_until_the_very_moment_it_expires() {
        let at = |micros| KeyRecord { expires_at: Some(Timestamp::from_micros(micros)), ..key_record() };
        assert_eq!(judge(&Ask::default(), &at(NOW.micros() + 1)), Verdict::Valid);
        assert_eq!(judge(&Ask::default(), &at(NOW.micros())), Verdict::Expired);
    }

    #[test]
    fn a_secret_is_good_until_it_is_ended_or_retires() {
        let ended = KeyRecord { secret_ended: true, ..key_record() };
        assert_eq!(judge(&Ask::default(), &ended), Verdict::Rotated);
        assert_eq!(judge(&Ask::default(), &KeyRecord { revoked: true, ..ended }), Verdict::Revoked);
        let retires = |micros| {
            let secret_retires_at = Some(Timestamp::from_micros(micros));
            KeyRecord { extras: Extras { secret_retires_at, ..Extras::default() }.boxed(), ..key_record() }
        };
        assert_eq!(judge(&Ask::default(), &retires(NOW.micros() + 1)), Verdict::Valid);
        assert_eq!(judge(&Ask::default(), &retires(NOW.micros())), Verdict::Rotated);
    }

    #[test]
    fn codes_come_back() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::parse(verdict.code()), Some(verdict));
        }
    }
}
