//! Reads files and folders, each file piece by piece.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use sallyport::scan::{Finder, Stream};

use super::{location::shown_path, report::Report};

const PIECE: usize = 64 * 1024;

/// A file with a zero byte among its first bytes is binary, as git judges it.
const HEAD: usize = 8000;

/// A file that is named is read whatever it is. In a folder, links, pipes and devices, `.git` and binary files are passed
/// over.
pub(super) fn scan(finder: &Finder, path: &Path, report: &mut Report) {
    match fs::metadata(path) {
        Ok(of) if of.is_dir() => scan_folder(finder, path, report),
        Ok(_) => match File::open(path) {
            Ok(file) => scan_reader(finder, file, &shown_path(path), report),
            Err(error) => unreadable(path, &error, report),
        },
        Err(error) => unreadable(path, &error, report),
    }
}

/// Folder by folder, without recursion: as deep as the disk has them.
fn scan_folder(finder: &Finder, folder: &Path, report: &mut Report) {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match entries(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                unreadable(&folder, &error, report);
                continue;
            }
        };
        let before = folders.len();
        for (path, kind) in entries {
            if kind.is_dir() {
                if path.file_name().is_none_or(|name| name != ".git") {
                    folders.push(path);
                }
            } else if kind.is_file() {
                scan_found_file(finder, &path, report);
            }
        }
        // The last one is taken first.
        folders[before..].reverse();
    }
}

/// In the order of their names. Links are not followed.
fn entries(folder: &Path) -> io::Result<Vec<(PathBuf, fs::FileType)>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))));
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(entries)
}

fn scan_found_file(finder: &Finder, path: &Path, report: &mut Report) {
    let opened = File::open(path).and_then(|mut file| {
        let mut head = Vec::new();
        file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        Ok((head, file))
    });
    match opened {
        Ok((head, _)) if head.contains(&0) => {}
        Ok((head, file)) => scan_reader(finder, head.as_slice().chain(file), &shown_path(path), report),
        Err(error) => unreadable(path, &error, report),
    }
}

pub(super) fn scan_reader(finder: &Finder, mut reader: impl Read, path: &str, report: &mut Report) {
    let (mut stream, mut piece) = (Stream::new(finder), vec![0; PIECE]);
    loop {
        match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => stream.feed(&piece[..length], |found| report.found(path, None, found)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return report.fault(&format!("{path} can't be read: {error}.")),
        }
    }
    stream.end(|found| report.found(path, None, found));
    report.read_file();
}

fn unreadable(path: &Path, error: &io::Error, report: &mut Report) {
    report.fault(&format!("{} can't be read: {error}.", path.display()));
}
