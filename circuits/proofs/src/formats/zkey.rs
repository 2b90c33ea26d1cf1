//! Groth16 proving keys of snarkjs (`.zkey`, version 1): what rapidsnark and snarkjs prove with, and what a ceremony hands on
//! from one contributor to the next.
//!
//! | section | holds |
//! |---|---|
//! | 1 | the proof system: 1, Groth16 |
//! | 2 | [`Header`]: primes, sizes, α, β, γ, δ |
//! | 3 | IC, a point of G1 for the constant one and each public input |
//! | 4 | the entries of A and B, row by row, and a row for each public input; a coefficient c is written as c·2^512 |
//! | 5, 6, 7 | A in G1, B in G1, B in G2, a point per wire |
//! | 8 | L (snarkjs: C), a point per private wire |
//! | 9 | H, a point per place of the domain: Lagrange polynomials of the double domain's odd places, over δ |
//! | 10 | [`Transcript`]: the circuit's hash and the contributions |

use std::io::{Read, Seek, Write};

use ark_bn254::{Fq, Fr, G1Affine, G2Affine};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{Field as _, PrimeField as _};
use covenant_gadgets::circuit::Field;

use super::FormatError;
use super::container::{Container, ContainerWriter, Cursor, write_prime};
use crate::decode::{check_point, check_points};
use crate::montgomery::{FIELD_BYTES, Point, canonical, write_canonical};

mod transcript;

pub use super::parameters::Beacon;
pub use transcript::{Contribution, Transcript};

pub(crate) const FORMAT: &str = "zkey";
/// Bytes of a point of G1.
pub(crate) const G1_BYTES: u64 = G1Affine::BYTES as u64;
/// Sections of a Groth16 key.
pub(crate) const SECTIONS: u32 = 10;
const VERSION: u32 = 1;
const GROTH16: u32 = 1;
/// Bytes of one entry of a matrix: which matrix, row, wire, coefficient.
const ENTRY_BYTES: usize = 12 + FIELD_BYTES;
/// The largest evaluation domain whose double exists in BN254's scalar field.
const DOMAIN_MAX: u32 = 1 << 27;
/// Bytes of matrix entries that are read.
const ENTRIES_BYTES_MAX: u64 = 1 << 33;

/// Sizes and fixed points of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// All wires, the constant one included.
    pub wires: u32,
    /// Public inputs, the constant one left out.
    pub public: u32,
    /// Size of the evaluation domain, a power of two.
    pub domain: u32,
    pub(crate) alpha_g1: G1Affine,
    pub(crate) beta_g1: G1Affine,
    pub(crate) beta_g2: G2Affine,
    pub(crate) gamma_g2: G2Affine,
    pub(crate) delta_g1: G1Affine,
    pub(crate) delta_g2: G2Affine,
}

/// One entry of A (0) or B (1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) matrix: u32,
    pub(crate) row: u32,
    pub(crate) wire: u32,
    pub(crate) coefficient: Field,
}

/// A proving key with its transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zkey {
    /// Sizes and fixed points.
    pub header: Header,
    pub(crate) ic: Vec<G1Affine>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) a: Vec<G1Affine>,
    pub(crate) b_g1: Vec<G1Affine>,
    pub(crate) b_g2: Vec<G2Affine>,
    pub(crate) l: Vec<G1Affine>,
    pub(crate) h: Vec<G1Affine>,
    /// Who contributed.
    pub transcript: Transcript,
}

impl Zkey {
    /// Reads a key and checks every point of it: on the curve, in the subgroup, and infinite only where a wire does not occur.
    ///
    /// # Errors
    /// Anything but the format; another curve or proof system; a bad point; faults of reading.
    pub fn read(reader: impl Read + Seek) -> Result<Self, FormatError> {
        let mut file = open(reader)?;
        let header = Header::read(&mut file)?;
        let (wires, inputs) = (u64::from(header.wires), u64::from(header.public) + 1);
        let entries = read_entries(&mut file, &header)?;
        let key = Self {
            ic: all_points(&mut file, 3, "IC", inputs)?,
            entries,
            a: all_points(&mut file, 5, "A", wires)?,
            b_g1: all_points(&mut file, 6, "B in G1", wires)?,
            b_g2: all_points(&mut file, 7, "B in G2", wires)?,
            l: all_points(&mut file, 8, "L", wires - inputs)?,
            h: all_points(&mut file, 9, "H", u64::from(header.domain))?,
            transcript: Transcript::read(&mut file)?,
            header,
        };
        key.check_points()?;
        Ok(key)
    }

    /// Writes the key, its sections in the order in which snarkjs' setup writes them, or its contributions where there are any.
    ///
    /// # Errors
    /// Faults of writing.
    pub fn write<W: Write>(&self, writer: W) -> Result<W, FormatError> {
        let mut out = create(writer)?;
        self.header.write(&mut out)?;
        let order: &[u32] = if self.transcript.contributions.is_empty() {
            &[4, 3, 9, 8, 5, 6, 7]
        } else {
            &[3, 4, 5, 6, 7, 8, 9]
        };
        for section in order {
            match section {
                3 => out.point_section(3, &self.ic)?,
                4 => self.write_entries(&mut out)?,
                5 => out.point_section(5, &self.a)?,
                6 => out.point_section(6, &self.b_g1)?,
                7 => out.point_section(7, &self.b_g2)?,
                8 => out.point_section(8, &self.l)?,
                _ => out.point_section(9, &self.h)?,
            }
        }
        self.transcript.write(&mut out)?;
        out.finish()
    }

    /// How many points a contribution to this key changes: those of L and H.
    ///
    /// # Errors
    /// Anything but the format; faults of reading.
    pub fn points_to_change(reader: impl Read + Seek) -> Result<u64, FormatError> {
        let header = Header::read(&mut open(reader)?)?;
        Ok(u64::from(header.wires - header.public - 1) + u64::from(header.domain))
    }

    fn write_entries(&self, out: &mut ContainerWriter<impl Write>) -> Result<(), FormatError> {
        let scale = r_squared();
        out.begin(4, (4 + ENTRY_BYTES * self.entries.len()) as u64)?;
        out.write(&(self.entries.len() as u32).to_le_bytes())?;
        let mut bytes = Vec::new();
        for chunk in self.entries.chunks(4096) {
            bytes.clear();
            for entry in chunk {
                for number in [entry.matrix, entry.row, entry.wire] {
                    bytes.extend_from_slice(&number.to_le_bytes());
                }
                write_canonical(&mut bytes, &(entry.coefficient * scale));
            }
            out.write(&bytes)?;
        }
        Ok(())
    }

    fn check_points(&self) -> Result<(), FormatError> {
        self.header.check_points()?;
        check_all(&self.ic, FORMAT, "IC", false)?;
        check_all(&self.a, FORMAT, "A", true)?;
        check_all(&self.b_g1, FORMAT, "B in G1", true)?;
        check_all(&self.b_g2, FORMAT, "B in G2", true)?;
        check_all(&self.l, FORMAT, "L", true)?;
        check_all(&self.h, FORMAT, "H", true)
    }
}

impl Header {
    pub(crate) fn read(file: &mut Container<impl Read + Seek>) -> Result<Self, FormatError> {
        let kind = file.all(1, 4)?;
        if Cursor::new(&kind, FORMAT, "proof system").u32()? != GROTH16 {
            return Err(FormatError::malformed(FORMAT, "another proof system", "1, Groth16"));
        }
        let bytes = file.all(2, 1024)?;
        let mut cursor = Cursor::new(&bytes, FORMAT, "header");
        cursor.prime(Fq::MODULUS)?;
        cursor.prime(Fr::MODULUS)?;
        let header = Self {
            wires: cursor.u32()?,
            public: cursor.u32()?,
            domain: cursor.u32()?,
            alpha_g1: cursor.point()?,
            beta_g1: cursor.point()?,
            beta_g2: cursor.point()?,
            gamma_g2: cursor.point()?,
            delta_g1: cursor.point()?,
            delta_g2: cursor.point()?,
        };
        cursor.end()?;
        let Self {
            wires, public, domain, ..
        } = header;
        if public >= wires || !domain.is_power_of_two() || domain > DOMAIN_MAX || public >= domain {
            let what = format!("{wires} wires, {public} public inputs, a domain of {domain}");
            let expected = "fewer public inputs than wires and places, and a power of two up to 2^27";
            return Err(FormatError::malformed(FORMAT, what, expected));
        }
        Ok(header)
    }

    pub(crate) fn write(&self, out: &mut ContainerWriter<impl Write>) -> Result<(), FormatError> {
        out.section(1, &GROTH16.to_le_bytes())?;
        let mut bytes = Vec::new();
        write_prime(&mut bytes, Fq::MODULUS);
        write_prime(&mut bytes, Fr::MODULUS);
        for number in [self.wires, self.public, self.domain] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        self.alpha_g1.write(&mut bytes);
        self.beta_g1.write(&mut bytes);
        self.beta_g2.write(&mut bytes);
        self.gamma_g2.write(&mut bytes);
        self.delta_g1.write(&mut bytes);
        self.delta_g2.write(&mut bytes);
        out.section(2, &bytes)
    }

    /// Every fixed point is on the curve, in the subgroup and not infinite.
    pub(crate) fn check_points(&self) -> Result<(), FormatError> {
        let g1 = [
            ("alpha", self.alpha_g1),
            ("beta", self.beta_g1),
            ("delta", self.delta_g1),
        ];
        let g2 = [
            ("beta", self.beta_g2),
            ("gamma", self.gamma_g2),
            ("delta", self.delta_g2),
        ];
        g1.iter()
            .try_for_each(|(name, point)| check_one(point, FORMAT, &format!("{name} in G1")))?;
        g2.iter()
            .try_for_each(|(name, point)| check_one(point, FORMAT, &format!("{name} in G2")))
    }
}

pub(crate) fn open<R: Read + Seek>(reader: R) -> Result<Container<R>, FormatError> {
    Container::open(reader, FORMAT, VERSION)
}

pub(crate) fn create<W: Write>(writer: W) -> Result<ContainerWriter<W>, FormatError> {
    ContainerWriter::new(writer, FORMAT, VERSION, SECTIONS)
}

/// All points of a section that must hold exactly `count`.
pub(crate) fn all_points<P: Point>(
    file: &mut Container<impl Read + Seek>,
    kind: u32,
    name: &str,
    count: u64,
) -> Result<Vec<P>, FormatError> {
    file.expect_length(kind, name, count * P::BYTES as u64)?;
    file.points(kind, 0, count)
}

fn read_entries(file: &mut Container<impl Read + Seek>, header: &Header) -> Result<Vec<Entry>, FormatError> {
    let bytes = file.all(4, ENTRIES_BYTES_MAX)?;
    let mut cursor = Cursor::new(&bytes, FORMAT, "matrices");
    let count = cursor.u32()?;
    let unscale = r_squared().inverse().unwrap_or_default();
    let mut entries = Vec::new();
    for number in 0..count {
        let (matrix, row, wire) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let scaled: Option<Field> = canonical(cursor.take(FIELD_BYTES)?);
        let sound = matrix <= 1 && row < header.domain && wire < header.wires;
        let scaled = scaled.filter(|_| sound).ok_or_else(|| {
            let what = format!("entry {number}: matrix {matrix}, row {row}, wire {wire}");
            FormatError::malformed(
                FORMAT,
                what,
                "A or B, a row and a wire that there are, a coefficient below the modulus",
            )
        })?;
        entries.push(Entry {
            matrix,
            row,
            wire,
            coefficient: scaled * unscale,
        });
    }
    cursor.end()?;
    Ok(entries)
}

/// 2^512, by which the entries' coefficients are multiplied: a prover's product of it and a Montgomery form is one again.
fn r_squared() -> Field {
    Field::from(2u8).pow([512])
}

pub(crate) fn check_one<P: SWCurveConfig>(
    point: &Affine<P>,
    format: &'static str,
    place: &str,
) -> Result<(), FormatError> {
    check_point(point, "a point").map_err(|error| FormatError::Decode {
        format,
        place: place.to_owned(),
        error,
    })
}

/// Every point is on the curve and in the subgroup, and not infinite unless that may be.
pub(crate) fn check_all<P: SWCurveConfig>(
    points: &[Affine<P>],
    format: &'static str,
    name: &str,
    infinite: bool,
) -> Result<(), FormatError>
where
    Affine<P>: Point,
{
    check_points(points, "a point", infinite).map_err(|(place, error)| FormatError::Decode {
        format,
        place: format!("point {place} of {name}"),
        error,
    })
}
