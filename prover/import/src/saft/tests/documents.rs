use super::*;
use crate::saft::documents::{self, Kind, Sales, Status};

/// One invoice of two lines in four decimals, a credit note on it, a cancelled one, and a receipt of two invoices.
const FILE: &str = include_str!("documents.xml");

fn read(text: &str) -> Result<Sales, Refusal> {
    documents::read(text.as_bytes(), "f.xml", &mut |_| {})
}

fn change(from: &str, to: &str) -> (&'static str, String) {
    let refusal = read(&changed(FILE, from, to)).unwrap_err();
    (refusal.code(), refusal.place.unwrap_or_default())
}

fn at(piece: &str) -> String {
    format!("f.xml:{}", line_of(FILE, piece))
}

#[test]
fn documents_count_with_their_signs() {
    let sales = read(FILE).unwrap();
    let of = |i: usize| &sales.documents[i];
    assert_eq!(
        (of(0).net, of(0).tax, of(0).gross, of(0).withheld),
        (7_339, 538, 7_877, 700)
    );
    assert_eq!(
        (of(1).kind, of(1).gross, of(1).references.as_slice()),
        (Kind::CreditNote, -2_877, &["FT A/1".to_owned()][..])
    );
    assert_eq!((of(2).status, of(3).status), (Status::Cancelled, Status::Counts));
    assert_eq!((of(3).paid.len(), of(3).paid[0].1), (1, 5_125));
    assert_eq!(
        (
            sales.customers["C1"].tax_id.as_deref(),
            sales.customers["C1"].country.as_deref()
        ),
        (Some("508650704"), Some("PT"))
    );
    assert_eq!(
        (
            sales.customers["CF"].tax_id.as_deref(),
            sales.customers["CF"].country.as_deref()
        ),
        (None, None)
    );
    let receipt = &sales.receipts[0];
    let settled: Vec<_> = receipt.settles.iter().map(|s| (s.invoice.as_str(), s.amount)).collect();
    assert_eq!(
        (receipt.gross, settled),
        (6_877, vec![("FT A/1", 2_877), ("FT A/0", 4_000)])
    );
    assert!(!receipt.cancelled && sales.receipts[1].cancelled);
    assert_eq!(sales.period.to_string(), "2024-01-01 to 2024-01-31");
}

#[test]
fn documents_become_an_invoice_list() {
    use crate::invoices::{Builder, Options};
    let documents = read(FILE).unwrap().into_documents();
    let mut builder = Builder::new(Options {
        term_days: Some(30),
        ..Options::default()
    });
    builder.source("f.xml");
    for document in documents {
        builder.add(document).unwrap();
    }
    let list = builder.finish().unwrap();
    let item = |number: &str| list.items.iter().find(|i| i.number.written == number).unwrap();
    let end = "2024-01-31".parse().unwrap();
    assert_eq!(
        (item("FT A/1").amounts.payable, item("FT A/1").open_at(end)),
        (7_877, 5_000)
    );
    assert_eq!(
        (item("NC A/1").amounts.payable, item("NC A/1").open_at(end)),
        (-2_877, -2_877)
    );
    assert_eq!(item("FR B/1").open_at(end), 0);
    assert_eq!((list.items.len(), list.excluded.len(), list.debtors.len()), (3, 1, 2));
    // Without receipts the file does not know whether an invoice was paid.
    let from = FILE.find("<Payments>").unwrap()..FILE.find("</SourceDocuments>").unwrap();
    let mut alone = FILE.to_owned();
    alone.replace_range(from, "");
    let documents = read(&alone).unwrap().into_documents();
    assert_eq!(documents[0].settlements, None);
    assert!(documents[3].settlements.is_some());
}

#[test]
fn totals_tie_to_lines_within_rounding_and_no_further() {
    // Three halves of a cent may be lost in two lines and a total.
    assert!(
        read(&changed(
            FILE,
            "<NetTotal>73.39</NetTotal><GrossTotal>78.77<",
            "<NetTotal>73.40</NetTotal><GrossTotal>78.78<"
        ))
        .is_ok()
    );
    let first = at("<InvoiceNo>FT A/1");
    assert_eq!(
        change("<NetTotal>73.39<", "<NetTotal>73.42<"),
        ("document-total-mismatch", first.clone())
    );
    assert_eq!(
        change(
            "<TaxPayable>5.38</TaxPayable><NetTotal>73.39</NetTotal><GrossTotal>78.77<",
            "<TaxPayable>5.40</TaxPayable><NetTotal>73.39</NetTotal><GrossTotal>78.79<"
        ),
        ("document-total-mismatch", first.clone())
    );
    assert_eq!(
        change("<GrossTotal>78.77<", "<GrossTotal>78.79<"),
        ("document-total-mismatch", first.clone())
    );
    assert_eq!(
        change("<NetTotal>73.39<", "<NetTotal>73.394<"),
        ("fractional-total", first)
    );
    assert_eq!(
        change("<GrossTotal>68.77<", "<GrossTotal>70<").0,
        "document-total-mismatch"
    );
    assert_eq!(
        change("<TaxPercentage>0<", "<TaxPercentage>90000000000<").0,
        "document-total-mismatch"
    );
}

#[test]
fn control_totals_leave_out_what_was_cancelled() {
    assert_eq!(
        change("<TotalCredit>123.3938<", "<TotalCredit>1122.3938<"),
        ("control-total-mismatch", at("<SalesInvoices>"))
    );
    assert_eq!(
        change("<NumberOfEntries>4<", "<NumberOfEntries>3<").0,
        "control-total-mismatch"
    );
    assert_eq!(
        change("<TotalCredit>63.3938<", "<TotalCredit>64.3938<"),
        ("control-total-mismatch", at("<Payments>"))
    );
    let again = read(&changed(FILE, "<InvoiceStatus>A<", "<InvoiceStatus>F<")).unwrap();
    assert_eq!(again.documents[2].status, Status::InvoicedAgain);
}

#[test]
fn what_is_prescribed_must_be_there() {
    for (piece, place) in [
        ("<InvoiceNo>FT A/1</InvoiceNo>", "<InvoiceNo>FT A/1"),
        ("<InvoiceDate>2024-01-05</InvoiceDate>", "<InvoiceNo>FT A/1"),
        ("<NetTotal>73.39</NetTotal>", "<NetTotal>73.39"),
        (
            "<CreditAmount>23.3938</CreditAmount><Tax><TaxPercentage>23</TaxPercentage></Tax></Line>\n<Line><CreditAmount>50",
            "<Line><CreditAmount>23",
        ),
        ("<PaymentRefNo>RG 1/1</PaymentRefNo>", "<PaymentRefNo>RG 1/1"),
        ("<TransactionDate>2024-01-20</TransactionDate>", "<PaymentRefNo>RG 1/1"),
        (
            "<SourceDocumentID><OriginatingON>FT A/0</OriginatingON></SourceDocumentID>",
            "FT A/0",
        ),
    ] {
        let with = if piece.contains("\n<Line>") {
            "</Line><Line><CreditAmount>50"
        } else {
            ""
        };
        assert_eq!(change(piece, with), ("missing-element", at(place)), "{piece}");
    }
    assert_eq!(
        change("<InvoiceType>NC<", "<InvoiceType>CS<"),
        ("malformed-line", at("NC A/1"))
    );
    assert_eq!(change("<PaymentStatus>N<", "<PaymentStatus>X<").0, "malformed-line");
    assert_eq!(
        change("<CustomerID>CF</CustomerID>\n", "<CustomerID>ZZ</CustomerID>\n"),
        ("not-listed", at("FR B/1"))
    );
    assert_eq!(change(">EUR<", ">USD<").0, "books-currency");
    assert_eq!(change("<StartDate>2024-01-01</StartDate>", "").0, "missing-element");
    let none = FILE
        .replace("<SalesInvoices>", "<Other>")
        .replace("</SalesInvoices>", "</Other>");
    assert_eq!(read(&none).unwrap_err().code(), "empty-books");
}
