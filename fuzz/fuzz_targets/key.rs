//! Presented keys: junk is refused, and anything accepted has the form and the checksum of a key.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use sallyport::{key::secret::Checked, profile::Profile, root_token};

static PROFILE: LazyLock<Arc<Profile>> = LazyLock::new(Profile::standard);

fuzz_target!(|text: &str| {
    let profile = &*PROFILE;
    if let Some(prefix) = profile.prefix_of(text)
        && Checked::parse(prefix, text).is_some()
    {
        assert_eq!(text.len(), prefix.len() + 36);
        assert!(text[prefix.len()..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert!(root_token::parse(text).is_none());
    }
});
