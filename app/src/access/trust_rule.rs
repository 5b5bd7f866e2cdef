//! Trust rules of apps, for those who set the rules for keys.

use sallyport::{id::TrustRuleId, member::Permission, store::Store, trust_rule::TrustRule};

use super::{AppAccess, SessionCookie};
use crate::error::PageError;

#[derive(Clone, Debug)]
pub struct TrustRuleAccess {
    pub within: AppAccess,
    pub rule: TrustRule,
}

impl TrustRuleAccess {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &TrustRuleId) -> Result<Self, PageError> {
        let rule = store.trust_rule(id).await?;
        let Some(rule) = rule else {
            // Who is not signed in learns nothing of which rules there are.
            cookie.settled(store).await?;
            return Err(PageError::NotFound);
        };
        let within = AppAccess::found(cookie, store, &rule.app_id).await?;
        within.org().needs(Permission::GovernKeys)?;
        Ok(Self { within, rule })
    }
}
