//! The sections `[single_sign_on.…]` of the settings file: issuers with which people sign in.

use std::{collections::BTreeMap, fmt, fs, path::PathBuf};

use sallyport::single_sign_on::{Domains, GroupRole, Issuer};
use serde::Deserialize;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::{secret::secret, webhooks::ForwardProxy};

/// A section as written. Its name is that of the issuer in addresses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerSection {
    name: String,
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    domains: Vec<String>,
    scopes: Option<Vec<String>>,
    groups_claim: Option<String>,
    #[serde(default)]
    groups: Vec<GroupSection>,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    require: BTreeMap<String, String>,
    #[serde(default)]
    without_auth_time: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupSection {
    group: String,
    role: String,
    place: String,
}

/// The resolved settings of an issuer. Its `Debug` hides the secret.
#[derive(Clone)]
pub struct IssuerSettings {
    pub issuer: Issuer,
    pub client_id: String,
    /// `None` for a public client, which PKCE protects alone.
    pub secret: Option<Zeroizing<String>>,
    /// Besides `openid`.
    pub scopes: Vec<String>,
    pub groups_claim: Option<String>,
    /// Claims that the ID token of everybody has to have.
    pub require: BTreeMap<String, String>,
    /// It does not say when it asked a person: each sign-in counts as fresh.
    pub without_auth_time: bool,
    /// PEM: the only authorities that its certificate may come from, instead of those of the system.
    pub authorities: Option<Vec<u8>>,
    /// Through which it is reached if it is outside: that of webhooks.
    pub proxy: Option<ForwardProxy>,
}

impl fmt::Debug for IssuerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuerSettings({})", self.issuer.id)
    }
}

/// The issuers, in the order of their names in the file.
pub(super) fn resolve(
    sections: BTreeMap<String, IssuerSection>,
    proxy: Option<&ForwardProxy>,
) -> Result<Vec<IssuerSettings>, String> {
    let issuers: Vec<_> =
        sections.into_iter().map(|(id, section)| section.resolve(id, proxy)).collect::<Result<_, _>>()?;
    for (at, one) in issuers.iter().enumerate() {
        if let Some(other) = issuers[..at].iter().find(|other| other.issuer.url == one.issuer.url) {
            return Err(format!(
                "[single_sign_on.{}] and [single_sign_on.{}] have the same `issuer`: leave one out.",
                other.issuer.id, one.issuer.id
            ));
        }
    }
    Ok(issuers)
}

impl IssuerSection {
    fn resolve(self, id: String, proxy: Option<&ForwardProxy>) -> Result<IssuerSettings, String> {
        let is_id = (1..=32).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_id {
            return Err(format!(
                "[single_sign_on.{id:?}]: its name is a part of addresses; use 1 to 32 of a-z, 0-9 and -."
            ));
        }
        let wrong = |what: &str, why: String| format!("`{what}` in [single_sign_on.{id}]: {why}");
        let name = self.name.trim().to_owned();
        if !(1..=40).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(wrong("name", "use 1 to 40 characters; the button says “Continue with NAME”.".to_owned()));
        }
        check_issuer(&self.issuer).map_err(|why| wrong("issuer", why))?;
        if self.client_id.is_empty() {
            return Err(wrong("client_id", "write the one that the issuer gave you.".to_owned()));
        }
        let variable = format!("SALLYPORT_CLIENT_SECRET_{}", id.to_uppercase().replace('-', "_"));
        let secret = secret(&variable, self.client_secret_file.as_ref(), |why| wrong("client_secret_file", why))?;
        let scopes = self.scopes.unwrap_or_else(|| vec!["email".to_owned(), "profile".to_owned()]);
        let is_scope = |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
        if let Some(scope) = scopes.iter().find(|scope| !is_scope(scope)) {
            return Err(wrong("scopes", format!("{scope:?} is no scope: it has no spaces.")));
        }
        if !self.groups.is_empty() && self.groups_claim.is_none() {
            return Err(wrong("groups_claim", "name the claim that contains the groups, like \"groups\".".to_owned()));
        }
        let rules = self.groups.iter().map(|rule| GroupRole::check(&rule.group, &rule.role, &rule.place));
        let group_roles = rules.collect::<Result<_, _>>().map_err(|why| wrong("groups", why))?;
        let domains = Domains::parse(&self.domains).map_err(|why| wrong("domains", why))?;
        let read = |path: &PathBuf| {
            fs::read(path).map_err(|error| wrong("ca_file", format!("{} can't be read: {error}.", path.display())))
        };
        Ok(IssuerSettings {
            authorities: self.ca_file.as_ref().map(read).transpose()?,
            proxy: proxy.cloned(),
            client_id: self.client_id,
            secret,
            scopes: scopes.into_iter().filter(|scope| scope != "openid").collect(),
            groups_claim: self.groups_claim,
            require: self.require,
            without_auth_time: self.without_auth_time,
            issuer: Issuer { id: id.clone(), name, url: self.issuer, domains, group_roles },
        })
    }
}

/// The URL is written as the issuer writes it: it is compared letter by letter.
fn check_issuer(text: &str) -> Result<(), String> {
    const WRITE: &str = "write the issuer's URL as it writes it itself, like https://login.example.com.";
    let url = Url::parse(text).map_err(|_| WRITE.to_owned())?;
    if !url.username().is_empty() || url.password().is_some() || url.query().or(url.fragment()).is_some() {
        return Err(WRITE.to_owned());
    }
    if text.chars().count() > 200 {
        return Err("use at most 200 characters.".to_owned());
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err("use https://; only an issuer on this machine may be reached without encryption.".to_owned()),
        _ => Err(WRITE.to_owned()),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name = \"Acme\"\nissuer = \"https://login.acme.example\"\nclient_id = \"sallyport\"\n\
                        domains = [\"acme.example\"]\n";

    fn resolved(id: &str, text: &str) -> Result<Vec<IssuerSettings>, String> {
        resolve([(id.to_owned(), toml::from_str::<IssuerSection>(text).expect("TOML"))].into(), None)
    }

    #[test]
    fn an_issuer_has_what_a_sign_in_needs() {
        let issuer = resolved("acme", GOOD).expect("good").remove(0);
        assert_eq!(
            (issuer.issuer.name.as_str(), issuer.scopes),
            ("Acme", vec!["email".to_owned(), "profile".to_owned()])
        );
        assert!(issuer.secret.is_none());
        let groups =
            "groups_claim = \"groups\"\n[[groups]]\ngroup = \"a\"\nrole = \"viewer\"\nplace = \"org_focus_kB8mPx\"\n";
        let issuer = resolved("acme", &format!("{GOOD}{groups}")).expect("good").remove(0);
        assert_eq!(issuer.issuer.group_roles.len(), 1);
    }

    #[test]
    fn each_setting_is_listed() {
        let listed = include_str!("../../../docs/settings.md");
        let example = include_str!("../../../docs/sallyport.toml");
        for name in [
            "name",
            "issuer",
            "client_id",
            "client_secret_file",
            "domains",
            "scopes",
            "groups_claim",
            "groups",
            "ca_file",
            "require",
            "without_auth_time",
        ] {
            assert!(listed.contains(&format!("| `single_sign_on.ID.{name}` |")), "{name}");
            let written =
                if name == "groups" { "# [[single_sign_on.acme.groups]]".to_owned() } else { format!("# {name} = ") };
            assert!(example.contains(&written), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let with = |from: &str, to: &str| GOOD.replace(from, to);
        for (id, text, about) in [
            ("Acme", GOOD.to_owned(), "a-z"),
            ("", GOOD.to_owned(), "a-z"),
            ("acme", with("\"Acme\"", "\" \""), "`name` in [single_sign_on.acme]"),
            ("acme", with("https://login", "http://login"), "use https://"),
            ("acme", with("https://login", "https://ada:s3cret@login"), "`issuer`"),
            ("acme", with("https://login.acme.example", "login.acme.example"), "`issuer`"),
            ("acme", with("\"sallyport\"", "\"\""), "`client_id`"),
            ("acme", with("\"acme.example\"", ""), "`domains`"),
            ("acme", format!("{GOOD}scopes = [\"a b\"]\n"), "`scopes`"),
            ("acme", format!("{GOOD}client_secret_file = \"/no/such/file\"\n"), "`client_secret_file`"),
            ("acme", format!("{GOOD}ca_file = \"/no/such/file\"\n"), "`ca_file`"),
            (
                "acme",
                format!("{GOOD}[[groups]]\ngroup = \"a\"\nrole = \"viewer\"\nplace = \"org_focus_kB8mPx\"\n"),
                "`groups_claim`",
            ),
        ] {
            let error = resolved(id, &text).expect_err(&text);
            assert!(error.contains(about) && !error.contains("s3cret"), "{error}");
        }
        let two = ["acme", "other"].map(|id| (id.to_owned(), toml::from_str(GOOD).expect("TOML")));
        assert!(resolve(two.into(), None).expect_err("twice").contains("same `issuer`"));
        resolved("local", &with("https://login.acme.example", "http://127.0.0.1:4000")).expect("on this machine");
    }
}
