//! What a company can do about its figures, in an accountant's words, each with everything that it changes.
//!
//! Every action keeps the schema's sums: what is paid leaves cash, current assets and total assets at once. Its effects follow from
//! double entry and from the figures' definitions; where more is needed (that no further tax falls due, that a debt is
//! short-term), the action says so. They are actions within the period: the figures as they would have been at its end.

use crate::program::{COLUMNS, Program, Relation};
use crate::schema::{ENTERPRISE_FINANCIALS, Schema};
use crate::statement::Coverage;

/// Something that a company can do, by the minor unit.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// Stable, kebab-case; what programs match on.
    pub name: &'static str,
    /// What is done, as an instruction.
    pub words: &'static str,
    /// What must be so; may be empty.
    pub provided: &'static str,
    /// Figures that rise by what is moved, and figures that fall.
    rises: &'static [&'static str],
    falls: &'static [&'static str],
    /// A figure that what is moved is a part of, although the figure itself stays.
    part_of: Option<&'static str>,
}

macro_rules! actions {
    ($($name:literal $words:literal [$($rises:literal)*] [$($falls:literal)*] $part_of:expr, $provided:literal;)*) => {
        /// Every action, in the order in which a company would think of them.
        pub const ACTIONS: &[Action] = &[$(Action {
            name: $name,
            words: $words,
            provided: $provided,
            rises: &[$($rises),*],
            falls: &[$($falls),*],
            part_of: $part_of,
        }),*];
    };
}

actions! {
    "collect-receivables" "Collect receivables"
        ["cash" "operating_cash_flow"] ["trade_receivables"] None, "";
    "collect-from-related-parties" "Collect what related parties owe"
        ["cash"] ["due_from_related_parties"] None, "it stands among current assets";
    "sell-inventory" "Sell inventory at book value for cash"
        ["cash" "revenue" "cost_of_sales" "operating_cash_flow"] ["inventory"] None, "";
    "sell-fixed-assets" "Sell fixed assets at book value for cash"
        ["cash" "current_assets"] ["non_current_assets"] None, "";
    "repay-short-term-debt" "Repay short-term debt from cash"
        [] ["cash" "current_assets" "total_assets" "financial_debt" "current_liabilities" "total_liabilities"] None,
        "that much of the debt falls due within a year";
    "repay-long-term-debt" "Repay long-term debt from cash"
        [] ["cash" "current_assets" "total_assets" "financial_debt" "non_current_liabilities" "total_liabilities"] None,
        "that much of the debt falls due later than within a year";
    "pay-suppliers" "Pay suppliers from cash"
        [] ["cash" "current_assets" "total_assets" "trade_payables" "current_liabilities" "total_liabilities" "operating_cash_flow"]
        None, "";
    "pay-tax-owed" "Pay income tax that is owed, from cash"
        ["tax_paid"] ["cash" "current_assets" "total_assets" "current_liabilities" "total_liabilities" "operating_cash_flow"]
        None, "that much tax is owed among current liabilities";
    "extend-debt" "Extend short-term debt beyond a year"
        ["non_current_liabilities"] ["current_liabilities"] Some("financial_debt"), "that much of the debt falls due within a year";
    "borrow-long-term" "Borrow long-term, in cash"
        ["cash" "current_assets" "total_assets" "financial_debt" "non_current_liabilities" "total_liabilities"] [] None, "";
    "add-equity" "Add equity in cash"
        ["cash" "current_assets" "total_assets" "equity"] [] None, "";
    "convert-debt" "Turn long-term debt into equity"
        ["equity"] ["financial_debt" "non_current_liabilities" "total_liabilities"] None,
        "that much of the debt falls due later than within a year";
    "distribute-less" "Distribute less to owners"
        ["cash" "current_assets" "total_assets" "equity" "retained_earnings"] ["distributions"] None, "";
    "spend-less-on-fixed-assets" "Spend less on fixed assets"
        ["cash" "current_assets"] ["non_current_assets" "capital_expenditure"] None, "nothing of it was depreciated yet";
    "save-costs" "Save operating costs that are paid in cash"
        ["ebitda" "ebit" "profit_before_tax" "net_income" "operating_cash_flow" "cash" "current_assets" "total_assets" "equity"
         "retained_earnings"] [] None, "no further tax falls due on it";
    "sell-more-at-cost" "Sell more, at what the goods cost"
        ["revenue" "cost_of_sales"] [] None, "goods are bought and sold for cash";
}

/// What every balance sheet keeps besides its sums: a part is not more than its whole. The first term is the whole.
const PARTS: &[(&str, &[&str])] = &[
    ("current_assets", &["inventory", "cash", "trade_receivables"]),
    ("non_current_assets", &["intangible_assets"]),
    ("current_liabilities", &["trade_payables"]),
    ("total_liabilities", &["trade_payables", "financial_debt"]),
];

fn index(name: &str) -> Option<usize> {
    ENTERPRISE_FINANCIALS.index_of(name)
}

/// Whether actions are known for a program: over the schema they are about, and not where a companion statement, of which nothing
/// is known, would change with the first one.
pub(crate) fn applicable(program: &Program) -> bool {
    program.statements[0].schema == ENTERPRISE_FINANCIALS.name && program.relation != Relation::Companion
}

impl Action {
    /// The columns that it changes, each with its sign; figures that the books do not give are left alone. `None` where a figure
    /// that it takes from is not given, so that nobody knows how much there is to take.
    pub(crate) fn direction(&self, coverage: Coverage) -> Option<Vec<(usize, i64)>> {
        let mut direction = Vec::new();
        for (names, sign) in [(self.rises, 1), (self.falls, -1)] {
            for column in names.iter().map(|name| index(name)) {
                let column = column?;
                let covered = coverage.covers(column);
                // Operating cash flow can fall below zero: nothing limits it, and nothing is taken from it.
                if !covered && sign < 0 && Schema::range(&ENTERPRISE_FINANCIALS, column).0 == 0 {
                    return None;
                }
                if covered {
                    direction.push((column, sign));
                }
            }
        }
        let known = self
            .part_of
            .is_none_or(|name| index(name).is_some_and(|j| coverage.covers(j)));
        (known && !direction.is_empty()).then_some(direction)
    }

    /// The column that what is moved is a part of.
    pub(crate) fn part_of(&self) -> Option<usize> {
        self.part_of.and_then(index)
    }
}

/// A sum of columns that must not fall below zero, or, where it lies there already, not fall further.
pub(crate) struct Keep(Vec<(usize, i64)>);

impl Keep {
    /// Its value.
    pub(crate) fn value(&self, columns: &[i64; COLUMNS]) -> i128 {
        let terms = self.0.iter();
        terms
            .filter_map(|(column, c)| Some(i128::from(*c) * i128::from(*columns.get(*column)?)))
            .sum()
    }

    /// By how much a step of this direction changes it.
    pub(crate) fn step(&self, direction: &[(usize, i64)]) -> i128 {
        let changes = direction.iter().filter_map(|(column, by)| {
            let c = self.0.iter().find(|(other, _)| other == column)?.1;
            Some(i128::from(c) * i128::from(*by))
        });
        changes.sum()
    }
}

/// The wholes and parts that the books give.
pub(crate) fn keeps(coverage: Coverage) -> Vec<Keep> {
    let covered = |name: &&str| index(name).filter(|j| coverage.covers(*j));
    PARTS
        .iter()
        .filter_map(|(whole, parts)| {
            let parts = parts.iter().filter_map(covered).map(|j| (j, -1));
            Some(Keep([(covered(whole)?, 1)].into_iter().chain(parts).collect()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAID_FROM_CASH: [&str; 3] = ["cash", "current_assets", "total_assets"];

    #[test]
    fn every_action_keeps_the_sums_and_names_figures_that_exist() {
        for action in ACTIONS {
            let direction = action.direction(Coverage(u32::MAX)).expect("everything is covered");
            assert_eq!(
                direction.len(),
                action.rises.len() + action.falls.len(),
                "{}",
                action.name
            );
            for identity in ENTERPRISE_FINANCIALS.identities {
                let keep = Keep(identity.terms.iter().map(|(j, c)| (*j, i64::from(*c))).collect());
                assert_eq!(keep.step(&direction), 0, "{} breaks {}", action.name, identity.name);
            }
            let mut columns: Vec<usize> = direction.iter().map(|(column, _)| *column).collect();
            columns.sort_unstable();
            columns.dedup();
            assert_eq!(columns.len(), direction.len(), "{}", action.name);
            let pays = PAID_FROM_CASH.iter().all(|name| action.falls.contains(name));
            assert_eq!(pays, action.words.contains("from cash"), "{}", action.name);
        }
        for (whole, parts) in PARTS {
            assert!(index(whole).is_some() && parts.iter().all(|part| index(part).is_some()));
        }
    }

    #[test]
    fn what_is_not_known_is_not_taken_from() {
        let without = |name: &str| Coverage(!(1 << index(name).expect("a figure")));
        let of = |name: &str| ACTIONS.iter().find(|a| a.name == name).expect("an action");
        assert!(
            of("collect-receivables")
                .direction(without("trade_receivables"))
                .is_none()
        );
        assert!(of("extend-debt").direction(without("financial_debt")).is_none());
        let paid = of("pay-suppliers")
            .direction(without("operating_cash_flow"))
            .expect("still known");
        assert_eq!(paid.len(), 6);
    }
}
