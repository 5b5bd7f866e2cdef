//! Mail from the running binary.

mod notices;
mod through_smtp;
