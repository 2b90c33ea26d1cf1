//! The figures of a sample company from its own running totals: written against the roles, not against the charts, so that it
//! and the importers can only agree where both are right.

use covenant_policy::program::FIGURES;

use super::Kind;
use super::company::Company;
use super::roles::Role;
use crate::position::figure as f;

/// Debit and credit parts of balances, both positive.
fn split(balances: &[i64]) -> (i64, i64) {
    balances
        .iter()
        .fold((0, 0), |(d, c), &b| if b < 0 { (d, c - b) } else { (d + b, c) })
}

pub(super) fn figures(company: &Company, kind: Kind) -> [i64; FIGURES] {
    let parts = |role: Role, parties: &[i64]| {
        // SIE carries no customers: the account is one balance.
        if kind == Kind::Sie {
            split(&[company.totals[role.index()]])
        } else {
            split(parties)
        }
    };
    let balance = |role: Role| company.totals[role.index()];
    let income = |role: Role| balance(role);
    balance_sheet(
        &balance,
        &income,
        parts(Role::Customers, &company.customers),
        parts(Role::Suppliers, &company.suppliers),
    )
}

/// The year before: the opening balances, and the income statement that led to them.
pub(super) fn prior_figures(opened: &Company) -> [i64; FIGURES] {
    let balance = |role: Role| opened.totals[role.index()];
    let income = |role: Role| {
        opened
            .prior_income
            .iter()
            .filter(|(r, _)| *r == role)
            .map(|(_, a)| a)
            .sum()
    };
    let mut figures = balance_sheet(
        &balance,
        &income,
        split(&[balance(Role::Customers)]),
        split(&[balance(Role::Suppliers)]),
    );
    // The result is already in equity.
    figures[f::EQUITY] = -balance(Role::ShareCapital) - balance(Role::Retained) - balance(Role::PriorResult);
    figures[f::RETAINED_EARNINGS] = -balance(Role::Retained) - balance(Role::PriorResult);
    figures
}

fn balance_sheet(
    balance: &dyn Fn(Role) -> i64,
    income: &dyn Fn(Role) -> i64,
    customers: (i64, i64),
    suppliers: (i64, i64),
) -> [i64; FIGURES] {
    let mut x = [0; FIGURES];
    let (cash, overdraft) = split(&[balance(Role::Bank)]);
    let (tax_claims, tax_debts) = split(&[
        balance(Role::VatDue),
        balance(Role::VatOut),
        balance(Role::VatIn),
        balance(Role::TaxPayable),
    ]);
    x[f::INTANGIBLE_ASSETS] = balance(Role::Software) + balance(Role::SoftwareAmortisation);
    x[f::NON_CURRENT_ASSETS] =
        x[f::INTANGIBLE_ASSETS] + balance(Role::Machinery) + balance(Role::MachineryDepreciation);
    x[f::INVENTORY] = balance(Role::Inventory);
    x[f::CASH] = cash;
    x[f::TRADE_RECEIVABLES] = customers.0;
    x[f::CURRENT_ASSETS] = x[f::INVENTORY] + cash + customers.0 + suppliers.0 + tax_claims;
    x[f::TOTAL_ASSETS] = x[f::CURRENT_ASSETS] + x[f::NON_CURRENT_ASSETS];
    x[f::TRADE_PAYABLES] = suppliers.1;
    let staff = -balance(Role::WagesPayable) - balance(Role::SocialPayable);
    x[f::CURRENT_LIABILITIES] = overdraft + suppliers.1 + customers.1 + tax_debts + staff;
    x[f::NON_CURRENT_LIABILITIES] = -balance(Role::Loan);
    x[f::TOTAL_LIABILITIES] = x[f::CURRENT_LIABILITIES] + x[f::NON_CURRENT_LIABILITIES];
    x[f::FINANCIAL_DEBT] = overdraft - balance(Role::Loan);
    x[f::REVENUE] = -income(Role::Sales);
    x[f::COST_OF_SALES] = income(Role::Purchases) + income(Role::StockChange);
    x[f::INTEREST_EXPENSE] = income(Role::Interest);
    x[f::PERSONNEL_EXPENSE] = income(Role::Wages) + income(Role::SocialCharges);
    x[f::DEPRECIATION] = income(Role::Depreciation);
    x[f::EBITDA] = x[f::REVENUE] - x[f::COST_OF_SALES] - income(Role::Rent) - x[f::PERSONNEL_EXPENSE];
    x[f::EBIT] = x[f::EBITDA] - x[f::DEPRECIATION];
    x[f::PROFIT_BEFORE_TAX] = x[f::EBIT] - x[f::INTEREST_EXPENSE];
    x[f::INCOME_TAX_EXPENSE] = income(Role::IncomeTax);
    x[f::NET_INCOME] = x[f::PROFIT_BEFORE_TAX] - x[f::INCOME_TAX_EXPENSE];
    x[f::RETAINED_EARNINGS] = -balance(Role::Retained) - balance(Role::PriorResult) + x[f::NET_INCOME];
    x[f::EQUITY] = x[f::RETAINED_EARNINGS] - balance(Role::ShareCapital);
    x
}
