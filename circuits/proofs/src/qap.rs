//! From constraints to a quadratic arithmetic program, in circom's convention, so that keys and proofs are the ones that
//! snarkjs and rapidsnark read.
//!
//! - Row i of the program is constraint i; after the constraints comes one row per public input, the constant one first, with
//!   A = that input, B = C = 0 (as in libsnark; it keeps the inputs' polynomials independent).
//! - The prover takes C's values as A∘B, which they equal for a true witness.
//! - (AB − C)(x) has degree below 2n and is zero on the domain of size n, so it is known from its values on the odd powers of
//!   the 2n-th root of unity. These values are the scalars of the H query, whose points are the Lagrange polynomials of those
//!   odd positions at τ, over δ. No division by the vanishing polynomial is needed.
//!
//! Sources: snarkjs `zkey_new.js` and `groth16_prove.js`; ark-circom's `CircomReduction`.

use ark_ff::{FftField, Field as _, One as _, PrimeField, Zero as _};
use ark_groth16::r1cs_to_qap::{LibsnarkReduction, R1CSToQAP, evaluate_constraint};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use ark_relations::gr1cs::{ConstraintSystemRef, Matrix, SynthesisError};
use covenant_gadgets::circuit::Field;
use rayon::prelude::*;

use crate::matrices::Matrices;

/// The evaluation domain that the whole crate uses.
pub(crate) type Domain = Radix2EvaluationDomain<Field>;

/// The domain of a program: rows and public inputs, the constant one included, rounded up to a power of two.
pub(crate) fn domain(matrices: &Matrices) -> Result<Domain, SynthesisError> {
    // The double domain must exist as well; BN254's scalar field has roots of unity up to 2^28.
    let rows = matrices.rows() + matrices.inputs();
    let domain = Domain::new(rows).ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
    Domain::new(2 * domain.size()).ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
    Ok(domain)
}

/// The program's polynomials A_i, B_i and C_i at τ, for every wire i.
pub(crate) fn polynomials_at(matrices: &Matrices, tau: Field) -> Result<[Vec<Field>; 3], SynthesisError> {
    let lagrange = domain(matrices)?.evaluate_all_lagrange_coefficients(tau);
    let mut abc = [0, 1, 2].map(|_| vec![Field::zero(); matrices.wires()]);
    abc.par_iter_mut().enumerate().for_each(|(which, polynomials)| {
        for (row, value) in lagrange.iter().enumerate().take(matrices.rows()) {
            for (wire, coefficient) in matrices.row(which, row) {
                polynomials[wire] += *value * coefficient;
            }
        }
    });
    for (wire, value) in lagrange
        .iter()
        .skip(matrices.rows())
        .take(matrices.inputs())
        .enumerate()
    {
        abc[0][wire] += value;
    }
    Ok(abc)
}

/// Values of AB − C on the odd powers of the double domain's root with ark-poly's transforms: what ark-groth16 runs under
/// [`CircomReduction`], and what tests compare ours with.
///
/// `a` has one value per constraint and then the public inputs, `b` one value per constraint; both are padded here.
fn quotient_values<F: PrimeField, D: EvaluationDomain<F>>(
    domain: &D,
    mut a: Vec<F>,
    mut b: Vec<F>,
) -> Result<Vec<F>, SynthesisError> {
    let too_large = SynthesisError::PolynomialDegreeTooLarge;
    let odd = domain
        .get_coset(odd_offset::<F>(domain.size()).ok_or(too_large)?)
        .ok_or(too_large)?;
    a.resize(domain.size(), F::zero());
    b.resize(domain.size(), F::zero());
    let mut c: Vec<F> = a.par_iter().zip(&b).map(|(a, b)| *a * b).collect();
    let shift = |values: &mut Vec<F>| {
        domain.ifft_in_place(values);
        odd.fft_in_place(values);
    };
    rayon::join(|| shift(&mut a), || rayon::join(|| shift(&mut b), || shift(&mut c)));
    a.par_iter_mut().zip(&b).zip(&c).for_each(|((a, b), c)| *a = *a * b - c);
    Ok(a)
}

/// Scalars of the H query: the Lagrange polynomials of the double domain's odd positions at τ, times `factor` (1/δ).
///
/// With ω of order 2n: L_j(τ) = ω^j (τ^2n − 1) / (2n (τ − ω^j)), for j = 1, 3, …, 2n − 1.
pub(crate) fn odd_lagrange<F: PrimeField>(size: usize, tau: F, factor: F) -> Result<Vec<F>, SynthesisError> {
    let omega = odd_offset::<F>(size).ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
    let double = 2 * size as u64;
    let vanishing = tau.pow([double]) - F::one();
    let scale = vanishing * factor * F::from(double).inverse().ok_or(SynthesisError::DivisionByZero)?;
    let step = omega.square();
    let odd: Vec<F> = std::iter::successors(Some(omega), |power| Some(*power * step))
        .take(size)
        .collect();
    let mut inverses: Vec<F> = odd.iter().map(|power| tau - power).collect();
    if inverses.iter().any(F::is_zero) {
        return Err(SynthesisError::DivisionByZero);
    }
    ark_ff::batch_inversion(&mut inverses);
    Ok(odd
        .into_par_iter()
        .zip(inverses)
        .map(|(power, inverse)| power * inverse * scale)
        .collect())
}

/// The root of unity of order 2n, by which the odd coset is offset.
fn odd_offset<F: FftField>(size: usize) -> Option<F> {
    F::get_root_of_unity(2 * size as u64)
}

/// Circom's convention as ark-groth16's reduction, for cross-checks with that crate's prover and generator.
pub struct CircomReduction;

impl R1CSToQAP for CircomReduction {
    fn instance_map_with_evaluation<F: PrimeField, D: EvaluationDomain<F>>(
        cs: ConstraintSystemRef<F>,
        t: &F,
    ) -> Result<(Vec<F>, Vec<F>, Vec<F>, F, usize, usize), SynthesisError> {
        LibsnarkReduction::instance_map_with_evaluation::<F, D>(cs, t)
    }

    fn witness_map_from_matrices<F: PrimeField, D: EvaluationDomain<F>>(
        matrices: &[Matrix<F>],
        num_inputs: usize,
        num_constraints: usize,
        full_assignment: &[F],
    ) -> Result<Vec<F>, SynthesisError> {
        let [a, b, _] = matrices else {
            return Err(SynthesisError::ArityMismatch);
        };
        let domain = D::new(num_constraints + num_inputs).ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
        let rows = |matrix: &Matrix<F>| {
            matrix
                .par_iter()
                .map(|r| evaluate_constraint(r, full_assignment))
                .collect()
        };
        let mut a: Vec<F> = rows(a);
        a.extend(full_assignment.iter().take(num_inputs));
        quotient_values(&domain, a, rows(b))
    }

    fn h_query_scalars<F: PrimeField, D: EvaluationDomain<F>>(
        max_power: usize,
        t: F,
        _zt: F,
        delta_inverse: F,
    ) -> Result<Vec<F>, SynthesisError> {
        // The generator passes the domain's size less one.
        odd_lagrange(max_power + 1, t, delta_inverse)
    }
}

/// Whether τ may be used: outside the double domain, so that no Lagrange polynomial vanishes.
pub(crate) fn is_outside(domain: &Domain, tau: Field) -> bool {
    !tau.is_zero() && !tau.pow([2 * domain.size() as u64]).is_one()
}

#[cfg(test)]
mod tests;
