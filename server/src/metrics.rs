//! `/metrics`: what this server measures, in the text format of Prometheus, on a listener of its own.

mod backlogs;
mod journal;
mod listener;
mod process;
pub mod requests;
mod resources;
mod route;
mod scrape;
mod verifier;

pub use listener::answer;
pub use requests::Requests;
pub use resources::{ConnectionCounts, Listening};
pub use route::{MatchedRoute, note};
pub use scrape::Scrape;
