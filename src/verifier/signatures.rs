//! Checks that a request is signed as its key requires, and for the first time.

use crate::{
    Result, Timestamp,
    key::{Ask, KeyRecord, Verdict},
    signature::{Checked, Proof},
};

use super::{
    CachedKey, Verifier,
    shared_state::{Claim, SeenSignatures},
};

impl Verifier {
    /// The last check before the limits. A signature is checked even if it is not required. It is held until the
    /// verdict is final; `None` if there is none. An error means that no decision is possible.
    pub(super) async fn signature<'a>(
        &'a self,
        ask: &Ask<'_>,
        key: &'a CachedKey,
        now: Timestamp,
    ) -> Result<Result<Option<Claim<'a, impl SeenSignatures + 'a>>, Verdict>> {
        let proof = match self.proof(ask, key, now).await? {
            Ok(Some(proof)) => proof,
            Ok(None) => return Ok(Ok(None)),
            Err(refused) => return Ok(Err(refused)),
        };
        let (org, key) = (&key.record.owner.org_id, &key.record.key_id);
        let claimed = Box::pin(Claim::of(self.signatures(), proof, org, key, now)).await?;
        Ok(claimed.map(Some).map_err(|_| Verdict::Replayed))
    }

    /// The proof of a valid signature; `None` if the request is not signed and need not be.
    pub(super) async fn proof(
        &self,
        ask: &Ask<'_>,
        key: &CachedKey,
        now: Timestamp,
    ) -> Result<Result<Option<Proof>, Verdict>> {
        let Some(signed) = ask.signed else {
            return Ok(if must_sign(&key.record) { Err(Verdict::SignatureRequired) } else { Ok(None) });
        };
        let sealed = match key.signing.get() {
            Some(sealed) => sealed,
            // Concurrent requests load the same. A rotation in the meantime is detected by the cache's generation.
            None => {
                let fetched = Box::pin(self.store.signing_secrets(&key.record.key_id)).await?;
                self.freshness.check()?;
                key.signing.get_or_init(|| Box::new(fetched))
            }
        };
        let Some(sealed) = sealed else { return Ok(Err(Verdict::BadSignature)) };
        let secrets = self.store.open_signing(sealed, now)?;
        Ok(match signed.check(&secrets, now) {
            Checked::Good(proof) => Ok(Some(proof)),
            Checked::Wrong { .. } | Checked::OutOfTime { .. } | Checked::Malformed(_) => Err(Verdict::BadSignature),
        })
    }
}

fn must_sign(key: &KeyRecord) -> bool {
    key.restrictions().is_some_and(|own| own.require_signed)
}
