//! The entries, which all SAF-T files have in the same elements: Norway's lines stand in the transaction and give amounts in a structure of
//! their own, Portugal's stand among `Lines` and name their side.

use std::collections::BTreeMap;
use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Currency;

use super::{Ledger, Posting, Transaction};
use crate::books::Format;
use crate::clip;
use crate::saft::{account, amount, day, missing, name, once};
use crate::xml::Xml;

impl Ledger {
    /// Reads `GeneralLedgerEntries`.
    pub(in crate::saft) fn journals<R: BufRead>(&mut self, xml: &mut Xml<'_, R>) -> Result<(), Refusal> {
        let currency = self.currency(xml)?;
        while xml.child()? {
            if xml.name() == "Journal" {
                while xml.child()? {
                    match xml.name() {
                        "Transaction" => self.transaction(xml, currency)?,
                        _ => xml.skip()?,
                    }
                }
            } else if !self.control.element(xml, currency)? {
                xml.skip()?;
            }
        }
        Ok(())
    }

    fn transaction<R: BufRead>(&mut self, xml: &mut Xml<'_, R>, currency: Currency) -> Result<(), Refusal> {
        let mut entry = Transaction::new(xml.line());
        let (mut date, mut posted) = (None, None);
        while xml.child()? {
            match (self.format, xml.name()) {
                (_, "TransactionID") => entry.id = name(xml)?,
                (_, "TransactionDate") => date = Some((day(xml)?, xml.line())),
                (_, "GLPostingDate") => posted = Some(day(xml)?),
                (Format::SaftNo, "Line") => self.line(&mut entry, xml, currency)?,
                (Format::SaftPt, "TransactionType") => entry.carries = (xml.text()? == "A").then(BTreeMap::new),
                (Format::SaftPt, "Lines") => {
                    while xml.child()? {
                        match xml.name() {
                            "DebitLine" | "CreditLine" => self.line(&mut entry, xml, currency)?,
                            _ => xml.skip()?,
                        }
                    }
                }
                _ => xml.skip()?,
            }
        }
        let within = || format!("entry {}", clip(&entry.id, 40));
        let (date, at) = date.ok_or_else(|| missing(xml, "TransactionDate", entry.first_line, &within()))?;
        let day = self.dated(date, posted, at);
        self.close(entry, day, currency, xml)
    }

    fn line<R: BufRead>(
        &mut self,
        entry: &mut Transaction,
        xml: &mut Xml<'_, R>,
        currency: Currency,
    ) -> Result<(), Refusal> {
        let mut posting = Posting {
            line: xml.line(),
            ..Posting::default()
        };
        while xml.child()? {
            match (self.format, xml.name()) {
                (_, "AccountID") => posting.account = Some(account(xml)?),
                (_, "DebitAmount") => {
                    let found = self.stated(xml, currency)?;
                    once(&mut posting.debit, found, xml)?;
                }
                (_, "CreditAmount") => {
                    let found = self.stated(xml, currency)?;
                    once(&mut posting.credit, found, xml)?;
                }
                (Format::SaftNo, "CustomerID") => {
                    let found = name(xml)?;
                    once(&mut posting.customer, found, xml)?;
                }
                (Format::SaftNo, "SupplierID") => {
                    let found = name(xml)?;
                    once(&mut posting.supplier, found, xml)?;
                }
                _ => xml.skip()?,
            }
        }
        self.post(entry, &posting, xml)
    }

    /// A line's amount in the books' currency; what it was in another is passed over.
    fn stated<R: BufRead>(&self, xml: &mut Xml<'_, R>, currency: Currency) -> Result<i128, Refusal> {
        if self.format == Format::SaftPt {
            return amount(xml, currency);
        }
        let line = xml.line();
        let mut found = None;
        while xml.child()? {
            match xml.name() {
                "Amount" => {
                    let stated = amount(xml, currency)?;
                    once(&mut found, stated, xml)?;
                }
                _ => xml.skip()?,
            }
        }
        found.ok_or_else(|| missing(xml, "Amount", line, "an amount"))
    }
}
