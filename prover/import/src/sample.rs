//! Sample books: a plausible trading company in any of the formats, at any size, from a seed alone. Small ones are for trying
//! things out, large ones for measuring; the generator's own totals are what importers are tested against.
//!
//! Entries are made one at a time, so books of millions of lines need no more memory than their customers and suppliers. SIE and
//! SAF-T put balances before entries: the year is simulated twice, once to know them.

use std::io::{self, Write};

use covenant_policy::program::FIGURES;
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Day, Period};

use crate::catalogue;

mod company;
mod roles;
mod totals;
mod writers;

use company::Company;

/// Fewest entries: the recurring ones of a year and some trade.
pub const ENTRIES_MIN: u64 = 100;
/// Most entries.
pub const ENTRIES_MAX: u64 = 100_000_000;

/// The format to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A French ledger in euros.
    Fec,
    /// A Swedish SIE 4 file in kronor, with the year before.
    Sie,
    /// A Norwegian SAF-T Financial file in kroner.
    SaftNo,
    /// A trial balance in euros, with the declaration of its format.
    Csv,
}

/// How the company is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Growing, profitable, little debt.
    Healthy,
    /// Thin margins, much debt, an overdraft at times.
    Stretched,
    /// Losses, negative cash, shrinking sales.
    Failing,
}

/// What to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// All randomness comes from here: the same order gives the same bytes.
    pub seed: u64,
    /// The format.
    pub kind: Kind,
    /// Entries of the year, the opening entry apart.
    pub entries: u64,
    /// How the company is doing.
    pub profile: Profile,
    /// The financial year, a calendar year.
    pub year: u32,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The name that the format prescribes for the file.
    pub file_name: String,
    /// For a CSV, the declaration of its format (TOML).
    pub csv_format: Option<String>,
    /// The company's name.
    pub company: String,
    /// Its (invented) registry number.
    pub registry: String,
    /// The period.
    pub period: Period,
    /// Lines written.
    pub lines: u64,
    /// Entries made, the opening entry apart.
    pub entries: u64,
    /// The figures that an import must give; 0 where the format does not give one.
    pub figures: [i64; FIGURES],
    /// The figures of the year before (SIE).
    pub prior_figures: Option<[i64; FIGURES]>,
}

/// One movement, debit positive.
#[derive(Debug, Clone, Copy)]
struct Line {
    role: roles::Role,
    /// The customer or supplier.
    party: Option<u32>,
    amount: i64,
}

/// The journals, as every format names them in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Journal {
    Sales,
    Purchases,
    Bank,
    General,
}

/// An entry.
struct Entry<'a> {
    journal: Journal,
    /// Counted from 1.
    number: u64,
    day: Day,
    text: &'static str,
    lines: &'a [Line],
}

/// Where entries go.
trait Sink {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()>;
}

/// Keeps nothing: for simulating a year to know its totals.
struct Nowhere;

impl Sink for Nowhere {
    fn entry(&mut self, _: &Entry<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Writes sample books.
///
/// # Errors
/// `sample-invalid`, `unwritable-file`.
pub fn generate(order: &Order, out: &mut impl Write) -> Result<Sample, Refusal> {
    let wrong = |what: String| Refusal::new(&catalogue::SAMPLE_INVALID, what);
    if !(ENTRIES_MIN..=ENTRIES_MAX).contains(&order.entries) {
        return Err(wrong(format!("{} entries", order.entries)).expected(format!("{ENTRIES_MIN} to {ENTRIES_MAX}")));
    }
    if !(1971..=2400).contains(&order.year) {
        return Err(wrong(format!("year {}", order.year)).expected("1971 to 2400"));
    }
    written(order, out).map_err(|e| Refusal::new(&catalogue::UNWRITABLE, e.to_string()))
}

fn written(order: &Order, out: &mut impl Write) -> io::Result<Sample> {
    let period = Period {
        start: Day::from_civil(order.year, 1, 1).map_err(io::Error::other)?,
        end: Day::from_civil(order.year, 12, 31).map_err(io::Error::other)?,
    };
    let mut company = Company::new(order, period);
    let opening = company.opening_lines();
    let opened = company.clone();
    let lines = match order.kind {
        Kind::Fec => {
            let mut sink = writers::Fec::new(out, &opened)?;
            sink.opening(period.start, &opening)?;
            company.run(&mut sink)?;
            sink.lines
        }
        Kind::Sie => {
            company.run(&mut Nowhere)?;
            let mut sink = writers::Sie::new(out, &opened, &company)?;
            opened.clone().run(&mut sink)?;
            sink.lines
        }
        Kind::SaftNo => {
            let mut totals = writers::saft::Totals::default();
            company.run(&mut totals)?;
            let mut sink = writers::saft::Saft::new(out, &opened, &company, &totals)?;
            opened.clone().run(&mut sink)?;
            sink.end()?
        }
        Kind::Csv => {
            company.run(&mut Nowhere)?;
            writers::trial_balance(out, &company)?
        }
    };
    out.flush()?;
    Ok(Sample {
        file_name: writers::file_name(order.kind, &company),
        csv_format: (order.kind == Kind::Csv).then(|| writers::CSV_FORMAT.to_owned()),
        company: company.name.clone(),
        registry: company.registry.clone(),
        period,
        lines,
        entries: company.entries,
        figures: totals::figures(&company, order.kind),
        prior_figures: (order.kind == Kind::Sie).then(|| totals::prior_figures(&opened)),
    })
}

#[cfg(test)]
mod tests;
