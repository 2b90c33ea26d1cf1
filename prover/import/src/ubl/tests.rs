use super::values::decimal;
use super::*;
use crate::invoices::{IdSort, PartyId};

/// An invoice with an allowance, a charge, two rates, something prepaid and a rounding.
const GOOD: &str = include_str!("tests/invoice.xml");

fn of(text: &str) -> Result<Document, Refusal> {
    read(text.as_bytes(), "f.xml", &mut |_| {})
}

fn changed(from: &str, to: &str) -> Result<Document, Refusal> {
    assert!(GOOD.contains(from), "{from}");
    of(&GOOD.replacen(from, to, 1))
}

/// Code, place, and whether the message names the rule.
fn refused(from: &str, to: &str, rule: &str) -> (&'static str, u64) {
    let refusal = changed(from, to).unwrap_err();
    assert!(refusal.what.contains(rule), "{to}: {refusal}");
    let place = refusal.place.clone().unwrap_or_default();
    let line = place.strip_prefix("f.xml:").and_then(|line| line.parse().ok());
    (refusal.code(), line.unwrap_or_else(|| panic!("{place}")))
}

/// The same as a credit note.
fn credit_note() -> String {
    GOOD.replace("Invoice-2", "CreditNote-2")
        .replace("<Invoice ", "<CreditNote ")
        .replace("</Invoice>", "</CreditNote>")
        .replace(
            "InvoiceTypeCode>380</cbc:Invoice",
            "CreditNoteTypeCode>381</cbc:CreditNote",
        )
        .replace("InvoiceLine", "CreditNoteLine")
        .replace("<cbc:DueDate>2026-02-01Z</cbc:DueDate>\n", "")
}

#[test]
fn an_invoice_is_read_with_all_that_a_claim_has() {
    let d = of(GOOD).unwrap();
    assert_eq!(
        (d.number.as_str(), d.kind, d.type_code.as_deref(), d.line),
        ("F-1", Kind::Invoice, Some("380"), 2)
    );
    assert_eq!(
        (d.issued.to_string(), d.due.unwrap().to_string()),
        ("2026-01-02".to_owned(), "2026-02-01".to_owned())
    );
    let expected = Amounts {
        total: 12_310,
        tax: Some(1_860),
        prepaid: 2_312,
        rounding: 2,
        payable: 10_000,
    };
    assert_eq!(d.amounts, expected);
    let seller = d.seller.unwrap();
    assert_eq!(seller.name, "Seller AG");
    let ids: Vec<String> = seller.ids.iter().map(PartyId::to_string).collect();
    assert_eq!(ids, ["registry HRB1", "endpoint 0088:111"]);
    assert_eq!(
        (d.debtor.name.as_str(), d.debtor.country.as_deref()),
        ("Buyer AS", Some("NO"))
    );
    assert_eq!(d.debtor.ids[0], PartyId::new(IdSort::Tax, None, "NO222MVA").unwrap());
    assert_eq!(d.debtor.ids.len(), 2);
    assert_eq!(d.payee.as_deref(), Some("Factor Bank"));
    let references: Vec<(ReferenceTo, &str)> = d.references.iter().map(|(to, n)| (*to, n.as_str())).collect();
    assert_eq!(
        references,
        [
            (ReferenceTo::SalesOrder, "SO 7"),
            (ReferenceTo::Invoice, "F-0"),
            (ReferenceTo::Contract, "C1")
        ]
    );
    assert_eq!((d.settlements, d.disputed, d.excluded), (None, None, None));
}

#[test]
fn credit_notes_and_corrections_have_their_signs() {
    let note = of(&credit_note()).unwrap();
    assert_eq!(
        (note.kind, note.amounts.payable, note.amounts.tax, note.due),
        (Kind::CreditNote, -10_000, Some(-1_860), None)
    );
    let due = credit_note().replace(
        "<cac:AllowanceCharge>",
        "<cac:PaymentMeans><cbc:PaymentDueDate>2026-03-02</cbc:PaymentDueDate></cac:PaymentMeans><cac:PaymentMeans><cbc:PaymentDueDate>2026-03-01</cbc:PaymentDueDate></cac:PaymentMeans><cac:AllowanceCharge>",
    );
    assert_eq!(of(&due).unwrap().due.unwrap().to_string(), "2026-03-01");
    // All amounts negated: an invoice becomes a correction, and so does a credit note.
    let negated = |text: &str| {
        let mut out = String::new();
        for (i, part) in text.split("currencyID=\"EUR\">").enumerate() {
            if i > 0 {
                out.push_str("currencyID=\"EUR\">");
                out.push_str(if part.starts_with('-') { "" } else { "-" });
            }
            out.push_str(part.strip_prefix('-').filter(|_| i > 0).unwrap_or(part));
        }
        of(&out).unwrap()
    };
    let correction = negated(GOOD);
    assert_eq!(
        (correction.kind, correction.amounts.payable),
        (Kind::Correction, -10_000)
    );
    let reversal = negated(&credit_note());
    assert_eq!((reversal.kind, reversal.amounts.payable), (Kind::Correction, 10_000));
    assert_eq!(changed(">380<", ">384<").unwrap().kind, Kind::Correction);
    assert_eq!(changed(">380<", ">393<").unwrap().excluded, Some(Exclusion::Factored));
    assert_eq!(changed(">380<", ">325<").unwrap().excluded, Some(Exclusion::NoClaim));
}

#[test]
fn every_sum_is_made_again() {
    for (from, to, rule, line) in [
        (
            ">120.00<",
            ">121.00<",
            "LineExtensionAmount is 109.00, but the sum of the lines is 110.00 (BR-CO-10)",
            2,
        ),
        (
            ">10.00<",
            ">10.01<",
            "AllowanceTotalAmount is 10.01, but the sum of the allowances is 10.00 (BR-CO-11)",
            2,
        ),
        (
            "<cbc:AllowanceTotalAmount currencyID=\"EUR\">10.00</cbc:AllowanceTotalAmount>",
            "",
            "AllowanceTotalAmount is not stated",
            2,
        ),
        (">5.50<", ">5.51<", "(BR-CO-12)", 2),
        (
            ">104.5<",
            ">104.51<",
            "TaxExclusiveAmount is 104.51, but lines − allowances + charges is 104.50 (BR-CO-13)",
            2,
        ),
        (
            ">18.60<",
            ">18.61<",
            "TaxAmount is 18.61, but the sum of the categories' taxes is 18.60 (BR-CO-14)",
            2,
        ),
        (
            ">123.10<",
            ">123.11<",
            "TaxInclusiveAmount is 123.11, but TaxExclusiveAmount + tax is 123.10 (BR-CO-15)",
            2,
        ),
        (
            ">100<",
            ">99.99<",
            "PayableAmount is 99.99, but TaxInclusiveAmount − prepaid + rounding is 100.00 (BR-CO-16)",
            2,
        ),
        (">0.02<", ">0.03<", "(BR-CO-16)", 2),
        (">23.12<", ">23.11<", "(BR-CO-16)", 2),
        (
            "<cbc:Percent>19<",
            "<cbc:Percent>21<",
            "a tax of 18.15, but 95.50 at 21 % is 20.06 (BR-CO-17)",
            19,
        ),
        (
            "<cbc:Percent>19<",
            "<cbc:Percent>0<",
            "a tax of 18.15 at 0 % (BR-CO-17)",
            19,
        ),
        (">18.15<", ">-18.15<", "(BR-CO-17)", 19),
    ] {
        assert_eq!(refused(from, to, rule), ("invoice-sum-mismatch", line), "{to}");
    }
}

/// The one tolerance: less than a unit of the currency between a category's tax and base × rate.
#[test]
fn a_category_may_be_off_by_less_than_one_unit() {
    let eur = Currency::from_code("EUR").unwrap();
    let check = |taxable, tax, percent: &str| {
        let subtotal = Subtotal {
            taxable,
            tax,
            percent: (!percent.is_empty()).then(|| percent.to_owned()),
        };
        subtotal.check(Some(eur)).map_err(|r| r.code())
    };
    assert_eq!(check(10_000, 2_500, "25"), Ok(()));
    assert_eq!(check(10_000, 2_599, "25"), Ok(()));
    assert_eq!(check(10_000, 2_401, "25"), Ok(()));
    assert_eq!(check(10_000, 2_600, "25"), Err("invoice-sum-mismatch"));
    assert_eq!(check(10_000, 2_400, "25"), Err("invoice-sum-mismatch"));
    assert_eq!(check(-10_000, -2_500, "25.000"), Ok(()));
    assert_eq!(check(-10_000, 2_500, "25"), Err("invoice-sum-mismatch"));
    assert_eq!(
        (check(10_000, 49, "0"), check(10_000, -50, ""), check(10_000, 50, "0.0")),
        (Ok(()), Ok(()), Err("invoice-sum-mismatch"))
    );
    assert_eq!(
        (check(1, 1, "-1"), check(1, 1, "1001"), check(1, 1, "x")),
        (Err("bad-amount"), Err("bad-amount"), Err("bad-amount"))
    );
    assert_eq!(check(i64::MAX, i64::MAX, "100"), Ok(()));
    assert_eq!(check(i64::MAX, 1, "1000"), Err("invoice-sum-mismatch"));
}

#[test]
fn fields_are_what_the_standard_says() {
    for (from, to, code, rule) in [
        ("<cbc:ID>F-1</cbc:ID>", "", "invoice-field-invalid", "BR-2"),
        (
            "<cbc:ID>F-1</cbc:ID>",
            "<cbc:ID> </cbc:ID>",
            "invoice-field-invalid",
            "ID is empty",
        ),
        (
            "<cbc:ID>F-1</cbc:ID>",
            "<cbc:ID>F-1</cbc:ID><cbc:ID>F-2</cbc:ID>",
            "invoice-field-invalid",
            "twice",
        ),
        (
            "<cbc:IssueDate>2026-01-02</cbc:IssueDate>",
            "",
            "invoice-field-invalid",
            "BR-3",
        ),
        (
            "<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>",
            "",
            "invoice-field-invalid",
            "BR-4",
        ),
        (
            "<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>",
            "",
            "invoice-field-invalid",
            "BR-5",
        ),
        (
            "<cbc:RegistrationName>Buyer AS</cbc:RegistrationName>",
            "",
            "invoice-field-invalid",
            "BR-7",
        ),
        (">EUR<", ">EURO<", "currency-unknown", "EURO"),
        (">2026-01-02<", ">2026-02-30<", "bad-date", "IssueDate"),
        (">2026-01-02<", ">02.01.2026<", "bad-date", "IssueDate"),
        (">2026-02-01Z<", ">2026-02-01T00:00<", "bad-date", "DueDate"),
        (">380<", ">381<", "invoice-type-unknown", "BR-CL-01"),
        (">380<", ">999<", "invoice-type-unknown", "BR-CL-01"),
        (">true<", ">yes<", "invoice-field-invalid", "ChargeIndicator"),
        (
            "<cbc:ChargeIndicator>true</cbc:ChargeIndicator>",
            "",
            "invoice-field-invalid",
            "ChargeIndicator",
        ),
        (
            "currencyID=\"EUR\">120.00",
            "currencyID=\"SEK\">120.00",
            "invoice-currency",
            "SEK",
        ),
        (
            "currencyID=\"EUR\">120.00",
            ">120.00",
            "invoice-field-invalid",
            "currencyID",
        ),
        (">120.00<", ">120,00<", "bad-amount", "LineExtensionAmount"),
        (">120.00<", ">120.001<", "bad-amount", "LineExtensionAmount"),
        (">120.00<", ">1.2E2<", "bad-amount", "LineExtensionAmount"),
        (">120.00<", "><", "bad-amount", "LineExtensionAmount"),
        (
            ">120.00<",
            ">99999999999999999999<",
            "amount-too-large",
            "LineExtensionAmount",
        ),
        (
            "<cbc:TaxAmount currencyID=\"EUR\">18.15</cbc:TaxAmount>",
            "",
            "invoice-field-invalid",
            "BR-46",
        ),
        (
            "<cbc:PayableAmount currencyID=\"EUR\">100</cbc:PayableAmount>",
            "",
            "invoice-field-invalid",
            "BR-15",
        ),
        (
            "<cbc:TaxAmount currencyID=\"EUR\">18.60</cbc:TaxAmount>",
            "",
            "invoice-field-invalid",
            "TaxAmount",
        ),
        (
            "<cbc:LineExtensionAmount currencyID=\"EUR\">-11</cbc:LineExtensionAmount>",
            "",
            "invoice-field-invalid",
            "BR-24",
        ),
        (
            "</cac:LegalMonetaryTotal>",
            "</cac:LegalMonetaryTotal><cac:LegalMonetaryTotal/>",
            "invoice-field-invalid",
            "twice",
        ),
        (
            "<cac:TaxTotal>",
            "<cac:TaxTotal><cbc:TaxAmount currencyID=\"EUR\">1</cbc:TaxAmount></cac:TaxTotal><cac:TaxTotal>",
            "invoice-field-invalid",
            "twice",
        ),
        ("<Invoice ", "<!DOCTYPE x><Invoice ", "xml-forbidden", "DOCTYPE"),
        ("F-1", "&xxe;", "xml-forbidden", "xxe"),
        ("Invoice-2", "Order-2", "xml-namespace", "Invoice"),
    ] {
        let (got, _) = refused(from, to, rule);
        assert_eq!(got, code, "{to}");
    }
    let lines: Vec<&str> = GOOD
        .lines()
        .filter(|line| !line.starts_with("<cac:InvoiceLine>"))
        .collect();
    assert!(of(&lines.join("\n")).unwrap_err().what.contains("BR-16"));
    let many = "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>F-0</cbc:ID></cac:InvoiceDocumentReference></cac:BillingReference>";
    assert_eq!(
        refused(many, &many.repeat(1_001), "references").0,
        "invoice-field-invalid"
    );
    let long = "x".repeat(1_001);
    assert_eq!(refused("F-1", &long, "longer").0, "invoice-field-invalid");
}

/// XML Schema's decimals, and currencies with other minor units.
#[test]
fn decimals_are_exact() {
    let of = |text: &str, code: &str| decimal(text, Currency::from_code(code).unwrap()).map_err(|r| r.code());
    assert_eq!(
        (of(".5", "EUR"), of("-.5", "EUR"), of("5.", "EUR"), of("+1.250", "EUR")),
        (Ok(50), Ok(-50), Ok(500), Ok(125))
    );
    assert_eq!(
        (
            of("1.25", "KWD"),
            of("1.251", "KWD"),
            of("100", "JPY"),
            of("100.5", "JPY")
        ),
        (Ok(1_250), Err("bad-amount"), Ok(100), Err("bad-amount"))
    );
    for bad in ["", ".", "-", "1,5", "1 5", "INF", "--1", "+-1"] {
        assert_eq!(of(bad, "EUR"), Err("bad-amount"), "{bad:?}");
    }
}

#[test]
fn a_document_cut_anywhere_is_refused() {
    let end = GOOD.trim_end().len();
    for at in 0..end {
        let refusal = of(GOOD.get(..at).unwrap()).unwrap_err();
        assert!(
            ["truncated-file", "empty-books", "xml-malformed"].contains(&refusal.code()),
            "{at}: {refusal}"
        );
    }
    assert_eq!(
        of(&GOOD.replace("F-1", "F-\u{fffd}")).map(|d| d.number),
        Ok("F-\u{fffd}".to_owned())
    );
    let mut bytes = GOOD.as_bytes().to_vec();
    let name = GOOD.find("Buyer").unwrap();
    bytes[name] = 0xe9;
    let refusal = read(&bytes[..], "f.xml", &mut |_| {}).unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.place.as_deref()),
        ("wrong-encoding", Some("f.xml:13"))
    );
}
