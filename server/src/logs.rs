//! Structured logs on standard error. No secret, password, cookie or key is ever handed to them.

mod bounded;

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::LogFormat;
use bounded::Bounded;

/// `SALLYPORT_LOG` chooses what is written, as in `sallyport_server=debug`.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_env("SALLYPORT_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,tower_sessions_core=error"));
    let logs = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    let logs = match format {
        LogFormat::Text => logs.with_filter(Bounded::default()).boxed(),
        LogFormat::Json => logs.json().flatten_event(true).with_filter(Bounded::default()).boxed(),
    };
    // A second start, in tests, keeps the first one's.
    let _ = tracing_subscriber::registry().with(filter).with(logs).try_init();
}
