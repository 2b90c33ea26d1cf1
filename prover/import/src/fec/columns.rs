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
    /// Tab or vertical bar.
    pub separator: u8,
    /// Columns in the header.
    pub count: usize,
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
        let separator = if header.contains('\t') { b'\t' } else { b'|' };
        let names: Vec<String> = header
            .split(char::from(separator))
            .map(|n| n.trim().trim_matches('"').to_ascii_lowercase())
            .collect();
        if names.len() < 2 {
            return Err(Refusal::new(
                &catalogue::MALFORMED_LINE,
                format!("the header is {:?}", clip(header, 60)),
            )
            .at(place)
            .expected("column names separated by tabs or vertical bars, beginning with JournalCode"));
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
        let amount = match (find("Montant"), find("Sens")) {
            (Some(amount), Some(side)) => AmountColumns::AmountSide(amount, side),
            _ => AmountColumns::DebitCredit(need("Debit")?, need("Credit")?),
        };
        Ok(Self {
            separator,
            count: names.len(),
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
