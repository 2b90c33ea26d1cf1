use super::*;

const FORMAT: &str = r#"
type = "covenant-csv-format"
version = 1
separator = ";"
decimal = ","
thousands = "."
encoding = "windows-1252"
currency = "EUR"
header = true
[columns]
account = "Konto"
label = "Name"
auxiliary = "Debitor"
debit = "Soll"
credit = "Haben"
"#;
const GOOD: &str = "Konto;Name;Debitor;Soll;Haben\r\n1000;Bank;;1.000,50;\r\n1100;\"Kunden; \"\"alle\"\"\";1;20,00;0\r\n\
                    1100;Kunden;2;;5,50\r\n\r\n3000;Kapital;;;1.015,00\r\n";

fn read_with(text: &str, format: &str) -> Result<Books, Refusal> {
    let format = CsvFormat::from_toml(format, "f.toml")?;
    read(text.as_bytes(), "t.csv", &format, &mut |_| {})
}

fn refused(from: &str, to: &str) -> (&'static str, String) {
    assert!(GOOD.contains(from), "{from}");
    let refusal = read_with(&GOOD.replacen(from, to, 1), FORMAT).unwrap_err();
    (refusal.code(), refusal.place.unwrap_or_default())
}

#[test]
fn a_declared_format_is_read_as_declared() {
    let books = read_with(GOOD, FORMAT).unwrap();
    assert_eq!((books.lines, books.entries, books.currency.code), (6, 0, "EUR"));
    assert_eq!(
        (books.accounts["1000"].closing, books.accounts["1000"].auxiliaries.len()),
        (100_050, 0)
    );
    let customers = &books.accounts["1100"];
    assert_eq!(
        (customers.label.as_str(), customers.closing),
        ("Kunden; \"alle\"", 1_450)
    );
    assert_eq!(customers.auxiliaries["2"].closing, -550);
    assert_eq!(books.period.resolve(None, "t").unwrap_err().code(), "period-unclear");
}

#[test]
fn columns_by_number_and_one_balance_column() {
    let format = FORMAT.replace("header = true", "header = false").replace(
        "account = \"Konto\"\nlabel = \"Name\"\nauxiliary = \"Debitor\"\ndebit = \"Soll\"\ncredit = \"Haben\"",
        "account = 1\nbalance = 2",
    );
    let books = read_with("1000;5,00\n3000;-5,00\n", &format).unwrap();
    assert_eq!(books.accounts["3000"].closing, -500);
}

#[test]
fn bad_rows_are_named() {
    for (from, to, code, place) in [
        ("1.000,50", "1,000.50", "bad-amount", "t.csv:2, column 4"),
        ("1.000,50", "", "bad-amount", "t.csv:2, column 4"),
        ("1.000,50", "1.000,51", "unbalanced-books", "t.csv"),
        (
            "1.000,50",
            "99.999.999.999.999.999.999",
            "amount-too-large",
            "t.csv:2, column 4",
        ),
        ("20,00;0", "20,00", "malformed-line", "t.csv:3"),
        ("1000;Bank", "Total;Bank;x", "malformed-line", "t.csv:2"),
        ("1000;Bank", ";Bank", "bad-account", "t.csv:2, column 1"),
        ("\"\"\";1", "\"\";1", "malformed-line", "t.csv:3"),
        ("\"\"\";1", "\"\"\"x;1", "malformed-line", "t.csv:3"),
        ("1100;Kunden;2", "1100;Kunden;1", "duplicate-account", "t.csv:4"),
        ("Soll", "Debit", "missing-column", "t.csv:1"),
        ("Name", "Soll", "duplicate-column", "t.csv:1"),
        ("3000;Kapital;;;1.015,00\r\n", "3000;Kap", "truncated-file", "t.csv:6"),
    ] {
        if from == "Name" {
            // The name column is looked up before the repeated one.
            let renamed = FORMAT.replace("label = \"Name\"\n", "");
            let refusal = read_with(&GOOD.replacen(from, to, 1), &renamed).unwrap_err();
            assert_eq!((refusal.code(), refusal.place.as_deref()), (code, Some(place)));
            continue;
        }
        assert_eq!(refused(from, to), (code, place.to_owned()), "{to:?}");
    }
    let code = |text: &str| read_with(text, FORMAT).map_err(|r| r.code()).map(|_| ());
    assert_eq!(code("Konto;Name;Debitor;Soll;Haben\n"), Err("empty-books"));
    let big = "92.233.720.368.547.758,07";
    assert_eq!(
        code(&format!("Konto;Name;Debitor;Soll;Haben\n1;a;1;{big};\n1;a;2;{big};\n")),
        Err("amount-too-large")
    );
    assert_eq!(
        code(&format!("Konto;Name;Debitor;Soll;Haben\n1;a;1;{big};-{big}\n")),
        Err("amount-too-large")
    );
}

#[test]
fn the_declared_encoding_is_held_to() {
    let format = CsvFormat::from_toml(&FORMAT.replace("windows-1252", "utf-8"), "f.toml").unwrap();
    let bytes = crate::encoding::Encoding::Windows1252.encode(GOOD).into_owned();
    assert!(
        read(&bytes[..], "t", &format, &mut |_| {}).is_ok(),
        "ASCII is the same in both"
    );
    let bytes = crate::encoding::Encoding::Windows1252
        .encode(&GOOD.replace("Bank", "Bänk"))
        .into_owned();
    let refusal = read(&bytes[..], "t.csv", &format, &mut |_| {}).unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.place.as_deref()),
        ("wrong-encoding", Some("t.csv:2"))
    );
}

/// Some programs print the control account above its customers: it counts once, and must tie.
#[test]
fn a_control_account_counts_once_and_must_tie() {
    let control = |amount: &str| {
        let row = format!("1100;\"Kunden; \"\"alle\"\"\";1;20,00;0\r\n1100;Kunden;;{amount};\r\n");
        let text = GOOD.replace("1100;\"Kunden; \"\"alle\"\"\";1;20,00;0\r\n", &row);
        assert_ne!(text, GOOD);
        read_with(&text, FORMAT)
    };
    let customers = &control("14,50").unwrap().accounts["1100"];
    assert_eq!((customers.closing, customers.auxiliaries.len()), (1_450, 2));
    let refusal = control("14,60").unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.place.as_deref()),
        ("sub-ledger-untied", Some("t.csv:4 (account 1100)"))
    );
    assert!(
        refusal.what.contains("14.60") && refusal.what.contains("14.50"),
        "{}",
        refusal.what
    );
}
