//! Builds a profile from a parsed file: values are validated here, and all errors are reported at once.

mod capabilities;
mod credentials;
mod environments;
mod errors;
mod headers;
mod logo;
mod plans;
mod rotation;
mod runtime;
mod scopes;

use std::io;

use toml::Spanned;

use super::{
    Brand, HowMany, KeyRules, Profile,
    fault::{Fault, Faults},
    file::{File, Text},
};
use crate::{colour::Colour, key_policy::KeyPolicy, text};
use logo::ReadBeside;

/// The errors so far, with their positions in the text.
#[derive(Default)]
struct Findings(Vec<(usize, String)>);

impl Findings {
    fn refuse<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        self.0.push((at.span().start, message.into()));
    }

    /// A single line of readable text.
    fn line(&mut self, text: &Text, most: usize) -> String {
        match text::line("", text.get_ref(), most, "Write a name; this is empty.") {
            Ok(line) => line,
            Err(invalid) => {
                invalid.0.into_iter().for_each(|error| self.refuse(text, error.message));
                String::new()
            }
        }
    }

    fn optional_line(&mut self, text: Option<&Text>, most: usize) -> String {
        text.filter(|text| !text.get_ref().trim().is_empty()).map_or_else(String::new, |text| self.line(text, most))
    }

    /// A name in requests and JSON: letters, digits and these signs.
    fn name(&mut self, text: &Text, signs: &str) -> String {
        let name = text.get_ref();
        let plain = |character: char| character.is_ascii_alphanumeric() || signs.contains(character);
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            let signs: Vec<_> = signs.chars().map(String::from).collect();
            let message =
                format!("A name has up to 64 characters: letters, digits and {}; change {name:?}.", signs.join(" "));
            self.refuse(text, message);
        }
        name.clone()
    }

    /// Requires distinct names.
    fn distinct<'a>(&mut self, what: &str, names: impl Iterator<Item = &'a Text>) {
        let mut seen = std::collections::HashSet::new();
        for name in names.filter(|name| !seen.insert(name.get_ref())) {
            self.refuse(name, format!("There is {what} called {} already; rename one.", name.get_ref()));
        }
    }

    fn colour(&mut self, text: &Text) -> Option<Colour> {
        let colour = Colour::parse(text.get_ref());
        if colour.is_none() {
            let known: Vec<_> = Colour::ALL.iter().map(|colour| colour.as_str()).collect();
            self.refuse(text, format!("This is none of the colours: {}.", known.join(", ")));
        }
        colour
    }

    fn url(&mut self, text: &Text) -> String {
        let url = text.get_ref();
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'`');
        if !rest.starts_with(|first: char| first.is_ascii_alphanumeric()) || !url.bytes().all(plain) || url.len() > 500
        {
            self.refuse(
                text,
                "An address begins with https:// and a host, and has no spaces: https://docs.example.com.",
            );
        }
        url.clone()
    }
}

impl Profile {
    /// Parses a profile that has no folder, and so no logo; or returns all its errors.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        Self::parse_beside(text, &|_| Err(io::ErrorKind::NotFound.into()))
    }

    /// Parses a profile and reads the file of its logo, or returns all its errors.
    pub fn parse_beside(text: &str, read: ReadBeside<'_>) -> Result<Self, Faults> {
        let file: File = toml::from_str(text).map_err(|error| Faults(vec![Fault::of_toml(text, &error)]))?;
        let mut findings = Findings::default();
        let profile = profile(&file, read, &mut findings);
        if findings.0.is_empty() {
            return Ok(profile);
        }
        let mut faults: Vec<_> = findings.0.into_iter().map(|(at, message)| Fault::at(text, at, message)).collect();
        faults.sort();
        faults.dedup();
        Err(Faults(faults))
    }
}

fn profile(file: &File, read: ReadBeside<'_>, findings: &mut Findings) -> Profile {
    let how_many = file.keys.scopes.as_ref().map_or(HowMany::default(), |how_many| *how_many.get_ref());
    let brand = Brand {
        name: findings.line(&file.brand.name, 60),
        docs_url: file.brand.docs_url.as_ref().map(|url| findings.url(url)),
        accent: file.brand.accent.as_ref().and_then(|accent| findings.colour(accent)),
        logo: file.brand.logo.as_ref().and_then(|name| logo::logo(name, read, findings)),
    };
    let name = findings.name(&file.name, "-_");
    let credentials = credentials::credentials(&file.credentials, findings);
    let scopes = scopes::scopes(file, how_many, findings);
    let mut profile = Profile {
        challenge: credentials::challenge(&brand, &name, &credentials),
        errors: errors::errors(&file.errors, &brand, &credentials, findings),
        keys: KeyRules { owner: file.keys.owner, scopes: how_many, signing_secret: file.keys.signing_secret },
        rotation: rotation::rotation(&file.rotation, findings),
        capabilities: capabilities::capabilities(&file.capabilities, findings),
        key_policy: KeyPolicy::default(),
        environments: environments::environments(file, findings),
        bundles: scopes::bundles(file, how_many, findings),
        plans: plans::plans(file, &scopes, findings),
        limits: headers::limits(&file.limits, findings),
        signatures: headers::signatures(file.signatures.as_ref()),
        webhooks: headers::webhooks(&file.webhooks, findings),
        runtime_file: runtime::file_name(file.runtime.file_name.as_ref(), findings),
        granted: Vec::new(),
        name,
        brand,
        credentials,
        scopes,
    };
    headers::of_requests(file, findings);
    if findings.0.is_empty() {
        // A set holds a limited number of scopes.
        profile.granted = (0..profile.scopes.len()).map(|place| scopes::closure(&profile, place)).collect();
        profile.key_policy = key_policy(file, &profile, findings);
    }
    profile
}

fn key_policy(file: &File, profile: &Profile, findings: &mut Findings) -> KeyPolicy {
    let Some(said) = &file.key_policy else { return KeyPolicy::default() };
    said.get_ref().clone().check(profile).unwrap_or_else(|invalid| {
        for error in invalid.0 {
            findings.refuse(said, format!("{}: {}", error.field, error.message));
        }
        KeyPolicy::default()
    })
}
