//! `sallyport scan --patterns`: the patterns of a deployment's keys for other scanners. These do not know the checksum.

use std::fmt::Write;

use clap::ValueEnum;
use sallyport::{profile::Profile, scan::Pattern};

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Scanner {
    /// Rules for the configuration file of gitleaks
    Gitleaks,
    /// The fields of GitHub's custom patterns
    Github,
}

impl Scanner {
    pub fn patterns(self, profile: &Profile) -> String {
        let patterns = Pattern::of_profile(profile);
        let name = |pattern: &Pattern| format!("{} {}", profile.brand.name, pattern.kind.title());
        patterns.iter().fold(String::new(), |all, pattern| match self {
            Self::Gitleaks => all + &gitleaks(pattern, &name(pattern), &profile.name),
            Self::Github => all + &github(pattern, &name(pattern)),
        })
    }
}

/// The entropy passes over placeholders such as `sk_live_xxxx…`.
fn gitleaks(pattern: &Pattern, name: &str, profile: &str) -> String {
    let Pattern { kind, prefix } = pattern;
    // A name in the profile may contain whatever a line may.
    let name = toml::Value::from(name);
    let id = format!("{profile}-{}-{}", kind.as_str(), prefix.trim_end_matches(['_', '-']).replace('_', "-"));
    let expression = pattern.expression();
    format!(
        "[[rules]]\nid = \"{id}\"\ndescription = {name}\nregex = '''{expression}'''\nentropy = 3\nkeywords = [\"{}\"]\n\n",
        prefix.to_lowercase()
    )
}

fn github(pattern: &Pattern, name: &str) -> String {
    let mut fields = String::new();
    for (field, value) in [
        ("Pattern name", name),
        ("Secret format", &pattern.expression()),
        ("Before secret", r"\A|[^0-9A-Za-z]"),
        ("After secret", r"\z|[^0-9A-Za-z]"),
        ("Test string", &pattern.example()),
    ] {
        let _ = writeln!(fields, "{field}: {value}");
    }
    fields + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use sallyport::{key::PlainSecret, testing::SeededEntropy};

    const EXAMPLES: [&str; 5] = [
        include_str!("../../../../examples/profiles/default.toml"),
        include_str!("../../../../examples/profiles/synheart.toml"),
        include_str!("../../../../examples/profiles/synap.toml"),
        include_str!("../../../../examples/profiles/helios.toml"),
        include_str!("../../../../examples/profiles/synaptiq.toml"),
    ];

    #[test]
    fn the_rules_of_gitleaks_find_each_key_of_each_profile() {
        for text in EXAMPLES {
            let profile = Profile::parse(text).expect("good");
            let rules: toml::Table = Scanner::Gitleaks.patterns(&profile).parse().expect("TOML");
            let rules = rules["rules"].as_array().expect("a list");
            let ids: std::collections::HashSet<_> = rules.iter().map(|rule| rule["id"].as_str()).collect();
            assert_eq!(ids.len(), rules.len(), "each has a name of its own");
            for prefix in profile.prefixes() {
                let secret = PlainSecret::mint(prefix, &SeededEntropy::new(1));
                let finds = |rule: &&toml::Value| {
                    let expression = regex::Regex::new(rule["regex"].as_str().expect("text")).expect("it compiles");
                    let keyword = rule["keywords"][0].as_str().expect("text");
                    // gitleaks looks for keywords in the text in lower case.
                    expression.find(secret.expose()).is_some_and(|found| found.as_str() == secret.expose())
                        && secret.expose().to_lowercase().contains(keyword)
                };
                assert_eq!(rules.iter().filter(finds).count(), 1, "{}: {prefix}", profile.name);
            }
        }
    }

    #[test]
    fn both_forms_are_as_the_documents_show_them() {
        let profile = Profile::standard();
        insta::assert_snapshot!("gitleaks", Scanner::Gitleaks.patterns(&profile));
        insta::assert_snapshot!("github", Scanner::Github.patterns(&profile));
    }
}
