//! Whatever the bytes, `covenant_fuzz`'s demands on this arithmetic hold.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| covenant_fuzz::products(bytes));
