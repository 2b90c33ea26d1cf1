//! Constraint systems (`.r1cs`, version 1): section 1 is a header, section 2 the rows, each as its linear forms A, B and C,
//! section 3 a label for each wire. Our systems have no outputs in circom's sense: all public wires are inputs, in the order
//! of [`Statement::input_names`](crate::statement::Statement::input_names), after the constant one and before the private
//! wires, and a wire's label is its number.

use std::io::{Read, Seek, Write};

use ark_bn254::Fr;
use ark_ff::PrimeField as _;
use covenant_gadgets::circuit::Field;

use super::FormatError;
use super::container::{Container, ContainerWriter, Cursor, write_prime};
use crate::matrices::Matrices;
use crate::montgomery::{FIELD_BYTES, canonical, write_canonical};

const FORMAT: &str = "r1cs";
const VERSION: u32 = 1;
/// Bytes of all rows that are read: far beyond 2^22 rows of ours.
const ROWS_BYTES_MAX: u64 = 1 << 32;
/// Sections of custom gates, which Groth16 does not know.
const CUSTOM_GATES: [u32; 2] = [4, 5];

/// Writes a constraint system.
///
/// # Errors
/// Faults of writing.
pub fn write(writer: impl Write, matrices: &Matrices) -> Result<(), FormatError> {
    let mut out = ContainerWriter::new(writer, FORMAT, VERSION, 3)?;
    let mut head = Vec::new();
    write_prime(&mut head, Fr::MODULUS);
    let [wires, public, private, rows] = [
        matrices.wires(),
        matrices.inputs() - 1,
        matrices.witnesses(),
        matrices.rows(),
    ]
    .map(|n| n as u32);
    for number in [wires, 0, public, private] {
        head.extend_from_slice(&number.to_le_bytes());
    }
    head.extend_from_slice(&u64::from(wires).to_le_bytes());
    head.extend_from_slice(&rows.to_le_bytes());
    out.section(1, &head)?;

    let entries: usize = matrices.non_zeros().iter().sum();
    out.begin(2, (12 * matrices.rows() + (4 + FIELD_BYTES) * entries) as u64)?;
    let mut bytes = Vec::new();
    for row in 0..matrices.rows() {
        bytes.clear();
        for matrix in 0..3 {
            let at = bytes.len();
            bytes.extend_from_slice(&[0; 4]);
            let mut count = 0u32;
            for (wire, coefficient) in matrices.row(matrix, row) {
                bytes.extend_from_slice(&(wire as u32).to_le_bytes());
                write_canonical(&mut bytes, &coefficient);
                count += 1;
            }
            bytes.splice(at..at + 4, count.to_le_bytes());
        }
        out.write(&bytes)?;
    }
    let labels: Vec<u8> = (0..u64::from(wires)).flat_map(u64::to_le_bytes).collect();
    out.section(3, &labels)?;
    out.finish().map(|_| ())
}

/// Reads a constraint system of circom's or ours. Outputs and public inputs are both public wires.
///
/// # Errors
/// Anything but the format; another prime; custom gates; rows that name a wire that there is not, or a wire twice.
pub fn read(reader: impl Read + Seek) -> Result<Matrices, FormatError> {
    let mut file = Container::open(reader, FORMAT, VERSION)?;
    if CUSTOM_GATES.iter().any(|kind| file.has(*kind)) {
        return Err(FormatError::malformed(
            FORMAT,
            "custom gates",
            "rows only: Groth16 knows no other constraints",
        ));
    }
    let head = file.all(1, 128)?;
    let mut cursor = Cursor::new(&head, FORMAT, "header");
    cursor.prime(Fr::MODULUS)?;
    let [wires, outputs, inputs, _private] = [cursor.u32()?, cursor.u32()?, cursor.u32()?, cursor.u32()?];
    let _labels = cursor.u64()?;
    let rows = cursor.u32()?;
    cursor.end()?;
    let public = outputs.checked_add(inputs).filter(|n| *n < wires).ok_or_else(|| {
        let what = format!("{outputs} outputs and {inputs} public inputs among {wires} wires");
        FormatError::malformed(FORMAT, what, "fewer public wires than wires")
    })?;
    let bytes = file.all(2, ROWS_BYTES_MAX)?;
    let mut cursor = Cursor::new(&bytes, FORMAT, "rows");
    let mut abc = [const { Vec::new() }; 3];
    for row in 0..rows {
        for matrix in &mut abc {
            let terms = cursor.u32()?;
            let mut form: Vec<(Field, usize)> = Vec::new();
            for _ in 0..terms {
                let wire = cursor.u32()?;
                let coefficient: Option<Field> = canonical(cursor.take(FIELD_BYTES)?);
                let coefficient = coefficient.filter(|_| wire < wires).ok_or_else(|| {
                    let what = format!("row {row}: wire {wire}, or its coefficient");
                    FormatError::malformed(
                        FORMAT,
                        what,
                        "a wire that there is, and a coefficient below the modulus",
                    )
                })?;
                form.push((coefficient, wire as usize));
            }
            form.sort_by_key(|(_, wire)| *wire);
            if form.iter().zip(form.iter().skip(1)).any(|(one, next)| one.1 == next.1) {
                let what = format!("row {row} names a wire twice");
                return Err(FormatError::malformed(FORMAT, what, "each wire once in a linear form"));
            }
            matrix.push(form);
        }
    }
    cursor.end()?;
    Matrices::from_rows(public as usize + 1, (wires - public - 1) as usize, &abc)
        .map_err(|e| FormatError::malformed(FORMAT, e.to_string(), "fewer than 2^32 entries"))
}
