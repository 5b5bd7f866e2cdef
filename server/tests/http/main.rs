//! The server over HTTP, its whole router on a real store: SQLite and PostgreSQL. Paths mirror URLs.

mod client;
mod portal;

mod account;
mod apps;
mod cli;
mod docs;
mod errors;
mod isolation;
mod keys;
mod middleware;
mod orgs;
mod pkg;
mod readyz;
mod refused_acts;
mod requests;
mod search;
mod settings;
mod setup;
mod sign_in;
mod sub_path;
mod v1;
