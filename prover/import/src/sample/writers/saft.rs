//! A Norwegian SAF-T Financial file, version 1.20: header, accounts with their balances, customers, suppliers, entries.

use std::io::{self, Write};

use covenant_policy::statement::Day;
use quick_xml::escape::escape;

use super::{plain, text};
use crate::saft::norway::NAMESPACE;
use crate::sample::company::Company;
use crate::sample::roles::Role;
use crate::sample::{Entry, Journal, Kind, Sink};

/// The totals that stand before the entries.
#[derive(Default)]
pub(in crate::sample) struct Totals {
    entries: u64,
    debit: i64,
}

impl Sink for Totals {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.entries += 1;
        self.debit += entry.lines.iter().map(|l| l.amount.max(0)).sum::<i64>();
        Ok(())
    }
}

/// The file while it is written.
pub(in crate::sample) struct Saft<'a, W> {
    out: &'a mut W,
    lines: u64,
}

impl<'a, W: Write> Saft<'a, W> {
    /// Writes everything before the entries.
    pub(in crate::sample) fn new(
        out: &'a mut W,
        opened: &Company,
        closed: &Company,
        totals: &Totals,
    ) -> io::Result<Self> {
        let mut this = Self { out, lines: 0 };
        this.header(closed)?;
        this.put("  <MasterFiles>\n    <GeneralLedgerAccounts>")?;
        for role in Role::all() {
            let (account, label) = role.account(Kind::SaftNo);
            let group = account.get(..2).unwrap_or(account);
            let balances = balances(opened.totals[role.index()], closed.totals[role.index()]);
            this.put(&format!(
                "      <Account>\n        <AccountID>{account}</AccountID>\n        <AccountDescription>{label}</AccountDescription>\n        \
                 <StandardAccountID>{group}</StandardAccountID>\n        <AccountType>GL</AccountType>\n        {balances}\n      </Account>"
            ))?;
        }
        this.put("    </GeneralLedgerAccounts>")?;
        this.parties(
            ("Customer", "Kunde"),
            Role::Customers,
            &opened.customers,
            &closed.customers,
        )?;
        this.parties(
            ("Supplier", "Leverandør"),
            Role::Suppliers,
            &opened.suppliers,
            &closed.suppliers,
        )?;
        let total = plain(totals.debit);
        this.put(&format!(
            "  </MasterFiles>\n  <GeneralLedgerEntries>\n    <NumberOfEntries>{}</NumberOfEntries>\n    <TotalDebit>{total}</TotalDebit>\n    \
             <TotalCredit>{total}</TotalCredit>\n    <Journal>\n      <JournalID>1</JournalID>\n      \
             <Description>Hovedbok</Description>\n      <Type>GL</Type>",
            totals.entries
        ))?;
        Ok(this)
    }

    fn header(&mut self, company: &Company) -> io::Result<()> {
        let (year, _, _) = company.period.start.to_civil();
        let created = Day(company.period.end.0 + 31);
        let name = escape(company.name.as_str());
        self.put(&format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AuditFile xmlns=\"{NAMESPACE}\">\n  <Header>\n    \
             <AuditFileVersion>1.20</AuditFileVersion>\n    <AuditFileCountry>NO</AuditFileCountry>\n    \
             <AuditFileDateCreated>{created}</AuditFileDateCreated>\n    <SoftwareID>covenant sample</SoftwareID>\n    <Company>\n      \
             <RegistrationNumber>{}</RegistrationNumber>\n      <Name>{name}</Name>\n    </Company>\n    \
             <DefaultCurrencyCode>NOK</DefaultCurrencyCode>\n    <SelectionCriteria>\n      <PeriodStart>1</PeriodStart>\n      \
             <PeriodStartYear>{year}</PeriodStartYear>\n      <PeriodEnd>12</PeriodEnd>\n      <PeriodEndYear>{year}</PeriodEndYear>\n    \
             </SelectionCriteria>\n    <TaxAccountingBasis>A</TaxAccountingBasis>\n  </Header>",
            company.registry
        ))
    }

    fn parties(&mut self, names: (&str, &str), role: Role, opened: &[i64], closed: &[i64]) -> io::Result<()> {
        let (element, label) = names;
        let (account, _) = role.account(Kind::SaftNo);
        self.put(&format!("    <{element}s>"))?;
        for (i, (opening, closing)) in opened.iter().zip(closed).enumerate() {
            let balances = balances(*opening, *closing);
            self.put(&format!(
                "      <{element}>\n        <Name>{label} {i:05}</Name>\n        <{element}ID>{i:05}</{element}ID>\n        \
                 <AccountID>{account}</AccountID>\n        {balances}\n      </{element}>"
            ))?;
        }
        self.put(&format!("    </{element}s>"))
    }

    /// Writes the end, and gives back the number of lines.
    pub(in crate::sample) fn end(mut self) -> io::Result<u64> {
        self.put("    </Journal>\n  </GeneralLedgerEntries>\n</AuditFile>")?;
        Ok(self.lines)
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        self.lines += text.bytes().filter(|b| *b == b'\n').count() as u64 + 1;
        self.out.write_all(text.as_bytes())?;
        self.out.write_all(b"\n")
    }
}

/// Opening and closing balance, each on its side.
fn balances(opening: i64, closing: i64) -> String {
    let one = |name: &str, amount: i64| {
        let side = if amount < 0 { "Credit" } else { "Debit" };
        format!("<{name}{side}Balance>{}</{name}{side}Balance>", plain(amount.abs()))
    };
    format!("{}\n        {}", one("Opening", opening), one("Closing", closing))
}

impl<W: Write> Sink for Saft<'_, W> {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let (series, text) = text(Kind::SaftNo, entry);
        let (day, (year, month, _)) = (entry.day, entry.day.to_civil());
        let kind = match entry.journal {
            Journal::Sales | Journal::Purchases | Journal::Bank => "Normal",
            Journal::General => "Other",
        };
        self.put(&format!(
            "      <Transaction>\n        <TransactionID>{series}-{}</TransactionID>\n        <Period>{month}</Period>\n        \
             <PeriodYear>{year}</PeriodYear>\n        <TransactionDate>{day}</TransactionDate>\n        \
             <TransactionType>{kind}</TransactionType>\n        <Description>{text}</Description>\n        \
             <GLPostingDate>{day}</GLPostingDate>",
            entry.number
        ))?;
        for (i, line) in entry.lines.iter().filter(|l| l.amount != 0).enumerate() {
            let (account, _) = line.role.account(Kind::SaftNo);
            let party = match (line.role, line.party) {
                (Role::Customers, Some(p)) => format!("<CustomerID>{p:05}</CustomerID>"),
                (Role::Suppliers, Some(p)) => format!("<SupplierID>{p:05}</SupplierID>"),
                _ => String::new(),
            };
            let side = if line.amount < 0 { "Credit" } else { "Debit" };
            self.put(&format!(
                "        <Line><RecordID>{}</RecordID><AccountID>{account}</AccountID>{party}<Description>{text}</Description>\
                 <{side}Amount><Amount>{}</Amount></{side}Amount></Line>",
                i + 1,
                plain(line.amount.abs())
            ))?;
        }
        self.put("      </Transaction>")
    }
}
