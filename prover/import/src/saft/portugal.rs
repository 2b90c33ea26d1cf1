//! SAF-T (PT) 1.04_01 of the Portuguese tax authority, as accounting programs export it: general ledger accounts with both sides of
//! their balances, and the year's entries. Accounts form a tree; only its leaves (`GM`) are posted to, and the sums above them must
//! be theirs. Entries of type `A` determine the result; those that touch nothing but income, expenses and result (classes 6 to 8) are
//! checked like the others and then set aside, because the income statement would be zero after them.

use std::collections::BTreeMap;
use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Period};

use super::amounts::show;
use super::ledger::{Ledger, Listed, Role};
use super::{account, amount, day, missing, name, once};
use crate::books::{Books, Format, Warning};
use crate::xml::Xml;
use crate::{Progress, catalogue, clip, fec};

/// The namespace of version 1.04_01.
pub const NAMESPACE: &str = "urn:OECD:StandardAuditFile-Tax:PT_1.04_01";

/// Portuguese books are kept in euros (the schema fixes the header's currency).
pub const CURRENCY: Currency = fec::CURRENCY;

/// An account that is the sum of others, or that others add up to.
#[derive(Debug)]
struct Node {
    parent: Option<String>,
    closing: i128,
    line: u64,
}

/// The tree of accounts.
type Tree = BTreeMap<String, Node>;

/// Reads the ledger of an accounting file.
///
/// # Errors
/// `no-ledger` for a file that has only documents, and any code of the catalogue that concerns XML, amounts, entries, control totals
/// and the books as a whole; each with its line.
pub fn read<'a>(reader: impl BufRead, file: &'a str, progress: &'a mut Progress<'a>) -> Result<Books, Refusal> {
    let mut xml = Xml::new(reader, file, progress);
    xml.root(&[NAMESPACE])?;
    let root = xml.line();
    let mut ledger = Ledger::new(Format::SaftPt);
    let mut tree = Tree::new();
    let (mut documents, mut entries) = (false, None);
    while xml.child()? {
        match xml.name() {
            "Header" => header(&mut xml, &mut ledger)?,
            "MasterFiles" => master_files(&mut xml, &mut ledger, &mut tree)?,
            "GeneralLedgerEntries" if entries.is_none() => {
                entries = Some(xml.line());
                ledger.journals(&mut xml)?;
            }
            "GeneralLedgerEntries" => {
                return Err(xml.refuse(&catalogue::MISSING_ELEMENT, "GeneralLedgerEntries stands twice"));
            }
            "SourceDocuments" => {
                documents = true;
                xml.skip()?;
            }
            _ => xml.skip()?,
        }
    }
    let Some(entries) = entries else {
        if documents {
            return Err(Refusal::new(
                &catalogue::NO_LEDGER,
                "the file has sales documents and no general ledger",
            )
            .at(file));
        }
        return Err(missing(&xml, "GeneralLedgerEntries", root, "the file"));
    };
    if ledger.accounts.is_empty() {
        return Err(missing(&xml, "MasterFiles/GeneralLedgerAccounts", root, "the file"));
    }
    tied(&tree, &xml)?;
    warn_of_carried(&mut ledger);
    ledger.finish(entries, &mut xml)
}

/// Company, currency and period.
fn header<R: BufRead>(xml: &mut Xml<'_, R>, ledger: &mut Ledger) -> Result<(), Refusal> {
    let line = xml.line();
    let (mut start, mut end, mut created) = (None, None, None);
    while xml.child()? {
        match xml.name() {
            "TaxRegistrationNumber" => ledger.company.registry = Some(name(xml)?),
            "CompanyName" => ledger.company.name = Some(name(xml)?),
            "StartDate" => start = Some(day(xml)?),
            "EndDate" => end = Some(day(xml)?),
            "DateCreated" => created = Some(day(xml)?),
            "CurrencyCode" => {
                let text = xml.text()?;
                if text != CURRENCY.code {
                    let what = format!("the file is in {:?}", clip(text, 10));
                    return Err(xml.refuse(&catalogue::BOOKS_CURRENCY, what).expected(CURRENCY.code));
                }
                once(&mut ledger.currency, CURRENCY, xml)?;
            }
            _ => xml.skip()?,
        }
    }
    if ledger.currency.is_none() {
        return Err(missing(xml, "CurrencyCode", line, "the header"));
    }
    let start = start.ok_or_else(|| missing(xml, "StartDate", line, "the header"))?;
    let end = end.ok_or_else(|| missing(xml, "EndDate", line, "the header"))?;
    ledger.period.stated = Some(Period { start, end });
    ledger.period.doubt = created
        .filter(|made| *made < end)
        .map(|made| format!("the file was made on {made}, before the end of its period, {end}"));
    Ok(())
}

/// Accounts, then customers and suppliers.
fn master_files<R: BufRead>(xml: &mut Xml<'_, R>, ledger: &mut Ledger, tree: &mut Tree) -> Result<(), Refusal> {
    // Customers and suppliers by their account: where it is one's alone, its balance is theirs.
    let mut owners: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    while xml.child()? {
        match xml.name() {
            "GeneralLedgerAccounts" => {
                while xml.child()? {
                    match xml.name() {
                        "Account" => general_account(xml, ledger, tree)?,
                        _ => xml.skip()?,
                    }
                }
            }
            "Customer" => owner(xml, &mut owners, "CustomerID")?,
            "Supplier" => owner(xml, &mut owners, "SupplierID")?,
            _ => xml.skip()?,
        }
    }
    for (number, owners) in owners {
        let Some(listed) = ledger.accounts.get(&number) else {
            continue;
        };
        if let [(key, label)] = owners.as_slice() {
            let (closing, line) = (listed.closing, listed.line);
            ledger.party(&number, key, label, closing, (line, xml))?;
        }
    }
    Ok(())
}

fn general_account<R: BufRead>(xml: &mut Xml<'_, R>, ledger: &mut Ledger, tree: &mut Tree) -> Result<(), Refusal> {
    let currency = ledger.currency(xml)?;
    let mut listed = Listed::at(xml.line());
    let (mut number, mut category, mut parent) = (None, String::new(), None);
    while xml.child()? {
        match xml.name() {
            "AccountID" => {
                let found = account(xml)?;
                once(&mut number, found, xml)?;
            }
            "AccountDescription" => listed.label = name(xml)?,
            "GroupingCategory" => category = name(xml)?,
            "GroupingCode" => parent = Some(account(xml)?),
            "OpeningDebitBalance" => Listed::state(&mut listed.opening, amount(xml, currency)?),
            "OpeningCreditBalance" => Listed::state(&mut listed.opening, -amount(xml, currency)?),
            "ClosingDebitBalance" => Listed::state(&mut listed.closing, amount(xml, currency)?),
            "ClosingCreditBalance" => Listed::state(&mut listed.closing, -amount(xml, currency)?),
            _ => xml.skip()?,
        }
    }
    let line = listed.line;
    match category.as_str() {
        "GM" => {}
        "GR" | "GA" | "AR" | "AA" => listed.role = Role::Total,
        "AM" => listed.role = Role::Cost,
        "" => return Err(missing(xml, "GroupingCategory", line, "an account")),
        other => {
            let what = format!("an account of the category {:?}", clip(other, 10));
            return Err(Refusal::new(&catalogue::MALFORMED_LINE, what)
                .at(xml.place_of(line))
                .expected("GR, GA, GM, AR, AA or AM"));
        }
    }
    if let Some(number) = number.as_ref().filter(|_| category.starts_with('G')) {
        let closing = listed.closing.unwrap_or(0);
        tree.insert(number.clone(), Node { parent, closing, line });
    }
    ledger.list(number, listed, xml)
}

fn owner<R: BufRead>(
    xml: &mut Xml<'_, R>,
    owners: &mut BTreeMap<String, Vec<(String, String)>>,
    id: &str,
) -> Result<(), Refusal> {
    let (mut key, mut number, mut label) = (String::new(), String::new(), String::new());
    while xml.child()? {
        match xml.name() {
            // "Desconhecido" where the customer has no account; nothing is listed under it.
            "AccountID" => number = name(xml)?,
            "CompanyName" => label = name(xml)?,
            tag if tag == id => key = name(xml)?,
            _ => xml.skip()?,
        }
    }
    owners.entry(number).or_default().push((key, label));
    Ok(())
}

/// Every account that is the sum of others closes with that sum.
fn tied<R: BufRead>(tree: &Tree, xml: &Xml<'_, R>) -> Result<(), Refusal> {
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for (number, node) in tree {
        let Some(parent) = &node.parent else { continue };
        if !tree.contains_key(parent) || parent == number {
            let what = format!("account {number} belongs to {parent}, which is not listed");
            return Err(Refusal::new(&catalogue::UNLISTED, what)
                .at(xml.place_of(node.line))
                .expected("another account of MasterFiles/GeneralLedgerAccounts"));
        }
        *sums.entry(parent).or_default() += node.closing;
    }
    for (number, sum) in sums {
        let Some(node) = tree.get(number).filter(|n| n.closing != sum) else {
            continue;
        };
        let shown = |a| show(a, CURRENCY.minor_digits);
        let what = format!("account {number} closes at {}", shown(node.closing));
        return Err(Refusal::new(&catalogue::BALANCE_MISMATCH, what)
            .at(xml.place_of(node.line))
            .expected(format!("{}, the sum of the accounts below it", shown(sum))));
    }
    Ok(())
}

/// Says that the entries which carried the result to equity were set aside.
fn warn_of_carried(ledger: &mut Ledger) {
    let accounts = ledger.accounts.values().filter(|a| a.carried() != 0).count();
    if accounts > 0 {
        let text = format!(
            "entries that only carry the result to equity (type A) were set aside; they touch {accounts} accounts"
        );
        ledger.warnings.push(Warning {
            code: "result-entries-set-aside",
            text,
            line: None,
        });
    }
}
