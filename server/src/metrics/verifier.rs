//! Verdicts, the cache, and what this node heard of revocations.

use sallyport::{
    metrics::{Kind, Text},
    verifier::{Verifier, measures::Measured},
};

pub(super) fn write(verifier: &Verifier, text: &mut Text) {
    let Measured { verdicts, hits, look_ups, reads } = verifier.measured();
    let help = "How long it took to judge a key, by the code of the verdict; unavailable: it could not be judged.";
    text.begin("sallyport_verification_duration_seconds", Kind::Histogram, help);
    for (code, took) in &verdicts {
        text.histogram(&[("code", code)], took);
    }
    text.begin("sallyport_cache_hits_total", Kind::Counter, "Keys and root tokens that were found in memory.");
    for (kind, n) in hits {
        text.sample(&[("kind", kind.as_str())], n);
    }
    let help = "Keys and root tokens that were not found in memory, by what came of it.";
    text.begin("sallyport_lookups_total", Kind::Counter, help);
    for (kind, outcome, n) in look_ups {
        text.sample(&[("kind", kind.as_str()), ("outcome", outcome.as_str())], n);
    }
    let help = "How long the database took to answer such a look-up.";
    text.begin("sallyport_lookup_duration_seconds", Kind::Histogram, help).histogram(&[], &reads);

    let (revision, left) = verifier.lease();
    let age = verifier.lag();
    let help = "How long ago the database last answered about revocations. Absent if it never did.";
    let age = (age != std::time::Duration::MAX).then_some(age.as_secs_f64());
    text.begin("sallyport_lease_age_seconds", Kind::Gauge, help);
    if let Some(age) = age {
        text.sample(&[], age);
    }
    let help = "How long this node judges keys without hearing of revocations; 0: it refuses all.";
    text.single("sallyport_lease_remaining_seconds", Kind::Gauge, help, left.as_secs_f64());
    let help = "The last change that this node applied.";
    text.single("sallyport_applied_revision", Kind::Gauge, help, revision);
    let store = verifier.store();
    let uncounted = store.now().since(verifier.counted_until()).as_secs_f64();
    let help = "Since when uses of keys were counted in memory only.";
    text.single("sallyport_usage_unwritten_seconds", Kind::Gauge, help, uncounted);

    let measured = store.measured();
    let help = "From the commit of a revocation until every node refused the key.";
    text.begin("sallyport_revocation_duration_seconds", Kind::Histogram, help).histogram(&[], &measured.revocations);
    let help = "How long queries waited for a connection; write: until the transaction had begun.";
    text.begin("sallyport_db_pool_wait_duration_seconds", Kind::Histogram, help);
    for pool in &measured.pools {
        text.histogram(&[("pool", pool.name)], &pool.waits);
    }
    text.begin("sallyport_db_pool_connections", Kind::Gauge, "Connections that are in use.");
    for pool in &measured.pools {
        text.sample(&[("pool", pool.name)], pool.in_use);
    }
    text.begin("sallyport_db_pool_connections_max", Kind::Gauge, "Connections that there may be.");
    for pool in &measured.pools {
        text.sample(&[("pool", pool.name)], pool.most);
    }
}
