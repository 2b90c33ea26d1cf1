//! Powers of tau (`.ptau`, version 1): the first phase of a ceremony, which serves every circuit of at most 2^power rows.
//!
//! | section | holds |
//! |---|---|
//! | 1 | the prime of the base field, the power, and the power of the ceremony that it was cut from |
//! | 2 | τ^i in G1, i < 2^(power+1) − 1 |
//! | 3 | τ^i in G2, i < 2^power |
//! | 4, 5 | ατ^i and βτ^i in G1, i < 2^power |
//! | 6 | β in G2 |
//! | 7 | the contributions |
//! | 12, 13, 14, 15 | sections 2 to 5 in Lagrange form, for each domain of 2^0 to 2^power places, one after the other; of section 2 also for 2^(power+1) |
//!
//! Sections 12 to 15 are there once a file is *prepared*. Anybody can compute them, and whoever relies on a key made from them has to
//! check that they are what the powers give ([`crate::ceremony::verify`] does).

use std::io::{Read, Seek, Write};

use ark_bn254::{Fq, G1Affine, G2Affine, g1, g2};
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::Affine;
use ark_ff::{Field as _, One as _, PrimeField as _};
use ark_poly::{EvaluationDomain as _, Radix2EvaluationDomain};
use covenant_gadgets::circuit::Field;

use super::FormatError;
use super::container::{Container, ContainerWriter, Cursor, write_prime};
use crate::batch_affine::{multiply_all, multiply_each, sums_and_differences};
use crate::montgomery::Point;

mod transcript;

pub use transcript::PowersContribution;
pub(crate) use transcript::{FirstPoints, SecretProof, UNFINISHED_BYTES};

pub(crate) const FORMAT: &str = "ptau";
const VERSION: u32 = 1;
/// Where the first sequence's section begins: after magic, version, number of sections, and the header's section.
pub(crate) const FIRST_SECTION: u64 = 12 + 12 + 44;
/// The section of β in G2.
pub(crate) const BETA_G2: u32 = 6;
/// The section of the contributions.
pub(crate) const CONTRIBUTIONS: u32 = 7;
/// The largest power that there are ceremonies of. BN254's scalar field has roots of unity of order 2^28, so that a double domain
/// exists below it only.
const POWER_MAX: u32 = 28;

/// A file of powers of tau, read piece by piece.
pub struct Ptau<R> {
    file: Container<R>,
    power: u32,
    ceremony_power: u32,
    prepared: bool,
}

/// Which powers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Powers {
    /// τ^i in G1.
    TauG1,
    /// τ^i in G2.
    TauG2,
    /// ατ^i in G1.
    AlphaTauG1,
    /// βτ^i in G1.
    BetaTauG1,
}

impl Powers {
    pub(crate) const ALL: [Self; 4] = [Self::TauG1, Self::TauG2, Self::AlphaTauG1, Self::BetaTauG1];

    pub(crate) fn section(self) -> u32 {
        match self {
            Self::TauG1 => 2,
            Self::TauG2 => 3,
            Self::AlphaTauG1 => 4,
            Self::BetaTauG1 => 5,
        }
    }

    pub(crate) fn prepared_section(self) -> u32 {
        self.section() + 10
    }

    /// Bytes of one of them.
    pub(crate) fn point_bytes(self) -> u64 {
        match self {
            Self::TauG2 => G2Affine::BYTES as u64,
            _ => G1Affine::BYTES as u64,
        }
    }

    /// How many powers there are.
    pub(crate) fn count(self, power: u32) -> u64 {
        match self {
            Self::TauG1 => (2 << power) - 1,
            _ => 1 << power,
        }
    }

    /// The largest domain of the Lagrange forms, as a power of two.
    pub(crate) fn prepared_power(self, power: u32) -> u32 {
        match self {
            Self::TauG1 => power + 1,
            _ => power,
        }
    }
}

impl<R: Read + Seek> Ptau<R> {
    /// Opens a file, and checks that its sections have the sizes that its power demands. No point is checked yet.
    ///
    /// # Errors
    /// Anything but the format; another curve; faults of reading.
    pub fn open(reader: R) -> Result<Self, FormatError> {
        let mut file = Container::open(reader, FORMAT, VERSION)?;
        let head = file.all(1, 64)?;
        let mut cursor = Cursor::new(&head, FORMAT, "header");
        cursor.prime(Fq::MODULUS)?;
        let (power, ceremony_power) = (cursor.u32()?, cursor.u32()?);
        cursor.end()?;
        if !(1..=POWER_MAX).contains(&power) || ceremony_power < power {
            let what = format!("power {power} of a ceremony of power {ceremony_power}");
            return Err(FormatError::malformed(
                FORMAT,
                what,
                format!("1 to {POWER_MAX}, at most the ceremony's"),
            ));
        }
        for powers in Powers::ALL {
            let bytes = powers.count(power) * powers.point_bytes();
            file.expect_length(powers.section(), "powers", bytes)?;
        }
        file.expect_length(BETA_G2, "beta in G2", G2Affine::BYTES as u64)?;
        let prepared = Powers::ALL.iter().all(|p| file.has(p.prepared_section()));
        if prepared {
            for powers in Powers::ALL {
                let places = (2 << powers.prepared_power(power)) - 1;
                file.expect_length(
                    powers.prepared_section(),
                    "Lagrange forms",
                    places * powers.point_bytes(),
                )?;
            }
        }
        Ok(Self {
            file,
            power,
            ceremony_power,
            prepared,
        })
    }

    /// The file serves circuits of at most 2^this rows and public inputs.
    pub fn power(&self) -> u32 {
        self.power
    }

    /// The power of the ceremony that the file was cut from.
    pub fn ceremony_power(&self) -> u32 {
        self.ceremony_power
    }

    /// Whether the file holds Lagrange forms.
    pub fn is_prepared(&self) -> bool {
        self.prepared
    }

    /// The contributions, their points checked and nothing else of them ([`crate::ceremony::verify_powers`] does that); none means
    /// that somebody knows the secrets.
    ///
    /// # Errors
    /// Anything but the format; a bad point; faults of reading.
    pub fn contributions(&mut self) -> Result<Vec<PowersContribution>, FormatError> {
        PowersContribution::read_all(&mut self.file)
    }

    /// β in G2.
    pub(crate) fn beta_g2(&mut self) -> Result<G2Affine, FormatError> {
        let bytes = self.file.all(BETA_G2, G2Affine::BYTES as u64)?;
        Cursor::new(&bytes, FORMAT, "beta in G2").point()
    }

    /// Powers from the `first` on.
    pub(crate) fn powers<P: Point>(&mut self, powers: Powers, first: u64, count: u64) -> Result<Vec<P>, FormatError> {
        self.file.points(powers.section(), first, count)
    }

    /// As [`Ptau::powers`], in pieces, each with the place of its first point.
    pub(crate) fn powers_by<P: Point>(
        &mut self,
        powers: Powers,
        first: u64,
        count: u64,
        take: impl FnMut(u64, &[P]) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        self.file.points_by(powers.section(), first, count, take)
    }

    /// The Lagrange form over the domain of 2^`power` places: Lᵢ(τ), times α or β where asked. Read where the file is prepared,
    /// computed where it is not; the domain of 2^(power+1) places takes its last power, which no file has, as zero.
    pub(crate) fn lagrange<C: GLVConfig<ScalarField = Field>>(
        &mut self,
        powers: Powers,
        power: u32,
    ) -> Result<Vec<Affine<C>>, FormatError>
    where
        Affine<C>: Point,
    {
        if power > powers.prepared_power(self.power) {
            let what = format!("powers of tau up to 2^{}", self.power);
            return Err(FormatError::malformed(
                FORMAT,
                what,
                format!("a domain of 2^{power} places"),
            ));
        }
        if self.prepared {
            let before = (1 << power) - 1;
            return self.file.points(powers.prepared_section(), before, 1 << power);
        }
        let available = powers.count(self.power).min(1 << power);
        let mut points: Vec<Affine<C>> = self.powers(powers, 0, available)?;
        points.resize(1 << power, Affine::identity());
        lagrange_form(points)
    }

    /// Copies the file with the Lagrange forms added, as snarkjs' `powersoftau prepare phase2` does; `progress` hears of each
    /// point made.
    ///
    /// # Errors
    /// Faults of reading and writing.
    pub fn prepare<W: Write>(&mut self, writer: W, mut progress: impl FnMut(u64)) -> Result<W, FormatError> {
        // snarkjs forgets the ceremony's power here, and cannot check the contributions afterwards.
        let mut out = create(writer, self.power, self.ceremony_power, 11)?;
        for section in 2..=CONTRIBUTIONS {
            out.copy(&mut self.file, section)?;
        }
        for powers in Powers::ALL {
            let places = (2 << powers.prepared_power(self.power)) - 1;
            out.begin(powers.prepared_section(), places * powers.point_bytes())?;
            for power in 0..=powers.prepared_power(self.power) {
                match powers {
                    Powers::TauG2 => out.points(&self.lagrange::<g2::Config>(powers, power)?)?,
                    _ => out.points(&self.lagrange::<g1::Config>(powers, power)?)?,
                }
                progress(1 << power);
            }
        }
        out.finish()
    }

    /// Points that [`Ptau::prepare`] makes.
    pub fn points_to_prepare(&self) -> u64 {
        Powers::ALL
            .iter()
            .map(|p| (2 << p.prepared_power(self.power)) - 1)
            .sum()
    }
}

/// Begins a file of so many sections with its header.
pub(crate) fn create<W: Write>(
    writer: W,
    power: u32,
    ceremony_power: u32,
    sections: u32,
) -> Result<ContainerWriter<W>, FormatError> {
    let mut out = ContainerWriter::new(writer, FORMAT, VERSION, sections)?;
    let mut head = Vec::new();
    write_prime(&mut head, Fq::MODULUS);
    head.extend_from_slice(&power.to_le_bytes());
    head.extend_from_slice(&ceremony_power.to_le_bytes());
    out.section(1, &head)?;
    Ok(out)
}

/// From Pᵢ = τ^i·P to Lᵢ(τ)·P: the inverse Fourier transform, over points (Cooley and Tukey's, in place, bits reversed first).
fn lagrange_form<C: GLVConfig<ScalarField = Field>>(mut points: Vec<Affine<C>>) -> Result<Vec<Affine<C>>, FormatError> {
    let domain = Radix2EvaluationDomain::<Field>::new(points.len())
        .ok_or_else(|| FormatError::malformed(FORMAT, "a domain", "one that the field has"))?;
    let size = domain.size();
    for index in 0..size {
        let reversed = index.reverse_bits() >> (usize::BITS - size.ilog2()).min(usize::BITS - 1);
        if size > 1 && index < reversed {
            points.swap(index, reversed);
        }
    }
    let mut half = 1;
    while half < size {
        // The inverse transform's roots: powers of ω^(−size / 2·half).
        let root = domain.group_gen_inv().pow([(size / (2 * half)) as u64]);
        let powers: Vec<Field> = std::iter::successors(Some(Field::one()), |p| Some(*p * root))
            .take(half)
            .collect();
        let (mut left, mut right): (Vec<Affine<C>>, Vec<Affine<C>>) = (Vec::new(), Vec::new());
        for block in points.chunks(2 * half) {
            let (low, high) = block.split_at(half);
            left.extend_from_slice(low);
            right.extend_from_slice(high);
        }
        let twiddles: Vec<Field> = powers.iter().copied().cycle().take(right.len()).collect();
        if half > 1 {
            multiply_each(&mut right, &twiddles);
        }
        sums_and_differences(&mut left, &mut right);
        let pairs = left.chunks(half).zip(right.chunks(half));
        for (block, (low, high)) in points.chunks_mut(2 * half).zip(pairs) {
            let (to_low, to_high) = block.split_at_mut(half);
            to_low.copy_from_slice(low);
            to_high.copy_from_slice(high);
        }
        half *= 2;
    }
    multiply_all(&mut points, domain.size_inv());
    Ok(points)
}
