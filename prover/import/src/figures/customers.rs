//! How much of the receivables, and of what was invoiced, the largest customers make up: for the review sheet. Where customers
//! are not told apart, that is said; one account for all of them is never taken for one customer.

use std::collections::{BTreeMap, BTreeSet};

use crate::books::Books;
use crate::flows::Flows;
use crate::mapping::Mapping;
use crate::position::figure;
use crate::review::{Amount, Concentration, Customer, Customers};

/// Customers that are listed.
const LISTED: usize = 5;

/// Both lists, or why there is none.
pub(super) fn customers(books: &Books, mapping: &Mapping) -> Customers {
    let accounts = CustomerAccounts::of(books, mapping);
    let told = accounts.told();
    Customers {
        receivables: told
            .clone()
            .map_or_else(Concentration::not_covered, |()| accounts.receivables()),
        invoiced: told.map_or_else(Concentration::not_covered, |()| accounts.invoiced()),
    }
}

/// The accounts on which customers stand.
struct CustomerAccounts<'a> {
    books: &'a Books,
    mapping: &'a Mapping,
    numbers: BTreeSet<&'a str>,
}

impl<'a> CustomerAccounts<'a> {
    fn of(books: &'a Books, mapping: &'a Mapping) -> Self {
        let is_customers = |number: &&'a String| {
            mapping.rule_in(books, number).is_some_and(|rule| {
                let receivable = rule.debit.figures().any(|(j, _)| j == figure::TRADE_RECEIVABLES);
                receivable && rule.two_sided()
            })
        };
        let numbers = books.accounts.keys().filter(is_customers).map(String::as_str).collect();
        Self {
            books,
            mapping,
            numbers,
        }
    }

    fn accounts(&self) -> impl Iterator<Item = (&'a str, &'a crate::Account)> {
        let books = self.books;
        self.numbers
            .iter()
            .filter_map(move |number| Some((*number, books.accounts.get(*number)?)))
    }

    /// Whether every balance belongs to somebody, and not all to one, who may be a collective name.
    fn told(&self) -> Result<(), String> {
        let mut who = BTreeSet::new();
        for (number, account) in self.accounts() {
            let nobody = match account.auxiliaries.is_empty() {
                true => account.closing != 0 || account.debit != 0,
                false => account.auxiliaries.get("").is_some_and(|rest| rest.closing != 0),
            };
            if nobody {
                return Err(format!(
                    "customers are kept on account {number} without sub-accounts, so that they are not told apart"
                ));
            }
            who.extend(account.auxiliaries.keys().filter(|key| !key.is_empty()));
        }
        match who.len() {
            0 => Err("the books have no customers' accounts".to_owned()),
            1 => Err("there is one sub-account only, which may stand for many customers".to_owned()),
            _ => Ok(()),
        }
    }

    fn label(&self, who: &str) -> String {
        let labels = self.accounts().filter_map(|(_, account)| account.auxiliaries.get(who));
        labels.map(|part| part.label.clone()).next().unwrap_or_default()
    }

    /// By what each owes, debit balances only.
    fn receivables(&self) -> Concentration {
        let mut owed: BTreeMap<&str, i128> = BTreeMap::new();
        for (_, account) in self.accounts() {
            for (who, part) in account
                .auxiliaries
                .iter()
                .filter(|(who, part)| !who.is_empty() && part.closing > 0)
            {
                *owed.entry(who).or_insert(0) += i128::from(part.closing);
            }
        }
        self.list(owed)
    }

    /// By what each was invoiced within the period, taxes included: their side of the entries that book revenue and no payment.
    fn invoiced(&self) -> Concentration {
        let flows: &Flows = &self.books.flows;
        if let Err(why) = flows.whole() {
            return Concentration::not_covered(why.to_owned());
        }
        let feeds = |number: &str, figure: usize| {
            let rule = self.mapping.rule_in(self.books, number);
            rule.is_some_and(|rule| rule.debit.figures().any(|(j, _)| j == figure))
        };
        let invoices = |with: &[&str]| {
            let any = |figure| with.iter().any(|number| feeds(number, figure));
            any(figure::REVENUE) && !any(figure::CASH)
        };
        // An invoice and a credit note that are nobody's do not make up for each other, so the absolute amounts count.
        let nobodys = |(with, own, amount): &(Vec<&str>, &str, i128)| {
            *amount != 0 && self.numbers.contains(own) && invoices(with)
        };
        if let Some((_, own, _)) = flows.unnamed().find(nobodys) {
            return Concentration::not_covered(format!("invoices on account {own} do not all say whose they are"));
        }
        let mut invoiced: BTreeMap<&str, i128> = BTreeMap::new();
        for (with, own, who, amount) in flows.shares() {
            if invoices(&with) && self.numbers.contains(own) {
                *invoiced.entry(who).or_insert(0) += amount;
            }
        }
        let scale = flows.scale();
        invoiced.values_mut().for_each(|amount| *amount /= scale);
        invoiced.retain(|_, amount| *amount > 0);
        self.list(invoiced)
    }

    fn list(&self, by: BTreeMap<&str, i128>) -> Concentration {
        let total: i128 = by.values().sum();
        if total == 0 {
            return Concentration::not_covered("there are none".to_owned());
        }
        let digits = self.books.currency.minor_digits;
        let count = by.len();
        let mut largest: Vec<(&str, i128)> = by.into_iter().collect();
        largest.sort_by_key(|(who, amount)| (-amount, *who));
        let line = |(who, amount): (&str, i128)| Customer {
            who: who.to_owned(),
            label: self.label(who),
            amount: Amount { minor: amount, digits },
            per_mille: per_mille(amount, total),
        };
        let top: i128 = largest.iter().take(LISTED).map(|(_, amount)| amount).sum();
        Concentration {
            customers: count,
            total: Amount { minor: total, digits },
            top_per_mille: per_mille(top, total),
            largest: largest.into_iter().take(LISTED).map(line).collect(),
            reason: None,
        }
    }
}

fn per_mille(part: i128, of: i128) -> u32 {
    u32::try_from(part.saturating_mul(1000) / of.max(1)).unwrap_or(1000)
}
