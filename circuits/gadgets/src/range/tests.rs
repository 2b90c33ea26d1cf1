use super::*;
use crate::circuit::FinishedCircuit;
use crate::field::{field_from_i64, field_from_i128, field_from_integer, field_from_u64, modulus};
use crate::testing::{loose_wires, unsatisfied_rows};

/// The circuit that `build` makes of one private wire.
fn circuit_of(value: Field, build: impl FnOnce(&mut Circuit, &Var) -> Result<()>) -> FinishedCircuit {
    let mut circuit = Circuit::for_witness(true);
    let wire = circuit.witness(Some(value)).unwrap();
    circuit.rule("range", |c| build(c, &wire)).unwrap();
    circuit.finish()
}

#[test]
fn a_range_has_its_bounds() {
    for bits in [1, 8, 63, 64, 252] {
        let past = Field::from(2u64).pow([bits as u64]);
        for (value, inside) in [
            (Field::zero(), true),
            (Field::one(), true),
            (past - Field::one(), true),
            (past, false),
            (past + Field::one(), false),
            (-Field::one(), false),
        ] {
            let finished = circuit_of(value, |c, wire| enforce_range(c, wire, bits));
            assert_eq!(is_in_range(&value, bits), inside);
            assert_eq!(finished.cs.num_constraints(), bits + 1);
            // The sum of the bits is the last row, and the only one that breaks.
            assert_eq!(
                unsatisfied_rows(&finished),
                if inside { vec![] } else { vec![bits] },
                "{value} in {bits} bits"
            );
            if inside {
                assert_eq!(loose_wires(&finished), [0usize; 0]);
            }
        }
    }
}

#[test]
fn a_signed_range_has_open_bounds() {
    for (value, inside) in [
        (0i128, true),
        (1, true),
        (-1, true),
        (i128::from(i64::MAX), true),
        (-i128::from(i64::MAX), true),
        (i128::from(i64::MIN), false),
        (1 << 63, false),
        (i128::MIN, false),
    ] {
        let element = field_from_i128(value);
        let finished = circuit_of(element, |c, wire| enforce_signed_range(c, wire, 63));
        assert_eq!(is_in_signed_range(&element, 63), inside);
        assert_eq!(finished.cs.num_constraints(), 66);
        assert_eq!(unsatisfied_rows(&finished).is_empty(), inside, "{value}");
        if inside {
            assert_eq!(loose_wires(&finished), [0usize; 0]);
        }
    }
}

#[test]
fn bits_are_the_numbers_own() {
    let mut found = Vec::new();
    circuit_of(field_from_u64(0b1_0110), |c, wire| {
        found = bits_var(c, wire, 5)?;
        Ok(())
    });
    let values: Vec<Field> = found.iter().filter_map(|bit| value_of(&number(bit))).collect();
    assert_eq!(values, [0u64, 1, 1, 0, 1].map(Field::from));
}

/// Bits of any number, canonical or not, against a limit.
fn limited(value: &BigUint, width: usize, limit: &BigUint) -> FinishedCircuit {
    let mut circuit = Circuit::for_witness(true);
    let allocate = |c: &mut Circuit, index| Bit::new_witness(c.cs(), || Ok(value.bit(index as u64)));
    let bits = circuit
        .rule("bits", |c| {
            (0..width).map(|index| allocate(c, index)).collect::<Result<Vec<_>>>()
        })
        .unwrap();
    circuit
        .rule("limit", |c| enforce_bits_at_most(c, &bits, limit))
        .unwrap();
    circuit.finish()
}

#[test]
fn every_small_number_against_every_small_limit() {
    for limit in 0u32..64 {
        for value in 0u32..64 {
            let finished = limited(&value.into(), 6, &limit.into());
            assert_eq!(
                unsatisfied_rows(&finished).is_empty(),
                value <= limit,
                "{value} <= {limit}"
            );
            if value <= limit {
                let loose = loose_wires(&finished);
                // A bit may change where the limit allows it; every other wire is held.
                assert!(loose.iter().all(|&wire| wire <= 6), "{value} <= {limit}: {loose:?}");
            }
        }
    }
}

/// Over all values of the helper wires, not only an honest prover's: no assignment passes for a number above the limit.
#[test]
fn no_helper_makes_a_large_number_small() {
    let small: Vec<Field> = (-3..=3)
        .map(field_from_i64)
        .chain([Field::from(2u64).inverse().unwrap()])
        .collect();
    for missing in 0u64..3 {
        for found in 0u64..=2 {
            let passes = small.iter().any(|tied| {
                let sum = Field::from(missing + found);
                (sum * tied).is_zero() && !(Field::from(missing) + tied).is_zero()
            });
            assert_eq!(passes, missing > 0 || found == 0, "{missing} missing, {found} found");
        }
    }
}

#[test]
fn the_modulus_is_a_limit() {
    let limit = modulus() - 1u8;
    for (value, inside) in [
        (BigUint::ZERO, true),
        (limit.clone(), true),
        (modulus(), false),
        (modulus() + 1u8, false),
        ((BigUint::from(1u8) << 254) - 1u8, false),
        (limit.clone() - (BigUint::from(1u8) << 28), true),
        (limit.clone() + (BigUint::from(1u8) << 28), false),
    ] {
        let finished = limited(&value, 254, &limit);
        assert_eq!(unsatisfied_rows(&finished).is_empty(), inside, "{value}");
    }
}

#[test]
fn packing_is_the_same_in_both_worlds_and_keeps_numbers_apart() {
    let values: Vec<Field> = [1, -1, i64::MAX, -i64::MAX, 0, 7, 8].map(field_from_i64).to_vec();
    let packed = pack(&values);
    assert_eq!(packed.len(), 3);
    let mut circuit = Circuit::for_witness(true);
    let wires: Vec<Var> = values
        .iter()
        .map(|value| circuit.witness(Some(*value)).unwrap())
        .collect();
    assert_eq!(pack_var(&wires).iter().filter_map(value_of).collect::<Vec<_>>(), packed);
    assert_eq!(circuit.rows(), 0);
    let number = BigUint::from(5u8) + (BigUint::from(6u8) << 64) + (BigUint::from(7u8) << 128);
    assert_eq!(
        pack(&[5, 6, 7].map(field_from_u64)),
        [field_from_integer(&number).unwrap()]
    );
    assert_ne!(
        pack(&[1, 0, 0].map(field_from_u64)),
        pack(&[0, 1, 0].map(field_from_u64))
    );
}
