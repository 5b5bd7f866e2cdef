//! The store, on SQLite and on PostgreSQL.

mod constraints;
mod events;
mod export;
mod faults;
mod folding;
mod holders;
mod identities;
mod jobs;
mod key_days;
mod key_status;
mod keys;
mod lifecycle;
mod managing;
mod members;
mod migrating;
mod opening;
mod orgs;
mod races;
mod restrictions;
mod search;
mod server_lock;
mod sessions;
mod signing;
mod usage;
mod users;
