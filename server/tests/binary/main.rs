//! The binary as it is started: its commands, and a server that is killed.

mod backup;
mod crash;
mod demo;
mod hostile;
mod modes;
mod output;
mod profile;
mod server;
mod settings;
mod unreachable;
