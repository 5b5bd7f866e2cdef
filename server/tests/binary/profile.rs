//! `--profile FILE`

use crate::server::{sallyport, stderr};

#[test]
fn a_profile_that_is_wrong_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let file = folder.path().join("profile.toml");
    let path = file.to_str().expect("text");
    for command in ["serve", "migrate"] {
        let _ = std::fs::remove_file(&file);
        let refused = sallyport(&data, &[command, "--profile", path]);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains("profile.toml can't be read"), "{said}");

        std::fs::write(&file, "name = \"x\"\nmoon = 1\n").expect("written");
        let refused = sallyport(&data, &[command, "--profile", path]);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains("profile.toml is wrong") && said.contains("moon"), "{said}");
        assert!(!data.exists(), "a folder was made");
    }
}
