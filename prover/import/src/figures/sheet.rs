//! Fills the review sheet from the sums.

use covenant_policy::schema::{ENTERPRISE_FINANCIALS, Identity, Unit};
use covenant_policy::statement::{Basis, Period};

use super::Options;
use super::assemble::{Assembled, Placed};
use super::customers::customers;
use crate::books::Books;
use crate::mapping::Mapping;
use crate::position::{POSITIONS, figure_name};
use crate::review::{
    AccountLine, Amount, Contribution, FigureLine, IdentityLine, MoveLine, PositionLine, ReclassifiedLine, Review,
    UntiedLine,
};

/// The sheet of one year.
pub(super) fn review(
    assembled: &Assembled<'_>,
    books: &Books,
    mapping: &Mapping,
    options: &Options,
    period: Period,
    prior: bool,
) -> Review {
    let digits = books.currency.minor_digits;
    let amount = |minor: i128| Amount { minor, digits };
    let balances = || assembled.placed.iter().map(|p| p.balance);
    Review {
        file: books.file.clone(),
        format: books.format,
        lines: books.lines,
        entries: books.entries,
        company: books.company.clone(),
        prior,
        period,
        currency: books.currency.code,
        basis: if options.basis == Basis::Consolidated {
            "consolidated"
        } else {
            "solo"
        },
        restatement: options.restatement,
        chart: if mapping.title.is_empty() {
            mapping.chart.clone()
        } else {
            mapping.title.clone()
        },
        mapping_file: mapping.user_file.clone(),
        accounts: assembled.placed.iter().map(|p| account_line(p, digits)).collect(),
        debit_total: amount(balances().filter(|b| *b > 0).sum()),
        credit_total: amount(-balances().filter(|b| *b < 0).sum::<i128>()),
        unmapped: assembled.unmapped().map(|p| account_line(p, digits)).collect(),
        reclassified: assembled
            .reclassified
            .iter()
            .map(|r| ReclassifiedLine {
                account: r.account.to_owned(),
                who: if r.who.is_empty() {
                    "(without a sub-account)".to_owned()
                } else {
                    r.who.to_owned()
                },
                balance: amount(r.balance),
                position: r.position.name,
                instead_of: r.instead_of.name,
            })
            .collect(),
        reclassified_more: assembled.reclassified_more,
        untied: assembled
            .untied
            .iter()
            .map(|u| UntiedLine {
                account: u.number.to_owned(),
                label: u.label.to_owned(),
                control: amount(u.control),
                sub_ledger: amount(u.sub_ledger),
            })
            .collect(),
        customers: (!prior).then(|| customers(books, mapping)),
        moved: assembled
            .moved
            .iter()
            .map(|(m, a)| MoveLine {
                from: m.from.name,
                to: m.to.name,
                amount: amount(*a),
                reason: m.reason.clone(),
            })
            .collect(),
        positions: positions(assembled, digits),
        figures: figures(assembled, digits),
        identities: ENTERPRISE_FINANCIALS
            .identities
            .iter()
            .map(|i| identity(i, assembled, digits))
            .collect(),
        warnings: books.warnings.clone(),
    }
}

fn account_line(placed: &Placed<'_>, digits: u8) -> AccountLine {
    let part = placed.parts.map(|n| {
        let side = if placed.balance < 0 { "credit" } else { "debit" };
        format!("{n} sub-account{} in {side}", if n == 1 { "" } else { "s" })
    });
    AccountLine {
        account: placed.number.to_owned(),
        label: placed.label.to_owned(),
        part,
        balance: Amount {
            minor: placed.balance,
            digits,
        },
        position: placed.position.map(|p| p.name),
        overridden: placed.overridden,
    }
}

fn positions(assembled: &Assembled<'_>, digits: u8) -> Vec<PositionLine> {
    let used = |i: usize| {
        assembled
            .placed
            .iter()
            .any(|p| p.position.is_some_and(|p| p.order() == i))
    };
    POSITIONS
        .iter()
        .zip(&assembled.totals)
        .enumerate()
        .filter(|(i, (_, total))| **total != 0 || used(*i))
        .map(|(_, (position, &total))| PositionLine {
            group: position.group.title(),
            name: position.name,
            label: position.label,
            amount: Amount {
                minor: if position.group.is_asset() { total } else { -total },
                digits,
            },
            figures: position
                .figures()
                .map(|(j, sign)| Contribution {
                    figure: figure_name(j),
                    amount: Amount {
                        minor: i128::from(sign) * total,
                        digits,
                    },
                })
                .collect(),
        })
        .collect()
}

fn figures(assembled: &Assembled<'_>, digits: u8) -> Vec<FigureLine> {
    ENTERPRISE_FINANCIALS
        .figures
        .iter()
        .enumerate()
        .map(|(index, figure)| FigureLine {
            index,
            name: figure.name,
            amount: Amount {
                minor: assembled.value(index),
                digits: if figure.unit == Unit::Money { digits } else { 0 },
            },
            covered: !assembled.uncovered.contains_key(&index),
            reason: assembled.uncovered.get(&index).cloned(),
        })
        .collect()
}

/// An identity's terms: the first is its left side, the others stand on the right with the opposite sign.
fn identity(identity: &Identity, assembled: &Assembled<'_>, digits: u8) -> IdentityLine {
    let value = |(j, sign): &(usize, i8)| i128::from(*sign) * assembled.value(*j);
    let left: i128 = identity.terms.first().map_or(0, value);
    let right: i128 = -identity.terms.iter().skip(1).map(value).sum::<i128>();
    IdentityLine {
        text: identity.text,
        left: Amount { minor: left, digits },
        right: Amount { minor: right, digits },
        holds: left == right,
    }
}
