//! Invoices and receivables as others publish them, and lists as long as a wholesaler's.

use std::io::{self, BufReader, Read};

use covenant_import::invoices::{AgedBy, Bucket, Builder, Exclusion, InvoiceList, Kind, Options};
use covenant_import::{ReceivablesFormat, receivables, ubl};
use covenant_policy::refusal::Refusal;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

use crate::damaged::damage;
use crate::data;
use crate::imports::receivables_list;

const IBM: &str = "receivables/ibm-accounts-receivable-2012.csv";

/// The same figures, made again here from the file's columns with other readers of dates and amounts.
#[test]
fn ibms_receivables_age_as_their_columns_say() {
    let Some(path) = data::file(IBM) else { return };
    let bytes = std::fs::read(path).unwrap();
    let list = receivables_list(&bytes, "ibm.csv").unwrap();
    assert_eq!(
        (list.items.len(), list.debtors.len(), list.excluded.len()),
        (1_277, 100, 0)
    );
    let as_of = "2012-12-31".parse().unwrap();
    let summary = list.summary(as_of, AgedBy::Due);
    let text = String::from_utf8(bytes).unwrap();
    let date = |text: &str| {
        let parts: Vec<u32> = text.split('/').map(|p| p.parse().unwrap()).collect();
        parts[2] * 10_000 + parts[0] * 100 + parts[1]
    };
    let days = |ymd: u32| {
        let (y, m, d) = (ymd / 10_000, ymd / 100 % 100, ymd % 100);
        // Days since 1 March of the year 0.
        let (y, m) = if m > 2 { (y, m - 3) } else { (y - 1, m + 9) };
        365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d
    };
    let cents = |text: &str| -> i128 {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}{fraction:0<2}").parse().unwrap()
    };
    let (mut open, mut settled, mut ages, mut disputed) = (0, 0, [0i128; 5], 0);
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.trim_end().split(',').collect();
        let amount = cents(fields[6]);
        assert!(date(fields[4]) <= 20_121_231, "{line}");
        if date(fields[8]) <= 20_121_231 {
            settled += 1;
            continue;
        }
        let overdue = days(20_121_231).saturating_sub(days(date(fields[5])));
        let bucket = [0, 30, 60, 90].iter().filter(|limit| overdue > **limit).count();
        ages[bucket] += amount;
        open += amount;
        disputed += if fields[7] == "Yes" { amount } else { 0 };
    }
    assert_eq!(
        (summary.open.claims, summary.settled, summary.disputed),
        (open, settled, disputed)
    );
    assert_eq!(summary.ages.map(|b| b.claims), ages);
    assert!(open > 0 && settled > 0 && disputed > 0);
    assert_eq!(Bucket::ALL.len(), ages.len());
    let mut written = Vec::new();
    list.write(&mut written).unwrap();
    assert_eq!(InvoiceList::read(&written, "list.json").unwrap(), list);
}

fn peppol(files: &[&str], options: Options) -> Option<Result<InvoiceList, Refusal>> {
    let mut builder = Builder::new(options);
    for name in files {
        let path = data::file(&format!("ubl/{name}"))?;
        builder.source(name);
        let document = ubl::read(&std::fs::read(path).unwrap()[..], name, &mut |_| {}).unwrap();
        if let Err(refusal) = builder.add(document) {
            return Some(Err(refusal));
        }
    }
    Some(builder.finish())
}

/// An invoice, the negative invoice that takes it back, and the credit note with the same number as the invoice.
#[test]
fn what_was_taken_back_is_not_owed() {
    let files = [
        "base-example.xml",
        "base-negative-inv-correction.xml",
        "base-creditnote-correction.xml",
    ];
    let Some(list) = peppol(&files, Options::default()) else {
        return;
    };
    let list = list.unwrap();
    let kinds: Vec<(Kind, i64)> = list.items.iter().map(|i| (i.kind, i.amounts.payable)).collect();
    assert_eq!(
        kinds,
        [
            (Kind::Correction, -165_625),
            (Kind::Invoice, 165_625),
            (Kind::CreditNote, -165_625)
        ]
    );
    assert_eq!(list.items[0].references[0].number, "SNIPPET1");
    assert_eq!((list.debtors.len(), list.debtors[0].ids.len()), (1, 4));
    let summary = list.summary("2018-01-31".parse().unwrap(), AgedBy::Due);
    assert_eq!(summary.open.net(), -165_625);
    // 61 and 79 days after they fell due; the credit note fell due when it was issued.
    assert_eq!((summary.ages[3].claims, summary.ages[3].credits), (165_625, -331_250));
}

/// The examples share numbers: the same facts again are counted once, other facts under one number are refused.
#[test]
fn the_same_number_again_is_a_copy_or_a_contradiction() {
    let Some(copy) = peppol(&["base-example.xml", "sales-order-example.xml"], Options::default()) else {
        return;
    };
    let copy = copy.unwrap();
    assert_eq!((copy.items.len(), copy.excluded[0].reason), (1, Exclusion::Duplicate));
    let other = peppol(&["base-example.xml", "Vat-category-S.xml"], Options::default()).unwrap();
    let refusal = other.unwrap_err();
    assert_eq!(refusal.code(), "duplicate-document");
    assert_eq!(
        refusal.what,
        "invoice Snippet1 stands at base-example.xml:2 too, with other amounts"
    );
    let mixed = peppol(&["base-example.xml", "Norwegian-example-1.xml"], Options::default()).unwrap();
    assert_eq!(mixed.unwrap_err().code(), "seller-unclear");
    let options = Options {
        seller: vec!["0192:123456785".to_owned()],
        ..Options::default()
    };
    let theirs = peppol(&["base-example.xml", "Norwegian-example-1.xml"], options)
        .unwrap()
        .unwrap();
    assert_eq!(
        (theirs.items.len(), theirs.currency.code, theirs.excluded[0].reason),
        (1, "NOK", Exclusion::OtherSeller)
    );
    let item = &theirs.items[0];
    assert_eq!(
        (item.amounts.prepaid, item.amounts.rounding, item.amounts.payable),
        (100_000, 22, 80_200)
    );
}

/// Bytes made while they are read, so that a long file needs no disk.
struct Made<F> {
    next: F,
    line: Vec<u8>,
    at: usize,
}

impl<F: FnMut() -> Option<String>> Read for Made<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.line.len() {
            let Some(line) = (self.next)() else { return Ok(0) };
            (self.line, self.at) = (line.into_bytes(), 0);
        }
        let count = buffer.len().min(self.line.len() - self.at);
        buffer[..count].copy_from_slice(&self.line[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// The memory that this process has had at most, in KiB (Linux).
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

const LONG: u64 = 100_000;

#[test]
fn a_hundred_thousand_receivables_are_one_list() {
    let format = "type = \"covenant-receivables-format\"\nversion = 1\nseparator = \";\"\ndecimal = \",\"\nencoding = \"utf-8\"\ncurrency = \"EUR\"\n\
                  header = false\ndates = \"YYYYMMDD\"\nnegative = \"credit-note\"\n[columns]\nnumber = 1\ndebtor = 2\nname = 3\nissued = 4\ndue = 5\namount = 6\n";
    let format = ReceivablesFormat::from_toml(format, "f").unwrap();
    let mut number = 0;
    let next = || {
        number += 1;
        let day = 1 + number % 28;
        (number <= LONG).then(|| {
            let sign = if number.is_multiple_of(50) { "-" } else { "" };
            format!(
                "R{number};{};Customer {};202601{day:02};202602{day:02};{sign}{number},25\n",
                number % 4_000,
                number % 4_000
            )
        })
    };
    let mut builder = Builder::new(Options {
        seller: vec!["X:1".to_owned()],
        ..Options::default()
    });
    let mut told = 0;
    let mut progress = |bytes| told = bytes;
    let reader = BufReader::new(Made {
        next,
        line: Vec::new(),
        at: 0,
    });
    let (before, begun) = (peak_kib(), std::time::Instant::now());
    receivables::read(reader, "long.csv", &format, &mut builder, &mut progress).unwrap();
    let list = builder.finish().unwrap();
    let mut written = Vec::new();
    list.write(&mut written).unwrap();
    let took = begun.elapsed();
    println!(
        "{LONG} receivables in {took:?}: {told} bytes in, {} out, {} KiB more at most",
        written.len(),
        peak_kib() - before
    );
    assert_eq!((list.items.len() as u64, list.debtors.len()), (LONG, 4_000));
    assert!(told > 4_000_000);
    let summary = list.summary("2026-06-30".parse().unwrap(), AgedBy::Due);
    let credits: i128 = (1..=LONG)
        .filter(|n| n % 50 == 0)
        .map(|n| i128::from(n) * 100 + 25)
        .sum();
    let all: i128 = (1..=LONG).map(|n| i128::from(n) * 100 + 25).sum();
    assert_eq!((summary.open.claims, summary.open.credits), (all - credits, -credits));
    assert_eq!(InvoiceList::read(&written, "l").unwrap(), list);
}

/// The lines of an invoice are added up as they pass: a hundred thousand need no more memory than a few.
#[test]
fn a_hundred_thousand_lines_of_one_invoice_are_one_document() {
    let namespaces = "xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\" xmlns:a=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" xmlns:b=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\"";
    let party = |name: &str| {
        format!(
            "<a:Party><a:PartyLegalEntity><b:RegistrationName>{name}</b:RegistrationName></a:PartyLegalEntity></a:Party>"
        )
    };
    let sum = LONG * (LONG + 1) / 2;
    let head = format!(
        "<Invoice {namespaces}><b:ID>1</b:ID><b:IssueDate>2026-01-01</b:IssueDate><b:DueDate>2026-02-01</b:DueDate><b:InvoiceTypeCode>380</b:InvoiceTypeCode><b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode><a:AccountingSupplierParty>{}</a:AccountingSupplierParty><a:AccountingCustomerParty>{}</a:AccountingCustomerParty><a:TaxTotal><b:TaxAmount currencyID=\"EUR\">0</b:TaxAmount></a:TaxTotal><a:LegalMonetaryTotal>{}</a:LegalMonetaryTotal>\n",
        party("S"),
        party("B"),
        [
            "LineExtensionAmount",
            "TaxExclusiveAmount",
            "TaxInclusiveAmount",
            "PayableAmount"
        ]
        .map(|name| format!("<b:{name} currencyID=\"EUR\">{sum}.00</b:{name}>"))
        .concat()
    );
    let mut number = 0;
    let next = || {
        number += 1;
        match number - 1 {
            0 => Some(head.clone()),
            n @ 1..=LONG => Some(format!(
                "<a:InvoiceLine><b:ID>{n}</b:ID><b:LineExtensionAmount currencyID=\"EUR\">{n}</b:LineExtensionAmount><a:Item><b:Name>Item {n}</b:Name></a:Item></a:InvoiceLine>\n"
            )),
            n if n == LONG + 1 => Some("</Invoice>\n".to_owned()),
            _ => None,
        }
    };
    let (mut told, mut calls) = (0, 0);
    let mut progress = |bytes| {
        told = bytes;
        calls += 1;
    };
    let reader = BufReader::new(Made {
        next,
        line: Vec::new(),
        at: 0,
    });
    let begun = std::time::Instant::now();
    let document = ubl::read(reader, "long.xml", &mut progress).unwrap();
    println!("an invoice of {LONG} lines in {:?}: {told} bytes", begun.elapsed());
    assert_eq!(document.amounts.payable, i64::try_from(sum * 100).unwrap());
    assert!(told > 10_000_000 && calls > 10, "{told} {calls}");
}

/// Whatever happens to a document's bytes, it is refused or read; what is read adds up, and its list is written and read again.
#[test]
fn damaged_invoices_never_panic() {
    let mut rng = ChaCha20Rng::seed_from_u64(20_261_128);
    let mut read = 0;
    for name in [
        "Allowance-example.xml",
        "Norwegian-example-1.xml",
        "base-creditnote-correction.xml",
    ] {
        let Some(path) = data::file(&format!("ubl/{name}")) else {
            return;
        };
        let bytes = std::fs::read(path).unwrap();
        for _ in 0..400 {
            let damaged = damage(&bytes, &mut rng);
            let Ok(document) = ubl::read(&damaged[..], name, &mut |_| {}) else {
                continue;
            };
            let mut builder = Builder::new(Options {
                term_days: Some(30),
                ..Options::default()
            });
            builder.source(name);
            let Ok(list) = builder.add(document).and_then(|()| builder.finish()) else {
                continue;
            };
            let a = list.items[0].amounts;
            assert_eq!(a.total - a.prepaid + a.rounding, a.payable);
            let mut written = Vec::new();
            list.write(&mut written).unwrap();
            assert_eq!(InvoiceList::read(&written, "l"), Ok(list));
            read += 1;
        }
    }
    assert!(read > 50 && read < 1_100, "{read} of 1200");
}
