//! The store, on SQLite and on PostgreSQL.

mod constraints;
mod events;
mod export;
mod holders;
mod keys;
mod lifecycle;
mod members;
mod opening;
mod orgs;
mod races;
mod search;
mod sessions;
mod usage;
mod users;
