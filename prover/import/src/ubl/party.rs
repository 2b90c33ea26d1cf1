//! Parties of a UBL document and all identifiers that they are known by.

use std::io::BufRead;

use covenant_policy::refusal::Refusal;

use super::values::field;
use crate::catalogue;
use crate::invoices::{IdSort, PARTS_MAX, Party, PartyId};
use crate::xml::Xml;

/// The party inside the element that was entered.
pub(super) fn inside<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<Party, Refusal> {
    let line = xml.line();
    let mut party = None;
    while xml.child()? {
        match xml.name() {
            "Party" if party.is_none() => party = Some(read(xml)?),
            "Party" => return Err(xml.refuse(&catalogue::INVOICE_FIELD, "Party stands twice")),
            _ => xml.skip()?,
        }
    }
    let party = party.filter(|party| !party.name.is_empty());
    party.ok_or_else(|| {
        Refusal::new(&catalogue::INVOICE_FIELD, "a party without a name (BR-6, BR-7)").at(xml.place_of(line))
    })
}

/// The party that was entered.
pub(super) fn read<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<Party, Refusal> {
    let mut party = Party::default();
    let mut legal_name = String::new();
    while xml.child()? {
        match xml.name() {
            "EndpointID" => identifier(xml, &mut party, IdSort::Endpoint)?,
            "PartyIdentification" => identification(xml, &mut party)?,
            "PartyName" => {
                while xml.child()? {
                    match xml.name() {
                        "Name" => party.name = field(xml)?,
                        _ => xml.skip()?,
                    }
                }
            }
            "PostalAddress" => address(xml, &mut party)?,
            "PartyTaxScheme" => tax_scheme(xml, &mut party)?,
            "PartyLegalEntity" => legal_entity(xml, &mut party, &mut legal_name)?,
            _ => xml.skip()?,
        }
    }
    if !legal_name.is_empty() {
        party.name = legal_name;
    }
    Ok(party)
}

/// The text and scheme of the element that was entered, as an identifier.
fn identifier<R: BufRead>(xml: &mut Xml<'_, R>, party: &mut Party, sort: IdSort) -> Result<(), Refusal> {
    let scheme = xml.attribute("schemeID")?;
    let text = field(xml)?;
    known_by(xml, party, PartyId::new(sort, scheme.as_deref(), &text))
}

fn known_by<R: BufRead>(xml: &Xml<'_, R>, party: &mut Party, id: Option<PartyId>) -> Result<(), Refusal> {
    let Some(id) = id else { return Ok(()) };
    if party.ids.len() >= PARTS_MAX {
        return Err(xml.refuse(
            &catalogue::INVOICE_FIELD,
            format!("a party with more than {PARTS_MAX} identifiers"),
        ));
    }
    if let Err(at) = party.ids.binary_search(&id) {
        party.ids.insert(at, id);
    }
    Ok(())
}

/// The bank's number of a creditor for direct debit (scheme SEPA, BT-90) names no party.
fn identification<R: BufRead>(xml: &mut Xml<'_, R>, party: &mut Party) -> Result<(), Refusal> {
    while xml.child()? {
        match xml.name() {
            "ID" if xml.attribute("schemeID")?.as_deref() == Some("SEPA") => xml.skip()?,
            "ID" => identifier(xml, party, IdSort::Party)?,
            _ => xml.skip()?,
        }
    }
    Ok(())
}

fn address<R: BufRead>(xml: &mut Xml<'_, R>, party: &mut Party) -> Result<(), Refusal> {
    while xml.child()? {
        match xml.name() {
            "Country" => {
                while xml.child()? {
                    match xml.name() {
                        "IdentificationCode" => party.country = Some(field(xml)?),
                        _ => xml.skip()?,
                    }
                }
            }
            _ => xml.skip()?,
        }
    }
    Ok(())
}

/// Only the scheme VAT gives an identifier: others hold what national rules put there (Norway: the word "Foretaksregisteret").
fn tax_scheme<R: BufRead>(xml: &mut Xml<'_, R>, party: &mut Party) -> Result<(), Refusal> {
    let (mut id, mut vat) = (None, false);
    while xml.child()? {
        match xml.name() {
            "CompanyID" => {
                let scheme = xml.attribute("schemeID")?;
                let text = field(xml)?;
                id = PartyId::new(IdSort::Tax, scheme.as_deref(), &text);
            }
            "TaxScheme" => {
                while xml.child()? {
                    match xml.name() {
                        "ID" => vat |= field(xml)?.eq_ignore_ascii_case("VAT"),
                        _ => xml.skip()?,
                    }
                }
            }
            _ => xml.skip()?,
        }
    }
    known_by(xml, party, id.filter(|_| vat))
}

fn legal_entity<R: BufRead>(xml: &mut Xml<'_, R>, party: &mut Party, name: &mut String) -> Result<(), Refusal> {
    while xml.child()? {
        match xml.name() {
            "RegistrationName" => *name = field(xml)?,
            "CompanyID" => identifier(xml, party, IdSort::Registry)?,
            _ => xml.skip()?,
        }
    }
    Ok(())
}
