//! `sallyport scan`: finds leaked keys, offline.

mod files;
mod git;
mod location;
mod patterns;
mod report;
mod sarif;
mod text;

use std::{io, path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use sallyport::{profile::Profile, scan::Finder};

use self::{patterns::Scanner, report::Report};
use super::out;
use crate::{config::Where, data_dir};

#[derive(Args)]
pub struct ScanArgs {
    /// Files and folders to read; - is standard input
    #[arg(value_name = "PATH", required_unless_present_any = ["git", "patterns"], conflicts_with_all = ["git", "patterns"])]
    paths: Vec<PathBuf>,
    /// Read the lines that these commits add, such as origin/main..HEAD; HEAD is everything up to now
    #[arg(long, value_name = "RANGE", conflicts_with = "patterns", allow_hyphen_values = true)]
    git: Option<String>,
    /// How to print what was found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Print the patterns of these keys for another scanner instead
    #[arg(long, value_name = "SCANNER")]
    patterns: Option<Scanner>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
}

/// Exit codes: 0 nothing was found, 1 something was, 2 something could not be read.
pub fn run(place: &Where, args: &ScanArgs) -> ExitCode {
    let profile = match place.place().and_then(|place| data_dir::profile(&place)) {
        Ok(profile) => profile,
        Err(message) => return failed(&message),
    };
    if let Some(scanner) = args.patterns {
        return match out::say(scanner.patterns(&profile).trim_end()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => failed(&message),
        };
    }
    let report = scan(&profile, args);
    let told = match args.format {
        Format::Text => report.as_text(),
        Format::Json => report.as_json().to_string(),
        Format::Sarif => report.as_sarif().to_string(),
    };
    // The faults and the count are for people; a program reads the output.
    report.faults().iter().for_each(|fault| note!("sallyport: {fault}"));
    if !told.is_empty()
        && let Err(message) = out::say(told)
    {
        return failed(&message);
    }
    note!("{}", report.summary());
    match (report.faults().is_empty(), report.count()) {
        (false, _) => ExitCode::from(2),
        (true, 0) => ExitCode::SUCCESS,
        (true, _) => ExitCode::FAILURE,
    }
}

fn failed(message: &str) -> ExitCode {
    note!("sallyport: {message}");
    ExitCode::from(2)
}

fn scan(profile: &Profile, args: &ScanArgs) -> Report {
    let (finder, mut report) = (Finder::new(profile), Report::default());
    if let Some(range) = &args.git {
        git::scan(&finder, range, &mut report);
    }
    for path in &args.paths {
        if path.as_os_str() == "-" {
            files::scan_reader(&finder, io::stdin().lock(), "-", &mut report);
        } else {
            files::scan(&finder, path, &mut report);
        }
    }
    report
}
