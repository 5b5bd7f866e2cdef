//! The server over HTTP, its whole router on a real store: SQLite and PostgreSQL. Paths mirror URLs.

mod client;
mod portal;
#[path = "../smtp/smtp.rs"]
mod smtp;

mod account;
mod admin;
mod approvals;
mod apps;
mod cli;
mod device;
mod docs;
mod errors;
mod forwarding;
mod handover;
mod invitations;
mod isolation;
mod key_rules;
mod keys;
mod mail;
mod middleware;
mod oauth;
mod orgs;
mod pkg;
mod projects;
mod readyz;
mod refused_acts;
mod report_a_leak;
mod requests;
mod reset;
mod search;
mod service_accounts;
mod settings;
mod setup;
mod sign_in;
mod sub_path;
mod usage;
mod v1;
mod webhooks;
