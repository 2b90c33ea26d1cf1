//! Witnesses (`.wtns`, version 2): section 1 holds the prime and the number of wires, section 2 their values, the constant one
//! first, then the public inputs, then the private wires; each 32 canonical little-endian bytes.

use std::io::{Read, Seek, Write};

use ark_bn254::Fr;
use ark_ff::PrimeField as _;
use covenant_gadgets::circuit::Field;
use zeroize::{Zeroize as _, Zeroizing};

use super::FormatError;
use super::container::{Container, ContainerWriter, Cursor, write_prime};
use crate::montgomery::{FIELD_BYTES, canonical, write_canonical};

const FORMAT: &str = "wtns";
const VERSION: u32 = 2;
/// Wires that a witness may have: what the largest evaluation domain of the field holds.
const WIRES_MAX: u64 = 1 << 28;

/// Writes the values of all wires.
///
/// # Errors
/// Faults of writing; more than 2^28 wires.
pub fn write(writer: impl Write, wires: &[Field]) -> Result<(), FormatError> {
    let count = u32::try_from(wires.len())
        .ok()
        .filter(|n| u64::from(*n) <= WIRES_MAX)
        .ok_or_else(|| too_many(wires.len() as u64))?;
    let mut out = ContainerWriter::new(writer, FORMAT, VERSION, 2)?;
    let mut head = Vec::new();
    write_prime(&mut head, Fr::MODULUS);
    head.extend_from_slice(&count.to_le_bytes());
    out.section(1, &head)?;
    out.begin(2, (wires.len() * FIELD_BYTES) as u64)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(1024 * FIELD_BYTES));
    for chunk in wires.chunks(1024) {
        bytes.zeroize();
        chunk.iter().for_each(|w| write_canonical(&mut bytes, w));
        out.write(&bytes)?;
    }
    out.finish().map(|_| ())
}

/// Reads the values of all wires. The first must be one.
///
/// # Errors
/// Anything but the format; another prime; numbers at or above the modulus; faults of reading.
pub fn read(reader: impl Read + Seek) -> Result<Zeroizing<Vec<Field>>, FormatError> {
    let mut file = Container::open(reader, FORMAT, VERSION)?;
    let head = file.all(1, 64)?;
    let mut cursor = Cursor::new(&head, FORMAT, "header");
    cursor.prime(Fr::MODULUS)?;
    let count = u64::from(cursor.u32()?);
    cursor.end()?;
    if count > WIRES_MAX {
        return Err(too_many(count));
    }
    file.expect_length(2, "values", count * FIELD_BYTES as u64)?;
    let bytes = Zeroizing::new(file.all(2, WIRES_MAX * FIELD_BYTES as u64)?);
    let values: Option<Vec<Field>> = bytes.chunks_exact(FIELD_BYTES).map(canonical).collect();
    let values = Zeroizing::new(values.ok_or_else(|| {
        FormatError::malformed(
            FORMAT,
            "a value is not below the modulus",
            "numbers below BN254's scalar prime",
        )
    })?);
    if values.first() != Some(&Field::from(1u8)) {
        return Err(FormatError::malformed(
            FORMAT,
            "the first value is not 1",
            "the constant one first",
        ));
    }
    Ok(values)
}

fn too_many(count: u64) -> FormatError {
    FormatError::malformed(FORMAT, format!("{count} wires"), format!("at most {WIRES_MAX}"))
}
