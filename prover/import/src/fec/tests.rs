use super::*;

const HEADER: &str = "JournalCode\tJournalLib\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tCompAuxNum\tCompAuxLib\tPieceRef\t\
                      PieceDate\tEcritureLib\tDebit\tCredit\tEcritureLet\tDateLet\tValidDate\tMontantdevise\tIdevise\n";

fn line(journal: &str, entry: &str, date: &str, account: &str, aux: &str, debit: &str, credit: &str) -> String {
    format!(
        "{journal}\tx\t{entry}\t{date}\t{account}\tlabel\t{aux}\t\tP\t{date}\ttext\t{debit}\t{credit}\t\t\t{date}\t\t\n"
    )
}

fn read_text(text: &str, file: &str) -> Result<Books, Refusal> {
    read(text.as_bytes(), file, &mut |_| {})
}

fn good() -> Vec<String> {
    vec![
        HEADER.to_owned(),
        line("AN", "1", "20240101", "512000", "", "100,00", "0,00"),
        line("AN", "1", "20240101", "101000", "", "0,00", "100,00"),
        line("VE", "2", "20240315", "411000", "C1", "12,00", ""),
        line("VE", "2", "20240315", "707000", "", "", "12.00"),
    ]
}

fn refused(lines: &[String]) -> (&'static str, String) {
    let refusal = read_text(&lines.concat(), "123FEC20241231.txt").unwrap_err();
    (refusal.code(), refusal.place.unwrap_or_default())
}

#[test]
fn a_small_ledger() {
    let books = read_text(&good().concat(), "123456789FEC20241231.txt").unwrap();
    assert_eq!(
        (books.entries, books.lines, books.company.registry.as_deref()),
        (2, 5, Some("123456789"))
    );
    let bank = &books.accounts["512000"];
    assert_eq!(
        (bank.opening, bank.debit, bank.credit, bank.closing),
        (10_000, 0, 0, 10_000)
    );
    let customers = &books.accounts["411000"];
    assert_eq!(
        (customers.opening, customers.debit, customers.auxiliaries["C1"].closing),
        (0, 1_200, 1_200)
    );
    assert!(bank.auxiliaries.is_empty());
    assert_eq!(
        books.period.resolve(None, "f").map(|p| p.to_string()),
        Ok("2024-01-01 to 2024-12-31".to_owned())
    );
}

#[test]
fn amount_and_side_in_one_column_each() {
    let header = HEADER.replace("\tDebit\tCredit\t", "\tMontant\tSens\t");
    let lines = |sides: [&str; 2]| {
        let body = line("VE", "1", "20240315", "411000", "", "12,00", sides[0])
            + &line("VE", "1", "20240315", "707000", "", "12,00", sides[1]);
        read_text(&(header.clone() + &body), "1FEC20241231.txt")
    };
    for sides in [["D", "C"], ["+1", "-1"]] {
        assert_eq!(lines(sides).unwrap().accounts["707000"].closing, -1_200);
    }
    assert_eq!(lines(["D", "X"]).unwrap_err().code(), "bad-amount");
}

#[test]
fn entries_may_be_interleaved_and_pipes_separate_too() {
    let mut lines = good();
    lines.swap(2, 3);
    let books = read_text(&lines.concat().replace('\t', "|"), "1FEC20241231.txt").unwrap();
    assert_eq!(books.accounts["411000"].closing, 1_200);
}

#[test]
fn bad_lines_are_named() {
    let with = |index: usize, text: String| {
        let mut lines = good();
        lines[index] = text;
        refused(&lines)
    };
    let f = "123FEC20241231.txt";
    assert_eq!(with(3, "VE\tshort\n".to_owned()), ("malformed-line", format!("{f}:4")));
    let (d, a) = ("20240315", "411000");
    assert_eq!(
        with(3, line("VE", "2", "20240230", a, "", "12,00", "")),
        ("bad-date", format!("{f}:4, column EcritureDate"))
    );
    assert_eq!(
        with(3, line("VE", "2", d, "4 1", "", "12,00", "")),
        ("bad-account", format!("{f}:4, column CompteNum"))
    );
    assert_eq!(
        with(3, line("VE", "", d, a, "", "12,00", "")),
        ("malformed-line", format!("{f}:4, column EcritureNum"))
    );
    assert_eq!(
        with(3, line("VE", "2", d, a, "", "12 000,00", "")),
        ("bad-amount", format!("{f}:4, column Debit"))
    );
    assert_eq!(
        with(3, line("VE", "2", d, a, "", "", "")),
        ("bad-amount", format!("{f}:4, column Debit"))
    );
    assert_eq!(
        with(4, line("VE", "2", d, "707000", "", "", "twelve")),
        ("bad-amount", format!("{f}:5, column Credit"))
    );
    assert_eq!(
        with(4, line("VE", "2", d, "707000", "", "", "12,01")),
        ("unbalanced-entry", format!("{f}:4 (entry 2, lines 4 to 5)"))
    );
    assert_eq!(
        with(0, HEADER.replace("CompteNum", "Compte")),
        ("missing-column", format!("{f}:1"))
    );
    assert_eq!(
        with(0, HEADER.replace("CompteNum", "Debit")),
        ("duplicate-column", format!("{f}:1"))
    );
}

#[test]
fn files_that_stop_short() {
    assert_eq!(refused(&[]).0, "empty-books");
    assert_eq!(refused(&good()[..1]).0, "empty-books");
    let text = good().concat();
    let cut = |n: usize| {
        read_text(&text[..text.len() - n], "1FEC20241231.txt")
            .map_err(|r| r.code())
            .map(|b| b.entries)
    };
    assert_eq!(cut(1), Ok(2), "only the last line end is missing");
    assert_eq!(cut(30), Err("truncated-file"), "fields are missing");
    let last = text.lines().last().map_or(0, str::len);
    assert_eq!(
        cut(last + 2),
        Err("truncated-file"),
        "the second line of the entry and a line end are missing"
    );
    assert_eq!(
        cut(last + 1),
        Err("unbalanced-entry"),
        "the second line of the entry is missing"
    );
}

#[test]
fn sums_beyond_64_bits() {
    let big = "92233720368547758,07";
    let mut lines = good();
    lines.push(line("OD", "3", "20240401", "512000", "", big, ""));
    assert_eq!(refused(&lines), ("amount-too-large", "123FEC20241231.txt:6".to_owned()));
    lines[5] = line("OD", "3", "20240401", "512000", "", "192233720368547758,07", "");
    assert_eq!(
        refused(&lines),
        ("amount-too-large", "123FEC20241231.txt:6, column Debit".to_owned())
    );
}

#[test]
fn encodings_touch_only_names() {
    let text = good().concat().replace("label", "Créances");
    let latin: Vec<u8> = Encoding::Iso8859_15.encode(&text).into_owned();
    let books = read(&latin[..], "1FEC20240331.txt", &mut |_| {}).unwrap();
    assert_eq!(
        (books.accounts["411000"].label.as_str(), books.warnings.len()),
        ("Créances", 0)
    );
    let windows: Vec<u8> = Encoding::Windows1252
        .encode(&text.replace("Créances", "Œuvres"))
        .into_owned();
    assert_eq!(
        read(&windows[..], "1FEC20240331.txt", &mut |_| {}).unwrap().accounts["411000"].label,
        "Œuvres"
    );
    let mixed = [text.as_bytes(), &latin[HEADER.len()..]].concat();
    let books = read(&mixed[..], "1FEC20240331.txt", &mut |_| {}).unwrap();
    assert_eq!(
        books.warnings.iter().map(|w| w.code).collect::<Vec<_>>(),
        ["encoding-lies"]
    );
    assert_eq!(books.accounts["411000"].closing, 2_400);
    let lost = read_text(&text.replace("Créances", "Cr\u{fffd}ances"), "1FEC20240331.txt").unwrap();
    assert_eq!(
        lost.warnings.iter().map(|w| w.code).collect::<Vec<_>>(),
        ["characters-lost"]
    );
}

#[test]
fn the_period_comes_from_the_name_or_from_the_opening() {
    let resolved = |lines: &[String], file: &str| {
        let books = read_text(&lines.concat(), file).unwrap();
        books
            .period
            .resolve(None, file)
            .map(|p| p.to_string())
            .map_err(|r| r.code())
    };
    assert_eq!(
        resolved(&good(), "ledger.txt"),
        Ok("2024-01-01 to 2024-03-31".to_owned())
    );
    let no_opening: Vec<String> = good().into_iter().filter(|l| !l.starts_with("AN")).collect();
    assert_eq!(
        resolved(&no_opening, "123FEC20241231.txt"),
        Ok("2024-03-01 to 2024-12-31".to_owned())
    );
    assert_eq!(resolved(&no_opening, "ledger.txt"), Err("period-unclear"));
    assert_eq!(resolved(&good(), "123FEC20240228.txt"), Err("entry-outside-period"));
}

#[test]
fn missing_formal_columns_are_a_warning() {
    let cut = |l: &String| {
        l.replace("\tValidDate\t", "\t")
            .replace("\t20240315\t\t\n", "\t\t\n")
            .replace("\t20240101\t\t\n", "\t\t\n")
    };
    let text: String = good().iter().map(cut).collect();
    let books = read_text(&text, "1FEC20240331.txt").unwrap();
    assert_eq!(
        books.warnings.iter().map(|w| w.code).collect::<Vec<_>>(),
        ["columns-missing"]
    );
}

#[test]
fn a_ledger_without_end_of_open_entries_does_not_fill_the_memory() {
    let mut text = HEADER.to_owned();
    for i in 0..=ledger::OPEN_ENTRIES_MAX {
        text.push_str(&line("OD", &i.to_string(), "20240401", "512000", "", "1,00", ""));
    }
    let refusal = read_text(&text, "1FEC20241231.txt").unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.place),
        (
            "unbalanced-entry",
            Some(format!("1FEC20241231.txt:{}", ledger::OPEN_ENTRIES_MAX + 2))
        )
    );
}

#[test]
fn a_ledger_that_falls_silent_is_warned_about() {
    let codes = |file: &str| {
        let books = read_text(&good().concat(), file).unwrap();
        books.warnings.iter().map(|w| (w.code, w.line)).collect::<Vec<_>>()
    };
    assert_eq!(codes("1FEC20240331.txt"), []);
    assert_eq!(codes("1FEC20241231.txt"), [("ends-early", Some(4))]);
    // Cut between two entries, the same period.
    let books = read_text(&good()[..3].concat(), "1FEC20240331.txt").unwrap();
    assert_eq!(books.warnings[0].code, "ends-early");
}
