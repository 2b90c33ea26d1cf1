use super::*;
use crate::types::Hex32;
use serde::Deserialize;
use std::collections::BTreeMap;

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;

/// The same encoding by way of generic values, to compare with: ciborium says how serde's kinds of values become CBOR.
pub(crate) fn through_values<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Refusal> {
    let value = Value::serialized(&value).map_err(|e| Refusal::new(&UNENCODABLE, e.to_string()))?;
    let mut out = Vec::new();
    encode(&value, &mut out)?;
    Ok(out)
}

fn encode(value: &Value, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let refuse = |what: &str| Err(Refusal::new(&UNENCODABLE, what));
    match value {
        Value::Integer(i) => {
            let i = i128::from(*i);
            let (major, argument) = if i >= 0 { (UNSIGNED, i) } else { (NEGATIVE, -1 - i) };
            let Ok(argument) = u64::try_from(argument) else {
                return refuse("an integer beyond 64 bits");
            };
            head(major, argument, out);
        }
        Value::Bytes(bytes) => {
            head(BYTES, bytes.len() as u64, out);
            out.extend_from_slice(bytes);
        }
        Value::Text(text) => {
            head(TEXT, text.len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Bool(false) => out.push(0xf4),
        Value::Bool(true) => out.push(0xf5),
        Value::Null => out.push(0xf6),
        Value::Array(items) => {
            head(ARRAY, items.len() as u64, out);
            for item in items {
                encode(item, out)?;
            }
        }
        Value::Map(pairs) => {
            let mut encoded = Vec::with_capacity(pairs.len());
            for (key, value) in pairs {
                let (mut k, mut v) = (Vec::new(), Vec::new());
                encode(key, &mut k)?;
                encode(value, &mut v)?;
                encoded.push((k, v));
            }
            encoded.sort();
            if encoded.windows(2).any(|pair| matches!(pair, [a, b] if a.0 == b.0)) {
                return refuse("two equal keys in one map");
            }
            head(MAP, encoded.len() as u64, out);
            for (k, v) in encoded {
                out.extend_from_slice(&k);
                out.extend_from_slice(&v);
            }
        }
        Value::Float(_) => return refuse("a floating-point number"),
        Value::Tag(..) => return refuse("a tagged value, or an integer beyond 64 bits"),
        _ => return refuse("a value of no known kind"),
    }
    Ok(())
}

/// A major type with its argument in the shortest form.
fn head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    let bytes = argument.to_be_bytes();
    match argument {
        0..=23 => out.push(major | argument as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, argument as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&bytes[6..]);
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&bytes[4..]);
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&bytes);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[test]
fn integers_take_their_shortest_form() {
    // RFC 8949 Appendix A.
    for (value, expected) in [
        (0i64, "00"),
        (23, "17"),
        (24, "1818"),
        (255, "18ff"),
        (256, "190100"),
        (1000, "1903e8"),
        (1_000_000, "1a000f4240"),
        (1_000_000_000_000, "1b000000e8d4a51000"),
        (-1, "20"),
        (-100, "3863"),
        (-1000, "3903e7"),
        (i64::MIN, "3b7fffffffffffffff"),
    ] {
        assert_eq!(hex(&to_vec(&value).unwrap()), expected, "{value}");
        assert_eq!(from_slice::<i64>(&to_vec(&value).unwrap()).unwrap(), value);
    }
}

#[test]
fn map_keys_are_sorted_by_their_encoding() {
    let map: BTreeMap<&str, i64> = [("aa", 1), ("b", 2)].into();
    // "b" (61 62) before "aa" (62 61 61): shorter first, because the length stands in the first byte.
    assert_eq!(hex(&to_vec(&map).unwrap()), "a2616202626161".to_owned() + "01");
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Sample {
    zeta: u8,
    id: Hex32,
    note: Option<String>,
}

#[test]
fn a_struct_round_trips() {
    let sample = Sample {
        zeta: 7,
        id: Hex32([9; 32]),
        note: Some("é".into()),
    };
    let bytes = to_vec(&sample).unwrap();
    assert_eq!(from_slice::<Sample>(&bytes).unwrap(), sample);
}

#[test]
fn floats_and_wide_integers_have_no_encoding() {
    assert_eq!(to_vec(&1.5).unwrap_err().code(), "unencodable");
    assert_eq!(to_vec(&i128::MAX).unwrap_err().code(), "unencodable");
    let twice = Value::Map(vec![(Value::from(1), Value::Null), (Value::from(1), Value::Null)]);
    assert_eq!(to_vec(&twice).unwrap_err().code(), "unencodable");
}

#[test]
fn another_spelling_of_the_same_value_is_refused() {
    for (bytes, why) in [
        (&[0x18, 0x17][..], "an integer longer than needed"),
        (&[0x17, 0x00], "a trailing byte"),
        (&[0x19, 0x01], "truncated"),
        (&[0x5f, 0x41, 0x01, 0xff], "an indefinite length"),
        (&[], "nothing"),
    ] {
        assert_eq!(from_slice::<u64>(bytes).unwrap_err().code(), "not-canonical", "{why}");
    }
    // The same map with its keys in another order, and one with an unknown key.
    let (honest, swapped) = (
        [0xa2, 0x61, 0x61, 1, 0x61, 0x62, 2],
        [0xa2, 0x61, 0x62, 2, 0x61, 0x61, 1],
    );
    assert_eq!(from_slice::<BTreeMap<String, u8>>(&honest).unwrap().len(), 2);
    assert_eq!(
        from_slice::<BTreeMap<String, u8>>(&swapped).unwrap_err().code(),
        "not-canonical"
    );
    let nested = vec![0x81u8; 10_000];
    assert_eq!(from_slice::<u64>(&nested).unwrap_err().code(), "not-canonical");
}

/// Each of serde's kinds of values, in an order that is not that of the encoding.
#[derive(Debug, Serialize)]
enum Kinds {
    Nothing,
    One(Vec<Option<u8>>),
    Two(i64, char),
    Named {
        zeta: (),
        a: BTreeMap<i32, String>,
        long_name: [u64; 3],
    },
}

#[derive(Debug, Serialize)]
struct All {
    kinds: Vec<Kinds>,
    unit: Unit,
    wrapped: Wrapped,
    pair: Pair,
    flag: bool,
    wide: (i128, u128),
}

#[derive(Debug, Serialize)]
struct Unit;

#[derive(Debug, Serialize)]
struct Wrapped(Hex32);

#[derive(Debug, Serialize)]
struct Pair(u16, &'static str);

#[test]
fn every_kind_of_value_is_written_as_ciborium_has_it() {
    let all = |wide| All {
        kinds: vec![
            Kinds::Nothing,
            Kinds::One(vec![None, Some(200)]),
            Kinds::Two(i64::MIN, 'é'),
            Kinds::Named {
                zeta: (),
                a: [(300, "x".repeat(300)), (-1, String::new()), (2, "b".into())].into(),
                long_name: [0, 1 << 16, u64::MAX],
            },
        ],
        unit: Unit,
        wrapped: Wrapped(Hex32([3; 32])),
        pair: Pair(24, "two"),
        flag: true,
        wide,
    };
    let whole = all((-1 - i128::from(u64::MAX), u128::from(u64::MAX)));
    assert_eq!(to_vec(&whole).unwrap(), through_values(&whole).unwrap());
    for wide in [
        (i128::from(u64::MAX) + 1, 0),
        (-2 - i128::from(u64::MAX), 0),
        (0, u128::MAX),
    ] {
        assert_eq!(to_vec(&all(wide)).unwrap_err().code(), "unencodable", "{wide:?}");
        assert_eq!(
            through_values(&all(wide)).unwrap_err().code(),
            "unencodable",
            "{wide:?}"
        );
    }
}
