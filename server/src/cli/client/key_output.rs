//! Where a new key's credentials go: a new file that only its owner may read, or standard output.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::cli::out;

/// It is opened before the key is created, so that a wrong path creates none.
pub enum KeyOutput {
    Stdout,
    File(NewFile),
}

/// A file of this command, removed again unless the credentials are in it.
pub struct NewFile {
    path: PathBuf,
    file: File,
    is_complete: bool,
}

impl KeyOutput {
    pub fn open(path: Option<&Path>) -> Result<Self, String> {
        let Some(path) = path else {
            if out::is_lost() {
                return Err(
                    "Standard output is closed or /dev/null, and the key's secrets are printed only there. No \
                            key was created. To write them to a file: --out FILE"
                        .to_owned(),
                );
            }
            return Ok(Self::Stdout);
        };
        let shown = path.display();
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => format!("{shown} exists already. Name a new file. No key was created."),
            _ => format!("{shown} can't be created: {error}. No key was created."),
        })?;
        Ok(Self::File(NewFile { path: path.to_owned(), file, is_complete: false }))
    }

    pub fn write(&mut self, text: &str) -> io::Result<()> {
        match self {
            Self::Stdout => out::hand_over(text),
            Self::File(new) => {
                writeln!(new.file, "{text}")?;
                new.file.sync_all()?;
                new.is_complete = true;
                Ok(())
            }
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_complete {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_is_new_private_and_removed_if_nothing_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("credentials.json");
        drop(KeyOutput::open(Some(&path)).expect("opened"));
        assert!(!path.exists());
        let mut output = KeyOutput::open(Some(&path)).expect("opened");
        output.write("{}").expect("written");
        drop(output);
        assert_eq!(fs::read_to_string(&path).expect("read"), "{}\n");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        let error = KeyOutput::open(Some(&path)).err().expect("refused");
        assert!(error.contains("exists already"), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("left alone"), "{}\n");
        let link = folder.path().join("link");
        symlink(folder.path().join("elsewhere"), &link).expect("linked");
        assert!(KeyOutput::open(Some(&link)).is_err(), "also a link to nothing");
        assert!(KeyOutput::open(Some(&folder.path().join("no/folder"))).is_err());
    }
}
