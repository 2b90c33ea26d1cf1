//! What the ledgers of all SAF-T files have in common: accounts with stated balances, entries, control totals, and the checks of each
//! against the others.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Day};

use super::amounts::{UNIT, show};
use super::{amount, count, missing, once};
use crate::books::{Company, Format, PeriodEvidence, Warning};
use crate::flows::{ENTRY_LINES_MAX, Flows, Move};
use crate::xml::Xml;
use crate::{catalogue, clip, dates};

mod checks;
mod entries;

/// The books while they are read. Amounts in ten-thousandths of minor units, debit positive.
#[derive(Debug)]
pub(super) struct Ledger {
    pub format: Format,
    pub company: Company,
    pub currency: Option<Currency>,
    pub period: PeriodEvidence,
    pub accounts: BTreeMap<String, Listed>,
    /// Who the master files list as customers, where lines name them.
    pub customers: BTreeSet<String>,
    pub control: Control,
    pub warnings: Vec<Warning>,
    flows: Flows,
    entries: u64,
    debit: i128,
    credit: i128,
}

/// An account as the file lists it, and what was posted to it.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub label: String,
    pub standard: Option<String>,
    /// Where it is listed.
    pub line: u64,
    pub role: Role,
    /// Its number among the flows.
    id: u32,
    pub opening: Option<i128>,
    pub closing: Option<i128>,
    debit: i128,
    credit: i128,
    /// Of debit less credit, what entries did that only carry the result to equity.
    carried: i128,
    parties: BTreeMap<String, Party>,
    /// Whether the file gives the parties' balances.
    divided: bool,
}

/// What an account is to the books.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is the ledger's own, and entries are posted to it.
    #[default]
    Own,
    /// It is the sum of others, and nothing is posted to it.
    Total,
    /// It belongs to cost accounting, and takes no part in the books.
    Cost,
}

/// A customer's or supplier's part of an account.
#[derive(Debug, Default)]
struct Party {
    label: String,
    closing: i128,
    line: u64,
}

/// The totals that the file states.
#[derive(Debug, Default)]
pub(super) struct Control {
    entries: Option<u64>,
    debit: Option<i128>,
    credit: Option<i128>,
    line: u64,
}

/// An entry while it is read.
#[derive(Debug)]
struct Transaction {
    id: String,
    first_line: u64,
    /// What it does to each account, where it says of itself that it carries the result to equity.
    carries: Option<BTreeMap<String, i128>>,
    /// Its lines, whose month is not known before its date is.
    moves: Vec<Move>,
    last_line: u64,
    sum: i128,
    lines: u64,
}

impl Transaction {
    fn new(first_line: u64) -> Self {
        Self {
            id: String::new(),
            first_line,
            carries: None,
            moves: Vec::new(),
            last_line: first_line,
            sum: 0,
            lines: 0,
        }
    }
}

/// One line of an entry.
#[derive(Debug, Default)]
struct Posting {
    account: Option<String>,
    debit: Option<i128>,
    credit: Option<i128>,
    /// The customer whom the line names.
    customer: Option<String>,
    /// The supplier, who is nobody's customer: read so that it is not given twice.
    supplier: Option<String>,
    line: u64,
}

impl Control {
    /// Takes one of the three totals; `false` where the element that was entered is none of them.
    pub(super) fn element<R: BufRead>(&mut self, xml: &mut Xml<'_, R>, currency: Currency) -> Result<bool, Refusal> {
        match xml.name() {
            "NumberOfEntries" => {
                self.line = xml.line();
                let stated = count(xml)?;
                once(&mut self.entries, stated, xml)?;
            }
            "TotalDebit" => {
                let stated = amount(xml, currency)?;
                once(&mut self.debit, stated, xml)?;
            }
            "TotalCredit" => {
                let stated = amount(xml, currency)?;
                once(&mut self.credit, stated, xml)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Compares the totals with what was counted.
    pub(super) fn check<R: BufRead>(
        &self,
        counted: (u64, i128, i128),
        currency: Currency,
        section: (&str, u64),
        xml: &Xml<'_, R>,
    ) -> Result<(), Refusal> {
        let (within, line) = section;
        let lacks = |element| missing(xml, element, line, within);
        let stated = self.entries.ok_or_else(|| lacks("NumberOfEntries"))?;
        let debit = self.debit.ok_or_else(|| lacks("TotalDebit"))?;
        let credit = self.credit.ok_or_else(|| lacks("TotalCredit"))?;
        let refuse = |what: String, found: String| {
            Refusal::new(&catalogue::CONTROL_TOTAL, format!("{within} states {what}"))
                .at(xml.place_of(self.line))
                .expected(format!("{found}, as the file contains"))
        };
        if stated != counted.0 {
            return Err(refuse(format!("{stated} entries"), counted.0.to_string()));
        }
        for (name, stated, counted) in [("debit", debit, counted.1), ("credit", credit, counted.2)] {
            if stated != counted {
                let shown = |a| show(a, currency.minor_digits);
                return Err(refuse(format!("a total {name} of {}", shown(stated)), shown(counted)));
            }
        }
        Ok(())
    }
}

impl Ledger {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            company: Company::default(),
            currency: None,
            period: PeriodEvidence::default(),
            accounts: BTreeMap::new(),
            customers: BTreeSet::new(),
            control: Control::default(),
            warnings: Vec::new(),
            flows: Flows::new(UNIT),
            entries: 0,
            debit: 0,
            credit: 0,
        }
    }

    /// The currency of the header, which stands before every amount.
    pub(super) fn currency<R: BufRead>(&self, xml: &Xml<'_, R>) -> Result<Currency, Refusal> {
        self.currency
            .ok_or_else(|| missing(xml, "currency", xml.line(), "the header"))
    }

    /// Lists an account.
    pub(super) fn list<R: BufRead>(
        &mut self,
        number: Option<String>,
        mut account: Listed,
        xml: &Xml<'_, R>,
    ) -> Result<(), Refusal> {
        let line = account.line;
        let number = number.ok_or_else(|| missing(xml, "AccountID", line, "an account"))?;
        for (value, element) in [
            (account.opening, "opening balance"),
            (account.closing, "closing balance"),
        ] {
            if value.is_none() {
                return Err(missing(xml, element, line, &format!("account {number}")));
            }
        }
        if let Some(first) = self.accounts.get(&number) {
            let what = format!("account {number} was listed on line {}", first.line);
            return Err(Refusal::new(&catalogue::DUPLICATE_ACCOUNT, what).at(xml.place_of(line)));
        }
        account.id = self.flows.account(&number);
        self.accounts.insert(number, account);
        Ok(())
    }

    /// Adds a customer's or supplier's balance to its account.
    pub(super) fn party<R: BufRead>(
        &mut self,
        account: &str,
        key: &str,
        label: &str,
        closing: Option<i128>,
        place: (u64, &Xml<'_, R>),
    ) -> Result<(), Refusal> {
        let (line, xml) = place;
        let Some(listed) = self.accounts.get_mut(account) else {
            return Err(self.unlisted(account, line, xml));
        };
        let party = Party {
            label: label.to_owned(),
            closing: closing.unwrap_or(0),
            line,
        };
        listed.divided |= closing.is_some();
        if listed.parties.insert(key.to_owned(), party).is_some() {
            let what = format!("{} has two balances on account {account}", clip(key, 40));
            return Err(Refusal::new(&catalogue::DUPLICATE_ACCOUNT, what).at(xml.place_of(line)));
        }
        Ok(())
    }

    fn unlisted<R: BufRead>(&self, account: &str, line: u64, xml: &Xml<'_, R>) -> Refusal {
        if self.accounts.is_empty() {
            return missing(xml, "MasterFiles/GeneralLedgerAccounts", line, "the file");
        }
        let what = format!("account {account} is not among the accounts of the master files");
        Refusal::new(&catalogue::UNLISTED, what)
            .at(xml.place_of(line))
            .expected("an account of MasterFiles/GeneralLedgerAccounts")
    }

    /// Notes an entry's date, and gives it: the document's, or where only the posting's lies inside the stated period, that.
    fn dated(&mut self, document: Day, posting: Option<Day>, line: u64) -> Day {
        let inside = |d: &Day| self.period.stated.is_some_and(|p| (p.start..=p.end).contains(d));
        let day = posting.filter(|p| !inside(&document) && inside(p)).unwrap_or(document);
        self.period.note(day, line);
        day
    }

    /// Books one line of an entry.
    fn post<R: BufRead>(
        &mut self,
        transaction: &mut Transaction,
        posting: &Posting,
        xml: &Xml<'_, R>,
    ) -> Result<(), Refusal> {
        let within = || format!("a line of entry {}", clip(&transaction.id, 40));
        let number = posting
            .account
            .as_deref()
            .ok_or_else(|| missing(xml, "AccountID", posting.line, &within()))?;
        if posting.debit.is_none() && posting.credit.is_none() {
            return Err(missing(xml, "DebitAmount or CreditAmount", posting.line, &within()));
        }
        let (debit, credit) = (posting.debit.unwrap_or(0), posting.credit.unwrap_or(0));
        let Some(account) = self.accounts.get_mut(number) else {
            return Err(self.unlisted(number, posting.line, xml));
        };
        if account.role == Role::Total {
            let what = format!("{} posts to account {number}, which is the sum of others", within());
            return Err(Refusal::new(&catalogue::MALFORMED_LINE, what)
                .at(xml.place_of(posting.line))
                .expected("an account that is posted to"));
        }
        account.debit += debit;
        account.credit += credit;
        if let Some(carried) = &mut transaction.carries {
            *carried.entry(number.to_owned()).or_default() += debit - credit;
        }
        self.debit += debit;
        self.credit += credit;
        if transaction.moves.len() >= ENTRY_LINES_MAX {
            transaction.moves.clear();
            self.flows.lose("an entry has too many lines");
        } else if account.role == Role::Own && self.flows.whole_so_far() {
            // Portuguese customers have accounts of their own, and their lines do not name them. Whom the master files do not list is nobody.
            let owner = account.parties.keys().next().filter(|_| self.format == Format::SaftPt);
            let named = posting.customer.as_ref().filter(|id| self.customers.contains(*id));
            let part = self.flows.part(named.or(owner).map_or("", String::as_str));
            transaction.moves.push(Move {
                account: account.id,
                part,
                month: 0,
                amount: debit - credit,
            });
        }
        transaction.sum += debit - credit;
        transaction.lines += 1;
        transaction.last_line = posting.line;
        Ok(())
    }

    /// Sets aside an entry that says of itself that it carries the result to equity, where it touches no account of the balance
    /// sheet and none of cost accounting: after it the income statement would be zero. `true` where it was.
    fn set_aside(&mut self, transaction: &Transaction) -> bool {
        let Some(carried) = &transaction.carries else {
            return false;
        };
        let of_the_result = |number: &String| {
            let own = self.accounts.get(number).is_some_and(|a| a.role == Role::Own);
            own && number.starts_with(['6', '7', '8'])
        };
        let aside = carried.keys().all(of_the_result);
        for (number, amount) in carried.iter().filter(|_| aside) {
            if let Some(account) = self.accounts.get_mut(number) {
                account.carried += amount;
            }
        }
        aside
    }

    /// The end of an entry: it must balance.
    fn close<R: BufRead>(
        &mut self,
        mut transaction: Transaction,
        day: Day,
        currency: Currency,
        xml: &Xml<'_, R>,
    ) -> Result<(), Refusal> {
        self.entries += 1;
        let (id, first) = (clip(&transaction.id, 40).to_string(), transaction.first_line);
        if transaction.lines == 0 {
            return Err(missing(xml, "Line", first, &format!("entry {id}")));
        }
        if transaction.sum == 0 {
            if !self.set_aside(&transaction) {
                let month = dates::month(day);
                transaction.moves.iter_mut().for_each(|line| line.month = month);
                self.flows.entry(&mut transaction.moves);
            }
            return Ok(());
        }
        let side = if transaction.sum > 0 { "debit" } else { "credit" };
        let sum = show(transaction.sum.abs(), currency.minor_digits);
        let place = format!(
            "{} (entry {id}, lines {first} to {})",
            xml.place_of(first),
            transaction.last_line
        );
        Err(Refusal::new(
            &catalogue::UNBALANCED_ENTRY,
            format!("entry {id} has {sum} too much {side}"),
        )
        .at(place)
        .expected("debits equal to credits in every entry"))
    }
}

impl Listed {
    /// An account that is listed on this line.
    pub(super) fn at(line: u64) -> Self {
        Self {
            line,
            ..Self::default()
        }
    }

    /// What the closing balance must be.
    fn expected(&self) -> i128 {
        self.opening.unwrap_or(0) + self.debit - self.credit
    }

    /// Adds to the opening or closing balance, which a file may state as two sides.
    pub(super) fn state(slot: &mut Option<i128>, amount: i128) {
        *slot = Some(slot.unwrap_or(0) + amount);
    }

    /// What entries did that only carry the result to equity.
    pub(super) fn carried(&self) -> i128 {
        self.carried
    }
}
