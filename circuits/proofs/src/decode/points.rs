//! Points from their abscissas, one after the other: the ordinates by square roots, and whether they lie in the subgroup.

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine, g1, g2};
use ark_ec::short_weierstrass::SWCurveConfig as _;
use ark_ff::{AdditiveGroup as _, Field as _};

use crate::numbers::points::in_subgroup;
use crate::numbers::roots::{root, root_quadratic};

/// What is wrong with an abscissa.
pub(super) enum Wrong {
    /// No point of the curve has it.
    NotOnCurve,
    /// The points that have it are outside the subgroup.
    NotInSubgroup,
}

/// The point of G1 with this x and the larger or the smaller y.
pub(super) fn g1(x: Fq, larger: bool) -> Result<G1Affine, Wrong> {
    let (y, found) = root(x * x * x + g1::Config::COEFF_B);
    let point = G1Affine::new_unchecked(x, with_sign(y, larger));
    // The curve has no other points than those of G1.
    if found & 1 == 1 {
        Ok(point)
    } else {
        Err(Wrong::NotOnCurve)
    }
}

/// The point of G2 with this x and the larger or the smaller y.
pub(super) fn g2(x: Fq2, larger: bool) -> Result<G2Affine, Wrong> {
    let square = x * x * x + g2::Config::COEFF_B;
    let (mut y, found) = root_quadratic((), square);
    if found & 1 == 0 {
        // Not found does not mean that there is none where y² happens to lie in Fq, of which all are squares in Fq2.
        let other = Some(square).filter(|s| s.c1 == Fq::ZERO).and_then(|s| s.sqrt());
        y = other.ok_or(Wrong::NotOnCurve)?;
    }
    let point = G2Affine::new_unchecked(x, with_sign(y, larger));
    if g2_in_subgroup(&point) {
        Ok(point)
    } else {
        Err(Wrong::NotInSubgroup)
    }
}

/// Whether a finite point of the twist lies in G2.
pub(super) fn g2_in_subgroup(point: &G2Affine) -> bool {
    in_subgroup((), point.x, point.y) & 1 == 1
}

/// Whether finite points of the twist all lie in G2.
pub(crate) fn all_in_g2(points: &[G2Affine]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if let Some(ifma) = crate::lanes::Ifma::detected() {
        let mut groups = points.chunks(crate::lanes::WIDTH);
        return groups.all(|points| super::side_by_side::all_in_subgroup::<crate::lanes::Lanes2>(ifma, points));
    }
    points.iter().all(g2_in_subgroup)
}

/// Of y and −y the larger or the smaller; as integers, and in Fq2 by the coefficient of u first.
pub(super) fn with_sign<F: ark_ff::Field>(y: F, larger: bool) -> F {
    if (y > -y) == larger { y } else { -y }
}
