//! Deterministic CBOR (RFC 8949 §4.2.1), as far as the ledger's formats use it: unsigned numbers, byte and text
//! strings, arrays.
//!
//! Every value has one encoding: definite lengths, shortest heads, nothing after the end. What is written otherwise is
//! refused, so that equal values have equal hashes and no byte goes unread.

/// Why bytes are not what was expected, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The offset of the first byte that does not fit.
    pub at: usize,
    /// What was expected there.
    pub expected: &'static str,
}

/// Reads values one after another.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The major types that occur.
mod major {
    pub(super) const UNSIGNED: u8 = 0;
    pub(super) const BYTES: u8 = 2;
    pub(super) const TEXT: u8 = 3;
    pub(super) const ARRAY: u8 = 4;
}

impl<'a> Reader<'a> {
    /// A reader at the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// A refusal of what begins at the reader's place.
    pub fn refuse<T>(&self, expected: &'static str) -> Result<T, Malformed> {
        Err(Malformed { at: self.at, expected })
    }

    fn take(&mut self, count: usize, expected: &'static str) -> Result<&'a [u8], Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match rest.get(..count) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => self.refuse(expected),
        }
    }

    /// The number in the head of a value of this major type, in its shortest form.
    fn head(&mut self, major: u8, expected: &'static str) -> Result<u64, Malformed> {
        let start = self.at;
        let malformed = Err(Malformed { at: start, expected });
        let &[first] = self.take(1, expected)? else {
            return malformed;
        };
        if first >> 5 != major {
            return malformed;
        }
        let (width, least) = match first & 31 {
            small @ 0..=23 => return Ok(u64::from(small)),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return malformed,
        };
        let digits = self.take(width, expected)?;
        let value = digits.iter().fold(0, |value, digit| value << 8 | u64::from(*digit));
        if value < least {
            return Err(Malformed {
                at: start,
                expected: "the shortest form of a number",
            });
        }
        Ok(value)
    }

    /// An unsigned number.
    ///
    /// # Errors
    /// Where something else stands, or a number that is not in its shortest form.
    pub fn unsigned(&mut self, expected: &'static str) -> Result<u64, Malformed> {
        self.head(major::UNSIGNED, expected)
    }

    /// A byte string of at most `most` bytes.
    ///
    /// # Errors
    /// Where something else stands, or a longer one.
    pub fn bytes(&mut self, most: usize, expected: &'static str) -> Result<&'a [u8], Malformed> {
        let start = self.at;
        let length = self.head(major::BYTES, expected)?;
        self.content(start, length, most, expected)
    }

    /// A byte string of exactly 32 bytes.
    ///
    /// # Errors
    /// Where something else stands.
    pub fn bytes32(&mut self, expected: &'static str) -> Result<[u8; 32], Malformed> {
        let start = self.at;
        let bytes = self.bytes(32, expected)?;
        bytes.try_into().map_err(|_| Malformed { at: start, expected })
    }

    /// A text of at most `most` bytes of UTF-8.
    ///
    /// # Errors
    /// Where something else stands, or a longer one.
    pub fn text(&mut self, most: usize, expected: &'static str) -> Result<&'a str, Malformed> {
        let start = self.at;
        let length = self.head(major::TEXT, expected)?;
        let bytes = self.content(start, length, most, expected)?;
        str::from_utf8(bytes).map_err(|_| Malformed { at: start, expected })
    }

    /// The number of items of an array, at most `most`.
    ///
    /// # Errors
    /// Where something else stands, or a longer one.
    pub fn array(&mut self, most: usize, expected: &'static str) -> Result<usize, Malformed> {
        let start = self.at;
        let count = self.head(major::ARRAY, expected)?;
        match usize::try_from(count) {
            Ok(count) if count <= most => Ok(count),
            _ => Err(Malformed { at: start, expected }),
        }
    }

    fn content(
        &mut self,
        start: usize,
        length: u64,
        most: usize,
        expected: &'static str,
    ) -> Result<&'a [u8], Malformed> {
        match usize::try_from(length) {
            Ok(length) if length <= most => self.take(length, expected),
            _ => Err(Malformed { at: start, expected }),
        }
    }

    /// Nothing may follow.
    ///
    /// # Errors
    /// Where something does.
    pub fn end(&self) -> Result<(), Malformed> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            self.refuse("nothing after the last item")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(bytes: &[u8]) -> Result<u64, Malformed> {
        let mut reader = Reader::new(bytes);
        let value = reader.unsigned("a number")?;
        reader.end().map(|()| value)
    }

    #[test]
    fn numbers_have_one_form() {
        // RFC 8949, appendix A, and the neighbours of each width's limit.
        let cases: &[(u64, &[u8])] = &[
            (0, &[0]),
            (23, &[0x17]),
            (24, &[0x18, 24]),
            (255, &[0x18, 0xff]),
            (256, &[0x19, 1, 0]),
            (65_535, &[0x19, 0xff, 0xff]),
            (65_536, &[0x1a, 0, 1, 0, 0]),
            (1 << 32, &[0x1b, 0, 0, 0, 1, 0, 0, 0, 0]),
            (u64::MAX, &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ];
        for (value, bytes) in cases {
            assert_eq!(number(bytes), Ok(*value));
        }
        let wrong: &[&[u8]] = &[
            &[],
            &[0x18, 23],
            &[0x19, 0, 0xff],
            &[0x1a, 0, 0, 0xff, 0xff],
            &[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
            &[0x18],
            &[0x1c],
            &[0x1f],
            &[0x20],
            &[0, 0],
        ];
        for bytes in wrong {
            assert!(number(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn strings_and_arrays_are_bounded_and_definite() {
        assert_eq!(Reader::new(&[0x42, 1, 2]).bytes(2, ""), Ok(&[1u8, 2][..]));
        assert_eq!(Reader::new(&[0x62, b'a', b'b']).text(2, ""), Ok("ab"));
        assert_eq!(Reader::new(&[0x82]).array(2, ""), Ok(2));
        let at = |at| Malformed { at, expected: "x" };
        assert_eq!(Reader::new(&[0x42, 1, 2]).bytes(1, "x"), Err(at(0)));
        assert_eq!(Reader::new(&[0x42, 1]).bytes(2, "x"), Err(at(1)));
        assert_eq!(Reader::new(&[0x5f, 0x41, 1, 0xff]).bytes(9, "x"), Err(at(0)));
        assert_eq!(Reader::new(&[0x62, 0xff, 0xff]).text(2, "x"), Err(at(0)));
        assert_eq!(Reader::new(&[0x83]).array(2, "x"), Err(at(0)));
        assert_eq!(Reader::new(&[0x9f, 0xff]).array(2, "x"), Err(at(0)));
        assert_eq!(Reader::new(&[0x42, 1, 2]).bytes32("x"), Err(at(0)));
    }
}
