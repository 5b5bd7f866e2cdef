//! Allowlists: refused with errors, or parsed; a parsed one is the same after formatting and parsing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sallyport::key::addresses::Addresses;

fuzz_target!(|text: &str| {
    if let Ok(addresses) = Addresses::check(text) {
        assert_eq!(Addresses::check(&addresses.to_string()).as_ref(), Ok(&addresses));
        assert!(addresses.len() <= sallyport::key::addresses::MOST);
    }
});
