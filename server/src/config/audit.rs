//! The section `[audit]` of the settings file: when checkpoints of the audit log are made, and where they and the events are
//! sent.

use std::{path::PathBuf, time::Duration};

use sallyport::store::{CheckpointPace, EventRetention};
use serde::Deserialize;

use super::collector::{CollectorSettings, Names, Receiver};

const CHECKPOINTS: Names = Names {
    section: "audit",
    url: "checkpoint_url",
    ca_file: "checkpoint_ca_file",
    token_file: "checkpoint_token_file",
    timeout: "timeout_seconds",
    variable: "SALLYPORT_CHECKPOINT_TOKEN",
};

const EVENTS: Names = Names {
    section: "audit.forward",
    url: "to",
    ca_file: "ca_file",
    token_file: "token_file",
    timeout: "timeout_seconds",
    variable: "SALLYPORT_AUDIT_TOKEN",
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// For how many days a key signs, unless something else is set.
const KEY_DAYS: u32 = 365;

/// The section as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditSection {
    checkpoint_events: Option<u32>,
    checkpoint_minutes: Option<u32>,
    checkpoint_file: Option<PathBuf>,
    checkpoint_url: Option<String>,
    checkpoint_ca_file: Option<PathBuf>,
    checkpoint_token_file: Option<PathBuf>,
    key_days: Option<u32>,
    #[serde(default)]
    keep_days: KeepDays,
    forward: Option<ForwardSection>,
}

/// The section `[audit.keep_days]` as written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeepDays {
    starter: Option<u32>,
    pro: Option<u32>,
    enterprise: Option<u32>,
    system: Option<u32>,
}

impl KeepDays {
    fn resolve(self) -> Result<EventRetention, String> {
        let kept = |name: &str, days: Option<u32>| match days {
            Some(0) => {
                Err(format!("`{name}` in [audit.keep_days]: use at least 1, or leave it out to keep events for ever."))
            }
            days => Ok(days.map(|days| Duration::from_secs(24 * 60 * 60 * u64::from(days)))),
        };
        Ok(EventRetention {
            starter: kept("starter", self.starter)?,
            pro: kept("pro", self.pro)?,
            enterprise: kept("enterprise", self.enterprise)?,
            system: kept("system", self.system)?,
        })
    }
}

/// The section `[audit.forward]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForwardSection {
    to: String,
    ca_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
    timeout_seconds: Option<u64>,
    max_message_bytes: Option<usize>,
    #[serde(default)]
    required: bool,
    refuse_after_seconds: Option<u64>,
}

/// The resolved settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSettings {
    pub pace: CheckpointPace,
    /// A file to which each checkpoint is appended.
    pub file: Option<PathBuf>,
    /// Where each checkpoint is sent over HTTP.
    pub receiver: Option<CollectorSettings>,
    /// How long a key signs before another takes its place; `None` if an operator replaces it by hand.
    pub key_age: Option<Duration>,
    /// How long events are kept.
    pub retention: EventRetention,
    /// Where events are sent.
    pub forward: Option<ForwardSettings>,
}

/// Where events are sent, and whether changes wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardSettings {
    pub collector: CollectorSettings,
    /// The longest message over syslog.
    pub max_message: usize,
    /// Changes are refused once an event waits longer; `None` if never.
    pub refuse_after: Option<Duration>,
}

impl AuditSection {
    pub(super) fn resolve(self) -> Result<AuditSettings, String> {
        let positive = |name: &str, value: Option<u32>, default: u32| match value.unwrap_or(default) {
            0 => Err(format!("audit.{name} is at least 1.")),
            value => Ok(value),
        };
        let events = positive("checkpoint_events", self.checkpoint_events, 1_000)?;
        let minutes = positive("checkpoint_minutes", self.checkpoint_minutes, 60)?;
        let every = Duration::from_secs(60 * u64::from(minutes));
        let (ca_file, token_file) = (self.checkpoint_ca_file, self.checkpoint_token_file);
        let receiver = match self.checkpoint_url {
            Some(url) if url.starts_with("http") => {
                Some(Receiver { url, ca_file, token_file, timeout_seconds: None }.resolve(CHECKPOINTS)?)
            }
            Some(_) => return Err("`checkpoint_url` in [audit]: it begins with https://.".to_owned()),
            None if ca_file.is_some() || token_file.is_some() => {
                return Err("[audit] has no `checkpoint_url`, to which `checkpoint_ca_file` and \
                            `checkpoint_token_file` belong."
                    .to_owned());
            }
            None => None,
        };
        Ok(AuditSettings {
            pace: CheckpointPace { events: events.into(), every },
            file: self.checkpoint_file,
            receiver,
            key_age: match self.key_days.unwrap_or(KEY_DAYS) {
                0 => None,
                days => Some(DAY * days),
            },
            retention: self.keep_days.resolve()?,
            forward: self.forward.map(ForwardSection::resolve).transpose()?,
        })
    }
}

impl ForwardSection {
    fn resolve(self) -> Result<ForwardSettings, String> {
        let max_message = self.max_message_bytes.unwrap_or(8_192);
        if !(1_024..=65_536).contains(&max_message) {
            return Err("`max_message_bytes` in [audit.forward]: use 1024 to 65536.".to_owned());
        }
        let refuse_after = match (self.required, self.refuse_after_seconds) {
            (false, None) => None,
            (false, Some(_)) => {
                return Err("`refuse_after_seconds` in [audit.forward] needs `required = true`.".to_owned());
            }
            (true, seconds) => Some(seconds.unwrap_or(300)),
        };
        if refuse_after.is_some_and(|seconds| !(10..=86_400).contains(&seconds)) {
            return Err("`refuse_after_seconds` in [audit.forward]: use 10 to 86400.".to_owned());
        }
        let Self { to: url, ca_file, token_file, timeout_seconds, .. } = self;
        Ok(ForwardSettings {
            collector: Receiver { url, ca_file, token_file, timeout_seconds }.resolve(EVENTS)?,
            max_message,
            refuse_after: refuse_after.map(Duration::from_secs),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> Result<AuditSettings, String> {
        toml::from_str::<AuditSection>(text).expect("parses").resolve()
    }

    #[test]
    fn there_are_defaults_and_no_zeros() {
        let pace = CheckpointPace { events: 1_000, every: Duration::from_secs(3_600) };
        assert_eq!(
            resolved(""),
            Ok(AuditSettings {
                pace,
                file: None,
                receiver: None,
                key_age: Some(DAY * 365),
                retention: EventRetention::default(),
                forward: None
            })
        );
        for name in ["checkpoint_events", "checkpoint_minutes"] {
            assert_eq!(resolved(&format!("{name} = 0")), Err(format!("audit.{name} is at least 1.")));
        }
    }

    #[test]
    fn keys_sign_for_a_year_or_as_long_as_said() {
        let age = |text: &str| resolved(text).expect("good").key_age;
        assert_eq!([age(""), age("key_days = 90"), age("key_days = 0")], [Some(DAY * 365), Some(DAY * 90), None]);
    }

    #[test]
    fn events_are_kept_by_plan() {
        let retention = |text: &str| resolved(&format!("[keep_days]\n{text}")).map(|settings| settings.retention);
        let days = |days: u64| Some(Duration::from_secs(days * 86_400));
        let kept = EventRetention { starter: days(90), system: days(400), ..EventRetention::default() };
        assert_eq!(retention("starter = 90\nsystem = 400"), Ok(kept));
        assert!(retention("").expect("good").is_for_ever());
        assert!(retention("pro = 0").expect_err("refused").starts_with("`pro` in [audit.keep_days]: use at least 1"));
    }

    #[test]
    fn changes_wait_only_for_a_required_collector() {
        let with = |more: &str| resolved(&format!("[forward]\nto = \"https://logs.example.com/\"\n{more}"));
        let after = |more: &str| with(more).expect(more).forward.expect("set").refuse_after;
        assert_eq!(after(""), None);
        assert_eq!(after("required = true"), Some(Duration::from_secs(300)));
        assert_eq!(after("required = true\nrefuse_after_seconds = 60"), Some(Duration::from_secs(60)));
        for (more, about) in [
            ("refuse_after_seconds = 60", "needs `required = true`"),
            ("required = true\nrefuse_after_seconds = 1", "use 10 to 86400"),
            ("max_message_bytes = 480", "use 1024 to 65536"),
            ("timeout_seconds = 0", "`timeout_seconds` in [audit.forward]: use 1 to 60"),
        ] {
            assert!(with(more).expect_err(more).contains(about), "{more}");
        }
    }

    #[test]
    fn checkpoints_are_sent_over_http_alone() {
        assert!(resolved("checkpoint_url = \"syslog+tls://x\"").expect_err("refused").contains("begins with https://"));
        assert!(resolved("checkpoint_ca_file = \"/x\"").expect_err("refused").contains("has no `checkpoint_url`"));
        let receiver = resolved("checkpoint_url = \"https://x/y\"").expect("good").receiver.expect("set");
        assert_eq!((receiver.to_string().as_str(), receiver.path.as_str()), ("https://x:443", "/y"));
    }
}
