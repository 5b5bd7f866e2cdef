//! The process, under the names that client libraries of Prometheus use. From `/proc`; nothing on other systems.

use std::fs;

use rustix::process::{Resource, getrlimit};
use sallyport::metrics::{Kind, Text};

/// The unit of times in `/proc/self/stat`, by the second: the same on every system that Sallyport is built for.
const TICKS: f64 = 100.0;

pub(super) fn write(text: &mut Text) {
    if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(Stat::parse) {
        let help = "CPU time in seconds.";
        text.single("process_cpu_seconds_total", Kind::Counter, help, stat.ticks as f64 / TICKS);
        if let Some(booted) = boot_time() {
            let started = booted as f64 + stat.started as f64 / TICKS;
            let help = "Start time of the process since 1970 in seconds.";
            text.single("process_start_time_seconds", Kind::Gauge, help, started);
        }
    }
    if let Some(resident) = resident() {
        text.single("process_resident_memory_bytes", Kind::Gauge, "Resident memory size.", resident);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        text.single("process_open_fds", Kind::Gauge, "Open file descriptors.", files.count());
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        text.single("process_max_fds", Kind::Gauge, "The limit of file descriptors.", most);
    }
}

/// In bytes.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

/// When the machine started, in seconds since 1970.
fn boot_time() -> Option<u64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    ticks: u64,
    started: u64,
}

impl Stat {
    /// See proc(5): the second field, the program's name, may contain spaces and parentheses.
    fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.rsplit_once(") ")?;
        let fields: Vec<_> = rest.split(' ').collect();
        // The first of these is the third.
        let field = |n: usize| fields.get(n - 3)?.trim().parse::<u64>().ok();
        Some(Self { ticks: field(14)? + field(15)?, started: field(22)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_from_the_end_of_the_name() {
        let line =
            "7 (a) (b c) S 1 7 7 0 -1 4194304 100 0 0 0 30 12 0 0 20 0 5 0 8999 1000000 2500 18446744073709551615 1";
        assert_eq!(Stat::parse(line), Some(Stat { ticks: 42, started: 8999 }));
        assert_eq!(Stat::parse("7 (a"), None);
    }
}
