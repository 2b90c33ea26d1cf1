//! Texts of bounded length, each with what it may contain.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::limits;

/// A line: not empty, no control characters, no space at either end.
fn line(text: &str, bytes_max: usize) -> Result<(), String> {
    if text.is_empty() || text.len() > bytes_max {
        return Err(format!("expected 1 to {bytes_max} bytes of text"));
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err("expected one line of text, without control characters or spaces at its ends".into());
    }
    Ok(())
}

/// Printable ASCII without spaces.
fn graphic(text: &str, bytes_max: usize) -> Result<(), String> {
    line(text, bytes_max)?;
    if text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(())
    } else {
        Err("expected printable ASCII without spaces".into())
    }
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Reads it.
            ///
            /// # Errors
            /// What was expected, in words.
            pub fn parse(text: &str) -> Result<Self, String> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(de::Error::custom)
            }
        }
    };
}

text_type!(
    /// A name, of a bank or an attestor.
    Name, |t| line(t, limits::NAME_BYTES_MAX)
);
text_type!(
    /// A line of free text, such as a reason.
    Text, |t| line(t, limits::TEXT_BYTES_MAX)
);
text_type!(
    /// A tier's name, as the policy writes it.
    TierName, |t| line(t, limits::TIER_BYTES_MAX)
);
text_type!(
    /// The origin line of the log in which a verdict will be recorded (C2SP tlog-checkpoint).
    LogOrigin, |t| graphic(t, limits::LOG_ORIGIN_BYTES_MAX)
);
text_type!(
    /// A legal person in its register: the register's name, a colon, the number ("FR-SIREN:123456789").
    RegistryId,
    |t| {
        graphic(t, limits::REGISTRY_ID_BYTES_MAX)?;
        match t.split_once(':') {
            Some((register, number)) if !register.is_empty() && !number.is_empty() => Ok(()),
            _ => Err("expected REGISTER:NUMBER, such as FR-SIREN:123456789".into()),
        }
    }
);
