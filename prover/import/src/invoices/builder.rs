//! Makes a list out of documents, one at a time, and refuses what no list may hold.

use std::collections::BTreeMap;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Day};

use super::debtors::{self, Debtors};
use super::{
    DOCUMENTS_MAX, Document, Due, Excluded, Exclusion, IdSort, InvoiceList, Item, Kind, Number, PARTS_MAX, Party,
    PartyId, Place, Reference, TEXT_CHARS_MAX, matches,
};
use crate::amount::format_amount;
use crate::{catalogue, clip};

/// What the user states, because files may leave it open.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The seller's identifiers, as `SCHEME:ID` or `ID`; documents of other sellers are excluded.
    pub seller: Vec<String>,
    /// The list's currency; documents in others are excluded.
    pub currency: Option<Currency>,
    /// The term, in days, of documents that state no due date.
    pub term_days: Option<u16>,
}

/// A list while it is being made.
#[derive(Debug)]
pub struct Builder {
    options: Options,
    seller: Option<(Party, Place)>,
    currency: Option<(Currency, Place)>,
    sources: Vec<String>,
    debtors: Debtors,
    items: Vec<Item>,
    /// The item of each number: credit notes have numbers of their own, and a year may begin its numbers again.
    numbers: BTreeMap<(String, bool, u32), usize>,
    excluded: Vec<Excluded>,
    /// The sum of each document's largest amount, which bounds every sum that is made later.
    magnitude: u64,
}

impl Builder {
    /// An empty list.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            seller: None,
            currency: None,
            sources: Vec::new(),
            debtors: Debtors::default(),
            items: Vec::new(),
            numbers: BTreeMap::new(),
            excluded: Vec::new(),
            magnitude: 0,
        }
    }

    /// The documents that follow stand in this file.
    pub fn source(&mut self, file: &str) {
        self.sources.push(clip(file, TEXT_CHARS_MAX));
    }

    /// Documents added so far, excluded ones included.
    pub fn len(&self) -> usize {
        self.items.len() + self.excluded.len()
    }

    /// Whether nothing was added yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a document of the current file.
    ///
    /// # Errors
    /// `too-many-documents`, `invoice-field-invalid`, `invoice-currency`, `seller-unclear`, `invoice-sum-mismatch`,
    /// `due-date-missing`, `duplicate-document`, `amount-too-large`.
    pub fn add(&mut self, document: Document) -> Result<(), Refusal> {
        let place = Place {
            source: self.sources.len().saturating_sub(1),
            line: document.line,
        };
        if self.len() >= DOCUMENTS_MAX {
            return Err(Refusal::new(
                &catalogue::MANY_DOCUMENTS,
                format!("more than {DOCUMENTS_MAX} documents"),
            )
            .at(self.at(place)));
        }
        check_texts(&document).map_err(|r| r.at(self.at(place)))?;
        if let Some(reason) = self.exclusion(&document, place)? {
            self.exclude(&document, reason, place);
            return Ok(());
        }
        check_amounts(&document).map_err(|r| r.at(self.at(place)))?;
        let due = self.due(&document, place)?;
        self.weigh(&document, place)?;
        let debtor = self.debtors.add(document.debtor.clone());
        if self.debtors.ids(debtor) > PARTS_MAX {
            return Err(Refusal::new(
                &catalogue::INVOICE_FIELD,
                format!("{:?} has more than {PARTS_MAX} identifiers", document.debtor.name),
            )
            .at(self.at(place)));
        }
        let item = item(&document, due, debtor, place);
        let key = (
            item.number.canonical.clone(),
            item.kind == Kind::CreditNote,
            item.issued.to_civil().0,
        );
        if let Some(&first) = self.numbers.get(&key) {
            self.repeated(first, &item)?;
            self.exclude(&document, Exclusion::Duplicate, place);
            return Ok(());
        }
        self.numbers.insert(key, self.items.len());
        self.items.push(item);
        Ok(())
    }

    /// The finished list.
    ///
    /// # Errors
    /// `no-invoices`, `seller-unclear`.
    pub fn finish(self) -> Result<InvoiceList, Refusal> {
        let files = self.sources.join(", ");
        let Some((currency, _)) = self.currency.or_else(|| self.options.currency.map(|c| (c, NOWHERE))) else {
            return Err(Refusal::new(&catalogue::NO_INVOICES, "no document counts").at(clip(&files, TEXT_CHARS_MAX)));
        };
        if self.items.is_empty() {
            let what = match self.excluded.first() {
                None => "the files contain no documents".to_owned(),
                Some(first) => format!(
                    "all {} documents are excluded; the first: {}",
                    self.excluded.len(),
                    first.reason.words()
                ),
            };
            return Err(Refusal::new(&catalogue::NO_INVOICES, what).at(clip(&files, TEXT_CHARS_MAX)));
        }
        let seller = match self.seller {
            Some((seller, _)) => seller,
            None => named_seller(&self.options.seller).ok_or_else(|| {
                Refusal::new(&catalogue::SELLER_UNCLEAR, "the files do not say who sells")
                    .at(clip(&files, TEXT_CHARS_MAX))
            })?,
        };
        let (debtors, now) = self.debtors.finish();
        let mut items = self.items;
        for item in &mut items {
            item.debtor = now.get(item.debtor).copied().unwrap_or_default();
        }
        items.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(InvoiceList {
            seller,
            currency,
            sources: self.sources,
            debtors,
            items,
            excluded: self.excluded,
        })
    }

    /// Why this document does not count, if it does not. The first that counts sets seller and currency, where the user did not.
    fn exclusion(&mut self, document: &Document, place: Place) -> Result<Option<Exclusion>, Refusal> {
        if let Some(seller) = &document.seller
            && !self.options.seller.is_empty()
            && !self
                .options
                .seller
                .iter()
                .any(|named| seller.ids.iter().any(|id| matches(id, named)))
        {
            return Ok(Some(Exclusion::OtherSeller));
        }
        if let Some(reason) = document.excluded {
            return Ok(Some(reason));
        }
        if self.options.currency.is_some_and(|wanted| wanted != document.currency) {
            return Ok(Some(Exclusion::OtherCurrency));
        }
        if let Some(seller) = &document.seller {
            self.same_seller(seller, place)?;
        }
        match self.currency {
            Some((currency, first)) if currency != document.currency => {
                let (now, before) = (document.currency.code, currency.code);
                return Err(Refusal::new(
                    &catalogue::INVOICE_CURRENCY,
                    format!(
                        "an amount in {now}, after amounts in {before} from {} on",
                        self.at(first)
                    ),
                )
                .at(self.at(place))
                .expected(format!(
                    "{before} throughout, or a stated currency: then other documents are excluded"
                )));
            }
            _ => self.currency = self.currency.or(Some((document.currency, place))),
        }
        Ok(None)
    }

    /// The seller of all documents so far, or the first.
    fn same_seller(&mut self, seller: &Party, place: Place) -> Result<(), Refusal> {
        let Some((known, first)) = &mut self.seller else {
            self.seller = Some((seller.clone(), place));
            return Ok(());
        };
        let another = self.options.seller.is_empty()
            && !known.ids.iter().any(|id| seller.ids.contains(id))
            && (!known.ids.is_empty() || known.name != seller.name);
        if another {
            let what = format!("{:?} sells, after {:?}", clip(&seller.name, 60), clip(&known.name, 60));
            let (file, line) = (self.sources.get(first.source).map_or("?", String::as_str), first.line);
            let refusal = Refusal::new(&catalogue::SELLER_UNCLEAR, format!("{what} from {file}:{line} on"));
            return Err(refusal.at(self.at(place)).expected("one seller, or one that is named"));
        }
        debtors::merge(known, seller.clone());
        known.ids.truncate(PARTS_MAX);
        Ok(())
    }

    fn exclude(&mut self, document: &Document, reason: Exclusion, place: Place) {
        self.excluded.push(Excluded {
            number: Number::new(&document.number),
            kind: document.kind,
            reason,
            payable: document.amounts.payable,
            currency: document.currency,
            place,
        });
    }

    fn due(&self, document: &Document, place: Place) -> Result<Due, Refusal> {
        match (document.due, self.options.term_days) {
            (Some(due), _) => Ok(Due::Stated(due)),
            (None, _) if document.amounts.payable <= 0 => Ok(Due::OnIssue),
            // No day lies after the last one: a longer term is none that the document could say.
            (None, Some(days)) => {
                let left = Day::MAX.0.saturating_sub(document.issued.0);
                Ok(Due::Term(u16::try_from(left).map_or(days, |left| days.min(left))))
            }
            (None, None) => Err(Refusal::new(
                &catalogue::DUE_DATE_MISSING,
                format!("{} states no due date", clip(&document.number, 40)),
            )
            .at(self.at(place))
            .expected("a due date, or a stated term in days")),
        }
    }

    fn weigh(&mut self, document: &Document, place: Place) -> Result<(), Refusal> {
        let a = &document.amounts;
        let parts = [a.total, a.tax.unwrap_or(0), a.prepaid, a.rounding, a.payable];
        let settled = document
            .settlements
            .iter()
            .flatten()
            .map(|s| u128::from(s.amount.unsigned_abs()));
        let most = parts
            .into_iter()
            .map(|p| u128::from(p.unsigned_abs()))
            .max()
            .unwrap_or(0)
            .max(settled.sum());
        let magnitude = u64::try_from(u128::from(self.magnitude) + most).ok();
        self.magnitude = magnitude.filter(|m| i64::try_from(*m).is_ok()).ok_or_else(|| {
            Refusal::new(
                &catalogue::AMOUNT_TOO_LARGE,
                "the documents' amounts together do not fit 64 bits",
            )
            .at(self.at(place))
        })?;
        Ok(())
    }

    /// A number that comes again: nothing where it is the same document in every fact, else a refusal with both places.
    fn repeated(&mut self, first: usize, again: &Item) -> Result<(), Refusal> {
        let Some(first) = self.items.get(first) else {
            return Ok(());
        };
        let same_debtor = self.debtors.root(first.debtor) == self.debtors.root(again.debtor);
        let facts = [
            ("type", first.kind == again.kind && first.type_code == again.type_code),
            ("debtor", same_debtor),
            ("day of issue", first.issued == again.issued),
            ("due date", first.due == again.due),
            ("amounts", first.amounts == again.amounts),
            (
                "settlements",
                first.settlements == again.settlements && first.disputed == again.disputed,
            ),
        ];
        let differ: Vec<&str> = facts.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
        if differ.is_empty() {
            return Ok(());
        }
        Err(Refusal::new(
            &catalogue::DUPLICATE_DOCUMENT,
            format!(
                "{} {} stands at {} too, with other {}",
                again.kind,
                clip(&again.number.written, 40),
                self.at(first.place),
                differ.join(", ")
            ),
        )
        .at(self.at(again.place))
        .expected("each number once in a year, or the same document again"))
    }

    fn at(&self, place: Place) -> String {
        format!(
            "{}:{}",
            self.sources.get(place.source).map_or("?", String::as_str),
            place.line
        )
    }
}

const NOWHERE: Place = Place { source: 0, line: 0 };

/// What a list is sorted by.
fn order(item: &Item) -> (Day, &Number, Kind) {
    (item.issued, &item.number, item.kind)
}

fn item(document: &Document, due: Due, debtor: usize, place: Place) -> Item {
    let mut settlements = document.settlements.clone();
    if let Some(settlements) = &mut settlements {
        settlements.sort();
    }
    let mut references: Vec<Reference> = document
        .references
        .iter()
        .map(|(to, number)| Reference {
            to: *to,
            number: super::canonical(number),
        })
        .filter(|reference| !reference.number.is_empty())
        .collect();
    references.sort();
    references.dedup();
    Item {
        number: Number::new(&document.number),
        kind: document.kind,
        type_code: document.type_code.clone(),
        debtor,
        issued: document.issued,
        due,
        amounts: document.amounts,
        settlements,
        disputed: document.disputed,
        payee: document.payee.clone(),
        references,
        place,
    }
}

/// The seller as the user names it, where no file does.
fn named_seller(named: &[String]) -> Option<Party> {
    let mut seller = Party::default();
    for text in named {
        let (scheme, id) = text
            .split_once(':')
            .map_or((None, text.as_str()), |(scheme, id)| (Some(scheme), id));
        seller.ids.extend(PartyId::new(IdSort::Registry, scheme, id));
    }
    seller.ids.sort();
    seller.ids.dedup();
    (!seller.ids.is_empty()).then_some(seller)
}

/// Nothing is empty that must be said, and nothing is longer than any real one.
fn check_texts(document: &Document) -> Result<(), Refusal> {
    let invalid = |what: String| Err(Refusal::new(&catalogue::INVOICE_FIELD, what));
    if super::canonical(&document.number).is_empty() {
        return invalid("a document without a number".to_owned());
    }
    if document.debtor.name.trim().is_empty() && document.debtor.ids.is_empty() {
        return invalid(format!("{} names no debtor", clip(&document.number, 40)));
    }
    let parties = [Some(&document.debtor), document.seller.as_ref()];
    let parties = parties.into_iter().flatten();
    let mut texts: Vec<&str> = vec![&document.number];
    texts.extend(document.type_code.as_deref());
    texts.extend(document.payee.as_deref());
    texts.extend(document.references.iter().map(|(_, number)| number.as_str()));
    for party in parties {
        texts.push(&party.name);
        texts.extend(party.country.as_deref());
        for id in &party.ids {
            texts.push(&id.id);
            texts.extend(id.scheme.as_deref());
        }
    }
    if let Some(long) = texts.iter().find(|text| text.chars().nth(TEXT_CHARS_MAX).is_some()) {
        return invalid(format!(
            "{:?} is longer than {TEXT_CHARS_MAX} characters",
            clip(long, 40)
        ));
    }
    let parts = [
        document.references.len(),
        document.settlements.as_ref().map_or(0, Vec::len),
        document.debtor.ids.len(),
        document.seller.as_ref().map_or(0, |seller| seller.ids.len()),
    ];
    if parts.iter().any(|count| *count > PARTS_MAX) {
        return invalid(format!(
            "{} has more than {PARTS_MAX} parts of one sort",
            clip(&document.number, 40)
        ));
    }
    Ok(())
}

/// The amounts add up, and their signs are those of the kind.
fn check_amounts(document: &Document) -> Result<(), Refusal> {
    let a = &document.amounts;
    let digits = document.currency.minor_digits;
    let sum = i128::from(a.total) - i128::from(a.prepaid) + i128::from(a.rounding);
    if sum != i128::from(a.payable) {
        return Err(Refusal::new(
            &catalogue::INVOICE_SUM,
            format!(
                "{}: total {} − prepaid {} + rounding {} is {}, but {} is payable",
                clip(&document.number, 40),
                format_amount(a.total.into(), digits),
                format_amount(a.prepaid.into(), digits),
                format_amount(a.rounding.into(), digits),
                format_amount(sum, digits),
                format_amount(a.payable.into(), digits)
            ),
        ));
    }
    let wrong = match document.kind {
        Kind::Invoice => a.total < 0,
        Kind::CreditNote => a.total > 0,
        Kind::Correction => false,
    };
    if wrong {
        return Err(Refusal::new(
            &catalogue::INVOICE_FIELD,
            format!(
                "{} is of the kind {} and has the total {}",
                clip(&document.number, 40),
                document.kind,
                format_amount(a.total.into(), digits)
            ),
        )
        .expected("invoices of zero or more, credit notes of zero or less, corrections of either sign"));
    }
    Ok(())
}
