//! The fields of a line, checked as those of a key that is issued here.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{ForeignKey, ImportRule, hash, rule};
use crate::{
    Invalid, Timestamp,
    approval::WishedKey,
    key::{
        Addresses, ExpiryInput, LimitOverride, NewKey,
        new::{KeyInput, MOST_LABEL},
    },
    profile::{Mode, Profile},
};

/// Other names that exports have for fields.
const ALIASES: [(&str, &str); 5] =
    [("name", "label"), ("permissions", "scopes"), ("meta", "metadata"), ("expires", "expires_at"), ("hash", "sha256")];

const FIELDS: &str = "key or sha256, label, environment or mode, scopes, expires_at, metadata, addresses, addresses_enforced, \
    limit_per_minute, limit_per_day and start";

/// Checks a line.
pub(super) fn check(
    fields: Map<String, Value>,
    number: u64,
    rule: &ImportRule,
    profile: &Profile,
    now: Timestamp,
) -> Result<ForeignKey, Invalid> {
    let mut fields = Fields::new(fields)?;
    let mut invalid = Invalid::default();
    let (key, start) = (invalid.take(secret(&mut fields, rule).map(Some)), fields.text("start", &mut invalid));
    let default = format!("Imported key, line {number}");
    let label = fields.text("label", &mut invalid);
    let label = label.map(|label| label.chars().take(MOST_LABEL + 1).collect()).unwrap_or(default);
    let environment = fields.text("environment", &mut invalid);
    let mode = fields.text("mode", &mut invalid);
    let environment = invalid.take(environment_of(environment, mode, profile));
    let scopes = fields.list("scopes", &mut invalid);
    let expires_at = fields.moment("expires_at", &mut invalid);
    let metadata = fields.object("metadata", &mut invalid);
    let addresses = fields.list("addresses", &mut invalid);
    let addresses = invalid.take(Addresses::check_list(&addresses));
    let addresses_enforced = fields.flag("addresses_enforced", &mut invalid);
    let per_minute = fields.text("limit_per_minute", &mut invalid).unwrap_or_default();
    let per_day = fields.text("limit_per_day", &mut invalid).unwrap_or_default();
    let limits = invalid.take(LimitOverride::check(&per_minute, &per_day));
    let unknown = fields.0.len();
    if unknown > 0 {
        // Ignored fields might have restricted the key. Their names are the file's: they are not repeated.
        invalid.push("", format!("{unknown} of the fields are not known here. The fields are {FIELDS}."));
    }
    let input = KeyInput {
        label: &label,
        environment: &environment,
        scopes: scopes.iter().map(String::as_str).collect(),
        expires: expires_at.as_deref().map_or(ExpiryInput::Never, ExpiryInput::Moment),
        metadata: &metadata,
        ..KeyInput::default()
    };
    let new = NewKey::check(&input, profile, now).map(Some);
    match (invalid.take(new), key) {
        (Some(new), Some(secret)) => {
            let addresses_enforced = addresses_enforced && !addresses.is_empty();
            let new = WishedKey::from(&NewKey { addresses, addresses_enforced, ..new });
            let Secret { sha256, length, shown } = secret;
            let shown = if length.is_none() { shown_of_start(start.as_deref(), rule) } else { shown };
            invalid.or(ForeignKey { sha256, length, shown, new, limits })
        }
        _ => Err(invalid),
    }
}

struct Secret {
    sha256: [u8; 32],
    length: Option<usize>,
    shown: String,
}

/// Digests a plaintext key, or reads its hash.
fn secret(fields: &mut Fields, rule: &ImportRule) -> Result<Secret, Invalid> {
    let (plain, hashed) = (fields.0.remove("key"), fields.0.remove("sha256"));
    match (plain, hashed) {
        (Some(Value::String(key)), None) => {
            let key = zeroize::Zeroizing::new(key);
            if !rule.admits(&key) {
                return Err(Invalid::field("key", shape(rule)));
            }
            Ok(Secret {
                sha256: Sha256::digest(key.as_bytes()).into(),
                length: Some(key.len()),
                shown: shown(&key, rule),
            })
        }
        (None, Some(Value::String(text))) => hashed_secret(&text),
        (None, Some(Value::Object(hash))) => match (hash.get("value"), hash.get("variant").and_then(Value::as_str)) {
            (Some(Value::String(text)), None | Some("sha256_base64" | "sha256_hex")) => hashed_secret(text),
            (_, Some(_)) => {
                Err(Invalid::field("sha256", "The variant of the hash has to be sha256_base64 or sha256_hex."))
            }
            _ => Err(Invalid::field("sha256", "Write a text, or an object with value and variant.")),
        },
        (None, None) => Err(Invalid::field("key", "Give the key (key) or its SHA-256 (sha256).")),
        (Some(_), Some(_)) => Err(Invalid::field("key", "Give either the key or its SHA-256, not both.")),
        _ => Err(Invalid::field("key", "Write it as a text.")),
    }
}

fn hashed_secret(text: &str) -> Result<Secret, Invalid> {
    let sha256 = hash::sha256(text).map_err(|message| Invalid::field("sha256", message))?;
    Ok(Secret { sha256, length: None, shown: String::new() })
}

fn shape(rule: &ImportRule) -> String {
    let begins = if rule.prefix.is_empty() { "" } else { " that begin with the prefix of this import" };
    format!("Keys of {} to {} printable ASCII characters{begins} are imported.", rule.min_length, rule.max_length)
}

/// A part at each end: less of a short key, so that enough is left to guess.
fn shown(key: &str, rule: &ImportRule) -> String {
    let prefix = rule.prefix.len();
    let part = ((key.len() - prefix) / 8).min(4);
    format!("{}…{}", &key[..prefix + part], &key[key.len() - part..])
}

/// Of a hash nobody knows the key: its export may say how it begins.
fn shown_of_start(start: Option<&str>, rule: &ImportRule) -> String {
    let most = rule.prefix.len() + 8;
    let start = start.filter(|start| start.bytes().all(|byte| byte.is_ascii_graphic()));
    format!("{}…", start.map_or(rule.prefix.as_str(), |start| &start[..start.len().min(most).min(rule::SHORTEST - 4)]))
}

fn environment_of(environment: Option<String>, mode: Option<String>, profile: &Profile) -> Result<String, Invalid> {
    match (environment, mode) {
        (Some(environment), None) => Ok(environment),
        (None, Some(mode)) => {
            let mode = Mode::parse(&mode).ok_or_else(|| Invalid::field("mode", "The mode is live or test."))?;
            let found = profile.environments.iter().find(|environment| environment.mode == mode);
            found.map(|found| found.name.clone()).ok_or_else(|| Invalid::field("mode", "No environment has this mode."))
        }
        (Some(_), Some(_)) => Err(Invalid::field("mode", "Give the environment or the mode, not both.")),
        // The check of the key names the environments.
        (None, None) => Ok(String::new()),
    }
}

/// The fields that were not read yet.
struct Fields(Map<String, Value>);

impl Fields {
    /// Under their names here. `null` is as absent.
    fn new(fields: Map<String, Value>) -> Result<Self, Invalid> {
        let mut named = Map::new();
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
            let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| (*name).to_owned());
            if named.insert(name, value).is_some() {
                return Err(Invalid::field("", "A field is there twice, under two names."));
            }
        }
        Ok(Self(named))
    }

    fn text(&mut self, name: &'static str, invalid: &mut Invalid) -> Option<String> {
        match self.0.remove(name)? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => {
                invalid.push(name, "Write a text or a number.");
                None
            }
        }
    }

    /// A list, or a text with spaces, commas, semicolons or bars between its words.
    fn list(&mut self, name: &'static str, invalid: &mut Invalid) -> Vec<String> {
        let words: Option<Vec<String>> = match self.0.remove(name) {
            None => Some(Vec::new()),
            Some(Value::String(text)) => {
                let between = |character: char| character.is_whitespace() || ",;|".contains(character);
                Some(text.split(between).filter(|word| !word.is_empty()).map(str::to_owned).collect())
            }
            Some(Value::Array(list)) => {
                list.into_iter().map(|item| if let Value::String(text) = item { Some(text) } else { None }).collect()
            }
            Some(_) => None,
        };
        words.unwrap_or_else(|| {
            invalid.push(name, "Write a list of texts.");
            Vec::new()
        })
    }

    /// RFC 3339, or milliseconds since 1970.
    fn moment(&mut self, name: &'static str, invalid: &mut Invalid) -> Option<String> {
        let text = self.text(name, invalid)?;
        let millis = text.parse::<i64>().ok().and_then(|millis| millis.checked_mul(1_000));
        // Beyond the year 9999 nothing is written as RFC 3339.
        let millis = millis.filter(|micros| (0..253_402_300_800_000_000).contains(micros));
        Some(millis.map_or(text, |micros| Timestamp::from_micros(micros).to_rfc3339()))
    }

    fn object(&mut self, name: &'static str, invalid: &mut Invalid) -> String {
        match self.0.remove(name) {
            None => String::new(),
            Some(Value::String(text)) => text,
            Some(object @ Value::Object(_)) => object.to_string(),
            Some(_) => {
                invalid.push(name, "Write a JSON object.");
                String::new()
            }
        }
    }

    fn flag(&mut self, name: &'static str, invalid: &mut Invalid) -> bool {
        match self.0.remove(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(Value::String(text)) if matches!(&*text, "true" | "false") => text == "true",
            Some(_) => {
                invalid.push(name, "Write true or false.");
                false
            }
        }
    }
}
