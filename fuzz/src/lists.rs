//! Sales documents, invoices, receivables, and the list that is made of them.

use covenant_import::invoices::{AgedBy, Builder, InvoiceList, Options};
use covenant_import::{ReceivablesFormat, receivables, saft, ubl};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Day;

use super::books::spoken;

/// Days at which lists are looked at: the first of all, one between, the last of all.
const DAYS: [Day; 3] = [Day(0), Day(20_000), Day(u32::MAX)];

/// The sales documents of a Portuguese file.
pub fn sales(bytes: &[u8]) {
    made(&|builder| {
        let sales = saft::documents::read(bytes, "f.xml", &mut |_| {})?;
        sales.into_documents().into_iter().try_for_each(|d| builder.add(d))
    });
}

/// Invoices and credit notes, with a zero byte between two.
pub fn ubl(bytes: &[u8]) {
    made(&|builder| {
        for document in bytes.split(|b| *b == 0) {
            builder.source("f.xml");
            builder.add(ubl::read(document, "f.xml", &mut |_| {})?)?;
        }
        Ok(())
    });
}

/// A declaration and, after a zero byte, the list that it declares.
pub fn receivables(bytes: &[u8]) {
    let at = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let (declared, list) = bytes.split_at(at);
    let text = String::from_utf8_lossy(declared);
    if let Some(format) = spoken(ReceivablesFormat::from_toml(&text, "f.toml")) {
        let list = list.get(1..).unwrap_or_default();
        made(&|builder| receivables::read(list, "f.csv", &format, builder, &mut |_| {}));
    }
}

/// Bytes that claim to be a list: what is accepted is the one spelling of what it says.
pub fn invoices(bytes: &[u8]) {
    let first = InvoiceList::read(bytes, "l.json");
    assert!(
        first == InvoiceList::read(bytes, "l.json"),
        "two readings of one file differ"
    );
    if let Some(list) = spoken(first) {
        assert_eq!(written(&list), bytes);
        aged(&list);
    }
}

/// What holds of every list, with and without a seller and a term that the user states.
fn made(fill: &dyn Fn(&mut Builder) -> Result<(), Refusal>) {
    let stated = Options {
        seller: vec!["0088:1".to_owned()],
        term_days: Some(30),
        ..Options::default()
    };
    for options in [Options::default(), stated] {
        let again = || {
            let mut builder = Builder::new(options.clone());
            builder.source("f");
            fill(&mut builder)?;
            builder.finish()
        };
        let first = again();
        assert!(first == again(), "two readings of one file differ");
        let Some(list) = spoken(first) else { continue };
        assert!(
            InvoiceList::read(&written(&list), "l.json").as_ref() == Ok(&list),
            "a list that is written does not come back"
        );
        aged(&list);
    }
}

fn written(list: &InvoiceList) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert!(list.write(&mut bytes).is_ok());
    bytes
}

/// Every document stands somewhere, and what is open is so whether by age or by debtor.
fn aged(list: &InvoiceList) {
    for (day, by) in DAYS.into_iter().flat_map(|d| [(d, AgedBy::Due), (d, AgedBy::Issue)]) {
        let summary = list.summary(day, by);
        let all = summary.later + summary.settled + summary.open.documents;
        assert_eq!(all, list.items.len() as u64);
        let ages: i128 = summary.ages.iter().map(|a| a.net()).sum();
        let debtors: i128 = summary.debtors.iter().map(|d| d.open.net()).sum();
        assert_eq!((ages, debtors), (summary.open.net(), summary.open.net()));
        for debtor in &summary.debtors {
            assert!(summary.permille(debtor).is_none_or(|p| (0..=1000).contains(&p)));
        }
    }
}
