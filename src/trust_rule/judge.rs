//! Which rule trusts a token: a pure function.

use super::{IdToken, TrustRule, pattern};

impl TrustRule {
    pub fn is_paused(&self) -> bool {
        self.paused_at.is_some()
    }

    /// Whether it is about tokens like this one. That the token is what it says was checked before.
    pub fn trusts(&self, token: &IdToken) -> bool {
        !self.is_paused()
            && self.issuer == token.issuer
            && self.audience == token.audience
            && !self.claims.is_empty()
            && self
                .claims
                .iter()
                .all(|(name, text)| token.claim(name).is_some_and(|claim| pattern::matches(text, &claim)))
    }

    /// The scopes of a key that asks for these; for all of the rule's if it asks for none. `None` if it asks for more.
    pub fn scopes_for(&self, asked: &[&str]) -> Option<Vec<String>> {
        if asked.is_empty() {
            return Some(self.scopes.clone());
        }
        let has = |name: &&str| self.scopes.iter().any(|scope| scope == name);
        let chosen = || self.scopes.iter().filter(|scope| asked.contains(&scope.as_str())).cloned().collect();
        asked.iter().all(has).then(chosen)
    }
}
