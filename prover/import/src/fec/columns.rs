//! The header of a FEC: which field stands in which column, in both variants of the amount (article A. 47 A-1, VII).

use covenant_policy::refusal::Refusal;

use crate::{catalogue, clip};

/// The columns that the law prescribes and that figures do not depend on: their absence is a warning.
const FORMAL: &[&str] = &[
    "JournalLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "EcritureLet",
    "DateLet",
    "ValidDate",
];

/// Where the amount stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AmountColumns {
    /// Columns Debit and Credit.
    DebitCredit(usize, usize),
    /// Columns Montant and Sens (D or C, +1 or −1).
    AmountSide(usize, usize),
}

/// The columns' places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    /// Tab, vertical bar or semicolon.
    pub separator: u8,
    /// Whether the names stand in quotation marks; then fields may, too.
    pub quoted: bool,
    /// Columns in the header, empty ones at the end apart.
    pub count: usize,
    /// Columns that a line must have: the others, at the end, may be missing with their separators.
    pub count_min: usize,
    pub journal: usize,
    pub journal_label: Option<usize>,
    pub entry: usize,
    pub date: usize,
    pub account: usize,
    pub account_label: usize,
    pub auxiliary: Option<usize>,
    pub auxiliary_label: Option<usize>,
    pub amount: AmountColumns,
    /// Prescribed columns that are not there.
    pub absent: Vec<&'static str>,
}

impl Columns {
    /// Reads the header line.
    pub(super) fn read(header: &str, place: &str) -> Result<Self, Refusal> {
        let separator = separator(header);
        let quoted = header.trim_start().starts_with('"');
        let mut names: Vec<String> = header.split(char::from(separator)).map(plain).collect();
        while names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        if names.len() < 2 {
            return Err(Refusal::new(
                &catalogue::MALFORMED_LINE,
                format!("the header is {:?}", clip(header, 60)),
            )
            .at(place)
            .expected(
                "column names separated by tabs, vertical bars or semicolons, beginning with JournalCode; a comma also \
                 stands in amounts",
            ));
        }
        let find = |name: &str| names.iter().position(|n| *n == name.to_ascii_lowercase());
        let need = |name: &'static str| {
            find(name).ok_or_else(|| {
                Refusal::new(&catalogue::MISSING_COLUMN, format!("the header has no column {name}"))
                    .at(place)
                    .expected(
                        "the 18 columns of article A. 47 A-1: JournalCode, JournalLib, EcritureNum, EcritureDate, …",
                    )
            })
        };
        for (i, name) in names.iter().enumerate() {
            if !name.is_empty() && names[..i].contains(name) {
                return Err(Refusal::new(
                    &catalogue::DUPLICATE_COLUMN,
                    format!("the column {name:?} appears twice"),
                )
                .at(place));
            }
        }
        let amount = match (find("Montant"), find("Sens"), find("Debit"), find("Credit")) {
            (Some(_), Some(_), Some(_), Some(_)) => {
                return Err(Refusal::new(
                    &catalogue::DUPLICATE_COLUMN,
                    "the header has Debit and Credit, and also Montant and Sens",
                )
                .at(place)
                .expected("the amount once"));
            }
            (Some(amount), Some(side), ..) => AmountColumns::AmountSide(amount, side),
            _ => AmountColumns::DebitCredit(need("Debit")?, need("Credit")?),
        };
        let last_amount = match amount {
            AmountColumns::DebitCredit(a, b) | AmountColumns::AmountSide(a, b) => a.max(b),
        };
        let needed = [
            "JournalCode",
            "EcritureNum",
            "EcritureDate",
            "CompteNum",
            "CompteLib",
            "CompAuxNum",
            "CompAuxLib",
            // Never empty: a line without it was cut.
            "ValidDate",
        ];
        let last = needed
            .iter()
            .filter_map(|name| find(name))
            .fold(last_amount, usize::max);
        Ok(Self {
            separator,
            quoted,
            count: names.len(),
            count_min: last + 1,
            journal: need("JournalCode")?,
            journal_label: find("JournalLib"),
            entry: need("EcritureNum")?,
            date: need("EcritureDate")?,
            account: need("CompteNum")?,
            account_label: need("CompteLib")?,
            auxiliary: find("CompAuxNum"),
            auxiliary_label: find("CompAuxLib"),
            amount,
            absent: FORMAL.iter().copied().filter(|name| find(name).is_none()).collect(),
        })
    }
}

/// The separator that parts the header into most names; a tab where there is none.
fn separator(header: &str) -> u8 {
    let count = |separator: u8| header.bytes().filter(|b| *b == separator).count();
    // Of equal ones the last: the tab.
    *[b';', b'|', b'\t'].iter().max_by_key(|s| count(**s)).unwrap_or(&b'\t')
}

/// A column's name in small letters, without quotation marks, accents and what some programs put between words.
fn plain(name: &str) -> String {
    let fold = |c: char| match c {
        'é' | 'è' | 'É' | 'È' => Some('e'),
        ' ' | '_' | '-' | '"' => None,
        c => Some(c.to_ascii_lowercase()),
    };
    name.trim().chars().filter_map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_variants_and_both_separators() {
        let c = Columns::read(
            "JournalCode|EcritureNum|EcritureDate|CompteNum|CompteLib|Montant|Sens",
            "f:1",
        )
        .unwrap();
        assert_eq!((c.separator, c.amount), (b'|', AmountColumns::AmountSide(5, 6)));
        assert!(c.absent.contains(&"ValidDate") && c.auxiliary.is_none());
        let c = Columns::read(
            "journalcode\tecriturenum\tECRITUREDATE\tcomptenum\tcomptelib\tDebit\tCredit",
            "f:1",
        )
        .unwrap();
        assert_eq!((c.separator, c.amount), (b'\t', AmountColumns::DebitCredit(5, 6)));
        let c = Columns::read(
            "\"JournalCode\";\"Ecriture Num\";\"Ecriture_Date\";\"CompteNum\";\"CompteLib\";\"Débit\";\"Crédit\";\"Idevise\";;",
            "f:1",
        )
        .unwrap();
        assert_eq!((c.separator, c.quoted, c.count, c.count_min), (b';', true, 8, 7));
    }

    #[test]
    fn the_amount_stands_once() {
        let header = "JournalCode\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tDebit\tCredit\tMontant\tSens";
        assert_eq!(Columns::read(header, "f:1").unwrap_err().code(), "duplicate-column");
    }

    #[test]
    fn what_is_missing_is_named() {
        let refusal = Columns::read(
            "JournalCode\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tDebit",
            "f:1",
        )
        .unwrap_err();
        assert_eq!(refusal.code(), "missing-column");
        assert!(refusal.what.contains("Credit"));
        assert_eq!(Columns::read("hello", "f:1").unwrap_err().code(), "malformed-line");
        assert_eq!(
            Columns::read("Debit\tdebit", "f:1").unwrap_err().code(),
            "duplicate-column"
        );
    }
}
