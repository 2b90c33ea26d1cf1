//! Bits, ranges and packing.
//!
//! A number of n bits costs n rows for the bits and one for their sum. An honest prover derives the bits from the number's low
//! n bits, so that a number out of range breaks that one row and no other.

use ark_ff::{AdditiveGroup as _, Field as _, One as _, Zero as _};
use ark_r1cs_std::alloc::AllocVar as _;
use ark_relations::gr1cs::SynthesisError;
use num_bigint::BigUint;

use crate::circuit::{Bit, Circuit, Field, Result, Var, value_of};
use crate::field::{field_bit, field_to_i128, field_to_integer};
use crate::rows::{enforce_not_zero, enforce_product, enforce_zero, linear, number, quotient};

/// The widest range: every number of 252 bits, and the sum or difference of two, is below p.
pub const BITS_MAX: usize = 252;

/// Numbers per packed element.
pub const PACKED: usize = 3;

/// Bits per packed number.
const PACKED_BITS: u64 = 64;

/// Whether 0 <= value < 2^bits.
pub fn is_in_range(value: &Field, bits: usize) -> bool {
    field_to_integer(value).bits() <= bits as u64
}

/// Whether −2^bits < value < 2^bits, for at most 126 bits.
pub fn is_in_signed_range(value: &Field, bits: usize) -> bool {
    field_to_i128(value).is_some_and(|value| value.unsigned_abs() >> bits == 0)
}

/// The n bits of a number, the least significant first, and with them 0 <= value < 2^n. n + 1 rows.
///
/// # Panics
/// If n is 0 or above [`BITS_MAX`]: widths are constants of a statement.
pub fn bits_var(circuit: &mut Circuit, value: &Var, n: usize) -> Result<Vec<Bit>> {
    assert!((1..=BITS_MAX).contains(&n), "{n} bits do not identify a field element");
    decompose(circuit, value, n, None)
}

/// The bits and their sum, for any n; unique only together with an upper bound if 2^n exceeds p. The bits are the value's own
/// unless a prover gives others.
pub(crate) fn decompose(circuit: &mut Circuit, value: &Var, n: usize, given: Option<&[bool]>) -> Result<Vec<Bit>> {
    let known = value_of(value);
    let bits = (0..n)
        .map(|index| {
            let own = known.map(|value| field_bit(&value, index));
            let bit = given.and_then(|bits| bits.get(index).copied()).or(own);
            Bit::new_witness(circuit.cs(), || bit.ok_or(SynthesisError::AssignmentMissing))
        })
        .collect::<Result<Vec<_>>>()?;
    let numbers: Vec<Var> = bits.iter().map(number).collect();
    let mut power = Field::one();
    let mut terms = Vec::with_capacity(n + 1);
    for number in &numbers {
        terms.push((power, number));
        power.double_in_place();
    }
    terms.push((-Field::one(), value));
    let difference = linear(circuit, &terms, Field::zero())?;
    enforce_zero(circuit, &difference)?;
    Ok(bits)
}

/// 0 <= value < 2^bits. bits + 1 rows.
pub fn enforce_range(circuit: &mut Circuit, value: &Var, bits: usize) -> Result<()> {
    bits_var(circuit, value, bits).map(drop)
}

/// −2^bits < value < 2^bits. bits + 3 rows.
pub fn enforce_signed_range(circuit: &mut Circuit, value: &Var, bits: usize) -> Result<()> {
    let shifted = linear(circuit, &[(Field::one(), value)], Field::from(2u64).pow([bits as u64]))?;
    enforce_range(circuit, &shifted, bits + 1)?;
    enforce_not_zero(circuit, &shifted)
}

/// The number of these bits, least significant first, is at most `limit`. One row per run of zeros in `limit` that is one bit
/// long, two per longer run; no wire is free.
///
/// The number exceeds the limit exactly if, at some zero of the limit, it has a one while all ones of the limit further up are
/// ones of the number, too. For a run of zeros let Z be the sum of the number's bits there and m how many bits are missing at
/// the limit's ones further up, both small non-negative integers: m = 0 must imply Z = 0. A run of one bit: m + 1 − Z is zero
/// exactly if m = 0 and Z = 1, so it must have an inverse. A longer run: a wire k with k·(m + Z) = 0, and an inverse of m + k;
/// where m = 0, k is not zero, so Z is; where m > 0, k = 0 and the inverse exists.
///
/// # Panics
/// If the limit has more bits than the number.
pub fn enforce_bits_at_most(circuit: &mut Circuit, bits: &[Bit], limit: &BigUint) -> Result<()> {
    assert!(
        limit.bits() <= bits.len() as u64,
        "the limit has more bits than the number"
    );
    let numbers: Vec<Var> = bits.iter().map(number).collect();
    // m is a constant minus the bits seen so far; each use is one linear combination of wires.
    let (mut ones, mut missing_terms) = (0u64, Vec::new());
    let mut top = bits.len();
    while top > 0 {
        let is_one = limit.bit(top as u64 - 1);
        let start = (0..top)
            .rev()
            .find(|&index| limit.bit(index as u64) != is_one)
            .map_or(0, |index| index + 1);
        let run = &numbers[start..top];
        if is_one {
            ones += run.len() as u64;
            missing_terms.extend(run.iter().map(|bit| (-Field::one(), bit)));
        } else {
            let zeros: Vec<(Field, &Var)> = run.iter().map(|bit| (Field::one(), bit)).collect();
            let missing = linear(circuit, &missing_terms, Field::from(ones))?;
            let found = linear(circuit, &zeros, Field::zero())?;
            enforce_run(circuit, &missing, &found, run.len())?;
        }
        top = start;
    }
    Ok(())
}

/// missing = 0 implies found = 0.
fn enforce_run(circuit: &mut Circuit, missing: &Var, found: &Var, length: usize) -> Result<()> {
    let one = Field::one();
    if let Var::Constant(missing) = missing {
        // No one of the limit is further up.
        return if missing.is_zero() {
            enforce_zero(circuit, found)
        } else {
            Ok(())
        };
    }
    if length == 1 {
        let room = linear(circuit, &[(one, missing), (-one, found)], one)?;
        return enforce_not_zero(circuit, &room);
    }
    let tied = circuit.witness(value_of(missing).map(|missing| Field::from(missing.is_zero())))?;
    let sum = linear(circuit, &[(one, missing), (one, found)], Field::zero())?;
    enforce_product(circuit, &sum, &tied, &Var::Constant(Field::zero()))?;
    let invertible = linear(circuit, &[(one, missing), (one, &tied)], Field::zero())?;
    quotient(circuit, &Var::Constant(one), &invertible).map(drop)
}

/// Packs numbers of [0, 2^64), or of (−2^63, 2^63), three to an element: number 3k + i of an element k stands at 2^(64·i). Different
/// lists of one length and one of the two ranges pack differently.
pub fn pack(values: &[Field]) -> Vec<Field> {
    let weights = weights();
    values
        .chunks(PACKED)
        .map(|chunk| chunk.iter().zip(weights).map(|(value, weight)| *value * weight).sum())
        .collect()
}

/// [`pack`] in a circuit. No row; the ranges are the caller's to enforce.
pub fn pack_var(values: &[Var]) -> Vec<Var> {
    let weights = weights();
    values
        .chunks(PACKED)
        .map(|chunk| chunk.iter().zip(weights).map(|(value, weight)| value * weight).sum())
        .collect()
}

fn weights() -> [Field; PACKED] {
    [0, 1, 2].map(|index| Field::from(2u64).pow([PACKED_BITS * index]))
}

#[cfg(test)]
mod tests;
