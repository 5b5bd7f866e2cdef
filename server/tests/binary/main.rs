//! The binary itself: its commands, and a server that is killed.

mod backup;
mod connections;
mod crash;
mod demo;
mod disk_full;
mod hang;
mod hostile;
mod jobs;
mod load;
mod migrate;
mod modes;
mod outage;
mod output;
mod profile;
mod restart;
mod server;
mod settings;
mod unreachable;
mod wrong_user;
