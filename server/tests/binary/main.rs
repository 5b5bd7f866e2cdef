//! The binary itself: its commands, and a server that is killed.

mod approvals;
mod backup;
mod capability_key;
mod client;
mod connections;
mod crash;
mod demo;
mod disk_full;
mod doctor;
mod forwarding;
mod handover;
mod hang;
mod hostile;
mod imports;
mod jobs;
mod journal;
mod load;
mod login;
mod mail;
mod metrics;
mod migrate;
mod modes;
mod nodes;
mod outage;
mod output;
mod profile;
mod rekey;
mod restart;
mod runtime_configuration;
mod scan;
mod server;
mod settings;
#[path = "../smtp/smtp.rs"]
#[allow(dead_code, reason = "the tests over HTTP need more of it")]
mod smtp;
mod through_redis;
mod traces;
mod unreachable;
mod usage;
mod webhooks;
mod wrong_user;
