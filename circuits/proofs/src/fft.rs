//! The Fourier transforms of a prover: values of a polynomial on the domain become its values on the odd coset, in place.
//!
//! Decimation in frequency on the way to coefficients (Gentleman, Sande, 1966) leaves them in bit-reversed order, which is the
//! order that decimation in time (Cooley, Tukey, 1965) starts from: no permutation is ever made. Roots of unity and the coset's
//! powers are computed once per size and kept for the life of the process, 2n field elements for a domain of n.
//!
//! Both transforms use the same root ω, so that one table serves: a second forward transform in the place of an inverse gives the
//! coefficients times n with indices negated, and then the values on the coset with indices negated; [`Transform::place`] undoes
//! both at once. On processors with AVX-512 IFMA the work is done eight numbers at a time ([`vectors`]).

#[cfg(target_arch = "x86_64")]
mod vectors;

use std::sync::{Arc, OnceLock};

use ark_ff::{FftField as _, Field as _, One as _};
use covenant_gadgets::circuit::Field;
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::arithmetic::{Arithmetic, Plain};
use crate::matrices::Rows;

/// The largest two-adic order of BN254's scalar field.
const LOG_MAX: usize = 28;
/// Values that one task transforms on its own; 2^12 of them lie in the nearest cache but one.
const ALONE: usize = 1 << 12;
/// Butterflies of one parallel task.
const BUTTERFLIES_PER_TASK: usize = 1 << 11;

/// Tables for one size.
pub struct Transform {
    /// For each level, from the longest: ω^0, ω^1, … for half a block of it.
    roots: Vec<Vec<Field>>,
    /// What takes the coefficient in each (bit-reversed, negated) place to the coset, over n.
    coset: Vec<Field>,
    /// The same for vectors, made when they are first wanted.
    #[cfg(target_arch = "x86_64")]
    vectors: OnceLock<vectors::Tables>,
}

impl Transform {
    /// The tables for a domain of `size`, a power of two that has a double; `None` for another.
    pub fn of(size: usize) -> Option<Arc<Self>> {
        static TABLES: [OnceLock<Arc<Transform>>; LOG_MAX] = [const { OnceLock::new() }; LOG_MAX];
        if !size.is_power_of_two() {
            return None;
        }
        let table = TABLES.get(size.ilog2() as usize)?;
        let shift = Field::get_root_of_unity(2 * size as u64)?;
        Some(table.get_or_init(|| Arc::new(Self::new(size, shift))).clone())
    }

    fn new(size: usize, shift: Field) -> Self {
        // The square of the double domain's root is the domain's.
        let mut roots = vec![powers(shift.square(), size / 2)];
        while let Some(half) = roots.last().map(|level| level.len() / 2).filter(|half| *half > 0) {
            let longer = &roots[roots.len() - 1];
            let next = longer.iter().step_by(2).take(half).copied().collect();
            roots.push(next);
        }
        let scale = Field::from(size as u64).inverse().unwrap_or(Field::one());
        let (log, powers) = (size.ilog2(), powers(shift, size));
        let coset = (0..size)
            .into_par_iter()
            .map(|place| {
                let reversed = if log == 0 {
                    0
                } else {
                    place.reverse_bits() >> (usize::BITS - log)
                };
                powers[(size - reversed) % size] * scale
            })
            .collect();
        Self {
            roots,
            coset,
            #[cfg(target_arch = "x86_64")]
            vectors: OnceLock::new(),
        }
    }

    /// How many values it takes.
    pub fn size(&self) -> usize {
        self.coset.len()
    }

    /// From the rows' values of A and B to those of AB − C on the odd coset, in the order of its points, C being the polynomial of
    /// the rows' products. The rows are as long as the domain; they are used up.
    pub fn quotient(&self, rows: &mut Rows) -> Zeroizing<Vec<Field>> {
        let (a, b) = (&mut rows.a, &mut rows.b);
        #[cfg(target_arch = "x86_64")]
        if let Some((ifma, tables)) = self.vectors() {
            return tables.quotient(ifma, a, b);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(carries) = crate::lanes::Carries::detected() {
            return self.scalar_quotient(carries, a, b);
        }
        self.scalar_quotient(Plain, a, b)
    }

    /// The tables for vectors, where there are such and the domain is worth it.
    #[cfg(target_arch = "x86_64")]
    fn vectors(&self) -> Option<(crate::lanes::Ifma, &vectors::Tables)> {
        let ifma = crate::lanes::Ifma::detected().filter(|_| self.size() >= vectors::SIZE_MIN)?;
        let tables = || vectors::Tables::new(ifma, &self.roots[0], &self.coset);
        Some((ifma, self.vectors.get_or_init(tables)))
    }

    /// Makes the tables for a domain that is about to be used.
    pub(crate) fn prepare(size: usize) {
        if let Some(_transform) = Self::of(size) {
            #[cfg(target_arch = "x86_64")]
            _transform.vectors();
        }
    }

    fn scalar_quotient(&self, on: impl Arithmetic<Field>, a: &mut [Field], b: &mut [Field]) -> Zeroizing<Vec<Field>> {
        let products = a.par_iter().zip(&*b).map(|(a, b)| on.times(a, b));
        let mut c: Zeroizing<Vec<Field>> = products.collect::<Vec<_>>().into();
        rayon::join(
            || self.to_odd_coset(on, a),
            || rayon::join(|| self.to_odd_coset(on, b), || self.to_odd_coset(on, &mut c)),
        );
        let value = |j| {
            let place = self.place(j);
            on.minus(&on.times(&a[place], &b[place]), &c[place])
        };
        let places = (0..self.size()).into_par_iter().with_min_len(BUTTERFLIES_PER_TASK);
        Zeroizing::new(places.map(value).collect())
    }

    /// From values on the domain to values on the odd coset; the value at the coset's j-th point ends in [`Transform::place`] j.
    fn to_odd_coset(&self, on: impl Arithmetic<Field>, values: &mut [Field]) {
        let roots: Vec<&[Field]> = self.roots.iter().map(Vec::as_slice).collect();
        frequency(on, values, &roots);
        values
            .par_iter_mut()
            .with_min_len(BUTTERFLIES_PER_TASK)
            .zip(&self.coset)
            .for_each(|(value, factor)| *value = on.times(value, factor));
        time(on, values, &roots);
    }

    /// Where the value at the coset's j-th point lies after [`Transform::to_odd_coset`].
    fn place(&self, j: usize) -> usize {
        (self.size() - j) % self.size()
    }
}

/// 1, x, x², …
fn powers(x: Field, count: usize) -> Vec<Field> {
    let mut powers = vec![Field::one(); count];
    powers.par_chunks_mut(ALONE).enumerate().for_each(|(chunk, powers)| {
        let mut power = x.pow([(chunk * ALONE) as u64]);
        for place in powers {
            *place = power;
            power *= x;
        }
    });
    powers
}

/// Natural order to bit-reversed: the longest butterflies first.
fn frequency(on: impl Arithmetic<Field>, values: &mut [Field], roots: &[&[Field]]) {
    let Some((level, shorter)) = roots.split_first().filter(|_| values.len() > 1) else {
        return;
    };
    let (left, right) = values.split_at_mut(values.len() / 2);
    let butterflies = |left: &mut [Field], right: &mut [Field], roots: &[Field]| {
        for ((l, r), root) in left.iter_mut().zip(right).zip(roots) {
            let difference = on.minus(l, r);
            *l = on.plus(l, r);
            *r = on.times(&difference, root);
        }
    };
    if left.len() < ALONE {
        butterflies(left, right, level);
        frequency(on, left, shorter);
        frequency(on, right, shorter);
    } else {
        left.par_chunks_mut(BUTTERFLIES_PER_TASK)
            .zip(right.par_chunks_mut(BUTTERFLIES_PER_TASK))
            .zip(level.par_chunks(BUTTERFLIES_PER_TASK))
            .for_each(|((l, r), roots)| butterflies(l, r, roots));
        rayon::join(|| frequency(on, left, shorter), || frequency(on, right, shorter));
    }
}

/// Bit-reversed order to natural: the shortest butterflies first.
fn time(on: impl Arithmetic<Field>, values: &mut [Field], roots: &[&[Field]]) {
    let Some((level, shorter)) = roots.split_first().filter(|_| values.len() > 1) else {
        return;
    };
    let (left, right) = values.split_at_mut(values.len() / 2);
    let butterflies = |left: &mut [Field], right: &mut [Field], roots: &[Field]| {
        for ((l, r), root) in left.iter_mut().zip(right).zip(roots) {
            let turned = on.times(r, root);
            *r = on.minus(l, &turned);
            *l = on.plus(l, &turned);
        }
    };
    if left.len() < ALONE {
        time(on, left, shorter);
        time(on, right, shorter);
        butterflies(left, right, level);
    } else {
        rayon::join(|| time(on, left, shorter), || time(on, right, shorter));
        left.par_chunks_mut(BUTTERFLIES_PER_TASK)
            .zip(right.par_chunks_mut(BUTTERFLIES_PER_TASK))
            .zip(level.par_chunks(BUTTERFLIES_PER_TASK))
            .for_each(|((l, r), roots)| butterflies(l, r, roots));
    }
}

#[cfg(test)]
mod tests {
    use ark_ff::UniformRand as _;
    use ark_poly::{EvaluationDomain as _, Radix2EvaluationDomain};
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha20Rng;

    use super::*;

    #[test]
    fn values_on_the_odd_coset_are_ark_polys() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for log in [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 14] {
            let size = 1 << log;
            let domain = Radix2EvaluationDomain::<Field>::new(size).unwrap();
            let odd = domain
                .get_coset(Field::get_root_of_unity(2 * size as u64).unwrap())
                .unwrap();
            let values: Vec<Field> = (0..size).map(|_| Field::rand(&mut rng)).collect();
            let expected = odd.fft(&domain.ifft(&values));
            let transform = Transform::of(size).unwrap();
            assert_eq!(transform.size(), size);
            let mut moved = values;
            transform.to_odd_coset(Plain, &mut moved);
            let moved: Vec<Field> = (0..size).map(|j| moved[transform.place(j)]).collect();
            assert_eq!(moved, expected, "2^{log}");
        }
    }

    #[test]
    fn quotients_with_vectors_and_without_are_ark_polys() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for log in [0, 1, 3, 6, 9, 10, 11, 12, 13] {
            let size = 1 << log;
            let domain = Radix2EvaluationDomain::<Field>::new(size).unwrap();
            let odd = domain
                .get_coset(Field::get_root_of_unity(2 * size as u64).unwrap())
                .unwrap();
            let random = |rng: &mut ChaCha20Rng| -> Vec<Field> { (0..size).map(|_| Field::rand(rng)).collect() };
            let (mut a, mut b) = (random(&mut rng), random(&mut rng));
            // The largest numbers, where bounds are tightest, and the smallest.
            a[0] = -Field::one();
            b[0] = -Field::one();
            b[size - 1] = Field::from(0u64);
            let c: Vec<Field> = a.iter().zip(&b).map(|(a, b)| *a * b).collect();
            let [x, y, z] = [&a, &b, &c].map(|values| odd.fft(&domain.ifft(values)));
            let expected: Vec<Field> = x.iter().zip(&y).zip(&z).map(|((x, y), z)| *x * y - z).collect();
            let transform = Transform::of(size).unwrap();
            let mut rows = Rows {
                a: a.clone(),
                b: b.clone(),
            };
            assert_eq!(*transform.quotient(&mut rows), expected, "2^{log}");
            #[cfg(target_arch = "x86_64")]
            if let Some(carries) = crate::lanes::Carries::detected() {
                let (mut a, mut b) = (a.clone(), b.clone());
                assert_eq!(
                    *transform.scalar_quotient(carries, &mut a, &mut b),
                    expected,
                    "2^{log}, carries"
                );
            }
            assert_eq!(
                *transform.scalar_quotient(Plain, &mut a, &mut b),
                expected,
                "2^{log}, scalar"
            );
        }
    }

    #[test]
    fn sizes_without_a_domain_have_no_tables() {
        assert!(Transform::of(0).is_none() && Transform::of(3).is_none());
        assert!(
            Transform::of(1 << 28).is_none(),
            "its double is beyond the field's roots of unity"
        );
    }
}
