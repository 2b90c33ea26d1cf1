//! The scalars of a batch, and the points of G1 that they multiply.
//!
//! A scalar is a + bλ with a and b of 64 bits each, where λ is the cube root of one by which the endomorphism
//! φ(x, y) = (βx, y) multiplies (Gallant, Lambert and Vanstone, CRYPTO 2001; scalars drawn in this form are those of Halo,
//! eprint 2019/1021, section 6.2). Different pairs are different scalars: if a + bλ = 0 (mod r) for differences a and b below
//! 2^64 in magnitude, then r divides their norm a² − ab + b², which is below 3·2^128, so that both are zero. So there are 2^128
//! scalars, and a product costs 64 doublings instead of 128.

use ark_bn254::{Fq, Fr, G1Affine, G1Projective, g1};
use ark_ec::AffineRepr as _;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ff::{AdditiveGroup as _, Field as _};
use covenant_gadgets::circuit::Field;

use crate::numbers::points::Jacobian;
use crate::numbers::{Mask, Prime, invert_all};

/// A scalar a + bλ, each half of 64 uniform bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) a: u64,
    pub(super) b: u64,
}

impl Weight {
    /// The lower and the upper half of 128 uniform bits.
    pub(super) fn new(bits: u128) -> Self {
        Self {
            a: bits as u64,
            b: (bits >> 64) as u64,
        }
    }

    /// a + bλ.
    pub(super) fn field(&self) -> Field {
        Fr::from(self.a) + Fr::from(self.b) * g1::Config::LAMBDA
    }
}

/// Σ rᵢ·Pᵢ, as many at once as there are lanes: for so few points that buckets would not pay.
pub(super) fn sum_of_few<B: Prime>(token: B::Token, points: &[G1Affine], weights: &[Weight]) -> G1Projective {
    let groups = points.chunks(B::WIDTH).zip(weights.chunks(B::WIDTH));
    let product = |(points, weights): (&[G1Affine], &[Weight])| {
        let product = multiply::<B>(token, points, weights);
        let mut coordinates = [[Fq::ZERO; 8]; 3];
        B::run(
            token,
            #[inline(always)]
            || {
                product.x.store(&mut coordinates[0]);
                product.y.store(&mut coordinates[1]);
                product.z.store(&mut coordinates[2]);
            },
        );
        let [x, y, z] = coordinates;
        let lane = |lane: usize| G1Projective::new_unchecked(x[lane], y[lane], z[lane]);
        // What is infinite has a Z of zero; these additions are complete.
        (0..points.len()).map(lane).sum::<G1Projective>()
    };
    groups.map(product).sum()
}

/// For each point P and its weight r, 1/y and −x/y of r·P: what a Miller loop needs of it. Both are zero where r·P is infinite.
/// As many vectors of lanes come out as the points fill; zeros where there is no point.
pub(super) fn scaled<B: Prime>(token: B::Token, points: &[G1Affine], weights: &[Weight]) -> Vec<(B, B)> {
    let groups = points.chunks(B::WIDTH).zip(weights.chunks(B::WIDTH));
    let products: Vec<Jacobian<B>> = groups
        .map(|(points, weights)| multiply(token, points, weights))
        .collect();
    B::run(
        token,
        #[inline(always)]
        || {
            // y = Y/Z³ and x = X/Z². Y is zero nowhere: the group's order is odd, and the doublings of an empty sum, (0 : 1 : 0),
            // make powers of −8 of its Y.
            let mut inverses: Vec<B> = products
                .iter()
                .map(
                    #[inline(always)]
                    |p| p.y,
                )
                .collect();
            invert_all(token, &mut inverses, &mut Vec::new());
            let mut lines = Vec::with_capacity(products.len());
            for (p, inverse) in products.iter().zip(inverses) {
                let over_y = p.z.mul::<4>(inverse);
                lines.push((over_y.mul::<2>(p.z.square::<4>()), p.x.mul::<2>(over_y).neg::<2>()));
            }
            lines
        },
    )
}

/// r·P for as many points as there are lanes.
fn multiply<B: Prime>(token: B::Token, points: &[G1Affine], weights: &[Weight]) -> Jacobian<B> {
    let (x, y): (Vec<Fq>, Vec<Fq>) = points.iter().map(|p| (p.x, p.y)).unzip();
    let present = points.iter().map(|p| !p.is_zero()).zip(0..8).fold(0, set);
    B::run(
        token,
        #[inline(always)]
        || {
            let (x, y) = (B::load(token, &x), B::load(token, &y));
            let beta = B::splat(token, &g1::Config::ENDO_COEFFS[0]);
            // P, φ(P), and P + φ(P) = −φ²(P), since 1 + φ + φ² = 0.
            let beta_x = x.mul::<2>(beta);
            let (both_x, minus_y) = (beta_x.mul::<2>(beta), y.neg::<2>());
            let (zero, one) = (B::load(token, &[]), B::splat(token, &Fq::ONE));
            let mut sum = Jacobian {
                x: zero,
                y: one,
                z: zero,
            };
            let mut begun: Mask = 0;
            for bit in (0..64).rev() {
                let a = present & weights.iter().map(|w| w.a >> bit & 1 == 1).zip(0..8).fold(0, set);
                let b = present & weights.iter().map(|w| w.b >> bit & 1 == 1).zip(0..8).fold(0, set);
                sum = sum.double();
                if a | b == 0 {
                    continue;
                }
                let term_x = B::select(a & b, both_x, B::select(b, beta_x, x));
                let term_y = B::select(a & b, minus_y, y);
                // A sum that has begun is (k + lλ)P with k and l even and small, so that it is neither the term nor its opposite.
                let added = sum.add_affine(term_x, term_y);
                let first = Jacobian {
                    x: term_x,
                    y: term_y,
                    z: one,
                };
                sum = Jacobian::select(a | b, Jacobian::select(begun, added, first), sum);
                begun |= a | b;
            }
            sum
        },
    )
}

/// Sets a lane's bit.
fn set(mask: Mask, (bit, lane): (bool, u8)) -> Mask {
    mask | Mask::from(bit) << lane
}
