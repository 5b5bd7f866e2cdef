//! `--profile FILE`

use std::path::Path;

use sallyport::{picture::LIMIT, testing::picture};

use crate::server::{sallyport, stderr, stdout};

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../examples/profiles/{name}.toml"));
    path.to_str().expect("text").to_owned()
}

#[test]
fn a_profile_is_checked_without_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    for name in ["default", "synheart", "synap", "helios", "synaptiq"] {
        let good = sallyport(&data, &["profile", "check", &example(name)]);
        assert!(good.status.success() && stdout(&good).contains("is valid"), "{name}: {}", stdout(&good));
    }
    let file = folder.path().join("mine.toml");
    let path = file.to_str().expect("text");
    assert_eq!(sallyport(&data, &["profile", "check", path]).status.code(), Some(2), "there is no such file");
    let text = std::fs::read_to_string(example("default")).expect("read");
    std::fs::write(&file, text.replace("per_minute = 600\n", "per_minute = 0\n")).expect("written");
    let bad = sallyport(&data, &["profile", "check", path]);
    let at = text.lines().position(|line| line == "per_minute = 600").expect("there") + 1;
    assert_eq!(bad.status.code(), Some(1));
    assert!(stdout(&bad).starts_with(&format!("{path}:{at}:14: A limit of 0")), "{}", stdout(&bad));
    let bad = sallyport(&data, &["profile", "check", path, "--json"]);
    let told: serde_json::Value = serde_json::from_str(&stdout(&bad)).expect("JSON");
    assert_eq!((bad.status.code(), &told["good"], &told["faults"][0]["line"]), (Some(1), &false.into(), &at.into()));
    assert!(!data.exists(), "a folder was made");
}

#[test]
fn the_demo_is_of_the_profile_inside() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let arguments = ["serve", "--demo", "--listen", "127.0.0.1:0", "--profile", &example("helios")];
    let refused = sallyport(&data, &arguments);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert!(!data.exists(), "a folder was made");
}

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

#[test]
fn a_logo_is_a_file_beside_the_profile() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, logo) = (folder.path().join("mine.toml"), folder.path().join("logo.png"));
    let text = std::fs::read_to_string(example("default")).expect("read");
    std::fs::write(&file, text.replacen("[brand]\n", "[brand]\nlogo = \"logo.png\"\n", 1)).expect("written");
    let path = file.to_str().expect("text");
    let told = |command: &[&str]| {
        let out = sallyport(&folder.path().join("data"), command);
        (out.status.success(), stdout(&out) + &stderr(&out))
    };
    let checked = || told(&["profile", "check", path]);
    let (good, said) = checked();
    assert!(!good && said.contains("mine.toml:") && said.contains("The logo can't be read"), "{said}");
    std::fs::create_dir(&logo).expect("made");
    assert!(checked().1.contains("it is no file"), "{:?}", checked());
    std::fs::remove_dir(&logo).expect("removed");
    for (bytes, said) in [
        (b"GIF89a".to_vec(), "SVG, PNG, WebP"),
        (picture::png(2000, 10), "2000 × 10"),
        (vec![b'x'; LIMIT + 1], "at most 64 KB"),
    ] {
        std::fs::write(&logo, bytes).expect("written");
        assert!(!checked().0 && checked().1.contains(said), "{:?}", checked());
        let (good, started) = told(&["migrate", "--profile", path]);
        assert!(!good && started.contains(said), "{started}");
    }
    std::fs::write(&logo, picture::png(64, 64)).expect("written");
    assert!(checked().0, "{:?}", checked());
    let (good, said) = told(&["migrate", "--profile", path]);
    assert!(good, "{said}");
}
