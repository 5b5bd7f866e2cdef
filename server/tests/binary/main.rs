//! The binary as it is started: its commands, and a server that is killed.

mod backup;
mod connections;
mod crash;
mod demo;
mod hang;
mod hostile;
mod load;
mod migrate;
mod profile;
mod restart;
mod server;
mod unreachable;
mod wrong_user;
