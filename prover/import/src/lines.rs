//! A reader of lines with a limit: bounded memory whatever the file, line numbers for every refusal, progress in bytes. Lines end
//! as Unix, Windows or the old Macintosh end them.

use std::io::{BufRead, ErrorKind};

use covenant_policy::refusal::Refusal;

use crate::{Progress, catalogue};

/// No line of an accounting export is longer. A FEC line has 18 short fields; the longest seen in the wild is below 2 kB.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// Lines between two calls of the progress function.
const PROGRESS_LINES: u64 = 4096;

/// Reads a file line by line into one buffer.
pub struct Lines<'a, R> {
    reader: R,
    file: &'a str,
    progress: &'a mut Progress<'a>,
    buffer: Vec<u8>,
    number: u64,
    bytes: u64,
    terminated: bool,
    /// The last line ended in a carriage return: a line feed right after it belongs to it.
    carriage: bool,
}

impl<'a, R: BufRead> Lines<'a, R> {
    /// Starts before the first line.
    pub fn new(reader: R, file: &'a str, progress: &'a mut Progress<'a>) -> Self {
        Self {
            reader,
            file,
            progress,
            buffer: Vec::with_capacity(512),
            number: 0,
            bytes: 0,
            terminated: true,
            carriage: false,
        }
    }

    /// Moves to the next line, without its line end; `false` after the last one.
    ///
    /// # Errors
    /// `unreadable-file`, `line-too-long`.
    pub fn advance(&mut self) -> Result<bool, Refusal> {
        self.buffer.clear();
        let terminated = self.fill()?;
        if !terminated && self.buffer.is_empty() {
            (self.progress)(self.bytes);
            return Ok(false);
        }
        self.number += 1;
        self.terminated = terminated;
        if self.buffer.len() > LINE_BYTES_MAX {
            return Err(Refusal::new(
                &catalogue::LINE_TOO_LONG,
                format!("more than {LINE_BYTES_MAX} bytes without a line end"),
            )
            .at(self.place()));
        }
        if self.number.is_multiple_of(PROGRESS_LINES) {
            (self.progress)(self.bytes);
        }
        Ok(true)
    }

    /// Reads up to a line end, or a little beyond the limit; whether there was one.
    fn fill(&mut self) -> Result<bool, Refusal> {
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => {
                    let place = self.place_of(self.number + 1);
                    return Err(Refusal::new(&catalogue::UNREADABLE, e.to_string()).at(place));
                }
            };
            let Some(&first) = available.first() else {
                return Ok(false);
            };
            // The second half of a line end that two blocks share.
            if std::mem::take(&mut self.carriage) && first == b'\n' {
                self.reader.consume(1);
                self.bytes += 1;
                continue;
            }
            let end = available.iter().position(|b| matches!(b, b'\n' | b'\r'));
            let (line, used) = match end {
                Some(at) => (available.get(..at), at + 1),
                None => (Some(available), available.len()),
            };
            self.carriage = end.is_some_and(|at| available.get(at) == Some(&b'\r'));
            self.buffer.extend_from_slice(line.unwrap_or_default());
            self.reader.consume(used);
            self.bytes += used as u64;
            if end.is_some() {
                return Ok(true);
            }
            if self.buffer.len() > LINE_BYTES_MAX {
                return Ok(false);
            }
        }
    }

    /// The current line's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Removes the first `n` bytes of the current line (a byte-order mark).
    pub fn skip(&mut self, n: usize) {
        self.buffer.drain(..n.min(self.buffer.len()));
    }

    /// The current line's number, counted from 1; after the end, the number of lines.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether the current line ended in a line end. The last line of a file need not, unless it was cut off.
    pub fn terminated(&self) -> bool {
        self.terminated
    }

    /// The file's name, as messages show it.
    pub fn file(&self) -> &'a str {
        self.file
    }

    /// The current line, as messages show it: `file:line`.
    pub fn place(&self) -> String {
        self.place_of(self.number)
    }

    /// Some line, as messages show it.
    pub fn place_of(&self, line: u64) -> String {
        format!("{}:{line}", self.file)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn line_ends_of_every_kind() {
        let mut seen = 0;
        let mut progress = |bytes| seen = bytes;
        // Blocks of one byte, of two, and all at once.
        for block in [1, 2, 64] {
            let reader = std::io::BufReader::with_capacity(block, &b"a\r\nb\rd\n\nc\r\n"[..]);
            let mut ignored = |_| {};
            let mut lines = Lines::new(reader, "f", &mut ignored);
            let mut got = Vec::new();
            while lines.advance().unwrap() {
                got.push(String::from_utf8(lines.bytes().to_vec()).unwrap());
                assert!(lines.terminated());
            }
            assert_eq!(
                (got, lines.bytes),
                (["a", "b", "d", "", "c"].map(str::to_owned).to_vec(), 11)
            );
        }
        let mut lines = Lines::new(&b"a\r\nb\n\nc"[..], "f", &mut progress);
        let mut got = Vec::new();
        while lines.advance().unwrap() {
            got.push((lines.number(), lines.bytes().to_vec(), lines.terminated()));
        }
        let expected: Vec<(u64, &[u8], bool)> =
            vec![(1, b"a", true), (2, b"b", true), (3, b"", true), (4, b"c", false)];
        assert_eq!(
            got,
            expected
                .into_iter()
                .map(|(n, b, t)| (n, b.to_vec(), t))
                .collect::<Vec<_>>()
        );
        assert_eq!(seen, 7);
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let mut progress = |_| {};
        let mut lines = Lines::new(std::io::BufReader::new(std::io::repeat(b'x')), "f", &mut progress);
        let refusal = lines.advance().unwrap_err();
        assert_eq!(refusal.code(), "line-too-long");
        assert_eq!(refusal.place.as_deref(), Some("f:1"));
    }

    #[test]
    fn a_reader_that_fails_is_reported() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("the disk is gone"))
            }
        }
        let mut progress = |_| {};
        let mut lines = Lines::new(std::io::BufReader::new(Broken), "f", &mut progress);
        assert_eq!(lines.advance().unwrap_err().code(), "unreadable-file");
    }
}
