//! The largest customers on the review sheet, and why there are none where books do not tell customers apart.

use covenant_import::review::{Concentration, Customers};
use covenant_import::sample::Kind;
use covenant_import::{Mapping, Options, fec, review_books};

use crate::data;
use crate::generated::{made, order, read};

fn customers(books: &covenant_import::Books) -> Customers {
    let mapping = Mapping::chart(books.format.default_chart()).unwrap();
    let options = Options {
        period: Some(
            "2025-01-01"
                .parse()
                .and_then(|s| "2025-12-31".parse().map(|e| (s, e)))
                .map(|(start, end)| covenant_policy::statement::Period { start, end })
                .unwrap(),
        ),
        ..Options::default()
    };
    let sheet = review_books(books, &mapping, &options).unwrap();
    assert!(sheet.render_text().contains("7. LARGEST CUSTOMERS"));
    sheet.customers.unwrap()
}

fn shares(list: &Concentration) -> (usize, i128, Vec<(String, i128, u32)>) {
    assert_eq!(list.reason, None);
    let line = |c: &covenant_import::review::Customer| (c.who.clone(), c.amount.minor, c.per_mille);
    (
        list.customers,
        list.total.minor,
        list.largest.iter().map(line).collect(),
    )
}

#[test]
fn shares_are_those_of_the_lines() {
    let (sample, bytes) = made(&order(Kind::Fec, 6));
    let found = customers(&read(&sample, &bytes));
    let (mut owed, mut invoiced) = (std::collections::BTreeMap::new(), std::collections::BTreeMap::new());
    let text = String::from_utf8(bytes).unwrap();
    for line in text.lines().skip(1) {
        let f: Vec<&str> = line.split('\t').collect();
        let cents = |i: usize| f[i].replace(',', "").parse::<i128>().unwrap();
        if f[4] == "411000" {
            *owed.entry(f[6].to_owned()).or_insert(0) += cents(11) - cents(12);
            if f[0] == "VE" {
                *invoiced.entry(f[6].to_owned()).or_insert(0) += cents(11);
            }
        }
    }
    for (list, by) in [(&found.receivables, owed), (&found.invoiced, invoiced)] {
        let mut by: Vec<(String, i128)> = by.into_iter().filter(|(_, a)| *a > 0).collect();
        by.sort_by_key(|(who, amount)| (-amount, who.clone()));
        let total: i128 = by.iter().map(|(_, a)| a).sum();
        let (count, sum, largest) = shares(list);
        assert_eq!((count, sum), (by.len(), total));
        let expected = by
            .into_iter()
            .take(5)
            .map(|(who, a)| (who, a, u32::try_from(a * 1000 / total).unwrap()));
        assert_eq!(largest, expected.collect::<Vec<_>>());
    }
}

/// One account for all customers is not one customer with all the receivables.
#[test]
fn one_control_account_is_never_one_customer() {
    let (sample, bytes) = made(&order(Kind::Fec, 6));
    let text = String::from_utf8(bytes).unwrap();
    let with = |party: &dyn Fn(&str) -> String| {
        let lines = text.split_inclusive('\n').enumerate().map(|(i, line)| {
            let mut f: Vec<String> = line.split('\t').map(str::to_owned).collect();
            if i > 0 && !f[6].is_empty() {
                f[6] = party(&f[6]);
            }
            f.join("\t")
        });
        let changed: String = lines.collect();
        customers(&fec::read(changed.as_bytes(), &sample.file_name, &mut |_| {}).unwrap())
    };
    for (found, why) in [
        (with(&|_| String::new()), "account 411000 without sub-accounts"),
        (with(&|_| "DIVERS".into()), "one sub-account only"),
    ] {
        for list in [&found.receivables, &found.invoiced] {
            assert!(
                list.reason.as_deref().is_some_and(|r| r.contains(why)),
                "{:?}",
                list.reason
            );
            assert!(list.largest.is_empty() && list.top_per_mille == 0);
        }
    }
    // SIE keeps no customers at all; a trial balance has what they owe, and no invoices.
    let (sample, bytes) = made(&order(Kind::Sie, 6));
    assert!(
        customers(&read(&sample, &bytes))
            .receivables
            .reason
            .unwrap()
            .contains("1510")
    );
    let (sample, bytes) = made(&order(Kind::Csv, 6));
    let balance = customers(&read(&sample, &bytes));
    assert_eq!(balance.receivables.reason, None);
    assert!(balance.invoiced.reason.unwrap().contains("no entries"));
}

/// An invoice and its credit note that are nobody's add up to nothing, and still there is no list.
#[test]
fn what_is_nobodys_does_not_cancel() {
    let (sample, bytes) = made(&order(Kind::Fec, 6));
    let text = String::from_utf8(bytes).unwrap();
    let fields = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
    let is_sale = |f: &[String]| f[0] == "VE" && f[4] == "411000";
    let sale = text.lines().map(fields).find(|f| is_sale(f)).unwrap();
    let of_sale = |f: &[String]| (&f[0], &f[2]) == (&sale[0], &sale[2]);
    let with = |party: &dyn Fn(&str) -> String| {
        let (mut changed, mut note) = (String::new(), String::new());
        for line in text.split_inclusive('\n') {
            let mut f = fields(line);
            if of_sale(&f) {
                f[6] = party(&f[6]);
                changed += &f.join("\t");
                f[2] += "C";
                f.swap(11, 12);
                note += &f.join("\t");
            } else {
                changed += &std::mem::take(&mut note);
                changed += line;
            }
        }
        customers(&fec::read((changed + &note).as_bytes(), &sample.file_name, &mut |_| {}).unwrap())
    };
    assert_eq!(with(&str::to_owned).invoiced.reason, None);
    let nobodys = with(&|_| String::new());
    assert_eq!(nobodys.receivables.reason, None);
    let why = nobodys.invoiced.reason.unwrap_or_default();
    assert!(
        why.contains("invoices on account 411000 do not all say whose they are"),
        "{why}"
    );
}

#[test]
fn the_shared_ledger_tells_its_customers_apart() {
    let Some(books) = data::books("fec/0000000001FEC20220831.txt") else {
        return;
    };
    let sheet = data::import(&books.unwrap(), &Options::default()).unwrap().review;
    let found = sheet.customers.clone().unwrap();
    println!("{}", sheet.render_text().split("7. LARGEST").nth(1).unwrap());
    let (_, total, largest) = shares(&found.receivables);
    assert_eq!(total, 5_259_637);
    assert!(largest[0].2 < 1_000 && largest.len() == 5);
    assert!(shares(&found.invoiced).0 >= 10);
}
