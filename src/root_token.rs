//! Root tokens: how a backend calls the API.

use serde::Serialize;

use crate::{
    Entropy, Timestamp,
    id::{OrgId, TokenId},
    key::secret::{Checked, PlainSecret},
};

/// What a root token begins with.
pub const PREFIX: &str = "sp_root_";

/// Mints the text of one.
pub fn mint(entropy: &dyn Entropy) -> PlainSecret {
    PlainSecret::mint(PREFIX, entropy)
}

/// Takes what is written like one and whose checksum holds.
pub fn parse(text: &str) -> Option<Checked<'_>> {
    Checked::parse(PREFIX, text)
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RootToken {
    #[serde(rename = "token_id")]
    pub id: TokenId,
    pub name: String,
    /// May use the management endpoints too.
    pub manage: bool,
    /// Sees this organization alone.
    pub org_id: Option<OrgId>,
    /// Enough of it to tell it from others: `sp_root_7Hq2…x9Ka`.
    pub shown: String,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}
