//! From an accounting export to a statement of figures: parsers for national ledger formats, account mappings as data, the
//! review sheet that an accountant and an attestor sign, and a generator of sample books.
//!
//! ```text
//! file --fec|sie|saft|csv--> Books --mapping--> positions --> figures --> Statement + Review
//! files --ubl|saft|receivables--> Documents --> InvoiceList --> Summary at a day
//! ```
//!
//! Nothing is guessed: an amount that is not in its format's notation, an entry that does not balance, an account without a
//! place in the figures and a period that the file leaves open are refused, with the line. What only touches names (an encoding
//! that lies) is a warning. There is no company-specific rule in the code: the national charts are data files, and a user's
//! mapping file overrides them.

pub mod amount;
pub mod books;
pub mod catalogue;
pub mod csv;
pub mod dates;
pub mod encoding;
pub mod fec;
pub mod figures;
pub mod flows;
pub mod invoices;
pub mod lines;
pub mod mapping;
pub mod position;
pub mod receivables;
pub mod review;
pub mod saft;
pub mod sample;
pub mod series;
pub mod sie;
pub mod ubl;
pub mod xml;

pub use amount::{Notation, format_amount, parse_amount};
pub use books::{Account, Auxiliary, Books, Company, Format, PriorYear, Warning};
pub use catalogue::CATALOGUE;
pub use csv::CsvFormat;
pub use figures::{Imported, Options, review_books, to_statement};
pub use mapping::Mapping;
pub use receivables::ReceivablesFormat;
pub use review::Review;
pub use series::{ImportedSeries, to_series};

use covenant_policy::refusal::Refusal;

/// Told how many bytes have been read so far, every few thousand lines and at the end.
pub type Progress<'a> = dyn FnMut(u64) + 'a;

/// Which format a file has, from its first bytes (a thousand suffice). A CSV is never recognised: its format is declared.
///
/// # Errors
/// `format-unknown`.
pub fn recognise(first_bytes: &[u8], file: &str) -> Result<Format, Refusal> {
    let text = String::from_utf8_lossy(first_bytes);
    let first = text.trim_start_matches('\u{feff}').trim_start();
    let header = first.lines().next().unwrap_or_default().to_ascii_lowercase();
    if text.to_ascii_lowercase().contains("www.sie.se/sie5") {
        Err(
            Refusal::new(&catalogue::FORMAT_UNKNOWN, "the file is SIE 5 (XML), which is not read")
                .at(format!("{file}:1"))
                .expected("the same books as SIE 4, which every program that writes SIE 5 also exports"),
        )
    } else if header.starts_with("#flagga") {
        Ok(Format::Sie4)
    } else if header.contains("journalcode") && header.contains("comptenum") {
        Ok(Format::Fec)
    } else if text.contains(saft::norway::NAMESPACE) {
        Ok(Format::SaftNo)
    } else if text.contains(saft::portugal::NAMESPACE) {
        Ok(Format::SaftPt)
    } else {
        Err(Refusal::new(
            &catalogue::FORMAT_UNKNOWN,
            format!("the file begins with {:?}", clip(&header, 40)),
        )
        .at(format!("{file}:1"))
        .expected("a FEC header (JournalCode, …), a SIE file (#FLAGGA …), a SAF-T file of Norway or Portugal, or --format csv with a declared \
             format"))
    }
}

/// At most `chars` characters of a text, for messages and sheets; control characters, which could steer a terminal, become dots.
pub(crate) fn clip(text: &str, chars: usize) -> String {
    let plain = |c: char| if c.is_control() { '·' } else { c };
    let mut clipped: String = text.chars().take(chars).map(plain).collect();
    if text.chars().nth(chars).is_some() {
        clipped.push('…');
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_recognised_by_their_first_bytes() {
        assert_eq!(recognise(b"#FLAGGA 0\r\n#FORMAT PC8", "a.se"), Ok(Format::Sie4));
        assert_eq!(
            recognise("\u{feff}JournalCode\tJournalLib\tx\tx\tCompteNum".as_bytes(), "a"),
            Ok(Format::Fec)
        );
        let root = |n: &str| format!("<?xml version='1.0'?>\n<!-- c -->\n<AuditFile xmlns='{n}'>");
        let (no, pt) = (root(saft::norway::NAMESPACE), root(saft::portugal::NAMESPACE));
        assert_eq!(recognise(no.as_bytes(), "a"), Ok(Format::SaftNo));
        assert_eq!(recognise(pt.as_bytes(), "a"), Ok(Format::SaftPt));
        let other = recognise(root("urn:OECD:StandardAuditFile-Tax:PT_1.03_01").as_bytes(), "a");
        assert_eq!(other.unwrap_err().code(), "format-unknown");
        let refusal = recognise(b"PK\x03\x04", "a.zip").unwrap_err();
        assert_eq!(refusal.code(), "format-unknown");
        assert_eq!(refusal.place.as_deref(), Some("a.zip:1"));
    }

    #[test]
    fn clipped_text_cannot_steer_a_terminal() {
        assert_eq!(clip("a\u{1b}[2Jb", 10), "a·[2Jb");
        assert_eq!(clip("åäö", 3), "åäö");
        assert_eq!(clip("åäöx", 3), "åäö…");
    }

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let mut seen = std::collections::BTreeSet::new();
        for entry in CATALOGUE {
            assert!(seen.insert(entry.code), "{} twice", entry.code);
            assert!(
                entry.code.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{}",
                entry.code
            );
            assert!(
                entry.meaning.ends_with('.') && entry.advice.ends_with('.'),
                "{}",
                entry.code
            );
        }
    }
}
