//! What a gateway requires, in a query and in the settings: refused with words, or read.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../server/src/api/requirement.rs"]
#[allow(dead_code)]
mod requirement;

use requirement::Requirement;

fuzz_target!(|text: &str| {
    if let Ok(required) = Requirement::parse(url::form_urlencoded::parse(text.as_bytes())) {
        assert!(required.scope.iter().all(|scope| !scope.is_empty()));
        let names_scopes = url::form_urlencoded::parse(text.as_bytes()).any(|(name, _)| name == "scope");
        assert_eq!(names_scopes, !required.scope.is_empty());
    }
    let _ = toml::from_str::<Requirement>(text);
});
