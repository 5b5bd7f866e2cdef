//! The binary with each profile of `examples/profiles`, compared with that system's documentation, over `/v1/auth`
//! and `/v1/keys/verify`. One server for each file; each step is named by its row.

mod deployment;
mod http;
mod receiver;
mod standard_webhooks;
mod webhook_events;

mod default;
mod helios;
mod synap;
mod synaptiq;
mod synheart;
