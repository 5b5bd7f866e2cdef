//! The server: HTTP, gRPC, background work and the command line.

// The type of a view is nested as deeply as the view.
#![recursion_limit = "256"]

pub mod api;
pub mod cli;
pub mod collector;
pub mod config;
pub mod data_dir;
pub mod demo;
pub mod forward_gate;
pub mod grpc;
pub mod issuers;
pub mod jobs;
pub mod journals;
mod kept;
pub mod logo;
pub mod logs;
pub mod mail;
pub mod metrics;
pub mod middleware;
pub mod outside;
pub mod page_pool;
pub mod partner_keys;
pub mod probes;
pub mod profile_file;
pub mod router;
pub mod serve;
pub mod server;
pub mod session_store;
pub mod single_sign_on;
pub mod site;
pub mod state;
mod trust;
pub mod webhooks;
pub mod worker;
