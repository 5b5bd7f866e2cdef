//! A gateway's requirements: in the query of `/v1/auth`, or named in the settings.

use std::borrow::Cow;

use sallyport::profile::{Mode, Profile};
use serde::Deserialize;
use utoipa::{IntoParams, openapi::schema::Object};

use super::schema::{about, words as one_of};

/// `[requirements.NAME]` in `sallyport.toml`; in a query, the same words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Requirement {
    /// Scopes that the key has to have, all of them; several are separated by commas, or repeated.
    #[serde(default, deserialize_with = "words")]
    #[param(value_type = Option<String>, nullable = false)]
    pub scope: Vec<String>,
    /// The key has to belong to this app.
    #[param(nullable = false)]
    pub app_id: Option<String>,
    #[param(schema_with = modes, required = false)]
    pub mode: Option<Mode>,
    #[serde(default)]
    #[param(schema_with = ingestion, required = false)]
    pub ingestion: bool,
    #[serde(default)]
    #[param(schema_with = body, required = false)]
    pub body: bool,
    #[serde(default)]
    #[param(schema_with = any_path, required = false)]
    pub any_path: bool,
}

impl Requirement {
    /// A scope that no key can have would refuse every request: the settings may only contain the profile's scopes.
    pub fn check(&self, name: &str, profile: &Profile) -> Result<(), String> {
        let Some(unknown) = self.scope.iter().find(|scope| profile.scope(scope).is_none()) else { return Ok(()) };
        let known: Vec<_> = profile.scopes.iter().map(|scope| scope.name.as_str()).collect();
        let known = if known.is_empty() { "has none".to_owned() } else { format!("has {}", known.join(", ")) };
        Err(format!("[requirements.{name}]: no scope is called {unknown}. The profile {known}."))
    }

    /// An unknown parameter is refused with a sentence: ignoring a requirement would fail open.
    pub fn parse<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<Self, &'static str> {
        let mut requirement = Self::default();
        for (name, value) in pairs {
            match (name.as_ref(), value.as_ref()) {
                ("scope", scopes) => {
                    let before = requirement.scope.len();
                    requirement.scope.extend(split(scopes));
                    if requirement.scope.len() == before {
                        // A gateway whose variable is empty would require nothing.
                        return Err("A scope parameter is empty.");
                    }
                }
                ("app_id", app) if requirement.app_id.is_none() => requirement.app_id = Some(app.to_owned()),
                ("ingestion", "1" | "true") => requirement.ingestion = true,
                ("body", "1" | "true") => requirement.body = true,
                ("any_path", "1" | "true") => requirement.any_path = true,
                ("ingestion" | "body" | "any_path", "0" | "false") => {}
                ("mode", mode) if requirement.mode.is_none() => {
                    requirement.mode = Some(Mode::parse(mode).ok_or("mode is live or test.")?);
                }
                _ => {
                    return Err("The query has an unknown or a repeated parameter. Known are scope, app_id, \
                                ingestion=1, mode=live|test, body=1, any_path=1 and gateway=nginx are.");
                }
            }
        }
        Ok(requirement)
    }
}

fn modes() -> Object {
    about("The key has to have this mode.", one_of([Mode::Live, Mode::Test].map(Mode::as_str)))
}

fn flag(text: &str) -> Object {
    about(text, one_of(["1", "true", "0", "false"]))
}

fn ingestion() -> Object {
    flag("The key’s app has to be verified for ingestion.")
}

fn body() -> Object {
    flag("The gateway forwards the client's body, so that signatures can be checked.")
}

fn any_path() -> Object {
    flag("Accept paths that servers may read in different ways: `//`, `/../`, `%2F`, `;`, `#`.")
}

fn split(scopes: &str) -> impl Iterator<Item = String> {
    scopes.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned)
}

/// `"read write"`, or a list of names; never empty, since that would require nothing.
fn words<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        One(String),
        Many(Vec<String>),
    }
    let scopes: Vec<_> = match Words::deserialize(deserializer)? {
        Words::One(text) => split(&text).collect(),
        Words::Many(list) => list.iter().flat_map(|text| split(text)).collect(),
    };
    if scopes.is_empty() { Err(serde::de::Error::custom("scope names no scope")) } else { Ok(scopes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_query_is_too_strange(
            query in "\\PC*|((scope|mode|app_id|ingestion|body|any_path|key)(=[a-z0-1,+%&=]{0,6})?&){0,4}"
        ) {
            if let Ok(required) = asked(&query) {
                prop_assert!(required.scope.iter().all(|scope| !scope.is_empty()));
                let names_scopes = url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "scope");
                prop_assert_eq!(names_scopes, !required.scope.is_empty());
            }
            let _ = toml::from_str::<Requirement>(&query);
        }
    }

    fn asked(query: &str) -> Result<Requirement, &'static str> {
        Requirement::parse(url::form_urlencoded::parse(query.as_bytes()))
    }

    #[test]
    fn the_settings_name_scopes_of_the_profile() {
        let profile = Profile::standard();
        assert_eq!(asked("scope=read").expect("read").check("reading", &profile), Ok(()));
        let told = asked("scope=read&scope=wirte").expect("read").check("writing", &profile).expect_err("unknown");
        assert_eq!(
            told,
            "[requirements.writing]: no scope is called wirte. The profile has read, write, delete, admin."
        );
    }

    #[test]
    fn requirements_are_read() {
        let scope = vec!["read".to_owned(), "write".to_owned()];
        let app = Requirement { scope: scope.clone(), app_id: Some("app_x_1".to_owned()), ..Requirement::default() };
        assert_eq!(asked("scope=read&scope=write&app_id=app_x_1"), Ok(app));
        let ingestion = Requirement { scope: scope.clone(), ingestion: true, ..Requirement::default() };
        assert_eq!(asked("scope=read,write&ingestion=1"), Ok(ingestion));
        assert_eq!(asked(""), Ok(Requirement::default()));
        let file = "scope = \"read write\"\nmode = \"live\"\nbody = true";
        let named = Requirement { scope, mode: Some(Mode::Live), body: true, ..Requirement::default() };
        assert_eq!(toml::from_str(file), Ok(named));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for query in [
            "scope=",
            "scope",
            "scope=,",
            "scope=read&scope=",
            "scopes=read",
            "mode=moon",
            "ingestion=yes",
            "body=yes",
            "app_id=a&app_id=b",
            "key=sk_live_x",
            "mode=live&mode=test",
        ] {
            assert!(asked(query).is_err(), "{query}");
        }
        for file in ["scope = \"\"", "scope = []", "scopes = [\"read\"]", "mode = \"moon\"", "scope = [\" \"]"] {
            assert!(toml::from_str::<Requirement>(file).is_err(), "{file}");
        }
    }
}
