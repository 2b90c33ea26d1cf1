//! The proving key and its file.
//!
//! The file is laid out as memory is, so that loading is a hash and a copy. Layout, numbers little-endian: `cvnt-pk1`; the key
//! id; inputs (with the constant one), witnesses, rows, domain, table length, and the entries of A, B and C, each as u32; the
//! coefficient table; for A, B and C the row ends, columns and coefficient places, each u32; β and δ in G1; the queries A
//! (wires), B in G1 (wires), L (witnesses), H (domain) in G1 and B in G2 (wires). Numbers and points lie as `crate::montgomery`
//! writes them.
//!
//! Nothing in this file is checked point by point when a key is opened: its hash is compared with the manifest, and the
//! points were checked when the file entered the store ([`super::KeyStore::import`]).

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_poly::EvaluationDomain as _;
use covenant_gadgets::circuit::Field;
use rayon::prelude::*;

use super::verifying::{Reader, VerifyingKey};
use super::{KeyError, KeyId};
use crate::matrices::{Matrices, SparseMatrix};
use crate::montgomery::{Point, field, write_field};
use crate::{decode, qap};

const MAGIC: &[u8; 8] = b"cvnt-pk1";

/// What a prover needs: the verifying key, the matrices and the queries.
pub struct ProvingKey {
    pub(crate) verifying: VerifyingKey,
    pub(crate) matrices: Matrices,
    pub(crate) queries: Queries,
}

/// The points of a proving key, one per wire (A, B), witness (L) or place of the odd coset (H).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Queries {
    pub(crate) beta_g1: G1Affine,
    pub(crate) delta_g1: G1Affine,
    pub(crate) a: Vec<G1Affine>,
    pub(crate) b_g1: Vec<G1Affine>,
    pub(crate) b_g2: Vec<G2Affine>,
    pub(crate) l: Vec<G1Affine>,
    pub(crate) h: Vec<G1Affine>,
}

impl std::fmt::Debug for ProvingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProvingKey({}, {})", self.verifying.statement(), self.id())
    }
}

impl ProvingKey {
    /// The key's id, the same as its verifying key's.
    pub fn id(&self) -> KeyId {
        self.verifying.id()
    }

    /// The verifying key.
    pub fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// The matrices of the circuit the key is for.
    pub fn matrices(&self) -> &Matrices {
        &self.matrices
    }

    /// The file's bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let (m, q) = (&self.matrices, &self.queries);
        let mut out = Vec::with_capacity(64 * (m.table.len() + q.h.len() + 6 * m.wires()) + 32 * m.rows());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.id().0);
        let [a, b, c] = m.non_zeros();
        for count in [m.inputs, m.witnesses, m.rows(), q.h.len(), m.table.len(), a, b, c] {
            out.extend_from_slice(&(count as u32).to_le_bytes());
        }
        m.table.iter().for_each(|f| write_field(&mut out, f));
        for matrix in &m.abc {
            for words in [&matrix.row_ends, &matrix.columns, &matrix.coefficients] {
                words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
            }
        }
        for points in [&[q.beta_g1][..], &[q.delta_g1], &q.a, &q.b_g1, &q.l, &q.h] {
            points.iter().for_each(|p| p.write(&mut out));
        }
        q.b_g2.iter().for_each(|p| p.write(&mut out));
        out
    }

    /// Reads a file whose hash was compared, or whose points are checked next by [`Self::validate`].
    pub(super) fn from_bytes(bytes: &[u8], verifying: VerifyingKey) -> Result<Self, KeyError> {
        let mut reader = Reader(bytes);
        if reader.take(8)? != MAGIC || reader.array()? != verifying.id().0 {
            return Err(KeyError::Malformed {
                what: "a proving key begins with cvnt-pk1 and its key id",
            });
        }
        let mut counts = [0; 8];
        for count in &mut counts {
            *count = u32::from_le_bytes(reader.array()?) as usize;
        }
        let [inputs, witnesses, rows, domain, table, a, b, c] = counts;
        let wires = inputs + witnesses;
        let table = fields(reader.take(32 * table)?)?;
        let mut matrix = |entries: usize| -> Result<SparseMatrix, KeyError> {
            Ok(SparseMatrix {
                row_ends: words(reader.take(4 * rows)?),
                columns: words(reader.take(4 * entries)?),
                coefficients: words(reader.take(4 * entries)?),
            })
        };
        let matrices = Matrices {
            inputs,
            witnesses,
            table,
            abc: [matrix(a)?, matrix(b)?, matrix(c)?],
        };
        let fixed: Vec<G1Affine> = points(reader.take(128)?)?;
        let queries = Queries {
            beta_g1: fixed.first().copied().unwrap_or_default(),
            delta_g1: fixed.get(1).copied().unwrap_or_default(),
            a: points(reader.take(64 * wires)?)?,
            b_g1: points(reader.take(64 * wires)?)?,
            l: points(reader.take(64 * witnesses)?)?,
            h: points(reader.take(64 * domain)?)?,
            b_g2: points(reader.take(128 * wires)?)?,
        };
        if !reader.0.is_empty() {
            return Err(KeyError::Malformed {
                what: "the key ends after its points",
            });
        }
        let fits = qap::domain(&matrices).is_ok_and(|d| d.size() == domain);
        if !matrices.is_consistent() || !fits || inputs != verifying.inputs() + 1 {
            return Err(KeyError::Malformed {
                what: "the key's matrices and sizes agree with each other",
            });
        }
        Ok(Self {
            verifying,
            matrices,
            queries,
        })
    }

    /// Checks every point: canonical, on the curve, in the subgroup. Infinite points are wires that a query lacks.
    pub(super) fn validate(&self) -> Result<(), KeyError> {
        let q = &self.queries;
        decode::check_point(&q.beta_g1, "beta in G1")?;
        decode::check_point(&q.delta_g1, "delta in G1")?;
        check_all(&q.a, "a point of query A")?;
        check_all(&q.b_g1, "a point of query B in G1")?;
        check_all(&q.b_g2, "a point of query B in G2")?;
        check_all(&q.l, "a point of query L")?;
        check_all(&q.h, "a point of query H")?;
        Ok(())
    }
}

fn check_all<P: SWCurveConfig>(points: &[Affine<P>], part: &'static str) -> Result<(), KeyError>
where
    Affine<P>: Point,
{
    Ok(decode::check_points(points, part, true).map_err(|(_, error)| error)?)
}

const OUT_OF_RANGE: KeyError = KeyError::Malformed {
    what: "field elements are below the modulus",
};

fn fields(bytes: &[u8]) -> Result<Vec<Field>, KeyError> {
    bytes.chunks_exact(32).map(|b| field(b).ok_or(OUT_OF_RANGE)).collect()
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes
        .chunks_exact(4)
        .map(|b| b.try_into().map_or(0, u32::from_le_bytes))
        .collect()
}

fn points<P: Point>(bytes: &[u8]) -> Result<Vec<P>, KeyError> {
    bytes
        .par_chunks_exact(P::BYTES)
        .with_min_len(1024)
        .map(|b| P::read(b).ok_or(OUT_OF_RANGE))
        .collect()
}
