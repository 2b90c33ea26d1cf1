//! What each rule means, in exact fractions and in nothing that the compiler made: real division, and what holds where there is
//! nothing to divide by. A ratio means something only over a denominator above zero; coverage of nothing holds unless what should
//! cover it is itself below zero.

use covenant_policy::program::FIGURES;
use covenant_policy::schema::Schema;
use num_rational::BigRational;
use num_traits::{Signed as _, Zero as _};

use super::fragments::{Columns, Fragment};

type Q = BigRational;
/// The tier that a company reaches.
pub type Tier = Option<&'static str>;

/// A company as the rules see it.
pub struct Company<'c> {
    schemas: [Option<&'static Schema>; 2],
    columns: &'c Columns,
}

fn q(numerator: i64, denominator: i64) -> Q {
    Q::new(numerator.into(), denominator.into())
}

/// Major units of a currency with two decimals, in minor units.
fn money(major: i64) -> Q {
    q(major * 100, 1)
}

/// A ratio, where there is one.
fn over(numerator: &Q, denominator: &Q) -> Option<Q> {
    denominator.is_positive().then(|| numerator / denominator)
}

fn at_least(ratio: Option<Q>, threshold: Q) -> bool {
    ratio.is_some_and(|ratio| ratio >= threshold)
}

fn at_most(ratio: Option<Q>, threshold: Q) -> bool {
    ratio.is_some_and(|ratio| ratio <= threshold)
}

/// What is there covers what is due so many times.
fn covers(there: &Q, due: &Q, times: Q) -> bool {
    match over(there, due) {
        Some(ratio) => ratio >= times,
        None => !there.is_negative(),
    }
}

fn met(holds: bool) -> Tier {
    holds.then_some("met")
}

/// The first tier whose condition holds.
fn first(tiers: &[(&'static str, bool)]) -> Tier {
    tiers.iter().find(|(_, holds)| *holds).map(|(name, _)| *name)
}

impl<'c> Company<'c> {
    pub fn of(fragment: &Fragment, columns: &'c Columns) -> Self {
        let schemas = [fragment.schema(0), fragment.schema(1)];
        Self { schemas, columns }
    }

    fn figure(&self, statement: usize, name: &str) -> Q {
        let index = self.schemas[statement]
            .and_then(|schema| schema.index_of(name))
            .expect(name);
        Q::from(num_bigint::BigInt::from(self.columns[statement * FIGURES + index]))
    }

    fn x(&self, name: &str) -> Q {
        self.figure(0, name)
    }

    fn second(&self, name: &str) -> Q {
        self.figure(1, name)
    }

    fn months(&self, statement: usize, series: &str) -> Vec<Q> {
        (1..=12)
            .map(|month| self.figure(statement, &format!("{series}_{month}")))
            .collect()
    }

    fn tangible_net_worth(&self, statement: usize) -> Q {
        let figure = |name: &str| self.figure(statement, name);
        figure("equity") - figure("intangible_assets") - figure("due_from_related_parties")
    }

    fn debt_service(&self) -> Q {
        self.x("interest_expense") + self.x("scheduled_principal")
    }

    fn fixed_charges_covered(&self) -> bool {
        let left = self.x("ebitda") - self.x("capital_expenditure") - self.x("tax_paid");
        covers(&left, &(self.debt_service() + self.x("distributions")), q(11, 10))
    }

    /// Working capital, retained earnings and EBIT over total assets, and equity over total liabilities.
    fn altman(&self) -> Option<[Q; 4]> {
        let assets = self.x("total_assets");
        let capital = self.x("current_assets") - self.x("current_liabilities");
        Some([
            over(&capital, &assets)?,
            over(&self.x("retained_earnings"), &assets)?,
            over(&self.x("ebit"), &assets)?,
            over(&self.x("equity"), &self.x("total_liabilities"))?,
        ])
    }
}

fn gross_margin(c: &Company<'_>, statement: usize) -> Option<Q> {
    let revenue = c.figure(statement, "revenue");
    over(&(&revenue - c.figure(statement, "cost_of_sales")), &revenue)
}

fn longest_run_of_zeros(months: &[Q]) -> usize {
    let text: String = months.iter().map(|m| if m.is_zero() { '0' } else { '1' }).collect();
    text.split('1').map(str::len).max().unwrap_or(0)
}

/// The tier that a company reaches under the fragment of this name; `None` for a name that is not known.
pub fn tier(name: &str, c: &Company<'_>) -> Option<Tier> {
    balance_sheet(name, c)
        .or_else(|| earnings(name, c))
        .or_else(|| turnover(name, c))
        .or_else(|| two_periods(name, c))
        .or_else(|| monthly(name, c))
}

fn balance_sheet(name: &str, c: &Company<'_>) -> Option<Tier> {
    let current_ratio = || over(&c.x("current_assets"), &c.x("current_liabilities"));
    let debt_to_assets = || over(&c.x("total_liabilities"), &c.x("total_assets"));
    Some(match name {
        "01-current-ratio" => met(at_least(current_ratio(), q(12, 10))),
        "01-current-ratio-graded" => first(&[
            ("strong", at_least(current_ratio(), q(133, 100))),
            ("good", at_least(current_ratio(), q(120, 100))),
            ("fair", at_least(current_ratio(), q(110, 100))),
            ("weak", at_least(current_ratio(), q(1, 1))),
        ]),
        "02-quick-ratio" => {
            let quick = c.x("current_assets") - c.x("inventory");
            met(at_least(over(&quick, &c.x("current_liabilities")), q(8, 10)))
        }
        "03-cash-ratio" => met(at_least(over(&c.x("cash"), &c.x("current_liabilities")), q(2, 10))),
        "04-debt-to-assets" => met(at_most(debt_to_assets(), q(70, 100))),
        "04-debt-to-assets-graded" => first(&[
            ("AA", at_most(debt_to_assets(), q(60, 100))),
            ("A", at_most(debt_to_assets(), q(70, 100))),
            ("B", at_most(debt_to_assets(), q(80, 100))),
        ]),
        "05-debt-to-equity" => met(at_most(over(&c.x("financial_debt"), &c.x("equity")), q(3, 1))),
        "05-outside-liabilities-graded" => {
            let ratio = over(&c.x("total_liabilities"), &c.tangible_net_worth(0));
            first(&[
                ("a", at_most(ratio.clone(), q(3, 1))),
                ("b", at_most(ratio.clone(), q(4, 1))),
                ("c", at_most(ratio.clone(), q(5, 1))),
                ("d", at_most(ratio, q(6, 1))),
            ])
        }
        "06-tangible-net-worth" => met(c.tangible_net_worth(0) >= money(500_000)),
        "24-altman-z-double-prime" => {
            let z = c.altman().map(|[capital, retained, ebit, equity]| {
                q(656, 100) * capital + q(326, 100) * retained + q(672, 100) * ebit + q(105, 100) * equity
            });
            first(&[
                ("safe", at_least(z.clone(), q(26, 10))),
                ("grey", at_least(z, q(11, 10))),
            ])
        }
        "25-altman-z-prime" => {
            let turnover = over(&c.x("revenue"), &c.x("total_assets"));
            let z = c
                .altman()
                .zip(turnover)
                .map(|([capital, retained, ebit, equity], turnover)| {
                    q(717, 1000) * capital
                        + q(847, 1000) * retained
                        + q(3107, 1000) * ebit
                        + q(420, 1000) * equity
                        + q(998, 1000) * turnover
                });
            first(&[
                ("safe", at_least(z.clone(), q(29, 10))),
                ("grey", at_least(z, q(123, 100))),
            ])
        }
        "26-exact-books" => met(c.x("rounding_difference").is_zero()),
        "50-headroom" => first(&[
            ("comfortable", at_least(current_ratio(), q(12, 10) * q(11, 10))),
            ("warning", at_least(current_ratio(), q(12, 10))),
        ]),
        _ => return None,
    })
}

fn earnings(name: &str, c: &Company<'_>) -> Option<Tier> {
    let covered = |times: Q| covers(&c.x("ebitda"), &c.debt_service(), times);
    Some(match name {
        "07-debt-service-coverage" => met(covered(q(125, 100))),
        "07-debt-service-coverage-graded" => {
            // More is not always more: coverage of nothing by nothing holds at every step.
            let points = [(125, 5), (150, 3), (175, 2)];
            let sum: i32 = points
                .iter()
                .filter(|(times, _)| covered(q(*times, 100)))
                .map(|(_, p)| p)
                .sum();
            first(&[("A", sum >= 10), ("B", sum >= 8), ("C", sum >= 5)])
        }
        "08-fixed-charge-coverage" => met(c.fixed_charges_covered()),
        "08-fixed-charge-coverage-springing" => {
            let liquid = covers(&c.x("cash"), &c.x("financial_debt"), q(15, 100));
            met(liquid || c.fixed_charges_covered())
        }
        "09-interest-cover" => met(covers(&c.x("ebit"), &c.x("interest_expense"), q(2, 1))),
        "10-leverage" => met(at_most(over(&c.x("financial_debt"), &c.x("ebitda")), q(35, 10))),
        "11-net-leverage" => {
            let net = c.x("financial_debt") - c.x("cash");
            met(at_most(over(&net, &c.x("ebitda")), q(3, 1)))
        }
        "12-net-margin" => met(at_least(over(&c.x("net_income"), &c.x("revenue")), q(3, 100))),
        "13-return-on-assets" => met(at_least(over(&c.x("net_income"), &c.x("total_assets")), q(2, 100))),
        "13-return-on-equity" => met(at_least(over(&c.x("net_income"), &c.x("equity")), q(5, 100))),
        "14-operating-cash-flow" => met(c.x("operating_cash_flow").is_positive()),
        "15-cash-flow-to-current-liabilities" => {
            let ratio = over(&c.x("operating_cash_flow"), &c.x("current_liabilities"));
            met(at_least(ratio, q(1, 10)))
        }
        "16-cash-runway" => {
            let used_in_a_month = -c.x("operating_cash_flow") / q(12, 1);
            met(over(&c.x("cash"), &used_in_a_month).is_none_or(|months| months >= q(6, 1)))
        }
        _ => return None,
    })
}

fn turnover(name: &str, c: &Company<'_>) -> Option<Tier> {
    let days = |stock: &str, flow: &str| over(&c.x(stock), &c.x(flow)).map(|years| years * q(365, 1));
    Some(match name {
        "17-collection-days" => met(at_most(days("trade_receivables", "revenue"), q(90, 1))),
        "18-inventory-turnover" => met(covers(&c.x("cost_of_sales"), &c.x("inventory"), q(4, 1))),
        "19-payment-days" => met(at_most(days("trade_payables", "cost_of_sales"), q(120, 1))),
        "20-cash-conversion-cycle" => {
            let cycle = days("trade_receivables", "revenue")
                .zip(days("inventory", "cost_of_sales"))
                .zip(days("trade_payables", "cost_of_sales"))
                .map(|((collection, inventory), payment)| collection + inventory - payment);
            met(at_most(cycle, q(120, 1)))
        }
        "42-annual-tax" => met(c.x("tax_paid") >= money(50_000)),
        "43-loan-to-tax" => met(at_most(over(&money(200_000), &c.x("tax_paid")), q(10, 1))),
        _ => return None,
    })
}

fn two_periods(name: &str, c: &Company<'_>) -> Option<Tier> {
    let grown = |figure: &str| over(&c.x(figure), &c.second(figure)).map(|times| times - q(1, 1));
    Some(match name {
        "06-tangible-net-worth-kept" => met(c.tangible_net_worth(0) >= c.tangible_net_worth(1)),
        "18-inventory-turnover-average" => {
            let average = (c.x("inventory") + c.second("inventory")) / q(2, 1);
            met(at_least(over(&c.x("cost_of_sales"), &average), q(4, 1)))
        }
        "21-revenue-growth" => first(&[
            ("holds", at_least(grown("revenue"), q(-10, 100))),
            ("alert", at_least(grown("revenue"), q(-30, 100))),
        ]),
        "22-gross-margin-stability" => {
            let drop = gross_margin(c, 1)
                .zip(gross_margin(c, 0))
                .map(|(before, now)| before - now);
            met(at_most(drop, q(3, 100)))
        }
        "23-receivables-growth" => {
            let ahead = grown("trade_receivables")
                .zip(grown("revenue"))
                .map(|(ar, sales)| ar - sales);
            met(at_most(ahead, q(20, 100)))
        }
        "48-attested-revenue" => met(covers(&c.second("revenue"), &c.x("revenue"), q(90, 100))),
        _ => return None,
    })
}

fn monthly(name: &str, c: &Company<'_>) -> Option<Tier> {
    Some(match name {
        "40-months-of-positive-cash-flow" => {
            let positive = c
                .months(0, "cash_flow")
                .iter()
                .filter(|flow| flow.is_positive())
                .count();
            met(positive >= 9)
        }
        "41-invoicing-gap" => {
            let months = [c.months(1, "invoiced"), c.months(0, "invoiced")].concat();
            met(longest_run_of_zeros(&months) <= 2)
        }
        "41-filing-gap" => {
            let across = c.second("filing_gap_at_end") + c.x("filing_gap_at_start");
            let gaps = [c.x("filing_gap_longest"), c.second("filing_gap_longest"), across];
            met(gaps.iter().all(|gap| *gap <= q(3, 1)))
        }
        "47-repayment-record" => {
            let share = over(&c.x("repayments_on_time"), &c.x("repayments_due"));
            met(at_least(share, q(95, 100)) && c.x("repayment_days_late_max") <= q(30, 1))
        }
        _ => return None,
    })
}
