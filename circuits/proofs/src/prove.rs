//! Making proofs: the relation is checked in plain Rust first, the proof itself last.
//!
//! The circuit is synthesised for its wires only; the matrices come from the key. Why each part is as it is: `docs/engine.md`.

use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::CurveGroup as _;
use ark_ff::UniformRand as _;
use ark_relations::gr1cs::SynthesisError;
use covenant_gadgets::circuit::Field;
use rand::{CryptoRng, RngCore};
use zeroize::{Zeroize as _, Zeroizing};

use crate::decode::Proof;
pub use crate::errors::ProveError;
use crate::errors::VerifyError;
use crate::fft::Transform;
use crate::keys::ProvingKey;
use crate::matrices::Matrices;
use crate::msm::Scalars;
use crate::shape;
use crate::shape::Assignment;
use crate::statement::Statement;
use crate::verify::verify;

/// Proves that the relation holds: checks it in plain Rust first, and verifies its own proof last.
///
/// # Errors
/// Where the relation does not hold ([`ProveError::Violation`] names the rule), the key is for another statement or shape, or
/// a constraint does not hold although the relation does (a fault of the statement; the rule is named).
pub fn prove<S: Statement>(
    key: &ProvingKey,
    public: &S::Public,
    witness: &S::Witness,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Proof, ProveError<S::Violation>> {
    key_is_for::<S>(key)?;
    S::check(public, witness).map_err(ProveError::Violation)?;
    let assignment = Assignment::of::<S>(public, witness).map_err(ProveError::Synthesis)?;
    prove_wires::<S>(key, &assignment, rng)
}

/// Proves from the values of all wires, where they were computed already, and verifies the proof.
///
/// # Errors
/// As [`prove`], but that the relation is not checked in plain Rust: what breaks it breaks a constraint.
pub fn prove_wires<S: Statement>(
    key: &ProvingKey,
    assignment: &Assignment,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Proof, ProveError<S::Violation>> {
    key_is_for::<S>(key)?;
    let matrices = &key.matrices;
    let witnesses = assignment.values.len().saturating_sub(assignment.inputs);
    for (what, expected, found) in [
        ("public inputs", matrices.inputs(), assignment.inputs),
        ("witnesses", matrices.witnesses(), witnesses),
    ] {
        if expected != found {
            return Err(ProveError::CircuitMismatch { what, expected, found });
        }
    }
    let mut blinding = [Field::rand(rng), Field::rand(rng)];
    let proof = multiply_out::<S>(key, assignment, blinding);
    blinding.zeroize();
    let proof = proof?;
    let inputs = assignment.values.get(1..assignment.inputs).unwrap_or_default();
    match verify::<S>(&key.verifying, inputs, &proof) {
        Ok(()) => Ok(proof),
        // A row that does not hold makes such a proof, and is found only now, since it ought never to be there.
        Err(error) => Err(match matrices.first_broken_row(&assignment.values) {
            Some(row) => broken::<S>(matrices, row),
            None => ProveError::SelfCheck(error),
        }),
    }
}

fn key_is_for<S: Statement>(key: &ProvingKey) -> Result<(), ProveError<S::Violation>> {
    if key.verifying.statement() == S::ID {
        return Ok(());
    }
    let found = key.verifying.statement().to_owned();
    Err(ProveError::OtherStatement { expected: S::ID, found })
}

/// The proof's points, from the values of a statement's wires.
fn multiply_out<S: Statement>(
    key: &ProvingKey,
    assignment: &Assignment,
    blinding: [Field; 2],
) -> Result<Proof, ProveError<S::Violation>> {
    let key_points = KeyPoints::of(key);
    let wires = (assignment.values.as_slice(), assignment.inputs);
    let proof = assemble(&key_points, wires, blinding, || quotient::<S>(key, assignment))?;
    proof.ok_or(ProveError::SelfCheck(VerifyError::Invalid))
}

/// The points of a proving key, wherever they lie.
pub(crate) struct KeyPoints<'a> {
    pub(crate) alpha_g1: G1Affine,
    pub(crate) beta_g1: G1Affine,
    pub(crate) beta_g2: G2Affine,
    pub(crate) delta_g1: G1Affine,
    pub(crate) delta_g2: G2Affine,
    pub(crate) a: &'a [G1Affine],
    pub(crate) b_g1: &'a [G1Affine],
    pub(crate) b_g2: &'a [G2Affine],
    pub(crate) l: &'a [G1Affine],
    pub(crate) h: &'a [G1Affine],
}

impl<'a> KeyPoints<'a> {
    fn of(key: &'a ProvingKey) -> Self {
        let (points, queries) = (key.verifying.points(), &key.queries);
        Self {
            alpha_g1: points.alpha,
            beta_g1: queries.beta_g1,
            beta_g2: points.beta,
            delta_g1: queries.delta_g1,
            delta_g2: points.delta,
            a: &queries.a,
            b_g1: &queries.b_g1,
            b_g2: &queries.b_g2,
            l: &queries.l,
            h: &queries.h,
        }
    }
}

/// The proof's points. With z the wires' values, of which the first `inputs` are public, and r, s the blinding:
/// A = α + Σ zᵢAᵢ + rδ, B = β + Σ zᵢBᵢ + sδ, C = Σ zᵢLᵢ + Σ hⱼHⱼ + sA + rB − rsδ. `None` where a point is infinite, which has
/// probability 2^-254; such a proof would be refused.
pub(crate) fn assemble<E: Send>(
    key: &KeyPoints<'_>,
    (values, inputs): (&[Field], usize),
    [r, s]: [Field; 2],
    quotient: impl FnOnce() -> Result<Zeroizing<Vec<Field>>, E> + Send,
) -> Result<Option<Proof>, E> {
    let private = values.get(inputs..).unwrap_or_default();
    let (wires, witnesses) = (Scalars::new(values), Scalars::new(private));

    // The quotient's scalars take a while: G2, the longest multiplication, runs beside them.
    let (h, (b_g2, (a, (b_g1, l)))) = rayon::join(
        || quotient().map(|scalars| Scalars::new(&scalars).multiply(key.h)),
        || {
            rayon::join(
                || wires.multiply(key.b_g2),
                || {
                    rayon::join(
                        || wires.multiply(key.a),
                        || rayon::join(|| wires.multiply(key.b_g1), || witnesses.multiply(key.l)),
                    )
                },
            )
        },
    );
    let a: G1Projective = a + key.alpha_g1 + key.delta_g1 * r;
    let b_g1 = b_g1 + key.beta_g1 + key.delta_g1 * s;
    let b: G2Projective = b_g2 + key.beta_g2 + key.delta_g2 * s;
    let c = l + h? + a * s + b_g1 * r - key.delta_g1 * (r * s);
    Ok(Proof::new(a.into_affine(), b.into_affine(), c.into_affine()))
}

/// The scalars of the H query.
fn quotient<S: Statement>(
    key: &ProvingKey,
    assignment: &Assignment,
) -> Result<Zeroizing<Vec<Field>>, ProveError<S::Violation>> {
    let (matrices, z) = (&key.matrices, &assignment.values);
    let transform =
        Transform::of(key.queries.h.len()).ok_or(ProveError::Synthesis(SynthesisError::PolynomialDegreeTooLarge))?;
    let mut rows = matrices.multiply(z, transform.size());
    // After the constraints, a row for each public input.
    let inputs = rows.a.iter_mut().skip(matrices.rows()).zip(z.iter());
    inputs
        .take(matrices.inputs())
        .for_each(|(place, input)| *place = *input);
    Ok(transform.quotient(&mut rows))
}

/// Names the rule of a broken row. Proving does not build rows, so they are built now; they also tell whether the key was made
/// for this circuit at all.
fn broken<S: Statement>(matrices: &Matrices, row: usize) -> ProveError<S::Violation> {
    match shape::matrices_of::<S>() {
        Ok((own, _)) if own != *matrices => ProveError::OtherCircuit,
        Ok((_, rules)) => ProveError::Unsatisfied {
            rule: shape::rule_of(&rules, row).unwrap_or("none"),
            row,
        },
        Err(e) => ProveError::Synthesis(e),
    }
}

#[cfg(test)]
mod tests;
