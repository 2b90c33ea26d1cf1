use super::*;
use crate::invoices::{AgedBy, InvoiceList, Options};

const FORMAT: &str = r#"
type = "covenant-receivables-format"
version = 1
separator = ";"
decimal = ","
thousands = "."
encoding = "windows-1252"
currency = "EUR"
header = true
dates = "D.M.YYYY"
negative = "credit-note"
yes = ["ja"]
no = ["nein"]
[columns]
number = "Beleg"
debtor = "Konto"
name = "Kunde"
issued = "Datum"
due = "Fällig"
amount = "Betrag"
settled = "Bezahlt"
disputed = "Strittig"
"#;
const GOOD: &str = "Beleg;Konto;Kunde;Datum;Fällig;Betrag;Bezahlt;Strittig\r\n\
                    0001;10001;\"Müller; Söhne\";2.1.2026;1.2.2026;  1.190,00;;nein\r\n\
                    0002;10001;Müller;05.01.2026;4.2.2026;119,5;3.2.2026;ja\r\n\r\n\
                    G1;10002;Weiß;10.1.2026;;-19,50;;\r\n";

fn read_with(bytes: &[u8], format: &str, options: Options) -> Result<InvoiceList, Refusal> {
    let format = ReceivablesFormat::from_toml(format, "f.toml")?;
    let mut builder = Builder::new(options);
    read(bytes, "r.csv", &format, &mut builder, &mut |_| {})?;
    builder.finish()
}

fn options() -> Options {
    Options {
        seller: vec!["DE-HRB:1".to_owned()],
        ..Options::default()
    }
}

fn list(text: &str, format: &str) -> Result<InvoiceList, Refusal> {
    let bytes = crate::encoding::Encoding::Windows1252.encode(text);
    read_with(&bytes, format, options())
}

fn refused(from: &str, to: &str) -> (&'static str, String) {
    assert!(GOOD.contains(from), "{from}");
    let refusal = list(&GOOD.replacen(from, to, 1), FORMAT).unwrap_err();
    (refusal.code(), refusal.place.unwrap_or_default())
}

#[test]
fn a_declared_list_is_read_as_declared() {
    let list = list(GOOD, FORMAT).unwrap();
    assert_eq!(
        (
            list.items.len(),
            list.debtors.len(),
            list.seller.ids[0].to_string().as_str()
        ),
        (3, 2, "registry DE-HRB:1")
    );
    let first = &list.items[0];
    assert_eq!(
        (first.number.canonical.as_str(), first.amounts.payable, first.disputed),
        ("0001", 119_000, Some(false))
    );
    assert_eq!(first.settlements, Some(Vec::new()));
    let second = &list.items[1];
    assert_eq!(
        (second.settled_on().unwrap().to_string().as_str(), second.disputed),
        ("2026-02-03", Some(true))
    );
    let credit = &list.items[2];
    assert_eq!(
        (credit.kind, credit.amounts.payable, credit.disputed, credit.due_day()),
        (Kind::CreditNote, -1_950, None, credit.issued)
    );
    assert_eq!(list.debtors[0].name, "Müller; Söhne");
    let summary = list.summary("2026-02-02".parse().unwrap(), AgedBy::Due);
    assert_eq!(
        (summary.open.claims, summary.open.credits, summary.disputed),
        (130_950, -1_950, 11_950)
    );
}

#[test]
fn what_is_not_as_declared_is_named() {
    for (from, to, code, place) in [
        ("1.190,00", "1,190.00", "bad-amount", "r.csv:2, column 6"),
        ("1.190,00", "1190,005", "bad-amount", "r.csv:2, column 6"),
        ("1.190,00", "", "bad-amount", "r.csv:2, column 6"),
        (
            "1.190,00",
            "999.999.999.999.999.999.999",
            "amount-too-large",
            "r.csv:2, column 6",
        ),
        ("2.1.2026", "31.2.2026", "bad-date", "r.csv:2, column 4"),
        ("2.1.2026", "2026-01-02", "bad-date", "r.csv:2, column 4"),
        ("2.1.2026", "1/2/2026", "bad-date", "r.csv:2, column 4"),
        ("2.1.2026", "", "invoice-field-invalid", "r.csv:2, column 4"),
        ("3.2.2026", "soon", "bad-date", "r.csv:3, column 7"),
        (";1.2.2026", ";", "due-date-missing", "r.csv:2"),
        (";nein", ";no", "invoice-field-invalid", "r.csv:2, column 8"),
        ("0001;", ";", "invoice-field-invalid", "r.csv:2"),
        ("0002;", "0001;", "duplicate-document", "r.csv:3"),
        ("G1;10002;Weiß;", "G1;;;", "invoice-field-invalid", "r.csv:5"),
        (";ja\r\n", "\r\n", "malformed-line", "r.csv:3"),
        (";;\r\n", ";", "truncated-file", "r.csv:5"),
        ("\"Müller", "\"Mül\"ler", "malformed-line", "r.csv:2"),
        ("Betrag", "Summe", "missing-column", "r.csv:1"),
        ("Kunde", "Konto", "duplicate-column", "r.csv:1"),
    ] {
        assert_eq!(refused(from, to), (code, place.to_owned()), "{to}");
    }
    let negative = FORMAT.replace("negative = \"credit-note\"\n", "");
    assert_eq!(list(GOOD, &negative).unwrap_err().code(), "invoice-field-invalid");
    let utf8 = FORMAT.replace("windows-1252", "utf-8");
    assert_eq!(list(GOOD, &utf8).unwrap_err().code(), "wrong-encoding");
    let marked = [b"\xef\xbb\xbf", GOOD.as_bytes()].concat();
    assert_eq!(read_with(&marked, &utf8, options()).unwrap().items.len(), 3);
    assert_eq!(
        read_with(&marked, &utf8, Options::default()).unwrap_err().code(),
        "seller-unclear"
    );
    assert_eq!(
        list("Beleg;Konto;Kunde;Datum;Fällig;Betrag;Bezahlt;Strittig\n", FORMAT)
            .unwrap_err()
            .code(),
        "no-invoices"
    );
}

#[test]
fn kinds_open_amounts_and_references_have_columns_of_their_own() {
    let format = "type = \"covenant-receivables-format\"\nversion = 1\nseparator = \"|\"\ndecimal = \".\"\nencoding = \"utf-8\"\ncurrency = \"JPY\"\n\
                  header = false\ndates = \"YYYYMMDD\"\ncredit_notes = \"positive\"\n[kinds]\ninvoice = [\"R\", \"\"]\ncredit-note = [\"G\"]\n\
                  cancelled = [\"S\"]\nfactored = [\"F\"]\n[columns]\nnumber = 1\nkind = 2\nname = 3\nissued = 4\namount = 5\ntax = 6\nopen = 7\nreference = 8\n";
    let text = "1|R|A|20260102|1100|100|300|\n2|G|A|20260103|110|10|110|1\n3|S|A|20260104|50|||\n4|F|B|20260104|60|||\n5||B|20260105|70||70|\n";
    let with_term = Options {
        term_days: Some(14),
        ..options()
    };
    let list = read_with(text.as_bytes(), format, with_term.clone()).unwrap();
    let amounts: Vec<(i64, Option<i64>, i128)> = list
        .items
        .iter()
        .map(|i| (i.amounts.payable, i.amounts.tax, i.open_at(i.issued)))
        .collect();
    assert_eq!(
        amounts,
        [(1_100, Some(100), 300), (-110, Some(-10), -110), (70, None, 70)]
    );
    assert_eq!(list.items[1].references[0].number, "1");
    let reasons: Vec<Exclusion> = list.excluded.iter().map(|e| e.reason).collect();
    assert_eq!(reasons, [Exclusion::Cancelled, Exclusion::Factored]);
    let unknown = read_with(text.replace("|G|", "|X|").as_bytes(), format, with_term.clone()).unwrap_err();
    assert_eq!(
        (unknown.code(), unknown.place.as_deref()),
        ("invoice-field-invalid", Some("r.csv:2, column 2"))
    );
    let sign = read_with(text.replace("|110|10|", "|-110|-10|").as_bytes(), format, with_term).unwrap_err();
    assert_eq!(sign.code(), "invoice-field-invalid");
}

#[test]
fn dates_are_written_as_declared() {
    let day = |pattern: &str, text: &str| {
        let format = FORMAT.replace("D.M.YYYY", pattern);
        let format = ReceivablesFormat::from_toml(&format, "f").map_err(|r| r.code())?;
        Ok::<_, &'static str>(format.dates.parse(text).map(|d| d.to_string()))
    };
    let feb = Ok(Some("2024-02-03".to_owned()));
    assert_eq!(day("M/D/YYYY", "2/3/2024"), feb);
    assert_eq!(day("M/D/YYYY", "02/03/2024"), feb);
    assert_eq!(day("YYYY-MM-DD", "2024-02-03"), feb);
    assert_eq!(day("YYYYMMDD", "20240203"), feb);
    assert_eq!(day("DD/MM/YYYY", "03/02/2024"), feb);
    for (pattern, text) in [
        ("M/D/YYYY", "13/1/2024"),
        ("M/D/YYYY", "2/30/2024"),
        ("M/D/YYYY", "2/3/24"),
        ("M/D/YYYY", "2/3/20240"),
        ("M/D/YYYY", "/3/2024"),
        ("M/D/YYYY", "002/3/2024"),
        ("DD/MM/YYYY", "3/2/2024"),
        ("YYYY-MM-DD", "2024-02-03T00:00"),
        ("YYYYMMDD", "2024٠203"),
    ] {
        assert_eq!(day(pattern, text), Ok(None), "{pattern} {text}");
    }
    for bad in [
        "",
        "YYYY-MM",
        "YYYY-MM-DD-DD",
        "MDYYYY",
        "YY-MM-DD",
        "YYYY MM DD",
        "%Y-%m-%d",
        "ÄYYYY-MM-DD",
    ] {
        assert_eq!(day(bad, "x"), Err("csv-format-invalid"), "{bad}");
    }
}

#[test]
fn declarations_that_leave_something_open_are_refused() {
    let code = |from: &str, to: &str| {
        assert!(FORMAT.contains(from), "{from}");
        ReceivablesFormat::from_toml(&FORMAT.replacen(from, to, 1), "f.toml")
            .map_err(|r| r.code())
            .map(|_| ())
    };
    for (from, to) in [
        ("covenant-receivables-format", "covenant-csv-format"),
        ("version = 1", "version = 2"),
        ("separator = \";\"", "separator = \"#\""),
        ("thousands = \".\"", "thousands = \",\""),
        ("windows-1252", "ebcdic"),
        ("debtor = \"Konto\"\nname = \"Kunde\"\n", ""),
        ("no = [\"nein\"]\n", ""),
        ("no = [\"nein\"]\n", "no = [\"ja\"]\n"),
        ("number = \"Beleg\"", "number = 0"),
        ("number = \"Beleg\"", "colour = 1"),
        ("number = \"Beleg\"\n", ""),
        ("header = true", "header = false"),
        ("\"credit-note\"", "\"loss\""),
        ("[columns]", "credit_notes = \"negative\"\n[columns]"),
        ("[columns]", "[kinds]\ninvoice = [\"R\"]\n[columns]"),
        (
            "[columns]",
            "credit_notes = \"negative\"\n[kinds]\ninvoice = [\"R\"]\n[columns]\nkind = 3",
        ),
        (
            "[columns]",
            "credit_notes = \"negative\"\n[kinds]\ninvoice = [\"R\"]\ncredit-note = [\"R\"]\n[columns]\nkind = 3",
        ),
        (
            "[columns]",
            "credit_notes = \"negative\"\n[kinds]\ninvoices = [\"R\"]\n[columns]\nkind = 3",
        ),
    ] {
        assert_eq!(code(from, to), Err("csv-format-invalid"), "{to}");
    }
    assert_eq!(code("EUR", "EURO"), Err("currency-unknown"));
    assert_eq!(code("D.M.YYYY", "DD.MM.YYYY"), Ok(()));
}

#[test]
fn a_list_cut_anywhere_is_refused_or_shorter() {
    for (end, _) in GOOD.char_indices() {
        match list(GOOD.get(..end).unwrap(), FORMAT) {
            Ok(list) => assert!(list.items.len() <= 3, "{end}"),
            Err(refusal) => assert!(!refusal.what.is_empty()),
        }
    }
}
