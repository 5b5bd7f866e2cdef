//! What commands print. A reader that went away ends nothing, a full disk is said, and neither is a panic.

use std::{
    fmt::Display,
    fs::{File, metadata},
    io::{self, ErrorKind, Write},
    os::unix::fs::MetadataExt,
};

/// A line on standard output.
pub(super) fn say(line: impl Display) -> Result<(), String> {
    write(&mut io::stdout().lock(), line)
}

fn write(out: &mut impl Write, line: impl Display) -> Result<(), String> {
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        // As `| head` does, once it has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(format!("Standard output can't be written ({error}). Everything else was done.")),
    }
}

/// A line on standard error, if anybody reads it.
pub(super) fn note(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A secret that is shown once, and has to reach somebody.
pub(super) fn hand_over(secret: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{secret}").and_then(|()| out.flush())
}

/// Whether what is printed is lost: closed, which is opened on /dev/null before `main`, or sent there.
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
