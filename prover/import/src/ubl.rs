//! UBL 2.1 invoices and credit notes, as Peppol BIS Billing 3 and every other use of EN 16931 in UBL writes them.
//!
//! One document a file. It is read as a stream, so that a hundred thousand lines need no more memory than one. The sums that
//! EN 16931 prescribes are made again and compared: a document that does not add up is refused, with the rule.
//! Amounts get the sign of the seller's side: a credit note's become negative.

use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Day};

use crate::invoices::{Amounts, Document, Exclusion, Kind, PARTS_MAX, Party, ReferenceTo};
use crate::xml::Xml;
use crate::{Progress, catalogue, clip};

mod party;
mod sums;
mod types;
mod values;

use sums::{Subtotal, Sums};
use values::{amount, date, field, once};

/// The namespaces that count, in the order in which [`Xml::namespace`] numbers them.
const NAMESPACES: &[&str] = &[
    "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
    "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
    "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
];
const CREDIT_NOTE: usize = 1;

/// What a file says, before it is a document.
#[derive(Default)]
struct Found {
    number: Option<String>,
    issued: Option<Day>,
    due: Option<Day>,
    payment_due: Option<Day>,
    code: Option<String>,
    currency: Option<Currency>,
    tax_currency: Option<String>,
    seller: Option<Party>,
    buyer: Option<Party>,
    payee: Option<String>,
    references: Vec<(ReferenceTo, String)>,
    sums: Sums,
}

/// Whether these first bytes are XML with a UBL document in it.
pub fn recognised(first_bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(first_bytes);
    NAMESPACES.iter().take(2).any(|namespace| text.contains(namespace))
}

/// Reads a document.
///
/// # Errors
/// The codes of XML files; `xml-namespace`, `invoice-field-invalid`, `invoice-type-unknown`, `invoice-currency`, `bad-amount`,
/// `bad-date`, `amount-too-large`, `currency-unknown`, and `invoice-sum-mismatch` with the rule of EN 16931.
pub fn read<'a>(reader: impl BufRead, file: &'a str, progress: &'a mut Progress<'a>) -> Result<Document, Refusal> {
    let mut xml = Xml::new(reader, file, progress);
    xml.root(NAMESPACES)?;
    let line = xml.line();
    let credit_note = xml.namespace() == Some(CREDIT_NOTE);
    let expected = if credit_note { "CreditNote" } else { "Invoice" };
    if xml.name() != expected || xml.namespace().is_none_or(|n| n > CREDIT_NOTE) {
        let what = format!("the document is a {:?}", clip(xml.name(), 40));
        return Err(xml
            .refuse(&catalogue::XML_NAMESPACE, what)
            .expected("a UBL Invoice or CreditNote"));
    }
    let mut found = Found::default();
    while xml.child()? {
        element(&mut xml, &mut found)?;
    }
    xml.finish()?;
    if let Some(line) = xml.replaced() {
        return Err(Refusal::new(
            &catalogue::WRONG_ENCODING,
            format!("characters are not {}", xml.encoding()),
        )
        .at(xml.place_of(line))
        .expected(format!("{} throughout, as the file says", xml.encoding())));
    }
    document(found, credit_note, line).map_err(|r| {
        if r.place.is_some() {
            r
        } else {
            r.at(format!("{file}:{line}"))
        }
    })
}

/// One element of the document.
fn element<R: BufRead>(xml: &mut Xml<'_, R>, found: &mut Found) -> Result<(), Refusal> {
    let line = xml.line();
    match xml.name() {
        "ID" => once(&mut found.number, field(xml)?, "ID", xml, line),
        "IssueDate" => once(&mut found.issued, date(xml)?, "IssueDate", xml, line),
        "DueDate" => once(&mut found.due, date(xml)?, "DueDate", xml, line),
        "InvoiceTypeCode" | "CreditNoteTypeCode" => once(&mut found.code, field(xml)?, "type code", xml, line),
        "DocumentCurrencyCode" => {
            let code = field(xml)?;
            let currency = Currency::from_code(&code).map_err(|r| r.at(xml.place_of(line)))?;
            once(&mut found.currency, currency, "DocumentCurrencyCode", xml, line)
        }
        "TaxCurrencyCode" => once(&mut found.tax_currency, field(xml)?, "TaxCurrencyCode", xml, line),
        "OrderReference" => order_reference(xml, found),
        "ContractDocumentReference" => reference(xml, found, ReferenceTo::Contract),
        "BillingReference" => {
            while xml.child()? {
                match xml.name() {
                    "InvoiceDocumentReference" => reference(xml, found, ReferenceTo::Invoice)?,
                    _ => xml.skip()?,
                }
            }
            Ok(())
        }
        "AccountingSupplierParty" => once(
            &mut found.seller,
            party::inside(xml)?,
            "AccountingSupplierParty",
            xml,
            line,
        ),
        "AccountingCustomerParty" => once(
            &mut found.buyer,
            party::inside(xml)?,
            "AccountingCustomerParty",
            xml,
            line,
        ),
        "PayeeParty" => {
            let payee = party::read(xml)?;
            let name = if payee.name.is_empty() {
                payee.ids.first().map(|id| id.id.clone())
            } else {
                Some(payee.name)
            };
            once(
                &mut found.payee,
                name.unwrap_or_else(|| "unnamed".to_owned()),
                "PayeeParty",
                xml,
                line,
            )
        }
        "PaymentMeans" => {
            while xml.child()? {
                match xml.name() {
                    // The earliest of several counts: no claim becomes younger than one of its dates says.
                    "PaymentDueDate" => {
                        let due = date(xml)?;
                        found.payment_due = Some(found.payment_due.map_or(due, |d| d.min(due)));
                    }
                    _ => xml.skip()?,
                }
            }
            Ok(())
        }
        "AllowanceCharge" => allowance_charge(xml, found),
        "TaxTotal" => tax_total(xml, found),
        "LegalMonetaryTotal" => monetary_total(xml, found),
        "InvoiceLine" | "CreditNoteLine" => invoice_line(xml, found),
        _ => xml.skip(),
    }
}

fn order_reference<R: BufRead>(xml: &mut Xml<'_, R>, found: &mut Found) -> Result<(), Refusal> {
    while xml.child()? {
        let to = match xml.name() {
            "ID" => ReferenceTo::PurchaseOrder,
            "SalesOrderID" => ReferenceTo::SalesOrder,
            _ => {
                xml.skip()?;
                continue;
            }
        };
        let number = field(xml)?;
        // Peppol BIS Billing 3 writes "NA" where there is a sales order and no purchase order.
        if number != "NA" {
            refers(xml, found, to, number)?;
        }
    }
    Ok(())
}

fn reference<R: BufRead>(xml: &mut Xml<'_, R>, found: &mut Found, to: ReferenceTo) -> Result<(), Refusal> {
    while xml.child()? {
        match xml.name() {
            "ID" => {
                let number = field(xml)?;
                refers(xml, found, to, number)?;
            }
            _ => xml.skip()?,
        }
    }
    Ok(())
}

fn refers<R: BufRead>(xml: &Xml<'_, R>, found: &mut Found, to: ReferenceTo, number: String) -> Result<(), Refusal> {
    if found.references.len() >= PARTS_MAX {
        return Err(xml.refuse(&catalogue::INVOICE_FIELD, format!("more than {PARTS_MAX} references")));
    }
    found.references.push((to, number));
    Ok(())
}

fn allowance_charge<R: BufRead>(xml: &mut Xml<'_, R>, found: &mut Found) -> Result<(), Refusal> {
    let line = xml.line();
    let (mut charge, mut value) = (None, None);
    while xml.child()? {
        let at = xml.line();
        match xml.name() {
            "ChargeIndicator" => {
                let is = match xml.text()? {
                    "true" | "1" => true,
                    "false" | "0" => false,
                    other => {
                        let what = format!("ChargeIndicator {:?}", clip(other, 40));
                        return Err(xml.refuse(&catalogue::INVOICE_FIELD, what).expected("true or false"));
                    }
                };
                once(&mut charge, is, "ChargeIndicator", xml, at)?;
            }
            "Amount" => {
                let amount = amount(xml, found)?;
                once(&mut value, amount, "Amount", xml, at)?;
            }
            _ => xml.skip()?,
        }
    }
    let (Some(charge), Some(value)) = (charge, value) else {
        let what = "an AllowanceCharge without ChargeIndicator or Amount";
        return Err(Refusal::new(&catalogue::INVOICE_FIELD, what).at(xml.place_of(line)));
    };
    let into = if charge {
        &mut found.sums.charges
    } else {
        &mut found.sums.allowances
    };
    *into = Some(into.unwrap_or(0) + i128::from(value));
    Ok(())
}

/// The tax total in the document's currency counts; the one in the tax currency (BT-111) is for the tax authority.
fn tax_total<R: BufRead>(xml: &mut Xml<'_, R>, found: &mut Found) -> Result<(), Refusal> {
    let line = xml.line();
    let (mut total, mut accounting) = (None, false);
    let mut subtotals: Option<i128> = None;
    while xml.child()? {
        let at = xml.line();
        match xml.name() {
            "TaxAmount" if in_tax_currency(xml, found)? => {
                accounting = true;
                xml.skip()?;
            }
            "TaxAmount" => {
                let amount = amount(xml, found)?;
                once(&mut total, amount, "TaxAmount", xml, at)?;
            }
            "TaxSubtotal" if accounting => xml.skip()?,
            "TaxSubtotal" => {
                let subtotal = subtotal(xml, found)?;
                subtotal.check(found.currency).map_err(|r| r.at(xml.place_of(at)))?;
                subtotals = Some(subtotals.unwrap_or(0) + i128::from(subtotal.tax));
            }
            _ => xml.skip()?,
        }
    }
    match total {
        Some(total) => {
            found.sums.tax_subtotals = subtotals;
            once(
                &mut found.sums.tax,
                total,
                "TaxTotal in the document's currency",
                xml,
                line,
            )
        }
        None if accounting => Ok(()),
        None => Err(Refusal::new(&catalogue::INVOICE_FIELD, "a TaxTotal without TaxAmount").at(xml.place_of(line))),
    }
}

fn in_tax_currency<R: BufRead>(xml: &Xml<'_, R>, found: &Found) -> Result<bool, Refusal> {
    let code = xml.attribute("currencyID")?;
    let own = found.currency.is_some_and(|c| code.as_deref() == Some(c.code));
    Ok(!own && found.tax_currency.is_some() && code == found.tax_currency)
}

fn subtotal<R: BufRead>(xml: &mut Xml<'_, R>, found: &Found) -> Result<Subtotal, Refusal> {
    let line = xml.line();
    let (mut taxable, mut tax, mut percent) = (None, None, None);
    while xml.child()? {
        let at = xml.line();
        match xml.name() {
            "TaxableAmount" => {
                let amount = amount(xml, found)?;
                once(&mut taxable, amount, "TaxableAmount", xml, at)?;
            }
            "TaxAmount" => {
                let amount = amount(xml, found)?;
                once(&mut tax, amount, "TaxAmount", xml, at)?;
            }
            "TaxCategory" => {
                while xml.child()? {
                    let at = xml.line();
                    match xml.name() {
                        "Percent" => {
                            let text = field(xml)?;
                            once(&mut percent, text, "Percent", xml, at)?;
                        }
                        _ => xml.skip()?,
                    }
                }
            }
            _ => xml.skip()?,
        }
    }
    match (taxable, tax) {
        (Some(taxable), Some(tax)) => Ok(Subtotal { taxable, tax, percent }),
        _ => Err(Refusal::new(
            &catalogue::INVOICE_FIELD,
            "a TaxSubtotal without TaxableAmount (EN 16931 BR-45) or TaxAmount (BR-46)",
        )
        .at(xml.place_of(line))),
    }
}

fn monetary_total<R: BufRead>(xml: &mut Xml<'_, R>, found: &mut Found) -> Result<(), Refusal> {
    if found.sums.line.is_some() {
        return Err(xml.refuse(&catalogue::INVOICE_FIELD, "LegalMonetaryTotal stands twice"));
    }
    found.sums.line = Some(xml.line());
    while xml.child()? {
        let at = xml.line();
        let name = xml.name().to_owned();
        if found.sums.total_mut(&name).is_none() {
            xml.skip()?;
            continue;
        }
        let value = amount(xml, found)?;
        if let Some(slot) = found.sums.total_mut(&name) {
            once(slot, value, &name, xml, at)?;
        }
    }
    Ok(())
}

fn invoice_line<R: BufRead>(xml: &mut Xml<'_, R>, found: &mut Found) -> Result<(), Refusal> {
    let line = xml.line();
    let mut net = None;
    while xml.child()? {
        let at = xml.line();
        match xml.name() {
            "LineExtensionAmount" => {
                let amount = amount(xml, found)?;
                once(&mut net, amount, "LineExtensionAmount", xml, at)?;
            }
            _ => xml.skip()?,
        }
    }
    let Some(net) = net else {
        let what = "a line without LineExtensionAmount (EN 16931 BR-24)";
        return Err(Refusal::new(&catalogue::INVOICE_FIELD, what).at(xml.place_of(line)));
    };
    found.sums.lines += 1;
    found.sums.line_sum += i128::from(net);
    Ok(())
}

/// The document, once everything is read.
fn document(found: Found, credit_note: bool, line: u64) -> Result<Document, Refusal> {
    let missing = |what: &str| Refusal::new(&catalogue::INVOICE_FIELD, format!("the document has no {what}"));
    let number = found.number.ok_or_else(|| missing("ID (EN 16931 BR-2)"))?;
    let issued = found.issued.ok_or_else(|| missing("IssueDate (BR-3)"))?;
    let code = found.code.ok_or_else(|| missing("type code (BR-4)"))?;
    let currency = found.currency.ok_or_else(|| missing("DocumentCurrencyCode (BR-5)"))?;
    let seller = found.seller.ok_or_else(|| missing("AccountingSupplierParty (BR-6)"))?;
    let debtor = found.buyer.ok_or_else(|| missing("AccountingCustomerParty (BR-7)"))?;
    let role = types::role(&code, credit_note)?;
    let stated = found.sums.check(currency, &number)?;
    let signed = |amount: i64| if credit_note { -amount } else { amount };
    let amounts = Amounts {
        total: signed(stated.total),
        tax: stated.tax.map(signed),
        prepaid: signed(stated.prepaid),
        rounding: signed(stated.rounding),
        payable: signed(stated.payable),
    };
    let kind = match role.kind {
        Kind::Invoice if amounts.total < 0 => Kind::Correction,
        Kind::CreditNote if amounts.total > 0 => Kind::Correction,
        kind => kind,
    };
    let excluded: Option<Exclusion> = role.excluded;
    Ok(Document {
        number,
        kind,
        type_code: Some(code),
        payee: found.payee.filter(|payee| *payee != seller.name),
        seller: Some(seller),
        debtor,
        currency,
        issued,
        due: found.due.or(found.payment_due),
        amounts,
        settlements: None,
        disputed: None,
        references: found.references,
        excluded,
        line,
    })
}

#[cfg(test)]
mod tests;
