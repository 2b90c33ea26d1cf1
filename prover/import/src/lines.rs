//! A reader of lines with a limit: bounded memory whatever the file, line numbers for every refusal, progress in bytes.

use std::io::{BufRead, Read};

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
        }
    }

    /// Moves to the next line, without its line end; `false` after the last one.
    ///
    /// # Errors
    /// `unreadable-file`, `line-too-long`.
    pub fn advance(&mut self) -> Result<bool, Refusal> {
        self.buffer.clear();
        let limit = LINE_BYTES_MAX as u64 + 2;
        let read = (&mut self.reader)
            .take(limit)
            .read_until(b'\n', &mut self.buffer)
            .map_err(|e| Refusal::new(&catalogue::UNREADABLE, e.to_string()).at(self.place_of(self.number + 1)))?;
        self.bytes += read as u64;
        if read == 0 {
            (self.progress)(self.bytes);
            return Ok(false);
        }
        self.number += 1;
        self.terminated = self.buffer.last() == Some(&b'\n');
        if self.terminated {
            self.buffer.pop();
        }
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
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
    use super::*;

    #[test]
    fn line_ends_of_every_kind() {
        let mut seen = 0;
        let mut progress = |bytes| seen = bytes;
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
