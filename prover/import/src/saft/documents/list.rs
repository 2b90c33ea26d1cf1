//! The documents as those of an [invoice list](crate::invoices).

use std::collections::BTreeMap;

use super::{Document, Kind, Sales, Status};
use crate::invoices::{self, Amounts, Exclusion, IdSort, Party, PartyId, ReferenceTo, Settlement};

/// Types that are invoice and receipt in one.
const PAID_ON_ISSUE: &[&str] = &["FR", "VD"];

impl Sales {
    /// The documents for a list's builder. The format has no due dates, so that the list needs a term.
    ///
    /// A document is settled by what was paid with it and by the receipts that name it; tax that the customer withholds is settled with
    /// them. Where the file has no receipts, only invoice-receipts are known to be settled.
    pub fn into_documents(self) -> Vec<invoices::Document> {
        let seller = Party {
            name: self.company.name.clone().unwrap_or_default(),
            country: Some("PT".to_owned()),
            ids: self
                .company
                .registry
                .as_deref()
                .and_then(|id| PartyId::new(IdSort::Tax, None, id))
                .into_iter()
                .collect(),
        };
        let mut received: BTreeMap<&str, Vec<Settlement>> = BTreeMap::new();
        for receipt in self.receipts.iter().filter(|r| !r.cancelled) {
            for part in &receipt.settles {
                received.entry(&part.invoice).or_default().push(Settlement {
                    day: Some(receipt.day),
                    amount: part.amount,
                });
            }
        }
        let known = !self.receipts.is_empty();
        let listed = |document: &Document| invoices::Document {
            number: document.number.clone(),
            kind: match document.kind {
                Kind::Invoice => invoices::Kind::Invoice,
                Kind::CreditNote => invoices::Kind::CreditNote,
            },
            type_code: Some(document.type_code.clone()),
            seller: Some(seller.clone()),
            debtor: self.debtor(&document.customer),
            currency: self.currency,
            issued: document.issued,
            due: None,
            amounts: Amounts {
                total: document.gross,
                tax: Some(document.tax),
                payable: document.gross,
                ..Amounts::default()
            },
            settlements: settlements(document, received.get(document.number.as_str()), known),
            disputed: None,
            payee: None,
            references: document
                .references
                .iter()
                .map(|number| (ReferenceTo::Invoice, number.clone()))
                .collect(),
            excluded: match document.status {
                Status::Counts => None,
                Status::Cancelled => Some(Exclusion::Cancelled),
                Status::InvoicedAgain => Some(Exclusion::NoClaim),
            },
            line: document.line,
        };
        self.documents.iter().map(listed).collect()
    }

    /// The customer by its own number and its tax number.
    fn debtor(&self, key: &str) -> Party {
        let customer = self.customers.get(key).cloned().unwrap_or_default();
        let tax = customer
            .tax_id
            .as_deref()
            .and_then(|id| PartyId::new(IdSort::Tax, None, id));
        let mut ids: Vec<PartyId> = tax
            .into_iter()
            .chain(PartyId::new(IdSort::Customer, None, key))
            .collect();
        ids.sort();
        Party {
            name: customer.name,
            country: customer.country,
            ids,
        }
    }
}

/// What settled a document; `None` where the file would not say.
fn settlements(document: &Document, received: Option<&Vec<Settlement>>, known: bool) -> Option<Vec<Settlement>> {
    let at_issue = |amount| Settlement {
        day: Some(document.issued),
        amount,
    };
    let mut all: Vec<Settlement> = document
        .paid
        .iter()
        .map(|(day, amount)| Settlement {
            day: Some(*day),
            amount: *amount,
        })
        .collect();
    if !all.is_empty() && document.withheld != 0 {
        all.push(at_issue(document.withheld));
    }
    if all.is_empty() && PAID_ON_ISSUE.contains(&document.type_code.as_str()) {
        all.push(at_issue(document.gross));
    }
    all.extend(received.into_iter().flatten().copied());
    (known || !all.is_empty()).then_some(all)
}
