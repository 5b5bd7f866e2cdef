//! What this node shares with others besides the database.

use sallyport::{
    over_redis::{Redis, RedisSettings},
    store::Store,
    verifier::freshness::elapsed,
};

/// Connects to Redis, if it is set.
pub(super) async fn over(store: &Store, settings: Option<RedisSettings>) -> Result<Option<Redis>, String> {
    let Some(settings) = settings else { return Ok(None) };
    if settings.is_readable_on_the_way() {
        tracing::warn!("Redis is asked in plain text; rediss:// encrypts it");
    }
    Redis::start(settings, store.clone(), elapsed()).await.map(Some)
}

/// Reads how many nodes there are, and says what several of them do without Redis.
pub(super) async fn say_if_alone(store: &Store, has_redis: bool) -> Result<(), String> {
    store.close_lapsed_nodes().await.map_err(|error| error.to_string())?;
    let nodes = store.live_nodes();
    if nodes.get() > 1 && !has_redis {
        tracing::warn!(
            %nodes,
            "several nodes without Redis: each has its part of every limit, and accepts a signature once; set redis_url to share them"
        );
    }
    Ok(())
}
