//! What is detected instead of configured.

use std::{fs, path::PathBuf};

const FOLDER: [&str; 2] = ["synheart", "synheart-core"];

pub(crate) fn platform() -> String {
    std::env::consts::OS.to_owned()
}

/// The same on each start on this machine. Hashed with a fixed text before it, so that it is not the machine's own id; a hash
/// that is not secret, since nobody has to be kept from guessing it.
pub(crate) fn device_id() -> String {
    let files = ["/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostname"];
    let own = files.iter().filter_map(|path| fs::read_to_string(path).ok()).find(|text| !text.trim().is_empty());
    let own = own.or_else(|| std::env::var("COMPUTERNAME").ok()).unwrap_or_default();
    let text = format!("runtime-configuration:{}", own.trim());
    format!(
        "dev_{:016x}{:016x}",
        fnv(text.as_bytes(), 0xcbf2_9ce4_8422_2325),
        fnv(text.as_bytes(), 0x6c62_272e_07bb_0142)
    )
}

/// FNV-1a. The standard library's hash may change with its version.
fn fnv(bytes: &[u8], basis: u64) -> u64 {
    bytes.iter().fold(basis, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

pub(crate) fn data_directory(environment: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let under = |variable: &str, parts: &[&str]| {
        let base = environment(variable).filter(|base| !base.is_empty())?;
        Some(parts.iter().fold(PathBuf::from(base), |path, part| path.join(part)))
    };
    match std::env::consts::OS {
        "windows" => under("APPDATA", &FOLDER),
        "macos" => under("HOME", &["Library", "Application Support", FOLDER[0], FOLDER[1]]),
        _ => under("HOME", &[".synheart", FOLDER[1]]),
    }
}
