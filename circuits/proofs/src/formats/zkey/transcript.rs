//! A ceremony's transcript, as section 10 of a key holds it: the hash of the circuit's first key, and the contributions.

use std::io::{Read, Seek, Write};

use ark_bn254::{G1Affine, G2Affine};

use super::{FORMAT, check_one};
use crate::formats::FormatError;
use crate::formats::container::{Container, ContainerWriter, Cursor};
use crate::montgomery::Point as _;

const SECTION: u32 = 10;
/// Bytes of a transcript that are read: some 4,000 contributions.
const BYTES_MAX: u64 = 4 << 20;
/// Bytes of a contributor's name.
const NAME_BYTES_MAX: usize = 255;
/// Codes of a contribution's parameters, in the order in which they must stand.
const NAME: u8 = 1;
const ITERATIONS: u8 = 2;
const BEACON: u8 = 3;
/// Kinds of contributions.
const BY_SOMEBODY: u32 = 0;
const BY_A_BEACON: u32 = 1;

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

/// A public random value that was unknown before a known date, and how often it was hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// The value; 1 to 255 bytes.
    pub value: Vec<u8>,
    /// SHA-256 is iterated 2^this times; 10 to 63.
    pub iterations_log2: u8,
}

impl Transcript {
    pub(crate) fn read(file: &mut Container<impl Read + Seek>) -> Result<Self, FormatError> {
        let bytes = file.all(SECTION, BYTES_MAX)?;
        let mut cursor = Cursor::new(&bytes, FORMAT, "transcript");
        let circuit_hash = hash(&mut cursor)?;
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
            check_one(point, &format!("contribution {number}, {name}"))?;
        }
        check_one(&spx, &format!("contribution {number}, spx"))?;
        let transcript = hash(cursor)?;
        let kind = cursor.u32()?;
        let length = cursor.u32()? as usize;
        let mut parameters = Cursor::new(cursor.take(length)?, FORMAT, "parameters of a contribution");
        let (name, beacon) = read_parameters(&mut parameters, number)?;
        if kind > BY_A_BEACON || (kind == BY_A_BEACON) != beacon.is_some() {
            let what = format!("contribution {number} is of kind {kind}");
            let expected = "0, or 1 with a beacon's value and iterations";
            return Err(FormatError::malformed(FORMAT, what, expected));
        }
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
        let kind = if self.beacon.is_some() {
            BY_A_BEACON
        } else {
            BY_SOMEBODY
        };
        out.extend_from_slice(&kind.to_le_bytes());
        let mut parameters = Vec::new();
        if let Some(name) = &self.name {
            parameters.extend_from_slice(&[NAME, name.len() as u8]);
            parameters.extend_from_slice(name.as_bytes());
        }
        if let Some(beacon) = &self.beacon {
            parameters.extend_from_slice(&[ITERATIONS, beacon.iterations_log2, BEACON, beacon.value.len() as u8]);
            parameters.extend_from_slice(&beacon.value);
        }
        out.extend_from_slice(&(parameters.len() as u32).to_le_bytes());
        out.extend_from_slice(&parameters);
    }
}

fn read_parameters(cursor: &mut Cursor<'_>, number: u32) -> Result<(Option<String>, Option<Beacon>), FormatError> {
    let bad = |what: &str, expected: &str| {
        FormatError::malformed(FORMAT, format!("contribution {number}: {what}"), expected.to_owned())
    };
    let (mut name, mut iterations, mut value) = (None, None, None);
    let mut last = 0;
    while !cursor.is_empty() {
        let code = cursor.u8()?;
        if code <= last {
            return Err(bad(
                "its parameters are out of order",
                "each once, in the order of their codes",
            ));
        }
        last = code;
        match code {
            NAME => {
                let length = usize::from(cursor.u8()?);
                let text = std::str::from_utf8(cursor.take(length)?).ok();
                let text = text.filter(|t| (1..=NAME_BYTES_MAX).contains(&t.len()) && !t.chars().any(char::is_control));
                let text = text.ok_or_else(|| bad("its name", "1 to 255 bytes of text without control characters"))?;
                name = Some(text.to_owned());
            }
            ITERATIONS => iterations = Some(cursor.u8()?),
            BEACON => {
                let length = usize::from(cursor.u8()?);
                value = Some(cursor.take(length)?.to_vec());
            }
            _ => {
                return Err(bad(
                    "an unknown parameter",
                    "a name, or a beacon's iterations and value",
                ));
            }
        }
    }
    let beacon = match (iterations, value) {
        (None, None) => None,
        (Some(iterations_log2 @ 10..=63), Some(value)) if !value.is_empty() => Some(Beacon { value, iterations_log2 }),
        _ => return Err(bad("its beacon", "1 to 255 bytes, and 2^10 to 2^63 iterations")),
    };
    Ok((name, beacon))
}

fn hash(cursor: &mut Cursor<'_>) -> Result<[u8; 64], FormatError> {
    let bytes = cursor.take(64)?;
    bytes
        .try_into()
        .map_err(|_| FormatError::malformed(FORMAT, "a hash", "64 bytes"))
}
