//! The table of `docs/formats/imports.md`: every published file that this project is tried on, what becomes of it, and with which
//! totals. The test reads each of them and compares; `COVENANT_GOLDEN=write` writes the table anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use covenant_import::amount::group_amount;
use covenant_import::invoices::{Builder, InvoiceList, Options as ListOptions};
use covenant_import::position::figure as f;
use covenant_import::{Format, Options, ReceivablesFormat, receivables, recognise, saft, ubl};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Period;

use crate::data;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/formats/imports.md");
const BEGIN: &str = "<!-- table: written by the test imports -->\n";
const END: &str = "<!-- end of table -->";

/// The folders whose files are listed, and how the page calls where they come from.
const FOLDERS: &[(&str, &str)] = &[
    ("fec", "FEC of fec-reader"),
    ("sie", "SIE 4 of jsisie"),
    ("saft-no", "SAF-T of the Norwegian Tax Administration"),
    ("saft-pt", "SAF-T of Saft-PT_4_PHP"),
    ("ubl", "UBL of Peppol BIS Billing 3"),
    ("receivables", "IBM's sample of receivables"),
];

/// What must be stated for a file, because it leaves it open: file, option as the command line takes it.
const STATED: &[(&str, &str)] = &[
    ("jsisie_transaktioner_ovnbolag.se", "--period 2011-01-01..2011-03-31"),
    ("saft_idemo599999999.xml", "--term 30"),
    ("vat-category-E.xml", "--term 30"),
    ("vat-category-O.xml", "--term 30"),
    ("vat-category-Z.xml", "--term 30"),
    (
        "ibm-accounts-receivable-2012.csv",
        "--csv-format (below) --seller SAMPLE:1",
    ),
];

/// The declaration of IBM's file, which has no currency column.
const RECEIVABLES: &str = r#"type = "covenant-receivables-format"
version = 1
separator = ","
decimal = "."
encoding = "utf-8"
currency = "USD"
header = true
dates = "M/D/YYYY"
yes = ["Yes"]
no = ["No"]

[columns]
number = "invoiceNumber"
debtor = "customerID"
issued = "InvoiceDate"
due = "DueDate"
amount = "InvoiceAmount"
settled = "SettledDate"
disputed = "Disputed"
"#;

/// One row: what the file was read as, and its totals; or why it is refused.
fn outcome(path: &Path, name: &str, stated: Option<&str>) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let sales = recognise(&bytes[..bytes.len().min(1_000)], name) == Ok(Format::SaftPt);
    let read = if sales {
        sales_documents(&bytes, name, stated)
    } else if ubl::recognised(&bytes[..bytes.len().min(4096)]) {
        invoices(&bytes, name, stated)
    } else if stated.is_some_and(|s| s.starts_with("--csv-format")) {
        listed(&bytes, name)
    } else {
        books(&bytes, name, stated)
    };
    match read {
        Ok(totals) => format!("accepted | {totals}"),
        Err(refusal) => format!("refused | `{}`: {}", refusal.code(), refusal.what.replace('|', "\\|")),
    }
}

fn books(bytes: &[u8], name: &str, stated: Option<&str>) -> Result<String, Refusal> {
    let books = data::books_of(bytes, name)?;
    let days = stated.and_then(|s| s.strip_prefix("--period ")?.split_once(".."));
    let options = Options {
        period: days.map(|(from, to)| Period::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()),
        ..Options::default()
    };
    let imported = data::import(&books, &options)?;
    let x = imported.statement.figures.0;
    assert_eq!(
        x[f::TOTAL_ASSETS],
        x[f::TOTAL_LIABILITIES] + x[f::EQUITY] + x[f::ROUNDING_DIFFERENCE]
    );
    let show = |figure: usize| group_amount(x[figure].into(), books.currency.minor_digits);
    Ok(format!(
        "{} lines, {} entries; assets {} = liabilities {} + equity {}; result {} {}",
        books.lines,
        books.entries,
        show(f::TOTAL_ASSETS),
        show(f::TOTAL_LIABILITIES),
        show(f::EQUITY),
        show(f::NET_INCOME),
        books.currency.code
    ))
}

fn invoices(bytes: &[u8], name: &str, stated: Option<&str>) -> Result<String, Refusal> {
    let document = ubl::read(bytes, name, &mut |_| {})?;
    let mut builder = Builder::new(list_options(stated));
    builder.source(name);
    builder.add(document)?;
    let list = builder.finish()?;
    let item = &list.items[0];
    let show = |amount: i64| group_amount(amount.into(), list.currency.minor_digits);
    Ok(format!(
        "{} {}, due {}: total {}, tax {}, payable {} {}",
        item.kind,
        item.number.written.replace('|', "\\|"),
        item.due_day(),
        show(item.amounts.total),
        item.amounts.tax.map_or_else(|| "not said".to_owned(), show),
        show(item.amounts.payable),
        list.currency.code
    ))
}

/// A SAF-T (PT) file holds a ledger or sales documents.
fn sales_documents(bytes: &[u8], name: &str, stated: Option<&str>) -> Result<String, Refusal> {
    match data::books_of(bytes, name) {
        Err(refusal) if refusal.code() == "no-ledger" => {}
        _ => return books(bytes, name, stated),
    }
    let mut builder = Builder::new(list_options(stated));
    builder.source(name);
    for document in saft::documents::read(bytes, name, &mut |_| {})?.into_documents() {
        builder.add(document)?;
    }
    totals(&builder.finish()?)
}

fn list_options(stated: Option<&str>) -> ListOptions {
    ListOptions {
        term_days: stated.and_then(|s| s.strip_prefix("--term ")?.parse().ok()),
        ..ListOptions::default()
    }
}

fn listed(bytes: &[u8], name: &str) -> Result<String, Refusal> {
    totals(&receivables_list(bytes, name)?)
}

fn totals(list: &InvoiceList) -> Result<String, Refusal> {
    let left_out = match list.excluded.len() {
        0 => String::new(),
        count => format!(", {count} left out"),
    };
    let total: i128 = list.items.iter().map(|i| i128::from(i.amounts.payable)).sum();
    Ok(format!(
        "{} documents of {} debtors{left_out}, payable {} {}",
        list.items.len(),
        list.debtors.len(),
        group_amount(total, list.currency.minor_digits),
        list.currency.code
    ))
}

/// IBM's file as a list.
pub fn receivables_list(bytes: &[u8], name: &str) -> Result<InvoiceList, Refusal> {
    let format = ReceivablesFormat::from_toml(RECEIVABLES, "declaration")?;
    let mut builder = Builder::new(ListOptions {
        seller: vec!["SAMPLE:1".to_owned()],
        ..ListOptions::default()
    });
    receivables::read(bytes, name, &format, &mut builder, &mut |_| {})?;
    builder.finish()
}

/// Every file of a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect()
}

#[test]
fn the_page_says_what_becomes_of_every_file() {
    let Some(data) = data::file("") else { return };
    let mut table = String::from("| source | file | stated | | totals, or why not |\n|---|---|---|---|---|\n");
    let mut seen = BTreeSet::new();
    for (folder, source) in FOLDERS {
        for (name, path) in files(&data.join(folder)) {
            let stated = STATED.iter().find(|(file, _)| *file == name).map(|(_, option)| *option);
            let outcome = outcome(&path, &name, stated);
            table += &format!("| {source} | `{name}` | {} | {outcome} |\n", stated.unwrap_or_default());
            seen.insert(name);
        }
    }
    for (file, _) in STATED {
        assert!(seen.contains(*file), "{file} is not there");
    }
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the table's beginning");
    let (kept, after) = rest.split_once(END).expect("the table's end");
    assert!(page.contains(RECEIVABLES), "the page shows another declaration");
    if std::env::var_os("COVENANT_GOLDEN").is_some_and(|v| v == "write") {
        std::fs::write(PAGE, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(kept, table, "COVENANT_GOLDEN=write writes the table anew");
}
