//! From a ledger's entries to twelve months (`monthly-series/v1`): what was invoiced, and what operations brought in or cost in cash.
//!
//! **Invoiced revenue** of a month is what its entries book on accounts of revenue, credit notes deducted, each line in the month of
//! its date. The months add up to the year's revenue, or the series is refused.
//!
//! **Operating cash flow** of a month is the movement of money in entries whose other side is neither investing nor financing, which
//! is how IAS 7 (paragraph 6) defines operations; interest, dividends received and income taxes count as operating (paragraphs 33 and
//! 35). An account's position says what it is ([`Kind::of`]). Where one entry moves money against both, as a loan's instalment with its
//! interest, the other accounts say how much is which, provided that all of them stand on one side; otherwise, and against exceptional
//! items, which hold fines as well as the sale of machines, it cannot be told, and the month is not covered. Opening entries are no
//! movements. All movements of money add up to the change of its balance, or the series is refused.

use std::collections::BTreeSet;

use covenant_policy::program::FIGURES;
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::{MONTHLY_SERIES, MONTHS};
use covenant_policy::statement::{Assurance, Coverage, Figures, Period, Statement};

use crate::amount::format_amount;
use crate::books::Books;
use crate::figures::{Options, to_statement};
use crate::flows::Flow;
use crate::mapping::{Mapping, Rule};
use crate::position::{Group, Position, figure};
use crate::review::Amount;
use crate::{catalogue, clip, dates};

mod sheet;

pub use sheet::{MonthLine, SeriesSheet};

/// A series with the sheet that explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedSeries {
    /// The statement of schema `monthly-series/v1`.
    pub statement: Statement,
    /// How it came about.
    pub sheet: SeriesSheet,
}

/// What an account is in a cash-flow statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Cash at bank and in hand, overdrafts and money in transit included (IAS 7, paragraph 8).
    Money,
    /// Everything that is not investing or financing.
    Operating,
    /// Investing or financing.
    Other,
    /// One or the other.
    Unknown,
}

impl Kind {
    /// The kind of an account's rule: money where a debit balance is cash; investing or financing where one of its sides is.
    fn of(rule: Option<&Rule>) -> Self {
        let Some(rule) = rule else { return Self::Unknown };
        let sides = [Self::of_position(rule.debit), Self::of_position(rule.credit)];
        [Self::Money, Self::Unknown, Self::Other]
            .into_iter()
            .find(|kind| sides.contains(kind))
            .unwrap_or(Self::Operating)
    }

    fn of_position(position: &Position) -> Self {
        match (position.group, position.name) {
            (_, "cash" | "bank-overdrafts") => Self::Money,
            (_, "exceptional-income" | "exceptional-expenses") | (Group::OffBalance, _) => Self::Unknown,
            (Group::NonCurrentAssets | Group::Equity | Group::ResultTransfer, _)
            | (_, "marketable-securities" | "related-party-receivables" | "called-capital")
            | (_, "untaxed-reserves" | "borrowings-long" | "related-party-debt-long" | "borrowings-short")
            | (_, "related-party-debt" | "fixed-asset-payables" | "dividends-payable" | "appropriations") => {
                Self::Other
            }
            _ => Self::Operating,
        }
    }
}

/// The kinds of all accounts.
struct Kinds<'a> {
    books: &'a Books,
    mapping: &'a Mapping,
    /// Accounts without a position that are only ever moved together with money: it is on its way between two accounts of one's own
    /// (58 in the French chart), and none is left there, or the statement would have been refused.
    transit: BTreeSet<&'a str>,
}

impl<'a> Kinds<'a> {
    fn new(books: &'a Books, mapping: &'a Mapping) -> Self {
        let unmapped = |number: &&'a str| mapping.rule_in(books, number).is_none();
        let mut transit: BTreeSet<&str> = books.accounts.keys().map(String::as_str).filter(unmapped).collect();
        if !transit.is_empty() {
            for flow in books.flows.flows() {
                let among_money = flow.accounts.iter().all(|(number, _)| {
                    transit.contains(number) || Kind::of(mapping.rule_in(books, number)) == Kind::Money
                });
                if !among_money {
                    for (number, _) in &flow.accounts {
                        transit.remove(number);
                    }
                }
            }
        }
        Self {
            books,
            mapping,
            transit,
        }
    }

    fn of(&self, number: &str) -> Kind {
        if self.transit.contains(number) {
            return Kind::Money;
        }
        Kind::of(self.mapping.rule_in(self.books, number))
    }
}

/// The sums by month, in the flows' unit.
#[derive(Debug, Default)]
struct Sums {
    invoiced: [i128; MONTHS],
    operating: [i128; MONTHS],
    other: [i128; MONTHS],
    untold: [Option<String>; MONTHS],
}

/// Makes the series of twelve months.
///
/// # Errors
/// Those of [`to_statement`], and `series-period`, `no-entries`, `series-untied`, `bad-amount` where a month's sum is not whole
/// minor units.
pub fn to_series(books: &Books, mapping: &Mapping, options: &Options) -> Result<ImportedSeries, Refusal> {
    let year = to_statement(books, mapping, options)?;
    let period = year.statement.period;
    let first = twelve_months(period, &books.file)?;
    if let Err(why) = books.flows.whole() {
        return Err(Refusal::new(&catalogue::NO_ENTRIES, why).at(clip(&books.file, 80)));
    }
    let kinds = Kinds::new(books, mapping);
    let sums = Sums::of(books, &kinds, first);
    let revenue = year.statement.figures.0.get(figure::REVENUE).copied().unwrap_or(0);
    let money = sums.check(books, &kinds, i128::from(revenue))?;
    let has_revenue = year.statement.coverage.covers(figure::REVENUE);
    let months = sums.months(books, first, has_revenue)?;

    let mut figures = [0i64; FIGURES];
    let mut covered = Vec::new();
    for (month, line) in months.iter().enumerate() {
        for (series, amount) in MONTHLY_SERIES.series.iter().zip([line.invoiced, line.operating]) {
            let (Some(amount), Some(slot)) = (amount, figures.get_mut(series.first + month)) else {
                continue;
            };
            *slot = i64::try_from(amount.minor)
                .ok()
                .filter(|v| *v != i64::MIN)
                .ok_or_else(|| {
                    Refusal::new(&catalogue::AMOUNT_TOO_LARGE, line.month.clone()).at(clip(&books.file, 80))
                })?;
            covered.push(series.first + month);
        }
    }
    let statement = Statement {
        schema: MONTHLY_SERIES.name,
        period,
        basis: options.basis,
        currency: books.currency,
        restatement: options.restatement,
        assurance: Assurance::SELF_DECLARED,
        coverage: Coverage::of(covered),
        figures: Figures(figures),
    };
    statement.validate().map_err(|r| r.at(clip(&books.file, 80)))?;
    let sheet = SeriesSheet::new(
        &year.review,
        months,
        Amount {
            minor: i128::from(revenue),
            digits: books.currency.minor_digits,
        },
        money,
    );
    Ok(ImportedSeries { statement, sheet })
}

/// The first month of a period of twelve whole calendar months.
fn twelve_months(period: Period, file: &str) -> Result<u32, Refusal> {
    let (first, last) = (dates::month(period.start), dates::month(period.end));
    let whole = dates::month_start(period.start) == period.start && dates::month_end(period.end) == period.end;
    if whole && last + 1 == first + MONTHS as u32 {
        return Ok(first);
    }
    let length = match whole {
        true => format!("{} months", (last + 1).saturating_sub(first)),
        false => "a part of a month".to_owned(),
    };
    Err(
        Refusal::new(&catalogue::SERIES_PERIOD, format!("the period {period} has {length}"))
            .at(clip(file, 80))
            .expected("twelve whole calendar months"),
    )
}

impl Sums {
    fn of(books: &Books, kinds: &Kinds<'_>, first: u32) -> Self {
        let mut sums = Self::default();
        let index = |month: u32| month.checked_sub(first).map(|i| i as usize);
        for (month, number, amount) in books.flows.months() {
            let is_revenue = kinds
                .mapping
                .rule_in(books, number)
                .is_some_and(|rule| rule.debit.figures().any(|(j, _)| j == figure::REVENUE));
            if let Some(sum) = index(month)
                .and_then(|i| sums.invoiced.get_mut(i))
                .filter(|_| is_revenue)
            {
                *sum -= amount;
            }
        }
        for flow in books.flows.flows() {
            sums.cash(&flow, kinds, flow.month.and_then(index));
        }
        sums
    }

    /// Adds what a flow moves in money, where it moves any.
    fn cash(&mut self, flow: &Flow<'_>, kinds: &Kinds<'_>, month: Option<usize>) {
        let kinds: Vec<Kind> = flow.accounts.iter().map(|(n, _)| kinds.of(n)).collect();
        if !kinds.contains(&Kind::Money) {
            return;
        }
        let sum = |kind: Kind| -> i128 {
            let of = flow.accounts.iter().zip(&kinds).filter(|(_, k)| **k == kind);
            of.map(|((_, amount), _)| amount).sum()
        };
        let has = |kind: Kind| kinds.contains(&kind);
        let (operating, other) = (-sum(Kind::Operating), -sum(Kind::Other));
        let against = || {
            flow.accounts
                .iter()
                .zip(&kinds)
                .filter(|(_, kind)| **kind != Kind::Money)
        };
        let one_side = against().all(|((_, a), _)| *a > 0) || against().all(|((_, a), _)| *a < 0);
        let told = !has(Kind::Unknown) && (one_side || !has(Kind::Operating) || !has(Kind::Other));
        let Some(month) = month.filter(|_| told) else {
            let names: Vec<&str> = flow.accounts.iter().map(|(number, _)| *number).take(8).collect();
            let why = match month {
                None => "an entry that moves money spans months",
                Some(_) => "money moved together with what may be operating or not",
            };
            let reason = format!("{why}: accounts {}", names.join(", "));
            let untold = self
                .untold
                .iter_mut()
                .enumerate()
                .filter(|(i, _)| month.is_none_or(|m| m == *i));
            for (_, slot) in untold {
                slot.get_or_insert_with(|| reason.clone());
            }
            return;
        };
        for (sums, amount) in [(&mut self.operating, operating), (&mut self.other, other)] {
            if let Some(sum) = sums.get_mut(month) {
                *sum += amount;
            }
        }
    }

    /// The months against the year: revenue, and the change of money. Gives money at the start and at the end.
    fn check(&self, books: &Books, kinds: &Kinds<'_>, revenue: i128) -> Result<[Amount; 2], Refusal> {
        let scale = books.flows.scale();
        let digits = books.currency.minor_digits;
        let untied = |what: &str, months: i128, year: i128| {
            let months = format_amount(months / scale, digits);
            Refusal::new(
                &catalogue::SERIES_UNTIED,
                format!(
                    "the months' {what} add up to {months}, and the year's is {}",
                    format_amount(year, digits)
                ),
            )
            .at(clip(&books.file, 80))
        };
        let invoiced: i128 = self.invoiced.iter().sum();
        if invoiced != revenue * scale {
            return Err(untied("revenues", invoiced, revenue));
        }
        let is_money = |number: &str| kinds.of(number) == Kind::Money;
        let accounts = || {
            books
                .accounts
                .iter()
                .filter(|(number, _)| is_money(number))
                .map(|(_, a)| a)
        };
        let opening: i128 = accounts().map(|a| i128::from(a.opening)).sum();
        let closing: i128 = accounts().map(|a| i128::from(a.closing)).sum();
        let moved: i128 = books.flows.months().filter(|(_, n, _)| is_money(n)).map(|m| m.2).sum();
        if moved != (closing - opening) * scale {
            return Err(untied("movements of money", moved, closing - opening));
        }
        Ok([opening, closing].map(|minor| Amount { minor, digits }))
    }

    fn months(self, books: &Books, first: u32, has_revenue: bool) -> Result<Vec<MonthLine>, Refusal> {
        let scale = books.flows.scale();
        let digits = books.currency.minor_digits;
        let amount = |fine: i128, month: &str| match fine % scale {
            0 => Ok(Amount {
                minor: fine / scale,
                digits,
            }),
            _ => Err(Refusal::new(
                &catalogue::BAD_AMOUNT,
                format!("the sums of {month} are not whole minor units"),
            )
            .at(clip(&books.file, 80))
            .expected("fractions that add up to whole minor units in every month")),
        };
        let rows = self
            .invoiced
            .into_iter()
            .zip(self.operating)
            .zip(self.other)
            .zip(self.untold);
        rows.zip(first..)
            .map(|((((invoiced, operating), other), untold), month)| {
                let month = dates::month_name(month);
                let booked = amount(invoiced, &month)?;
                let least = Amount {
                    minor: booked.minor.max(0),
                    digits,
                };
                Ok(MonthLine {
                    booked,
                    invoiced: has_revenue.then_some(least),
                    operating: untold.is_none().then_some(amount(operating, &month)?),
                    other: amount(other, &month)?,
                    reason: untold,
                    month,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
