//! From record to record of what was checked before, or will be.

use std::io::{self, BufReader, ErrorKind, Read};

use super::frames::lengths;

/// Goes from record to record.
pub(crate) struct Walk<R> {
    input: BufReader<R>,
    at: u64,
}

impl<R: Read> Walk<R> {
    /// From a record's beginning on.
    pub(crate) fn new(input: R) -> Self {
        Self {
            input: BufReader::with_capacity(1 << 18, input),
            at: 0,
        }
    }

    /// The next record's mark and where it begins; its content goes to `content`. Nothing at the end.
    pub(crate) fn next(&mut self, content: &mut Vec<u8>) -> io::Result<Option<(u8, u64)>> {
        let mut head = [0; 5];
        match self.input.read(&mut head[..1])? {
            0 => return Ok(None),
            _ => self.input.read_exact(&mut head[1..])?,
        }
        let [mark, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        let fits = |(least, most)| usize::try_from(length).is_ok_and(|length| (least..=most).contains(&length));
        if !lengths(mark).is_some_and(fits) {
            return Err(io::Error::new(ErrorKind::InvalidData, "no record of an export"));
        }
        content.clear();
        let read = (&mut self.input).take(u64::from(length)).read_to_end(content)?;
        if read as u64 != u64::from(length) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let offset = self.at;
        self.at += 5 + u64::from(length);
        Ok(Some((mark, offset)))
    }
}
