//! Individual requests of keys: listed newest first, by pages and filters, and deleted when they are old or too many.

use std::time::Duration;

use sallyport::{
    Timestamp,
    id::{KeyId, OrgId, RequestId},
    key::Verdict,
    store::{KeyRequest, KeyRequestFilter, REQUESTS_KEPT, RequestResult},
    testing::{SeededEntropy, TestStore},
};

sallyport::on_both_databases!(
    requests_are_listed_newest_first,
    filters_narrow_the_list,
    a_request_is_written_once,
    requests_are_deleted_when_old_or_too_many,
);

fn key(n: u64) -> KeyId {
    KeyId::mint(&SeededEntropy::new(n))
}

fn request(key: &KeyId, at: Timestamp, verdict: Verdict) -> KeyRequest {
    KeyRequest {
        key_id: key.clone(),
        org_id: OrgId::mint("Focus", &SeededEntropy::new(1)),
        at,
        request_id: RequestId::mint(&SeededEntropy::new(at.micros().unsigned_abs())),
        verdict,
        scope: "read".to_owned(),
        method: Some("GET".to_owned()),
        path: Some("/v2/sessions".to_owned()),
        address: Some("203.0.113.9".to_owned()),
        user_agent: None,
        left_out: 0,
    }
}

fn all(key: &KeyId, now: Timestamp, n: u32) -> Vec<KeyRequest> {
    (0..n).map(|n| request(key, now + Duration::from_secs(n.into()), Verdict::Valid)).collect()
}

async fn listed(store: &TestStore, key: &KeyId, filter: KeyRequestFilter) -> Vec<KeyRequest> {
    store.key_requests(key, &filter).await.expect("read").requests
}

async fn requests_are_listed_newest_first(store: &TestStore) {
    let (one, other) = (key(1), key(2));
    let written = all(&one, store.now(), 5);
    store.record_requests(&written).await.expect("written");
    store.record_requests(&all(&other, store.now(), 1)).await.expect("written");
    let newest_first: Vec<_> = written.iter().rev().cloned().collect();
    let limited = KeyRequestFilter { limit: Some(2), ..KeyRequestFilter::default() };
    let first = store.key_requests(&one, &limited).await.expect("read");
    assert_eq!((first.requests.as_slice(), first.newer.is_none()), (&newest_first[..2], true));
    let second = KeyRequestFilter { before: first.older, ..limited.clone() };
    let second = store.key_requests(&one, &second).await.expect("read");
    assert_eq!(second.requests, newest_first[2..4]);
    let third = KeyRequestFilter { before: second.older, ..limited.clone() };
    let third = store.key_requests(&one, &third).await.expect("read");
    assert_eq!((third.requests.as_slice(), third.older.is_none()), (&newest_first[4..], true));
    let back = KeyRequestFilter { after: third.newer, ..limited };
    assert_eq!(listed(store, &one, back).await, newest_first[2..4]);
}

async fn filters_narrow_the_list(store: &TestStore) {
    let key = key(1);
    let mut written = all(&key, store.now(), 3);
    written[1] = KeyRequest { address: Some("198.51.100.7".to_owned()), ..written[1].clone() };
    written[2] = KeyRequest { verdict: Verdict::Paused, method: Some("DELETE".to_owned()), ..written[2].clone() };
    store.record_requests(&written).await.expect("written");
    let with = |change: fn(&mut KeyRequestFilter)| {
        let mut filter = KeyRequestFilter::default();
        change(&mut filter);
        filter
    };
    for (filter, expected) in [
        (with(|filter| filter.result = RequestResult::Accepted), vec![1, 0]),
        (with(|filter| filter.result = RequestResult::Refused), vec![2]),
        (with(|filter| filter.result = RequestResult::Of(Verdict::Revoked)), vec![]),
        (with(|filter| filter.method = "DELETE".to_owned()), vec![2]),
        (with(|filter| filter.address = "198.51.100.7".to_owned()), vec![1]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|place: usize| written[place].clone()).collect();
        assert_eq!(listed(store, &key, filter).await, expected);
    }
}

async fn a_request_is_written_once(store: &TestStore) {
    let written = all(&key(1), store.now(), 2);
    for _ in 0..2 {
        store.record_requests(&written).await.expect("written, or there");
    }
    assert_eq!(listed(store, &key(1), KeyRequestFilter::default()).await.len(), 2);
}

async fn requests_are_deleted_when_old_or_too_many(store: &TestStore) {
    let key = key(1);
    store.record_requests(&all(&key, store.now() - REQUESTS_KEPT - Duration::from_secs(60), 2)).await.expect("written");
    store.record_requests(&all(&key, store.now(), 1_200)).await.expect("written");
    assert_eq!(store.delete_old_requests(2_000).await.expect("deleted"), 2);
    assert_eq!(store.delete_old_requests(3).await.expect("deleted"), 1_197);
    let newest = listed(store, &key, KeyRequestFilter::default()).await;
    assert_eq!(newest.iter().map(|one| one.at.since(store.now()).as_secs()).collect::<Vec<_>>(), [1_199, 1_198, 1_197]);
}
