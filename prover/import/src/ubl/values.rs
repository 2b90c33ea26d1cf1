//! Values of a UBL document: texts, days and amounts, each refused where it is not in its form.

use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Day};

use super::Found;
use crate::amount::{Notation, parse_amount};
use crate::xml::Xml;
use crate::{catalogue, clip};

/// A text as long as this is in no field that is kept.
const FIELD_CHARS_MAX: usize = 1_000;

/// A field that may stand once.
pub(super) fn once<T, R: BufRead>(
    slot: &mut Option<T>,
    value: T,
    name: &str,
    xml: &Xml<'_, R>,
    line: u64,
) -> Result<(), Refusal> {
    if slot.is_some() {
        let what = format!("{} stands twice", clip(name, 40));
        return Err(Refusal::new(&catalogue::INVOICE_FIELD, what)
            .at(xml.place_of(line))
            .expected("one"));
    }
    *slot = Some(value);
    Ok(())
}

/// The text of a field that is kept: neither empty nor long.
pub(super) fn field<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<String, Refusal> {
    let (name, line) = (xml.name().to_owned(), xml.line());
    let text = xml.text()?;
    let wrong = match text.chars().nth(FIELD_CHARS_MAX) {
        Some(_) => Some(format!("{name} is longer than {FIELD_CHARS_MAX} characters")),
        None => text.is_empty().then(|| format!("{name} is empty")),
    };
    match wrong {
        None => Ok(text.to_owned()),
        Some(what) => Err(Refusal::new(&catalogue::INVOICE_FIELD, what).at(xml.place_of(line))),
    }
}

/// A day as XML Schema writes it; a time zone says nothing about which day the parties meant, and is passed over.
pub(super) fn date<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<Day, Refusal> {
    let (name, line) = (xml.name().to_owned(), xml.line());
    let text = xml.text()?;
    let zone =
        |t: &str| t.is_empty() || t == "Z" || (t.len() == 6 && t.starts_with(['+', '-']) && t.get(3..4) == Some(":"));
    let day = text
        .get(..10)
        .filter(|_| text.get(10..).is_some_and(zone))
        .and_then(|d| d.parse::<Day>().ok());
    let found = clip(text, 40);
    day.ok_or_else(|| {
        Refusal::new(&catalogue::BAD_DATE, format!("{name} {found:?}"))
            .at(xml.place_of(line))
            .expected("a day such as 2026-11-23")
    })
}

/// An amount in the document's currency, with at most two decimals (EN 16931 BR-DEC) and no more than the currency has.
pub(super) fn amount<R: BufRead>(xml: &mut Xml<'_, R>, found: &Found) -> Result<i64, Refusal> {
    let (name, line) = (xml.name().to_owned(), xml.line());
    let Some(currency) = found.currency else {
        return Err(xml
            .refuse(
                &catalogue::INVOICE_FIELD,
                format!("{name} stands before DocumentCurrencyCode (EN 16931 BR-5)"),
            )
            .expected("the document's currency first, as UBL orders its fields"));
    };
    match xml.attribute("currencyID")? {
        Some(code) if code == currency.code => {}
        Some(code) => {
            let what = format!("{name} is in {}", clip(&code, 10));
            return Err(xml
                .refuse(&catalogue::INVOICE_CURRENCY, what)
                .expected(format!("{}, as the document says", currency.code)));
        }
        None => return Err(xml.refuse(&catalogue::INVOICE_FIELD, format!("{name} says no currencyID"))),
    }
    let text = xml.text()?;
    decimal(text, currency).map_err(|r| {
        let what = format!("{name}: {}", r.what);
        Refusal { what, ..r }.at(xml.place_of(line))
    })
}

/// A decimal of XML Schema in minor units.
pub(super) fn decimal(text: &str, currency: Currency) -> Result<i64, Refusal> {
    let notation = Notation {
        decimal: &['.'],
        thousands: None,
        minor_digits: currency.minor_digits,
    };
    // XML Schema lets the digit before the point be missing.
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.get(..1).unwrap_or_default(), rest),
        None => ("", text),
    };
    let whole = if digits.starts_with('.') && digits.len() > 1 {
        "0"
    } else {
        ""
    };
    let value = parse_amount(&format!("{sign}{whole}{digits}"), notation)?;
    let finer = 10i64.pow(u32::from(currency.minor_digits.saturating_sub(2)));
    if value % finer != 0 {
        return Err(Refusal::new(
            &catalogue::BAD_AMOUNT,
            format!("{:?} has more than two decimals", clip(text, 40)),
        )
        .expected("at most two decimals (EN 16931 BR-DEC)"));
    }
    Ok(value)
}
