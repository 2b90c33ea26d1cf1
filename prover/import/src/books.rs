//! The model that every parser fills: accounts with their balances and movements, and how sure the file is about its period.

use std::collections::BTreeMap;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Day, Period};
use serde::Serialize;

use crate::catalogue;
use crate::flows::Flows;

/// The format of an accounting export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// France: fichier des écritures comptables (article A. 47 A-1 of the livre des procédures fiscales).
    Fec,
    /// Sweden: SIE types 1–4 (SIE file format, edition 4B).
    Sie4,
    /// A trial balance whose format is declared.
    Csv,
    /// Norway: SAF-T Financial 1.10 to 1.30.
    SaftNo,
    /// Portugal: SAF-T (PT) 1.04_01, accounting.
    SaftPt,
}

impl Format {
    /// The national chart of accounts that books in this format follow, unless something else is said.
    pub fn default_chart(self) -> &'static str {
        match self {
            Self::Fec => "fr-pcg",
            Self::Sie4 => "se-bas",
            Self::Csv => "generic",
            Self::SaftNo => "no-ns4102",
            Self::SaftPt => "pt-snc",
        }
    }

    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fec => "FEC (France, art. A. 47 A-1 LPF)",
            Self::Sie4 => "SIE 4 (Sweden)",
            Self::Csv => "trial balance (CSV)",
            Self::SaftNo => "SAF-T Financial (Norway)",
            Self::SaftPt => "SAF-T (Portugal)",
        }
    }
}

/// What the file says about its company. Nothing of it is believed: an attestor binds the registry number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Company {
    /// The name.
    pub name: Option<String>,
    /// The registry number, as the file (or its name) gives it.
    pub registry: Option<String>,
}

/// One customer's, supplier's or employee's part of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Auxiliary {
    /// The name.
    pub label: String,
    /// The closing balance, debit positive, in minor units.
    pub closing: i64,
    /// The first line that mentions it; 0 where that is not known.
    pub line: u64,
}

/// One account. All amounts in minor units; balances debit positive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The account's name.
    pub label: String,
    /// The number of the national chart that the file declares for it, where it declares one beside the account's own.
    pub standard: Option<String>,
    /// The balance brought forward.
    pub opening: i64,
    /// Debits of the period, opening entries apart.
    pub debit: i64,
    /// Credits of the period, opening entries apart.
    pub credit: i64,
    /// The closing balance.
    pub closing: i64,
    /// The parts of the closing balance, where the file keeps them; they add up to it. What belongs to nobody in particular
    /// stands under the empty key.
    pub auxiliaries: BTreeMap<String, Auxiliary>,
}

/// The year before, where the file carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriorYear {
    /// Its period.
    pub period: Period,
    /// Closing balances and labels; no movements.
    pub accounts: BTreeMap<String, Account>,
    /// Result of the year before that, in the balances but on no account; see [`Books::unallocated`].
    pub unallocated: i64,
}

/// Something to know that changes no amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Kebab-case.
    pub code: &'static str,
    /// What, in a sentence.
    pub text: String,
    /// The line, where there is one.
    pub line: Option<u64>,
}

/// An entry's date, with the line that carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// The date.
    pub day: Day,
    /// The line.
    pub line: u64,
}

/// What a file tells about its period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeriodEvidence {
    /// The period that the file gives.
    pub stated: Option<Period>,
    /// Why it must not be relied on, where that is so.
    pub doubt: Option<String>,
    /// The earliest entry.
    pub first: Option<Dated>,
    /// The latest entry.
    pub last: Option<Dated>,
}

impl PeriodEvidence {
    /// Notes an entry's date.
    pub(crate) fn note(&mut self, day: Day, line: u64) {
        if self.first.is_none_or(|f| day < f.day) {
            self.first = Some(Dated { day, line });
        }
        if self.last.is_none_or(|l| day > l.day) {
            self.last = Some(Dated { day, line });
        }
    }

    /// The period to use: the one that the user states, or else the one that the file gives without doubt. Every entry must
    /// lie inside it.
    ///
    /// # Errors
    /// `period-unclear`, `entry-outside-period`.
    pub fn resolve(&self, wanted: Option<Period>, file: &str) -> Result<Period, Refusal> {
        let unclear = |what: String| {
            Refusal::new(&catalogue::PERIOD_UNCLEAR, what)
                .at(file)
                .expected("a period whose first and last day are certain")
        };
        let period = match (wanted, self.stated, &self.doubt) {
            (Some(period), ..) | (None, Some(period), None) => period,
            (None, _, Some(doubt)) => return Err(unclear(doubt.clone())),
            (None, None, None) => return Err(unclear("the file does not say which period it covers".to_owned())),
        };
        match period.days() {
            Some(days) if days <= PERIOD_DAYS_MAX => {}
            _ => {
                return Err(unclear(format!("{} is not a period of books", period))
                    .expected("an end after the start, at most two years later"));
            }
        }
        let outside = |d: &&Dated| d.day < period.start || d.day > period.end;
        if let Some(d) = [&self.first, &self.last].into_iter().flatten().find(outside) {
            return Err(
                Refusal::new(&catalogue::OUTSIDE_PERIOD, format!("an entry is dated {}", d.day))
                    .at(format!("{file}:{}", d.line))
                    .expected(format!("entries from {}", period)),
            );
        }
        Ok(period)
    }
}

/// The longest period of books: two years, as long first financial years can be.
const PERIOD_DAYS_MAX: u32 = 731;

/// The books as a file gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    /// The format.
    pub format: Format,
    /// The file's name, without its folder.
    pub file: String,
    /// Lines read.
    pub lines: u64,
    /// Entries (vouchers) read; 0 where the format has only balances.
    pub entries: u64,
    /// The company.
    pub company: Company,
    /// The currency of every amount.
    pub currency: Currency,
    /// The period.
    pub period: PeriodEvidence,
    /// The accounts, in the order of their numbers.
    pub accounts: BTreeMap<String, Account>,
    /// The previous year's result where the opening balances contain it but no account does: SIE files of products that book
    /// it to equity only after the annual meeting. A credit (negative) is a profit. It is equity.
    pub unallocated: i64,
    /// The year before.
    pub prior: Option<PriorYear>,
    /// What the entries did, month by month; empty where the format has only balances.
    pub flows: Flows,
    /// What else there is to know.
    pub warnings: Vec<Warning>,
}

/// Adds to a 64-bit sum.
///
/// # Errors
/// `amount-too-large`; without a place, which the caller knows.
pub(crate) fn add(sum: &mut i64, amount: i64) -> Result<(), Refusal> {
    // −2^63 is excluded, so that every balance can change its sign.
    match sum.checked_add(amount).filter(|s| *s != i64::MIN) {
        Some(s) => {
            *sum = s;
            Ok(())
        }
        None => Err(
            Refusal::new(&catalogue::AMOUNT_TOO_LARGE, "a sum exceeds 64 bits of minor units")
                .expected("sums below 2^63 minor units"),
        ),
    }
}

/// The sum of closing balances.
pub(crate) fn total(accounts: &BTreeMap<String, Account>) -> i128 {
    accounts.values().map(|a| i128::from(a.closing)).sum()
}

/// An account number: letters and digits, at most 35 of them (FEC's software uses letters at times; SIE and PCG use digits).
pub(crate) fn account_number(text: &str) -> Option<&str> {
    let trimmed = text.trim();
    let sound = (1..=35).contains(&trimmed.len())
        && trimmed
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    sound.then_some(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dates;

    fn p(start: &str, end: &str) -> Period {
        Period {
            start: dates::compact(start).unwrap(),
            end: dates::compact(end).unwrap(),
        }
    }

    #[test]
    fn a_period_is_stated_once_and_for_certain() {
        let mut e = PeriodEvidence {
            stated: Some(p("20220101", "20221231")),
            ..Default::default()
        };
        assert_eq!(e.resolve(None, "f"), Ok(p("20220101", "20221231")));
        e.doubt = Some("exported before its end".to_owned());
        assert_eq!(e.resolve(None, "f").unwrap_err().code(), "period-unclear");
        assert_eq!(
            e.resolve(Some(p("20220101", "20220331")), "f"),
            Ok(p("20220101", "20220331"))
        );
        assert_eq!(
            PeriodEvidence::default().resolve(None, "f").unwrap_err().code(),
            "period-unclear"
        );
        assert_eq!(
            e.resolve(Some(p("20220331", "20220101")), "f").unwrap_err().code(),
            "period-unclear"
        );
        assert_eq!(
            e.resolve(Some(p("20200101", "20220331")), "f").unwrap_err().code(),
            "period-unclear"
        );
    }

    #[test]
    fn entries_lie_inside_the_period() {
        let mut e = PeriodEvidence {
            stated: Some(p("20220101", "20221231")),
            ..Default::default()
        };
        e.note(dates::compact("20220105").unwrap(), 7);
        e.note(dates::compact("20230101").unwrap(), 9);
        e.note(dates::compact("20221231").unwrap(), 11);
        let refusal = e.resolve(None, "f").unwrap_err();
        assert_eq!(
            (refusal.code(), refusal.place.as_deref()),
            ("entry-outside-period", Some("f:9"))
        );
        assert!(e.resolve(Some(p("20220105", "20230101")), "f").is_ok());
        assert_eq!(
            e.resolve(Some(p("20220106", "20230101")), "f")
                .unwrap_err()
                .place
                .as_deref(),
            Some("f:7")
        );
    }

    #[test]
    fn sums_stay_within_64_bits() {
        let mut sum = i64::MAX - 1;
        assert_eq!(add(&mut sum, 1), Ok(()));
        assert_eq!(add(&mut sum, 1).unwrap_err().code(), "amount-too-large");
        assert_eq!(sum, i64::MAX);
        let mut sum = -i64::MAX;
        assert_eq!(add(&mut sum, -1).unwrap_err().code(), "amount-too-large");
    }
}
