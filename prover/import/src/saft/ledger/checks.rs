//! The checks of a ledger against itself, and the books that it becomes once they hold.

use std::collections::BTreeMap;
use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Currency;

use super::{Ledger, Listed, Role};
use crate::books::{Account, Auxiliary, Books, Warning};
use crate::catalogue;
use crate::saft::amounts::{UNIT, show, whole};
use crate::xml::Xml;

/// Accounts that a refusal lists beside the first.
const LISTED: usize = 10;

impl Ledger {
    /// Checks everything against everything, and makes the books.
    pub(in crate::saft) fn finish<R: BufRead>(
        mut self,
        entries_line: u64,
        xml: &mut Xml<'_, R>,
    ) -> Result<Books, Refusal> {
        let lines = xml.finish()?;
        let currency = self.currency(xml)?;
        let counted = (self.entries, self.debit, self.credit);
        self.control
            .check(counted, currency, ("GeneralLedgerEntries", entries_line), xml)?;
        self.balances(currency, xml)?;
        self.subledgers(currency, xml)?;
        let accounts = self.whole_accounts(currency, xml)?;
        self.total(currency, xml)?;
        if let Some(line) = xml.replaced() {
            let text = format!(
                "the file is not {} throughout: names are incomplete; amounts are not affected",
                xml.encoding()
            );
            self.warnings.push(Warning {
                code: "encoding-lies",
                text,
                line: Some(line),
            });
        }
        Ok(Books {
            format: self.format,
            file: xml.file().to_owned(),
            lines,
            entries: self.entries,
            company: self.company,
            currency,
            period: self.period,
            accounts,
            unallocated: 0,
            prior: None,
            flows: self.flows,
            warnings: self.warnings,
        })
    }

    /// Every closing balance is the opening balance plus the entries.
    fn balances<R: BufRead>(&self, currency: Currency, xml: &Xml<'_, R>) -> Result<(), Refusal> {
        let differs = |(_, a): &(&String, &Listed)| a.role == Role::Own && a.expected() != a.closing.unwrap_or(0);
        let mut wrong = self.accounts.iter().filter(differs);
        let Some((number, account)) = wrong.next() else {
            return Ok(());
        };
        let shown = |a| show(a, currency.minor_digits);
        let others: Vec<&str> = wrong.map(|(n, _)| n.as_str()).collect();
        let more = match others.len() {
            0 => String::new(),
            n => {
                let listed = others.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
                format!("; {n} more do not tie: {listed}")
            }
        };
        let what = format!(
            "account {number} closes at {}{more}",
            shown(account.closing.unwrap_or(0))
        );
        Err(Refusal::new(&catalogue::BALANCE_MISMATCH, what)
            .at(xml.place_of(account.line))
            .expected(format!(
                "{}: {} brought forward, and entries of {}",
                shown(account.expected()),
                shown(account.opening.unwrap_or(0)),
                shown(account.debit - account.credit)
            )))
    }

    /// Customers and suppliers add up to their account.
    fn subledgers<R: BufRead>(&self, currency: Currency, xml: &Xml<'_, R>) -> Result<(), Refusal> {
        for (number, account) in self.accounts.iter().filter(|(_, a)| a.divided) {
            let sum: i128 = account.parties.values().map(|p| p.closing).sum();
            let closing = account.closing.unwrap_or(0);
            if sum != closing {
                let shown = |a| show(a, currency.minor_digits);
                let what = format!(
                    "the {} customers or suppliers on account {number} add up to {}",
                    account.parties.len(),
                    shown(sum)
                );
                return Err(Refusal::new(&catalogue::UNTIED, what)
                    .at(xml.place_of(account.line))
                    .expected(format!("{}, the account's closing balance", shown(closing))));
            }
        }
        Ok(())
    }

    /// All accounts together are zero.
    fn total<R: BufRead>(&self, currency: Currency, xml: &Xml<'_, R>) -> Result<(), Refusal> {
        let of = |part: fn(&Listed) -> Option<i128>| -> i128 {
            let own = self.accounts.values().filter(|a| a.role == Role::Own);
            own.map(|a| part(a).unwrap_or(0)).sum()
        };
        let (closing, opening) = (of(|a| a.closing), of(|a| a.opening));
        if self.accounts.values().all(|a| a.role != Role::Own) {
            return Err(Refusal::new(&catalogue::EMPTY_BOOKS, "the file lists no accounts").at(xml.file()));
        }
        if closing == 0 {
            return Ok(());
        }
        let shown = |a| show(a, currency.minor_digits);
        let what = format!(
            "closing balances add up to {}, opening balances to {}",
            shown(closing),
            shown(opening)
        );
        Err(Refusal::new(&catalogue::UNBALANCED_BOOKS, what)
            .at(xml.file())
            .expected("0, which accounts that are not listed would make up"))
    }

    /// The accounts in whole minor units, before the result was carried to equity.
    fn whole_accounts<R: BufRead>(
        &mut self,
        currency: Currency,
        xml: &Xml<'_, R>,
    ) -> Result<BTreeMap<String, Account>, Refusal> {
        let mut accounts = BTreeMap::new();
        for (number, listed) in std::mem::take(&mut self.accounts) {
            if listed.role == Role::Own {
                let unit = |amount: i128, name: &str| {
                    whole(amount).ok_or_else(|| {
                        let shown = show(amount, currency.minor_digits);
                        let what = format!("account {number}: {name} {shown}");
                        let entry = if amount % UNIT == 0 {
                            &catalogue::AMOUNT_TOO_LARGE
                        } else {
                            &catalogue::FRACTION
                        };
                        Refusal::new(entry, what)
                            .at(xml.place_of(listed.line))
                            .expected("a whole number of minor units within 64 bits")
                    })
                };
                let mut auxiliaries = BTreeMap::new();
                for (key, party) in listed.parties.iter().filter(|_| listed.divided) {
                    let part = Auxiliary {
                        label: party.label.clone(),
                        closing: unit(party.closing, "the balance of a customer or supplier is")?,
                        line: party.line,
                    };
                    auxiliaries.insert(key.clone(), part);
                }
                let account = Account {
                    label: listed.label.clone(),
                    standard: listed.standard.clone(),
                    opening: unit(listed.opening.unwrap_or(0), "the opening balance is")?,
                    debit: unit(listed.debit, "debits add up to")?,
                    credit: unit(listed.credit, "credits add up to")?,
                    closing: unit(listed.closing.unwrap_or(0) - listed.carried, "the closing balance is")?,
                    auxiliaries,
                };
                accounts.insert(number.clone(), account);
            }
            self.accounts.insert(number, listed);
        }
        Ok(accounts)
    }
}
