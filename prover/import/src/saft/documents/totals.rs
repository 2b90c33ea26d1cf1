//! The lines of a document summed exactly, and its totals, which may differ from them by rounding alone.

use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Day;

use super::{CURRENCY, Kind};
use crate::saft::amounts::{UNIT, show};
use crate::saft::{amount, day, missing, name, once};
use crate::xml::Xml;
use crate::{catalogue, clip};

/// The lines of a document, exactly. Amounts in ten-thousandths of minor units.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) debit: i128,
    pub(super) credit: i128,
    /// Tax on debit and on credit lines, in the `1/TAX_SCALE`th part of an amount's unit.
    tax_debit: i128,
    tax_credit: i128,
    lines: u32,
}

/// Tax is kept as amount × percentage, both exact: the percentage has the scale of amounts, and is of a hundred.
const TAX_SCALE: i128 = 100 * 100 * UNIT;

impl Sums {
    /// Takes one line.
    pub(super) fn line<R: BufRead>(
        &mut self,
        xml: &mut Xml<'_, R>,
        references: &mut Vec<String>,
    ) -> Result<(), Refusal> {
        let start = xml.line();
        let (mut debit, mut credit, mut base, mut tax) = (None, None, None, (None, None));
        while xml.child()? {
            match xml.name() {
                "DebitAmount" => {
                    let found = amount(xml, CURRENCY)?;
                    once(&mut debit, found, xml)?;
                }
                "CreditAmount" => {
                    let found = amount(xml, CURRENCY)?;
                    once(&mut credit, found, xml)?;
                }
                "TaxBase" => base = Some(amount(xml, CURRENCY)?),
                "Tax" => tax = read_tax(xml)?,
                // Of a note; of a receipt.
                "References" | "SourceDocumentID" => {
                    while xml.child()? {
                        match xml.name() {
                            "Reference" | "OriginatingON" => {
                                let number = name(xml)?;
                                if !references.contains(&number) && references.len() < 1_000 {
                                    references.push(number);
                                }
                            }
                            _ => xml.skip()?,
                        }
                    }
                }
                _ => xml.skip()?,
            }
        }
        if debit.is_none() && credit.is_none() {
            return Err(missing(xml, "DebitAmount or CreditAmount", start, "a line"));
        }
        self.add((debit.unwrap_or(0), credit.unwrap_or(0)), base, tax);
        Ok(())
    }

    fn add(&mut self, sides: (i128, i128), base: Option<i128>, tax: (Option<i128>, Option<i128>)) {
        let (debit, credit) = sides;
        self.debit += debit;
        self.credit += credit;
        self.lines = self.lines.saturating_add(1);
        // A line that only states tax has a base and no amount (TaxBase); a tax that is no percentage is stated whole.
        let of = |amount: i128| match tax {
            (Some(percentage), _) => amount.saturating_mul(percentage),
            (None, Some(whole)) => whole.saturating_mul(TAX_SCALE),
            (None, None) => 0,
        };
        // Beyond every amount a sum stays where it is, and does not tie.
        if debit != 0 {
            self.tax_debit = self.tax_debit.saturating_add(of(debit));
        } else {
            let amount = if credit != 0 { credit } else { base.unwrap_or(0) };
            self.tax_credit = self.tax_credit.saturating_add(of(amount));
        }
    }

    /// Adds another's lines.
    pub(super) fn join(&mut self, other: &Self) {
        self.debit += other.debit;
        self.credit += other.credit;
        self.tax_debit = self.tax_debit.saturating_add(other.tax_debit);
        self.tax_credit = self.tax_credit.saturating_add(other.tax_credit);
        self.lines = self.lines.saturating_add(other.lines);
    }

    /// Credit less debit with tax, rounded half away from zero to the minor unit.
    pub(super) fn gross_rounded(&self) -> i128 {
        let tax = self.tax_credit.saturating_sub(self.tax_debit) / TAX_SCALE;
        let exact = self.credit - self.debit + tax;
        (exact + exact.signum() * UNIT / 2) / UNIT * UNIT
    }
}

/// The percentage, in the scale of amounts, or the amount of the tax.
fn read_tax<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<(Option<i128>, Option<i128>), Refusal> {
    let (mut percentage, mut whole) = (None, None);
    while xml.child()? {
        match xml.name() {
            "TaxPercentage" => percentage = Some(amount(xml, CURRENCY)?),
            "TaxAmount" => whole = Some(amount(xml, CURRENCY)?),
            _ => xml.skip()?,
        }
    }
    Ok((percentage, whole))
}

/// The totals that a document states, in ten-thousandths of minor units.
#[derive(Debug)]
pub(super) struct Totals {
    pub(super) net: i128,
    pub(super) tax: i128,
    pub(super) gross: i128,
    pub(super) paid: Vec<(Day, i128)>,
}

impl Totals {
    pub(super) fn read<R: BufRead>(xml: &mut Xml<'_, R>) -> Result<Self, Refusal> {
        let line = xml.line();
        let (mut net, mut tax, mut gross, mut paid) = (None, None, None, Vec::new());
        while xml.child()? {
            match xml.name() {
                "NetTotal" => net = Some(amount(xml, CURRENCY)?),
                "TaxPayable" => tax = Some(amount(xml, CURRENCY)?),
                "GrossTotal" => gross = Some(amount(xml, CURRENCY)?),
                "Payment" => {
                    let (mut day_of, mut amount_of) = (None, None);
                    while xml.child()? {
                        match xml.name() {
                            "PaymentDate" => day_of = Some(day(xml)?),
                            "PaymentAmount" => amount_of = Some(amount(xml, CURRENCY)?),
                            _ => xml.skip()?,
                        }
                    }
                    paid.extend(day_of.zip(amount_of));
                }
                _ => xml.skip()?,
            }
        }
        let lacks = |element| missing(xml, element, line, "DocumentTotals");
        Ok(Self {
            net: net.ok_or_else(|| lacks("NetTotal"))?,
            tax: tax.ok_or_else(|| lacks("TaxPayable"))?,
            gross: gross.ok_or_else(|| lacks("GrossTotal"))?,
            paid,
        })
    }

    /// Compares the totals with the lines: half a minor unit may be lost in each line and in the total.
    pub(super) fn check<R: BufRead>(
        &self,
        sums: &Sums,
        kind: Kind,
        number: &str,
        line: u64,
        xml: &Xml<'_, R>,
    ) -> Result<(), Refusal> {
        let sign = if kind == Kind::CreditNote { -1 } else { 1 };
        let lost = i128::from(sums.lines + 1) * UNIT / 2;
        let refuse = |name: &str, stated: i128, found: i128| {
            let shown = |a| show(a, CURRENCY.minor_digits);
            let what = format!("document {}: {name} is {}", clip(number, 60), shown(stated));
            Refusal::new(&catalogue::DOCUMENT_TOTAL, what)
                .at(xml.place_of(line))
                .expected(format!("{}, but for rounding", shown(found)))
        };
        let net = sign * (sums.credit - sums.debit);
        if (self.net - net).abs() > lost {
            return Err(refuse("NetTotal", self.net, net));
        }
        let tax = sums.tax_credit.saturating_sub(sums.tax_debit).saturating_mul(sign);
        if self.tax.saturating_mul(TAX_SCALE).saturating_sub(tax).saturating_abs() > lost * TAX_SCALE {
            return Err(refuse("TaxPayable", self.tax, tax / TAX_SCALE));
        }
        // Three roundings to whole minor units.
        if (self.gross - self.net - self.tax).abs() > UNIT {
            return Err(refuse("GrossTotal", self.gross, self.net + self.tax));
        }
        Ok(())
    }
}
