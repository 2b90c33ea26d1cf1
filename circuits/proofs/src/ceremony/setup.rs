//! The first key of a ceremony, from a circuit and powers of tau.

use std::io::{Read, Seek};

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::Affine;
use ark_ff::One as _;
use ark_poly::EvaluationDomain as _;
use blake2::{Blake2b512, Digest as _};
use covenant_gadgets::circuit::Field;
use rayon::prelude::*;

use super::CeremonyError;
use super::hashing::{Hashed as _, absorb_all, finish};
use crate::batch_affine::{sums_and_differences, sums_of_products};
use crate::formats::ptau::{Powers, Ptau};
use crate::formats::zkey::{Entry, Header, Transcript, Zkey};
use crate::matrices::Matrices;
use crate::qap;

/// Points of H that snarkjs hashes at a time. It rounds their number up to a multiple of this where there are more, and then
/// reads a power of tau more than the circuit needs.
const HASH_CHUNK: u64 = 1 << 14;

/// Wires whose sums share their inversions.
const WIRES_TOGETHER: usize = 512;

/// The first key of a circuit: γ = δ = 1, the same bytes for everybody who computes it from the same powers of tau, and the
/// same that `snarkjs groth16 setup` writes. Nobody may prove with it: it must be contributed to.
///
/// The powers of tau are not verified here; see [`super::verify`].
///
/// # Errors
/// Powers of tau that do not reach twice the circuit's domain: H's points are of the double domain, whose last power a smaller file
/// lacks, so that nobody could check them; and above 2^14 places snarkjs hashes one power more. Faults of reading.
pub fn setup<R: Read + Seek>(matrices: &Matrices, powers: &mut Ptau<R>) -> Result<Zkey, CeremonyError> {
    setup_from(matrices, &Forms::read(matrices, powers)?, powers)
}

/// As [`setup`], from Lagrange forms that were read.
pub(super) fn setup_from<R: Read + Seek>(
    matrices: &Matrices,
    forms: &Forms,
    powers: &mut Ptau<R>,
) -> Result<Zkey, CeremonyError> {
    let domain = forms.tau.len();
    let h = forms.double.iter().skip(1).step_by(2).copied().collect();
    let columns = Columns::of(matrices);
    let mut ic = columns.combined(forms);
    let l = ic.split_off(matrices.inputs());
    let header = Header {
        wires: matrices.wires() as u32,
        public: matrices.inputs() as u32 - 1,
        domain: domain as u32,
        alpha_g1: first(powers.powers(Powers::AlphaTauG1, 0, 1)?),
        beta_g1: first(powers.powers(Powers::BetaTauG1, 0, 1)?),
        beta_g2: powers.beta_g2()?,
        gamma_g2: G2Affine::generator(),
        delta_g1: G1Affine::generator(),
        delta_g2: G2Affine::generator(),
    };
    let mut key = Zkey {
        header,
        ic,
        entries: entries(matrices),
        a: columns.summed(0, &forms.tau),
        b_g1: columns.summed(1, &forms.tau),
        b_g2: columns.summed(1, &forms.tau_g2),
        l,
        h,
        transcript: Transcript {
            circuit_hash: [0; 64],
            contributions: Vec::new(),
        },
    };
    key.transcript.circuit_hash = circuit_hash(&key, powers, hashed_points(domain as u64))?;
    Ok(key)
}

fn first(points: Vec<G1Affine>) -> G1Affine {
    points.first().copied().unwrap_or_default()
}

/// The entries of A and B, row by row, then a row for each public input.
pub(crate) fn entries(matrices: &Matrices) -> Vec<Entry> {
    let mut entries = Vec::new();
    for row in 0..matrices.rows() {
        for matrix in 0..2 {
            entries.extend(matrices.row(matrix, row).map(|(wire, coefficient)| Entry {
                matrix: matrix as u32,
                row: row as u32,
                wire: wire as u32,
                coefficient,
            }));
        }
    }
    entries.extend((0..matrices.inputs()).map(|input| Entry {
        matrix: 0,
        row: (matrices.rows() + input) as u32,
        wire: input as u32,
        coefficient: Field::one(),
    }));
    entries
}

/// How many points of H snarkjs hashes for a domain.
fn hashed_points(domain: u64) -> u64 {
    let points = domain - 1;
    if points <= HASH_CHUNK {
        points
    } else {
        points.next_multiple_of(HASH_CHUNK)
    }
}

/// BLAKE2b-512 over the first key, in the order of snarkjs' `zkey_new.js`.
fn circuit_hash(key: &Zkey, powers: &mut Ptau<impl Read + Seek>, hashed: u64) -> Result<[u8; 64], CeremonyError> {
    let (mut hash, header) = (Blake2b512::new(), &key.header);
    header.alpha_g1.absorb(&mut hash);
    header.beta_g1.absorb(&mut hash);
    header.beta_g2.absorb(&mut hash);
    header.gamma_g2.absorb(&mut hash);
    header.delta_g1.absorb(&mut hash);
    header.delta_g2.absorb(&mut hash);
    absorb_all(&mut hash, &key.ic);
    let domain = u64::from(header.domain);
    hash.update((header.domain - 1).to_be_bytes());
    let mut high: Vec<G1Affine> = powers.powers(Powers::TauG1, domain, hashed)?;
    let mut differences: Vec<G1Affine> = powers.powers(Powers::TauG1, 0, hashed)?;
    sums_and_differences(&mut high, &mut differences);
    differences.iter().for_each(|p| p.absorb(&mut hash));
    absorb_all(&mut hash, &key.l);
    absorb_all(&mut hash, &key.a);
    absorb_all(&mut hash, &key.b_g1);
    absorb_all(&mut hash, &key.b_g2);
    Ok(finish(hash))
}

/// The Lagrange forms that a first key is made from, over the circuit's domain.
pub(super) struct Forms {
    pub(super) tau: Vec<G1Affine>,
    pub(super) alpha_tau: Vec<G1Affine>,
    pub(super) beta_tau: Vec<G1Affine>,
    pub(super) tau_g2: Vec<G2Affine>,
    /// Of τ over the double domain, whose odd places are H's.
    pub(super) double: Vec<G1Affine>,
}

impl Forms {
    /// Reads them, or computes them where the file has none.
    pub(super) fn read<R: Read + Seek>(matrices: &Matrices, powers: &mut Ptau<R>) -> Result<Self, CeremonyError> {
        let power = qap::domain(matrices)
            .map_err(|_| CeremonyError::NoDomain)?
            .size()
            .ilog2();
        let (found, needed) = (powers.power(), power + 1);
        if found < needed {
            return Err(CeremonyError::PowersTooFew { found, needed });
        }
        Ok(Self {
            tau: powers.lagrange(Powers::TauG1, power)?,
            alpha_tau: powers.lagrange(Powers::AlphaTauG1, power)?,
            beta_tau: powers.lagrange(Powers::BetaTauG1, power)?,
            tau_g2: powers.lagrange(Powers::TauG2, power)?,
            double: powers.lagrange(Powers::TauG1, power + 1)?,
        })
    }
}

/// The rows where a wire occurs, and its coefficients there.
type Column = Vec<(u32, Field)>;

/// A, B and C by columns, one for each wire.
struct Columns([Vec<Column>; 3]);

impl Columns {
    fn of(matrices: &Matrices) -> Self {
        let mut abc = [0, 1, 2].map(|_| vec![Vec::new(); matrices.wires()]);
        abc.par_iter_mut().enumerate().for_each(|(which, columns)| {
            for row in 0..matrices.rows() {
                for (wire, coefficient) in matrices.row(which, row) {
                    if let Some(column) = columns.get_mut(wire) {
                        column.push((row as u32, coefficient));
                    }
                }
            }
        });
        for input in 0..matrices.inputs() {
            if let Some(column) = abc[0].get_mut(input) {
                column.push(((matrices.rows() + input) as u32, Field::one()));
            }
        }
        Self(abc)
    }

    /// For each wire, its polynomial of A (0), B (1) or C (2) at τ.
    fn summed<C: GLVConfig<ScalarField = Field>>(&self, which: usize, basis: &[Affine<C>]) -> Vec<Affine<C>> {
        sums(&[(&self.0[which], basis)])
    }

    /// For each wire, βA + αB + C at τ.
    fn combined(&self, forms: &Forms) -> Vec<G1Affine> {
        let [a, b, c] = &self.0;
        sums(&[(a, &forms.beta_tau), (b, &forms.alpha_tau), (c, &forms.tau)])
    }
}

/// For each wire, the points of each basis at the rows of its column there, times the coefficients.
fn sums<C: GLVConfig<ScalarField = Field>>(parts: &[(&[Column], &[Affine<C>])]) -> Vec<Affine<C>> {
    let wires = parts.first().map_or(0, |(columns, _)| columns.len());
    let groups: Vec<usize> = (0..wires).step_by(WIRES_TOGETHER).collect();
    let of_wire = |wire: usize| {
        let columns = parts
            .iter()
            .filter_map(move |(columns, basis)| Some((columns.get(wire)?, basis)));
        let terms = columns.flat_map(|(column, basis)| {
            let term = |(row, c): &(u32, Field)| (basis.get(*row as usize).copied().unwrap_or_default(), *c);
            column.iter().map(term)
        });
        terms.collect::<Vec<_>>()
    };
    let of_group = |first: &usize| {
        let lists: Vec<_> = (*first..wires.min(first + WIRES_TOGETHER)).map(of_wire).collect();
        sums_of_products(&lists)
    };
    groups.par_iter().flat_map_iter(of_group).collect()
}
