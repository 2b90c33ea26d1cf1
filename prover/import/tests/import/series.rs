//! Twelve months out of ledgers: against figures that a script of its own computed from the shared ledger, against the lines of
//! generated books, and what stands against a series.

use covenant_import::sample::{Kind, Order, Profile};
use covenant_import::series::{ImportedSeries, to_series};
use covenant_import::{Books, Mapping, Options, fec, to_statement};
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::MONTHLY_SERIES;

use crate::data;
use crate::generated::{made, order, read};

fn series(books: &Books) -> Result<ImportedSeries, Refusal> {
    to_series(
        books,
        &Mapping::chart(books.format.default_chart())?,
        &Options::default(),
    )
}

fn months(series: &ImportedSeries) -> [[i64; 12]; 2] {
    let figures = &series.statement.figures.0;
    [0, 1].map(|k| {
        let first = MONTHLY_SERIES.series[k].first;
        std::array::from_fn(|m| figures[first + m])
    })
}

/// Month by month, in cents: revenue, and money moved by what is neither investing nor financing.
const FRENCH: [[i64; 12]; 2] = [
    [
        5_943_450, 6_720_870, 9_608_913, 7_403_324, 4_253_666, 20_210_469, 12_096_329, 22_890_556, 1_730_590,
        3_533_500, 5_404_340, 5_197_425,
    ],
    [
        -1_107_255,
        361_020,
        -4_403_901,
        -4_320_246,
        -11_370_059,
        1_943_024,
        -1_233_236,
        14_502_937,
        3_235_112,
        -15_511_440,
        -3_644_053,
        672_513,
    ],
];

#[test]
fn the_shared_french_ledger_month_by_month() {
    let Some(books) = data::books("fec/0000000001FEC20220831.txt") else {
        return;
    };
    let series = series(&books.unwrap()).unwrap();
    println!("{}", series.sheet.render_text());
    assert_eq!(months(&series), FRENCH);
    assert_eq!(series.statement.coverage.0, 0xfff0_0fff);
    assert_eq!(series.sheet.revenue.minor, i128::from(FRENCH[0].iter().sum::<i64>()));
    let [start, end] = series.sheet.money.map(|a| a.minor);
    let other: i128 = series.sheet.months.iter().map(|m| m.other.minor).sum();
    assert_eq!(end - start, i128::from(FRENCH[1].iter().sum::<i64>()) + other);
}

#[test]
fn the_shared_swedish_files_month_by_month() {
    let Some(books) = data::books("sie/jsisie_SIE4_Exempelfil_med_underdim.SE") else {
        return;
    };
    let visma = series(&books.unwrap()).unwrap();
    println!("{}", visma.sheet.render_text());
    assert!(visma.statement.coverage.covers(0) && visma.statement.coverage.covers(11));
    let Some(quarter) = data::books("sie/jsisie_transaktioner_ovnbolag.se") else {
        return;
    };
    let options = Options {
        period: Some(
            covenant_policy::statement::Period::new("2011-01-01".parse().unwrap(), "2011-03-31".parse().unwrap())
                .unwrap(),
        ),
        ..Options::default()
    };
    let refusal = to_series(&quarter.unwrap(), &Mapping::chart("se-bas").unwrap(), &options).unwrap_err();
    assert_eq!(refusal.code(), "series-period");
    assert!(refusal.what.contains("3 months"), "{}", refusal.what);
}

/// The sample's lines, summed by what they are for: sales, and the bank's movements without the loan's principal.
#[test]
fn generated_books_give_the_sums_of_their_lines() {
    for profile in [Profile::Healthy, Profile::Failing] {
        let order = Order {
            entries: 2_000,
            profile,
            ..order(Kind::Fec, 4)
        };
        let (sample, bytes) = made(&order);
        let mut expected = [[0i64; 12]; 2];
        let text = String::from_utf8(bytes.clone()).unwrap();
        for line in text.lines().skip(1) {
            let f: Vec<&str> = line.split('\t').collect();
            let cents = |i: usize| f[i].replace(',', "").parse::<i64>().unwrap();
            let (balance, month) = (cents(11) - cents(12), f[3][4..6].parse::<usize>().unwrap() - 1);
            match (f[0], f[4]) {
                ("AN", _) => {}
                (_, "707000") => expected[0][month] -= balance,
                ("BQ", "512000" | "164000") => expected[1][month] += balance,
                _ => {}
            }
        }
        let french = series(&read(&sample, &bytes)).unwrap();
        assert_eq!(months(&french), expected, "{profile:?}");
        assert_eq!(french.statement.coverage.0, 0xfff0_0fff);
        let (sample, bytes) = made(&Order {
            kind: Kind::Sie,
            ..order
        });
        let mut expected = [[0i64; 12]; 2];
        let (mut bank, mut month) = (false, 0);
        for line in String::from_utf8_lossy(&bytes).lines() {
            let f: Vec<&str> = line.split_whitespace().collect();
            let ore = || f[3].replace('.', "").parse::<i64>().unwrap();
            match (f[0], f[1..].first().copied().unwrap_or("")) {
                ("#VER", journal) => {
                    bank = journal == "U";
                    month = f[3][4..6].parse::<usize>().unwrap() - 1;
                }
                ("#TRANS", "3001") => expected[0][month] -= ore(),
                ("#TRANS", "1930" | "2350") if bank => expected[1][month] += ore(),
                _ => {}
            }
        }
        let swedish = series(&read(&sample, &bytes)).unwrap();
        assert_eq!(months(&swedish), expected, "{profile:?}");
        assert_eq!(
            swedish.sheet.render_text(),
            series(&read(&sample, &bytes)).unwrap().sheet.render_text()
        );
    }
}

/// The same of the Norwegian sample, whose lines give account, side and amount in one line of text each.
#[test]
fn a_norwegian_file_gives_the_sums_of_its_lines() {
    for profile in [Profile::Healthy, Profile::Failing] {
        let (sample, bytes) = made(&Order {
            entries: 2_000,
            profile,
            ..order(Kind::SaftNo, 4)
        });
        let mut expected = [[0i64; 12]; 2];
        let (mut bank, mut month) = (false, 0);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let between = |line: &str, from: &str, to: &str| -> Option<String> {
            let rest = line.split_once(from)?.1;
            Some(rest.split_once(to)?.0.to_owned())
        };
        for line in text.lines() {
            if let Some(id) = between(line, "<TransactionID>", "<") {
                bank = id.starts_with("BANK-");
            }
            if let Some(date) = between(line, "<TransactionDate>", "<") {
                month = date[5..7].parse::<usize>().unwrap() - 1;
            }
            let Some(account) = between(line, "<AccountID>", "<").filter(|_| line.contains("<Line>")) else {
                continue;
            };
            let ore: i64 = between(line, "<Amount>", "<")
                .unwrap()
                .replace('.', "")
                .parse()
                .unwrap();
            let balance = if line.contains("<DebitAmount>") { ore } else { -ore };
            match account.as_str() {
                "3000" => expected[0][month] -= balance,
                "1920" | "2220" if bank => expected[1][month] += balance,
                _ => {}
            }
        }
        let books = read(&sample, &bytes);
        let norwegian = series(&books).unwrap();
        assert_eq!(months(&norwegian), expected, "{profile:?}");
        assert!(expected.iter().flatten().all(|sum| *sum != 0), "{expected:?}");
        assert_eq!(norwegian.statement.coverage.0, 0xfff0_0fff);
        // Lines that name their customers say who was invoiced most.
        let year = to_statement(&books, &Mapping::chart("no-ns4102").unwrap(), &Options::default()).unwrap();
        let invoiced = year.review.customers.unwrap().invoiced;
        assert!(invoiced.reason.is_none() && invoiced.customers > 1, "{invoiced:?}");
        let nobody = text.replacen(
            "<CustomerID>00001</CustomerID><Description>",
            "<Description>",
            usize::MAX,
        );
        let nobody = data::books_of(nobody.as_bytes(), &sample.file_name).unwrap();
        let year = to_statement(&nobody, &Mapping::chart("no-ns4102").unwrap(), &Options::default()).unwrap();
        let reason = year.review.customers.unwrap().invoiced.reason.unwrap_or_default();
        assert!(reason.contains("do not all say whose they are"), "{reason}");
    }
}

#[test]
fn what_stands_against_a_series() {
    let (sample, bytes) = made(&order(Kind::Fec, 4));
    let text = String::from_utf8(bytes).unwrap();
    let refused = |name: &str, text: &str| {
        series(&fec::read(text.as_bytes(), name, &mut |_| {}).unwrap())
            .map_err(|r| (r.code(), r.what))
            .unwrap_err()
    };
    let (code, what) = refused("123FEC20260131.txt", &text);
    assert_eq!((code, what.contains("13 months")), ("series-period", true), "{what}");
    let (code, what) = refused("123FEC20260115.txt", &text);
    assert_eq!(
        (code, what.contains("a part of a month")),
        ("series-period", true),
        "{what}"
    );
    let (balance, bytes) = made(&order(Kind::Csv, 4));
    let options = Options {
        period: Some(balance.period),
        ..Options::default()
    };
    let refusal = to_series(&read(&balance, &bytes), &Mapping::chart("generic").unwrap(), &options).unwrap_err();
    assert_eq!(refusal.code(), "no-entries");
    assert_eq!(sample.period, balance.period);
}

fn line(entry: &str, date: &str, account: &str, debit: &str, credit: &str) -> String {
    format!("OD\tx\t{entry}\t{date}\t{account}\tlabel\t\t\tP\t{date}\ttext\t{debit}\t{credit}\t\t\t{date}\t\t\n")
}

const HEADER: &str = "JournalCode\tJournalLib\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tCompAuxNum\tCompAuxLib\tPieceRef\t\
                      PieceDate\tEcritureLib\tDebit\tCredit\tEcritureLet\tDateLet\tValidDate\tMontantdevise\tIdevise\n";

/// Account, debit and credit of each line.
type Lines<'a> = &'a [(&'a str, &'a str, &'a str)];

/// A year of a sale in January, and more entries.
fn year_with(entries: &[(&str, Lines<'_>)]) -> ImportedSeries {
    let mut text = HEADER.to_owned();
    let mut number = 0;
    let mut put = |date: &str, lines: Lines<'_>| {
        number += 1;
        for (account, debit, credit) in lines {
            text += &line(&number.to_string(), date, account, debit, credit);
        }
    };
    put(
        "20240101",
        &[("512", "1000,00", ""), ("101", "", "400,00"), ("164", "", "600,00")],
    );
    put(
        "20240115",
        &[("411", "120,00", ""), ("707", "", "100,00"), ("44571", "", "20,00")],
    );
    entries.iter().for_each(|(date, lines)| put(date, lines));
    series(&fec::read(text.as_bytes(), "1FEC20241231.txt", &mut |_| {}).unwrap()).unwrap()
}

#[test]
fn entries_are_operating_or_not_or_cannot_be_told() {
    let flow = |lines: Lines<'_>| {
        let series = year_with(&[("20240310", lines)]);
        let march = &series.sheet.months[2];
        (march.operating.map(|a| a.minor), march.other.minor)
    };
    // A customer pays; wages; a supplier of machines; an instalment with its interest; money between two accounts.
    assert_eq!(flow(&[("512", "50,00", ""), ("411", "", "50,00")]), (Some(5_000), 0));
    assert_eq!(flow(&[("641", "30,00", ""), ("512", "", "30,00")]), (Some(-3_000), 0));
    assert_eq!(flow(&[("404", "70,00", ""), ("512", "", "70,00")]), (Some(0), -7_000));
    assert_eq!(
        flow(&[("164", "80,00", ""), ("661", "5,00", ""), ("512", "", "85,00")]),
        (Some(-500), -8_000)
    );
    let transit = [
        ("20240310", &[("58", "9,00", ""), ("512", "", "9,00")][..]),
        ("20240311", &[("512", "9,00", ""), ("58", "", "9,00")]),
    ];
    let march = &year_with(&transit).sheet.months[2];
    assert_eq!((march.operating.map(|a| a.minor), march.other.minor), (Some(0), 0));
    assert_eq!(flow(&[("53", "9,00", ""), ("512", "", "9,00")]), (Some(0), 0));
    // A machine, part of which a supplier's credit note pays: which part is not said.
    assert_eq!(
        flow(&[("2154", "80,00", ""), ("401", "", "30,00"), ("512", "", "50,00")]),
        (None, 0)
    );
    // Exceptional income may be the sale of a machine.
    assert_eq!(flow(&[("512", "50,00", ""), ("775", "", "50,00")]), (None, 0));
}

#[test]
fn a_month_of_credit_notes_is_nothing_and_said() {
    let series = year_with(&[(
        "20240610",
        &[("707", "40,00", ""), ("44571", "8,00", ""), ("411", "", "48,00")],
    )]);
    assert_eq!(months(&series)[0][..6], [10_000, 0, 0, 0, 0, 0]);
    assert_eq!(series.sheet.months[5].booked.minor, -4_000);
    let text = series.sheet.render_text();
    assert!(text.contains("credit notes exceed invoices: -40.00"), "{text}");
    assert_eq!(series.sheet.revenue.minor, 6_000);
}

/// Two banks' entries over a year's end cannot be told apart by month, unless each month's lines balance.
#[test]
fn an_entry_over_two_months_is_not_covered() {
    let text = |day: &str| {
        let lines = [
            line("1", "20240101", "512", "10,00", ""),
            line("1", "20240101", "101", "", "10,00"),
            line("2", "20240115", "411", "12,00", ""),
            line("2", "20240115", "707", "", "12,00"),
            line("3", "20240131", "512", "12,00", ""),
            line("3", day, "411", "", "12,00"),
        ];
        HEADER.to_owned() + &lines.concat()
    };
    let made = |day: &str| series(&fec::read(text(day).as_bytes(), "1FEC20241231.txt", &mut |_| {}).unwrap()).unwrap();
    assert!(made("20240131").sheet.months.iter().all(|m| m.operating.is_some()));
    let spanning = made("20240201");
    assert!(
        spanning
            .sheet
            .months
            .iter()
            .all(|m| m.operating.is_none() && m.invoiced.is_some())
    );
    assert_eq!(spanning.statement.coverage.0, 0xfff);
}
