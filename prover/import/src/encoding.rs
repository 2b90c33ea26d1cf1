//! Text encodings of accounting exports. Only names and labels depend on them: amounts, dates and account numbers are ASCII in
//! every format here, so a wrong encoding can never change a figure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use encoding_rs::{ISO_8859_15, MACINTOSH, UTF_8, WINDOWS_1252};

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

/// The upper half of code page 850, which DOS programs used in western Europe (Unicode consortium's CP850.TXT).
#[rustfmt::skip]
const CP850: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', // 80
    'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', 'ø', '£', 'Ø', '×', 'ƒ', // 90
    'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '®', '¬', '½', '¼', '¡', '«', '»', // A0
    '░', '▒', '▓', '│', '┤', 'Á', 'Â', 'À', '©', '╣', '║', '╗', '╝', '¢', '¥', '┐', // B0
    '└', '┴', '┬', '├', '─', '┼', 'ã', 'Ã', '╚', '╔', '╩', '╦', '╠', '═', '╬', '¤', // C0
    'ð', 'Ð', 'Ê', 'Ë', 'È', 'ı', 'Í', 'Î', 'Ï', '┘', '┌', '█', '▄', '¦', 'Ì', '▀', // D0
    'Ó', 'ß', 'Ô', 'Ò', 'õ', 'Õ', 'µ', 'þ', 'Þ', 'Ú', 'Û', 'Ù', 'ý', 'Ý', '¯', '´', // E0
    '\u{ad}', '±', '‗', '¾', '¶', '§', '÷', '¸', '°', '¨', '·', '¹', '³', '²', '■', '\u{a0}', // F0
];

/// The letters and signs that French names contain outside ASCII; small letters tell more than capitals.
pub const FRENCH: Letters = Letters {
    small: "éèêëàâäçùûüôöîïÿœæ",
    other: "ÉÈÊËÀÂÄÇÙÛÜÔÖÎÏŸŒÆ°€«»’–",
};
/// The same for Swedish, Norwegian and Danish names.
pub const NORDIC: Letters = Letters {
    small: "åäöæøéü",
    other: "ÅÄÖÆØÉÜ",
};

/// Letters that a language has outside ASCII.
#[derive(Debug, Clone, Copy)]
pub struct Letters {
    small: &'static str,
    other: &'static str,
}

impl Letters {
    /// How much a character speaks for the language.
    fn weight(self, c: char) -> u64 {
        match (self.small.contains(c), self.other.contains(c)) {
            (true, _) => 3,
            (_, true) => 1,
            _ => 0,
        }
    }
}

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
    /// Code page 850.
    Cp850,
    /// Mac OS Roman.
    MacRoman,
}

impl Encoding {
    /// The encoding of this name, as declarations write it.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" => Some(Self::Utf8),
            "iso-8859-15" => Some(Self::Iso8859_15),
            "windows-1252" => Some(Self::Windows1252),
            "cp437" => Some(Self::Cp437),
            "cp850" => Some(Self::Cp850),
            "macroman" => Some(Self::MacRoman),
            _ => None,
        }
    }

    /// The encoding that an XML declaration names. ISO 8859-1 is read as Windows-1252, which has letters where it has control
    /// characters, as browsers do (WHATWG Encoding Standard).
    pub fn declared(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "us-ascii" | "ascii" | "utf8" => Some(Self::Utf8),
            "iso-8859-1" | "iso_8859-1" | "iso8859-1" | "latin1" | "cp1252" => Some(Self::Windows1252),
            "cp437" | "cp850" => None,
            other => Self::named(other),
        }
    }

    /// A decoder of a stream; none of the code pages of DOS, which no format streams.
    pub fn decoder(self) -> Option<encoding_rs::Decoder> {
        match self {
            Self::Utf8 => Some(UTF_8.new_decoder_without_bom_handling()),
            Self::Iso8859_15 => Some(ISO_8859_15.new_decoder_without_bom_handling()),
            Self::Windows1252 => Some(WINDOWS_1252.new_decoder_without_bom_handling()),
            Self::MacRoman => Some(MACINTOSH.new_decoder_without_bom_handling()),
            Self::Cp437 | Self::Cp850 => None,
        }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Iso8859_15 => "iso-8859-15",
            Self::Windows1252 => "windows-1252",
            Self::Cp437 => "cp437",
            Self::Cp850 => "cp850",
            Self::MacRoman => "macroman",
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
            Self::Cp437 => (Cow::Owned(bytes.iter().map(|&b| upper(&CP437, b)).collect()), false),
            Self::Cp850 => (Cow::Owned(bytes.iter().map(|&b| upper(&CP850, b)).collect()), false),
            Self::MacRoman => MACINTOSH.decode_without_bom_handling(bytes),
        }
    }

    /// The bytes of a text in this encoding; characters that it does not have become question marks.
    pub fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Utf8 => Cow::Borrowed(text.as_bytes()),
            Self::Iso8859_15 => ISO_8859_15.encode(text).0,
            Self::Windows1252 => WINDOWS_1252.encode(text).0,
            Self::Cp437 => Cow::Owned(text.chars().map(|c| to_upper(&CP437, c)).collect()),
            Self::Cp850 => Cow::Owned(text.chars().map(|c| to_upper(&CP850, c)).collect()),
            Self::MacRoman => MACINTOSH.encode(text).0,
        }
    }

    /// The character of one byte; every encoding but UTF-8 has one for each.
    fn character(self, byte: u8) -> char {
        self.decode(&[byte]).0.chars().next().unwrap_or('\u{fffd}')
    }

    /// A text that was read in this encoding, one that has a character for every byte, as another encoding reads it.
    pub fn reread(self, text: &str, other: Self) -> String {
        other.decode(&self.encode(text)).0.into_owned()
    }
}

fn upper(page: &[char; 128], byte: u8) -> char {
    byte.checked_sub(128)
        .and_then(|i| page.get(usize::from(i)).copied())
        .unwrap_or(char::from(byte))
}

fn to_upper(page: &[char; 128], c: char) -> u8 {
    if c.is_ascii() {
        return c as u8;
    }
    page.iter()
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
    /// How often each byte outside ASCII occurs in lines that are not UTF-8.
    bytes: BTreeMap<u8, u64>,
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
                for &byte in bytes.iter().filter(|b| !b.is_ascii()) {
                    *self.bytes.entry(byte).or_insert(0) += 1;
                }
            }
        }
    }

    /// The encoding of the lines that are not UTF-8: a likely one in which every byte is a letter of the language, or else the one
    /// in which most are, the earliest of those that are equal.
    pub fn recognise(&self, letters: Letters, likely: &[Encoding], others: &[Encoding]) -> Option<Encoding> {
        let all = |encoding: &Encoding| self.bytes.keys().all(|b| letters.weight(encoding.character(*b)) > 0);
        if let Some(found) = likely.iter().copied().find(all) {
            return Some(found);
        }
        let score = |encoding: &Encoding| -> u64 {
            let weight = |(byte, count): (&u8, &u64)| letters.weight(encoding.character(*byte)) * count;
            self.bytes.iter().map(weight).sum()
        };
        let candidates = || likely.iter().chain(others);
        let best = candidates().map(score).max()?;
        candidates().copied().find(|c| score(c) == best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINGLE: [Encoding; 5] = [
        Encoding::Windows1252,
        Encoding::Iso8859_15,
        Encoding::Cp437,
        Encoding::Cp850,
        Encoding::MacRoman,
    ];

    #[test]
    fn single_bytes_are_their_own_inverse() {
        for encoding in SINGLE {
            for byte in 0..=255u8 {
                let bytes = [byte];
                let (text, replaced) = encoding.decode(&bytes);
                assert!(!replaced);
                assert_eq!(encoding.encode(&text).as_ref(), &bytes, "{text:?}");
            }
        }
        assert_eq!(Encoding::Cp850.decode(b"\x90cole, \xb7 c\x93t\x82").0, "École, À côté");
        assert_eq!(Encoding::MacRoman.decode(b"C\x99t\x8e").0, "Côté");
        assert_eq!(Encoding::Windows1252.reread("Å", Encoding::Cp437), "┼");
        assert_eq!(Encoding::Cp437.decode(b"\x99vningsbolaget").0, "Övningsbolaget");
        assert_eq!(Encoding::Cp437.encode("日").as_ref(), b"?");
    }

    #[test]
    fn western_encodings_differ_where_they_should() {
        assert_eq!(Encoding::Iso8859_15.decode(b"\xa4 \xe9").0, "€ é");
        assert_eq!(Encoding::Windows1252.decode(b"\x80 \xe9").0, "€ é");
        assert!(Encoding::Utf8.decode(b"\xe9 ").1);
        for name in ["utf-8", "iso-8859-15", "windows-1252", "cp437", "cp850", "macroman"] {
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
        assert_eq!(e.bytes, BTreeMap::from([(0x99, 1), (0xd6, 1)]));
    }

    #[test]
    fn encodings_are_recognised_by_the_letters_of_the_language() {
        for (letters, text) in [
            (FRENCH, "Créances clients, prêts à recevoir, écritures de clôture"),
            (NORDIC, "Företagskonto, lön, bokförd på annat år"),
        ] {
            for encoding in SINGLE {
                let mut evidence = Evidence::default();
                evidence.look(1, &encoding.encode(text));
                let found = evidence.recognise(letters, &SINGLE[..1], &SINGLE[1..]).unwrap();
                assert_eq!(found.decode(&encoding.encode(text)).0, text, "{encoding:?}");
            }
        }
        assert_eq!(Evidence::default().recognise(FRENCH, &[], &[]), None);
    }
}
