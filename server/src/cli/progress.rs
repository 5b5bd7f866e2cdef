//! A progress bar on standard error, if that is a terminal.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// The time between two updates.
const EVERY: Duration = Duration::from_millis(100);
const WIDTH: u64 = 30;

pub(super) struct Progress {
    is_shown: bool,
    drawn: Option<Instant>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { is_shown: io::stderr().is_terminal(), drawn: None }
    }

    /// The same beside output, which it must not mix with.
    pub(super) fn beside_output() -> Self {
        Self { is_shown: io::stderr().is_terminal() && !io::stdout().is_terminal(), drawn: None }
    }

    /// Shows how much is done.
    pub(super) fn show(&mut self, done: u64, all: u64) {
        if self.is_shown && self.drawn.is_none_or(|drawn| drawn.elapsed() >= EVERY) {
            self.drawn = Some(Instant::now());
            let _ = write!(io::stderr(), "\r{}", bar(done, all));
        }
    }

    /// Clears the line.
    pub(super) fn end(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

fn bar(done: u64, all: u64) -> String {
    let part = |of: u64| done.min(all).saturating_mul(of).checked_div(all).unwrap_or(of);
    let filled = part(WIDTH) as usize;
    format!("[{}{}] {:3} %", "#".repeat(filled), " ".repeat(WIDTH as usize - filled), part(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_up() {
        assert_eq!(bar(0, 10), format!("[{}]   0 %", " ".repeat(30)));
        assert_eq!(bar(5, 10), format!("[{}{}]  50 %", "#".repeat(15), " ".repeat(15)));
        for (done, all) in [(10, 10), (11, 10), (0, 0)] {
            assert_eq!(bar(done, all), format!("[{}] 100 %", "#".repeat(30)));
        }
    }
}
