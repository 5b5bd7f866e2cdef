//! Mail from the running binary.

mod through_smtp;
