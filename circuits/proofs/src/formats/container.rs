//! The container of iden3's binary files: four letters of magic, version, number of sections, each u32; then each section as
//! its kind (u32), its length (u64) and its bytes.
//!
//! Reading needs no more memory than what is asked for: sections are found first and read piece by piece. A file is refused
//! where its sections do not fill it exactly, or where a kind that is asked for is missing or there twice.

use std::io::{Read, Seek, SeekFrom, Write};

use super::FormatError;
use crate::montgomery::Point;

/// The most sections that a file may have; the formats have at most 15.
const SECTIONS_MAX: u32 = 64;
/// Bytes of points that are read at a time.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;

/// A file's sections, to be read in any order.
pub struct Container<R> {
    reader: R,
    format: &'static str,
    sections: Vec<Section>,
}

#[derive(Clone, Copy)]
struct Section {
    kind: u32,
    start: u64,
    length: u64,
}

impl<R: Read + Seek> Container<R> {
    /// Finds the sections of a file with this magic, of at most this version.
    ///
    /// # Errors
    /// Another magic or version; sections that do not fill the file exactly; faults of reading.
    pub fn open(mut reader: R, format: &'static str, version_max: u32) -> Result<Self, FormatError> {
        let io = |e: std::io::Error| FormatError::io(format, &e);
        let length = reader.seek(SeekFrom::End(0)).map_err(io)?;
        reader.rewind().map_err(io)?;
        let mut head = [0; 12];
        reader.read_exact(&mut head).map_err(io)?;
        if head.get(..4) != Some(format.as_bytes()) {
            return Err(FormatError::malformed(
                format,
                "the first four bytes are others",
                format,
            ));
        }
        let version = u32_at(&head, 4);
        if version == 0 || version > version_max {
            let expected = format!("at most version {version_max}");
            return Err(FormatError::malformed(format, format!("version {version}"), expected));
        }
        let count = u32_at(&head, 8);
        if count > SECTIONS_MAX {
            let expected = format!("at most {SECTIONS_MAX}");
            return Err(FormatError::malformed(format, format!("{count} sections"), expected));
        }
        let mut sections = Vec::new();
        let mut at = 12u64;
        for number in 0..count {
            let mut head = [0; 12];
            reader.seek(SeekFrom::Start(at)).map_err(io)?;
            reader.read_exact(&mut head).map_err(io)?;
            let (kind, size) = (u32_at(&head, 0), u64_at(&head, 4));
            let start = at + 12;
            at = start.checked_add(size).filter(|end| *end <= length).ok_or_else(|| {
                let what = format!("section {number}, of kind {kind}, claims {size} bytes at {start}");
                FormatError::malformed(format, what, format!("an end within the file's {length} bytes"))
            })?;
            sections.push(Section {
                kind,
                start,
                length: size,
            });
        }
        if at != length {
            let what = format!("the last section ends at {at}, the file at {length}");
            return Err(FormatError::malformed(format, what, "nothing after the last section"));
        }
        Ok(Self {
            reader,
            format,
            sections,
        })
    }

    /// The format's name, for messages.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// Whether there is a section of this kind.
    pub fn has(&self, kind: u32) -> bool {
        self.sections.iter().any(|s| s.kind == kind)
    }

    /// Bytes of the one section of this kind.
    ///
    /// # Errors
    /// Where it is missing or there twice.
    pub fn length(&self, kind: u32) -> Result<u64, FormatError> {
        Ok(self.find(kind)?.length)
    }

    /// The one section of this kind must have this many bytes.
    ///
    /// # Errors
    /// Where it has not, is missing or there twice.
    pub fn expect_length(&self, kind: u32, name: &str, expected: u64) -> Result<(), FormatError> {
        let found = self.length(kind)?;
        if found == expected {
            return Ok(());
        }
        let what = format!("section {kind} ({name}) has {found} bytes");
        Err(FormatError::malformed(self.format, what, format!("{expected}")))
    }

    /// A section's bytes from `offset` on.
    ///
    /// # Errors
    /// Where the section ends before; faults of reading.
    pub fn bytes(&mut self, kind: u32, offset: u64, length: usize) -> Result<Vec<u8>, FormatError> {
        let section = self.find(kind)?;
        let end = offset.checked_add(length as u64).filter(|end| *end <= section.length);
        if end.is_none() {
            let what = format!("section {kind} has {} bytes", section.length);
            let expected = format!("{length} bytes at {offset}");
            return Err(FormatError::malformed(self.format, what, expected));
        }
        let io = |e: std::io::Error| FormatError::io(self.format, &e);
        let mut bytes = vec![0; length];
        self.reader.seek(SeekFrom::Start(section.start + offset)).map_err(io)?;
        self.reader.read_exact(&mut bytes).map_err(io)?;
        Ok(bytes)
    }

    /// All bytes of a section, where it has at most `bytes_max`.
    ///
    /// # Errors
    /// As [`Container::bytes`], and where the section is longer.
    pub fn all(&mut self, kind: u32, bytes_max: u64) -> Result<Vec<u8>, FormatError> {
        let length = self.length(kind)?;
        match usize::try_from(length) {
            Ok(size) if length <= bytes_max => self.bytes(kind, 0, size),
            _ => {
                let what = format!("section {kind} has {length} bytes");
                Err(FormatError::malformed(
                    self.format,
                    what,
                    format!("at most {bytes_max}"),
                ))
            }
        }
    }

    /// Reads `count` points from the `first` on, and hands them on in pieces, each with the place of its first point.
    ///
    /// # Errors
    /// As [`Container::bytes`]; a coordinate at or above the modulus; what `take` returns.
    pub(crate) fn points_by<P: Point>(
        &mut self,
        kind: u32,
        first: u64,
        count: u64,
        mut take: impl FnMut(u64, &[P]) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        let per_chunk = (CHUNK_BYTES / P::BYTES) as u64;
        let mut at = first;
        while at < first + count {
            let here = per_chunk.min(first + count - at);
            let bytes = self.bytes(kind, at * P::BYTES as u64, here as usize * P::BYTES)?;
            let read = bytes.chunks_exact(P::BYTES).map(P::read);
            let points: Option<Vec<P>> = read.collect();
            let points = points.ok_or_else(|| {
                let what = format!("section {kind}: a coordinate near point {at} is not below the modulus");
                FormatError::malformed(self.format, what, "coordinates below the modulus")
            })?;
            take(at, &points)?;
            at += here;
        }
        Ok(())
    }

    /// Reads `count` points from the `first` on.
    ///
    /// # Errors
    /// As [`Container::bytes`]; a coordinate at or above the modulus.
    pub(crate) fn points<P: Point>(&mut self, kind: u32, first: u64, count: u64) -> Result<Vec<P>, FormatError> {
        let mut all = Vec::new();
        self.points_by(kind, first, count, |_, points| {
            all.extend_from_slice(points);
            Ok(())
        })?;
        Ok(all)
    }

    fn find(&self, kind: u32) -> Result<Section, FormatError> {
        let mut of_kind = self.sections.iter().filter(|s| s.kind == kind);
        match (of_kind.next(), of_kind.next()) {
            (Some(only), None) => Ok(*only),
            (None, _) => Err(FormatError::malformed(
                self.format,
                "a section is missing",
                format!("a section of kind {kind}"),
            )),
            (Some(_), Some(_)) => {
                let what = format!("section {kind} stands there twice");
                Err(FormatError::malformed(self.format, what, "one section of each kind"))
            }
        }
    }
}

/// Writes a container, section after section.
pub struct ContainerWriter<W> {
    writer: W,
    format: &'static str,
}

impl<W: Write> ContainerWriter<W> {
    /// Begins a file of so many sections.
    ///
    /// # Errors
    /// Faults of writing.
    pub fn new(mut writer: W, format: &'static str, version: u32, sections: u32) -> Result<Self, FormatError> {
        let mut head = format.as_bytes().to_vec();
        head.extend_from_slice(&version.to_le_bytes());
        head.extend_from_slice(&sections.to_le_bytes());
        writer.write_all(&head).map_err(|e| FormatError::io(format, &e))?;
        Ok(Self { writer, format })
    }

    /// Goes on with a file whose sections so far were written, at its end.
    pub(crate) fn resumed(writer: W, format: &'static str) -> Self {
        Self { writer, format }
    }

    /// Begins a section of exactly so many bytes, which follow through [`ContainerWriter::write`].
    ///
    /// # Errors
    /// Faults of writing.
    pub fn begin(&mut self, kind: u32, length: u64) -> Result<(), FormatError> {
        self.write(&kind.to_le_bytes())?;
        self.write(&length.to_le_bytes())
    }

    /// Writes bytes of the section that was begun.
    ///
    /// # Errors
    /// Faults of writing.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.writer
            .write_all(bytes)
            .map_err(|e| FormatError::io(self.format, &e))
    }

    /// Writes a whole section.
    ///
    /// # Errors
    /// Faults of writing.
    pub fn section(&mut self, kind: u32, bytes: &[u8]) -> Result<(), FormatError> {
        self.begin(kind, bytes.len() as u64)?;
        self.write(bytes)
    }

    /// Writes points of the section that was begun.
    ///
    /// # Errors
    /// Faults of writing.
    pub(crate) fn points<P: Point>(&mut self, points: &[P]) -> Result<(), FormatError> {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES);
        for chunk in points.chunks(CHUNK_BYTES / P::BYTES) {
            bytes.clear();
            chunk.iter().for_each(|p| p.write(&mut bytes));
            self.write(&bytes)?;
        }
        Ok(())
    }

    /// Writes a whole section of points.
    ///
    /// # Errors
    /// Faults of writing.
    pub(crate) fn point_section<P: Point>(&mut self, kind: u32, points: &[P]) -> Result<(), FormatError> {
        self.begin(kind, (points.len() * P::BYTES) as u64)?;
        self.points(points)
    }

    /// Copies a section of another file.
    ///
    /// # Errors
    /// As [`Container::bytes`]; faults of writing.
    pub fn copy<R: Read + Seek>(&mut self, from: &mut Container<R>, kind: u32) -> Result<(), FormatError> {
        let length = from.length(kind)?;
        self.begin(kind, length)?;
        let mut at = 0;
        while at < length {
            let here = (CHUNK_BYTES as u64).min(length - at);
            let bytes = from.bytes(kind, at, here as usize)?;
            self.write(&bytes)?;
            at += here;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Faults of writing.
    pub fn finish(mut self) -> Result<W, FormatError> {
        self.writer.flush().map_err(|e| FormatError::io(self.format, &e))?;
        Ok(self.writer)
    }
}

/// Takes numbers off the front of a section.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    format: &'static str,
    place: &'static str,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8], format: &'static str, place: &'static str) -> Self {
        Self { bytes, format, place }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], FormatError> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or_else(|| {
            let what = format!("the {} ends too early", self.place);
            FormatError::malformed(self.format, what, format!("{count} bytes more"))
        })?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, FormatError> {
        Ok(u32_at(self.take(4)?, 0))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, FormatError> {
        Ok(u64_at(self.take(8)?, 0))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, FormatError> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let taken = self.take(N)?.try_into();
        taken.map_err(|_| FormatError::malformed(self.format, "too few bytes", format!("{N}")))
    }

    /// A point whose coordinates are below the modulus; nothing else of it is checked.
    pub(crate) fn point<P: Point>(&mut self) -> Result<P, FormatError> {
        P::read(self.take(P::BYTES)?).ok_or_else(|| {
            let what = format!("a coordinate in the {} is not below the modulus", self.place);
            FormatError::malformed(self.format, what, "coordinates below the modulus")
        })
    }

    /// A prime, as its length (u32, 32) and its bytes; it must be this one.
    pub(crate) fn prime(&mut self, expected: ark_ff::BigInt<4>) -> Result<(), FormatError> {
        let length = self.u32()?;
        let bytes = if length == 32 { self.take(32)? } else { &[] };
        let limbs = expected.0.iter().flat_map(|limb| limb.to_le_bytes());
        if bytes.iter().copied().eq(limbs) {
            return Ok(());
        }
        let what = format!("the {} names another prime", self.place);
        Err(FormatError::malformed(self.format, what, "BN254's"))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn end(&self) -> Result<(), FormatError> {
        if self.is_empty() {
            return Ok(());
        }
        let what = format!("{} bytes follow the {}", self.bytes.len(), self.place);
        Err(FormatError::malformed(self.format, what, "nothing"))
    }
}

/// Appends a prime as its length and its bytes.
pub(crate) fn write_prime(out: &mut Vec<u8>, prime: ark_ff::BigInt<4>) {
    out.extend_from_slice(&32u32.to_le_bytes());
    prime
        .0
        .iter()
        .for_each(|limb| out.extend_from_slice(&limb.to_le_bytes()));
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
    four.map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let eight = bytes.get(at..at + 8).and_then(|b| b.try_into().ok());
    eight.map_or(0, u64::from_le_bytes)
}
