//! Reads the lines that commits add, from the output of `git log`.

mod merge;
mod patch;

use std::{
    io::{self, BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

use sallyport::scan::Finder;

use self::patch::Patch;
use super::report::Report;

/// A longer line is read in pieces.
const PIECE: u64 = 64 * 1024;

/// As much of what git says as is repeated.
const SAID: u64 = 2000;

/// The settings of a repository, which may be somebody else's, start no program and leave nothing out: no pager, no
/// textconv, no external diff, no signature check, no fetch of missing objects. Files that are marked as binary are read; `--cc` would leave them out of merges.
const ARGUMENTS: [&str; 26] = [
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.quotePath=false",
    "-c",
    "log.showRoot=true",
    "-c",
    "log.showSignature=false",
    "log",
    "--format=commit %H %P",
    "--patch",
    "-m",
    "--text",
    "--unified=0",
    "--inter-hunk-context=0",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-renames",
    "--no-notes",
    "--no-decorate",
    "--submodule=short",
    "--ignore-submodules=none",
    "--src-prefix=a/",
    "--dst-prefix=b/",
];

pub(super) fn scan(finder: &Finder, range: &str, report: &mut Report) {
    if range.starts_with('-') || range.trim().is_empty() {
        return report.fault(&format!("{range} is no range of commits; write it like origin/main..HEAD."));
    }
    let mut command = Command::new("git");
    command.args(ARGUMENTS).args(["--end-of-options", range, "--"]);
    command.env("GIT_NO_LAZY_FETCH", "1").env_remove("GIT_EXTERNAL_DIFF");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    match command.spawn() {
        Ok(git) => read(git, finder, range, report),
        Err(error) => report.fault(&format!("git can't be started: {error}. Install it, or name files instead.")),
    }
}

fn read(mut git: Child, finder: &Finder, range: &str, report: &mut Report) {
    // Read meanwhile, so that git never waits for a reader.
    let said = git.stderr.take().map(|said| std::thread::spawn(move || first(said)));
    let output = git.stdout.take().map(|output| read_patch(output, finder, report));
    let said = said.and_then(|said| said.join().ok()).unwrap_or_default();
    let ended = git.wait();
    if let Some(Err(error)) = output {
        return report.fault(&format!("The output of git can't be read: {error}."));
    }
    match ended {
        Ok(ended) if ended.success() => {}
        Ok(_) => report.fault(&format!("git can't show {range}: {}", said.trim())),
        Err(error) => report.fault(&format!("git did not end: {error}.")),
    }
}

/// The beginning of what git says; the rest is read and dropped.
fn first(mut said: impl Read) -> String {
    let mut kept = Vec::new();
    let _ = said.by_ref().take(SAID).read_to_end(&mut kept);
    let _ = io::copy(&mut said, &mut io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}

fn read_patch(output: impl Read, finder: &Finder, report: &mut Report) -> io::Result<()> {
    let (mut reader, mut piece) = (BufReader::new(output), Vec::new());
    let (mut patch, mut begins) = (Patch::new(finder), true);
    loop {
        piece.clear();
        if reader.by_ref().take(PIECE).read_until(b'\n', &mut piece)? == 0 {
            break;
        }
        match begins {
            true => patch.line(&piece, report),
            false => patch.rest(&piece, report),
        }
        begins = piece.ends_with(b"\n");
    }
    patch.end(report);
    Ok(())
}
