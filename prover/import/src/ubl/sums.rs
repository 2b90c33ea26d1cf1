//! The sums of EN 16931, made again: BR-CO-10 to BR-CO-17.
//!
//! The published rules compare exactly, after rounding to two decimals; since no amount has more than two (BR-DEC), that is equality.
//! The one tolerance is that of BR-CO-17: the tax of a category may differ from base times rate by less than one unit of the currency.

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Currency;

use crate::amount::{Notation, format_amount, parse_amount};
use crate::{catalogue, clip};

/// What a document adds up.
#[derive(Default)]
pub(super) struct Sums {
    /// Invoice lines, and the sum of their net amounts (BT-131).
    pub(super) lines: u64,
    pub(super) line_sum: i128,
    /// Sums of allowances (BT-92) and charges (BT-99) of the document; none where there are none.
    pub(super) allowances: Option<i128>,
    pub(super) charges: Option<i128>,
    /// The tax total in the document's currency (BT-110), and the sum of its categories (BT-117).
    pub(super) tax: Option<i64>,
    pub(super) tax_subtotals: Option<i128>,
    /// Where LegalMonetaryTotal stands, and its amounts.
    pub(super) line: Option<u64>,
    line_extension: Option<i64>,
    allowance_total: Option<i64>,
    charge_total: Option<i64>,
    tax_exclusive: Option<i64>,
    tax_inclusive: Option<i64>,
    prepaid: Option<i64>,
    rounding: Option<i64>,
    payable: Option<i64>,
}

/// The amounts of a document that adds up.
pub(super) struct Stated {
    pub(super) total: i64,
    pub(super) tax: Option<i64>,
    pub(super) prepaid: i64,
    pub(super) rounding: i64,
    pub(super) payable: i64,
}

impl Sums {
    /// The place of an amount of LegalMonetaryTotal.
    pub(super) fn total_mut(&mut self, name: &str) -> Option<&mut Option<i64>> {
        Some(match name {
            "LineExtensionAmount" => &mut self.line_extension,
            "AllowanceTotalAmount" => &mut self.allowance_total,
            "ChargeTotalAmount" => &mut self.charge_total,
            "TaxExclusiveAmount" => &mut self.tax_exclusive,
            "TaxInclusiveAmount" => &mut self.tax_inclusive,
            "PrepaidAmount" => &mut self.prepaid,
            "PayableRoundingAmount" => &mut self.rounding,
            "PayableAmount" => &mut self.payable,
            _ => return None,
        })
    }

    /// Every sum is that of its parts.
    pub(super) fn check(&self, currency: Currency, number: &str) -> Result<Stated, Refusal> {
        let missing = |what: &str| {
            Refusal::new(&catalogue::INVOICE_FIELD, format!("{} has no {what}", clip(number, 40)))
                .expected("it, as EN 16931 prescribes")
        };
        if self.lines == 0 {
            return Err(missing("line (BR-16)"));
        }
        let net = self
            .line_extension
            .ok_or_else(|| missing("LineExtensionAmount (BR-12)"))?;
        let exclusive = self
            .tax_exclusive
            .ok_or_else(|| missing("TaxExclusiveAmount (BR-13)"))?;
        let inclusive = self
            .tax_inclusive
            .ok_or_else(|| missing("TaxInclusiveAmount (BR-14)"))?;
        let payable = self.payable.ok_or_else(|| missing("PayableAmount (BR-15)"))?;
        let tax = self.tax.ok_or_else(|| missing("TaxTotal in its currency (BR-CO-15)"))?;
        let value = |amount: Option<i64>| i128::from(amount.unwrap_or(0));
        let tie = |rule: &str, name: &str, stated: Option<i64>, parts: &str, sum: i128| {
            if value(stated) == sum && (stated.is_some() || sum == 0) {
                return Ok(());
            }
            let show = |amount: i128| format_amount(amount, currency.minor_digits);
            let stated = stated.map_or_else(|| "not stated".to_owned(), |s| show(s.into()));
            let what = format!(
                "{}: {name} is {stated}, but {parts} is {} ({rule})",
                clip(number, 40),
                show(sum)
            );
            Err(Refusal::new(&catalogue::INVOICE_SUM, what).expected(format!("{name} of {}", show(sum))))
        };
        tie(
            "BR-CO-10",
            "LineExtensionAmount",
            Some(net),
            "the sum of the lines",
            self.line_sum,
        )?;
        let (allowances, charges) = (self.allowances.unwrap_or(0), self.charges.unwrap_or(0));
        tie(
            "BR-CO-11",
            "AllowanceTotalAmount",
            self.allowance_total,
            "the sum of the allowances",
            allowances,
        )?;
        tie(
            "BR-CO-12",
            "ChargeTotalAmount",
            self.charge_total,
            "the sum of the charges",
            charges,
        )?;
        let sum = i128::from(net) - value(self.allowance_total) + value(self.charge_total);
        tie(
            "BR-CO-13",
            "TaxExclusiveAmount",
            Some(exclusive),
            "lines − allowances + charges",
            sum,
        )?;
        if let Some(subtotals) = self.tax_subtotals {
            tie(
                "BR-CO-14",
                "TaxAmount",
                Some(tax),
                "the sum of the categories' taxes",
                subtotals,
            )?;
        }
        let sum = i128::from(exclusive) + i128::from(tax);
        tie(
            "BR-CO-15",
            "TaxInclusiveAmount",
            Some(inclusive),
            "TaxExclusiveAmount + tax",
            sum,
        )?;
        let sum = i128::from(inclusive) - value(self.prepaid) + value(self.rounding);
        tie(
            "BR-CO-16",
            "PayableAmount",
            Some(payable),
            "TaxInclusiveAmount − prepaid + rounding",
            sum,
        )?;
        Ok(Stated {
            total: inclusive,
            tax: Some(tax),
            prepaid: self.prepaid.unwrap_or(0),
            rounding: self.rounding.unwrap_or(0),
            payable,
        })
    }
}

/// A category of the tax total.
pub(super) struct Subtotal {
    pub(super) taxable: i64,
    pub(super) tax: i64,
    pub(super) percent: Option<String>,
}

/// Decimals of a rate that are looked at.
const RATE_DIGITS: u8 = 6;
/// The highest rate that is taken for one, in percent; with it, products stay far below 128 bits.
const RATE_MAX: i128 = 1_000;

impl Subtotal {
    /// BR-CO-17: tax = base × rate, up to less than one unit of the currency; without a rate, or at one that rounds to nothing, the tax
    /// rounds to nothing.
    pub(super) fn check(&self, currency: Option<Currency>) -> Result<(), Refusal> {
        let Some(currency) = currency else { return Ok(()) };
        let scale = 10i128.pow(u32::from(RATE_DIGITS));
        let rate = match &self.percent {
            None => 0,
            Some(text) => {
                let notation = Notation {
                    decimal: &['.'],
                    thousands: None,
                    minor_digits: RATE_DIGITS,
                };
                i128::from(
                    parse_amount(text, notation)
                        .map_err(|r| Refusal::new(&catalogue::BAD_AMOUNT, format!("Percent: {}", r.what)))?,
                )
            }
        };
        if !(0..=RATE_MAX * scale).contains(&rate) {
            let what = format!(
                "Percent: {:?} is no rate of tax",
                clip(self.percent.as_deref().unwrap_or_default(), 40)
            );
            return Err(Refusal::new(&catalogue::BAD_AMOUNT, what).expected("0 to 1000"));
        }
        let unit = i128::from(currency.minor_per_major());
        let (taxable, tax) = (i128::from(self.taxable), i128::from(self.tax));
        let show = |amount: i128| format_amount(amount, currency.minor_digits);
        let percent = self.percent.as_deref().unwrap_or("no");
        if 2 * rate < scale {
            // XPath rounds halves up.
            if 2 * tax < unit && 2 * tax >= -unit {
                return Ok(());
            }
            let what = format!("a tax of {} at {} % (BR-CO-17)", show(tax), clip(percent, 20));
            return Err(Refusal::new(&catalogue::INVOICE_SUM, what).expected("no tax"));
        }
        // In hundredths of the currency's unit, as the rule rounds: base · rate / 100, halves up.
        let (numerator, denominator) = (taxable.abs() * 100 * rate, unit * 100 * scale);
        let product = (2 * numerator + denominator) / (2 * denominator);
        let stated = tax.abs() * 100 / unit;
        if stated - 100 < product && product < stated + 100 && (tax == 0 || taxable == 0 || (tax < 0) == (taxable < 0))
        {
            return Ok(());
        }
        let what = format!(
            "a tax of {}, but {} at {} % is {} (BR-CO-17)",
            show(tax),
            show(taxable),
            clip(percent, 20),
            show(product * unit / 100 * taxable.signum())
        );
        Err(Refusal::new(&catalogue::INVOICE_SUM, what).expected("less than one unit of difference"))
    }
}
