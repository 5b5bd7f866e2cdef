//! Paths and patterns of them: nothing panics, and an accepted path has nothing that two servers read differently.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sallyport::profile::path::{CleanPath, PathPattern};

fuzz_target!(|input: (&str, &str)| {
    let (pattern, path) = input;
    let Some(path) = CleanPath::parse(path) else { return };
    assert!(path.as_str().starts_with('/') && !path.as_str().contains(['\\', ';', '\0']));
    assert!(!path.as_str().contains("//") && !path.as_str().split('/').any(|segment| matches!(segment, "." | "..")));
    if let Ok(pattern) = PathPattern::parse(pattern) {
        pattern.matches(&path);
    }
});
