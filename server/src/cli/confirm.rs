//! Asks before something is done that can't be undone.

use std::io::{self, BufRead, IsTerminal, Write};

/// Longer than any answer.
const LONGEST_LINE: u64 = 1024;

/// Whether to go on: `--yes`, or the answer of the person at the terminal.
pub fn confirm(question: &str, yes: bool) -> Result<(), String> {
    if yes {
        return Ok(());
    }
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return Err(format!("{question} Nobody can answer here: add --yes if you are sure. Nothing was changed."));
    }
    let _ = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
    let mut line = Vec::new();
    let _ = io::Read::take(stdin.lock(), LONGEST_LINE).read_until(b'\n', &mut line);
    if is_yes(&line) { Ok(()) } else { Err("Nothing was changed.".to_owned()) }
}

fn is_yes(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.eq_ignore_ascii_case(b"y") || line.eq_ignore_ascii_case(b"yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        assert!(["y\n", "Y", " yes \r\n", "YES"].iter().all(|line| is_yes(line.as_bytes())));
        assert!(!["", "\n", "n\n", "ye\n", "yes please\n"].iter().any(|line| is_yes(line.as_bytes())));
    }
}
