//! The binary under each profile of `examples/profiles`: what that system's document says, over `/v1/auth` and
//! `/v1/keys/verify`. One server for each file; a step is named by its row.

mod deployment;
mod http;

mod default;
mod helios;
mod synap;
mod synaptiq;
mod synheart;
