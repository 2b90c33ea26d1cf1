//! The values that documents are made of, each with one spelling.
//!
//! In JSON they are what people read (hexadecimal, decimal strings, ISO dates); in the CBOR that is hashed and signed they
//! are bytes and integers. Reading is strict in both: exact length, lower case, no sign or zero too many, so that a value has
//! one spelling and a document one meaning.

mod bytes;
mod calendar;
mod number;
mod text;

pub use bytes::{Base64, Bytes64, Hex32};
pub use calendar::{IsoDate, UtcTime};
pub use number::{Amount, FieldElement};
pub use text::{LogOrigin, Name, RegistryId, Text, TierName};

/// Serializes through text for people and through something smaller for hashing; deserializes the same way.
macro_rules! two_forms {
    ($name:ty, $visitor:ident, $expecting:literal, parse: $parse:path,
     compact: |$value:ident, $serializer:ident| $compact:expr, visit: { $($visit:tt)* }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    let ($value, $serializer) = (self, serializer);
                    $compact
                }
            }
        }

        struct $visitor(bool);

        impl<'de> serde::de::Visitor<'de> for $visitor {
            type Value = $name;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($expecting)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                if !self.0 {
                    return Err(E::invalid_type(serde::de::Unexpected::Str(text), &self));
                }
                $parse(text).map_err(E::custom)
            }

            $($visit)*
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    deserializer.deserialize_str($visitor(true))
                } else {
                    deserializer.deserialize_any($visitor(false))
                }
            }
        }
    };
}
pub(crate) use two_forms;

#[cfg(test)]
mod tests;
