//! Signatures in Redis: each is claimed once.

use std::time::Duration;

use redis::{ScriptInvocation, Value};

use super::{
    client::{Away, Redis},
    names::Part,
    settings::WithoutRedis,
};
use crate::{id::KeyId, signature::Proof};

/// A signature is remembered for this much longer than it is valid, for clocks that differ.
const LONGER: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureClaim {
    Claimed,
    Seen,
    /// It was made before signatures were remembered.
    Forgotten,
}

impl Redis {
    /// What is done with signed requests while Redis can't remember them.
    pub fn without(&self) -> WithoutRedis {
        self.settings().signatures
    }

    /// Uses up a signature, under a number by which this process can return it.
    pub async fn claim(&self, proof: &Proof, key: &KeyId, claim: u64) -> Result<SignatureClaim, Away> {
        self.ask(proof, key, Some(claim)).await
    }

    /// What `claim` would return.
    pub async fn is_claimed(&self, proof: &Proof, key: &KeyId) -> Result<SignatureClaim, Away> {
        self.ask(proof, key, None).await
    }

    async fn ask(&self, proof: &Proof, key: &KeyId, claim: Option<u64>) -> Result<SignatureClaim, Away> {
        if !self.keeps_signatures() {
            return Err(Away);
        }
        let (part, name) = self.name(proof, key);
        let kept_until = proof.ends() + LONGER;
        let answer = self.call_in(part, &self.scripts().claim, |call: &mut ScriptInvocation<'_>| {
            call.key(name).arg(proof.signed_at.micros()).arg(kept_until.micros());
            match claim {
                Some(number) => call.arg(self.process()).arg(number),
                None => call.arg("").arg(""),
            };
        });
        match answer.await? {
            Value::Int(1) => Ok(SignatureClaim::Claimed),
            Value::Int(0) => Ok(SignatureClaim::Seen),
            Value::Int(2) => Ok(SignatureClaim::Forgotten),
            _ => Err(Away),
        }
    }

    /// Returns a signature that was used up for nothing, in the background.
    pub fn release(&self, proof: &Proof, key: &KeyId, claim: u64) {
        if !self.is_there() {
            return;
        }
        let (redis, (_, name)) = (self.clone(), self.name(proof, key));
        tokio::spawn(async move {
            let script = &redis.scripts().release;
            let mut call = script.prepare_invoke();
            call.key(name).arg(format!("{}:{claim}", redis.process()));
            redis.call_everywhere(call).await;
        });
    }

    fn name(&self, proof: &Proof, key: &KeyId) -> (Part, String) {
        let of = [key.as_str().as_bytes(), &proof.signature];
        let part = self.names().part(&of);
        (part, self.names().key(part, "signature", &of))
    }
}
