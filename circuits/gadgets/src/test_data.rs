//! Vectors computed by circomlibjs, read from the folder that `COVENANT_DATA` names.

use num_bigint::BigUint;
use serde_json::Value;

use crate::field::{Field, field_from_decimal, field_from_integer};

/// The document at this path; `None`, said aloud, where no folder is named.
pub fn read(path: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("COVENANT_DATA") else {
        println!("skipped: COVENANT_DATA is not set");
        return None;
    };
    let path = std::path::Path::new(&folder).join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// A small number, or a decimal or 0x-prefixed string.
pub fn element(value: &Value) -> Field {
    if let Some(number) = value.as_u64() {
        return Field::from(number);
    }
    let text = value.as_str().unwrap_or_else(|| panic!("not a string: {value}"));
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => BigUint::parse_bytes(hex.as_bytes(), 16)
            .as_ref()
            .and_then(field_from_integer),
        None => field_from_decimal(text),
    };
    parsed.unwrap_or_else(|| panic!("not an element: {text}"))
}

/// The bytes of a hexadecimal string.
pub fn bytes<const N: usize>(value: &Value) -> [u8; N] {
    let text = value.as_str().unwrap_or_else(|| panic!("not a string: {value}"));
    let bytes: Vec<u8> = (0..text.len() / 2)
        .map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap_or_else(|error| panic!("{error}")))
        .collect();
    bytes.try_into().unwrap_or_else(|_| panic!("not {N} bytes: {text}"))
}
