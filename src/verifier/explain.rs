//! Records why a request was refused, for the members of the key's organization.

use crate::{
    Timestamp,
    decision::Decision,
    key::{Ask, Verdict},
    request::Client,
};

use super::{CachedKey, Charged, Verifier};

impl Verifier {
    pub(super) fn explain(
        &self,
        refused: Verdict,
        key: &CachedKey,
        charged: Option<Charged>,
        now: Timestamp,
        ask: &Ask<'_>,
        client: &Client,
    ) {
        let key = &key.record;
        if self.decisions.admits(&key.owner.org_id, &key.key_id, refused, now) {
            let id = client.request_id.clone();
            let decision = Decision::new(id, refused, ask, key, self.store.profile(), now);
            self.decisions.keep(Decision { rate: charged.map(|charged| charged.rate), ..decision });
        }
    }
}
