//! For benches: parts that are nobody else's business, and the choice between their two forms.

use ark_ec::CurveConfig;
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use covenant_gadgets::circuit::Field;

/// From now on, in this process, everything is computed without vectors, or with them again.
pub fn force_scalar(yes: bool) {
    #[cfg(target_arch = "x86_64")]
    crate::lanes::force_scalar(yes);
    let _ = yes;
}

/// Whether this process computes with vectors.
pub fn has_vectors() -> bool {
    #[cfg(target_arch = "x86_64")]
    return crate::lanes::Ifma::detected().is_some();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Σ sᵢ·Pᵢ.
pub fn msm<P>(points: &[Affine<P>], scalars: &[Field]) -> Projective<P>
where
    P: SWCurveConfig + CurveConfig<ScalarField = Field>,
{
    crate::msm::msm(points, scalars)
}

/// Multiplies each point by its scalar, in place.
pub fn multiply_each<P>(points: &mut [Affine<P>], scalars: &[Field])
where
    P: ark_ec::scalar_mul::glv::GLVConfig<ScalarField = Field>,
{
    crate::batch_affine::multiply_each(points, scalars);
}
