//! What was typed, and what it leads to.

use sallyport::{
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::{SigningSecret, secret::Checked},
    profile::Profile,
    root_token,
    store::{Found, Kind, Store},
};

use super::{
    places::{self, Place},
    results::{Answer, Group, Hit},
};
use crate::{
    access::{OrgAccess, SignedIn},
    error::PageError,
    icons::Icon,
};

/// Names are at most this long.
const LONGEST: usize = 100;

/// Who searches, and from where.
pub struct Search<'a> {
    pub store: &'a Store,
    pub me: &'a SignedIn,
    pub near: Option<&'a OrgAccess>,
}

/// How a text is to be understood.
#[derive(Debug, PartialEq, Eq)]
enum Meant<'a> {
    Nothing,
    /// A whole API key, perhaps with its header around it.
    Key(&'a str),
    /// A secret that no key is found by: it is neither looked up nor repeated.
    Secret(&'static str),
    Words(&'a str),
}

impl<'a> Meant<'a> {
    fn by(text: &'a str, profile: &Profile) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Nothing;
        }
        let tokens = || text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        if let Some(key) = tokens().find(|token| checked(token, profile).is_some()) {
            return Self::Key(key);
        }
        for token in tokens() {
            if let Some(said) = secret(token, profile) {
                return Self::Secret(said);
            }
        }
        Self::Words(text)
    }
}

fn checked<'a>(token: &'a str, profile: &Profile) -> Option<Checked<'a>> {
    Checked::parse(profile.prefix_of(token)?, token)
}

/// What to say of a text that looks like a secret. What lists show of a key is none: four letters of it.
fn secret(token: &str, profile: &Profile) -> Option<&'static str> {
    let longer_than_shown = |prefix: &str| token.len() > prefix.len() + 8;
    if profile.prefix_of(token).is_some_and(longer_than_shown) {
        return Some(
            "This begins like an API key, but it isn’t whole or has a typo. Paste all of it, or search for its label.",
        );
    }
    if token.starts_with(SigningSecret::PREFIX) && longer_than_shown(SigningSecret::PREFIX) {
        return Some(
            "This looks like a signing secret. Those are sealed and can’t be searched; paste the API key instead.",
        );
    }
    if token.starts_with(root_token::PREFIX) && longer_than_shown(root_token::PREFIX) {
        return Some("This looks like a root token. Those belong to no organization; the command line lists them.");
    }
    // No name has so many letters with digits among them and no space; another system's secret has.
    let run = |part: &str| part.len() >= 20 && part.bytes().any(|byte| byte.is_ascii_digit());
    token.split('_').any(run).then_some("This looks like a secret that is not of this portal, so it was not looked up.")
}

impl Search<'_> {
    /// Before anything is typed: the ways from here.
    pub async fn nothing(&self) -> Result<Answer, PageError> {
        let pages = places::all(self).await?;
        let hits = pages.into_iter().filter(|place| place.is_near).map(Place::hit).collect();
        let orgs = self
            .store
            .orgs_of(&self.me.user.id)
            .await?
            .into_iter()
            .take(8)
            .map(|(org, role)| Hit::link(org.name, role.title(), format!("/orgs/{}", org.id), Icon::Building));
        Ok(Answer { groups: groups([("Pages", hits), ("Organizations", orgs.collect())]), ..Answer::default() })
    }

    pub async fn answer(&self, text: &str) -> Result<Answer, PageError> {
        let profile = self.store.profile();
        match Meant::by(text, profile) {
            Meant::Nothing => self.nothing().await,
            Meant::Key(key) => {
                let id = match checked(key, profile) {
                    Some(secret) => self.store.key_by_secret_for(&self.me.user.id, secret).await?,
                    None => None,
                };
                match id {
                    Some(id) => Ok(self.exact(id.as_str()).await?.unwrap_or_default()),
                    None => Ok(Answer::saying("No key of your organizations has this secret.")),
                }
            }
            Meant::Secret(said) => Ok(Answer::saying(said)),
            Meant::Words(words) => match self.exact(words).await? {
                Some(answer) => Ok(answer),
                None => self.by_words(words).await,
            },
        }
    }

    /// The one thing with this id.
    async fn exact(&self, id: &str) -> Result<Option<Answer>, PageError> {
        let (store, user) = (self.store, &self.me.user.id);
        let found = if let Some(id) = OrgId::parse(id) {
            store.org_for(user, &id).await?.map(|(org, _)| (Kind::Organization, org.name))
        } else if let Some(id) = TenantId::parse(id) {
            store.tenant_for(user, &id).await?.map(|tenant| (Kind::Tenant, tenant.name))
        } else if let Some(id) = ProjectId::parse(id) {
            store.project_for(user, &id).await?.map(|project| (Kind::Project, project.name))
        } else if let Some(id) = AppId::parse(id) {
            store.app_for(user, &id).await?.map(|app| (Kind::App, app.name))
        } else if let Some(id) = KeyId::parse(id) {
            store.key_for(user, &id).await?.map(|key| (Kind::Key, key.label))
        } else {
            None
        };
        Ok(found.map(|(kind, name)| {
            let found = Found { kind, id: id.to_owned(), name, within: Vec::new(), revoked: false };
            let hit = hit(found);
            Answer { exact: Some(hit.href()), groups: groups([(title(kind), vec![hit])]), ..Answer::default() }
        }))
    }

    async fn by_words(&self, words: &str) -> Result<Answer, PageError> {
        if words.chars().count() > LONGEST {
            return Ok(Answer::saying("That is longer than any name. Search for fewer words."));
        }
        let near = self.near.map(|access| &access.org.id);
        let found = self.store.search(&self.me.user.id, near, words).await?;
        let of_kind = |kind| found.iter().filter(|found| found.kind == kind).cloned().map(hit).collect();
        let mut all: Vec<_> = Kind::ALL.into_iter().map(|kind| (title(kind), of_kind(kind))).collect();
        let pages = places::all(self).await?.into_iter().filter(|place| place.is_called(words));
        all.push(("Pages", pages.take(8).map(Place::hit).collect()));
        let groups = groups(all);
        let said = groups.is_empty().then_some("Nothing of yours is called that.");
        Ok(Answer { groups, said, repeated: words.to_owned(), ..Answer::default() })
    }
}

fn groups(all: impl IntoIterator<Item = (&'static str, Vec<Hit>)>) -> Vec<Group> {
    let groups = all.into_iter().map(|(title, hits)| Group { title, hits });
    groups.filter(|group| !group.hits.is_empty()).collect()
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Organization => "Organizations",
        Kind::Tenant => "Tenants",
        Kind::Project => "Projects",
        Kind::App => "Apps",
        Kind::Key => "API keys",
    }
}

fn hit(found: Found) -> Hit {
    let (place, icon) = match found.kind {
        Kind::Organization => ("orgs", Icon::Building),
        Kind::Tenant => ("tenants", Icon::Folder),
        Kind::Project => ("projects", Icon::Folder),
        Kind::App => ("apps", Icon::App),
        Kind::Key => ("keys", Icon::Key),
    };
    let mut within = found.within;
    if found.revoked {
        within.insert(0, "Revoked".to_owned());
    }
    Hit::link(found.name, within.join(" · "), format!("/{place}/{}", found.id), icon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sallyport::{Entropy, key::PlainSecret, testing::SeededEntropy};

    fn meant(text: &str) -> String {
        format!("{:?}", Meant::by(text, &Profile::standard())).split('(').next().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_whole_key_is_found_in_what_is_around_it() {
        let entropy: &dyn Entropy = &SeededEntropy::new(1);
        let key = PlainSecret::mint("sk_live_", entropy);
        let key = key.expose();
        let profile = Profile::standard();
        for text in [key.to_owned(), format!("  {key}\n"), format!("-H \"x-api-key: {key}\""), format!("KEY={key};")] {
            assert_eq!(Meant::by(&text, &profile), Meant::Key(key), "{text}");
        }
        for cut in [&key[..43], &key[..20], &format!("{key}x")] {
            assert_eq!(meant(cut), "Secret", "{cut}");
        }
        assert_eq!(meant(SigningSecret::mint(entropy).expose()), "Secret");
        assert_eq!(meant(PlainSecret::mint(root_token::PREFIX, entropy).expose()), "Secret");
    }

    #[test]
    fn names_and_ids_are_no_secrets() {
        let ids = [
            OrgId::mint("Donaudampfschifffahrtsgesellschaft 1", &SeededEntropy::new(1)).to_string(),
            AppId::mint("Focus and calm", &SeededEntropy::new(1)).to_string(),
            KeyId::mint(&SeededEntropy::new(1)).to_string(),
        ];
        for text in ids.iter().map(String::as_str).chain(["focus", "sk_live_7Hq2…x9Ka", "sk_live_", "Büro 2", "%_"])
        {
            assert_eq!(meant(text), "Words", "{text}");
        }
        assert_eq!(meant("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"), "Secret");
        assert_eq!(meant(" \n"), "Nothing");
    }
}
