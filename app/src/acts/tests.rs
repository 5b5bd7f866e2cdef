use std::{
    fs,
    path::{Path, PathBuf},
};

use super::*;

#[test]
fn every_server_function_is_in_one_of_the_lists() {
    let mut listed = [MOUNTED, OF_PAGES].concat();
    listed.sort_unstable();
    assert_eq!(listed, registered());
    assert!(listed.iter().all(|path| path.starts_with("/act/")), "{listed:?}");
}

#[test]
fn what_a_page_alone_shows_is_not_serialized() {
    assert!(serde_json::to_string(&InPage("sk_live_secret")).is_err());
    assert!(serde_json::to_string(&Some(InPage(1))).is_err());
}

/// The Rust files below a folder, with their text.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a text");
            found.push((path, text));
        }
    }
    found
}

/// The write methods of the store: they take the actor, except those for requests and sessions.
fn changing_verbs() -> Vec<String> {
    const NAMELESS: [&str; 5] = ["forget_days", "forget_repeats", "record_days", "record_noted", "record_usage"];
    let store = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/store"));
    let functions = store.iter().flat_map(|(_, text)| text.split("pub async fn ").skip(1));
    let verbs = functions.filter_map(|function| {
        let head = &function[..function.find('{')?];
        let name = &head[..head.find(['(', '<'])?];
        (head.contains("act: &Act") || NAMELESS.contains(&name)).then(|| name.to_owned())
    });
    let verbs: Vec<_> = verbs.collect();
    for known in ["issue_key", "delete_place", "change_password"].iter().chain(&NAMELESS) {
        assert!(verbs.iter().any(|verb| verb == known), "{known} is no verb of the store any more");
    }
    verbs
}

#[test]
fn nothing_but_acts_changes_something() {
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let acts = app.join("acts");
    let verbs = changing_verbs();
    let mut called = Vec::new();
    for (path, text) in sources(&app) {
        // Noted acts are written by the server's flush, independent of pages.
        if path.starts_with(&acts) || path.ends_with("src/noted.rs") {
            continue;
        }
        let calls = verbs.iter().filter(|verb| text.contains(&format!(".{verb}(")));
        called.extend(calls.map(|verb| format!("{} calls {verb}", path.display())));
    }
    assert_eq!(called, Vec::<String>::new(), "make it an act: a server function in app/src/acts");
}
