//! What a contribution says of itself, in keys and in powers of tau alike: whether it is a beacon's (u32), then the length (u32) of its
//! parameters, each a code and a value, in the order of the codes: a name, and a beacon's iterations and value.

use super::FormatError;
use super::container::Cursor;

/// Bytes of a contributor's name.
const NAME_BYTES_MAX: usize = 255;
/// Codes of the parameters, in the order in which they must stand.
const NAME: u8 = 1;
const ITERATIONS: u8 = 2;
const BEACON: u8 = 3;
/// Kinds of contributions.
const BY_SOMEBODY: u32 = 0;
const BY_A_BEACON: u32 = 1;

/// A public random value that was unknown before a known date, and how often it was hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// The value; 1 to 255 bytes.
    pub value: Vec<u8>,
    /// SHA-256 is iterated 2^this times; 10 to 63.
    pub iterations_log2: u8,
}

/// Reads kind and parameters of a contribution. A name may hold whatever text another program let in; whoever shows it escapes it
/// ([`shown`]).
pub(crate) fn read(
    cursor: &mut Cursor<'_>,
    format: &'static str,
    number: u32,
) -> Result<(Option<String>, Option<Beacon>), FormatError> {
    let kind = cursor.u32()?;
    let length = cursor.u32()? as usize;
    let mut parameters = Cursor::new(cursor.take(length)?, format, "parameters of a contribution");
    let (name, beacon) = read_parameters(&mut parameters, format, number)?;
    if kind > BY_A_BEACON || (kind == BY_A_BEACON) != beacon.is_some() {
        let what = format!("contribution {number} is of kind {kind}");
        let expected = "0, or 1 with a beacon's value and iterations";
        return Err(FormatError::malformed(format, what, expected));
    }
    Ok((name, beacon))
}

/// Writes kind and parameters.
pub(crate) fn write(out: &mut Vec<u8>, name: Option<&str>, beacon: Option<&Beacon>) {
    let kind = if beacon.is_some() { BY_A_BEACON } else { BY_SOMEBODY };
    out.extend_from_slice(&kind.to_le_bytes());
    let mut parameters = Vec::new();
    if let Some(name) = name {
        parameters.extend_from_slice(&[NAME, name.len() as u8]);
        parameters.extend_from_slice(name.as_bytes());
    }
    if let Some(beacon) = beacon {
        parameters.extend_from_slice(&[ITERATIONS, beacon.iterations_log2, BEACON, beacon.value.len() as u8]);
        parameters.extend_from_slice(&beacon.value);
    }
    out.extend_from_slice(&(parameters.len() as u32).to_le_bytes());
    out.extend_from_slice(&parameters);
}

fn read_parameters(
    cursor: &mut Cursor<'_>,
    format: &'static str,
    number: u32,
) -> Result<(Option<String>, Option<Beacon>), FormatError> {
    let bad = |what: &str, expected: &str| {
        FormatError::malformed(format, format!("contribution {number}: {what}"), expected.to_owned())
    };
    let (mut name, mut iterations, mut value) = (None, None, None);
    let mut last = 0;
    while !cursor.is_empty() {
        let code = cursor.u8()?;
        if code <= last {
            return Err(bad(
                "its parameters are out of order",
                "each once, in the order of their codes",
            ));
        }
        last = code;
        match code {
            NAME => {
                let length = usize::from(cursor.u8()?);
                let text = std::str::from_utf8(cursor.take(length)?).ok();
                let text = text.filter(|t| (1..=NAME_BYTES_MAX).contains(&t.len()));
                name = Some(
                    text.ok_or_else(|| bad("its name", "1 to 255 bytes of UTF-8"))?
                        .to_owned(),
                );
            }
            ITERATIONS => iterations = Some(cursor.u8()?),
            BEACON => {
                let length = usize::from(cursor.u8()?);
                value = Some(cursor.take(length)?.to_vec());
            }
            _ => {
                return Err(bad(
                    "an unknown parameter",
                    "a name, or a beacon's iterations and value",
                ));
            }
        }
    }
    let beacon = match (iterations, value) {
        (None, None) => None,
        (Some(iterations_log2 @ 10..=63), Some(value)) if !value.is_empty() => Some(Beacon { value, iterations_log2 }),
        _ => return Err(bad("its beacon", "1 to 255 bytes, and 2^10 to 2^63 iterations")),
    };
    Ok((name, beacon))
}

/// A name as it may be shown: whatever could hide, move or fake text beside it is spelled out as `\u{…}`.
pub fn shown(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            c if deceives(c) => c.escape_unicode().to_string(),
            c => c.to_string(),
        })
        .collect()
}

/// Whether a name that is to be written holds something that [`shown`] would have to spell out.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.chars().any(deceives)
}

/// Control characters, and Unicode's general category Cf as far as it steers direction, joins or has no width; line and paragraph
/// separators; spaces other than the plain one; private and unassigned planes' tags and variation selectors.
fn deceives(c: char) -> bool {
    c.is_control()
        || (c != ' ' && c.is_whitespace())
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{d7b0}'..='\u{d7ff}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_without_what_deceives() {
        for plain in ["Example Bank", "Бãнк № 7", "日本銀行", "a\u{301}"] {
            assert!(is_plain(plain));
            assert_eq!(shown(plain), plain);
        }
        let tricks = [
            ("a\u{202e}b", "a\\u{202e}b"),
            ("\u{200b}", "\\u{200b}"),
            ("a\nb", "a\\u{a}b"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\u{a0}b", "a\\u{a0}b"),
            ("\u{2028}", "\\u{2028}"),
            ("\u{feff}x", "\\u{feff}x"),
            ("\u{e0041}", "\\u{e0041}"),
        ];
        for (name, expected) in tricks {
            assert!(!is_plain(name), "{name:?}");
            assert_eq!(shown(name), expected);
        }
    }
}
