//! `sallyport scan`

use std::{
    fs,
    io::Write,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output, Stdio},
};

use sallyport::{key::PlainSecret, testing::SeededEntropy};
use serde_json::Value;

use crate::server::{stderr, stdout};

fn key(prefix: &str, seed: u64) -> String {
    PlainSecret::mint(prefix, &SeededEntropy::new(seed)).expose().to_owned()
}

fn shown(key: &str) -> String {
    format!("{}…{}", &key[..12], &key[key.len() - 4..])
}

/// In a folder, with a text as standard input. No settings of this machine take part.
fn scan_input(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
    command.arg("scan").args(arguments).current_dir(folder);
    command.env_remove("SALLYPORT_PROFILE").env_remove("SALLYPORT_CONFIG");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // It may end before it has read everything.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("it ended")
}

fn scan(folder: &Path, arguments: &[&str]) -> Output {
    scan_input(folder, arguments, b"")
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
        command.env(name, "ada@example.com");
    }
    let out = command.args(arguments).output().expect("git starts");
    assert!(out.status.success(), "{arguments:?}: {}", stderr(&out));
}

#[test]
fn a_folder_is_read_and_no_key_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let keys: Vec<_> = (0..6).map(|seed| key("sk_live_", seed)).collect();
    fs::create_dir_all(at("a/b")).expect("made");
    fs::create_dir_all(at("a/.git")).expect("made");
    fs::write(at("a/b/.env"), format!("X=1\nKEY={}\n", keys[0])).expect("written");
    fs::write(at("a/clean.txt"), format!("sk_live_{}", "x".repeat(36))).expect("written");
    fs::write(at("a/.git/config"), &keys[1]).expect("written");
    fs::write(at("a/program"), [b"\0", keys[2].as_bytes()].concat()).expect("written");
    fs::write(at("elsewhere"), &keys[3]).expect("written");
    symlink(at("elsewhere"), at("a/link")).expect("made");
    symlink(at("."), at("a/circle")).expect("made");

    let found = scan(folder.path(), &["a"]);
    assert_eq!(found.status.code(), Some(1));
    assert_eq!(stdout(&found), format!("a/b/.env:2:5: live API key {}\n", shown(&keys[0])));
    assert!(stderr(&found).starts_with("1 key found in 2 files. Revoke"), "{}", stderr(&found));

    for format in ["text", "json", "sarif"] {
        let found = scan(folder.path(), &["--format", format, "a", "elsewhere", "a/program"]);
        let said = stdout(&found) + &stderr(&found);
        assert_eq!(found.status.code(), Some(1), "{said}");
        assert!(keys.iter().all(|key| !said.contains(&key[12..40])), "{said}");
        assert!([0, 2, 3].iter().all(|at| said.contains(&shown(&keys[*at]))), "what is named is read: {said}");
    }

    let clean = scan(folder.path(), &["a/clean.txt"]);
    assert_eq!((clean.status.code(), stdout(&clean)), (Some(0), String::new()), "{}", stderr(&clean));
    let missing = scan(folder.path(), &["a", "nothing"]);
    assert_eq!(missing.status.code(), Some(2), "what could not be read is no success");
    assert!(stderr(&missing).contains("nothing can't be read"), "{}", stderr(&missing));
    assert_eq!(scan(folder.path(), &[]).status.code(), Some(2));
    assert!(!at("data").exists(), "a database was made");
}

#[test]
fn a_long_input_is_read_across_its_pieces() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = key("sk_test_", 1);
    // One line, in which keys lie at the ends of pieces of 64 KB.
    let mut input = vec![b'x'; 65_536 - 20];
    for _ in 0..64 {
        input.extend_from_slice(key.as_bytes());
        input.resize(input.len().next_multiple_of(65_536) + 65_536 - 20, b'x');
    }
    let found = scan_input(folder.path(), &["--format", "json", "-"], &input);
    let told: Value = serde_json::from_str(&stdout(&found)).expect("JSON");
    assert_eq!((found.status.code(), &told["count"]), (Some(1), &64.into()), "{}", stderr(&found));
    let first = &told["found"][0];
    assert_eq!((&first["path"], &first["line"], &first["column"]), (&"-".into(), &1.into(), &65_517.into()));
    assert_eq!((&first["kind"], &first["shown"]), (&"test-api-key".into(), &shown(&key).into()));
}

#[test]
fn the_prefixes_are_those_of_the_profile() {
    let folder = tempfile::tempdir().expect("a folder");
    let helios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/profiles/helios.toml");
    let helios = ["--profile", helios.to_str().expect("text"), "-"];
    let staging = key("sk_staging_", 1);
    assert_eq!(scan_input(folder.path(), &["-"], staging.as_bytes()).status.code(), Some(0));
    assert_eq!(scan_input(folder.path(), &helios, staging.as_bytes()).status.code(), Some(1));
    for prefix in ["sp_root_", "sp_pat_", "sp_ref_", "sp_svc_"] {
        assert_eq!(scan_input(folder.path(), &helios, key(prefix, 1).as_bytes()).status.code(), Some(1), "{prefix}");
    }
    let wrong = scan(folder.path(), &["--profile", "nothing.toml", "."]);
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
}

#[test]
fn sarif_tells_the_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = key("sk_live_", 1);
    fs::write(folder.path().join("a b.txt"), format!("ä {key}")).expect("written");
    let found = scan(folder.path(), &["--format", "sarif", "."]);
    let mut told: Value = serde_json::from_str(&stdout(&found)).expect("JSON");
    told["runs"][0]["tool"]["driver"]["version"] = "…".into();
    insta::with_settings!({ omit_expression => true }, { insta::assert_json_snapshot!("sarif", told) });
}

#[test]
fn commits_are_read_by_the_lines_that_they_add() {
    let folder = tempfile::tempdir().expect("a folder");
    let (of, keys) = (folder.path(), (0..5).map(|seed| key("sk_live_", seed)).collect::<Vec<_>>());
    let commit = |path: &str, text: &str| {
        fs::write(of.join(path), text).expect("written");
        git(of, &["add", "--all"]);
        git(of, &["commit", "--quiet", "--message", "x"]);
    };
    git(of, &["init", "--quiet", "--initial-branch", "main"]);
    commit("first", &format!("a\n{}\n", keys[0]));
    // An attribute and settings of the repository hide nothing, and start nothing.
    commit(".gitattributes", "* diff=hide\nfirst -diff\n");
    for (name, value) in [
        ("diff.hide.textconv", "touch started; true"),
        ("diff.external", "touch started; true"),
        ("core.pager", "touch started; true"),
        ("log.showRoot", "false"),
        ("color.ui", "always"),
        ("diff.noprefix", "true"),
    ] {
        git(of, &["config", name, value]);
    }
    commit("first", "a\nb\n");
    commit("second one", &format!("++ b/x {}\nc\n\u{e9} {}", keys[1], keys[2]));
    git(of, &["checkout", "--quiet", "-b", "side", "HEAD~1"]);
    commit("first", "side\n");
    git(of, &["checkout", "--quiet", "main"]);
    commit("first", "main\n");
    git(of, &["merge", "--quiet", "--strategy", "ours", "--no-commit", "side"]);
    commit("first", &format!("merged\n{}\n", keys[3]));

    let found = scan(of, &["--git", "HEAD", "--format", "json"]);
    let told: Value = serde_json::from_str(&stdout(&found)).expect("JSON");
    assert_eq!(found.status.code(), Some(1), "{}", stderr(&found));
    let places: Vec<_> = told["found"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|found| {
            assert_eq!(found["commit"].as_str().map(str::len), Some(40), "{found}");
            format!(
                "{}:{}:{} {}",
                found["path"].as_str().expect("text"),
                found["line"],
                found["column"],
                found["shown"].as_str().expect("text")
            )
        })
        .collect();
    let expected = [
        format!("first:2:1 {}", shown(&keys[3])),
        format!("second one:1:8 {}", shown(&keys[1])),
        format!("second one:3:3 {}", shown(&keys[2])),
        format!("first:2:1 {}", shown(&keys[0])),
    ];
    assert_eq!(places, expected);
    assert!(!of.join("started").exists(), "a program of the repository was started");

    let none = scan(of, &["--git", "HEAD~4..HEAD~3"]);
    assert_eq!(none.status.code(), Some(0), "{}{}", stdout(&none), stderr(&none));
    for range in ["--output=stolen", "-O", "nothing..HEAD", ""] {
        let refused = scan(of, &["--git", range]);
        assert_eq!(refused.status.code(), Some(2), "{range}: {}", stderr(&refused));
    }
    assert!(!of.join("stolen").exists(), "an option was passed to git");
}

#[test]
fn patterns_are_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    for (scanner, holds) in [("gitleaks", "regex = '''sk_live_"), ("github", "Secret format: sk_live_")] {
        let out = scan(folder.path(), &["--patterns", scanner]);
        assert!(out.status.success() && stdout(&out).contains(holds), "{}", stdout(&out));
    }
}
