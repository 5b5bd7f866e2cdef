//! The verifier on a store: its verdicts, and what it caches.

mod counting;
mod node;
mod nodes;
mod rotation;
mod secrets;
mod shared_state;
mod size;
mod through_redis;
