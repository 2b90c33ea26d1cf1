//! Sums of products with points that a key fixes: the multiples that scalars are made of are computed once per key.

#[cfg(target_arch = "x86_64")]
mod eight;

use ark_bn254::{G1Affine, G1Projective, g1};
use ark_ec::short_weierstrass::Bucket;
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::{AdditiveGroup as _, PrimeField as _};
use covenant_gadgets::circuit::Field;

/// Bits of a window, and windows of a scalar.
const WIDTH_BITS: usize = 4;
const WINDOWS: usize = 64;
/// Multiples that are kept for each window: 1 to 8.
const MULTIPLES: usize = 1 << (WIDTH_BITS - 1);
/// Points of which multiples are kept, at most: 32 KiB each.
const POINTS_MAX: usize = 64;

/// Of each point 1, 2, …, 8 times 16^w for every w, so that a sum of products is a sum of some of them.
pub(crate) struct Windows(Vec<G1Affine>);

impl Windows {
    /// For a few points; `None` where there are more.
    pub(crate) fn of(points: &[G1Affine]) -> Option<Self> {
        if points.len() > POINTS_MAX {
            return None;
        }
        let mut multiples = Vec::with_capacity(points.len() * WINDOWS * MULTIPLES);
        for point in points {
            let mut base = point.into_group();
            for _ in 0..WINDOWS {
                let mut multiple = base;
                for _ in 0..MULTIPLES {
                    multiples.push(multiple);
                    multiple += base;
                }
                base = multiples.last().copied().unwrap_or_default().double();
            }
        }
        Some(Self(G1Projective::normalize_batch(&multiples)))
    }

    /// Σ sᵢPᵢ for as many scalars as there are points.
    pub(crate) fn sum(&self, scalars: &[Field]) -> G1Projective {
        let terms = self.terms(scalars);
        #[cfg(target_arch = "x86_64")]
        if let Some(sum) = crate::lanes::Ifma::detected().and_then(|ifma| eight::sum(ifma, &terms)) {
            return sum;
        }
        let mut sum = Bucket::<g1::Config>::ZERO;
        terms.iter().for_each(|term| sum += term);
        sum.into()
    }

    /// The multiples whose sum it is: by signed digits from −7 to 8 in each window.
    fn terms(&self, scalars: &[Field]) -> Vec<G1Affine> {
        let mut terms = Vec::with_capacity(scalars.len() * WINDOWS);
        for (scalar, multiples) in scalars.iter().zip(self.0.chunks(WINDOWS * MULTIPLES)) {
            let limbs = scalar.into_bigint().0;
            let mut carry = 0;
            for (window, multiples) in multiples.chunks(MULTIPLES).enumerate() {
                let bits = limbs[window / 16] >> (WIDTH_BITS * (window % 16)) & 15;
                let digit = bits as usize + carry;
                // The top window of a number below r is at most 3, so that no carry leaves it.
                carry = usize::from(digit > MULTIPLES);
                if digit > MULTIPLES && digit < 16 {
                    terms.push(-multiples[15 - digit]);
                } else if carry == 0 && digit > 0 {
                    terms.push(multiples[digit - 1]);
                }
            }
        }
        terms
    }
}

#[cfg(test)]
mod tests {
    use ark_bn254::Fr;
    use ark_ec::PrimeGroup as _;
    use ark_ff::{Field as _, UniformRand as _};

    use super::*;
    use crate::msm::msm;
    use crate::test_statement::rng;

    #[test]
    fn sums_by_windows_are_those_of_the_plain_way() {
        let mut rng = rng(4);
        let points: Vec<G1Affine> = (0..13).map(|_| G1Projective::rand(&mut rng).into_affine()).collect();
        let windows = Windows::of(&points).unwrap();
        let edges = [
            Field::from(0u64),
            Field::from(1u64),
            -Field::from(1u64),
            Field::from(8u64),
            Field::from(9u64),
            Field::from(15u64),
            Field::from(16u64),
            Field::from(u64::MAX),
            Field::from(2u64).pow([252]) * Field::from(6u64),
        ];
        for case in 0..40 {
            let scalars: Vec<Field> = (0..13)
                .map(|place| match case {
                    0..9 => edges[case],
                    9..20 if place < 12 => edges[(case + place) % edges.len()],
                    20..30 if place != case - 20 => Field::from(0u64),
                    _ => Field::rand(&mut rng),
                })
                .collect();
            let expected = msm(&points, &scalars);
            assert_eq!(windows.sum(&scalars), expected, "case {case}");
            #[cfg(target_arch = "x86_64")]
            if let Some(ifma) = crate::lanes::Ifma::detected() {
                // Only sums of one point with itself can meet an exception.
                let found = eight::sum(ifma, &windows.terms(&scalars));
                assert!(found == Some(expected) || found.is_none() && case < 20, "case {case}");
            }
        }
        assert_eq!(windows.sum(&[Field::from(0u64); 13]), G1Projective::default());
        let many = vec![G1Affine::generator(); 65];
        assert!(Windows::of(&many).is_none());
        assert_eq!(Fr::MODULUS.0[3] >> 60, 3, "what the top window rests on");
        let equal = Windows::of(&[G1Affine::generator(), G1Affine::generator()]).unwrap();
        let sum = equal.sum(&[Field::from(1u64); 2]);
        assert_eq!(sum, G1Projective::generator().double(), "in different lanes");
    }
}
