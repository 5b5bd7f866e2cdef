//! Structured logs on standard error. They must never contain secrets, passwords, cookies or keys.

mod bounded;

use std::{env, io::IsTerminal};

use tracing_subscriber::{EnvFilter, Layer, filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::LogFormat;
use bounded::Bounded;

const VARIABLE: &str = "SALLYPORT_LOG";

/// The default filter.
const USUAL: &str = "info,sqlx=warn,tower_sessions_core=error";

/// `SALLYPORT_LOG` sets the filter, as in `sallyport_server=debug`.
pub fn start(format: LogFormat) -> Result<(), String> {
    let chosen = env::var_os(VARIABLE).map(|text| text.to_string_lossy().into_owned());
    let filter = filter(chosen.as_deref().unwrap_or_default())?;
    let logs = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    // If a line can't be written, reporting that would panic.
    let logs = logs.log_internal_errors(false);
    let logs = match format {
        LogFormat::Text => logs.with_filter(Bounded::default()).boxed(),
        LogFormat::Json => logs.json().flatten_event(true).with_filter(Bounded::default()).boxed(),
    };
    // A second start, in tests, keeps the first one's logger.
    let _ = tracing_subscriber::registry().with(filter).with(logs).try_init();
    Ok(())
}

fn filter(chosen: &str) -> Result<EnvFilter, String> {
    if chosen.trim().is_empty() {
        return Ok(EnvFilter::new(USUAL));
    }
    // A word that is not a level would be read as a target that does not exist, and silence everything else.
    let is_level = |part: &str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
    let is_meant = |part: &str| part.contains(['=', '[']) || is_level(part.trim());
    let wrong = || {
        format!(
            "{VARIABLE} is {chosen:?}, which names no level: write it like info, or like \
             info,sallyport_server=debug."
        )
    };
    if !chosen.split(',').all(is_meant) {
        return Err(wrong());
    }
    EnvFilter::builder().parse(chosen).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn what_names_no_level_is_refused() {
        for good in ["", "  ", "info", "warn,sallyport_server=debug", "off", "info,sallyport_server[request]=trace"] {
            assert!(filter(good).is_ok(), "{good:?}");
        }
        for wrong in ["infoo", "sallyport", "info,", "sallyport_server=loud", "info,sallyport_server=debug,verbose"] {
            let error = filter(wrong).err().unwrap_or_else(|| panic!("{wrong:?} is taken"));
            assert!(error.starts_with("SALLYPORT_LOG is"), "{error}");
        }
    }
}
