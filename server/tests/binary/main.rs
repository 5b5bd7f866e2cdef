//! The binary as it is started: its commands, and a server that is killed.

mod backup;
mod crash;
mod demo;
mod disk_full;
mod hostile;
mod migrate;
mod outage;
mod profile;
mod server;
mod unreachable;
