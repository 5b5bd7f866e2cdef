//! The store, on SQLite and on PostgreSQL.

mod constraints;
mod events;
mod keys;
mod members;
mod opening;
mod orgs;
mod sessions;
mod usage;
mod users;
