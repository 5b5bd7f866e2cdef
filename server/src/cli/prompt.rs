//! Reads passwords from a terminal without echo, or from standard input; never from a flag, which others on the
//! machine can read.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// The bytes of Ctrl-C, Ctrl-D, backspace and Ctrl-U in raw mode.
const INTERRUPT: u8 = 0x03;
const END: u8 = 0x04;
const BACKSPACE: [u8; 2] = [0x08, 0x7f];
const ERASE_LINE: u8 = 0x15;

/// Reads a new password: twice from a terminal, or the first line of standard input.
pub fn new_password() -> Result<String, String> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return piped(stdin.lock());
    }
    let first = hidden("New password: ")?;
    let again = hidden("New password again: ")?;
    if first == again { Ok(first) } else { Err("The two passwords differ. Try again.".to_owned()) }
}

/// Longer than any password; a pipe may be endless.
const LONGEST_LINE: u64 = 64 * 1024;

/// The first line, without the byte order mark that some editors and shells add.
fn piped(input: impl BufRead) -> Result<String, String> {
    let mut line = Vec::new();
    let read = input.take(LONGEST_LINE).read_until(b'\n', &mut line);
    read.map_err(|error| format!("The password can't be read: {error}"))?;
    let line = String::from_utf8(line)
        .map_err(|_| "Standard input is not UTF-8; send the password in that encoding.".to_owned())?;
    let password = line.strip_prefix('\u{feff}').unwrap_or(&line).trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err("No password came on standard input. Send one line, or run this at a terminal.".to_owned());
    }
    Ok(password.to_owned())
}

/// Restores the terminal when dropped.
struct Restored(Termios);

impl Drop for Restored {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

/// Reads single keys, including Ctrl-C: if a signal ended the process, the terminal would stay without echo.
fn hidden(prompt: &str) -> Result<String, String> {
    let failed = |error: &dyn std::fmt::Display| format!("The terminal can't be read without echo: {error}");
    let before = tcgetattr(io::stdin()).map_err(|error| failed(&error))?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    let restored = Restored(before);
    tcsetattr(io::stdin(), OptionalActions::Flush, &quiet).map_err(|error| failed(&error))?;
    let mut out = io::stderr();
    let _ = write!(out, "{prompt}").and_then(|()| out.flush());
    let typed = read_keys(io::stdin().lock());
    drop(restored);
    let _ = writeln!(out);
    typed
}

fn read_keys(keys: impl BufRead) -> Result<String, String> {
    let mut bytes = Vec::new();
    for key in keys.bytes() {
        match key.map_err(|error| format!("The password can't be read: {error}"))? {
            b'\n' | b'\r' => return utf8(bytes),
            INTERRUPT => return Err("Interrupted; nothing was changed.".to_owned()),
            END if bytes.is_empty() => return Err("Nothing was typed; nothing was changed.".to_owned()),
            ERASE_LINE => bytes.clear(),
            key if BACKSPACE.contains(&key) => {
                // A character consists of a leading byte and continuation bytes.
                while bytes.pop().is_some_and(|byte: u8| byte & 0xc0 == 0x80) {}
            }
            key => bytes.push(key),
        }
    }
    Err("The terminal was closed; nothing was changed.".to_owned())
}

fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "The password is not UTF-8; set the terminal to that encoding.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{piped, read_keys};

    #[test]
    fn a_line_from_a_pipe_is_without_its_mark_and_end() {
        for (sent, line) in [
            ("correct horse\n", "correct horse"),
            ("correct horse\r\nand more\n", "correct horse"),
            ("\u{feff}correct horse\r\n", "correct horse"),
            ("correct \u{feff}horse", "correct \u{feff}horse"),
            ("\n", ""),
        ] {
            assert_eq!(piped(sent.as_bytes()).as_deref(), Ok(line), "{sent:?}");
        }
        assert!(piped(&b""[..]).expect_err("nothing").contains("No password came"));
        let utf16: Vec<u8> = "\u{feff}horse\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(piped(&*utf16).expect_err("UTF-16").contains("not UTF-8"));
    }

    #[test]
    fn keys_become_a_line() {
        for (keys, line) in [
            ("correct horse\r", "correct horse"),
            ("correct hoarse\x7f\x7f\x7f\x7frse\n", "correct horse"),
            ("wrong\x15right\n", "right"),
            ("é\x7fe\n", "e"),
            ("\x7f\x7fa\n", "a"),
            ("a\x04\n", "a\u{4}"),
        ] {
            assert_eq!(read_keys(keys.as_bytes()).as_deref(), Ok(line), "{keys:?}");
        }
        for keys in ["abc\x03", "\x04", "", "cut off"] {
            assert!(read_keys(keys.as_bytes()).is_err(), "{keys:?}");
        }
    }
}
