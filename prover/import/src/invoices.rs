//! A list of invoices: what an enterprise is owed, by whom, since when and until when, whatever the source was.
//!
//! Readers turn a source into [`Document`]s and add them to a [`Builder`], which keeps the rules that no source may break: one seller
//! and one currency to a list, no number twice, amounts that add up, a due date that is stated or follows from a stated term. The
//! finished [`InvoiceList`] is a document with one spelling ([`InvoiceList::write`]); at a day it gives a [`Summary`].
//!
//! Amounts are whole minor units and signed from the seller's side: an invoice is positive, a credit note negative. What a source does
//! not say is `None`, never zero or no.

mod builder;
mod debtors;
mod document;
mod identity;
mod summary;

use std::fmt;

use covenant_policy::statement::{Currency, Day};
use serde::{Deserialize, Serialize};

pub use builder::{Builder, Options};
pub use document::{BYTES_MAX, TYPE, VERSION};
pub use identity::{canonical, matches};
pub use summary::{AgedBy, Bucket, Bucketed, Debtor, KindTotal, Summary};

/// The most documents that a list holds, excluded ones included.
pub const DOCUMENTS_MAX: usize = 1_000_000;
/// The longest document number, identifier or name, in characters.
pub const TEXT_CHARS_MAX: usize = 200;
/// The most identifiers of one party, references of one document or settlements of one document.
pub const PARTS_MAX: usize = 1_000;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A claim.
    Invoice,
    /// A reduction of claims; its amounts are negative.
    CreditNote,
    /// An invoice that corrects another: its amounts may have either sign.
    Correction,
}

impl Kind {
    /// All kinds, in their order.
    pub const ALL: [Self; 3] = [Self::Invoice, Self::CreditNote, Self::Correction];

    /// The name, as documents write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit-note",
            Self::Correction => "correction",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What sort of identifier a party is known by. Numbers of different sorts or schemes are never the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdSort {
    /// In the register of companies (EN 16931 BT-30, BT-47).
    Registry,
    /// For value-added tax (BT-31, BT-48). A number that stands for "unknown customer" is no identifier: leave it out.
    Tax,
    /// The electronic address (BT-34, BT-49).
    Endpoint,
    /// Another identifier of the party (BT-29, BT-46).
    Party,
    /// The seller's own number for its customer.
    Customer,
}

impl IdSort {
    /// The name, as documents write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Tax => "tax",
            Self::Endpoint => "endpoint",
            Self::Party => "party",
            Self::Customer => "customer",
        }
    }
}

/// One identifier of a party, in its canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyId {
    /// What sort.
    pub sort: IdSort,
    /// The scheme, where one is named (ISO 6523 codes such as 0192, Peppol's such as 9933).
    pub scheme: Option<String>,
    /// The identifier.
    pub id: String,
}

impl PartyId {
    /// An identifier as a source writes it; `None` where nothing is left of it.
    pub fn new(sort: IdSort, scheme: Option<&str>, id: &str) -> Option<Self> {
        let id = canonical(id);
        let scheme = scheme.map(canonical).filter(|s| !s.is_empty());
        (!id.is_empty()).then_some(Self { sort, scheme, id })
    }
}

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.sort.name())?;
        if let Some(scheme) = &self.scheme {
            write!(f, "{scheme}:")?;
        }
        f.write_str(&self.id)
    }
}

/// A seller or a debtor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The name, as written.
    pub name: String,
    /// The country, ISO 3166-1 alpha-2, where the source says it.
    pub country: Option<String>,
    /// Every identifier that a source gives, ascending.
    pub ids: Vec<PartyId>,
}

/// A document's number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// In the spelling by which numbers are compared: see [`canonical`].
    pub canonical: String,
    /// As the source writes it.
    pub written: String,
}

impl Number {
    /// Of the number as written.
    pub fn new(written: &str) -> Self {
        Self {
            canonical: canonical(written),
            written: written.trim().to_owned(),
        }
    }
}

/// When a document falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The source states the day; it may lie before the day of issue, where something was paid in advance.
    Stated(Day),
    /// So many days after issue: the term that the user stated for documents without a due date.
    Term(u16),
    /// A credit note without a due date counts from its issue: nobody waits for it.
    OnIssue,
}

impl Due {
    /// The day.
    pub fn day(self, issued: Day) -> Day {
        match self {
            Self::Stated(day) => day,
            Self::Term(days) => Day(issued.0.saturating_add(u32::from(days)).min(Day::MAX.0)),
            Self::OnIssue => issued,
        }
    }
}

/// A payment, or another way in which a claim was settled in part or in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Settlement {
    /// The day; `None` where the source says only that it has happened.
    pub day: Option<Day>,
    /// How much, with the sign of what it settles.
    pub amount: i64,
}

/// What a document refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferenceTo {
    /// An earlier invoice (BT-25).
    Invoice,
    /// The buyer's purchase order (BT-13).
    PurchaseOrder,
    /// The seller's sales order (BT-14).
    SalesOrder,
    /// A contract (BT-12).
    Contract,
}

/// A reference to another document, by its canonical number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// What sort of document.
    pub to: ReferenceTo,
    /// Its number.
    pub number: String,
}

/// A document's amounts, signed from the seller's side. `total − prepaid + rounding = payable`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amounts {
    /// With tax (BT-112).
    pub total: i64,
    /// The tax in it (BT-110), where the source says it.
    pub tax: Option<i64>,
    /// Paid before the document was issued (BT-113).
    pub prepaid: i64,
    /// Added to round the payable amount (BT-114).
    pub rounding: i64,
    /// What is to be paid (BT-115).
    pub payable: i64,
}

impl Amounts {
    /// Of a source that gives one amount.
    pub fn payable_only(payable: i64) -> Self {
        Self {
            total: payable,
            payable,
            ..Self::default()
        }
    }
}

/// Why a document does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exclusion {
    /// It was cancelled.
    Cancelled,
    /// It is the same document a second time, in every fact.
    Duplicate,
    /// It is in another currency than the list.
    OtherCurrency,
    /// Somebody else sells.
    OtherSeller,
    /// It says itself that its claim was sold to a factor (UNTDID 1001 codes 393 and 396).
    Factored,
    /// It claims nothing: a pro-forma invoice, an order, a delivery note.
    NoClaim,
}

impl Exclusion {
    /// All reasons, in their order.
    pub const ALL: [Self; 6] = [
        Self::Cancelled,
        Self::Duplicate,
        Self::OtherCurrency,
        Self::OtherSeller,
        Self::Factored,
        Self::NoClaim,
    ];

    /// In words, after "excluded:".
    pub fn words(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Duplicate => "the same document again",
            Self::OtherCurrency => "in another currency",
            Self::OtherSeller => "somebody else is the seller",
            Self::Factored => "already sold to a factor",
            Self::NoClaim => "claims nothing",
        }
    }
}

/// A document as a reader hands it to the [`Builder`].
#[derive(Debug, Clone)]
pub struct Document {
    /// The number as written.
    pub number: String,
    /// What it is.
    pub kind: Kind,
    /// The source's own code of its type (`380`, `FT`), or nothing.
    pub type_code: Option<String>,
    /// Who sells, where the source says it; else the user must.
    pub seller: Option<Party>,
    /// Who owes.
    pub debtor: Party,
    /// The currency of every amount.
    pub currency: Currency,
    /// The day of issue.
    pub issued: Day,
    /// The due date, where one is stated.
    pub due: Option<Day>,
    /// The amounts, signed from the seller's side.
    pub amounts: Amounts,
    /// What was settled since; `None` where the source does not know of payments.
    pub settlements: Option<Vec<Settlement>>,
    /// Whether the debtor disputes it, where the source says it.
    pub disputed: Option<bool>,
    /// To whom it is to be paid, where that is not the seller (BG-10).
    pub payee: Option<String>,
    /// What it refers to, by numbers as written.
    pub references: Vec<(ReferenceTo, String)>,
    /// Why it does not count, where the source says so.
    pub excluded: Option<Exclusion>,
    /// The line on which it begins.
    pub line: u64,
}

/// Where a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The file, as an index into [`InvoiceList::sources`].
    pub source: usize,
    /// The line, from 1.
    pub line: u64,
}

/// A document of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number.
    pub number: Number,
    /// What it is.
    pub kind: Kind,
    /// The source's own code of its type.
    pub type_code: Option<String>,
    /// Who owes, as an index into [`InvoiceList::debtors`].
    pub debtor: usize,
    /// The day of issue.
    pub issued: Day,
    /// When it falls due.
    pub due: Due,
    /// The amounts.
    pub amounts: Amounts,
    /// What was settled since, ascending; `None` where the source does not know of payments.
    pub settlements: Option<Vec<Settlement>>,
    /// Whether the debtor disputes it, where the source says it.
    pub disputed: Option<bool>,
    /// To whom it is to be paid, where that is not the seller.
    pub payee: Option<String>,
    /// What it refers to, ascending.
    pub references: Vec<Reference>,
    /// Where it stands.
    pub place: Place,
}

impl Item {
    /// The day on which it falls due.
    pub fn due_day(&self) -> Day {
        self.due.day(self.issued)
    }

    /// What was open at the end of a day: the payable amount less what was settled by then. Settlements without a day count always.
    pub fn open_at(&self, day: Day) -> i128 {
        let settled = self.settlements.iter().flatten();
        let settled = settled.filter(|s| s.day.is_none_or(|on| on <= day));
        i128::from(self.amounts.payable) - settled.map(|s| i128::from(s.amount)).sum::<i128>()
    }

    /// The day of the settlement with which nothing was open any more.
    pub fn settled_on(&self) -> Option<Day> {
        let settlements = self.settlements.as_ref()?;
        let total: i128 = settlements.iter().map(|s| i128::from(s.amount)).sum();
        let last = settlements.iter().filter_map(|s| s.day).max()?;
        (total == i128::from(self.amounts.payable)).then_some(last)
    }
}

/// A document that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// Its number.
    pub number: Number,
    /// What it is.
    pub kind: Kind,
    /// Why.
    pub reason: Exclusion,
    /// What it would have claimed, in its own currency.
    pub payable: i64,
    /// Its currency.
    pub currency: Currency,
    /// Where it stands.
    pub place: Place,
}

/// The list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceList {
    /// Whose claims these are.
    pub seller: Party,
    /// The currency of every amount.
    pub currency: Currency,
    /// The files, in the order in which they were read.
    pub sources: Vec<String>,
    /// Who owes: no two of them share an identifier.
    pub debtors: Vec<Party>,
    /// The documents, ascending by day of issue, canonical number and kind.
    pub items: Vec<Item>,
    /// What does not count, in the order in which it was read.
    pub excluded: Vec<Excluded>,
}

impl InvoiceList {
    /// A place as messages show it: `file:line`.
    pub fn place(&self, place: Place) -> String {
        let file = self.sources.get(place.source).map_or("?", String::as_str);
        format!("{file}:{}", place.line)
    }
}

#[cfg(test)]
mod tests;
