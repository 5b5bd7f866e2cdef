//! What the portal's own secrets begin with: no API key begins like one, and none is shown in a path.

use crate::{device, key::SigningSecret, personal_token, root_token};

/// Each prefix, and what begins with it.
pub const RESERVED_PREFIXES: [(&str, &str); 6] = [
    (root_token::PREFIX, "root tokens"),
    (personal_token::PREFIX, "personal tokens"),
    (personal_token::REFRESH_PREFIX, "refresh tokens"),
    (device::PREFIX, "device codes"),
    (SigningSecret::PREFIX, "signing secrets"),
    // Of Standard Webhooks.
    ("whsec_", "webhook secrets"),
];
