//! A ceremony's transcript, as section 10 of a key holds it: the hash of the circuit's first key, and the contributions.

use std::io::{Read, Seek, Write};

use ark_bn254::{G1Affine, G2Affine};

use super::{FORMAT, check_one};
use crate::formats::FormatError;
use crate::formats::container::{Container, ContainerWriter, Cursor};
use crate::formats::parameters::{self, Beacon};
use crate::montgomery::Point as _;

const SECTION: u32 = 10;
/// Bytes of a transcript that are read: some 4,000 contributions.
const BYTES_MAX: u64 = 4 << 20;

/// What a key says of its making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// BLAKE2b-512 over the first key, as snarkjs computes it: all points but H's, which enter as τ^(n+i) − τ^i.
    pub circuit_hash: [u8; 64],
    /// The contributions, in order.
    pub contributions: Vec<Contribution>,
}

/// One multiplication of δ by a secret, and the proof that whoever made it knew the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// δ afterwards.
    pub(crate) delta_after: G1Affine,
    /// A random point.
    pub(crate) s: G1Affine,
    /// The secret times that point.
    pub(crate) sx: G1Affine,
    /// The secret times a point of G2 that the transcript hashes to.
    pub(crate) spx: G2Affine,
    /// BLAKE2b-512 over everything before, and the two points of G1.
    pub transcript: [u8; 64],
    /// Who says that they contributed; nothing checks it.
    pub name: Option<String>,
    /// Where the secret came from a public beacon.
    pub beacon: Option<Beacon>,
}

impl Transcript {
    pub(crate) fn read(file: &mut Container<impl Read + Seek>) -> Result<Self, FormatError> {
        let bytes = file.all(SECTION, BYTES_MAX)?;
        let mut cursor = Cursor::new(&bytes, FORMAT, "transcript");
        let circuit_hash = cursor.array()?;
        let count = cursor.u32()?;
        let mut contributions = Vec::new();
        for number in 1..=count {
            contributions.push(Contribution::read(&mut cursor, number)?);
        }
        cursor.end()?;
        Ok(Self {
            circuit_hash,
            contributions,
        })
    }

    pub(crate) fn write(&self, out: &mut ContainerWriter<impl Write>) -> Result<(), FormatError> {
        let mut bytes = self.circuit_hash.to_vec();
        bytes.extend_from_slice(&(self.contributions.len() as u32).to_le_bytes());
        self.contributions.iter().for_each(|c| c.write(&mut bytes));
        out.section(SECTION, &bytes)
    }
}

impl Contribution {
    fn read(cursor: &mut Cursor<'_>, number: u32) -> Result<Self, FormatError> {
        let (delta_after, s, sx): (G1Affine, G1Affine, G1Affine) = (cursor.point()?, cursor.point()?, cursor.point()?);
        let spx: G2Affine = cursor.point()?;
        for (name, point) in [("delta", &delta_after), ("s", &s), ("sx", &sx)] {
            check_one(point, FORMAT, &format!("contribution {number}, {name}"))?;
        }
        check_one(&spx, FORMAT, &format!("contribution {number}, spx"))?;
        let transcript = cursor.array()?;
        let (name, beacon) = parameters::read(cursor, FORMAT, number)?;
        Ok(Self {
            delta_after,
            s,
            sx,
            spx,
            transcript,
            name,
            beacon,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        [self.delta_after, self.s, self.sx].iter().for_each(|p| p.write(out));
        self.spx.write(out);
        out.extend_from_slice(&self.transcript);
        parameters::write(out, self.name.as_deref(), self.beacon.as_ref());
    }
}
