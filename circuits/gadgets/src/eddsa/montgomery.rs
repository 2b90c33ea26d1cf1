//! Points in a circuit, in Edwards coordinates (complete addition) and Montgomery coordinates (cheap, incomplete addition).
//!
//! Montgomery: v² = u³ + 168698·u² + u with u = (1 + y)/(1 − y) and v = u/x, as in circomlib's `montgomery.circom`. Its additions
//! divide by a difference of u-coordinates; [`super::circuit`] shows why that difference is never zero there.

use ark_ec::twisted_edwards::{MontCurveConfig, TECurveConfig};
use ark_ff::{One as _, Zero as _};

use crate::baby_jubjub::BabyJubjub;
use crate::circuit::{Circuit, Field, Result, Var, value_of};
use crate::rows::{constant, enforce_product, linear, product, quotient};

/// a of the Edwards equation.
const A: Field = <BabyJubjub as TECurveConfig>::COEFF_A;
/// d of the Edwards equation.
const D: Field = <BabyJubjub as TECurveConfig>::COEFF_D;
/// A of the Montgomery equation.
const MONTGOMERY_A: Field = <BabyJubjub as MontCurveConfig>::COEFF_A;

/// A point by its Edwards coordinates.
#[derive(Clone)]
pub(super) struct Edwards {
    pub x: Var,
    pub y: Var,
}

/// A point by its Montgomery coordinates; never the identity.
#[derive(Clone)]
pub(super) struct Montgomery {
    pub u: Var,
    pub v: Var,
}

/// x² and y² of a point that is on the curve.
pub(super) struct Squares {
    x: Var,
    y: Var,
}

fn one() -> Field {
    Field::one()
}

/// a·x² + y² = 1 + d·x²·y². 3 rows.
pub(super) fn enforce_on_curve(circuit: &mut Circuit, point: &Edwards) -> Result<Squares> {
    let squares = squares(circuit, point)?;
    let left = linear(circuit, &[(D, &squares.x)], Field::zero())?;
    let right = linear(circuit, &[(A, &squares.x), (one(), &squares.y)], -one())?;
    enforce_product(circuit, &left, &squares.y, &right)?;
    Ok(squares)
}

/// x² and y². 2 rows.
pub(super) fn squares(circuit: &mut Circuit, point: &Edwards) -> Result<Squares> {
    Ok(Squares {
        x: product(circuit, &point.x, &point.x)?,
        y: product(circuit, &point.y, &point.y)?,
    })
}

impl Edwards {
    /// Twice a point of the curve, whose squares are known: (2xy/(a·x² + y²), (y² − a·x²)/(2 − a·x² − y²)). 3 rows.
    ///
    /// On the curve the denominators are 1 ± d·x²y², never zero because d is not a square and a is.
    pub fn double(&self, circuit: &mut Circuit, squares: &Squares) -> Result<Self> {
        let xy = product(circuit, &self.x, &self.y)?;
        let (x2, y2) = (&squares.x, &squares.y);
        let twice = linear(circuit, &[(one() + one(), &xy)], Field::zero())?;
        let sum = linear(circuit, &[(A, x2), (one(), y2)], Field::zero())?;
        let difference = linear(circuit, &[(one(), y2), (-A, x2)], Field::zero())?;
        let rest = linear(circuit, &[(-A, x2), (-one(), y2)], one() + one())?;
        Ok(Self {
            x: quotient(circuit, &twice, &sum)?,
            y: quotient(circuit, &difference, &rest)?,
        })
    }

    /// The sum of two points of the curve, any two. 6 rows, as circomlib's `BabyAdd`.
    pub fn add(&self, circuit: &mut Circuit, other: &Self) -> Result<Self> {
        let beta = product(circuit, &self.x, &other.y)?;
        let gamma = product(circuit, &self.y, &other.x)?;
        let left = linear(circuit, &[(-A, &self.x), (one(), &self.y)], Field::zero())?;
        let right = linear(circuit, &[(one(), &other.x), (one(), &other.y)], Field::zero())?;
        let delta = product(circuit, &left, &right)?;
        let tau = product(circuit, &beta, &gamma)?;
        let x_numerator = linear(circuit, &[(one(), &beta), (one(), &gamma)], Field::zero())?;
        let x_denominator = linear(circuit, &[(D, &tau)], one())?;
        let y_numerator = linear(circuit, &[(one(), &delta), (A, &beta), (-one(), &gamma)], Field::zero())?;
        let y_denominator = linear(circuit, &[(-D, &tau)], one())?;
        Ok(Self {
            x: quotient(circuit, &x_numerator, &x_denominator)?,
            y: quotient(circuit, &y_numerator, &y_denominator)?,
        })
    }

    /// The Montgomery coordinates of a point with x ≠ 0, and so y ≠ 1. 2 rows.
    pub fn to_montgomery(&self, circuit: &mut Circuit) -> Result<Montgomery> {
        let above = linear(circuit, &[(one(), &self.y)], one())?;
        let below = linear(circuit, &[(-one(), &self.y)], one())?;
        let u = quotient(circuit, &above, &below)?;
        let v = quotient(circuit, &u, &self.x)?;
        Ok(Montgomery { u, v })
    }
}

impl Montgomery {
    /// A constant point, by its Montgomery coordinates.
    pub fn constant((u, v): (Field, Field)) -> Self {
        Self {
            u: constant(u),
            v: constant(v),
        }
    }

    /// The sum of two points with different u. 3 rows.
    pub fn add(&self, circuit: &mut Circuit, other: &Self) -> Result<Self> {
        let rise = linear(circuit, &[(one(), &other.v), (-one(), &self.v)], Field::zero())?;
        let run = linear(circuit, &[(one(), &other.u), (-one(), &self.u)], Field::zero())?;
        let slope = quotient(circuit, &rise, &run)?;
        let u = third(circuit, &slope, &self.u, &other.u)?;
        let v = self.reflected(circuit, &slope, &u)?;
        Ok(Self { u, v })
    }

    /// 2·self + other as (self + other) + self, without the v of the sum between. 5 rows.
    ///
    /// With s the slope from self to other and w the u of their sum, the second slope is 2v/(u − w) − s.
    pub fn double_and_add(&self, circuit: &mut Circuit, other: &Self) -> Result<Self> {
        let rise = linear(circuit, &[(one(), &other.v), (-one(), &self.v)], Field::zero())?;
        let run = linear(circuit, &[(one(), &other.u), (-one(), &self.u)], Field::zero())?;
        let first = quotient(circuit, &rise, &run)?;
        let between = third(circuit, &first, &self.u, &other.u)?;
        let twice = linear(circuit, &[(one() + one(), &self.v)], Field::zero())?;
        let run = linear(circuit, &[(one(), &self.u), (-one(), &between)], Field::zero())?;
        let slopes = quotient(circuit, &twice, &run)?;
        let second = linear(circuit, &[(one(), &slopes), (-one(), &first)], Field::zero())?;
        let u = third(circuit, &second, &self.u, &between)?;
        let v = self.reflected(circuit, &second, &u)?;
        Ok(Self { u, v })
    }

    /// The Edwards coordinates: x = u/v, y = (u − 1)/(u + 1), for v ≠ 0. No point of the curve has u = −1. 2 rows.
    pub fn to_edwards(&self, circuit: &mut Circuit) -> Result<Edwards> {
        let below = linear(circuit, &[(one(), &self.u)], -one())?;
        let above = linear(circuit, &[(one(), &self.u)], one())?;
        Ok(Edwards {
            x: quotient(circuit, &self.u, &self.v)?,
            y: quotient(circuit, &below, &above)?,
        })
    }

    /// slope·(self.u − u) − self.v: the v of the sum whose u is known. 1 row.
    fn reflected(&self, circuit: &mut Circuit, slope: &Var, u: &Var) -> Result<Var> {
        let run = linear(circuit, &[(one(), &self.u), (-one(), u)], Field::zero())?;
        let drop = match (value_of(slope), value_of(&run), value_of(&self.v)) {
            (Some(slope), Some(run), Some(v)) => Some(slope * run - v),
            _ => None,
        };
        let v = circuit.witness(drop)?;
        let sum = linear(circuit, &[(one(), &v), (one(), &self.v)], Field::zero())?;
        enforce_product(circuit, &run, slope, &sum)?;
        Ok(v)
    }
}

/// slope² − A − u₁ − u₂: the u of the third point on a line, and of the sum. 1 row.
fn third(circuit: &mut Circuit, slope: &Var, first: &Var, second: &Var) -> Result<Var> {
    let value = match (value_of(slope), value_of(first), value_of(second)) {
        (Some(slope), Some(first), Some(second)) => Some(slope * slope - MONTGOMERY_A - first - second),
        _ => None,
    };
    let u = circuit.witness(value)?;
    let sum = linear(circuit, &[(one(), &u), (one(), first), (one(), second)], MONTGOMERY_A)?;
    enforce_product(circuit, slope, slope, &sum)?;
    Ok(u)
}
