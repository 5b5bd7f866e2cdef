//! Refused requests that differ only in when they came and from where, together.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use sallyport::{
    Timestamp,
    decision::{Decision, KeptDecision},
};

/// Requests with the same key, method, path and reason.
#[derive(Clone, Debug)]
pub(super) struct Repeats {
    pub newest: Arc<Decision>,
    /// When the oldest of them came that is kept.
    pub first: Timestamp,
    /// With those that were only counted.
    pub times: u64,
    /// How many were only counted.
    pub left_out: u64,
    /// Each once, of the newest first.
    pub addresses: Vec<IpAddr>,
}

/// Of a list that is complete and has the newest first; so has the result.
pub(super) fn folded(kept: Vec<KeptDecision>) -> Vec<Repeats> {
    let mut rows: Vec<Repeats> = Vec::new();
    let mut known = HashMap::new();
    for KeptDecision { decision, left_out, .. } in kept {
        let asked = &decision.asked;
        let kind = (decision.key.key_id.clone(), decision.verdict.code(), asked.method.clone(), asked.path.clone());
        let at = *known.entry(kind).or_insert(rows.len());
        match rows.get_mut(at) {
            Some(row) => {
                row.first = decision.at;
                row.times += 1 + left_out;
                row.left_out += left_out;
                if let Some(ip) = asked.ip.filter(|ip| !row.addresses.contains(ip)) {
                    row.addresses.push(ip);
                }
            }
            None => {
                let (first, addresses) = (decision.at, asked.ip.into_iter().collect());
                rows.push(Repeats { newest: decision, first, times: 1 + left_out, left_out, addresses });
            }
        }
    }
    rows
}
