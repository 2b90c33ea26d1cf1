//! The sales documents of a SAF-T (PT) file: invoices, credit and debit notes, and the receipts that settle them.
//!
//! Lines have four or more decimals, totals two, so a total may differ from the exact sum by the rounding of each line: half a minor
//! unit for every line and for the total itself. Cancelled documents, and those that were invoiced again, count in the number of
//! entries and in no total, as the format says.

use std::collections::BTreeMap;
use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Day, Period};

use super::amounts::{UNIT, show, whole};
use super::ledger::Control;
use super::portugal::{CURRENCY, NAMESPACE};
use super::{amount, day, missing, name};
use crate::books::Company;
use crate::xml::Xml;
use crate::{Progress, catalogue, clip};

mod list;
mod receipts;
mod totals;

pub use receipts::{Receipt, Settled};
use totals::{Sums, Totals};

/// The most documents that a file may have.
pub const DOCUMENTS_MAX: usize = 1_000_000;
/// The tax number of customers who gave none (Portaria 302/2016).
pub const TAX_ID_UNKNOWN: &str = "999999990";

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A claim on the customer.
    Invoice,
    /// A reduction of claims; its amounts are negative.
    CreditNote,
}

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It counts (`N`, `S` for self-billing, `R` for the sum of documents of another program).
    Counts,
    /// It was cancelled (`A`).
    Cancelled,
    /// Another document took its place (`F`).
    InvoicedAgain,
}

/// A customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Customer {
    /// The name.
    pub name: String,
    /// The tax number, unless it is the one of customers who gave none.
    pub tax_id: Option<String>,
    /// The country, where it is a code of two letters.
    pub country: Option<String>,
}

/// An invoice or a note. Amounts in minor units, signed from the seller's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The number, such as `FT A/12`.
    pub number: String,
    /// The format's own type, such as `FT`, `FR`, `ND` or `NC`.
    pub type_code: String,
    /// What it is.
    pub kind: Kind,
    /// What became of it.
    pub status: Status,
    /// The day of issue.
    pub issued: Day,
    /// The customer's number.
    pub customer: String,
    /// Without tax.
    pub net: i64,
    /// The tax.
    pub tax: i64,
    /// With tax.
    pub gross: i64,
    /// Tax that the customer withholds and pays to the state in the seller's name.
    pub withheld: i64,
    /// What was paid with the document itself (invoice-receipts), by day.
    pub paid: Vec<(Day, i64)>,
    /// The documents that it corrects.
    pub references: Vec<String>,
    /// The line on which it begins.
    pub line: u64,
}

/// The sales documents of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sales {
    /// The seller.
    pub company: Company,
    /// The currency of every amount.
    pub currency: Currency,
    /// The file's period.
    pub period: Period,
    /// Customers by their number.
    pub customers: BTreeMap<String, Customer>,
    /// Invoices and notes, those that do not count included.
    pub documents: Vec<Document>,
    /// Receipts, cancelled ones included.
    pub receipts: Vec<Receipt>,
}

/// The header and what was read so far.
#[derive(Default)]
struct Gathered {
    company: Company,
    currency: bool,
    start: Option<Day>,
    end: Option<Day>,
    customers: BTreeMap<String, Customer>,
    documents: Vec<Document>,
    receipts: Vec<Receipt>,
}

/// Reads the sales documents and receipts.
///
/// # Errors
/// Any code of the catalogue that concerns XML, amounts, totals and documents; each with its line.
pub fn read<'a>(reader: impl BufRead, file: &'a str, progress: &'a mut Progress<'a>) -> Result<Sales, Refusal> {
    let mut xml = Xml::new(reader, file, progress);
    xml.root(&[NAMESPACE])?;
    let root = xml.line();
    let mut gathered = Gathered::default();
    while xml.child()? {
        match xml.name() {
            "Header" => gathered.header(&mut xml)?,
            "MasterFiles" => gathered.customers(&mut xml)?,
            "SourceDocuments" => {
                while xml.child()? {
                    match xml.name() {
                        "SalesInvoices" => gathered.invoices(&mut xml)?,
                        "Payments" => gathered.receipts(&mut xml)?,
                        _ => xml.skip()?,
                    }
                }
            }
            _ => xml.skip()?,
        }
    }
    xml.finish()?;
    let period = match (gathered.start, gathered.end) {
        (Some(start), Some(end)) => Period { start, end },
        _ => return Err(missing(&xml, "StartDate or EndDate", root, "the header")),
    };
    if !gathered.currency {
        return Err(missing(&xml, "CurrencyCode", root, "the header"));
    }
    if gathered.documents.is_empty() {
        return Err(Refusal::new(&catalogue::EMPTY_BOOKS, "the file has no sales documents").at(file));
    }
    Ok(Sales {
        company: gathered.company,
        currency: CURRENCY,
        period,
        customers: gathered.customers,
        documents: gathered.documents,
        receipts: gathered.receipts,
    })
}

impl Gathered {
    fn header<R: BufRead>(&mut self, xml: &mut Xml<'_, R>) -> Result<(), Refusal> {
        while xml.child()? {
            match xml.name() {
                "TaxRegistrationNumber" => self.company.registry = Some(name(xml)?),
                "CompanyName" => self.company.name = Some(name(xml)?),
                "StartDate" => self.start = Some(day(xml)?),
                "EndDate" => self.end = Some(day(xml)?),
                "CurrencyCode" => {
                    let text = xml.text()?;
                    if text != CURRENCY.code {
                        let what = format!("the file is in {:?}", clip(text, 10));
                        return Err(xml.refuse(&catalogue::BOOKS_CURRENCY, what).expected(CURRENCY.code));
                    }
                    self.currency = true;
                }
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn customers<R: BufRead>(&mut self, xml: &mut Xml<'_, R>) -> Result<(), Refusal> {
        while xml.child()? {
            if xml.name() != "Customer" {
                xml.skip()?;
                continue;
            }
            let line = xml.line();
            let (mut key, mut customer) = (None, Customer::default());
            while xml.child()? {
                match xml.name() {
                    "CustomerID" => key = Some(name(xml)?),
                    "CompanyName" => customer.name = name(xml)?,
                    "CustomerTaxID" => customer.tax_id = Some(name(xml)?).filter(|id| id != TAX_ID_UNKNOWN),
                    "BillingAddress" => {
                        while xml.child()? {
                            match xml.name() {
                                "Country" => customer.country = Some(name(xml)?).filter(|c| c.len() == 2),
                                _ => xml.skip()?,
                            }
                        }
                    }
                    _ => xml.skip()?,
                }
            }
            let key = key.ok_or_else(|| missing(xml, "CustomerID", line, "a customer"))?;
            self.customers.insert(key, customer);
        }
        Ok(())
    }

    fn invoices<R: BufRead>(&mut self, xml: &mut Xml<'_, R>) -> Result<(), Refusal> {
        let line = xml.line();
        let mut control = Control::default();
        let mut counted = (0, 0, 0);
        while xml.child()? {
            if xml.name() == "Invoice" {
                let (document, sums) = self.invoice(xml)?;
                counted.0 += 1;
                if document.status == Status::Counts {
                    counted.1 += sums.debit;
                    counted.2 += sums.credit;
                }
                self.documents.push(document);
                limit(self.documents.len(), xml)?;
            } else if !control.element(xml, CURRENCY)? {
                xml.skip()?;
            }
        }
        control.check(counted, CURRENCY, ("SalesInvoices", line), xml)
    }

    fn invoice<R: BufRead>(&self, xml: &mut Xml<'_, R>) -> Result<(Document, Sums), Refusal> {
        let line = xml.line();
        let (mut number, mut type_code, mut status) = (None, None, None);
        let (mut issued, mut customer, mut totals) = (None, None, None);
        let (mut sums, mut withheld, mut references) = (Sums::default(), 0, Vec::new());
        while xml.child()? {
            match xml.name() {
                "InvoiceNo" => number = Some(name(xml)?),
                "DocumentStatus" => status = Some(read_status(xml, "InvoiceStatus")?),
                "InvoiceDate" => issued = Some(day(xml)?),
                "InvoiceType" => type_code = Some(name(xml)?),
                "CustomerID" => customer = Some(name(xml)?),
                "Line" => sums.line(xml, &mut references)?,
                "DocumentTotals" => totals = Some(Totals::read(xml)?),
                "WithholdingTax" => withheld += withholding(xml)?,
                _ => xml.skip()?,
            }
        }
        let number = number.ok_or_else(|| missing(xml, "InvoiceNo", line, "a document"))?;
        let lacks = |element| missing(xml, element, line, &format!("document {}", clip(&number, 60)));
        let type_code = type_code.ok_or_else(|| lacks("InvoiceType"))?;
        let kind = kind_of(&type_code).ok_or_else(|| {
            let what = format!("document {} is of type {:?}", clip(&number, 60), clip(&type_code, 10));
            Refusal::new(&catalogue::MALFORMED_LINE, what)
                .at(xml.place_of(line))
                .expected("a claim (FT FS FR ND VD TV AA RP) or a reduction of claims (NC TD DA RE)")
        })?;
        let status = status.ok_or_else(|| lacks("DocumentStatus"))?;
        let totals = totals.ok_or_else(|| lacks("DocumentTotals"))?;
        let customer = customer.ok_or_else(|| lacks("CustomerID"))?;
        if !self.customers.contains_key(&customer) {
            let what = format!(
                "document {} names the customer {}",
                clip(&number, 60),
                clip(&customer, 40)
            );
            return Err(Refusal::new(&catalogue::UNLISTED, what)
                .at(xml.place_of(line))
                .expected("a customer of the master files"));
        }
        if status == Status::Counts {
            totals.check(&sums, kind, &number, line, xml)?;
        }
        let sign = if kind == Kind::CreditNote { -1 } else { 1 };
        let unit = |amount: i128| minor(sign * amount, &number, line, xml);
        let mut paid = Vec::new();
        for (day, amount) in &totals.paid {
            paid.push((*day, unit(*amount)?));
        }
        let document = Document {
            issued: issued.ok_or_else(|| lacks("InvoiceDate"))?,
            net: unit(totals.net)?,
            tax: unit(totals.tax)?,
            gross: unit(totals.gross)?,
            withheld: unit(withheld)?,
            number: number.clone(),
            type_code,
            kind,
            status,
            customer,
            paid,
            references,
            line,
        };
        Ok((document, sums))
    }
}

/// Whether a type is a claim or reduces claims. The types of co-insurance (CS, LD, RA) are neither.
fn kind_of(type_code: &str) -> Option<Kind> {
    match type_code {
        "FT" | "FS" | "FR" | "ND" | "VD" | "TV" | "AA" | "RP" => Some(Kind::Invoice),
        "NC" | "TD" | "DA" | "RE" => Some(Kind::CreditNote),
        _ => None,
    }
}

/// What became of the document: one letter.
fn read_status<R: BufRead>(xml: &mut Xml<'_, R>, element: &str) -> Result<Status, Refusal> {
    let line = xml.line();
    let mut status = None;
    while xml.child()? {
        if xml.name() != element {
            xml.skip()?;
            continue;
        }
        status = Some(match xml.text()? {
            "N" | "S" | "R" => Status::Counts,
            "A" => Status::Cancelled,
            "F" => Status::InvoicedAgain,
            other => {
                let what = format!("the status is {:?}", clip(other, 10));
                return Err(xml.refuse(&catalogue::MALFORMED_LINE, what).expected("N, S, R, A or F"));
            }
        });
    }
    status.ok_or_else(|| missing(xml, element, line, "DocumentStatus"))
}

fn withholding<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<i128, Refusal> {
    let mut withheld = 0;
    while xml.child()? {
        match xml.name() {
            "WithholdingTaxAmount" => withheld += amount(xml, CURRENCY)?,
            _ => xml.skip()?,
        }
    }
    Ok(withheld)
}

fn limit<R: BufRead>(documents: usize, xml: &Xml<'_, R>) -> Result<(), Refusal> {
    if documents <= DOCUMENTS_MAX {
        return Ok(());
    }
    Err(xml.refuse(&catalogue::XML_LIMIT, format!("more than {DOCUMENTS_MAX} documents")))
}

/// Whole minor units of a document's total.
fn minor<R: BufRead>(amount: i128, number: &str, line: u64, xml: &Xml<'_, R>) -> Result<i64, Refusal> {
    whole(amount).ok_or_else(|| {
        let entry = if amount % UNIT == 0 {
            &catalogue::AMOUNT_TOO_LARGE
        } else {
            &catalogue::FRACTION
        };
        let shown = show(amount, CURRENCY.minor_digits);
        Refusal::new(entry, format!("document {}: a total is {shown}", clip(number, 60)))
            .at(xml.place_of(line))
            .expected("totals of whole cents")
    })
}
