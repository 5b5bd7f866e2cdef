//! What nodes share over Redis or Valkey: used-up limits and used signatures (docs/nodes.md). Redis holds counters only; a node
//! goes on without it, with its part of each limit.

mod address;
mod bucket;
mod buckets;
mod client;
mod connection;
mod examine;
mod lock;
mod names;
mod outage;
mod scripts;
mod settings;
mod signatures;
mod status;
pub mod throttles;
mod watch;

pub use bucket::{BucketAsk, BucketCharge, rate};
pub use client::{Away, Redis};
pub use examine::{RedisSeen, ServerSeen};
pub use settings::{RedisSettings, WithoutRedis};
pub use signatures::SignatureClaim;
pub use status::RedisStatus;
