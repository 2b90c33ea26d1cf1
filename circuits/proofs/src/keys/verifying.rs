//! The verifying key: its bytes, and what is refused in it.
//!
//! Layout, numbers little-endian: `cvnt-vk1`; the origin as u8: 1 for development, then the seed's length as u16 and the seed,
//! or 2 for a ceremony, then the 64 bytes of its transcript's hash; the statement id's length as u16 and the id; the matrices' SHA-256; the number of IC points as u32; α (G1), β, γ, δ (G2) and
//! the IC points. A point is x ‖ y, canonical, 64 bytes in G1 and 128 in G2 (c0 ‖ c1 each). Nothing may follow.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use ark_bn254::{Bn254, Fq12, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ec::bn::G2Prepared;
use ark_ec::pairing::Pairing as _;
use rayon::prelude::*;

use super::{KeyError, KeyId, KeyPolicy};
use crate::decode;
use crate::errors::VerifyError;
#[cfg(target_arch = "x86_64")]
use crate::pairing::Fixed;
use crate::statement::Statement;
use crate::windows::Windows;

const MAGIC: &[u8; 8] = b"cvnt-vk1";
const ORIGIN_DEVELOPMENT: u8 = 1;
const ORIGIN_CEREMONY: u8 = 2;

/// Where a key came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From a seed that anyone can know.
    Development {
        /// The seed.
        seed: String,
    },
    /// From a ceremony that was verified when the key was made from it ([`crate::ceremony::finish`]).
    Ceremony {
        /// BLAKE2b-512 over the circuit's hash and every contribution.
        transcript: [u8; 64],
    },
}

impl Origin {
    /// Whether the key came from a seed, so that anyone can forge under it.
    pub fn is_development(&self) -> bool {
        matches!(self, Self::Development { .. })
    }
}

/// A verifying key: checked points, and what they are for. Cheap to clone.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Inner>);

struct Inner {
    id: KeyId,
    origin: Origin,
    statement: String,
    matrices: [u8; 32],
    points: Points,
    lines: OnceLock<Lines>,
    windows: OnceLock<(usize, Option<Windows>)>,
}

/// The points of a Groth16 verifying key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Points {
    pub(crate) alpha: G1Affine,
    pub(crate) beta: G2Affine,
    pub(crate) gamma: G2Affine,
    pub(crate) delta: G2Affine,
    pub(crate) ic: Vec<G1Affine>,
}

/// What verifying needs of the fixed points, computed once per key.
pub(crate) struct Lines {
    /// e(α, β).
    pub(crate) alpha_beta: Fq12,
    /// Line coefficients of −γ.
    pub(crate) minus_gamma: G2Prepared<ark_bn254::Config>,
    /// Line coefficients of −δ.
    pub(crate) minus_delta: G2Prepared<ark_bn254::Config>,
    /// The lines of both in another form, for processors with lanes for eight numbers.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fixed: Fixed,
}

impl Lines {
    pub(crate) fn of(points: &Points) -> Self {
        Self {
            alpha_beta: Bn254::pairing(points.alpha, points.beta).0,
            minus_gamma: (-points.gamma).into(),
            minus_delta: (-points.delta).into(),
            #[cfg(target_arch = "x86_64")]
            fixed: Fixed::of(&-points.gamma, &-points.delta),
        }
    }
}

impl VerifyingKey {
    /// Puts a key together and checks it for weaknesses.
    pub(crate) fn new(origin: Origin, statement: &str, matrices: [u8; 32], points: Points) -> Result<Self, KeyError> {
        lint(&points)?;
        let bytes = encode(&origin, statement, &matrices, &points)?;
        let id = KeyId::of(&bytes);
        let statement = statement.to_owned();
        Ok(Self(Arc::new(Inner {
            id,
            origin,
            statement,
            matrices,
            points,
            lines: OnceLock::new(),
            windows: OnceLock::new(),
        })))
    }

    /// Reads a key for the statement `S`.
    ///
    /// # Errors
    /// Bytes that are not the format's, a bad point, a weak key, a key of another statement or with another number of public
    /// inputs, and a development key where `policy` does not allow it.
    pub fn from_bytes<S: Statement>(bytes: &[u8], policy: KeyPolicy) -> Result<Self, KeyError> {
        let key = Self::decode(bytes)?;
        if key.statement() != S::ID {
            return Err(KeyError::OtherStatement {
                expected: S::ID,
                found: key.statement().to_owned(),
            });
        }
        let expected = S::input_names().len();
        if key.inputs() != expected {
            return Err(KeyError::InputCount {
                expected,
                found: key.inputs(),
            });
        }
        match key.origin() {
            Origin::Development { seed } if !policy.allow_development => Err(KeyError::Development {
                id: key.id().to_string(),
                seed: seed.clone(),
            }),
            Origin::Development { .. } | Origin::Ceremony { .. } => Ok(key),
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut reader = Reader(bytes);
        if reader.take(8)? != MAGIC {
            return Err(KeyError::Malformed {
                what: "a verifying key begins with cvnt-vk1",
            });
        }
        let origin = match reader.take(1)? {
            [ORIGIN_DEVELOPMENT] => Origin::Development { seed: reader.text()? },
            [ORIGIN_CEREMONY] => Origin::Ceremony {
                transcript: reader.array()?,
            },
            _ => {
                return Err(KeyError::Malformed {
                    what: "the origin is 1 (development) or 2 (a ceremony)",
                });
            }
        };
        let statement = reader.text()?;
        let matrices = reader.array::<32>()?;
        let count = u32::from_le_bytes(reader.array()?) as usize;
        let alpha = decode::g1(reader.take(64)?, "the key's alpha")?;
        let beta = decode::g2(reader.take(128)?, "the key's beta")?;
        let gamma = decode::g2(reader.take(128)?, "the key's gamma")?;
        let delta = decode::g2(reader.take(128)?, "the key's delta")?;
        if Some(reader.0.len()) != count.checked_mul(64) {
            return Err(KeyError::Malformed {
                what: "the key ends after its IC points",
            });
        }
        let ic = reader
            .0
            .par_chunks_exact(64)
            .map(|p| decode::g1(p, "an IC point"))
            .collect::<Result<_, _>>()?;
        Self::new(
            origin,
            &statement,
            matrices,
            Points {
                alpha,
                beta,
                gamma,
                delta,
                ic,
            },
        )
    }

    /// The canonical bytes, which the key's id hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // The lengths were checked when the key was put together.
        encode(&self.0.origin, &self.0.statement, &self.0.matrices, &self.0.points).unwrap_or_default()
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.0.id
    }

    /// Where the key came from.
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// [`Statement::ID`] of the statement the key is for.
    pub fn statement(&self) -> &str {
        &self.0.statement
    }

    /// Hash of the matrices the key is for ([`crate::matrices::Matrices::hash`]).
    pub fn matrices_hash(&self) -> [u8; 32] {
        self.0.matrices
    }

    /// Public inputs, the constant one left out.
    pub fn inputs(&self) -> usize {
        self.0.points.ic.len() - 1
    }

    pub(crate) fn points(&self) -> &Points {
        &self.0.points
    }

    pub(crate) fn lines(&self) -> &Lines {
        self.0.lines.get_or_init(|| Lines::of(&self.0.points))
    }

    /// Multiples of the IC points from `first` on. They are kept for one `first`, the number of the statement's policy inputs.
    pub(crate) fn windows(&self, first: usize) -> Option<&Windows> {
        let compute = || (first, self.0.points.ic.get(first..).and_then(Windows::of));
        let (of, windows) = self.0.windows.get_or_init(compute);
        windows.as_ref().filter(|_| *of == first)
    }

    pub(crate) fn expect_statement<S: Statement>(&self) -> Result<(), VerifyError> {
        if self.statement() == S::ID {
            return Ok(());
        }
        Err(VerifyError::OtherStatement {
            expected: S::ID,
            found: self.statement().to_owned(),
        })
    }
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifyingKey({}, {})", self.statement(), self.id())
    }
}

/// Refuses what would let anyone forge. This is a lint, not a ceremony: a key without these faults may still be anybody's.
///
/// γ may be the generator: BGM17 (eprint 2017/1050) fixes γ = 1, and snarkjs' ceremonies do so. δ = γ is then refused all
/// the same, which is what such a key looks like before its first contribution.
pub(crate) fn lint(points: &Points) -> Result<(), KeyError> {
    let weak = |what| Err(KeyError::Weak { what });
    let Points {
        alpha,
        beta,
        gamma,
        delta,
        ic,
    } = points;
    if alpha.is_zero() || beta.is_zero() || gamma.is_zero() || delta.is_zero() || ic.iter().any(|p| p.is_zero()) {
        return weak("a point is infinite");
    }
    if ic.is_empty() {
        return weak("there is no IC point");
    }
    if gamma == delta || *gamma == -*delta {
        return weak("gamma and delta are the same up to sign");
    }
    if *alpha == G1Affine::generator() || *beta == G2Affine::generator() || *delta == G2Affine::generator() {
        return weak("alpha, beta or delta is the generator: nobody contributed");
    }
    if ic.iter().map(|p| p.x).collect::<BTreeSet<_>>().len() != ic.len() {
        return weak("two IC points are the same up to sign: their inputs could be exchanged");
    }
    Ok(())
}

fn encode(origin: &Origin, statement: &str, matrices: &[u8; 32], points: &Points) -> Result<Vec<u8>, KeyError> {
    let mut out = Vec::with_capacity(1024 + 64 * points.ic.len());
    out.extend_from_slice(MAGIC);
    match origin {
        Origin::Development { seed } => {
            out.push(ORIGIN_DEVELOPMENT);
            write_text(&mut out, seed)?;
        }
        Origin::Ceremony { transcript } => {
            out.push(ORIGIN_CEREMONY);
            out.extend_from_slice(transcript);
        }
    }
    write_text(&mut out, statement)?;
    out.extend_from_slice(matrices);
    let count = u32::try_from(points.ic.len()).map_err(|_| KeyError::Malformed {
        what: "IC points fit 32 bits",
    })?;
    out.extend_from_slice(&count.to_le_bytes());
    decode::write_g1(&mut out, &points.alpha);
    for point in [&points.beta, &points.gamma, &points.delta] {
        decode::write_g2(&mut out, point);
    }
    points.ic.iter().for_each(|p| decode::write_g1(&mut out, p));
    Ok(out)
}

fn write_text(out: &mut Vec<u8>, text: &str) -> Result<(), KeyError> {
    let length = u16::try_from(text.len()).map_err(|_| KeyError::Malformed {
        what: "texts are below 65,536 bytes",
    })?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// Takes bytes off the front.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], KeyError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(KeyError::Malformed {
            what: "the bytes end too early",
        })?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], KeyError> {
        self.take(N)?.try_into().map_err(|_| KeyError::Malformed {
            what: "the bytes end too early",
        })
    }

    fn text(&mut self) -> Result<String, KeyError> {
        let length = u16::from_le_bytes(self.array()?);
        let bytes = self.take(usize::from(length))?;
        String::from_utf8(bytes.to_vec()).map_err(|_| KeyError::Malformed {
            what: "texts are UTF-8",
        })
    }
}
