//! The little of CBOR (RFC 8949) that entries and receipts need, in its deterministic form only (§4.2.1): unsigned integers, byte
//! strings, text and arrays, each of definite length and in the shortest encoding. What is not in that form is refused, so that a
//! value has one encoding and no byte can be changed without changing the value.

use crate::errors::CborError;

/// Major types of the four kinds of item.
const UNSIGNED: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;

/// Writes items one after the other.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            out: Vec::with_capacity(capacity),
        }
    }

    fn head(&mut self, major: u8, value: u64) {
        let major = major << 5;
        let be = value.to_be_bytes();
        match value {
            0..=23 => self.out.push(major | be[7]),
            24..=0xff => self.out.extend_from_slice(&[major | 24, be[7]]),
            0x100..=0xffff => {
                self.out.push(major | 25);
                self.out.extend_from_slice(&be[6..]);
            }
            0x1_0000..=0xffff_ffff => {
                self.out.push(major | 26);
                self.out.extend_from_slice(&be[4..]);
            }
            _ => {
                self.out.push(major | 27);
                self.out.extend_from_slice(&be);
            }
        }
    }

    pub(crate) fn unsigned(&mut self, value: u64) -> &mut Self {
        self.head(UNSIGNED, value);
        self
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(BYTES, value.len() as u64);
        self.out.extend_from_slice(value);
        self
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.head(TEXT, value.len() as u64);
        self.out.extend_from_slice(value.as_bytes());
        self
    }

    /// The head of an array of this many items, which the caller writes next.
    pub(crate) fn array(&mut self, items: usize) -> &mut Self {
        self.head(ARRAY, items as u64);
        self
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }
}

/// Reads items one after the other, and knows where it stands.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            length: bytes.len(),
        }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    fn error(&self, expected: &'static str) -> CborError {
        CborError {
            offset: self.position(),
            expected,
        }
    }

    fn take(&mut self, count: usize, expected: &'static str) -> Result<&'a [u8], CborError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.error(expected));
        };
        self.rest = rest;
        Ok(taken)
    }

    fn head(&mut self, major: u8, expected: &'static str) -> Result<u64, CborError> {
        let start = self.error(expected);
        let [initial] = *self.take(1, expected)? else {
            return Err(start);
        };
        if initial >> 5 != major {
            return Err(start);
        }
        let width = match initial & 0x1f {
            small @ 0..=23 => return Ok(u64::from(small)),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return Err(start),
        };
        let value = self
            .take(width, expected)?
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte));
        // The shortest encoding: the value must not fit the next narrower form.
        let least = match width {
            1 => 24,
            2 => 0x100,
            4 => 0x1_0000,
            _ => 0x1_0000_0000,
        };
        if value < least {
            return Err(CborError {
                expected: "the shortest encoding of a number",
                ..start
            });
        }
        Ok(value)
    }

    pub(crate) fn unsigned(&mut self, expected: &'static str) -> Result<u64, CborError> {
        self.head(UNSIGNED, expected)
    }

    pub(crate) fn bytes(&mut self, expected: &'static str) -> Result<&'a [u8], CborError> {
        let length = self.head(BYTES, expected)?;
        let length = usize::try_from(length).map_err(|_| self.error(expected))?;
        self.take(length, expected)
    }

    pub(crate) fn text(&mut self, expected: &'static str) -> Result<&'a str, CborError> {
        let start = self.error(expected);
        let length = self.head(TEXT, expected)?;
        let length = usize::try_from(length).map_err(|_| self.error(expected))?;
        str::from_utf8(self.take(length, expected)?).map_err(|_| start)
    }

    /// The number of items of an array, at most `max`.
    pub(crate) fn array(&mut self, max: usize, expected: &'static str) -> Result<usize, CborError> {
        let start = self.error(expected);
        let items = self.head(ARRAY, expected)?;
        usize::try_from(items).ok().filter(|items| *items <= max).ok_or(start)
    }

    /// Nothing may follow.
    pub(crate) fn end(self) -> Result<(), CborError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error("the end"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_those_of_rfc_8949_appendix_a() {
        let vectors: &[(u64, &[u8])] = &[
            (0, &[0x00]),
            (23, &[0x17]),
            (24, &[0x18, 0x18]),
            (255, &[0x18, 0xff]),
            (256, &[0x19, 0x01, 0x00]),
            (1_000_000, &[0x1a, 0x00, 0x0f, 0x42, 0x40]),
            (
                1_000_000_000_000,
                &[0x1b, 0x00, 0x00, 0x00, 0xe8, 0xd4, 0xa5, 0x10, 0x00],
            ),
            (u64::MAX, &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ];
        for (value, encoded) in vectors {
            let mut writer = Writer::default();
            writer.unsigned(*value);
            assert_eq!(writer.finish(), *encoded);
            assert_eq!(Reader::new(encoded).unsigned("a number"), Ok(*value));
        }
    }

    #[test]
    fn other_encodings_of_the_same_value_are_refused() {
        let long: &[&[u8]] = &[
            &[0x18, 0x17],
            &[0x19, 0x00, 0xff],
            &[0x1a, 0x00, 0x00, 0xff, 0xff],
            &[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
        ];
        for bytes in long {
            let error = Reader::new(bytes).unsigned("a number").expect_err("not the shortest");
            assert_eq!(error.expected, "the shortest encoding of a number");
        }
        // Indefinite lengths, a wrong major type, and lengths beyond the end.
        let refused: &[&[u8]] = &[
            &[0x5f, 0x41, 0x00, 0xff],
            &[0x61, 0x61],
            &[0x42, 0x00],
            &[0x5b, 255, 255, 255, 255, 255, 255, 255, 255],
        ];
        for bytes in refused {
            let error = Reader::new(bytes).bytes("bytes").expect_err("not a byte string");
            assert_eq!(error.expected, "bytes");
        }
        assert_eq!(
            Reader::new(&[0x62, 0xc3, 0x28])
                .text("text")
                .map_err(|error| error.offset),
            Err(0)
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, bytes: Vec<u8>, text: String) {
            let mut writer = Writer::default();
            writer.array(3).unsigned(number).bytes(&bytes).text(&text);
            let encoded = writer.finish();
            let mut reader = Reader::new(&encoded);
            prop_assert_eq!(reader.array(3, "array"), Ok(3));
            prop_assert_eq!(reader.unsigned("number"), Ok(number));
            prop_assert_eq!(reader.bytes("bytes"), Ok(bytes.as_slice()));
            prop_assert_eq!(reader.text("text"), Ok(text.as_str()));
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn what_is_read_is_written_back(encoded: Vec<u8>) {
            let mut reader = Reader::new(&encoded);
            if let Ok(value) = reader.unsigned("number") {
                let mut writer = Writer::default();
                writer.unsigned(value);
                prop_assert_eq!(writer.finish(), &encoded[..reader.position()]);
            }
        }
    }
}
