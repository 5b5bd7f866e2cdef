//! What the portal's own secrets begin with: no API key begins like one, and none is shown in a path.

use crate::{device, key::SigningSecret, personal_token, root_token, service_account};

/// Each prefix, and what begins with it.
pub const RESERVED_PREFIXES: [(&str, &str); 7] = [
    (root_token::PREFIX, "root tokens"),
    (personal_token::PREFIX, "personal tokens"),
    (personal_token::REFRESH_PREFIX, "refresh tokens"),
    (service_account::PREFIX, "tokens of service accounts"),
    (device::PREFIX, "device codes"),
    (SigningSecret::PREFIX, "signing secrets"),
    // Of Standard Webhooks.
    ("whsec_", "webhook secrets"),
];
