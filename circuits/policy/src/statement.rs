//! The statement of figures: what an enterprise holds about one period, and what an attestor signs.

use crate::program::FIGURES;

mod amount;
mod assurance;
mod calendar;
mod currency;
mod terms;
mod validate;

pub(crate) use amount::group_thousands;
pub use amount::{amount_to_decimal, format_amount, format_big_amount, parse_amount};
pub use terms::{LENGTH_SLACK_DAYS, check_age, check_assurance, check_relation, check_terms};

/// A day, counted from 1970-01-01 (day 0). Valid statements lie in 0 ..= [`Day::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub u32);

impl Day {
    /// The circuit's day numbers have 20 bits.
    pub const BITS: u32 = 20;
    /// The last representable day.
    pub const MAX: Day = Day((1 << Self::BITS) - 1);
}

/// A reporting period, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// First day.
    pub start: Day,
    /// Last day; not before `start`.
    pub end: Day,
}

impl Period {
    /// The number of days, both ends included; `None` where the end lies before the start.
    pub fn days(self) -> Option<u32> {
        self.end.0.checked_sub(self.start.0).map(|d| d + 1)
    }

    /// The fiscal month: the number of the month boundary nearest to the period's end, months counted from January 1970 = 0
    /// (a period that ends on 31 January 1970 has fiscal month 1). In the average Gregorian month of 146097/4800 days, so
    /// that an end moved by a few days has the same fiscal month: round((end + 1) · 4800 / 146097).
    pub fn fiscal_month(self) -> u32 {
        months(self.end.0 + 1)
    }

    /// The length class: the period's length rounded to whole months; `None` where the end lies before the start.
    pub fn length_class(self) -> Option<u32> {
        self.days().map(months)
    }
}

/// Days in 400 Gregorian years.
pub const DAYS_IN_400_YEARS: u32 = 146_097;
/// Months in 400 years.
pub const MONTHS_IN_400_YEARS: u32 = 4_800;

/// Days to the nearest number of average Gregorian months.
fn months(days: u32) -> u32 {
    let scaled = u64::from(days) * u64::from(MONTHS_IN_400_YEARS) + u64::from(DAYS_IN_400_YEARS / 2);
    (scaled / u64::from(DAYS_IN_400_YEARS)) as u32
}

/// Whose figures: one legal person's, or its group's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Basis {
    /// No statement (an absent slot).
    None = 0,
    /// The legal person alone.
    Solo = 1,
    /// The group, consolidated.
    Consolidated = 2,
}

/// An ISO 4217 currency, by its alphabetic code and number, with its minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    /// Three upper-case letters.
    pub code: &'static str,
    /// ISO 4217 numeric code, 1–999.
    pub number: u16,
    /// Digits after the decimal point (JPY 0, EUR 2, BHD 3).
    pub minor_digits: u8,
}

/// Which figures the books really give: bit j for figure j. Absent is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage(pub u32);

impl Coverage {
    /// Whether figure `j` is covered.
    pub fn covers(self, figure: usize) -> bool {
        figure < FIGURES && self.0 >> figure & 1 == 1
    }
}

/// The 32 figures, in minor units (or counts), in the schema's order. Figures that are not covered are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures(pub [i64; FIGURES]);

/// How sure somebody is of the figures, as the attestation says (0–255; the named levels are customary).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Assurance(pub u8);

impl Assurance {
    /// The enterprise's own word.
    pub const SELF_DECLARED: Assurance = Assurance(0);
    /// Compiled from the books by a bookkeeper or an ERP provider.
    pub const COMPILED: Assurance = Assurance(1);
    /// Reviewed (limited assurance).
    pub const REVIEWED: Assurance = Assurance(2);
    /// Audited (reasonable assurance).
    pub const AUDITED: Assurance = Assurance(3);
    /// Filed with, and confirmed by, a public authority.
    pub const AUTHORITY: Assurance = Assurance(4);
}

/// What an enterprise holds about one period. Who it is about (`eid`, `entity`) and the hiding salt join it when it is
/// committed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The schema's name.
    pub schema: &'static str,
    /// The period.
    pub period: Period,
    /// Solo or consolidated.
    pub basis: Basis,
    /// The currency.
    pub currency: Currency,
    /// 0 for the first version, then counted up.
    pub restatement: u16,
    /// The assurance that the attestor gives; 0 where nobody attests.
    pub assurance: Assurance,
    /// Which figures the books give.
    pub coverage: Coverage,
    /// The figures.
    pub figures: Figures,
}
