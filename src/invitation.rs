//! Invitations: a link by which the person with an e-mail address gets a role at a place, once.

use std::time::Duration;

use crate::{
    Invalid, Timestamp,
    id::{InvitationId, OrgId},
    link::{self, Purpose},
    member::Role,
    place::PlaceKind,
    text,
    user::{User, check_email},
    vault::Vault,
};

/// How long a link is valid.
pub const VALID: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The most addresses that one form invites.
pub const AT_ONCE: usize = 20;

/// An invitation that was neither accepted nor revoked. It may have expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub org_id: OrgId,
    pub kind: PlaceKind,
    pub place_id: String,
    pub place_name: String,
    pub role: Role,
    pub email: String,
    pub message: String,
    /// The id of the person or the root token that sent it last.
    pub invited_by: String,
    /// Its name; empty if it is gone.
    pub inviter_name: String,
    /// A resent one has a new link, which ends the one before.
    pub generation: u32,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// Its link was shown to the person who invites.
    pub handed_over: bool,
    /// Whether the organization is suspended: nobody can join it then.
    pub suspended: bool,
}

impl Invitation {
    /// Whether who opens its link, which was sent by mail, shows for the first time that this account's address is theirs.
    pub fn proves_address_of(&self, user: &User) -> bool {
        user.unverified && !self.handed_over
    }

    /// The address of its link in the portal at this URL.
    pub fn url(&self, vault: &Vault, public_url: &str) -> String {
        url(vault, public_url, &self.id, self.generation)
    }
}

/// The address of the link with this generation in the portal at this URL.
pub fn url(vault: &Vault, public_url: &str, id: &InvitationId, generation: u32) -> String {
    let token = link::token(vault, Purpose::Invitation, id.as_str(), generation);
    format!("{public_url}/invitations/{token}")
}

/// The id in a token. It proves nothing: see [`is_token`].
pub fn id_of(token: &str) -> Option<InvitationId> {
    InvitationId::parse(link::id(token)?)
}

/// Whether this is the token of an invitation's link.
pub fn is_token(vault: &Vault, id: &InvitationId, generation: u32, token: &str) -> bool {
    link::is_token(vault, Purpose::Invitation, id.as_str(), generation, token)
}

/// Whom to invite to a place, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvitations {
    pub emails: Vec<String>,
    pub role: Role,
    pub message: String,
    /// The links are shown to the person who invites, because mail is off: who opens one has not shown that the address
    /// is theirs.
    pub handed_over: bool,
}

impl NewInvitations {
    /// Validates what was asked for.
    pub fn check<'a>(
        kind: PlaceKind,
        emails: impl IntoIterator<Item = &'a str>,
        role: &str,
        message: &str,
    ) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let emails = invalid.take(check_emails(emails.into_iter()));
        let role = Role::parse(role).filter(|role| role.is_granted_at(kind));
        if role.is_none() {
            invalid.push("role", "Choose a role.");
        }
        let message = invalid.take(text::optional_line("message", message, 300));
        invalid.or(Self { emails, role: role.unwrap_or(Role::Viewer), message, handed_over: false })
    }
}

/// The addresses of a form, separated by commas, semicolons or white space.
pub fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let split = |character: char| character == ',' || character == ';' || character.is_whitespace();
    text.split(split).filter(|address| !address.is_empty())
}

fn check_emails<'a>(emails: impl Iterator<Item = &'a str>) -> Result<Vec<String>, Invalid> {
    let refused = |message: String| Invalid::field("emails", message);
    let too_many = |n: usize| refused(format!("Invite at most {AT_ONCE} people at once; these are {n}."));
    let mut checked: Vec<String> = Vec::new();
    for (at, email) in emails.enumerate() {
        if at == 10 * AT_ONCE {
            // A form could hold thousands, each compared with the others.
            return Err(too_many(at));
        }
        let email = check_email(email).map_err(|_| {
            refused(format!("{} is not an e-mail address. Write it like ada@example.com.", text::shown_again(email)))
        })?;
        if !checked.contains(&email) {
            checked.push(email);
        }
    }
    match checked.len() {
        0 => Err(refused("Enter at least one e-mail address.".to_owned())),
        n if n > AT_ONCE => Err(too_many(n)),
        _ => Ok(checked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emails(text: &str) -> Result<Vec<String>, String> {
        let checked = NewInvitations::check(PlaceKind::Org, addresses(text), "member", "");
        checked.map(|new| new.emails).map_err(|Invalid(errors)| {
            assert!(errors.iter().all(|error| error.field == "emails"), "{errors:?}");
            errors[0].message.clone()
        })
    }

    #[test]
    fn addresses_are_separated_in_the_usual_ways_and_invited_once() {
        let text = "Eve@Example.com, noor@example.com;sam@example.com\r\n  eve@example.com ";
        assert_eq!(emails(text).expect("good"), ["eve@example.com", "noor@example.com", "sam@example.com"]);
        assert_eq!(emails(" , ").expect_err("none"), "Enter at least one e-mail address.");
        assert!(emails("eve@example.com, noor").expect_err("no address").starts_with("noor is not"));
        let many = |n: usize| (0..n).map(|at| format!("p{at}@example.com ")).collect::<String>();
        assert_eq!(emails(&many(AT_ONCE)).map(|emails| emails.len()), Ok(AT_ONCE));
        assert!(emails(&many(AT_ONCE + 1)).is_err());
    }

    #[test]
    fn a_role_belongs_to_the_level() {
        for (kind, role, is_good) in [
            (PlaceKind::Org, "owner", true),
            (PlaceKind::Project, "developer", true),
            (PlaceKind::Project, "tenant_admin", false),
            (PlaceKind::Tenant, "", false),
        ] {
            let checked = NewInvitations::check(kind, ["eve@example.com"], role, "");
            assert_eq!(checked.is_ok(), is_good, "{kind:?} {role}");
        }
    }
}
