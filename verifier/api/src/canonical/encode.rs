//! The encoder: writes a typed value as it is walked through, without a tree of generic values in between.
//!
//! How serde's kinds of values become CBOR is as ciborium has it: structs and maps are maps, a variant without contents is its name, a
//! variant with contents a map of its name to them, nothing is null.

use std::fmt;
use std::ops::Range;

use serde::Serialize;
use serde::ser::{self, Serializer};

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;

/// Appends one value's encoding.
pub(super) struct Encoder<'a>(pub(super) &'a mut Vec<u8>);

/// Why a value has no encoding.
#[derive(Debug)]
pub(super) struct Unencodable(pub(super) String);

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unencodable {}

impl ser::Error for Unencodable {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self(what.to_string())
    }
}

fn refuse<T>(what: &str) -> Result<T, Unencodable> {
    Err(Unencodable(what.to_owned()))
}

/// A major type with its argument in the shortest form, and how many bytes of it count.
fn head(major: u8, argument: u64) -> ([u8; 9], usize) {
    let major = major << 5;
    let [a, b, c, d, e, f, g, h] = argument.to_be_bytes();
    match argument {
        0..=23 => ([major | h, 0, 0, 0, 0, 0, 0, 0, 0], 1),
        24..=0xff => ([major | 24, h, 0, 0, 0, 0, 0, 0, 0], 2),
        0x100..=0xffff => ([major | 25, g, h, 0, 0, 0, 0, 0, 0], 3),
        0x1_0000..=0xffff_ffff => ([major | 26, e, f, g, h, 0, 0, 0, 0], 5),
        _ => ([major | 27, a, b, c, d, e, f, g, h], 9),
    }
}

impl<'a> Encoder<'a> {
    fn head(&mut self, major: u8, argument: u64) {
        let (bytes, length) = head(major, argument);
        self.0.extend_from_slice(&bytes[..length]);
    }

    fn text(&mut self, text: &str) {
        self.head(TEXT, text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// The map of a variant's name to its contents, which follow.
    fn variant(mut self, name: &str) -> Self {
        self.head(MAP, 1);
        self.text(name);
        self
    }

    fn items(self) -> Items<'a> {
        Items {
            start: self.0.len(),
            out: self.0,
            count: 0,
        }
    }

    fn pairs(self, count: usize) -> Pairs<'a> {
        Pairs {
            start: self.0.len(),
            out: self.0,
            pairs: Vec::with_capacity(count),
            key: 0,
        }
    }
}

/// Puts the head of an array or a map in front of its contents, now that they are counted.
fn close(out: &mut Vec<u8>, start: usize, major: u8, count: usize) {
    let (bytes, length) = head(major, count as u64);
    out.splice(start..start, bytes.into_iter().take(length));
}

/// An array that is being written.
pub(super) struct Items<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    count: usize,
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unencodable> {
        self.count += 1;
        value.serialize(Encoder(self.out))
    }

    fn close(self) {
        close(self.out, self.start, ARRAY, self.count);
    }
}

/// A map that is being written: its pairs stand in the order in which they came until all are there.
pub(super) struct Pairs<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    /// Where each pair's key, and the pair, stand.
    pairs: Vec<(Range<usize>, Range<usize>)>,
    /// Where the key begins whose value is to come.
    key: usize,
}

impl Pairs<'_> {
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unencodable> {
        self.key = self.out.len();
        key.serialize(Encoder(self.out))
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unencodable> {
        let between = self.out.len();
        value.serialize(Encoder(self.out))?;
        self.pairs.push((self.key..between, self.key..self.out.len()));
        Ok(())
    }

    fn close(mut self) -> Result<(), Unencodable> {
        let written = |range: &Range<usize>| self.out.get(range.clone()).unwrap_or_default();
        let ordered = |one: &Range<usize>, other: &Range<usize>| written(one).cmp(written(other));
        if !self.pairs.is_sorted_by(|one, other| ordered(&one.0, &other.0).is_lt()) {
            self.pairs.sort_by(|one, other| ordered(&one.0, &other.0));
            let twice = |pair: &[(Range<usize>, Range<usize>)]| matches!(pair, [one, other] if ordered(&one.0, &other.0).is_eq());
            if self.pairs.windows(2).any(twice) {
                return refuse("two equal keys in one map");
            }
            let sorted: Vec<u8> = self.pairs.iter().flat_map(|(_, pair)| written(pair)).copied().collect();
            self.out.truncate(self.start);
            self.out.extend_from_slice(&sorted);
        }
        close(self.out, self.start, MAP, self.pairs.len());
        Ok(())
    }
}

macro_rules! integers {
    ($($method:ident $kind:ty;)*) => {
        $(fn $method(self, value: $kind) -> Result<(), Unencodable> {
            self.serialize_i128(value.into())
        })*
    };
}

impl<'a> Serializer for Encoder<'a> {
    type Ok = ();
    type Error = Unencodable;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Pairs<'a>;
    type SerializeStruct = Pairs<'a>;
    type SerializeStructVariant = Pairs<'a>;

    fn is_human_readable(&self) -> bool {
        false
    }

    integers! {
        serialize_i8 i8;
        serialize_i16 i16;
        serialize_i32 i32;
        serialize_i64 i64;
        serialize_u8 u8;
        serialize_u16 u16;
        serialize_u32 u32;
        serialize_u64 u64;
    }

    fn serialize_i128(mut self, value: i128) -> Result<(), Unencodable> {
        let (major, argument) = if value >= 0 {
            (UNSIGNED, value)
        } else {
            (NEGATIVE, !value)
        };
        match u64::try_from(argument) {
            Ok(argument) => {
                self.head(major, argument);
                Ok(())
            }
            Err(_) => refuse("an integer beyond 64 bits"),
        }
    }

    fn serialize_u128(self, value: u128) -> Result<(), Unencodable> {
        match i128::try_from(value) {
            Ok(value) => self.serialize_i128(value),
            Err(_) => refuse("an integer beyond 64 bits"),
        }
    }

    fn serialize_f32(self, _: f32) -> Result<(), Unencodable> {
        refuse("a floating-point number")
    }

    fn serialize_f64(self, _: f64) -> Result<(), Unencodable> {
        refuse("a floating-point number")
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unencodable> {
        self.0.push(if value { 0xf5 } else { 0xf4 });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Unencodable> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(mut self, value: &str) -> Result<(), Unencodable> {
        self.text(value);
        Ok(())
    }

    fn serialize_bytes(mut self, value: &[u8]) -> Result<(), Unencodable> {
        self.head(BYTES, value.len() as u64);
        self.0.extend_from_slice(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unencodable> {
        self.0.push(0xf6);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unencodable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unencodable> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unencodable> {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), Unencodable> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unencodable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unencodable> {
        value.serialize(self.variant(name))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, Unencodable> {
        Ok(self.items())
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, Unencodable> {
        Ok(self.items())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, Unencodable> {
        Ok(self.items())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Items<'a>, Unencodable> {
        Ok(self.variant(name).items())
    }

    fn serialize_map(self, count: Option<usize>) -> Result<Pairs<'a>, Unencodable> {
        Ok(self.pairs(count.unwrap_or(0)))
    }

    fn serialize_struct(self, _: &'static str, count: usize) -> Result<Pairs<'a>, Unencodable> {
        Ok(self.pairs(count))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        count: usize,
    ) -> Result<Pairs<'a>, Unencodable> {
        Ok(self.variant(name).pairs(count))
    }
}

macro_rules! arrays {
    ($($kind:ident $method:ident;)*) => {
        $(impl ser::$kind for Items<'_> {
            type Ok = ();
            type Error = Unencodable;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unencodable> {
                self.item(value)
            }

            fn end(self) -> Result<(), Unencodable> {
                self.close();
                Ok(())
            }
        })*
    };
}

arrays! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

impl ser::SerializeMap for Pairs<'_> {
    type Ok = ();
    type Error = Unencodable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unencodable> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unencodable> {
        self.value(value)
    }

    fn end(self) -> Result<(), Unencodable> {
        self.close()
    }
}

macro_rules! structs {
    ($($kind:ident)*) => {
        $(impl ser::$kind for Pairs<'_> {
            type Ok = ();
            type Error = Unencodable;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Unencodable> {
                self.key(name)?;
                self.value(value)
            }

            fn end(self) -> Result<(), Unencodable> {
                self.close()
            }
        })*
    };
}

structs! { SerializeStruct SerializeStructVariant }
