//! Links to reset passwords (OWASP: Forgot Password Cheat Sheet): sent by mail, or made by an
//! operator; single use, valid for half an hour.

use std::time::Duration;

use crate::{
    id::ResetId,
    link::{self, Purpose},
    vault::Vault,
};

/// How long a link is valid.
pub const VALID: Duration = Duration::from_secs(30 * 60);

/// A reset has one link: another is another reset.
const GENERATION: u32 = 1;

/// The address of a reset in the portal at this URL.
pub fn url(vault: &Vault, public_url: &str, reset: &ResetId) -> String {
    let token = link::token(vault, Purpose::PasswordReset, reset.as_str(), GENERATION);
    format!("{public_url}/reset/{token}")
}

/// The reset of a genuine token. It may have ended.
pub fn of_token(vault: &Vault, token: &str) -> Option<ResetId> {
    let id = ResetId::parse(link::id(token)?)?;
    link::is_token(vault, Purpose::PasswordReset, id.as_str(), GENERATION, token).then_some(id)
}
