//! How many attempts of each kind are admitted.

use std::time::Duration;

/// A number of wrong attempts at once, then another after each interval.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub burst: u32,
    pub every: Duration,
}

impl Limit {
    pub const fn new(burst: u32, every: u64) -> Self {
        Self { burst, every: Duration::from_secs(every) }
    }

    /// The part of one of so many nodes.
    pub fn of_one_in(self, nodes: u32) -> Self {
        if nodes < 2 {
            self
        } else {
            Self { burst: (self.burst / nodes).max(1), every: self.every.saturating_mul(nodes) }
        }
    }
}

/// One unknown client and one account: a person who tries to remember.
pub(super) const PAIR: Limit = Limit::new(5, 60);
/// One address and any account: a household or an office, but no automated guessing.
pub(super) const ADDRESS: Limit = Limit::new(20, 30);
/// All unknown clients of one account. It recovers faster than a pair does, so that a single address can't use it up.
pub(super) const ACCOUNT: Limit = Limit::new(30, 20);
/// Codes of a second factor: three of a million are right at a time, so that guessing one takes years.
pub(super) const CODES: Limit = Limit::new(10, 5 * 60);
/// Links for one e-mail address, and asked for by one client: mail that nobody wants is a nuisance.
pub(super) const FORGOTTEN_ACCOUNT: Limit = Limit::new(3, 15 * 60);
pub(super) const FORGOTTEN_ADDRESS: Limit = Limit::new(10, 60);
/// Invitations from one organization, and to one e-mail address, from wherever.
pub(super) const INVITING: Limit = Limit::new(60, 60);
pub(super) const INVITED: Limit = Limit::new(5, 15 * 60);
/// Test events to one endpoint of a webhook, and to all endpoints of an organization.
pub(super) const TESTS_OF_ENDPOINT: Limit = Limit::new(20, 30);
pub(super) const TESTS_OF_ORG: Limit = Limit::new(60, 15);
/// Command lines that begin to sign in, from one address.
pub(super) const COMMAND_LINES: Limit = Limit::new(20, 30);
/// Reports of leaks without a signature: from one address, and from the network around it.
pub(super) const LEAKS_FROM_ADDRESS: Limit = Limit::new(20, 30);
pub(super) const LEAKS_FROM_NETWORK: Limit = Limit::new(60, 10);
/// All of them together: from networks that reported just now, and from others. However much a few networks report, there is
/// room for the report of somebody else.
pub(super) const LEAKS_AGAIN: Limit = Limit::new(300, 2);
pub(super) const LEAKS_OF_NEW: Limit = Limit::new(300, 2);
/// Signatures of reports that were wrong, from one network.
pub(super) const WRONG_SIGNATURES: Limit = Limit::new(20, 30);
/// Answers of issuers that let nobody in. Offices share an address.
pub(super) const SINGLE_SIGN_ON: Limit = Limit::new(30, 10);

/// ID tokens that were sent from one network and got no key. CI services share few addresses.
pub(super) const WRONG_ID_TOKENS: Limit = Limit::new(60, 5);
/// A browser that signed in to this account before, or is signed in now; or one with the link of an invitation.
pub(super) const KNOWN: Limit = Limit::new(10, 60);
