//! The review sheet of a series: twelve months, how they add up to the year, and what could not be told.

use std::fmt::Write as _;

use serde::Serialize;

use crate::clip;
use crate::review::{Amount, Review};

/// The sheet's width.
const WIDTH: usize = 126;

/// A month of the series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MonthLine {
    /// `YYYY-MM`.
    pub month: String,
    /// What the entries book as revenue; negative where credit notes exceed invoices.
    pub booked: Amount,
    /// The figure: what is booked, and 0 where that is negative. None where the books have no income statement.
    pub invoiced: Option<Amount>,
    /// Operating cash flow; none where it cannot be told.
    pub operating: Option<Amount>,
    /// Money moved by investing and financing, as far as it can be told.
    pub other: Amount,
    /// Why the operating cash flow cannot be told.
    pub reason: Option<String>,
}

/// The sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeriesSheet {
    /// The sheet of the year that the months belong to.
    #[serde(skip)]
    year: Review,
    /// The months.
    pub months: Vec<MonthLine>,
    /// The year's revenue, which the months add up to.
    pub revenue: Amount,
    /// Money at the start of the period and at its end; all movements add up to the difference.
    pub money: [Amount; 2],
}

/// Writing to a string cannot fail; one place says so.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {{
        let _ = writeln!($out, $($arg)*);
    }};
}

impl SeriesSheet {
    pub(super) fn new(year: &Review, months: Vec<MonthLine>, revenue: Amount, money: [Amount; 2]) -> Self {
        Self {
            year: year.clone(),
            months,
            revenue,
            money,
        }
    }

    /// What else there is to know about the books.
    pub fn warnings(&self) -> &[crate::Warning] {
        &self.year.warnings
    }

    /// The year's sheet.
    pub fn year(&self) -> &Review {
        &self.year
    }

    /// The sheet as plain text, to print and sign; the same books give the same text, byte for byte.
    pub fn render_text(&self) -> String {
        let mut out = String::new();
        let year = &self.year;
        put!(out, "REVIEW SHEET: A YEAR MONTH BY MONTH (monthly-series/v1)");
        put!(out, "{}", "=".repeat(WIDTH));
        let company = year.company.name.as_deref().unwrap_or("(not named in the file)");
        for (name, value) in [
            ("Company", company.to_owned()),
            (
                "File",
                format!("{}, {} lines, {} entries", year.file, year.lines, year.entries),
            ),
            ("Format", year.format.name().to_owned()),
            ("Period", year.period.to_string()),
            ("Basis, currency", format!("{}, {}", year.basis, year.currency)),
            ("Chart of accounts", year.chart.clone()),
        ] {
            put!(out, "{name:<18} {}", clip(&value, WIDTH - 19));
        }
        self.table(&mut out);
        self.ties(&mut out);
        put!(out, "\nSIGNATURES\n{}", "-".repeat(WIDTH));
        for who in ["For the enterprise", "Accountant", "Attestor"] {
            put!(
                out,
                "{who:<20} name {}  date {}  signature {}\n",
                "_".repeat(32),
                "_".repeat(12),
                "_".repeat(32)
            );
        }
        out
    }

    fn table(&self, out: &mut String) {
        put!(
            out,
            "\n{:<10} {:>22} {:>22} {:>24}",
            "month",
            "invoiced revenue",
            "operating cash flow",
            "investing and financing"
        );
        put!(out, "{}", "-".repeat(WIDTH));
        let cell = |amount: Option<Amount>| amount.map_or_else(|| "not covered".to_owned(), |a| a.to_string());
        for m in &self.months {
            let note = match &m.reason {
                Some(reason) => format!("  {reason}"),
                None if m.booked.minor < 0 => format!("  credit notes exceed invoices: {}", m.booked),
                None => String::new(),
            };
            put!(
                out,
                "{:<10} {:>22} {:>22} {:>24}{}",
                m.month,
                cell(m.invoiced),
                cell(m.operating),
                m.other,
                clip(&note, 120)
            );
        }
    }

    fn ties(&self, out: &mut String) {
        let digits = self.revenue.digits;
        let booked = Amount {
            minor: self.months.iter().map(|m| m.booked.minor).sum(),
            digits,
        };
        put!(
            out,
            "\nThe months' revenue adds up to {booked}; the year's is {}.",
            self.revenue
        );
        let [start, end] = self.money;
        let change = Amount {
            minor: end.minor - start.minor,
            digits,
        };
        put!(
            out,
            "Money was {start} at the start and {end} at the end; all its movements add up to {change}."
        );
        put!(
            out,
            "Operating is what is neither investing nor financing; interest, dividends received and income taxes count as operating."
        );
    }
}
