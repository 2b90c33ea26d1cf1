//! Text encodings of accounting exports. Only names and labels depend on them: amounts, dates and account numbers are ASCII in
//! every format here, so a wrong encoding can never change a figure.

use std::borrow::Cow;

use encoding_rs::{ISO_8859_15, UTF_8, WINDOWS_1252};

/// The upper half of code page 437, which SIE calls PC8 (Unicode consortium's CP437.TXT).
const CP437: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', // 80
    'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ', // 90
    'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '⌐', '¬', '½', '¼', '¡', '«', '»', // A0
    '░', '▒', '▓', '│', '┤', '╡', '╢', '╖', '╕', '╣', '║', '╗', '╝', '╜', '╛', '┐', // B0
    '└', '┴', '┬', '├', '─', '┼', '╞', '╟', '╚', '╔', '╩', '╦', '╠', '═', '╬', '╧', // C0
    '╨', '╤', '╥', '╙', '╘', '╒', '╓', '╫', '╪', '┘', '┌', '█', '▄', '▌', '▐', '▀', // D0
    'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ', 'Θ', 'Ω', 'δ', '∞', 'φ', 'ε', '∩', // E0
    '≡', '±', '≥', '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²', '■', '\u{a0}', // F0
];

/// The encodings that a file can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte-order mark.
    Utf8,
    /// ISO 8859-15 (Western European with the euro sign).
    Iso8859_15,
    /// Windows code page 1252.
    Windows1252,
    /// Code page 437, called PC8 in SIE.
    Cp437,
}

impl Encoding {
    /// The encoding of this name, as declarations write it.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" => Some(Self::Utf8),
            "iso-8859-15" => Some(Self::Iso8859_15),
            "windows-1252" => Some(Self::Windows1252),
            "cp437" => Some(Self::Cp437),
            _ => None,
        }
    }

    /// The encoding that an XML declaration names. ISO 8859-1 is read as Windows-1252, which has letters where it has control
    /// characters, as browsers do (WHATWG Encoding Standard).
    pub fn declared(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "us-ascii" | "ascii" | "utf8" => Some(Self::Utf8),
            "iso-8859-1" | "iso_8859-1" | "iso8859-1" | "latin1" | "cp1252" => Some(Self::Windows1252),
            "cp437" => None,
            other => Self::named(other),
        }
    }

    /// A decoder of a stream; none of code page 437, which no format streams.
    pub fn decoder(self) -> Option<encoding_rs::Decoder> {
        match self {
            Self::Utf8 => Some(UTF_8.new_decoder_without_bom_handling()),
            Self::Iso8859_15 => Some(ISO_8859_15.new_decoder_without_bom_handling()),
            Self::Windows1252 => Some(WINDOWS_1252.new_decoder_without_bom_handling()),
            Self::Cp437 => None,
        }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Iso8859_15 => "iso-8859-15",
            Self::Windows1252 => "windows-1252",
            Self::Cp437 => "cp437",
        }
    }

    /// The text; the flag tells whether bytes were replaced because the encoding does not have them.
    pub fn decode(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        if bytes.is_ascii() {
            return (String::from_utf8_lossy(bytes), false);
        }
        match self {
            Self::Utf8 => {
                let text = String::from_utf8_lossy(bytes);
                let replaced = matches!(text, Cow::Owned(_));
                (text, replaced)
            }
            Self::Iso8859_15 => ISO_8859_15.decode_without_bom_handling(bytes),
            Self::Windows1252 => WINDOWS_1252.decode_without_bom_handling(bytes),
            Self::Cp437 => (Cow::Owned(bytes.iter().map(|&b| cp437(b)).collect()), false),
        }
    }

    /// The bytes of a text in this encoding; characters that it does not have become question marks.
    pub fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Utf8 => Cow::Borrowed(text.as_bytes()),
            Self::Iso8859_15 => ISO_8859_15.encode(text).0,
            Self::Windows1252 => WINDOWS_1252.encode(text).0,
            Self::Cp437 => Cow::Owned(text.chars().map(to_cp437).collect()),
        }
    }
}

fn cp437(byte: u8) -> char {
    byte.checked_sub(128)
        .and_then(|i| CP437.get(usize::from(i)).copied())
        .unwrap_or(char::from(byte))
}

fn to_cp437(c: char) -> u8 {
    if c.is_ascii() {
        return c as u8;
    }
    CP437
        .iter()
        .position(|&x| x == c)
        .and_then(|i| u8::try_from(i + 128).ok())
        .unwrap_or(b'?')
}

/// Evidence about the encoding that a file really has, gathered line by line while it is read under a declared one.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Lines with bytes outside ASCII that are valid UTF-8, and the first of them.
    pub utf8: Seen,
    /// Lines with bytes outside ASCII that are not valid UTF-8, and the first of them.
    pub not_utf8: Seen,
    /// Lines that contain U+FFFD: an earlier program has already replaced what it could not read.
    pub replaced: Seen,
    /// Bytes that are Nordic letters in code page 437.
    pub nordic_cp437: u64,
    /// Bytes that are Nordic letters in ISO 8859-1 and line-drawing or mathematical signs in code page 437.
    pub nordic_latin1: u64,
}

/// How often something was seen, and on which line first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Lines.
    pub lines: u64,
    /// The first of them, counted from 1; 0 where there is none.
    pub first: u64,
}

impl Seen {
    /// Notes a line.
    pub fn note(&mut self, line: u64) {
        if self.lines == 0 {
            self.first = line;
        }
        self.lines += 1;
    }
}

impl Evidence {
    /// Looks at one line's raw bytes.
    pub fn look(&mut self, line: u64, bytes: &[u8]) {
        if bytes.is_ascii() {
            return;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                self.utf8.note(line);
                if text.contains('\u{fffd}') {
                    self.replaced.note(line);
                }
            }
            Err(_) => {
                self.not_utf8.note(line);
                // å ä ö Å Ä Ö, and é which names have.
                self.nordic_cp437 += count(bytes, &[0x86, 0x84, 0x94, 0x8f, 0x8e, 0x99, 0x82]);
                self.nordic_latin1 += count(bytes, &[0xe5, 0xe4, 0xf6, 0xc5, 0xc4, 0xd6, 0xe9]);
            }
        }
    }
}

fn count(bytes: &[u8], wanted: &[u8]) -> u64 {
    bytes.iter().filter(|b| wanted.contains(b)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_page_437_is_its_own_inverse() {
        for byte in 0..=255u8 {
            let bytes = [byte];
            let (text, replaced) = Encoding::Cp437.decode(&bytes);
            assert!(!replaced);
            assert_eq!(Encoding::Cp437.encode(&text).as_ref(), &bytes, "{text:?}");
        }
        assert_eq!(Encoding::Cp437.decode(b"\x99vningsbolaget").0, "Övningsbolaget");
        assert_eq!(Encoding::Cp437.encode("日").as_ref(), b"?");
    }

    #[test]
    fn western_encodings_differ_where_they_should() {
        assert_eq!(Encoding::Iso8859_15.decode(b"\xa4 \xe9").0, "€ é");
        assert_eq!(Encoding::Windows1252.decode(b"\x80 \xe9").0, "€ é");
        assert!(Encoding::Utf8.decode(b"\xe9 ").1);
        for name in ["utf-8", "iso-8859-15", "windows-1252", "cp437"] {
            assert_eq!(Encoding::named(name).map(Encoding::name), Some(name));
        }
        assert_eq!(Encoding::named("ebcdic"), None);
    }

    #[test]
    fn evidence_tells_utf8_from_the_code_page() {
        let mut e = Evidence::default();
        e.look(1, b"ascii");
        e.look(2, "Över".as_bytes());
        e.look(3, b"\x99ver");
        e.look(4, "\u{fffd}ver".as_bytes());
        e.look(5, b"\xd6ver");
        assert_eq!(e.utf8, Seen { lines: 2, first: 2 });
        assert_eq!(e.not_utf8, Seen { lines: 2, first: 3 });
        assert_eq!(e.replaced, Seen { lines: 1, first: 4 });
        assert_eq!((e.nordic_cp437, e.nordic_latin1), (1, 1));
    }
}
