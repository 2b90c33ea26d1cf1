//! Byte strings of exact length.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Decodes exactly `N` bytes from lower-case hexadecimal.
fn hex<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let wrong = || format!("expected {} lower-case hexadecimal digits", 2 * N);
    if text.len() != 2 * N {
        return Err(wrong());
    }
    let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| wrong())?;
    bytes.try_into().map_err(|_| wrong())
}

macro_rules! hex_type {
    ($(#[$doc:meta])* $name:ident, $visitor:ident, $length:literal, $expecting:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// Reads lower-case hexadecimal of exactly this length.
            ///
            /// # Errors
            /// What was expected, in words.
            pub fn parse(text: &str) -> Result<Self, String> {
                hex(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        super::two_forms!($name, $visitor, $expecting, parse: $name::parse,
            compact: |v, s| s.serialize_bytes(&v.0),
            visit: {
                fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<$name, E> {
                    bytes.try_into().map($name).map_err(|_| E::invalid_length(bytes.len(), &self))
                }
            });
    };
}

hex_type!(
    /// 32 bytes, in JSON as 64 lower-case hexadecimal digits: ids, Ed25519 keys, packed Baby Jubjub keys, nonces.
    Hex32, Hex32Visitor, 32, "32 bytes (64 lower-case hexadecimal digits)"
);
hex_type!(
    /// 64 bytes, in JSON as 128 lower-case hexadecimal digits: signatures.
    Bytes64, Bytes64Visitor, 64, "64 bytes (128 lower-case hexadecimal digits)"
);

/// Exactly `N` bytes, in JSON as canonical base64 (RFC 4648 §4, padded, no stray bits).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Base64<const N: usize>(pub [u8; N]);

impl<const N: usize> Base64<N> {
    /// Reads canonical base64 of exactly `N` bytes.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected {N} bytes in canonical base64");
        if text.len() != N.div_ceil(3) * 4 {
            return Err(wrong());
        }
        let bytes = BASE64.decode(text.as_bytes()).map_err(|_| wrong())?;
        bytes.try_into().map(Self).map_err(|_| wrong())
    }
}

impl<const N: usize> fmt::Display for Base64<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

impl<const N: usize> fmt::Debug for Base64<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64({self})")
    }
}

impl<const N: usize> Serialize for Base64<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_string())
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

struct Base64Visitor<const N: usize>(bool);

impl<const N: usize> Visitor<'_> for Base64Visitor<N> {
    type Value = Base64<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes (in JSON as canonical base64)")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Base64<N>, E> {
        if !self.0 {
            return Err(E::invalid_type(Unexpected::Str(text), &self));
        }
        Base64::parse(text).map_err(E::custom)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Base64<N>, E> {
        bytes
            .try_into()
            .map(Base64)
            .map_err(|_| E::invalid_length(bytes.len(), &self))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Base64<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Base64Visitor(true))
        } else {
            deserializer.deserialize_any(Base64Visitor(false))
        }
    }
}
