//! `covenant invoices`: lists of receivables and UBL documents through the real program.

mod common;

use common::World;

const FORMAT: &str = "type = \"covenant-receivables-format\"\nversion = 1\nseparator = \";\"\ndecimal = \",\"\nencoding = \"utf-8\"\n\
    currency = \"EUR\"\nheader = true\ndates = \"DD.MM.YYYY\"\nnegative = \"credit-note\"\nyes = [\"ja\"]\nno = [\"nein\"]\n[columns]\n\
    number = \"Beleg\"\nname = \"Kunde\"\nissued = \"Datum\"\ndue = \"Fällig\"\namount = \"Betrag\"\nsettled = \"Bezahlt\"\ncancelled = \"Storno\"\n";
const LIST: &str = "Beleg;Kunde;Datum;Fällig;Betrag;Bezahlt;Storno\n\
    R1;Adler GmbH;05.01.2026;04.02.2026;11900,00;;nein\n\
    R2;Adler GmbH;10.01.2026;09.02.2026;2380,50;01.02.2026;nein\n\
    R3;Bär AG;20.02.2026;22.03.2026;5950,00;;nein\n\
    R4;Bär AG;21.02.2026;23.03.2026;100,00;;ja\n\
    G1;Adler GmbH;25.02.2026;;-1900,00;;nein\n\
    R3;Bär AG;20.02.2026;22.03.2026;5950,00;;nein\n";
const BASE: [&str; 6] = [
    "invoices",
    "list.csv",
    "--csv-format",
    "list.toml",
    "--seller",
    "DE-HRB:1",
];

fn world() -> World {
    let world = World::new();
    world.write("list.toml", FORMAT);
    world.write("list.csv", LIST);
    world
}

#[test]
fn a_list_says_what_is_open_and_who_owes_most() {
    let world = world();
    let ran = world.run_plain(&[&BASE[..], &["--as-of", "2026-03-31", "--out", "list.json"]].concat());
    println!("{}", ran.stdout);
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in [
        "Claims of registry DE-HRB:1",
        "4 documents from 1 file, in EUR; 2 left out.",
        "Open at the end of 2026-03-31",
        "Settled by then: 1. Issued later: 0. Disputed claims: 0.00.",
        "The largest 2 of 2 debtors",
        "The list is in list.json.",
    ] {
        assert!(ran.stdout.contains(line), "{line}\n{}", ran.stdout);
    }
    let row = |start: &str| {
        let line = ran.stdout.lines().find(|line| line.trim_start().starts_with(start));
        line.unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(row("invoices"), "invoices 3 20,230.50 not said 0.00 20,230.50");
    assert_eq!(row("1–30"), "1–30 1 5,950.00 0.00 5,950.00 33.3 %");
    assert_eq!(row("31–60"), "31–60 2 11,900.00 -1,900.00 10,000.00 66.7 %");
    assert_eq!(row("all"), "all 3 17,850.00 -1,900.00 15,950.00 100.0 %");
    assert_eq!(row("Adler"), "Adler GmbH 2 10,000.00 62.7 % 0.00");
    assert_eq!(row("cancelled"), "cancelled invoice R4 100.00 EUR list.csv:5");
    assert_eq!(
        row("the same"),
        "the same document again invoice R3 5,950.00 EUR list.csv:7"
    );

    // The written list says the same, to people and programs, and is known to `inspect`.
    let again = world.run_plain(&["invoices", "list.json", "--as-of", "2026-03-31"]);
    let start = ran.stdout.split("✓").next().unwrap();
    assert!(
        again.stdout.trim_end() == start.trim_end(),
        "{}\n{}",
        again.stdout,
        ran.stdout
    );
    let json = world.ok(&["invoices", "list.json", "--as-of", "2026-01-31"]);
    assert_eq!(
        (&json["open"]["claims"], &json["settled"]),
        (&"1428050".into(), &0.into())
    );
    assert_eq!(json["largest"][0]["permille"], "1000");
    let inspected = world.ok(&["inspect", "list.json"]);
    assert_eq!(
        (&inspected["type"], &inspected["documents"]),
        (&"invoice-list".into(), &4.into())
    );
    world.write("edited.json", &world.read("list.json").replace("1190000", "1190001"));
    world.refused(&["inspect", "edited.json"], 1, "invoice-list-invalid");
    world.refused(&["invoices", "edited.json"], 1, "invoice-list-invalid");
    world.refused(&[&BASE[..], &["--out", "list.json"]].concat(), 2, "file-exists");
    assert!(world.vault().is_empty(), "no vault is needed");
}

#[test]
fn what_is_missing_is_asked_for() {
    let world = world();
    world.refused(&["invoices", "list.csv"], 2, "csv-format-missing");
    world.refused(&["invoices", "nothing.csv"], 2, "file-unreadable");
    world.refused(&BASE[..4], 1, "seller-unclear");
    world.write("list.csv", &LIST.replace(";04.02.2026", ";"));
    let refused = world.refused(&BASE, 1, "due-date-missing");
    assert_eq!(refused["where"], "list.csv:2");
    world.ok(&[&BASE[..], &["--term", "30"]].concat());
    world.write("list.csv", &LIST.replacen("5950,00", "5951,00", 1));
    let refused = world.refused(&BASE, 1, "duplicate-document");
    assert_eq!(
        (&refused["where"], &refused["what"]),
        (
            &"list.csv:7".into(),
            &"invoice R3 stands at list.csv:4 too, with other amounts".into()
        )
    );
    let declared = world.ok(&["inspect", "list.toml"]);
    assert_eq!(declared["type"], "covenant-receivables-format");
}
