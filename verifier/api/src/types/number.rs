//! Amounts and field elements.

use std::fmt;

use covenant_gadgets::circuit::Field;
use covenant_gadgets::field::{
    field_from_bytes, field_from_decimal, field_from_wide, field_to_bytes, field_to_decimal,
};
use rand::{CryptoRng, RngCore};
use serde::de;
use zeroize::Zeroizing;

/// An amount in minor units, in JSON as a decimal string (JSON numbers lose digits above 2^53 in many readers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub i64);

impl Amount {
    /// Reads a decimal: no `+`, no leading zeros, no `-0`.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<i64>() {
            Ok(value) if value.to_string() == text => Ok(Self(value)),
            _ => Err("expected a 64-bit integer as a plain decimal string, such as \"-1250\"".into()),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

super::two_forms! {
    Amount, AmountVisitor, "a 64-bit integer (in JSON as a decimal string)",
    parse: Amount::parse,
    compact: |v, s| s.serialize_i64(v.0),
    visit: {
        fn visit_i64<E: de::Error>(self, value: i64) -> Result<Amount, E> {
            Ok(Amount(value))
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<Amount, E> {
            i64::try_from(value).map(Amount).map_err(|_| E::custom("an amount beyond 64 bits"))
        }
    }
}

/// An element of BN254's scalar field: in JSON a decimal string, as circom and snarkjs write it; in CBOR 32 bytes,
/// little-endian. Always below the field's order. The default is zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FieldElement(pub Field);

impl FieldElement {
    /// Whether this is zero, which stands for "absent".
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// A random element (64 bytes reduced, so that the bias is below 2^-250).
    pub fn random<R: RngCore + CryptoRng>(rng: &mut R) -> Self {
        let mut wide = Zeroizing::new([0; 64]);
        rng.fill_bytes(wide.as_mut());
        Self(field_from_wide(&wide))
    }

    /// Reads a decimal below the field's order, without leading zeros.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        field_from_decimal(text).map(Self).ok_or_else(|| {
            "expected a field element as a plain decimal string below the order of BN254's scalar field".into()
        })
    }
}

impl fmt::Display for FieldElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&field_to_decimal(&self.0))
    }
}

impl fmt::Debug for FieldElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldElement({self})")
    }
}

super::two_forms! {
    FieldElement, FieldVisitor, "a field element (32 bytes little-endian; in JSON a decimal string)",
    parse: FieldElement::parse,
    compact: |v, s| s.serialize_bytes(&field_to_bytes(&v.0)),
    visit: {
        fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<FieldElement, E> {
            let bytes: [u8; 32] = bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))?;
            field_from_bytes(&bytes).map(FieldElement).ok_or_else(|| E::custom("not below the field's order"))
        }
    }
}
