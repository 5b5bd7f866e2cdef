//! What a verdict from memory takes besides its checks.

use sallyport::{key::Ask, testing::TestStore};

use crate::node::{Node, client};

sallyport::on_both_databases!(what_waits_for_a_verdict_is_small);

/// Bytes of the future. It is copied for each request, with what only look-ups, signatures and Redis need, unless that is boxed.
const MOST: usize = 2_048;

async fn what_waits_for_a_verdict_is_small(store: &TestStore) {
    let node = Node::start(store.store.clone()).await;
    let (ask, client) = (Ask::default(), client());
    let size = size_of_val(&node.verifier.judge(None, &ask, &client));
    assert!(size <= MOST, "{size}");
}
