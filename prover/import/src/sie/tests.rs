use super::*;

const GOOD: &str = "#FLAGGA 0
#FORMAT PC8
#GEN 20250131
#SIETYP 4
#FNAMN \"Bolaget \\\"AB\\\"\"
#ORGNR 556000-0000
#RAR 0 20240101 20241231
#RAR -1 20230101 20231231
#KONTO 1930 Bank
#IB 0 1930 100.00
#IB 0 2081 -100.00
#UB 0 1930 150.00
#UB 0 2081 -100
#RES 0 3001 -50.0
#UB -1 1930 100
#UB -1 2081 -100
#RES -1 3001 -40
#RES -1 8999 40
#VER A 1 20240301 \"Sale\"
{
 #TRANS 1930 {} 50.00
 #TRANS 3001 {\"1\" \"Nord\"} -50.00
}
";

fn read_text(text: &str) -> Result<Books, Refusal> {
    read(text.as_bytes(), "f.se", &mut |_| {})
}

/// Replaces a piece of the good file that must be there.
fn with(from: &str, to: &str) -> Result<Books, Refusal> {
    assert!(GOOD.contains(from), "{from}");
    read_text(&GOOD.replacen(from, to, 1))
}

fn refused(from: &str, to: &str) -> (&'static str, String) {
    let refusal = with(from, to).unwrap_err();
    (refusal.code(), refusal.place.unwrap_or_default())
}

fn warned(books: &Books) -> Vec<&'static str> {
    books.warnings.iter().map(|w| w.code).collect()
}

#[test]
fn a_small_file() {
    let books = read_text(GOOD).unwrap();
    assert_eq!((books.entries, books.lines, books.currency.code), (1, 23, "SEK"));
    assert_eq!(books.company.name.as_deref(), Some("Bolaget \"AB\""));
    let bank = &books.accounts["1930"];
    assert_eq!(
        (bank.opening, bank.debit, bank.credit, bank.closing),
        (10_000, 5_000, 0, 15_000)
    );
    let prior = books.prior.as_ref().unwrap();
    assert_eq!(
        (prior.accounts["1930"].closing, prior.accounts["3001"].closing),
        (10_000, -4_000)
    );
    assert_eq!(warned(&books), [] as [&str; 0]);
    assert_eq!(
        with("#SIETYP", "#VALUTA NOK\n#SIETYP").map(|b| b.currency.code),
        Ok("NOK")
    );
}

#[test]
fn removed_and_announced_rows_do_not_count() {
    let rows = " #BTRANS 1930 {} 9.00\n #RTRANS 3001 {} -1.00\n #TRANS 3001 {\"1\" \"Nord\"} -50.00\n";
    assert_eq!(
        with(" #TRANS 3001 {\"1\" \"Nord\"} -50.00\n", rows).map(|b| b.entries),
        Ok(1)
    );
}

#[test]
fn bad_lines_are_named() {
    for (from, to, code, place) in [
        (
            "#TRANS 1930 {} 50.00",
            "#TRANS 1930 {} 50,00",
            "bad-amount",
            "f.se:21 (#TRANS)",
        ),
        (
            "#TRANS 1930 {} 50.00",
            "#TRANS 1930 {} 99999999999999999999",
            "amount-too-large",
            "f.se:21 (#TRANS)",
        ),
        (
            "#TRANS 1930 {} 50.00",
            "#TRANS 1930 {}",
            "malformed-line",
            "f.se:21 (#TRANS)",
        ),
        (
            "#TRANS 1930 {} 50.00",
            "#TRANS 19/30 {} 50.00",
            "bad-account",
            "f.se:21 (#TRANS)",
        ),
        (
            "#TRANS 1930 {} 50.00",
            "#TRANS 1930 {} 49.00",
            "unbalanced-entry",
            "f.se:19 (voucher A 1, lines 19 to 23)",
        ),
        ("#VER A 1 20240301", "#VER A 1 20240231", "bad-date", "f.se:19 (#VER)"),
        ("#UB 0 1930 150.00", "#UB 0 1930 151.00", "balance-mismatch", "f.se:12"),
        ("#UB 0 1930 150.00\n", "", "balance-mismatch", "f.se"),
        (
            "#UB 0 1930 150.00",
            "#UB 0 1930 150.00\n#UB 0 1930 150.00",
            "duplicate-account",
            "f.se:13 (#UB)",
        ),
        ("#UB 0 1930", "#UB x 1930", "malformed-line", "f.se:12 (#UB)"),
        ("#FLAGGA 0\n", "", "malformed-line", "f.se:1"),
        ("{\n", "", "malformed-line", "f.se:20"),
        ("}\n", "", "truncated-file", "f.se:19"),
        ("}\n", "#VER A 2 20240302 x\n{\n}\n", "malformed-line", "f.se:23 (#VER)"),
        ("#KONTO 1930 Bank", "KONTO 1930 Bank", "malformed-line", "f.se:9"),
        ("#KONTO 1930 Bank", "#KONTO 1930 \"Bank", "malformed-line", "f.se:9"),
        (
            "#KONTO 1930 Bank",
            "#TRANS 1930 {} 1",
            "malformed-line",
            "f.se:9 (#TRANS)",
        ),
        ("#SIETYP 4", "#SIETYP 5", "format-unknown", "f.se:4 (#SIETYP)"),
        ("#SIETYP 4", "#VALUTA JPY", "currency-unknown", "f.se:4 (#VALUTA)"),
        ("#SIETYP 4", "#VALUTA KR", "currency-unknown", "f.se:4 (#VALUTA)"),
        (
            "#RAR 0 20240101 20241231",
            "#RAR 0 20250101 20241231",
            "bad-date",
            "f.se:7 (#RAR)",
        ),
        ("#GEN 20250131", "#GEN 2025", "bad-date", "f.se:3 (#GEN)"),
    ] {
        assert_eq!(refused(from, to), (code, place.to_owned()), "{to:?}");
    }
    assert_eq!(read_text("").unwrap_err().code(), "empty-books");
    assert_eq!(read_text("#FLAGGA 0\n#FORMAT PC8\n").unwrap_err().code(), "empty-books");
}

#[test]
fn sums_of_rows_beyond_64_bits() {
    let big = "92233720368547758.07";
    let rows = format!(" #TRANS 1930 {{}} {big}\n #TRANS 1930 {{}} {big}\n #TRANS 1930 {{}} 50.00");
    assert_eq!(
        refused(" #TRANS 1930 {} 50.00", &rows),
        ("amount-too-large", "f.se:22 (#TRANS)".to_owned())
    );
}

#[test]
fn balances_that_do_not_add_up() {
    let both = GOOD
        .replace("#IB 0 2081 -100.00", "#IB 0 2081 -90.00")
        .replace("#UB 0 2081 -100", "#UB 0 2081 -90");
    let refusal = read_text(&both).unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.what.contains("10.00")),
        ("unbalanced-books", true)
    );
    // The year before earned exactly what is missing: it is the result that nobody has booked yet.
    let earned = both
        .replace("#UB -1 2081 -100", "#UB -1 2081 -90")
        .replace("#RES -1 3001 -40\n#RES -1 8999 40", "#RES -1 3001 -10");
    let books = read_text(&earned).unwrap();
    assert_eq!(
        (books.unallocated, warned(&books)),
        (-1_000, vec!["result-not-allocated"])
    );
}

#[test]
fn the_year_before_is_used_only_where_it_is_whole() {
    let books = with("#RES -1 3001 -40", "#RES -1 3001 -41").unwrap();
    assert_eq!(
        (books.prior.is_none(), warned(&books)),
        (true, vec!["prior-year-unbalanced"])
    );
    let books = with("#UB -1 1930 100\n#UB -1 2081 -100", "#UB -1 1930 99\n#UB -1 2081 -99").unwrap();
    assert_eq!(
        (books.prior.is_some(), warned(&books)),
        (true, vec!["opening-differs"; 2])
    );
    let books = with("#RAR -1 20230101 20231231\n", "").unwrap();
    assert!(books.prior.is_none());
}

#[test]
fn an_export_in_mid_year_leaves_its_period_open() {
    let period = |books: Books| {
        books
            .period
            .resolve(None, "f")
            .map(|p| p.to_string())
            .map_err(|r| r.code())
    };
    assert_eq!(
        period(read_text(GOOD).unwrap()),
        Ok("2024-01-01 to 2024-12-31".to_owned())
    );
    assert_eq!(
        period(with("#GEN 20250131", "#GEN 20240401").unwrap()),
        Err("period-unclear")
    );
    let said = with("#GEN 20250131", "#GEN 20240401\n#OMFATTN 20240331").unwrap();
    assert_eq!(period(said), Ok("2024-01-01 to 2024-03-31".to_owned()));
    assert_eq!(
        period(with("#RAR 0 20240101 20241231\n", "").unwrap()),
        Err("period-unclear")
    );
}

#[test]
fn an_encoding_that_lies_is_a_warning() {
    let letters = GOOD.replace("Bank", "Företagskonto");
    let cp437 = Encoding::Cp437.encode(&letters).into_owned();
    let books = read(&cp437[..], "f", &mut |_| {}).unwrap();
    assert_eq!(
        (books.accounts["1930"].label.as_str(), warned(&books)),
        ("Företagskonto", vec![])
    );
    let utf8 = read_text(&letters).unwrap();
    assert_eq!(
        (utf8.accounts["1930"].label.as_str(), warned(&utf8)),
        ("Företagskonto", vec!["encoding-lies"])
    );
    let latin = Encoding::Windows1252.encode(&letters).into_owned();
    let latin = read(&latin[..], "f", &mut |_| {}).unwrap();
    assert_eq!(warned(&latin), ["encoding-lies"]);
    assert_eq!(
        warned(&with("Bank", "F\u{fffd}retagskonto").unwrap()),
        ["encoding-lies", "characters-lost"]
    );
    assert_eq!(warned(&with("#FORMAT PC8", "#FORMAT UTF8").unwrap()), ["encoding-lies"]);
    for books in [utf8, latin] {
        assert_eq!(books.accounts["1930"].closing, 15_000);
    }
}

#[test]
fn what_is_unknown_or_missing_is_a_warning() {
    assert_eq!(
        warned(&with("#KONTO 1930 Bank", "#NYTT 1 2 3\n#NYTT 4").unwrap()),
        ["unknown-record"]
    );
    let at = GOOD.find("#VER").unwrap();
    let balances = read_text(&GOOD[..at]).unwrap();
    assert_eq!(
        (warned(&balances), balances.accounts["1930"].closing),
        (vec!["no-vouchers"], 15_000)
    );
    let computed: String = GOOD
        .lines()
        .filter(|l| !l.starts_with("#UB 0") && !l.starts_with("#RES 0"))
        .map(|l| format!("{l}\n"))
        .collect();
    let computed = read_text(&computed).unwrap();
    assert_eq!(
        (warned(&computed), computed.accounts["1930"].closing),
        (vec!["balances-computed"], 15_000)
    );
    assert!(read_text(&format!("{GOOD}\u{1a}")).is_ok(), "DOS's end of file");
}

/// Types 1 to 3 are the same file with less in it.
#[test]
fn files_of_every_type() {
    let balances = &GOOD[..GOOD.find("#VER").unwrap()];
    for (kind, more) in [
        ("1", ""),
        ("2", "#PSALDO 0 202403 1930 {} 50.00\n"),
        (
            "3",
            "#DIM 1 Ort\n#UNDERDIM 20 Del 1\n#OBJEKT 1 \"a\" Nord\n#OIB 0 1930 {1 \"a\"} 10.00\n#OUB 0 1930 {1 \"a\"} 15.00 3\n",
        ),
    ] {
        let text = balances.replace("#SIETYP 4", &format!("#SIETYP {kind}")) + more;
        let books = read_text(&text).unwrap();
        assert_eq!(
            (warned(&books), books.accounts["1930"].closing),
            (vec!["no-vouchers"], 15_000),
            "type {kind}"
        );
        assert!(books.prior.is_some() && books.flows.whole().is_err());
    }
    for (record, code) in [
        ("#OIB 0 1930 {1 \"a\"} ten", "bad-amount"),
        ("#OUB 0 1930 {1 \"a\"}", "malformed-line"),
        ("#OUB 0 1930 10.00", "malformed-line"),
        ("#OIB x 1930 {1 \"a\"} 1.00", "malformed-line"),
        ("#PSALDO 0 202403 19/30 {} 1.00", "bad-account"),
    ] {
        let refusal = read_text(&format!("{balances}{record}\n")).unwrap_err();
        let label = record.split(' ').next().unwrap();
        assert_eq!(
            (refusal.code(), refusal.place),
            (code, Some(format!("f.se:19 ({label})"))),
            "{record}"
        );
    }
}

/// Vouchers to be read into other books say nothing about a year.
#[test]
fn vouchers_without_books_are_refused() {
    let keep = |l: &&str| !["#RAR", "#IB", "#UB", "#RES"].iter().any(|label| l.starts_with(label));
    let vouchers: String = GOOD.lines().filter(keep).map(|l| format!("{l}\n")).collect();
    let refusal = read_text(&vouchers).unwrap_err();
    assert_eq!(refusal.code(), "empty-books");
    assert!(refusal.what.contains("SIE 4I"), "{}", refusal.what);
}

/// A first financial year may have eighteen months (bokföringslagen, chapter 3).
#[test]
fn an_extended_year_is_one_period() {
    let books = with("#RAR 0 20240101 20241231", "#RAR 0 20230701 20241231").unwrap();
    let period = books.period.resolve(None, "f").unwrap();
    assert_eq!(period.to_string(), "2023-07-01 to 2024-12-31");
}

#[test]
fn names_are_read_in_the_encoding_that_their_letters_show() {
    let letters = GOOD.replace("Bank", "Företagskonto på ön");
    for encoding in [
        Encoding::Cp437,
        Encoding::Cp850,
        Encoding::Windows1252,
        Encoding::MacRoman,
    ] {
        let bytes = encoding.encode(&letters).into_owned();
        let books = read(&bytes[..], "f", &mut |_| {}).unwrap();
        assert_eq!(books.accounts["1930"].label, "Företagskonto", "{encoding:?}");
        let told = matches!(encoding, Encoding::Windows1252 | Encoding::MacRoman);
        assert_eq!(warned(&books) == ["encoding-lies"], told, "{encoding:?}");
    }
}
