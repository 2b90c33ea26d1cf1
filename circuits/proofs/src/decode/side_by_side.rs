//! Points of eight proofs side by side.

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine, g1, g2};
use ark_ec::short_weierstrass::SWCurveConfig as _;
use ark_ff::AdditiveGroup as _;

use super::points::with_sign;
use super::{LARGER, LENGTH, Proof, fq, fq2, split_flags};
use crate::numbers::points::in_subgroup;
use crate::numbers::roots::{root, root_quadratic};
use crate::numbers::{Mask, Prime, Quadratic};

/// Whether finite points of the twist all lie in G2, for at most as many as there are lanes.
#[inline(never)]
pub(super) fn all_in_subgroup<Q: Quadratic>(token: Q::Token, points: &[G2Affine]) -> bool {
    let (x, y): (Vec<Fq2>, Vec<Fq2>) = points.iter().map(|p| (p.x, p.y)).unzip();
    let inside = Q::run(
        token,
        #[inline(always)]
        || in_subgroup(token, Q::load(token, &x), Q::load(token, &y)),
    );
    let outside = !inside;
    (0..points.len()).all(|lane| outside >> lane & 1 == 0)
}

/// The proofs that are well formed, for at most as many as there are lanes. Where none comes out, decoding alone says why, and
/// in one case may still find a proof, which see [`root_quadratic`].
pub(super) fn proofs<Q: Quadratic>(token: Q::Token, proofs: &[[u8; LENGTH]]) -> [Option<Proof>; WIDTH_MAX] {
    let read: Vec<Option<Abscissas>> = proofs.iter().map(Abscissas::read).collect();
    let of = |part: fn(&Abscissas) -> Fq| -> Vec<Fq> {
        read.iter().map(|r| r.as_ref().map(part).unwrap_or_default()).collect()
    };
    let b: Vec<Fq2> = read
        .iter()
        .map(|r| r.as_ref().map(|r| r.b).unwrap_or_default())
        .collect();
    let (a, c) = (of(|r| r.a), of(|r| r.c));
    let (mut a_y, mut b_y, mut c_y) = ([Fq::ZERO; WIDTH_MAX], [Fq2::ZERO; WIDTH_MAX], [Fq::ZERO; WIDTH_MAX]);
    let good = g1_ordinates::<Q::Base>(token, &a, &mut a_y)
        & g1_ordinates::<Q::Base>(token, &c, &mut c_y)
        & g2_ordinates::<Q>(token, &b, &mut b_y);
    std::array::from_fn(|lane| {
        let read = read.get(lane)?.as_ref().filter(|_| good >> lane & 1 == 1)?;
        let [a, b, c] = read.larger;
        Some(Proof {
            a: G1Affine::new_unchecked(read.a, with_sign(a_y[lane], a)),
            b: G2Affine::new_unchecked(read.b, with_sign(b_y[lane], b)),
            c: G1Affine::new_unchecked(read.c, with_sign(c_y[lane], c)),
        })
    })
}

/// Lanes, at most.
const WIDTH_MAX: usize = 8;

/// What a proof's bytes say.
struct Abscissas {
    a: Fq,
    b: Fq2,
    c: Fq,
    /// Whether the larger ordinate is meant.
    larger: [bool; 3],
}

impl Abscissas {
    /// `None` for numbers that are not canonical, and for other flags than those of a finite point.
    fn read(bytes: &[u8; LENGTH]) -> Option<Self> {
        let (a, a_flags) = split_flags::<32>(bytes.get(..32)?)?;
        let (b, b_flags) = split_flags::<64>(bytes.get(32..96)?)?;
        let (c, c_flags) = split_flags::<32>(bytes.get(96..)?)?;
        let flags = [a_flags, b_flags, c_flags];
        flags.iter().all(|f| f & !LARGER == 0).then_some(())?;
        Some(Self {
            a: fq(&a)?,
            b: fq2(&b)?,
            c: fq(&c)?,
            larger: flags.map(|f| f == LARGER),
        })
    }
}

#[inline(never)]
fn g1_ordinates<B: Prime>(token: B::Token, x: &[Fq], y: &mut [Fq]) -> Mask {
    B::run(
        token,
        #[inline(always)]
        || {
            let x = B::load(token, x);
            let square = x.square::<2>().mul::<2>(x).add(B::splat(token, &g1::Config::COEFF_B));
            let (root, found) = root(square);
            root.store(y);
            found
        },
    )
}

/// Where the points are also in the subgroup.
#[inline(never)]
fn g2_ordinates<Q: Quadratic>(token: Q::Token, x: &[Fq2], y: &mut [Fq2]) -> Mask {
    let (x, root, found) = Q::run(
        token,
        #[inline(always)]
        || {
            let x = Q::load(token, x);
            let square = x.square::<2>().mul::<2>(x).add(Q::splat(token, &g2::Config::COEFF_B));
            let (root, found) = root_quadratic(token, square);
            root.store(y);
            (x, root, found)
        },
    );
    found
        & Q::run(
            token,
            #[inline(always)]
            || in_subgroup(token, x, root),
        )
}
