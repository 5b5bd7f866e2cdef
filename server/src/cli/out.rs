//! Output of commands. A closed pipe is ignored, a full disk is reported, and neither panics.

use std::{
    fmt::Display,
    fs::{File, metadata},
    io::{self, ErrorKind, Write},
    os::unix::fs::MetadataExt,
};

/// Prints a line on standard output.
pub(super) fn say(line: impl Display) -> Result<(), String> {
    write(&mut io::stdout().lock(), line)
}

fn write(out: &mut impl Write, line: impl Display) -> Result<(), String> {
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        // As with `
        // head`, which stops reading early.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(format!("Standard output can't be written ({error}). Everything else was done.")),
    }
}

/// Prints a line on standard error, ignoring errors.
pub(super) fn note(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a secret that is shown once, and reports write errors.
pub(super) fn hand_over(secret: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{secret}").and_then(|()| out.flush())
}

/// Whether output is lost: standard output is closed (`main` opens /dev/null instead) or redirected there.
pub(super) fn is_lost() -> bool {
    let stdout = rustix::io::dup(io::stdout()).map(File::from);
    let found = stdout.ok().and_then(|stdout| stdout.metadata().ok());
    let null = metadata("/dev/null").ok();
    found.zip(null).is_some_and(|(out, null)| out.rdev() == null.rdev() && out.rdev() != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ends(ErrorKind);

    impl Write for Ends {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_read_enough_hears_nothing_and_a_full_disk_is_said() {
        assert_eq!(write(&mut Ends(ErrorKind::BrokenPipe), "x"), Ok(()));
        let full = write(&mut Ends(ErrorKind::StorageFull), "x").expect_err("said");
        assert!(full.starts_with("Standard output can't be written"), "{full}");
    }
}
