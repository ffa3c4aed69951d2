//! Keys that sign tokens, as a JWK set or in PEM: whatever the file holds, reading ends, and keys are told or none is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath::correlate::TokenKeys;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(keys) = TokenKeys::read(bytes) {
        assert!(!keys.is_empty());
        let both = keys.len() * 2;
        assert_eq!(keys.with(TokenKeys::read(bytes).expect("it was read before")).len(), both);
    }
});
