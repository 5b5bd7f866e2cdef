//! Profiles: a file is refused with errors, or gives a profile that checks keys without panicking.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sallyport::{profile::Profile, scope::Request};

fuzz_target!(|text: &str| {
    let Ok(profile) = Profile::parse(text) else { return };
    let all = profile.set(profile.scopes.iter().map(|scope| scope.name.as_str()));
    let granted = profile.granted(all);
    for scope in &profile.scopes {
        assert!(profile.includes(granted, &scope.name));
    }
    profile.allows(granted, &Request::new(Some("GET"), Some("/reports/7?x=1")));
    assert!(profile.environments.iter().all(|environment| profile.prefix_of(&environment.prefix).is_some()));
});
