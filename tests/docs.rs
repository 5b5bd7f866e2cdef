//! The files in ARCHITECTURE.md exist, and so do the targets of relative links everywhere.

use std::{
    fs::read_to_string,
    path::{Path, PathBuf},
};

const DOCUMENTS: [&str; 6] =
    ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs", "examples/gateways"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let of_folder = |folder: PathBuf| -> Vec<PathBuf> {
        let entries = folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
    };
    let all = DOCUMENTS.map(|name| root().join(name)).into_iter();
    all.flat_map(|path| if path.is_dir() { of_folder(path) } else { vec![path] }).collect()
}

/// The heading as an anchor.
fn anchor(heading: &str) -> String {
    let kept =
        heading.trim_start_matches(['#', ' ']).chars().filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

#[test]
fn links_lead_somewhere() {
    for document in documents() {
        let text = read_to_string(&document).expect("text");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => document.clone(),
                file => document.parent().expect("a folder").join(file),
            };
            assert!(target.exists(), "{}: {link}", document.display());
            if !fragment.is_empty() {
                let there = read_to_string(&target).expect("text");
                let found = there.lines().any(|line| line.starts_with('#') && anchor(line) == fragment);
                assert!(found, "{}: {link}", document.display());
            }
        }
    }
}

/// `a/{b,c}/d.rs` as two paths.
fn expanded(path: &str) -> Vec<String> {
    let Some((before, (within, after))) =
        path.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    else {
        return vec![path.to_owned()];
    };
    within.split(',').flat_map(|word| expanded(&format!("{before}{word}{after}"))).collect()
}

#[test]
fn architecture_names_files_that_exist() {
    let text = read_to_string(root().join("ARCHITECTURE.md")).expect("text");
    // In code blocks, paths may be abbreviated.
    let prose = text.split("```").step_by(2).collect::<String>();
    let names = prose.split(['`', ' ', '\n', '(', ')']);
    let mut found = 0;
    for name in names {
        let first = name.split('/').next().unwrap_or_default();
        if !["src", "app", "server", "migrations", "examples", "docs"].contains(&first) || !name.contains('/') {
            continue;
        }
        for path in expanded(name.trim_end_matches(['…', '/', ',', ':', ';', '.'])) {
            assert!(root().join(&path).exists(), "{path}");
            found += 1;
        }
    }
    assert!(found > 30, "{found}");
}
