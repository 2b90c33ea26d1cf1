//! Writes what the fuzzers start from: small books out of the sample generator, the documents that the importers' tests read, the
//! sample policies and their canonical bytes.
//! `seeds FOLDER` makes `FOLDER/<target>/…`; nothing of it is kept in the repository.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use covenant_import::invoices::{self, Builder};
use covenant_import::sample::{ENTRIES_MIN, Kind, Order, Profile, generate};
use covenant_import::{ReceivablesFormat, receivables, ubl};
use covenant_policy::compile;

/// Entries of a seed: a fuzzer wants it short.
const ENTRIES: usize = 12;

/// The importers' sources, whose tests have documents beside them.
const IMPORTERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
const POLICIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");

/// A declaration of receivables, and such.
const RECEIVABLES: &str = "type = \"covenant-receivables-format\"\nversion = 1\nseparator = \";\"\ndecimal = \",\"\nthousands = \".\"\n\
    encoding = \"utf-8\"\ncurrency = \"EUR\"\nheader = true\ndates = \"D.M.YYYY\"\nnegative = \"credit-note\"\nyes = [\"ja\"]\n\
    no = [\"nein\"]\n[columns]\nnumber = \"Beleg\"\ndebtor = \"Konto\"\nname = \"Kunde\"\nissued = \"Datum\"\ndue = \"Fällig\"\n\
    amount = \"Betrag\"\nsettled = \"Bezahlt\"\ndisputed = \"Strittig\"\n\0\
    Beleg;Konto;Kunde;Datum;Fällig;Betrag;Bezahlt;Strittig\r\n0001;10001;\"Müller; Söhne\";2.1.2026;1.2.2026;1.190,00;;nein\r\n\
    0002;10001;Müller;05.01.2026;4.2.2026;119,5;3.2.2026;ja\r\n\r\nG1;10002;Weiß;10.1.2026;;-19,50;;\r\n";

/// Where seeds go.
struct Corpus(PathBuf);

impl Corpus {
    fn put(&self, target: &str, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let to = self.0.join(target);
        fs::create_dir_all(&to)?;
        fs::write(to.join(name), bytes)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = Corpus(std::env::args().nth(1).ok_or("seeds FOLDER")?.into());
    books(&corpus)?;
    lists(&corpus)?;
    policies(&corpus)?;
    mappings(&corpus)?;
    for (i, text) in [
        "12,34",
        "-1.234.567,89",
        "1 234,5",
        "20240229",
        "2024-02-29",
        "EUR 1.50",
        "92233720368547758.07",
    ]
    .iter()
    .enumerate()
    {
        corpus.put("text", &i.to_string(), text.as_bytes())?;
    }
    Ok(())
}

fn books(corpus: &Corpus) -> Result<(), Box<dyn Error>> {
    for (target, kind) in [("fec", Kind::Fec), ("sie", Kind::Sie), ("csv", Kind::Csv)] {
        for (seed, profile) in [(1, Profile::Healthy), (2, Profile::Stretched), (3, Profile::Failing)] {
            let mut bytes = Vec::new();
            let order = Order {
                seed,
                kind,
                entries: ENTRIES_MIN,
                profile,
                year: 2024,
            };
            let sample = generate(&order, &mut bytes).map_err(|r| r.what)?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let short = match kind {
                Kind::Fec => french(&text),
                Kind::Sie => swedish(&text),
                Kind::Csv | Kind::SaftNo => format!("{}\0{text}", sample.csv_format.unwrap_or_default()),
            };
            corpus.put(target, &format!("sample-{seed}"), short.as_bytes())?;
            corpus.put(target, &format!("windows-{seed}"), short.replace('\t', ";").as_bytes())?;
        }
    }
    let tests = Path::new(IMPORTERS).join("saft/tests");
    corpus.put("norway", "tests", &fs::read(tests.join("norwegian.xml"))?)?;
    corpus.put("portugal", "tests", &fs::read(tests.join("portuguese.xml"))?)?;
    Ok(())
}

fn lists(corpus: &Corpus) -> Result<(), Box<dyn Error>> {
    let importers = Path::new(IMPORTERS);
    corpus.put("sales", "tests", &fs::read(importers.join("saft/tests/documents.xml"))?)?;
    let invoice = fs::read_to_string(importers.join("ubl/tests/invoice.xml"))?;
    let note = invoice
        .replace("Invoice-2", "CreditNote-2")
        .replace("<Invoice ", "<CreditNote ");
    let note = note.replace("</Invoice>", "</CreditNote>").replace(
        "InvoiceTypeCode>380</cbc:Invoice",
        "CreditNoteTypeCode>381</cbc:CreditNote",
    );
    let note = note.replace("InvoiceLine", "CreditNoteLine");
    corpus.put("ubl", "invoice", invoice.as_bytes())?;
    corpus.put("ubl", "credit-note", note.as_bytes())?;
    corpus.put("ubl", "both", format!("{invoice}\0{note}").as_bytes())?;
    corpus.put("receivables", "german", RECEIVABLES.as_bytes())?;
    let mut builder = Builder::new(invoices::Options::default());
    builder.source("invoice.xml");
    for text in [&invoice, &note] {
        let document = ubl::read(text.as_bytes(), "invoice.xml", &mut |_| {}).map_err(|r| r.to_string())?;
        builder.add(document).map_err(|r| r.to_string())?;
    }
    let mut bytes = Vec::new();
    builder.finish().map_err(|r| r.to_string())?.write(&mut bytes)?;
    corpus.put("invoices", "both", &bytes)?;
    let (format, list) = RECEIVABLES.split_once('\0').ok_or("no list")?;
    let format = ReceivablesFormat::from_toml(format, "f.toml").map_err(|r| r.to_string())?;
    let mut builder = Builder::new(invoices::Options {
        seller: vec!["DE-HRB:1".to_owned()],
        ..invoices::Options::default()
    });
    receivables::read(list.as_bytes(), "r.csv", &format, &mut builder, &mut |_| {}).map_err(|r| r.to_string())?;
    let mut bytes = Vec::new();
    builder.finish().map_err(|r| r.to_string())?.write(&mut bytes)?;
    corpus.put("invoices", "receivables", &bytes)?;
    Ok(())
}

fn policies(corpus: &Corpus) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(POLICIES);
    for entry in fs::read_dir(folder)?.chain(fs::read_dir(folder.join("rules"))?) {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let source = fs::read_to_string(&path)?;
        corpus.put("policy", &name, source.as_bytes())?;
        corpus.put("lint", &name, source.as_bytes())?;
        if let Ok(compiled) = compile(&source) {
            corpus.put("canonical", &name, &compiled.canonical_bytes)?;
        }
        for (i, line) in source.lines().enumerate().filter(|(_, line)| line.contains("require")) {
            let rule = line
                .split_once('"')
                .map_or(line, |(_, rest)| rest.trim_end_matches('"'));
            corpus.put("expression", &format!("{name}-{i}"), rule.as_bytes())?;
        }
    }
    Ok(())
}

fn mappings(corpus: &Corpus) -> std::io::Result<()> {
    for chart in ["fr-pcg", "se-bas", "no-ns4102", "pt-snc", "generic"] {
        let text = format!(
            "type = \"covenant-account-mapping\"\nversion = 1\nchart = \"{chart}\"\n[[account]]\naccounts = [\"9999\", \"40-44\"]\n\
             debit = \"other-receivables\"\ncredit = \"other-payables\"\nnet = true\n[[reclassify]]\nfrom = \"borrowings-long\"\n\
             to = \"borrowings-short\"\namount = \"100.00\"\nreason = \"due\"\n[[not_covered]]\nfigure = \"cash\"\nreason = \"x\"\n"
        );
        corpus.put("mapping", chart, text.as_bytes())?;
    }
    Ok(())
}

/// The header, the opening entry and some more.
fn french(text: &str) -> String {
    let entry = |line: &str| line.split('\t').nth(2).and_then(|n| n.parse::<usize>().ok());
    text.split_inclusive('\n')
        .filter(|line| entry(line).is_none_or(|n| n <= ENTRIES))
        .collect()
}

/// Some vouchers, without the balances that all of them made.
fn swedish(text: &str) -> String {
    let (head, vouchers) = text.split_at(text.find("#VER").unwrap_or(text.len()));
    let head = head
        .split_inclusive('\n')
        .filter(|l| !l.starts_with("#UB 0") && !l.starts_with("#RES 0"));
    let vouchers = vouchers.split_inclusive("}\r\n").take(ENTRIES);
    head.chain(vouchers).collect()
}
