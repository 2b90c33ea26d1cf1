//! The balances of a SIE file against its vouchers: UB = IB + rows, RES = rows, everything adds up to zero; the year before as
//! books of their own; and what is known about the period and the encoding.

use std::collections::BTreeMap;
use std::io::BufRead;

use covenant_policy::catalogue::CURRENCY_UNKNOWN;
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Period};

use super::{Gathered, Record};
use crate::amount::format_amount;
use crate::books::{self, Account, Books, Format, PeriodEvidence, PriorYear, Warning};
use crate::encoding::{self, Encoding, Evidence};
use crate::lines::Lines;
use crate::{catalogue, clip};

/// Swedish books without `#VALUTA` are kept in kronor (SIE 4B, #VALUTA).
const SEK: Currency = Currency {
    code: "SEK",
    number: 752,
    minor_digits: 2,
};

/// An amount as stated, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stated {
    pub amount: i64,
    pub line: u64,
}

/// The rows of one account.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Movement {
    /// The account's number among the flows.
    pub id: u32,
    pub debit: i64,
    pub credit: i64,
    pub net: i64,
}

/// One year's balances as stated.
#[derive(Debug, Default)]
pub(super) struct Year {
    pub period: Option<Period>,
    pub opening: BTreeMap<String, Stated>,
    pub closing: BTreeMap<String, Stated>,
    pub result: BTreeMap<String, Stated>,
}

impl Year {
    fn is_empty(&self) -> bool {
        self.opening.is_empty() && self.closing.is_empty() && self.result.is_empty()
    }

    fn sum(map: &BTreeMap<String, Stated>) -> i128 {
        map.values().map(|s| i128::from(s.amount)).sum()
    }

    /// Closing balances and result of the year: zero, unless the opening balances contain a result on no account.
    fn total(&self) -> i128 {
        Self::sum(&self.closing) + Self::sum(&self.result)
    }
}

/// The currency of `#VALUTA`; the format writes two decimals.
pub(super) fn currency(record: &Record<'_>) -> Result<Currency, Refusal> {
    let code = record.field(0, "currency")?;
    let currency = Currency::from_code(code).map_err(|r| r.at(format!("{}:{} (#VALUTA)", record.file, record.line)))?;
    if currency.minor_digits == 2 {
        return Ok(currency);
    }
    Err(record
        .refuse(
            &CURRENCY_UNKNOWN,
            format!("{code} has {} decimals; SIE writes two", currency.minor_digits),
        )
        .expected("a currency with two decimals"))
}

impl Gathered {
    /// Checks the balances and makes the books.
    pub(super) fn finish<R: BufRead>(mut self, lines: &Lines<'_, R>, encoding: &Evidence) -> Result<Books, Refusal> {
        let mut warnings = self.encoding_warnings(encoding);
        self.unknown_warnings(&mut warnings);
        if self.year.is_empty() && self.movements.is_empty() {
            return Err(Refusal::new(
                &catalogue::EMPTY_BOOKS,
                "there are no balances and no vouchers of year 0",
            )
            .at(lines.file()));
        }
        if self.year.is_empty() && self.year.period.is_none() {
            return Err(Refusal::new(
                &catalogue::EMPTY_BOOKS,
                "the file has vouchers, and neither balances nor a financial year: it is made to be read into other books (SIE 4I)",
            )
            .at(lines.file())
            .expected("an export of the books themselves (SIE 4E), with #RAR, #IB, #UB and #RES"));
        }
        if self.entries == 0 {
            let text = "the file has no vouchers: its balances could not be checked against entries".to_owned();
            warnings.push(Warning {
                code: "no-vouchers",
                text,
                line: None,
            });
        }
        self.read_names(encoding);
        let accounts = self.accounts(lines, &mut warnings)?;
        let prior = self.prior_year(&mut warnings);
        let unallocated = self.unallocated(&accounts, prior.as_ref(), lines.file(), &mut warnings)?;
        Ok(Books {
            format: Format::Sie4,
            file: lines.file().to_owned(),
            lines: lines.number(),
            entries: self.entries,
            company: std::mem::take(&mut self.company),
            currency: self.currency.unwrap_or(SEK),
            period: self.period(),
            accounts,
            unallocated,
            prior,
            flows: self.flows,
            warnings,
        })
    }

    /// Reads the names again where the letters show another encoding than PC8.
    fn read_names(&mut self, seen: &Evidence) {
        let found = names_encoding(seen);
        if found == Encoding::Cp437 {
            return;
        }
        for name in self.labels.values_mut().chain(&mut self.company.name) {
            if !name.is_ascii() {
                *name = Encoding::Cp437.reread(name, found);
            }
        }
    }

    /// The accounts of the year, each checked against the vouchers.
    fn accounts<R: BufRead>(
        &self,
        lines: &Lines<'_, R>,
        warnings: &mut Vec<Warning>,
    ) -> Result<BTreeMap<String, Account>, Refusal> {
        let year = &self.year;
        let computed = year.closing.is_empty() && year.result.is_empty();
        if computed {
            let text =
                "the file states no closing balances: they were computed from opening balances and vouchers".to_owned();
            warnings.push(Warning {
                code: "balances-computed",
                text,
                line: None,
            });
        }
        let numbers = year
            .opening
            .keys()
            .chain(year.closing.keys())
            .chain(year.result.keys())
            .chain(self.movements.keys());
        let mut accounts = BTreeMap::new();
        for number in numbers {
            if accounts.contains_key(number) {
                continue;
            }
            let movement = self.movements.get(number).copied().unwrap_or_default();
            let opening = year.opening.get(number).map_or(0, |s| s.amount);
            let mut expected = opening;
            books::add(&mut expected, movement.net).map_err(|r| r.at(format!("{}, account {number}", lines.file())))?;
            let stated = year.closing.get(number).or_else(|| year.result.get(number));
            let closing = if computed {
                expected
            } else {
                stated.map_or(0, |s| s.amount)
            };
            if self.entries > 0 && closing != expected {
                return Err(mismatch(number, closing, expected, stated, lines));
            }
            let account = Account {
                label: self.labels.get(number).cloned().unwrap_or_default(),
                opening,
                debit: movement.debit,
                credit: movement.credit,
                closing,
                ..Account::default()
            };
            accounts.insert(number.clone(), account);
        }
        Ok(accounts)
    }

    /// Whether the balances add up to zero. Where they miss it by exactly what the year before had earned, that result was not
    /// booked to equity when the year was opened; it is equity all the same.
    fn unallocated(
        &self,
        accounts: &BTreeMap<String, Account>,
        prior: Option<&PriorYear>,
        file: &str,
        warnings: &mut Vec<Warning>,
    ) -> Result<i64, Refusal> {
        let total = books::total(accounts);
        if total == 0 {
            return Ok(0);
        }
        let brought_forward = Year::sum(&self.year.opening);
        let earned_before = Year::sum(&self.prior.closing);
        if prior.is_none() || total != brought_forward || total != earned_before {
            return Err(Refusal::new(
                &catalogue::UNBALANCED_BOOKS,
                format!("closing balances and results add up to {}", format_amount(total, 2)),
            )
            .at(file)
            .expected("0.00"));
        }
        let text = format!(
            "the result of the year before, {}, is in the opening balances but on no account; it counts as retained earnings",
            format_amount(total, 2)
        );
        warnings.push(Warning {
            code: "result-not-allocated",
            text,
            line: None,
        });
        i64::try_from(-total)
            .map_err(|_| Refusal::new(&catalogue::AMOUNT_TOO_LARGE, "the result of the year before").at(file))
    }

    /// The year before, where its balances are whole.
    fn prior_year(&self, warnings: &mut Vec<Warning>) -> Option<PriorYear> {
        let year = &self.prior;
        let period = year.period?;
        if year.closing.is_empty() || year.result.is_empty() {
            return None;
        }
        let total = year.total();
        if total != 0 {
            let text = format!(
                "the balances of the year before add up to {}: they are not used",
                format_amount(total, 2)
            );
            warnings.push(Warning {
                code: "prior-year-unbalanced",
                text,
                line: None,
            });
            return None;
        }
        for (number, opening) in &self.year.opening {
            let closed = year.closing.get(number).map_or(0, |s| s.amount);
            if closed != opening.amount {
                let text = format!(
                    "account {number} was opened with {} but closed the year before with {}",
                    format_amount(i128::from(opening.amount), 2),
                    format_amount(i128::from(closed), 2)
                );
                warnings.push(Warning {
                    code: "opening-differs",
                    text,
                    line: Some(opening.line),
                });
            }
        }
        let account = |(number, stated): (&String, &Stated)| {
            let label = self.labels.get(number).cloned().unwrap_or_default();
            let opening = year.opening.get(number).map_or(0, |s| s.amount);
            (
                number.clone(),
                Account {
                    label,
                    opening,
                    closing: stated.amount,
                    ..Account::default()
                },
            )
        };
        let accounts = year.closing.iter().chain(&year.result).map(account).collect();
        Some(PriorYear {
            period,
            accounts,
            unallocated: 0,
        })
    }

    /// The period is the financial year, or up to the date that the file says its balances reach. A file that was made before
    /// the year's end cannot hold the whole year.
    fn period(&self) -> PeriodEvidence {
        let mut evidence = self.evidence.clone();
        let Some(year) = self.year.period else { return evidence };
        let mut stated = year;
        if let Some(extent) = self.extent.filter(|d| *d >= year.start && *d < year.end) {
            stated.end = extent;
        } else if let Some(made) = self.generated.filter(|d| *d < year.end) {
            let last = evidence
                .last
                .map_or_else(String::new, |l| format!(", and its last voucher is dated {}", l.day));
            evidence.doubt = Some(format!(
                "the file was made on {}, before the end of its financial year {}{last}",
                made, year
            ));
        }
        evidence.stated = Some(stated);
        evidence
    }

    fn encoding_warnings(&self, seen: &Evidence) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let declared = self.format.as_deref().unwrap_or("nothing");
        let mut warn = |code, text, line| {
            warnings.push(Warning {
                code,
                text,
                line: Some(line),
            })
        };
        if declared != "PC8" {
            warn(
                "encoding-lies",
                format!("the file declares the character set {declared:?}; SIE knows only PC8"),
                1,
            );
        }
        if seen.utf8.lines > 0 {
            let text = format!(
                "the file says {declared} but {} lines are UTF-8, and were read as such; amounts are not affected",
                seen.utf8.lines
            );
            warn("encoding-lies", text, seen.utf8.first);
        }
        let found = names_encoding(seen);
        if found != Encoding::Cp437 {
            let text = format!(
                "the file says {declared} but its letters are {}, and were read as such; amounts are not affected",
                found.name()
            );
            warn("encoding-lies", text, seen.not_utf8.first);
        }
        if seen.replaced.lines > 0 {
            let text = format!(
                "{} lines contain characters that another program had lost: names are incomplete; amounts are not affected",
                seen.replaced.lines
            );
            warn("characters-lost", text, seen.replaced.first);
        }
        warnings
    }

    fn unknown_warnings(&self, warnings: &mut Vec<Warning>) {
        for (label, (count, line)) in &self.unknown {
            let text = format!(
                "{} unknown records {} were passed over, as the format prescribes",
                count,
                clip(label, 30)
            );
            warnings.push(Warning {
                code: "unknown-record",
                text,
                line: Some(*line),
            });
        }
    }
}

/// PC8, unless the letters of the lines that are not UTF-8 say otherwise. Where lines are of different encodings, which one a name
/// came from is no longer known.
fn names_encoding(seen: &Evidence) -> Encoding {
    const OTHERS: [Encoding; 3] = [Encoding::Cp850, Encoding::Windows1252, Encoding::MacRoman];
    let found = seen.recognise(encoding::NORDIC, &[Encoding::Cp437], &OTHERS);
    found.filter(|_| seen.utf8.lines == 0).unwrap_or(Encoding::Cp437)
}

fn mismatch<R: BufRead>(
    number: &str,
    closing: i64,
    expected: i64,
    stated: Option<&Stated>,
    lines: &Lines<'_, R>,
) -> Refusal {
    let show = |a: i64| format_amount(i128::from(a), 2);
    let (what, place) = match stated {
        Some(s) => (
            format!("account {number} closes at {}", show(closing)),
            lines.place_of(s.line),
        ),
        None => (
            format!("account {number} has entries and no closing balance"),
            lines.file().to_owned(),
        ),
    };
    Refusal::new(&catalogue::BALANCE_MISMATCH, what)
        .at(place)
        .expected(format!("{}, its opening balance and its vouchers", show(expected)))
}
