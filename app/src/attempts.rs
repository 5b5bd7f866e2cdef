//! Messages about throttled passwords.

use std::time::Duration;

use sallyport::limit::whole_seconds;

/// "Too many wrong passwords. Try again in 40 seconds."
pub fn wait_message(wait: Duration) -> String {
    format!("Too many wrong passwords. Try again in {}.", in_words(wait))
}

/// "40 seconds"
pub fn in_words(wait: Duration) -> String {
    let seconds = whole_seconds(wait);
    let (count, unit) = if seconds < 120 { (seconds, "second") } else { (seconds.div_ceil(60), "minute") };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_in_words() {
        for (millis, words) in
            [(1, "1 second."), (59_001, "60 seconds."), (120_000, "2 minutes."), (120_001, "3 minutes.")]
        {
            let message = wait_message(Duration::from_millis(millis));
            assert!(message.ends_with(words), "{message}");
        }
    }
}
