//! Swedish files as real products export them.

use covenant_import::position::figure as f;
use covenant_import::{Books, Mapping, Options, review_books, to_statement};
use covenant_policy::statement::{Period, Statement};

use crate::data;

const VISMA: &str = "sie/jsisie_SIE4_Exempelfil_med_underdim.SE";
const BL: &str = "sie/jsisie_BL0001_typ4.SE";
const AVENDO: &str = "sie/jsisie_transaktioner_ovnbolag.se";
const AVENDO_BAD: &str = "sie/jsisie_transaktioner_ovnbolag-bad-balance.se";

fn codes(books: &Books) -> Vec<&'static str> {
    books.warnings.iter().map(|w| w.code).collect()
}

fn period(start: &str, end: &str) -> Period {
    Period::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
}

fn holds(statement: &Statement) {
    let x = statement.figures.0.map(i128::from);
    assert_eq!(x[f::TOTAL_ASSETS], x[f::TOTAL_LIABILITIES] + x[f::EQUITY]);
    assert_eq!(statement.validate(), Ok(()));
}

#[test]
fn visma_imports_to_the_ore_with_the_year_before() {
    let Some(books) = data::books(VISMA) else { return };
    let books = books.unwrap();
    assert_eq!((books.entries, books.currency.code), (295, "SEK"));
    assert_eq!(books.company.registry.as_deref(), Some("555555-5555"));
    // It says PC8 and is UTF-8, in which an earlier program had already lost the Swedish letters.
    assert_eq!(codes(&books), ["encoding-lies", "characters-lost"]);
    let imported = data::import(&books, &Options::default()).unwrap();
    println!("{}", imported.review.render_text());
    let x = imported.statement.figures.0;
    assert_eq!(x[f::TRADE_RECEIVABLES], 105_098_235);
    assert_eq!(x[f::INVENTORY], 65_672_833);
    assert_eq!(x[f::CASH], 303_800 + 13_183_423 + 74_668_619 + 150_000_000);
    assert_eq!(x[f::NON_CURRENT_ASSETS], 51_805_753 - 36_675_450);
    assert_eq!(x[f::TRADE_PAYABLES], 23_497_313);
    assert_eq!(x[f::FINANCIAL_DEBT], 22_380_000);
    assert_eq!(x[f::NET_INCOME], 107_434_411);
    assert_eq!(x[f::INCOME_TAX_EXPENSE], 0);
    assert_eq!(
        x[f::REVENUE],
        169_038_020 + 51_229_995 + 44_645_000 + 298_585_920 + 9_250_095 + 4_235_000 + 6_000 + 722_400 + 568_900 + 506
    );
    assert_eq!(imported.statement.period, period("2021-01-01", "2021-12-31"));
    holds(&imported.statement);
    let (prior, sheet) = imported.prior.unwrap();
    println!("{}", sheet.render_text());
    holds(&prior);
    assert_eq!(prior.period, period("2020-01-01", "2020-12-31"));
    assert!(prior.coverage.covers(f::REVENUE));
    assert_eq!(prior.figures.0[f::NET_INCOME], 58_596_473);
    assert_eq!(prior.figures.0[f::INCOME_TAX_EXPENSE], 19_000_000);
    assert_eq!(
        prior.figures.0[f::REVENUE],
        161_618_270 + 46_933_337 + 30_700_000 + 287_326_660 + 6_442_267 + 12_000 + 466_400 + 682_636 + 1_068
    );
    assert!(
        x[f::REVENUE] * 10 >= prior.figures.0[f::REVENUE] * 9,
        "a growth rule can be evaluated"
    );
}

/// Swedish files carry the tax form's line (SRU) of every account: totals by that line are an oracle for our positions.
#[test]
fn visma_agrees_with_the_tax_lines_in_the_file() {
    let (Some(books), Some(path)) = (data::books(VISMA), data::file(VISMA)) else {
        return;
    };
    let books = books.unwrap();
    let x = data::import(&books, &Options::default()).unwrap().statement.figures.0;
    let text = String::from_utf8(std::fs::read(path).unwrap()).unwrap();
    let lines_of = |account: &str| -> Vec<u32> {
        let mut of = text.lines().filter_map(|l| l.strip_prefix("#SRU ")?.split_once(' '));
        of.by_ref()
            .filter(|(a, _)| *a == account)
            .filter_map(|(_, line)| line.trim().parse().ok())
            .collect()
    };
    let total = |wanted: std::ops::RangeInclusive<u32>| -> i64 {
        books
            .accounts
            .iter()
            .filter(|(n, _)| lines_of(n).iter().any(|l| wanted.contains(l)))
            .map(|(_, a)| a.closing)
            .sum()
    };
    assert_eq!(x[f::NON_CURRENT_ASSETS], total(7201..=7239), "fixed assets");
    assert_eq!(x[f::INVENTORY], total(7241..=7246), "stock");
    assert_eq!(x[f::TRADE_RECEIVABLES], total(7251..=7251), "customers");
    assert_eq!(x[f::CASH], total(7281..=7281), "cash and bank");
    assert_eq!(x[f::TRADE_PAYABLES], -total(7365..=7365), "suppliers");
    assert_eq!(x[f::REVENUE], -total(7410..=7410), "net sales");
    assert_eq!(x[f::PERSONNEL_EXPENSE], total(7514..=7514), "personnel");
}

#[test]
fn an_account_outside_the_chart_is_refused_until_it_is_mapped() {
    let Some(books) = data::books(BL) else { return };
    let books = books.unwrap();
    let refusal = data::import(&books, &Options::default()).unwrap_err();
    assert_eq!(refusal.code(), "unmapped-account");
    assert!(refusal.what.contains("9999 Obs-konto 11120.00"), "{}", refusal.what);
    // The sheet can be had all the same, to see what is missing.
    let sheet = review_books(&books, &Mapping::chart("se-bas").unwrap(), &Options::default()).unwrap();
    assert_eq!(sheet.unmapped.len(), 1);
    assert!(sheet.render_text().contains("NO STATEMENT CAN BE MADE"));
    assert!(!sheet.identities[0].holds);
    let mapping = Mapping::from_toml(
        "type = \"covenant-account-mapping\"\nversion = 1\nchart = \"se-bas\"\n[[account]]\naccounts = [\"9999\"]\nposition = \
         \"other-operating-expenses\"\n",
        "own.toml",
    )
    .unwrap();
    let imported = to_statement(&books, &mapping, &Options::default()).unwrap();
    let x = imported.statement.figures.0;
    assert_eq!(x[f::NET_INCOME], 21_258_347);
    assert_eq!(x[f::TRADE_RECEIVABLES], 34_749_790);
    holds(&imported.statement);
    assert_eq!(imported.prior.unwrap().0.figures.0[f::NET_INCOME], 522_460);
}

/// Rows that were removed (#BTRANS) or announced (#RTRANS) do not count: the file's balances say so.
#[test]
fn corrections_in_vouchers_are_counted_once() {
    let Some(books) = data::books(BL) else { return };
    let books = books.unwrap();
    assert_eq!(books.entries, 84);
    assert_eq!(books.accounts["1930"].closing, 86_901_545);
    assert_eq!(
        books.company.name.as_deref(),
        Some("SEEE Speak Easy Executive English AB")
    );
    assert_eq!(books.accounts["1710"].label, "Förutbetalda hyror");
    assert_eq!(codes(&books), [] as [&str; 0]);
}

#[test]
fn a_quarter_is_not_taken_for_a_year() {
    let Some(books) = data::books(AVENDO) else { return };
    let books = books.unwrap();
    assert_eq!(books.company.name.as_deref(), Some("Övningsbolaget AB (Ekonomi 60)"));
    let refusal = data::import(&books, &Options::default()).unwrap_err();
    assert_eq!(refusal.code(), "period-unclear");
    assert!(refusal.what.contains("2011-05-31"), "{}", refusal.what);
    let quarter = Options {
        period: Some(period("2011-01-01", "2011-03-31")),
        ..Options::default()
    };
    let imported = data::import(&books, &quarter).unwrap();
    let x = imported.statement.figures.0;
    assert_eq!(x[f::TRADE_RECEIVABLES], 97_148_200);
    assert_eq!(x[f::NET_INCOME], 27_779_846);
    // The result of 2010 is in the opening balances but on no account: it is equity.
    assert_eq!(books.unallocated, -115_167_815);
    assert_eq!(codes(&books), ["result-not-allocated"]);
    holds(&imported.statement);
    let (prior, _) = imported.prior.unwrap();
    assert_eq!(prior.figures.0[f::NET_INCOME], 115_167_815);
    assert_eq!(prior.figures.0[f::EQUITY] + x[f::NET_INCOME], x[f::EQUITY]);
    let short = Options {
        period: Some(period("2011-01-01", "2011-02-28")),
        ..Options::default()
    };
    assert_eq!(data::import(&books, &short).unwrap_err().code(), "entry-outside-period");
}

#[test]
fn the_unbalanced_twin_is_refused_with_its_line() {
    let Some(books) = data::books(AVENDO_BAD) else { return };
    let refusal = books.unwrap_err();
    assert_eq!(refusal.code(), "unbalanced-entry");
    assert_eq!(
        refusal.place.as_deref(),
        Some("jsisie_transaktioner_ovnbolag-bad-balance.se:3905 (voucher B 1, lines 3905 to 3910)")
    );
    assert!(refusal.what.contains("-12771.00"), "{}", refusal.what);
}
