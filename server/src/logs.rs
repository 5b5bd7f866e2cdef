//! Structured logs on standard error. No secret, password, cookie or key is ever handed to them.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::LogFormat;

/// `SALLYPORT_LOG` chooses what is written, as in `sallyport_server=debug`.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_env("SALLYPORT_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,tower_sessions_core=error"));
    let logs = fmt().with_env_filter(filter).with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    // A second start, in tests, keeps the first one's.
    let _ = match format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
}
