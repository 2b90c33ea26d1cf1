//! One ledger in every form that products write it in: each must give the statement of the plain file, to the cent.

use covenant_import::encoding::Encoding;
use covenant_import::sample::Kind;
use covenant_import::{Books, Options, fec};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Statement;

use crate::data;
use crate::generated::{made, order};

/// A ledger as rows of fields, the header first.
#[derive(Clone)]
struct Ledger {
    name: String,
    rows: Vec<Vec<String>>,
}

const DATE: usize = 3;
const LABEL: usize = 5;
const TEXT: usize = 10;
const DEBIT: usize = 11;
const CREDIT: usize = 12;

impl Ledger {
    fn plain() -> Self {
        let (sample, bytes) = made(&covenant_import::sample::Order {
            entries: 300,
            ..order(Kind::Fec, 21)
        });
        let text = String::from_utf8(bytes).unwrap();
        let rows = text
            .lines()
            .map(|l| l.split('\t').map(str::to_owned).collect())
            .collect();
        Self {
            name: sample.file_name,
            rows,
        }
    }

    fn map(mut self, change: impl Fn(usize, &mut Vec<String>)) -> Self {
        self.rows.iter_mut().enumerate().for_each(|(i, row)| change(i, row));
        self
    }

    /// Changes every line but the header.
    fn lines(self, change: impl Fn(&mut Vec<String>)) -> Self {
        self.map(|i, row| {
            if i > 0 {
                change(row);
            }
        })
    }

    fn text(&self, separator: &str, end: &str) -> String {
        self.rows.iter().map(|row| row.join(separator) + end).collect()
    }
}

fn read(name: &str, bytes: &[u8]) -> Result<Books, Refusal> {
    fec::read(bytes, name, &mut |_| {})
}

fn statement(books: &Books) -> Statement {
    data::import(books, &Options::default()).unwrap().statement
}

/// Cents of a field with a decimal comma.
fn cents(text: &str) -> i64 {
    text.replace(',', "").parse().unwrap()
}

fn amount(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{},{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// Every form, by what is special about it, and its bytes.
fn variants(plain: &Ledger) -> Vec<(&'static str, Vec<u8>)> {
    let ledger = || plain.clone();
    let tabs = |ledger: Ledger| ledger.text("\t", "\r\n").into_bytes();
    let mut found: Vec<(&'static str, Vec<u8>)> = vec![
        ("line feeds", ledger().text("\t", "\n").into_bytes()),
        ("carriage returns", ledger().text("\t", "\r").into_bytes()),
        ("doubled carriage returns", ledger().text("\t", "\r\r\n").into_bytes()),
        ("vertical bars", ledger().text("|", "\r\n").into_bytes()),
        ("semicolons", ledger().text(";", "\r\n").into_bytes()),
        ("byte-order mark", [b"\xef\xbb\xbf".to_vec(), tabs(ledger())].concat()),
        (
            "no line end at the end",
            ledger().text("\t", "\n").trim_end_matches('\n').into(),
        ),
        ("blank lines", ledger().text("\t", "\n\n").into_bytes()),
    ];
    let mut form = |what, ledger: Ledger| found.push((what, tabs(ledger)));
    form(
        "padded with spaces",
        ledger().map(|_, r| r.iter_mut().for_each(|f| *f = format!("  {f}   "))),
    );
    form(
        "padded with zeros",
        ledger().lines(|r| {
            [DEBIT, CREDIT]
                .into_iter()
                .for_each(|i| r[i] = format!("{:0>15}", r[i]))
        }),
    );
    form(
        "decimal point",
        ledger().lines(|r| [DEBIT, CREDIT].into_iter().for_each(|i| r[i] = r[i].replace(',', "."))),
    );
    form(
        "four decimals",
        ledger().lines(|r| [DEBIT, CREDIT].into_iter().for_each(|i| r[i] += "00")),
    );
    form(
        "six decimals",
        ledger().lines(|r| [DEBIT, CREDIT].into_iter().for_each(|i| r[i] += "0000")),
    );
    form(
        "no decimals where there are none",
        ledger().lines(|r| {
            for i in [DEBIT, CREDIT] {
                r[i] = r[i].trim_end_matches(",00").to_owned();
            }
        }),
    );
    form(
        "empty instead of zero",
        ledger().lines(|r| {
            let empty = if r[DEBIT] == "0,00" { DEBIT } else { CREDIT };
            r[empty] = String::new();
        }),
    );
    form(
        "negative debits instead of credits",
        ledger().lines(|r| {
            if r[DEBIT] == "0,00" {
                r[DEBIT] = format!("-{}", r[CREDIT]);
                r[CREDIT] = "0,00".into();
            }
        }),
    );
    for (what, debit, credit) in [
        ("Montant and Sens", "D", "C"),
        ("Montant and Sens in numbers", "+1", "-1"),
    ] {
        form(
            what,
            ledger().map(|i, r| {
                let is_debit = r[CREDIT] == "0,00";
                (r[DEBIT], r[CREDIT]) = match i {
                    0 => ("Montant".into(), "Sens".into()),
                    _ if is_debit => (r[DEBIT].clone(), debit.into()),
                    _ => (r[CREDIT].clone(), credit.into()),
                };
            }),
        );
    }
    form("dates with dashes", ledger().lines(|r| r[DATE] = dashed(&r[DATE], "-")));
    form(
        "dates with strokes",
        ledger().lines(|r| r[DATE] = dashed(&r[DATE], "/")),
    );
    form(
        "22 columns (BIC and BNC with payments)",
        ledger().map(|i, r| {
            let names = ["DateRglt", "ModeRglt", "NatOp", "IdClient"];
            r.extend(names.map(|n| if i == 0 { n.to_owned() } else { "x".to_owned() }));
        }),
    );
    form(
        "foreign currency",
        ledger().lines(|r| {
            r[16] = "1 234.5".into();
            r[17] = "USD".into();
        }),
    );
    form(
        "columns in another order, names in capitals",
        ledger().map(|i, r| {
            r.reverse();
            if i == 0 {
                r.iter_mut().for_each(|name| *name = name.to_uppercase());
            }
        }),
    );
    form(
        "accents and spaces in names of columns",
        ledger().map(|i, r| {
            if i == 0 {
                (r[2], r[DEBIT], r[CREDIT]) = ("Ecriture Num".into(), "Débit".into(), "Crédit".into());
            }
        }),
    );
    form(
        "empty columns at the end",
        ledger().map(|_, r| r.extend([String::new(), String::new()])),
    );
    form(
        "separators at the end of lines only",
        ledger().lines(|r| r.extend([String::new(), String::new()])),
    );
    form(
        "empty fields at the end left out",
        ledger().lines(|r| {
            while r.last().is_some_and(String::is_empty) {
                r.pop();
            }
        }),
    );
    for (what, code, label) in [
        ("opening journal RAN", "RAN", "Journal"),
        ("opening journal by its label", "J01", "Reports à nouveau"),
        ("opening journal by another label", "X", "Écritures d'ouverture"),
        ("opening journal with a number", "AN24", "Journal"),
    ] {
        form(
            what,
            ledger().lines(|r| {
                if r[0] == "AN" {
                    (r[0], r[1]) = (code.into(), label.into());
                }
            }),
        );
    }
    form("cancelled entries", cancelled(ledger()));
    form("interleaved entries", interleaved(ledger()));
    form("closing entries", closed(ledger()));
    let quoted = ledger().map(|_, r| {
        r.iter_mut()
            .for_each(|f| *f = format!("\"{}\"", f.replace('"', "\"\"")))
    });
    found.push(("quotation marks", quoted.text(";", "\r\n").into_bytes()));
    let inside = ledger().lines(|r| r[TEXT] = "\"one; \"\"two\"\"\"".into());
    let inside = inside.map(|i, r| {
        if i == 0 {
            r.iter_mut().for_each(|f| *f = format!("\"{f}\""));
        }
    });
    found.push((
        "separators inside quotation marks",
        inside.text(";", "\r\n").into_bytes(),
    ));
    for encoding in ENCODINGS {
        found.push((
            encoding.name(),
            encoding.encode(&ledger().text("\t", "\r\n")).into_owned(),
        ));
    }
    found
}

const ENCODINGS: [Encoding; 5] = [
    Encoding::Iso8859_15,
    Encoding::Windows1252,
    Encoding::Cp437,
    Encoding::Cp850,
    Encoding::MacRoman,
];

fn dashed(date: &str, by: &str) -> String {
    [&date[..4], &date[4..6], &date[6..]].join(by)
}

/// Every tenth entry again, and then with the sides changed, as cancellations are booked.
fn cancelled(mut ledger: Ledger) -> Ledger {
    let mut more = Vec::new();
    for row in ledger.rows.iter().skip(1).filter(|r| r[2].ends_with('0')) {
        for (mark, turned) in [("X", false), ("Y", true)] {
            let mut row = row.clone();
            row[2] = format!("{mark}{}", row[2]);
            if turned {
                row.swap(DEBIT, CREDIT);
            }
            more.push(row);
        }
    }
    more.sort_by_key(|r| r[2].clone());
    ledger.rows.extend(more);
    ledger
}

/// First all debits, then all credits of the year.
fn interleaved(mut ledger: Ledger) -> Ledger {
    ledger.rows[1..].sort_by_key(|r| r[DEBIT] == "0,00");
    ledger
}

/// The entries that carry every income and expense account to the result, as some products export them although they must not.
fn closed(mut ledger: Ledger) -> Ledger {
    let mut sums = std::collections::BTreeMap::<String, i64>::new();
    for row in ledger.rows.iter().skip(1).filter(|r| r[4].starts_with(['6', '7'])) {
        *sums.entry(row[4].clone()).or_default() += cents(&row[DEBIT]) - cents(&row[CREDIT]);
    }
    let result: i64 = sums.values().sum();
    let template = ledger.rows.last().unwrap().clone();
    let mut line = |account: &str, balance: i64| {
        let mut row = template.clone();
        (row[0], row[2], row[4], row[6]) = ("CLO".into(), "C1".into(), account.into(), String::new());
        row[DEBIT] = amount(balance.max(0));
        row[CREDIT] = amount((-balance).max(0));
        ledger.rows.push(row);
    };
    sums.iter().for_each(|(account, sum)| line(account, -sum));
    line("120000", result);
    ledger
}

#[test]
fn every_form_gives_the_same_figures() {
    let plain = Ledger::plain();
    let expected = read(&plain.name, plain.text("\t", "\r\n").as_bytes()).unwrap();
    assert_eq!(expected.warnings, []);
    let wanted = statement(&expected);
    let forms = variants(&plain);
    for (what, bytes) in &forms {
        let books = read(&plain.name, bytes).unwrap_or_else(|r| panic!("{what}: {} {:?}", r.what, r.place));
        assert_eq!(statement(&books), wanted, "{what}");
        if *what != "interleaved entries" && *what != "cancelled entries" {
            assert_eq!(
                books.flows.flows().collect::<Vec<_>>(),
                expected.flows.flows().collect::<Vec<_>>(),
                "{what}"
            );
        }
        let warned: Vec<&str> = books.warnings.iter().map(|w| w.code).collect();
        let expected: &[&str] = match *what {
            "closing entries" => &["closing-entries"],
            "cp437" | "cp850" | "macroman" => &["encoding-recognised"],
            _ => &[],
        };
        assert_eq!(warned, expected, "{what}");
    }
    println!("{} forms of one ledger", forms.len());
    assert!(forms.len() >= 40);
}

#[test]
fn names_survive_every_encoding() {
    let mut plain = Ledger::plain();
    let accented = "Créances, prêts et à-nouveaux de l'été";
    plain = plain.lines(|r| r[LABEL] = accented.into());
    for encoding in ENCODINGS {
        let bytes = encoding.encode(&plain.text("\t", "\n")).into_owned();
        let books = read(&plain.name, &bytes).unwrap();
        assert!(
            books.accounts.values().all(|a| a.label == accented),
            "{}",
            encoding.name()
        );
    }
}

#[test]
fn what_could_mean_two_things_is_refused_with_its_line() {
    let plain = Ledger::plain();
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let ledger = plain.clone().map(|i, r| {
            if i == 3 {
                change(r)
            }
        });
        let refusal = read(&plain.name, ledger.text("\t", "\n").as_bytes()).unwrap_err();
        assert!(refusal.expected.is_some() && !refusal.advice_text().is_empty());
        (refusal.code(), refusal.place.unwrap_or_default())
    };
    let at = |column: &str| format!("{}:4, column {column}", plain.name);
    assert_eq!(
        with(&|r| r[DATE] = "03/04/2025".into()),
        ("bad-date", at("EcritureDate"))
    );
    assert_eq!(
        with(&|r| r[DATE] = "2025-13-01".into()),
        ("bad-date", at("EcritureDate"))
    );
    let debit = |text: &'static str| with(&move |r: &mut Vec<String>| r[DEBIT] = text.into());
    for text in [
        "1.234",
        "1,234",
        "1 234,00",
        "1.234,00",
        "12,345678",
        "(12,00)",
        "12,00 EUR",
    ] {
        assert_eq!(debit(text), ("bad-amount", at("Debit")), "{text}");
    }
    // Commas between fields also stand in amounts.
    let commas = read(&plain.name, plain.text(",", "\n").as_bytes()).unwrap_err();
    assert_eq!(
        (commas.code(), commas.place),
        ("malformed-line", Some(format!("{}:1", plain.name)))
    );
    let utf16: Vec<u8> = [0xfffe_u16.swap_bytes()]
        .into_iter()
        .chain(plain.text("\t", "\n").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(read(&plain.name, &utf16).unwrap_err().code(), "wrong-encoding");
    let both = plain
        .clone()
        .map(|i, r| r.extend(if i == 0 { ["Montant", "Sens"] } else { ["1,00", "D"] }.map(str::to_owned)));
    assert_eq!(
        read(&plain.name, both.text("\t", "\n").as_bytes()).unwrap_err().code(),
        "duplicate-column"
    );
}

#[test]
fn fractions_of_a_cent_are_exact_or_refused() {
    let plain = Ledger::plain();
    // A cent of a sale is booked as two lines of half a cent each.
    let halves = |second: &str| {
        let mut ledger = plain.clone();
        let at = ledger.rows.iter().rposition(|r| r[4] == "707000").unwrap();
        let mut half = ledger.rows[at].clone();
        let whole = cents(&half[CREDIT]);
        ledger.rows[at][CREDIT] = amount(whole - 1);
        half[CREDIT] = "0,0050".into();
        ledger.rows.insert(at, half.clone());
        half[CREDIT] = second.into();
        ledger.rows.insert(at, half);
        read(&plain.name, ledger.text("\t", "\n").as_bytes())
    };
    let wanted = statement(&read(&plain.name, plain.text("\t", "\n").as_bytes()).unwrap());
    assert_eq!(statement(&halves("0,0050").unwrap()), wanted);
    assert_eq!(halves("0,0049").unwrap_err().code(), "unbalanced-entry");
    // An entry that balances, on accounts that are left with half a cent.
    let mut odd = plain.clone();
    for (account, debit, credit) in [("512000", "0,0050", ""), ("411000", "", "0,0050")] {
        let mut row = odd.rows.last().unwrap().clone();
        (row[2], row[4], row[6]) = ("H1".into(), account.into(), String::new());
        (row[DEBIT], row[CREDIT]) = (debit.into(), credit.into());
        odd.rows.push(row);
    }
    let refusal = read(&plain.name, odd.text("\t", "\n").as_bytes()).unwrap_err();
    assert_eq!(refusal.code(), "bad-amount");
    assert!(refusal.what.contains("411000"), "{}", refusal.what);
}

#[test]
fn years_of_other_lengths_give_a_statement() {
    let plain = Ledger::plain();
    for (end, days) in [("20260131", 396), ("20251231", 365)] {
        let name = format!("123456789FEC{end}.txt");
        let books = read(&name, plain.text("\t", "\n").as_bytes()).unwrap();
        assert_eq!(statement(&books).period.days(), Some(days));
    }
    // A short year: the first quarter's entries only.
    let mut short = plain.clone();
    short
        .rows
        .retain(|r| r[DATE].as_str() < "20250401" || r[DATE] == "EcritureDate");
    let books = read("123456789FEC20250331.txt", short.text("\t", "\n").as_bytes()).unwrap();
    assert_eq!(statement(&books).period.days(), Some(90));
}

/// Opening entries that name nobody leave the customers' balances short of their account's.
#[test]
fn a_sub_ledger_that_does_not_tie_is_refused_with_both_sums() {
    let plain = Ledger::plain();
    let books = read(&plain.name, plain.text("\t", "\n").as_bytes()).unwrap();
    let customers = &books.accounts["411000"];
    let opening: i64 = customers.opening;
    assert_ne!(opening, 0);
    let bare = plain.clone().lines(|r| {
        if r[0] == "AN" {
            r[6] = String::new();
        }
    });
    let books = read(&plain.name, bare.text("\t", "\n").as_bytes()).unwrap();
    let refusal = data::import(&books, &Options::default()).unwrap_err();
    assert_eq!(refusal.code(), "sub-ledger-untied");
    let sums = [401_000, 411_000].map(|n: i32| {
        let account = &books.accounts[&n.to_string()];
        let named: i64 = account
            .auxiliaries
            .iter()
            .filter(|(k, _)| !k.is_empty())
            .map(|(_, p)| p.closing)
            .sum();
        (account.closing, named)
    });
    let shown = |a: i64| covenant_import::format_amount(a.into(), 2);
    for amount in [sums[0].0, sums[0].1] {
        assert!(refusal.what.contains(&shown(amount)), "{}", refusal.what);
    }
    assert!(refusal.place.unwrap().contains("(account 401000)"));
    let sheet = covenant_import::review_books(
        &books,
        &covenant_import::Mapping::chart("fr-pcg").unwrap(),
        &Options::default(),
    )
    .unwrap();
    assert_eq!(sheet.untied.len(), 2);
    assert!(sheet.render_text().contains("DO NOT TIE"));
}
