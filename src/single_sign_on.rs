//! Issuers with which people sign in (OpenID Connect), as the operator set them up: whom they may let in, and which roles
//! their groups give.

use crate::{
    id::{OrgId, ProjectId, TenantId},
    member::Role,
    place::PlaceKind,
};

/// An issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its name in addresses: `acme` in `/sign-in/with/acme`.
    pub id: String,
    /// For people: "Continue with Acme".
    pub name: String,
    /// Its URL: together with a subject, it identifies a person.
    pub url: String,
    pub domains: Domains,
    pub group_roles: Vec<GroupRole>,
}

/// The e-mail domains whose people get an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domains {
    /// Whoever the issuer knows.
    Any,
    /// In lower case. A domain does not include those below it.
    These(Vec<String>),
}

/// A group of an issuer, and the role that it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRole {
    pub group: String,
    pub place: PlaceRole,
}

/// A role at an organization, a tenant or a project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlaceRole {
    pub kind: PlaceKind,
    pub id: String,
    pub role: Role,
}

impl Domains {
    /// Parses the setting; the error says what to write instead.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        if texts.iter().any(|text| text == "*") {
            return match texts {
                [_] => Ok(Self::Any),
                _ => Err("\"*\" stands for every domain: leave the others out.".to_owned()),
            };
        }
        if texts.is_empty() {
            return Err("name the e-mail domains whose people may sign in, like [\"example.com\"]; [\"*\"] lets in \
                        whoever has an account at the issuer."
                .to_owned());
        }
        let domain = |text: &String| {
            let text = text.trim().to_lowercase();
            let is_domain = !text.is_empty()
                && !text.starts_with('.')
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
            if is_domain { Ok(text) } else { Err(format!("{text:?} is no domain; write it like example.com.")) }
        };
        texts.iter().map(domain).collect::<Result<_, _>>().map(Self::These)
    }

    /// Whether this address, in lower case, is of one of them.
    pub fn admit(&self, email: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(domains) => {
                email.rsplit_once('@').is_some_and(|(_, domain)| domains.iter().any(|one| one == domain))
            }
        }
    }
}

impl GroupRole {
    /// Checks a rule of the settings; the error says what to write instead.
    pub fn check(group: &str, role: &str, place: &str) -> Result<Self, String> {
        if group.is_empty() {
            return Err("`group` is empty.".to_owned());
        }
        let kind = if OrgId::parse(place).is_some() {
            PlaceKind::Org
        } else if TenantId::parse(place).is_some() {
            PlaceKind::Tenant
        } else if ProjectId::parse(place).is_some() {
            PlaceKind::Project
        } else {
            return Err(format!(
                "`place` {place:?} is no id of an organization, a tenant or a project, like org_focus_kB8mPx."
            ));
        };
        let known = || Role::granted_at(kind).map(Role::as_str).collect::<Vec<_>>().join(", ");
        let role = Role::parse(role)
            .filter(|role| role.is_granted_at(kind))
            .ok_or_else(|| format!("`role` {role:?} can't be given at {place}; use one of {}.", known()))?;
        Ok(Self { group: group.to_owned(), place: PlaceRole { kind, id: place.to_owned(), role } })
    }
}

impl Issuer {
    /// The roles that these groups give, each once.
    pub fn roles_of(&self, groups: &[String]) -> Vec<PlaceRole> {
        let given = self.group_roles.iter().filter(|rule| groups.contains(&rule.group));
        let mut roles: Vec<_> = given.map(|rule| rule.place.clone()).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domains(texts: &[&str]) -> Result<Domains, String> {
        Domains::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_domain_admits_its_own_addresses_alone() {
        let acme = domains(&["Acme.example", "acme.test"]).expect("good");
        for email in ["ada@acme.example", "ada@acme.test", "a@b@acme.test"] {
            assert!(acme.admit(email), "{email}");
        }
        for email in ["ada@dev.acme.example", "ada@notacme.example", "ada@acme.example.evil.test", "acme.example", "@"]
        {
            assert!(!acme.admit(email), "{email}");
        }
        assert!(domains(&["*"]).expect("good").admit("eve@evil.test"));
    }

    #[test]
    fn who_may_sign_in_is_said() {
        for wrong in [&[][..], &["*", "acme.example"], &["*.acme.example"], &[""], &["ada@acme.example"], &[".example"]]
        {
            domains(wrong).expect_err(&format!("{wrong:?}"));
        }
    }

    #[test]
    fn a_group_gives_a_role_that_there_is() {
        let good = GroupRole::check("platform", "developer", "org_focus_kB8mPx").expect("good");
        assert_eq!((good.place.kind, good.place.role), (PlaceKind::Org, Role::Developer));
        for (group, role, place, about) in [
            ("", "viewer", "org_focus_kB8mPx", "`group`"),
            ("a", "king", "org_focus_kB8mPx", "owner, admin"),
            ("a", "owner", "ten_focus_kB8mPx", "`role`"),
            ("a", "viewer", "app_focus_kB8mPx", "`place`"),
            ("a", "viewer", "", "`place`"),
        ] {
            let error = GroupRole::check(group, role, place).expect_err(place);
            assert!(error.contains(about), "{error}");
        }
    }

    #[test]
    fn roles_of_several_groups_are_given_once() {
        let rule = |group: &str, role: &str| GroupRole::check(group, role, "prj_focus_kB8mPx_PJI2AxsO").expect("good");
        let group_roles = vec![rule("a", "viewer"), rule("b", "viewer"), rule("c", "developer")];
        let (id, name, url) = ("acme".to_owned(), "Acme".to_owned(), "https://acme.example".to_owned());
        let issuer = Issuer { id, name, url, domains: Domains::Any, group_roles };
        let roles = |groups: &[&str]| {
            let groups: Vec<_> = groups.iter().map(|group| (*group).to_owned()).collect();
            issuer.roles_of(&groups).into_iter().map(|place| place.role).collect::<Vec<_>>()
        };
        assert_eq!(roles(&["a", "b"]), [Role::Viewer]);
        assert_eq!(roles(&["c", "a", "other"]), [Role::Developer, Role::Viewer]);
        assert_eq!(roles(&["A", ""]), []);
    }
}
