//! The Norwegian tax administration's example company, and its list of standard accounts.

use covenant_import::invoices::{Builder, Options};
use covenant_import::{Books, Mapping, saft};
use covenant_policy::refusal::Refusal;

use crate::data;

const EXAMPLE: &str = "saft-no/SAF-T_Financial_888888888_20180228235959.xml";
const STANDARD: &str = "saft-no/General_Ledger_Standard_Accounts_4_character_2020.csv";
const NAME: &str = "SAF-T_Financial_888888888_20180228235959.xml";

fn text() -> Option<String> {
    Some(std::fs::read_to_string(data::file(EXAMPLE)?).unwrap())
}

fn read(text: &str) -> Result<Books, Refusal> {
    saft::norway::read(text.as_bytes(), NAME, &mut |_| {})
}

/// The same text with one piece replaced.
fn with(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replacen(from, to, 1)
}

fn refused(text: &str, code: &str) -> (String, String, String) {
    let refusal = read(text).unwrap_err();
    assert_eq!(refusal.code(), code, "{refusal:?}");
    (
        refusal.what,
        refusal.expected.unwrap_or_default(),
        refusal.place.unwrap_or_default(),
    )
}

/// The example's entries balance and its control totals tie (53 entries of 9,487,049.35), but its balances are invented: an account does
/// not follow from its entries, the customers and suppliers are not their accounts, and the accounts do not add up to zero. It
/// deserves its refusal; each reason shows once those before it are mended.
#[test]
fn the_example_company_is_refused_for_its_balances() {
    let Some(text) = text() else { return };
    let (what, expected, place) = refused(&text, "balance-mismatch");
    assert_eq!(what, "account 1920 closes at 670568.75; 2 more do not tie: 2711, 2740");
    assert_eq!(
        expected,
        "724407.00: 370000.00 brought forward, and entries of 354407.00"
    );
    assert_eq!(place, format!("{NAME}:100"));

    let text = with(
        &text,
        "<n1:ClosingDebitBalance>670568.75<",
        "<n1:ClosingDebitBalance>724407.00<",
    );
    let zero = |account: &str| {
        let from = text.find(&format!("<n1:AccountID>{account}<")).unwrap();
        let to = from + text[from..].find("</n1:Account>").unwrap();
        text[from..to].to_owned()
    };
    let (middle, settlement) = (zero("2711"), zero("2740"));
    let text = with(
        &text,
        &middle,
        &middle.replace("ClosingDebitBalance>0<", "ClosingDebitBalance>-0.35<"),
    );
    let text = with(
        &text,
        &settlement,
        &settlement.replace("ClosingCreditBalance>0<", "ClosingCreditBalance>-0.35<"),
    );
    let (what, expected, _) = refused(&text, "sub-ledger-untied");
    assert_eq!(what, "the 6 customers or suppliers on account 1500 add up to 135500.00");
    assert_eq!(expected, "103700.00, the account's closing balance");

    let text = with(
        &text,
        "<n1:ClosingDebitBalance>265500<",
        "<n1:ClosingDebitBalance>233700<",
    );
    let (what, expected, _) = refused(&text, "sub-ledger-untied");
    assert_eq!(what, "the 6 customers or suppliers on account 2400 add up to -62224.50");
    assert_eq!(expected, "-212025.00, the account's closing balance");

    let text = with(
        &text,
        "<n1:ClosingCreditBalance>26825<",
        "<n1:ClosingCreditBalance>176625.50<",
    );
    let (what, _, place) = refused(&text, "unbalanced-books");
    assert_eq!(
        what,
        "closing balances add up to 2545410.00, opening balances to 2545410.00"
    );
    assert_eq!(place, NAME);
}

const DOCUMENTS: &str = "saft-pt/saft_idemo599999999.xml";

#[test]
fn the_portuguese_documents_tie_to_the_cent() {
    use covenant_import::saft::documents::{self, Kind, Status};
    let Some(path) = data::file(DOCUMENTS) else { return };
    let bytes = std::fs::read(path).unwrap();
    let mut seen = 0;
    let mut progress = |n| seen = n;
    let sales = documents::read(&bytes[..], "saft.xml", &mut progress).unwrap();
    assert_eq!(seen, bytes.len() as u64);
    assert_eq!(sales.company.registry.as_deref(), Some("599999993"));
    assert_eq!(sales.company.name.as_deref(), Some("Entidade comercial - Demonstração"));
    assert_eq!(sales.period.to_string(), "2017-02-01 to 2018-01-31");
    let with = |status| sales.documents.iter().filter(move |d| d.status == status);
    assert_eq!((sales.documents.len(), with(Status::Cancelled).count()), (24, 6));
    let sum = |kind| -> (usize, i64, i64, i64) {
        let of = with(Status::Counts).filter(move |d| d.kind == kind);
        of.fold((0, 0, 0, 0), |(n, net, tax, gross), d| {
            (n + 1, net + d.net, tax + d.tax, gross + d.gross)
        })
    };
    assert_eq!(sum(Kind::Invoice), (13, 1_491_869, 269_242, 1_761_111));
    assert_eq!(sum(Kind::CreditNote), (5, -220_178, -44_036, -264_214));
    let invoice = |number: &str| sales.documents.iter().find(|d| d.number == number).unwrap();
    assert_eq!((invoice("1T 1/4").gross, invoice("1T 1/4").withheld), (120_000, 15_000));
    assert_eq!(
        invoice("1TR R/1").paid.iter().map(|p| p.1).collect::<Vec<_>>(),
        [10_000, 2_000]
    );
    assert_eq!(invoice("2T A/5").references, ["FTM V/23", "FTM V/24"]);
    let receipt = &sales.receipts[0];
    assert_eq!(
        (sales.receipts.len(), receipt.number.as_str(), receipt.gross),
        (2, "PGT 1T1/1", 700_000)
    );
    assert_eq!(
        (receipt.settles[0].invoice.as_str(), receipt.settles[0].amount),
        ("1T 1/6", 700_000)
    );
    assert!(sales.receipts[1].cancelled);
    assert_eq!(sales.customers["CB1"].tax_id.as_deref(), Some("508650704"));
    assert_eq!(sales.customers["CA1"].tax_id, None);
    // As a list of claims: 18 that count, and six that were cancelled.
    let mut builder = Builder::new(Options {
        term_days: Some(60),
        ..Options::default()
    });
    builder.source("saft.xml");
    for document in sales.into_documents() {
        builder.add(document).unwrap();
    }
    let list = builder.finish().unwrap();
    assert_eq!((list.items.len(), list.excluded.len()), (18, 6));
    let end = "2018-01-31".parse().unwrap();
    let payable: i64 = list.items.iter().map(|i| i.amounts.payable).sum();
    let open: i128 = list.items.iter().map(|i| i.open_at(end)).sum();
    // Two invoice-receipts of 120.00 and 1,200.00, and a receipt of 7,000.00.
    assert_eq!(
        (payable, open),
        (1_761_111 - 264_214, 1_761_111 - 264_214 - 12_000 - 120_000 - 700_000)
    );
    // A file of documents gives no figures.
    let refusal = data::books_of(&bytes, "saft.xml").unwrap_err();
    assert_eq!(refusal.code(), "no-ledger");
}

/// With its balances mended, the example gives what its entries say.
#[test]
fn the_example_company_mended_imports_to_the_ore() {
    let Some(text) = text() else { return };
    let masters = text.find("<n1:Customers>").unwrap()..text.find("<n1:TaxTable>").unwrap();
    let mut mended = text.clone();
    mended.replace_range(masters, "");
    let mended = with(
        &mended,
        "<n1:ClosingDebitBalance>670568.75<",
        "<n1:ClosingDebitBalance>724407.00<",
    );
    let piece = |account: &str| {
        let from = mended.find(&format!("<n1:AccountID>{account}<")).unwrap();
        mended[from..from + mended[from..].find("</n1:Account>").unwrap()].to_owned()
    };
    let (middle, settlement, equity) = (piece("2711"), piece("2740"), piece("2000"));
    let mended = with(
        &mended,
        &middle,
        &middle.replace("ClosingDebitBalance>0<", "ClosingDebitBalance>-0.35<"),
    );
    let mended = with(
        &mended,
        &settlement,
        &settlement.replace("ClosingCreditBalance>0<", "ClosingCreditBalance>-0.35<"),
    );
    let mended = with(&mended, &equity, &equity.replace(">225000<", ">2770410<"));
    let books = read(&mended).unwrap();
    assert_eq!((books.lines, books.entries, books.currency.code), (3_636, 53, "NOK"));
    assert_eq!(books.company.name.as_deref(), Some("Tøyen Lekefabrikk AS"));
    assert_eq!(books.company.registry.as_deref(), Some("888888888"));
    let imported = data::import(&books, &Default::default()).unwrap();
    use covenant_import::position::figure as f;
    let x = imported.statement.figures.0;
    assert_eq!(imported.statement.period.to_string(), "2017-01-01 to 2017-04-30");
    assert_eq!(x[f::REVENUE], 231_633_800);
    assert_eq!(x[f::COST_OF_SALES], 18_680_200);
    assert_eq!(x[f::PERSONNEL_EXPENSE], 149_600_000);
    // 2,316,338 of sales less 186,802, 1,496,000, 40,000, 150,000, 66,000, 699 and 62,000 of expenses.
    assert_eq!(x[f::NET_INCOME], 31_483_700);
    assert_eq!(x[f::INVENTORY], 256_591_000);
    assert_eq!(x[f::CASH], 73_577_450);
    assert_eq!(x[f::TRADE_RECEIVABLES], 10_370_000);
    assert_eq!(x[f::TRADE_PAYABLES], 21_202_500);
    // VAT accounts are one debt: 326,375 less 72,762.50, and two of 35 øre that cancel.
    assert_eq!(x[f::CURRENT_LIABILITIES], 21_202_500 + 25_361_250);
    assert_eq!(x[f::EQUITY], 277_041_000 + 31_483_700);
}

#[test]
fn every_standard_account_has_a_position() {
    let Some(path) = data::file(STANDARD) else { return };
    let bytes = std::fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let chart = Mapping::chart("no-ns4102").unwrap();
    let numbers: Vec<&str> = text
        .lines()
        .skip(1)
        .filter_map(|l| l.split(';').next())
        .filter(|n| !n.is_empty())
        .collect();
    assert!(numbers.len() > 600, "{}", numbers.len());
    let without: Vec<&str> = numbers
        .into_iter()
        .filter(|n| chart.rule_of("X", Some(n)).is_none())
        .collect();
    assert!(without.is_empty(), "{without:?}");
}
