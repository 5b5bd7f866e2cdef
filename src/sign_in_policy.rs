//! What an organization demands of its people's sign-ins, and what one may lack.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Invalid, Timestamp, session};

const HOUR: u64 = 60 * 60;

/// A second factor is required from a day within a year, so that a typing error is noticed.
const LATEST: Duration = Duration::from_secs(366 * 24 * HOUR);

/// When a session was last used is known to five minutes.
pub const LEAST_IDLE_MINUTES: u32 = 15;

/// Domains of an organization.
pub const MOST_DOMAINS: usize = 20;

/// The demands of an organization; without one, every session and every token of its people gets in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignInPolicy {
    /// The URL of the issuer with which people have to sign in.
    pub issuer: Option<String>,
    /// From when on a second factor is required.
    pub factor_from: Option<Timestamp>,
    /// For so long after a person proved that it is them.
    pub lifetime_hours: Option<u32>,
    /// With no longer pause than this between two requests.
    pub idle_minutes: Option<u32>,
    /// The domains of the people's e-mail addresses: lower case, sorted. Empty for any.
    pub domains: Vec<String>,
    /// How many sessions of a person get in: those that proved last that it is them.
    pub most_sessions: Option<u32>,
}

impl SignInPolicy {
    /// Checks and sorts what a person typed.
    pub fn check(mut self, now: Timestamp) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        if self.factor_from.is_some_and(|from| from > now + LATEST) {
            invalid.push("factor_from", "Choose a day within a year.");
        }
        let longest = u32::try_from(session::LIFETIME.as_secs() / HOUR).unwrap_or(u32::MAX);
        let range = |from: u32, to: u32| format!("Write a number from {from} to {to}, or nothing.");
        if self.lifetime_hours.is_some_and(|hours| !(1..=longest).contains(&hours)) {
            invalid.push("lifetime_hours", range(1, longest));
        }
        let longest = u32::try_from(session::IDLE.as_secs() / 60).unwrap_or(u32::MAX);
        if self.idle_minutes.is_some_and(|minutes| !(LEAST_IDLE_MINUTES..=longest).contains(&minutes)) {
            invalid.push("idle_minutes", range(LEAST_IDLE_MINUTES, longest));
        }
        let most = u32::try_from(session::MOST).unwrap_or(u32::MAX);
        if self.most_sessions.is_some_and(|sessions| !(1..=most).contains(&sessions)) {
            invalid.push("most_sessions", range(1, most));
        }
        self.domains = self.domains.iter().map(|domain| domain.trim().trim_start_matches('@').to_lowercase()).collect();
        self.domains.retain(|domain| !domain.is_empty());
        self.domains.sort();
        self.domains.dedup();
        if let Some(wrong) = self.domains.iter().find(|domain| !is_domain(domain)) {
            let message = format!("“{wrong}” is no domain. Write one in a line, like example.com.");
            invalid.push("domains", message);
        }
        if self.domains.len() > MOST_DOMAINS {
            invalid.push("domains", format!("At most {MOST_DOMAINS} domains are possible."));
        }
        invalid.or(self)
    }

    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime_hours.map(|hours| Duration::from_secs(u64::from(hours) * HOUR))
    }

    pub fn idle(&self) -> Option<Duration> {
        self.idle_minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60))
    }

    /// Whether nothing is demanded but perhaps an issuer.
    pub fn is_empty(&self) -> bool {
        *self == Self { issuer: self.issuer.clone(), ..Self::default() }
    }
}

/// A host name with a dot, in ASCII: what is left of such an address is compared with it letter by letter.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

/// What a session, or a token, lacks to get into an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Missing {
    /// An e-mail address of the allowed domains, which was shown to be theirs.
    Address,
    /// A sign-in with the issuer of this URL; `again` if there was one, too long ago.
    Issuer { url: String, again: bool },
    /// The person has no second factor.
    Factor,
    /// They have one, which this session did not show.
    ShownFactor,
    /// They proved too long ago that it is them.
    Recent,
    /// There was too long a pause.
    Pause,
    /// Other sessions of the person are enough.
    Room,
}

impl Missing {
    /// What was refused, as a title.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Address => "Not for this e-mail address",
            Self::Issuer { .. } => "Single sign-on required",
            Self::Factor | Self::ShownFactor => "Second factor required",
            Self::Recent | Self::Pause => "Sign-in too long ago",
            Self::Room => "Too many sessions",
        }
    }

    /// For a person at a page.
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::Address => {
                "This organization is only for people with a verified e-mail address of its domains. Ask one of its owners."
            }
            Self::Issuer { again: false, .. } => {
                "This organization is only for people who signed in with its issuer. Sign in with it to see this page."
            }
            Self::Issuer { again: true, .. } => {
                "Your sign-in is older than this organization allows. Sign in with its issuer again to see this page."
            }
            Self::Factor => "This organization requires a second factor. Set one up to see this page.",
            Self::ShownFactor => {
                "This organization requires a second factor, which this session did not ask for. Confirm that it’s you with it."
            }
            Self::Recent => {
                "Your sign-in is older than this organization allows. Confirm that it’s you to see this page."
            }
            Self::Pause => {
                "You were away for longer than this organization allows. Confirm that it’s you to see this page."
            }
            Self::Room => {
                "You are signed in with more browsers than this organization allows. Confirm that it’s you to go on with \
                 this one: another is then asked to."
            }
        }
    }

    /// For a request with a token, and for a write that was refused.
    pub fn refusal(&self) -> &'static str {
        match self {
            Self::Address => "This organization is only for people with a verified e-mail address of its domains.",
            Self::Issuer { .. } => {
                "This organization requires single sign-on: sign in with its issuer first. For a token, make it, or \
                 sign the command line in, after that."
            }
            Self::Factor | Self::ShownFactor => {
                "This organization requires a second factor: sign in with it first. For a token, make it, or sign the \
                 command line in, after that."
            }
            Self::Recent | Self::Pause => "This organization requires a newer sign-in: sign in again.",
            Self::Room => "This organization allows fewer sessions of a person: confirm that it’s you.",
        }
    }

    /// Whether confirming that it is them is enough.
    pub fn is_confirmed_away(&self) -> bool {
        matches!(self, Self::ShownFactor | Self::Recent | Self::Pause | Self::Room)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn fields(policy: SignInPolicy) -> Vec<&'static str> {
        policy.check(NOW).err().map_or_else(Vec::new, |invalid| invalid.0.iter().map(|error| error.field).collect())
    }

    #[test]
    fn what_is_out_of_range_is_said_at_its_field() {
        let of = |minutes, hours, sessions| SignInPolicy {
            idle_minutes: Some(minutes),
            lifetime_hours: Some(hours),
            most_sessions: Some(sessions),
            ..SignInPolicy::default()
        };
        assert_eq!(fields(of(15, 1, 1)), [""; 0]);
        assert_eq!(fields(of(3 * 24 * 60, 30 * 24, 20)), [""; 0]);
        let all = ["lifetime_hours", "idle_minutes", "most_sessions"];
        assert_eq!(fields(of(14, 0, 0)), all);
        assert_eq!(fields(of(3 * 24 * 60 + 1, 30 * 24 + 1, 21)), all);
        let late = SignInPolicy { factor_from: Some(NOW + LATEST + Duration::from_secs(1)), ..SignInPolicy::default() };
        assert_eq!(fields(late), ["factor_from"]);
    }

    #[test]
    fn domains_are_sorted_and_lower_case() {
        let of = |domains: &[&str]| SignInPolicy {
            domains: domains.iter().map(|&domain| domain.to_owned()).collect(),
            ..SignInPolicy::default()
        };
        let checked = of(&[" @Focus.Example", "acme.example", "", "acme.example"]).check(NOW).expect("good");
        assert_eq!(checked.domains, ["acme.example", "focus.example"]);
        for bad in ["example", "a..b", "-a.example", "a_b.example", "*.example", "a@b.example", "é.example", "%.com"] {
            assert_eq!(fields(of(&[bad])), ["domains"], "{bad}");
        }
        let many: Vec<_> = (0..=MOST_DOMAINS).map(|at| format!("a{at}.example")).collect();
        assert_eq!(fields(SignInPolicy { domains: many, ..SignInPolicy::default() }), ["domains"]);
    }

    proptest! {
        /// What is kept has no character that a pattern of SQL gives a meaning.
        #[test]
        fn no_domain_is_a_pattern(text in ".{0,40}") {
            let policy = SignInPolicy { domains: vec![text], ..SignInPolicy::default() };
            if let Ok(checked) = policy.check(NOW) {
                prop_assert!(checked.domains.iter().all(|domain| !domain.contains(['%', '_', '\\', '@', ' '])));
            }
        }
    }
}
