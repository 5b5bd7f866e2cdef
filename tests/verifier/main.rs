//! The verifier on a store: what it answers of keys, and what it holds in memory.

mod node;
mod nodes;
mod secrets;
mod shared_state;
