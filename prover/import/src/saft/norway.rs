//! SAF-T Financial of the Norwegian tax administration, versions 1.10, 1.20 and 1.30 (one namespace). Accounts carry the number of a
//! standard account (`StandardAccountID`, to 1.20) or of a line of the business statement (`GroupingCode`); customers and suppliers
//! have balances on one account (to 1.20) or on several (`BalanceAccount`, 1.30).

use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Day, Period};

use super::ledger::{Ledger, Listed};
use super::{account, amount, count, day, missing, name, once};
use crate::books::{Books, Format};
use crate::xml::Xml;
use crate::{Progress, catalogue, clip, dates};

/// The namespace of every version.
pub const NAMESPACE: &str = "urn:StandardAuditFile-Taxation-Financial:NO";

/// Reads a SAF-T Financial file.
///
/// # Errors
/// Any code of the catalogue that concerns XML, amounts, entries, control totals and the books as a whole; each with its line.
pub fn read<'a>(reader: impl BufRead, file: &'a str, progress: &'a mut Progress<'a>) -> Result<Books, Refusal> {
    let mut xml = Xml::new(reader, file, progress);
    xml.root(&[NAMESPACE])?;
    let root = xml.line();
    let mut ledger = Ledger::new(Format::SaftNo);
    let (mut listed, mut entries) = (false, None);
    while xml.child()? {
        match xml.name() {
            "Header" => header(&mut xml, &mut ledger)?,
            "MasterFiles" => listed |= master_files(&mut xml, &mut ledger)?,
            "GeneralLedgerEntries" if entries.is_none() => {
                entries = Some(xml.line());
                ledger.journals(&mut xml)?;
            }
            "GeneralLedgerEntries" => {
                return Err(xml.refuse(&catalogue::MISSING_ELEMENT, "GeneralLedgerEntries stands twice"));
            }
            _ => xml.skip()?,
        }
    }
    if !listed {
        return Err(missing(&xml, "MasterFiles/GeneralLedgerAccounts", root, "the file"));
    }
    let entries = entries.ok_or_else(|| missing(&xml, "GeneralLedgerEntries", root, "the file"))?;
    ledger.finish(entries, &mut xml)
}

/// Company, currency and period.
fn header<R: BufRead>(xml: &mut Xml<'_, R>, ledger: &mut Ledger) -> Result<(), Refusal> {
    let line = xml.line();
    let mut created = None;
    let mut selection = Selection::default();
    while xml.child()? {
        match xml.name() {
            "AuditFileVersion" => version(xml)?,
            "AuditFileDateCreated" => created = Some(day(xml)?),
            "DefaultCurrencyCode" => {
                let currency = currency(xml)?;
                once(&mut ledger.currency, currency, xml)?;
            }
            "Company" => {
                while xml.child()? {
                    match xml.name() {
                        "RegistrationNumber" => ledger.company.registry = Some(name(xml)?),
                        "Name" => ledger.company.name = Some(name(xml)?),
                        _ => xml.skip()?,
                    }
                }
            }
            "SelectionCriteria" => selection.read(xml)?,
            _ => xml.skip()?,
        }
    }
    if ledger.currency.is_none() {
        return Err(missing(xml, "DefaultCurrencyCode", line, "the header"));
    }
    ledger.period.stated = selection.period();
    ledger.period.doubt = match (ledger.period.stated, created) {
        (None, _) => Some("the header does not say which period was selected (SelectionCriteria)".to_owned()),
        (Some(period), Some(made)) if made < period.end => Some(format!(
            "the file was made on {made}, before the end of the period {period} that it says it covers"
        )),
        _ => None,
    };
    Ok(())
}

/// Version 1; what 2.0 will change is not known.
fn version<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<(), Refusal> {
    let text = xml.text()?;
    if text == "1" || text.starts_with("1.") {
        return Ok(());
    }
    let what = format!("the file is of version {:?}", clip(text, 20));
    Err(xml
        .refuse(&catalogue::XML_NAMESPACE, what)
        .expected("1.10, 1.20 or 1.30"))
}

fn currency<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<Currency, Refusal> {
    match Currency::from_code(xml.text()?) {
        Ok(currency) => Ok(currency),
        Err(refusal) => Err(refusal.at(xml.place_of(xml.line()))),
    }
}

/// The period that was selected for the file: two dates, or two months (periods of a calendar year) with their years.
#[derive(Debug, Default)]
struct Selection {
    dates: (Option<Day>, Option<Day>),
    months: (Option<u64>, Option<u64>),
    years: (Option<u64>, Option<u64>),
}

impl Selection {
    fn read<R: BufRead>(&mut self, xml: &mut Xml<'_, R>) -> Result<(), Refusal> {
        while xml.child()? {
            match xml.name() {
                "SelectionStartDate" => self.dates.0 = Some(day(xml)?),
                "SelectionEndDate" => self.dates.1 = Some(day(xml)?),
                "PeriodStart" => self.months.0 = Some(count(xml)?),
                "PeriodEnd" => self.months.1 = Some(count(xml)?),
                "PeriodStartYear" => self.years.0 = Some(count(xml)?),
                "PeriodEndYear" => self.years.1 = Some(count(xml)?),
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    /// Periods after the twelfth are closing entries of the last month. Where the financial year is no calendar year, its periods are
    /// not months: then the entries' dates lie outside, and the books are refused until the period is stated.
    fn period(&self) -> Option<Period> {
        if let (Some(start), Some(end)) = self.dates {
            return Some(Period { start, end });
        }
        let first = |month: Option<u64>, year: Option<u64>| {
            let month = u32::try_from(month?.min(12)).ok()?;
            Day::from_civil(u32::try_from(year?).ok()?, month, 1).ok()
        };
        Some(Period {
            start: first(self.months.0, self.years.0)?,
            end: dates::month_end(first(self.months.1, self.years.1)?),
        })
    }
}

/// Accounts, then customers and suppliers; `true` where accounts were listed.
fn master_files<R: BufRead>(xml: &mut Xml<'_, R>, ledger: &mut Ledger) -> Result<bool, Refusal> {
    let mut listed = false;
    while xml.child()? {
        match xml.name() {
            "GeneralLedgerAccounts" => {
                while xml.child()? {
                    match xml.name() {
                        "Account" => general_account(xml, ledger)?,
                        _ => xml.skip()?,
                    }
                }
                listed = true;
            }
            "Customers" | "Suppliers" => {
                while xml.child()? {
                    match xml.name() {
                        "Customer" => party(xml, ledger, "CustomerID")?,
                        "Supplier" => party(xml, ledger, "SupplierID")?,
                        _ => xml.skip()?,
                    }
                }
            }
            _ => xml.skip()?,
        }
    }
    Ok(listed)
}

fn general_account<R: BufRead>(xml: &mut Xml<'_, R>, ledger: &mut Ledger) -> Result<(), Refusal> {
    let currency = ledger.currency(xml)?;
    let mut listed = Listed::at(xml.line());
    let (mut number, mut standard, mut grouping) = (None, None, None);
    while xml.child()? {
        match xml.name() {
            "AccountID" => {
                let found = account(xml)?;
                once(&mut number, found, xml)?;
            }
            "AccountDescription" => listed.label = name(xml)?,
            "StandardAccountID" => standard = Some(name(xml)?),
            "GroupingCode" => grouping = Some(name(xml)?),
            _ => balance(xml, currency, &mut listed.opening, &mut listed.closing)?,
        }
    }
    // A code that is no number (municipalities and banks have their own) says nothing that the chart knows.
    let digits = |code: &String| code.len() >= 2 && code.bytes().all(|b| b.is_ascii_digit());
    listed.standard = standard.filter(digits).or_else(|| grouping.filter(digits));
    ledger.list(number, listed, xml)
}

/// An opening or closing balance; anything else is passed over.
fn balance<R: BufRead>(
    xml: &mut Xml<'_, R>,
    currency: Currency,
    opening: &mut Option<i128>,
    closing: &mut Option<i128>,
) -> Result<(), Refusal> {
    let (slot, sign) = match xml.name() {
        "OpeningDebitBalance" => (opening, 1),
        "OpeningCreditBalance" => (opening, -1),
        "ClosingDebitBalance" => (closing, 1),
        "ClosingCreditBalance" => (closing, -1),
        _ => return xml.skip(),
    };
    let stated = amount(xml, currency)?;
    once(slot, sign * stated, xml)
}

/// A customer or supplier with its balances.
fn party<R: BufRead>(xml: &mut Xml<'_, R>, ledger: &mut Ledger, id: &str) -> Result<(), Refusal> {
    let currency = ledger.currency(xml)?;
    let line = xml.line();
    let (mut key, mut label) = (None, String::new());
    let (mut own, mut opening, mut closing) = (None, None, None);
    let mut balances: Vec<(String, Option<i128>, u64)> = Vec::new();
    while xml.child()? {
        match xml.name() {
            "Name" => label = name(xml)?,
            "AccountID" => own = Some((account(xml)?, xml.line())),
            "BalanceAccount" => {
                let (at, mut number, mut closing) = (xml.line(), None, None);
                while xml.child()? {
                    match xml.name() {
                        "AccountID" => number = Some(account(xml)?),
                        _ => balance(xml, currency, &mut None, &mut closing)?,
                    }
                }
                let number = number.ok_or_else(|| missing(xml, "AccountID", at, "a BalanceAccount"))?;
                balances.push((number, closing, at));
            }
            tag if tag == id => key = Some(name(xml)?),
            _ => balance(xml, currency, &mut opening, &mut closing)?,
        }
    }
    let key = key.ok_or_else(|| missing(xml, id, line, "a customer or supplier"))?;
    if id == "CustomerID" {
        ledger.customers.insert(key.clone());
    }
    if let Some((number, at)) = own {
        balances.push((number, closing, at));
    }
    for (number, closing, at) in &balances {
        ledger.party(number, &key, &label, *closing, (*at, xml))?;
    }
    Ok(())
}
