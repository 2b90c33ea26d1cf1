//! Receipts: which invoices they settle, and by how much.

use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Day;

use super::{CURRENCY, Gathered, Kind, Status, Sums, Totals, limit, minor, read_status, withholding};
use crate::saft::ledger::Control;
use crate::saft::{day, missing, name};
use crate::xml::Xml;
use crate::{catalogue, clip};

/// The most invoices that one receipt may settle.
const SETTLED_MAX: usize = 10_000;

/// A receipt. Amounts in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The number.
    pub number: String,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// The day.
    pub day: Day,
    /// The customer's number.
    pub customer: String,
    /// With tax: what it settles, less what was withheld.
    pub gross: i64,
    /// Tax that the customer withheld and pays to the state in the seller's name.
    pub withheld: i64,
    /// What it settles.
    pub settles: Vec<Settled>,
    /// The line on which it begins.
    pub line: u64,
}

/// What a receipt settles of one invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The invoice's number.
    pub invoice: String,
    /// The amount with tax; its lines carry amounts without tax and the rate, so that it is rounded once, to the minor unit.
    pub amount: i64,
}

impl Gathered {
    pub(super) fn receipts<R: BufRead>(&mut self, xml: &mut Xml<'_, R>) -> Result<(), Refusal> {
        let line = xml.line();
        let mut control = Control::default();
        let mut counted = (0, 0, 0);
        while xml.child()? {
            if xml.name() == "Payment" {
                let (receipt, sums) = receipt(xml)?;
                counted.0 += 1;
                if !receipt.cancelled {
                    counted.1 += sums.debit;
                    counted.2 += sums.credit;
                }
                self.receipts.push(receipt);
                limit(self.receipts.len(), xml)?;
            } else if !control.element(xml, CURRENCY)? {
                xml.skip()?;
            }
        }
        control.check(counted, CURRENCY, ("Payments", line), xml)
    }
}

fn receipt<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<(Receipt, Sums), Refusal> {
    let line = xml.line();
    let (mut number, mut status, mut dated, mut customer, mut totals) = (None, None, None, None, None);
    let (mut all, mut parts, mut withheld) = (Sums::default(), Vec::<(String, Sums)>::new(), 0);
    while xml.child()? {
        match xml.name() {
            "PaymentRefNo" => number = Some(name(xml)?),
            "DocumentStatus" => status = Some(read_status(xml, "PaymentStatus")?),
            "TransactionDate" => dated = Some(day(xml)?),
            "CustomerID" => customer = Some(name(xml)?),
            "DocumentTotals" => totals = Some(Totals::read(xml)?),
            "WithholdingTax" => withheld += withholding(xml)?,
            "Line" => {
                let (mut one, mut invoices, at) = (Sums::default(), Vec::new(), xml.line());
                one.line(xml, &mut invoices)?;
                all.join(&one);
                let [invoice] = invoices.as_slice() else {
                    return Err(missing(xml, "OriginatingON", at, "a line of a receipt"));
                };
                if let Some((_, sums)) = parts.iter_mut().find(|(n, _)| n == invoice) {
                    sums.join(&one);
                    continue;
                }
                if parts.len() == SETTLED_MAX {
                    return Err(xml.refuse(&catalogue::XML_LIMIT, format!("more than {SETTLED_MAX} invoices")));
                }
                parts.push((invoice.clone(), one));
            }
            _ => xml.skip()?,
        }
    }
    let number = number.ok_or_else(|| missing(xml, "PaymentRefNo", line, "a receipt"))?;
    let lacks = |element| missing(xml, element, line, &format!("receipt {}", clip(&number, 60)));
    let status = status.ok_or_else(|| lacks("DocumentStatus"))?;
    let totals = totals.ok_or_else(|| lacks("DocumentTotals"))?;
    if status == Status::Counts {
        totals.check(&all, Kind::Invoice, &number, line, xml)?;
    }
    let unit = |amount: i128| minor(amount, &number, line, xml);
    let mut settles = Vec::new();
    for (invoice, sums) in parts {
        settles.push(Settled {
            amount: unit(sums.gross_rounded())?,
            invoice,
        });
    }
    let receipt = Receipt {
        cancelled: status == Status::Cancelled,
        day: dated.ok_or_else(|| lacks("TransactionDate"))?,
        customer: customer.ok_or_else(|| lacks("CustomerID"))?,
        gross: unit(totals.gross)?,
        withheld: unit(withheld)?,
        number: number.clone(),
        settles,
        line,
    };
    Ok((receipt, all))
}
