//! Uses and refusals of keys, collected in memory and written every few seconds.

use std::{
    collections::HashMap,
    mem,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    Timestamp,
    id::{KeyId, OrgId, RequestId},
    key::Verdict,
    request::Client,
    store::{Refused, Used},
};

use super::CachedKey;

/// The first refusal of a kind is recorded at once, later ones together: a flood must not fill the log.
const TOLD_EVERY: Duration = Duration::from_secs(10 * 60);
/// The maximum number of kinds of refusals in memory; beyond it they are only counted.
const KINDS: usize = 10_000;
/// The maximum of one organization: a flood on its keys must not displace the refusals of others.
const KINDS_OF_ORG: usize = 1_000;

#[derive(Default)]
pub struct Usage(Mutex<Gathered>);

#[derive(Default)]
struct Gathered {
    used: Vec<FirstSeen>,
    refused: HashMap<Name, Kind>,
    /// The number of kinds of each organization.
    of_org: HashMap<OrgId, usize>,
}

impl Gathered {
    /// Whether there is room for another kind of that organization.
    fn has_room(&self, org: &OrgId) -> bool {
        self.refused.len() < KINDS && self.of_org.get(org).is_none_or(|kinds| *kinds < KINDS_OF_ORG)
    }

    fn insert(&mut self, kind: Kind) {
        let org = kind.key.record.owner.org_id.clone();
        if self.refused.insert(kind.name(), kind).is_none() {
            *self.of_org.entry(org).or_default() += 1;
        }
    }
}

/// An accepted key, and the address of its first use.
struct FirstSeen {
    key: Arc<CachedKey>,
    address: Option<IpAddr>,
    user_agent: Option<String>,
}

impl FirstSeen {
    /// How many rows it is written as. Only a first use has an address.
    fn rows(&self) -> usize {
        if self.address.is_some() { 2 } else { 1 }
    }
}

/// The key, the reason, and whether the request was refused for it or only recorded.
type Name = (KeyId, Verdict, bool);

/// Refusals of one key for one reason.
#[derive(Clone)]
struct Kind {
    key: Arc<CachedKey>,
    verdict: Verdict,
    passed: bool,
    times: u64,
    told_at: Option<Timestamp>,
    address: Option<IpAddr>,
    user_agent: Option<String>,
    /// The address of the client, as the caller reported it.
    ip: Option<IpAddr>,
    request_id: RequestId,
}

impl Kind {
    fn name(&self) -> Name {
        (self.key.record.key_id.clone(), self.verdict, self.passed)
    }
}

impl Usage {
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks once for each key and flush, not for each request.
    pub fn used(&self, key: &Arc<CachedKey>, now: Timestamp, client: &Client) {
        let Some(first) = key.last_used.note(now) else { return };
        let address = first.then_some(client.ip);
        let user_agent = if first { client.user_agent.clone() } else { None };
        self.lock().used.push(FirstSeen { key: Arc::clone(key), address, user_agent });
    }

    pub fn refused(&self, key: &Arc<CachedKey>, verdict: Verdict, ip: Option<IpAddr>, client: &Client) {
        self.gather(key, verdict, false, ip, client);
    }

    /// The request was accepted, because this check only monitors.
    pub fn would_be_refused(&self, key: &Arc<CachedKey>, verdict: Verdict, ip: Option<IpAddr>, client: &Client) {
        self.gather(key, verdict, true, ip, client);
    }

    fn gather(&self, key: &Arc<CachedKey>, verdict: Verdict, passed: bool, ip: Option<IpAddr>, client: &Client) {
        let mut gathered = self.lock();
        let name = (key.record.key_id.clone(), verdict, passed);
        if !gathered.refused.contains_key(&name) {
            if !gathered.has_room(&key.record.owner.org_id) {
                return;
            }
            gathered.insert(Kind {
                key: Arc::clone(key),
                verdict,
                passed,
                times: 0,
                told_at: None,
                address: None,
                user_agent: None,
                ip: None,
                request_id: client.request_id.clone(),
            });
        }
        let Some(kind) = gathered.refused.get_mut(&name) else { return };
        if kind.times == 0 {
            kind.address = Some(client.ip);
            kind.user_agent.clone_from(&client.user_agent);
            kind.ip = ip.map(|ip| ip.to_canonical());
            kind.request_id = client.request_id.clone();
        }
        kind.times += 1;
    }

    /// What is to be written now.
    pub fn take(&self, now: Timestamp) -> Batch {
        let mut guard = self.lock();
        let gathered = &mut *guard;
        let used = mem::take(&mut gathered.used);
        let mut refused = Vec::new();
        let of_org = &mut gathered.of_org;
        gathered.refused.retain(|_, kind| {
            if kind.told_at.is_some_and(|at| now.since(at) < TOLD_EVERY) {
                return true;
            }
            if kind.times == 0 {
                if let Some(kinds) = of_org.get_mut(&kind.key.record.owner.org_id) {
                    *kinds = kinds.saturating_sub(1);
                }
                return false;
            }
            refused.push(kind.clone());
            kind.times = 0;
            kind.told_at = Some(now);
            true
        });
        of_org.retain(|_, kinds| *kinds > 0);
        drop(guard);
        for one in &used {
            // Before the time is read: a use in between is collected again.
            one.key.last_used.take();
        }
        Batch { used, refused }
    }

    /// Collects a batch again after a failed write, for the next one.
    pub fn put_back(&self, batch: Batch) {
        let mut gathered = self.lock();
        for used in batch.used {
            // If it was used again it is waiting already, but the details of a first use are here.
            if used.key.last_used.put_back() || used.address.is_some() {
                gathered.used.push(used);
            }
        }
        for mut kind in batch.refused {
            kind.times += gathered.refused.get(&kind.name()).map_or(0, |since| since.times);
            kind.told_at = None;
            gathered.insert(kind);
        }
    }
}

/// A batch to be written.
pub struct Batch {
    used: Vec<FirstSeen>,
    refused: Vec<Kind>,
}

impl Batch {
    /// Splits off up to this many rows, if any are left: a use is one row, a first use has an event too, and a
    /// refusal is an event.
    pub fn part(&mut self, rows: usize) -> Option<Self> {
        let mut left = rows;
        let mut used = Vec::new();
        while let Some(last) = self.used.last()
            && last.rows() <= left
        {
            left -= last.rows();
            used.extend(self.used.pop());
        }
        let refused = self.refused.split_off(self.refused.len().saturating_sub(left));
        (!used.is_empty() || !refused.is_empty()).then_some(Self { used, refused })
    }

    pub fn used(&self) -> Vec<Used<CachedKey>> {
        let used = self.used.iter().map(|used| Used {
            key: Arc::clone(&used.key),
            at: used.key.last_used.at(),
            address: used.address,
            user_agent: used.user_agent.clone(),
        });
        used.collect()
    }

    pub fn refused(&self) -> Vec<Refused<CachedKey>> {
        let refused = self.refused.iter().map(|kind| Refused {
            key: Arc::clone(&kind.key),
            verdict: kind.verdict,
            passed: kind.passed,
            times: kind.times,
            address: kind.address,
            user_agent: kind.user_agent.clone(),
            ip: kind.ip,
            request_id: kind.request_id.clone(),
        });
        refused.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::record::KeyHolder,
        store::StoredKey,
        testing::{SeededEntropy, key_record},
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn client() -> Client {
        Client {
            ip: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            peer: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            proxied: false,
            user_agent: None,
            request_id: RequestId::mint(&SeededEntropy::new(1)),
        }
    }

    fn keys(org: &OrgId, entropy: &SeededEntropy, count: usize) -> Vec<Arc<CachedKey>> {
        let records = (0..count).map(|_| {
            let mut record = key_record();
            record.owner = Arc::new(KeyHolder { org_id: org.clone(), ..(*record.owner).clone() });
            record.key_id = KeyId::mint(entropy);
            Arc::new(CachedKey::from(StoredKey { record, last_used_at: None }))
        });
        records.collect()
    }

    fn refused_of(batch: &Batch, org: &OrgId) -> usize {
        batch.refused.iter().filter(|kind| kind.key.record.owner.org_id == *org).count()
    }

    #[test]
    fn a_flood_on_one_organization_does_not_push_out_another() {
        let (usage, entropy) = (Usage::default(), SeededEntropy::new(2));
        let (loud, quiet) = (OrgId::mint("Loud", &entropy), OrgId::mint("Quiet", &entropy));
        let flood = keys(&loud, &entropy, KINDS_OF_ORG + 50);
        for key in &flood {
            usage.refused(key, Verdict::Expired, None, &client());
        }
        let one = keys(&quiet, &entropy, 1);
        usage.refused(&one[0], Verdict::Expired, None, &client());
        let batch = usage.take(NOW);
        assert_eq!(refused_of(&batch, &loud), KINDS_OF_ORG);
        assert_eq!(refused_of(&batch, &quiet), 1);
        // A failed batch takes no more room than before.
        usage.put_back(batch);
        for key in &flood {
            usage.refused(key, Verdict::Expired, None, &client());
        }
        let batch = usage.take(NOW);
        assert_eq!(refused_of(&batch, &loud), KINDS_OF_ORG);
        assert!(batch.refused.iter().filter(|kind| kind.key.record.owner.org_id == loud).all(|kind| kind.times == 2));
    }

    #[test]
    fn all_of_a_batch_comes_in_parts() {
        let (usage, entropy) = (Usage::default(), SeededEntropy::new(5));
        let keys = keys(&OrgId::mint("Focus", &entropy), &entropy, 25);
        for key in &keys {
            usage.used(key, NOW, &client());
        }
        for key in &keys[..5] {
            usage.refused(key, Verdict::Expired, None, &client());
        }
        let mut batch = usage.take(NOW);
        let parts: Vec<_> = std::iter::from_fn(|| batch.part(10)).collect();
        let sizes: Vec<_> = parts.iter().map(|part| (part.used.len(), part.refused.len())).collect();
        // Each of these first uses is a row and an event.
        assert_eq!(sizes, [(5, 0), (5, 0), (5, 0), (5, 0), (5, 0), (0, 5)]);
        let used: std::collections::HashSet<_> =
            parts.iter().flat_map(Batch::used).map(|used| used.key.record.key_id.clone()).collect();
        assert_eq!(used.len(), keys.len());
    }

    /// The event contains the address of the first use, even if writing failed and the key was used again.
    #[test]
    fn a_first_use_that_was_put_back_keeps_its_address() {
        let (usage, entropy) = (Usage::default(), SeededEntropy::new(6));
        let keys = keys(&OrgId::mint("Focus", &entropy), &entropy, 1);
        usage.used(&keys[0], NOW, &client());
        for again in 1..4 {
            let batch = usage.take(NOW);
            usage.used(&keys[0], NOW + Duration::from_secs(again), &client());
            usage.put_back(batch);
            let gathered = usage.lock().used.iter().map(|used| used.address.is_some()).collect::<Vec<_>>();
            assert!(gathered.len() <= 2 && gathered.contains(&true), "{gathered:?}");
        }
    }

    #[test]
    fn room_comes_back_when_the_flood_is_over() {
        let (usage, entropy) = (Usage::default(), SeededEntropy::new(3));
        let org = OrgId::mint("Loud", &entropy);
        for key in keys(&org, &entropy, KINDS_OF_ORG) {
            usage.refused(&key, Verdict::Revoked, None, &client());
        }
        assert_eq!(usage.take(NOW).refused.len(), KINDS_OF_ORG);
        let late = keys(&org, &entropy, 1);
        usage.refused(&late[0], Verdict::Revoked, None, &client());
        assert!(usage.take(NOW).refused.is_empty(), "there was no room");
        assert!(usage.take(NOW + TOLD_EVERY).refused.is_empty(), "the old ones are told and forgotten");
        assert!(usage.lock().refused.is_empty() && usage.lock().of_org.is_empty());
        usage.refused(&late[0], Verdict::Revoked, None, &client());
        assert_eq!(usage.take(NOW + TOLD_EVERY).refused.len(), 1);
    }

    #[test]
    fn all_organizations_together_are_bounded() {
        let (usage, entropy) = (Usage::default(), SeededEntropy::new(4));
        for _ in 0..=KINDS / KINDS_OF_ORG {
            let org = OrgId::mint("One of many", &entropy);
            for key in keys(&org, &entropy, KINDS_OF_ORG) {
                usage.refused(&key, Verdict::Expired, None, &client());
            }
        }
        assert_eq!(usage.take(NOW).refused.len(), KINDS);
    }
}
