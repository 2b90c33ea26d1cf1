//! Our own statements through programs that we did not write: what they prove with (a `.zkey` and a witness), and what they
//! verify with (a `verification_key.json`, also with a policy folded in).

use ark_ec::CurveGroup as _;
use covenant_gadgets::circuit::Field;
use zeroize::Zeroizing;

use super::ForeignKey;
use crate::errors::{ProveError, VerifyError};
use crate::keys::{Points, ProvingKey, VerifyingKey, lint};
use crate::shape::{self, Assignment};
use crate::statement::Statement;
use crate::verify::fold;

/// The values of all wires, the constant one first, for another prover under this key. The relation is checked in plain Rust, and
/// every row. They hold the witness in the clear: whoever has them knows all of it.
///
/// Nothing here is drawn at random: the same values are computed for the same statement each time, and only the prover's own
/// blinding makes two proofs differ.
///
/// # Errors
/// Where the relation does not hold, the key is for another statement or circuit, or a row does not hold.
pub fn wires<S: Statement>(
    key: &ProvingKey,
    public: &S::Public,
    witness: &S::Witness,
) -> Result<Zeroizing<Vec<Field>>, ProveError<S::Violation>> {
    if key.verifying.statement() != S::ID {
        let found = key.verifying.statement().to_owned();
        return Err(ProveError::OtherStatement { expected: S::ID, found });
    }
    S::check(public, witness).map_err(ProveError::Violation)?;
    let (own, rules) = shape::matrices_of::<S>().map_err(ProveError::Synthesis)?;
    if own != key.matrices {
        return Err(ProveError::OtherCircuit);
    }
    let assignment = Assignment::of::<S>(public, witness).map_err(ProveError::Synthesis)?;
    match own.first_broken_row(&assignment.values) {
        Some(row) => Err(ProveError::Unsatisfied {
            rule: shape::rule_of(&rules, row).unwrap_or("none"),
            row,
        }),
        None => Ok(assignment.values),
    }
}

impl From<&VerifyingKey> for ForeignKey {
    /// A key of ours, all of its inputs open.
    fn from(key: &VerifyingKey) -> Self {
        Self::linted(key.points().clone())
    }
}

impl ForeignKey {
    /// A key of ours with a policy's inputs folded into the first IC point: what remains are the inputs that follow the policy's,
    /// and a proof holds under it with these exactly if it holds under the whole key with all.
    ///
    /// # Errors
    /// A key of another statement; another number of inputs than the policy's; inputs under which the key would be weak.
    pub fn prepared<S: Statement>(key: &VerifyingKey, policy_inputs: &[Field]) -> Result<Self, VerifyError> {
        key.expect_statement::<S>()?;
        let points = key.points();
        let fixed = S::policy_inputs();
        let (folded, rest) = points.ic.split_at_checked(fixed + 1).ok_or(VerifyError::InputCount {
            expected: key.inputs(),
            found: fixed,
        })?;
        let folded = fold(folded, policy_inputs)?.into_affine();
        let ic = std::iter::once(folded).chain(rest.iter().copied()).collect();
        let points = Points { ic, ..points.clone() };
        // Inputs that fold to the identity, or to another IC point, would have to be found on purpose.
        lint(&points).map_err(|_| VerifyError::Invalid)?;
        Ok(Self::linted(points))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::foreign;
    use crate::formats::{json, zkey::Zkey};
    use crate::prove::prove;
    use crate::test_statement::{Lying, Order, Other, honest, key, rng};
    use crate::verify::verify;

    #[test]
    fn a_stored_key_written_as_zkey_proves_for_us() {
        let (key, (public, witness)) = (key(), honest());
        let zkey = Zkey::of(&key);
        let zkey = Zkey::read(Cursor::new(zkey.write(Vec::new()).unwrap())).unwrap();
        let wires = wires::<Order>(&key, &public, &witness).unwrap();
        let proof = foreign::prove(&zkey, &wires, &mut rng(1)).unwrap();
        let proof = json::read_proof(&json::write_proof(&proof).unwrap()).unwrap();
        assert_eq!(
            verify::<Order>(key.verifying(), &Order::inputs(&public), &proof),
            Ok(())
        );
        // Nothing is drawn at random: the second time the same values.
        assert!(*wires == *super::wires::<Order>(&key, &public, &witness).unwrap());
    }

    #[test]
    fn values_that_break_the_relation_or_the_circuit_are_not_handed_out() {
        let (key, (public, mut witness)) = (key(), honest());
        let code = |result: Result<_, &'static str>| {
            result
                .map(|_: Zeroizing<Vec<Field>>| "handed out")
                .unwrap_or_else(|c| c)
        };
        let honest = witness.clone();
        assert_eq!(
            code(wires::<Other>(&key, &public, &honest).map_err(|e| e.code())),
            "key-of-another-statement"
        );
        witness.salt += 1;
        assert_eq!(
            code(wires::<Order>(&key, &public, &witness).map_err(|e| e.code())),
            "statement-violated"
        );
        // A statement whose plain check passes everything: the rows catch it.
        assert_eq!(
            code(wires::<Lying>(&key, &public, &witness).map_err(|e| e.code())),
            "circuit-unsatisfied"
        );
    }

    #[test]
    fn a_key_with_the_policy_folded_in_says_what_the_whole_key_says() {
        let (key, (public, witness)) = (key(), honest());
        let proof = prove::<Order>(&key, &public, &witness, &mut rng(1)).unwrap();
        let inputs = Order::inputs(&public);
        let (policy, rest) = inputs.split_at(Order::policy_inputs());
        let whole = ForeignKey::from(key.verifying());
        assert_eq!(whole.verify(&inputs, &proof), Ok(()));
        let prepared = ForeignKey::prepared::<Order>(key.verifying(), policy).unwrap();
        assert_eq!((prepared.inputs(), prepared.verify(rest, &proof)), (2, Ok(())));
        // As a file, and back.
        let read = ForeignKey::from_json(&prepared.to_json().unwrap()).unwrap();
        assert_eq!(read.verify(rest, &proof), Ok(()));
        let mut other = policy.to_vec();
        other[0] += Field::from(1u8);
        let other = ForeignKey::prepared::<Order>(key.verifying(), &other).unwrap();
        assert_eq!(other.verify(rest, &proof), Err(VerifyError::Invalid));
        let short = ForeignKey::prepared::<Order>(key.verifying(), &policy[1..]).map(|_| ());
        assert!(matches!(short, Err(VerifyError::InputCount { .. })), "{short:?}");
    }
}
