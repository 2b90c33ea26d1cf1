use covenant_policy::refusal::Refusal;

use super::*;

const EUR: &str = "EUR";

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn party(name: &str, tax: &str) -> Party {
    Party {
        name: name.to_owned(),
        country: Some("DE".to_owned()),
        ids: PartyId::new(IdSort::Tax, None, tax).into_iter().collect(),
    }
}

fn document(number: &str, issued: &str, due: &str, payable: i64) -> Document {
    Document {
        number: number.to_owned(),
        kind: if payable < 0 { Kind::CreditNote } else { Kind::Invoice },
        type_code: Some("380".to_owned()),
        seller: Some(party("Seller", "S1")),
        debtor: party("Debtor", "D1"),
        currency: Currency::from_code(EUR).unwrap(),
        issued: day(issued),
        due: (!due.is_empty()).then(|| day(due)),
        amounts: Amounts::payable_only(payable),
        settlements: None,
        disputed: None,
        payee: None,
        references: Vec::new(),
        excluded: None,
        line: 1,
    }
}

fn listed(documents: Vec<Document>, options: Options) -> Result<InvoiceList, Refusal> {
    let mut builder = Builder::new(options);
    builder.source("f");
    for (i, document) in documents.into_iter().enumerate() {
        builder.add(Document {
            line: i as u64 + 1,
            ..document
        })?;
    }
    builder.finish()
}

fn refused(documents: Vec<Document>) -> (&'static str, String) {
    let refusal = listed(documents, Options::default()).unwrap_err();
    (refusal.code(), refusal.place.unwrap_or_default())
}

#[test]
fn claims_age_from_their_due_day_and_settlements_from_theirs() {
    let mut documents = vec![
        document("1", "2020-01-01", "2020-03-31", 100),
        document("2", "2020-01-01", "2020-03-30", 1_000),
        document("3", "2020-01-01", "2020-03-01", 10_000),
        document("4", "2020-01-01", "2020-02-28", 100_000),
        document("5", "2020-01-01", "2020-01-31", 1_000_000),
        document("6", "2019-12-01", "2020-01-01", 10_000_000),
        document("7", "2019-12-01", "2019-12-31", 100_000_000),
        document("8", "2020-03-15", "", -30),
        document("9", "2020-04-01", "2020-04-30", 5),
    ];
    documents[1].disputed = Some(true);
    documents[2].settlements = Some(vec![
        Settlement {
            day: Some(day("2020-03-31")),
            amount: 4_000,
        },
        Settlement {
            day: Some(day("2020-04-01")),
            amount: 6_000,
        },
    ]);
    documents[3].settlements = Some(vec![Settlement {
        day: None,
        amount: 100_000,
    }]);
    documents[6].debtor = party("Other", "D2");
    let list = listed(documents, Options::default()).unwrap();
    let s = list.summary(day("2020-03-31"), AgedBy::Due);
    let ages: Vec<(u64, i128, i128)> = s.ages.iter().map(|b| (b.documents, b.claims, b.credits)).collect();
    assert_eq!(
        ages,
        [
            (1, 100, 0),
            (3, 7_000, -30),
            (1, 1_000_000, 0),
            (1, 10_000_000, 0),
            (1, 100_000_000, 0)
        ]
    );
    assert_eq!(
        (s.later, s.settled, s.open.documents, s.disputed, s.payments_unknown),
        (1, 1, 7, 1_000, 6)
    );
    assert_eq!(s.open.net(), 111_007_070);
    assert_eq!(s.ages.iter().map(|b| b.net()).sum::<i128>(), s.open.net());
    assert_eq!(s.debtors.iter().map(|d| d.open.net()).sum::<i128>(), s.open.net());
    let top = &s.debtors[0];
    assert_eq!(
        (list.debtors[top.debtor].name.as_str(), top.over_90, s.permille(top)),
        ("Other", 100_000_000, Some(901))
    );
    // From the day of issue everything is older.
    let s = list.summary(day("2020-03-31"), AgedBy::Issue);
    assert_eq!(s.ages[0].documents, 0);
    assert_eq!((s.ages[3].claims, s.ages[4].documents), (1_007_100, 2));
    // A day later the third is settled.
    let s = list.summary(day("2020-04-01"), AgedBy::Due);
    assert_eq!((s.later, s.settled), (0, 2));
    let third = list.items.iter().find(|i| i.number.canonical == "3").unwrap();
    assert_eq!(
        (third.settled_on(), third.open_at(day("2020-03-30"))),
        (Some(day("2020-04-01")), 10_000)
    );
}

#[test]
fn what_no_list_may_hold_is_refused_with_its_place() {
    let good = || document("A", "2020-01-01", "2020-02-01", 100);
    let with = |change: &dyn Fn(&mut Document)| {
        let mut second = document("B", "2020-01-02", "2020-02-02", 50);
        change(&mut second);
        refused(vec![good(), second])
    };
    let at = "f:2".to_owned();
    assert_eq!(
        with(&|d| d.currency = Currency::from_code("SEK").unwrap()),
        ("invoice-currency", at.clone())
    );
    assert_eq!(
        with(&|d| d.seller = Some(party("Another", "S2"))),
        ("seller-unclear", at.clone())
    );
    assert_eq!(with(&|d| d.amounts.total = 51), ("invoice-sum-mismatch", at.clone()));
    assert_eq!(with(&|d| d.due = None), ("due-date-missing", at.clone()));
    assert_eq!(
        with(&|d| d.number = " \u{200b}".to_owned()),
        ("invoice-field-invalid", at.clone())
    );
    assert_eq!(
        with(&|d| d.debtor = Party::default()),
        ("invoice-field-invalid", at.clone())
    );
    assert_eq!(
        with(&|d| d.payee = Some("x".repeat(201))),
        ("invoice-field-invalid", at.clone())
    );
    assert_eq!(
        with(&|d| d.kind = Kind::CreditNote),
        ("invoice-field-invalid", at.clone())
    );
    assert_eq!(
        with(&|d| d.amounts = Amounts::payable_only(-1)),
        ("invoice-field-invalid", at.clone())
    );
    assert_eq!(
        with(&|d| d.references = vec![(ReferenceTo::Invoice, "1".to_owned()); PARTS_MAX + 1]),
        ("invoice-field-invalid", at.clone())
    );
    assert_eq!(
        with(&|d| d.amounts = Amounts::payable_only(i64::MAX - 99)),
        ("amount-too-large", at.clone())
    );
    assert_eq!(with(&|d| d.number = "a".to_owned()), ("duplicate-document", at));
    assert_eq!(refused(vec![]).0, "no-invoices");
    let cancelled = Document {
        excluded: Some(Exclusion::Cancelled),
        ..good()
    };
    assert_eq!(refused(vec![cancelled]).0, "no-invoices");
    assert_eq!(refused(vec![Document { seller: None, ..good() }]).0, "seller-unclear");
}

#[test]
fn a_number_comes_once_a_year_and_credit_notes_have_their_own() {
    let list = listed(
        vec![
            document("1", "2020-01-01", "2020-02-01", 100),
            document("1", "2021-01-01", "2021-02-01", 200),
            document("1", "2020-05-01", "", -50),
            document(" 1", "2020-01-01", "2020-02-01", 100),
        ],
        Options::default(),
    )
    .unwrap();
    assert_eq!(list.items.len(), 3);
    assert_eq!(
        (
            list.excluded.len(),
            list.excluded[0].reason,
            list.excluded[0].place.line
        ),
        (1, Exclusion::Duplicate, 4)
    );
    let mut other = document("1", "2020-01-01", "2020-02-01", 100);
    other.settlements = Some(Vec::new());
    let refusal = listed(
        vec![document("1", "2020-01-01", "2020-02-01", 100), other],
        Options::default(),
    )
    .unwrap_err();
    assert_eq!(refusal.what, "invoice 1 stands at f:1 too, with other settlements");
}

#[test]
fn what_does_not_count_is_said_and_sets_nothing() {
    let options = Options {
        seller: vec!["S1".to_owned()],
        currency: Some(Currency::from_code(EUR).unwrap()),
        term_days: Some(30),
    };
    let sek = Document {
        currency: Currency::from_code("SEK").unwrap(),
        ..document("1", "2020-01-01", "", 1)
    };
    let theirs = Document {
        seller: Some(party("Another", "S2")),
        ..document("2", "2020-01-01", "", 1)
    };
    let cancelled = Document {
        excluded: Some(Exclusion::Cancelled),
        ..document("3", "2020-01-01", "", 1)
    };
    let list = listed(
        vec![sek, theirs, cancelled, document("4", "2020-01-01", "", 7)],
        options,
    )
    .unwrap();
    let reasons: Vec<Exclusion> = list.excluded.iter().map(|e| e.reason).collect();
    assert_eq!(
        reasons,
        [Exclusion::OtherCurrency, Exclusion::OtherSeller, Exclusion::Cancelled]
    );
    assert_eq!(
        (list.items.len(), list.items[0].due, list.items[0].due_day()),
        (1, Due::Term(30), day("2020-01-31"))
    );
    assert_eq!((list.seller.name.as_str(), list.debtors.len()), ("Seller", 1));
    let summary = list.summary(day("2020-01-01"), AgedBy::Due);
    assert_eq!(summary.excluded.values().sum::<u64>(), 3);
}

fn example() -> InvoiceList {
    let mut first = document("é-1", "2020-01-01", "2020-02-01", 100);
    first.amounts = Amounts {
        total: 130,
        tax: Some(30),
        prepaid: 31,
        rounding: 1,
        payable: 100,
    };
    first.settlements = Some(vec![
        Settlement {
            day: Some(day("2020-01-05")),
            amount: 40,
        },
        Settlement { day: None, amount: 1 },
    ]);
    first.disputed = Some(false);
    first.payee = Some("A \"bank\"".to_owned());
    first.references = vec![
        (ReferenceTo::PurchaseOrder, "po 1".to_owned()),
        (ReferenceTo::Invoice, "0".to_owned()),
    ];
    let second = document("2", "2020-01-01", "", -20);
    let third = Document {
        excluded: Some(Exclusion::NoClaim),
        ..document("3", "2020-01-01", "", 1)
    };
    let fourth = document("4", "2020-01-01", "", 20);
    listed(
        vec![first, second, third, fourth],
        Options {
            term_days: Some(14),
            ..Options::default()
        },
    )
    .unwrap()
}

#[test]
fn the_document_has_one_spelling() {
    let list = example();
    let mut bytes = Vec::new();
    list.write(&mut bytes).unwrap();
    assert_eq!(InvoiceList::read(&bytes, "l.json").unwrap(), list);
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.starts_with("{\"type\":\"invoice-list\",\"version\":1,\"document\":{\n\"seller\":{\"name\":\"Seller\","),
        "{text}"
    );
    let place = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}\n{text}");
        let refusal = InvoiceList::read(text.replacen(from, to, 1).as_bytes(), "l.json").unwrap_err();
        assert_eq!(refusal.code(), "invoice-list-invalid");
        refusal.place.unwrap()
    };
    for (from, to) in [
        ("\"invoice-list\"", "\"invoices\""),
        ("\"version\":1", "\"version\":2"),
        ("\"currency\":\"EUR\"", "\"currency\":\"EURO\""),
        ("\"payable\":\"100\"", "\"payable\":\"101\""),
        ("\"total\":\"130\"", "\"total\":\"131\""),
        ("\"payable\":\"-20\"", "\"payable\":\"-21\""),
        ("\"debtor\":0", "\"debtor\":1"),
        ("\"source\":0", "\"source\":1"),
        ("\"2020-02-01\"", "\"2020-02-30\""),
        ("\"due_from\":\"term\"", "\"due_from\":\"issue\""),
        ("\"É-1\"", "\"é-1\""),
        ("\"number\":\"2\"", "\"number\":\"5\""),
        ("\"reason\":\"no-claim\"", "\"reason\":\"bored\""),
        ("\"settled\":\"41\"", "\"settled\":\"40\""),
        ("\"amount\":\"40\"", "\"amount\":\"+40\""),
        ("\"line\":1}", "\"line\":1,\"more\":2}"),
        ("\"disputed\":false,", ""),
        ("}}\n", "}}\n\n"),
        ("}}\n", "}}"),
        (":{\n", ":{\n "),
    ] {
        place(from, to);
    }
    let moved = text.lines().position(|l| l.contains("\"number\":\"4\"")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(moved - 1, moved);
    assert!(InvoiceList::read((lines.join("\n") + "\n").as_bytes(), "l").is_err());
    for end in 0..text.len() {
        assert!(
            text.get(..end)
                .is_none_or(|cut| InvoiceList::read(cut.as_bytes(), "l").is_err()),
            "{end}"
        );
    }
}

#[test]
fn a_list_has_an_end() {
    let mut builder = Builder::new(Options::default());
    builder.source("f");
    let document = Document {
        excluded: Some(Exclusion::Cancelled),
        ..document("1", "2020-01-01", "", 1)
    };
    for _ in 0..DOCUMENTS_MAX {
        builder.add(document.clone()).unwrap();
    }
    let refusal = builder.add(document).unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.place.as_deref()),
        ("too-many-documents", Some("f:1"))
    );
}
