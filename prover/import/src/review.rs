//! The review sheet: every account to its position, every position to its figures, what was reclassified, what has no place, what
//! the books do not give and why. An accountant and an attestor read it, compare it with the company's own accounts, and sign.
//!
//! It is deterministic: the same file, mapping and options give the same sheet, byte for byte.

use std::fmt;

use covenant_policy::statement::Period;
use serde::{Serialize, Serializer};

use crate::amount::{format_amount, group_amount};
use crate::books::{Company, Format, Warning};

mod text;

/// An amount of the sheet: minor units, and how many digits they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Minor units (or a count).
    pub minor: i128,
    /// Digits after the decimal point.
    pub digits: u8,
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&group_amount(self.minor, self.digits))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_amount(self.minor, self.digits))
    }
}

/// An account, or the part of it on one side, and the position it stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountLine {
    /// The number.
    pub account: String,
    /// The name.
    pub label: String,
    /// Which part, where the customers or suppliers of one account stand on different sides.
    pub part: Option<String>,
    /// The balance, debit positive.
    pub balance: Amount,
    /// The position's name; none where the account is unmapped.
    pub position: Option<&'static str>,
    /// Whether the user's file says so rather than the chart.
    pub overridden: bool,
}

/// A balance on the other side than its account's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReclassifiedLine {
    /// The account.
    pub account: String,
    /// The customer, supplier or the account itself.
    pub who: String,
    /// The balance, debit positive.
    pub balance: Amount,
    /// Where it stands now.
    pub position: &'static str,
    /// Where it would have stood.
    pub instead_of: &'static str,
}

/// A control account whose sub-ledger adds up to something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UntiedLine {
    /// The account.
    pub account: String,
    /// Its name.
    pub label: String,
    /// Its balance.
    pub control: Amount,
    /// What its sub-accounts add up to.
    pub sub_ledger: Amount,
}

/// The largest customers, by two measures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Customers {
    /// By what they owe at the period's end.
    pub receivables: Concentration,
    /// By what they were invoiced within the period, taxes included.
    pub invoiced: Concentration,
}

/// How much the largest customers make up, or why the books do not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Concentration {
    /// How many customers there are.
    pub customers: usize,
    /// What all of them make up.
    pub total: Amount,
    /// What those listed make up, in thousandths of it.
    pub top_per_mille: u32,
    /// The largest first.
    pub largest: Vec<Customer>,
    /// Why there is no such list: absent is not 100 %.
    pub reason: Option<String>,
}

impl Concentration {
    /// Not covered, for this reason.
    pub fn not_covered(reason: String) -> Self {
        Self {
            customers: 0,
            total: Amount { minor: 0, digits: 0 },
            top_per_mille: 0,
            largest: Vec::new(),
            reason: Some(reason),
        }
    }
}

/// One of the largest customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Customer {
    /// The number.
    pub who: String,
    /// The name.
    pub label: String,
    /// What is owed, or was invoiced.
    pub amount: Amount,
    /// In thousandths of the total, rounded down.
    pub per_mille: u32,
}

/// An amount that the user's file moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MoveLine {
    /// From which position.
    pub from: &'static str,
    /// To which position.
    pub to: &'static str,
    /// How much.
    pub amount: Amount,
    /// Why, in the declarant's words.
    pub reason: String,
}

/// A position with the figures that it enters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PositionLine {
    /// The heading it stands under.
    pub group: &'static str,
    /// The name in mapping files.
    pub name: &'static str,
    /// The name for people.
    pub label: &'static str,
    /// The amount: assets debit positive, everything else credit positive.
    pub amount: Amount,
    /// The figures that it enters, each with the amount that it adds.
    pub figures: Vec<Contribution>,
}

/// What a position adds to a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contribution {
    /// The figure.
    pub figure: &'static str,
    /// What is added.
    pub amount: Amount,
}

/// A figure as the statement holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FigureLine {
    /// Its index in the schema.
    pub index: usize,
    /// Its name.
    pub name: &'static str,
    /// The amount; 0 where it is not covered.
    pub amount: Amount,
    /// Whether the books give it.
    pub covered: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// An equality that the statement must keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdentityLine {
    /// As an accountant writes it.
    pub text: &'static str,
    /// The left side.
    pub left: Amount,
    /// The right side.
    pub right: Amount,
    /// Whether both are equal.
    pub holds: bool,
}

/// The sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Review {
    /// The file's name.
    pub file: String,
    /// Its format.
    pub format: Format,
    /// Lines in the file.
    pub lines: u64,
    /// Entries in the file; 0 where the format has only balances.
    pub entries: u64,
    /// What the file says about the company.
    pub company: Company,
    /// Whether this is the year before, from the same file.
    pub prior: bool,
    /// First and last day.
    #[serde(serialize_with = "period")]
    pub period: Period,
    /// ISO 4217.
    pub currency: &'static str,
    /// `solo` or `consolidated`.
    pub basis: &'static str,
    /// 0 for the first version.
    pub restatement: u16,
    /// The chart's title.
    pub chart: String,
    /// The user's mapping file.
    pub mapping_file: Option<String>,
    /// Every account, in the order of numbers.
    pub accounts: Vec<AccountLine>,
    /// The sums of debit and of credit balances; equal.
    pub debit_total: Amount,
    /// See `debit_total`.
    pub credit_total: Amount,
    /// Accounts with balances that have no place; the import refuses unless there are none.
    pub unmapped: Vec<AccountLine>,
    /// Balances on the other side than their account's.
    pub reclassified: Vec<ReclassifiedLine>,
    /// How many more there are than listed.
    pub reclassified_more: u64,
    /// Control accounts whose sub-ledgers add up to something else; the import refuses unless there are none.
    pub untied: Vec<UntiedLine>,
    /// The largest customers; not for the year before, of which there are no entries.
    pub customers: Option<Customers>,
    /// Declared reclassifications.
    pub moved: Vec<MoveLine>,
    /// Every position that has a balance.
    pub positions: Vec<PositionLine>,
    /// Every figure of the schema.
    pub figures: Vec<FigureLine>,
    /// The identities.
    pub identities: Vec<IdentityLine>,
    /// What else there is to know.
    pub warnings: Vec<Warning>,
}

fn period<S: Serializer>(period: &Period, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq([period.start.to_string(), period.end.to_string()])
}

impl Review {
    /// The sheet as plain text with aligned columns, at most 130 wide, to print and sign.
    pub fn render_text(&self) -> String {
        text::render(self)
    }
}
