//! The binary as it is started: its commands, and a server that is killed.

mod backup;
mod crash;
mod demo;
mod hostile;
mod migrate;
mod profile;
mod server;
mod unreachable;
