//! The list as a document: one spelling, one item a line, and a reader that takes nothing else.
//!
//! Amounts are decimal strings of minor units, days `YYYY-MM-DD`, and what a source did not say is null. Totals stand at the end, so
//! that a list that was cut or edited does not add up.

use std::io::Write;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Day};
use serde::{Deserialize, Serialize};

use super::{
    Amounts, DOCUMENTS_MAX, Due, Excluded, Exclusion, InvoiceList, Item, Kind, Number, Party, Place, Reference,
    Settlement, canonical,
};
use crate::catalogue;

/// What stands in `type`.
pub const TYPE: &str = "invoice-list";
/// What stands in `version`.
pub const VERSION: u32 = 1;
/// The largest file that is read.
pub const BYTES_MAX: usize = 1 << 30;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    r#type: String,
    version: u32,
    document: Body,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    seller: Party,
    currency: String,
    sources: Vec<String>,
    debtors: Vec<Party>,
    items: Vec<ItemRow>,
    excluded: Vec<ExcludedRow>,
    totals: Totals,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemRow {
    number: String,
    written: String,
    kind: Kind,
    type_code: Option<String>,
    debtor: usize,
    issued: String,
    due: String,
    /// `stated`, `term` or `issue`.
    due_from: String,
    total: String,
    tax: Option<String>,
    prepaid: String,
    rounding: String,
    payable: String,
    settlements: Option<Vec<SettlementRow>>,
    disputed: Option<bool>,
    payee: Option<String>,
    references: Vec<Reference>,
    source: usize,
    line: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettlementRow {
    day: Option<String>,
    amount: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExcludedRow {
    number: String,
    written: String,
    kind: Kind,
    reason: Exclusion,
    payable: String,
    currency: String,
    source: usize,
    line: u64,
}

/// What the items add up to.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Totals {
    items: u64,
    total: String,
    tax: String,
    prepaid: String,
    rounding: String,
    payable: String,
    settled: String,
}

impl InvoiceList {
    /// Writes the document.
    ///
    /// # Errors
    /// Whatever the writer fails with.
    pub fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out, "{{\"type\":{},\"version\":{VERSION},\"document\":{{", json(&TYPE)?)?;
        writeln!(out, "\"seller\":{},", json(&self.seller)?)?;
        writeln!(out, "\"currency\":{},", json(&self.currency.code)?)?;
        rows(out, "sources", self.sources.iter())?;
        rows(out, "debtors", self.debtors.iter())?;
        rows(out, "items", self.items.iter().map(ItemRow::of))?;
        rows(out, "excluded", self.excluded.iter().map(ExcludedRow::of))?;
        writeln!(out, "\"totals\":{}}}}}", json(&self.totals())?)
    }

    /// Reads a document: its bytes are exactly those that [`Self::write`] gives for what they say, and its totals tie.
    ///
    /// # Errors
    /// `invoice-list-invalid`, with the line where there is one.
    pub fn read(bytes: &[u8], file: &str) -> Result<Self, Refusal> {
        let invalid = |what: String| Refusal::new(&catalogue::INVOICE_LIST, what).at(file);
        if bytes.len() > BYTES_MAX {
            return Err(invalid(format!("{} bytes", bytes.len())).expected(format!("at most {BYTES_MAX} bytes")));
        }
        let envelope: Envelope = serde_json::from_slice(bytes).map_err(|e| {
            let text = e.to_string();
            let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
            invalid(what.to_owned()).at(format!("{file}:{}, column {}", e.line(), e.column()))
        })?;
        if envelope.r#type != TYPE || envelope.version != VERSION {
            return Err(invalid(format!(
                "type {:?}, version {}",
                crate::clip(&envelope.r#type, 40),
                envelope.version
            ))
            .expected(format!("type {TYPE:?}, version {VERSION}")));
        }
        let totals = envelope.document.totals;
        let list = Self::of_rows(Rows {
            seller: envelope.document.seller,
            currency: envelope.document.currency,
            sources: envelope.document.sources,
            debtors: envelope.document.debtors,
            items: envelope.document.items,
            excluded: envelope.document.excluded,
        })
        .map_err(&invalid)?;
        if list.totals() != totals {
            return Err(invalid("the totals are not those of the items".to_owned()));
        }
        let mut again = Vec::with_capacity(bytes.len());
        list.write(&mut again).map_err(|e| invalid(e.to_string()))?;
        let differs = again.iter().zip(bytes).position(|(a, b)| a != b);
        if let Some(at) = differs.or((again.len() != bytes.len()).then_some(again.len().min(bytes.len()))) {
            let line = bytes.iter().take(at).filter(|b| **b == b'\n').count() + 1;
            return Err(
                invalid("another spelling than the one that lists are written in".to_owned())
                    .at(format!("{file}:{line}")),
            );
        }
        Ok(list)
    }

    fn of_rows(rows: Rows) -> Result<Self, String> {
        let currency = Currency::from_code(&rows.currency).map_err(|r| r.what)?;
        if rows.items.len() + rows.excluded.len() > DOCUMENTS_MAX {
            return Err(format!("more than {DOCUMENTS_MAX} documents"));
        }
        let items = rows
            .items
            .into_iter()
            .map(ItemRow::item)
            .collect::<Result<Vec<Item>, String>>()?;
        let excluded = rows
            .excluded
            .into_iter()
            .map(ExcludedRow::excluded)
            .collect::<Result<Vec<Excluded>, String>>()?;
        for item in &items {
            if item.debtor >= rows.debtors.len() || item.place.source >= rows.sources.len() {
                return Err(format!(
                    "{} names a debtor or a source that is not listed",
                    item.number.canonical
                ));
            }
        }
        if let Some(excluded) = excluded.iter().find(|e| e.place.source >= rows.sources.len()) {
            return Err(format!(
                "{} names a source that is not listed",
                excluded.number.canonical
            ));
        }
        let order = |item: &Item| (item.issued, item.number.clone(), item.kind);
        let mut pairs = items.windows(2);
        if let Some([_, second]) = pairs.find(|pair| matches!(pair, [a, b] if order(a) >= order(b))) {
            return Err(format!("{} does not stand in its place", second.number.canonical));
        }
        let mut ids: Vec<_> = rows.debtors.iter().flat_map(|debtor| &debtor.ids).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        let ascending = rows.debtors.iter().all(|debtor| debtor.ids.is_sorted());
        if ids.len() != all || !ascending {
            return Err("two debtors share an identifier, or identifiers do not ascend".to_owned());
        }
        Ok(Self {
            seller: rows.seller,
            currency,
            sources: rows.sources,
            debtors: rows.debtors,
            items,
            excluded,
        })
    }

    fn totals(&self) -> Totals {
        let sum = |of: &dyn Fn(&Item) -> i128| self.items.iter().map(of).sum::<i128>().to_string();
        Totals {
            items: self.items.len() as u64,
            total: sum(&|i| i.amounts.total.into()),
            tax: sum(&|i| i.amounts.tax.unwrap_or(0).into()),
            prepaid: sum(&|i| i.amounts.prepaid.into()),
            rounding: sum(&|i| i.amounts.rounding.into()),
            payable: sum(&|i| i.amounts.payable.into()),
            settled: sum(&|i| i.settlements.iter().flatten().map(|s| i128::from(s.amount)).sum()),
        }
    }
}

/// The document's fields without its totals.
struct Rows {
    seller: Party,
    currency: String,
    sources: Vec<String>,
    debtors: Vec<Party>,
    items: Vec<ItemRow>,
    excluded: Vec<ExcludedRow>,
}

fn json<T: Serialize + ?Sized>(value: &T) -> std::io::Result<String> {
    serde_json::to_string(value).map_err(std::io::Error::other)
}

/// A field that holds an array, one element a line.
fn rows<T: Serialize>(out: &mut dyn Write, name: &str, values: impl Iterator<Item = T>) -> std::io::Result<()> {
    write!(out, "\"{name}\":[")?;
    for (i, value) in values.enumerate() {
        write!(out, "{}{}", if i == 0 { "\n" } else { ",\n" }, json(&value)?)?;
    }
    writeln!(out, "],")
}

impl ItemRow {
    fn of(item: &Item) -> Self {
        let from = match item.due {
            Due::Stated(_) => "stated",
            Due::Term(_) => "term",
            Due::OnIssue => "issue",
        };
        let settlement = |s: &Settlement| SettlementRow {
            day: s.day.map(|d| d.to_string()),
            amount: s.amount.to_string(),
        };
        Self {
            number: item.number.canonical.clone(),
            written: item.number.written.clone(),
            kind: item.kind,
            type_code: item.type_code.clone(),
            debtor: item.debtor,
            issued: item.issued.to_string(),
            due: item.due_day().to_string(),
            due_from: from.to_owned(),
            total: item.amounts.total.to_string(),
            tax: item.amounts.tax.map(|t| t.to_string()),
            prepaid: item.amounts.prepaid.to_string(),
            rounding: item.amounts.rounding.to_string(),
            payable: item.amounts.payable.to_string(),
            settlements: item
                .settlements
                .as_ref()
                .map(|all| all.iter().map(settlement).collect()),
            disputed: item.disputed,
            payee: item.payee.clone(),
            references: item.references.clone(),
            source: item.place.source,
            line: item.place.line,
        }
    }

    fn item(self) -> Result<Item, String> {
        let issued = day(&self.issued)?;
        let due_day = day(&self.due)?;
        let term = due_day
            .0
            .checked_sub(issued.0)
            .and_then(|days| u16::try_from(days).ok());
        let due = match (self.due_from.as_str(), term) {
            ("stated", _) => Due::Stated(due_day),
            ("term", Some(days)) => Due::Term(days),
            ("issue", Some(0)) => Due::OnIssue,
            _ => {
                return Err(format!(
                    "{} falls due on no possible day",
                    crate::clip(&self.number, 40)
                ));
            }
        };
        let amounts = Amounts {
            total: amount(&self.total)?,
            tax: self.tax.as_deref().map(amount).transpose()?,
            prepaid: amount(&self.prepaid)?,
            rounding: amount(&self.rounding)?,
            payable: amount(&self.payable)?,
        };
        let sum = i128::from(amounts.total) - i128::from(amounts.prepaid) + i128::from(amounts.rounding);
        if sum != i128::from(amounts.payable) {
            return Err(format!("{} does not add up", crate::clip(&self.number, 40)));
        }
        let settlement = |s: SettlementRow| {
            Ok(Settlement {
                day: s.day.as_deref().map(day).transpose()?,
                amount: amount(&s.amount)?,
            })
        };
        let settlements = self
            .settlements
            .map(|all| all.into_iter().map(settlement).collect::<Result<Vec<_>, String>>());
        let settlements = settlements.transpose()?;
        if !settlements.as_ref().is_none_or(|all| all.is_sorted()) || !self.references.is_sorted() {
            return Err(format!(
                "{} has settlements or references out of order",
                crate::clip(&self.number, 40)
            ));
        }
        Ok(Item {
            number: number(self.number, self.written)?,
            kind: self.kind,
            type_code: self.type_code,
            debtor: self.debtor,
            issued,
            due,
            amounts,
            settlements,
            disputed: self.disputed,
            payee: self.payee,
            references: self.references,
            place: Place {
                source: self.source,
                line: self.line,
            },
        })
    }
}

impl ExcludedRow {
    fn of(excluded: &Excluded) -> Self {
        Self {
            number: excluded.number.canonical.clone(),
            written: excluded.number.written.clone(),
            kind: excluded.kind,
            reason: excluded.reason,
            payable: excluded.payable.to_string(),
            currency: excluded.currency.code.to_owned(),
            source: excluded.place.source,
            line: excluded.place.line,
        }
    }

    fn excluded(self) -> Result<Excluded, String> {
        Ok(Excluded {
            number: number(self.number, self.written)?,
            kind: self.kind,
            reason: self.reason,
            payable: amount(&self.payable)?,
            currency: Currency::from_code(&self.currency).map_err(|r| r.what)?,
            place: Place {
                source: self.source,
                line: self.line,
            },
        })
    }
}

fn number(number: String, written: String) -> Result<Number, String> {
    if number.is_empty() || canonical(&written) != number {
        return Err(format!(
            "{:?} is not {:?} in its one spelling",
            crate::clip(&number, 40),
            crate::clip(&written, 40)
        ));
    }
    Ok(Number {
        canonical: number,
        written,
    })
}

fn day(text: &str) -> Result<Day, String> {
    text.parse().map_err(|r: Refusal| r.what)
}

fn amount(text: &str) -> Result<i64, String> {
    text.parse()
        .map_err(|_| format!("{:?} is no whole number of minor units", crate::clip(text, 40)))
}
