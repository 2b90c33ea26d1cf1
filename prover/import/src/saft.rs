//! SAF-T, the OECD's Standard Audit File for Tax, in two countries' versions: [Financial of Norway](norway) and [that of
//! Portugal](portugal), whose files of sales documents are read by [`documents`].
//!
//! A file holds accounts with their opening and closing balances, and the year's entries. Nothing is believed that the file itself
//! can refute: every entry balances; the control totals are those of the entries; each closing balance is the opening balance plus
//! the entries; customers and suppliers add up to their account; all accounts together are zero.
//!
//! Amounts are summed exactly in ten-thousandths of minor units ([`amounts`]). What goes into figures must then be whole minor units:
//! a balance, or an account's movements, that is not is refused and never rounded.

use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Day};

use crate::books;
use crate::xml::Xml;
use crate::{catalogue, clip};

mod amounts;
pub mod documents;
mod ledger;
pub mod norway;
pub mod portugal;

/// The longest identifier or name that is kept.
const NAME_CHARS_MAX: usize = 256;

/// The text of the element that was entered, at most [`NAME_CHARS_MAX`] characters of it.
fn name<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<String, Refusal> {
    Ok(xml.text()?.chars().take(NAME_CHARS_MAX).collect())
}

/// The amount in the element that was entered, in ten-thousandths of minor units.
fn amount<R: BufRead>(xml: &mut Xml<'_, R>, currency: Currency) -> Result<i128, Refusal> {
    match amounts::parse(xml.text()?, currency.minor_digits) {
        Ok(amount) => Ok(amount),
        Err(refusal) => Err(refusal.at(format!("{}, {}", xml.place_of(xml.line()), clip(xml.name(), 40)))),
    }
}

/// The account number in the element that was entered.
fn account<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<String, Refusal> {
    let text = xml.text()?;
    match books::account_number(text) {
        Some(number) => Ok(number.to_owned()),
        None => {
            let what = format!("{:?} is not an account number", clip(text, 40));
            Err(xml
                .refuse(&catalogue::BAD_ACCOUNT, what)
                .expected("letters and digits, such as 1500"))
        }
    }
}

/// The day in the element that was entered: XML Schema's date, whose time zone says nothing about books.
fn day<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<Day, Refusal> {
    let text = xml.text()?;
    let date = text.get(..10).unwrap_or_default();
    let zone = text.get(10..).unwrap_or("?");
    let zoned = zone.is_empty()
        || zone == "Z"
        || zone.len() == 6 && zone.starts_with(['+', '-']) && zone.get(3..4) == Some(":")
        || zone.starts_with('T');
    match date.parse() {
        Ok(day) if zoned => Ok(day),
        _ => {
            let what = format!("{:?} is not a date", clip(text, 30));
            Err(xml.refuse(&catalogue::BAD_DATE, what).expected("a day as YYYY-MM-DD"))
        }
    }
}

/// A whole number that is not negative.
fn count<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<u64, Refusal> {
    let text = xml.text()?;
    if let Some(number) = (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
    {
        return Ok(number);
    }
    let what = format!("{:?} is not a whole number", clip(text, 30));
    Err(xml.refuse(&catalogue::BAD_AMOUNT, what))
}

/// Refuses because the element that began on this line lacks another.
fn missing<R: BufRead>(xml: &Xml<'_, R>, element: &str, line: u64, within: &str) -> Refusal {
    Refusal::new(&catalogue::MISSING_ELEMENT, format!("{within} has no {element}"))
        .at(xml.place_of(line))
        .expected(element)
}

/// Refuses a second element where the format has one.
fn once<T, R: BufRead>(slot: &mut Option<T>, value: T, xml: &Xml<'_, R>) -> Result<(), Refusal> {
    if slot.replace(value).is_some() {
        let what = format!("{} stands twice", clip(xml.name(), 40));
        return Err(xml.refuse(&catalogue::MISSING_ELEMENT, what).expected("one"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
