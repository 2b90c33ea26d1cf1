//! Positions: the lines of balance sheet and income statement between accounts and figures. Charts map accounts to positions;
//! this one table maps positions to figures. Every figure is a sum of positions, so that each amount in a statement can be
//! followed from account to figure on the review sheet, and the schema's identities hold by construction.

use covenant_policy::program::FIGURES;
use covenant_policy::schema::ENTERPRISE_FINANCIALS;

/// Indices of the figures of `enterprise-financials/v1`.
pub mod figure {
    #![expect(
        missing_docs,
        reason = "each constant is the index of the schema's figure of the same name"
    )]
    pub const CURRENT_ASSETS: usize = 0;
    pub const NON_CURRENT_ASSETS: usize = 1;
    pub const INVENTORY: usize = 2;
    pub const CASH: usize = 3;
    pub const TRADE_RECEIVABLES: usize = 4;
    pub const TOTAL_ASSETS: usize = 5;
    pub const CURRENT_LIABILITIES: usize = 6;
    pub const NON_CURRENT_LIABILITIES: usize = 7;
    pub const TOTAL_LIABILITIES: usize = 8;
    pub const TRADE_PAYABLES: usize = 9;
    pub const FINANCIAL_DEBT: usize = 10;
    pub const INTANGIBLE_ASSETS: usize = 11;
    pub const DUE_FROM_RELATED_PARTIES: usize = 12;
    pub const REVENUE: usize = 13;
    pub const COST_OF_SALES: usize = 14;
    pub const INTEREST_EXPENSE: usize = 15;
    pub const SCHEDULED_PRINCIPAL: usize = 16;
    pub const TAX_PAID: usize = 17;
    pub const CAPITAL_EXPENDITURE: usize = 18;
    pub const DISTRIBUTIONS: usize = 19;
    pub const EQUITY: usize = 20;
    pub const RETAINED_EARNINGS: usize = 21;
    pub const EBITDA: usize = 22;
    pub const EBIT: usize = 23;
    pub const OPERATING_CASH_FLOW: usize = 24;
    pub const NET_INCOME: usize = 25;
    pub const ROUNDING_DIFFERENCE: usize = 26;
    pub const PROFIT_BEFORE_TAX: usize = 27;
    pub const DEPRECIATION: usize = 28;
    pub const INCOME_TAX_EXPENSE: usize = 29;
    pub const PERSONNEL_EXPENSE: usize = 30;
    pub const HEADCOUNT: usize = 31;
}

use figure as f;

/// Where a position stands, and which totals it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Assets that stay longer than a year.
    NonCurrentAssets,
    /// Assets that turn over within a year.
    CurrentAssets,
    /// What belongs to the owners.
    Equity,
    /// Liabilities due after a year.
    NonCurrentLiabilities,
    /// Liabilities due within a year.
    CurrentLiabilities,
    /// Operating income and expense, depreciation apart: EBITDA.
    Operating,
    /// Depreciation: between EBITDA and EBIT.
    Depreciation,
    /// Financial, exceptional and appropriation items: between EBIT and profit before tax.
    BelowEbit,
    /// Income taxes: between profit before tax and net income.
    IncomeTax,
    /// The closing entry that carries the result to equity; no part of the result itself.
    ResultTransfer,
    /// Commitments outside the balance sheet; they balance among themselves and enter no figure.
    OffBalance,
}

impl Group {
    /// The heading on the review sheet.
    pub fn title(self) -> &'static str {
        match self {
            Self::NonCurrentAssets => "Non-current assets",
            Self::CurrentAssets => "Current assets",
            Self::Equity => "Equity",
            Self::NonCurrentLiabilities => "Non-current liabilities",
            Self::CurrentLiabilities => "Current liabilities",
            Self::Operating => "Operating income and expenses",
            Self::Depreciation => "Depreciation and amortisation",
            Self::BelowEbit => "Financial, exceptional and appropriation items",
            Self::IncomeTax => "Income taxes",
            Self::ResultTransfer => "Result carried to equity",
            Self::OffBalance => "Off the balance sheet (in no figure)",
        }
    }

    /// Whether a debit balance is the normal case: amounts of these groups are shown debit positive, of the others credit
    /// positive.
    pub fn is_asset(self) -> bool {
        matches!(self, Self::NonCurrentAssets | Self::CurrentAssets | Self::OffBalance)
    }

    /// Whether the group belongs to the income statement.
    pub fn is_income(self) -> bool {
        matches!(
            self,
            Self::Operating | Self::Depreciation | Self::BelowEbit | Self::IncomeTax
        )
    }

    /// Whether the group belongs to the balance sheet; the side of it (true for assets) decides what may be reclassified.
    pub fn balance_sheet_side(self) -> Option<bool> {
        match self {
            Self::NonCurrentAssets | Self::CurrentAssets => Some(true),
            Self::Equity | Self::NonCurrentLiabilities | Self::CurrentLiabilities => Some(false),
            _ => None,
        }
    }

    /// The totals that every position of the group is part of, each with the sign of a debit balance in it.
    fn totals(self) -> &'static [(usize, i8)] {
        match self {
            Self::NonCurrentAssets => &[(f::NON_CURRENT_ASSETS, 1), (f::TOTAL_ASSETS, 1)],
            Self::CurrentAssets => &[(f::CURRENT_ASSETS, 1), (f::TOTAL_ASSETS, 1)],
            Self::Equity => &[(f::EQUITY, -1)],
            Self::NonCurrentLiabilities => &[(f::NON_CURRENT_LIABILITIES, -1), (f::TOTAL_LIABILITIES, -1)],
            Self::CurrentLiabilities => &[(f::CURRENT_LIABILITIES, -1), (f::TOTAL_LIABILITIES, -1)],
            Self::Operating => &[
                (f::EBITDA, -1),
                (f::EBIT, -1),
                (f::PROFIT_BEFORE_TAX, -1),
                (f::NET_INCOME, -1),
                (f::EQUITY, -1),
                (f::RETAINED_EARNINGS, -1),
            ],
            Self::Depreciation => &[
                (f::DEPRECIATION, 1),
                (f::EBIT, -1),
                (f::PROFIT_BEFORE_TAX, -1),
                (f::NET_INCOME, -1),
                (f::EQUITY, -1),
                (f::RETAINED_EARNINGS, -1),
            ],
            Self::BelowEbit => &[
                (f::PROFIT_BEFORE_TAX, -1),
                (f::NET_INCOME, -1),
                (f::EQUITY, -1),
                (f::RETAINED_EARNINGS, -1),
            ],
            Self::IncomeTax => &[
                (f::INCOME_TAX_EXPENSE, 1),
                (f::NET_INCOME, -1),
                (f::EQUITY, -1),
                (f::RETAINED_EARNINGS, -1),
            ],
            Self::ResultTransfer => &[(f::EQUITY, -1), (f::RETAINED_EARNINGS, -1)],
            Self::OffBalance => &[],
        }
    }
}

/// A position.
#[derive(Debug, PartialEq, Eq)]
pub struct Position {
    /// The name in mapping files.
    pub name: &'static str,
    /// The name on the review sheet.
    pub label: &'static str,
    /// Where it stands.
    pub group: Group,
    /// The figures that it is part of besides the group's totals, each with the sign of a debit balance in it.
    own: &'static [(usize, i8)],
}

impl Position {
    /// The position of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        POSITIONS.iter().find(|p| p.name == name)
    }

    /// Every figure that the position is part of, with the sign of a debit balance in it.
    pub fn figures(&self) -> impl Iterator<Item = (usize, i8)> {
        self.own.iter().chain(self.group.totals()).copied()
    }

    /// Its place in the table, which is the order of the review sheet.
    pub fn order(&self) -> usize {
        POSITIONS
            .iter()
            .position(|p| p.name == self.name)
            .unwrap_or(POSITIONS.len())
    }
}

const fn p(name: &'static str, label: &'static str, group: Group, own: &'static [(usize, i8)]) -> Position {
    Position {
        name,
        label,
        group,
        own,
    }
}

use Group::{
    BelowEbit, CurrentAssets, CurrentLiabilities, Depreciation, Equity, IncomeTax, NonCurrentAssets,
    NonCurrentLiabilities, OffBalance, Operating, ResultTransfer,
};

/// Every position, in the order of the review sheet.
#[rustfmt::skip]
pub static POSITIONS: &[Position] = &[
    p("intangible-assets", "Intangible assets, net", NonCurrentAssets, &[(f::INTANGIBLE_ASSETS, 1)]),
    p("tangible-assets", "Tangible and biological fixed assets, net", NonCurrentAssets, &[]),
    p("financial-assets", "Shares and other long-term financial assets", NonCurrentAssets, &[]),
    p("related-party-loans", "Long-term claims on related parties", NonCurrentAssets, &[(f::DUE_FROM_RELATED_PARTIES, 1)]),
    p("deferred-tax-assets", "Deferred tax assets", NonCurrentAssets, &[]),
    p("uncalled-capital", "Subscribed capital not called", NonCurrentAssets, &[]),
    p("deferred-charges", "Charges spread over several years", NonCurrentAssets, &[]),
    p("inventory", "Inventory and work in progress", CurrentAssets, &[(f::INVENTORY, 1)]),
    p("supplier-advances", "Advances to suppliers", CurrentAssets, &[]),
    p("trade-receivables", "Trade receivables", CurrentAssets, &[(f::TRADE_RECEIVABLES, 1)]),
    p("related-trade-receivables", "Trade receivables from related parties", CurrentAssets,
        &[(f::TRADE_RECEIVABLES, 1), (f::DUE_FROM_RELATED_PARTIES, 1)]),
    p("supplier-debit-balances", "Suppliers with debit balances", CurrentAssets, &[]),
    p("staff-receivables", "Staff and social bodies with debit balances", CurrentAssets, &[]),
    p("tax-receivables", "Tax receivables", CurrentAssets, &[]),
    p("related-party-receivables", "Short-term claims on related parties", CurrentAssets, &[(f::DUE_FROM_RELATED_PARTIES, 1)]),
    p("called-capital", "Called capital not paid", CurrentAssets, &[]),
    p("other-receivables", "Other receivables", CurrentAssets, &[]),
    p("marketable-securities", "Securities and term deposits", CurrentAssets, &[]),
    p("cash", "Cash at bank and in hand", CurrentAssets, &[(f::CASH, 1)]),
    p("prepaid-expenses", "Prepaid expenses and accrued income", CurrentAssets, &[]),
    p("share-capital", "Share capital", Equity, &[]),
    p("other-equity", "Premiums, restricted reserves and other equity", Equity, &[]),
    p("retained-earnings", "Reserves from profits, profit brought forward", Equity, &[(f::RETAINED_EARNINGS, -1)]),
    p("investment-grants", "Investment grants", Equity, &[]),
    p("regulated-provisions", "Regulated provisions", Equity, &[]),
    p("untaxed-reserves", "Untaxed reserves, deferred tax not separated", NonCurrentLiabilities, &[]),
    p("provisions", "Provisions", NonCurrentLiabilities, &[]),
    p("deferred-tax-liabilities", "Deferred tax liabilities", NonCurrentLiabilities, &[]),
    p("borrowings-long", "Long-term borrowings", NonCurrentLiabilities, &[(f::FINANCIAL_DEBT, -1)]),
    p("related-party-debt-long", "Long-term debt to related parties", NonCurrentLiabilities, &[(f::FINANCIAL_DEBT, -1)]),
    p("borrowings-short", "Short-term borrowings and accrued interest", CurrentLiabilities, &[(f::FINANCIAL_DEBT, -1)]),
    p("bank-overdrafts", "Bank overdrafts", CurrentLiabilities, &[(f::FINANCIAL_DEBT, -1)]),
    p("related-party-debt", "Partners' accounts, short-term debt to related parties", CurrentLiabilities, &[(f::FINANCIAL_DEBT, -1)]),
    p("customer-advances", "Advances from customers", CurrentLiabilities, &[]),
    p("customer-credit-balances", "Customers with credit balances", CurrentLiabilities, &[]),
    p("trade-payables", "Trade payables", CurrentLiabilities, &[(f::TRADE_PAYABLES, -1)]),
    p("fixed-asset-payables", "Payables for fixed assets", CurrentLiabilities, &[]),
    p("staff-payables", "Staff and social security", CurrentLiabilities, &[]),
    p("tax-payables", "Taxes and duties", CurrentLiabilities, &[]),
    p("dividends-payable", "Dividends payable", CurrentLiabilities, &[]),
    p("other-payables", "Other payables", CurrentLiabilities, &[]),
    p("accrued-expenses", "Accrued expenses", CurrentLiabilities, &[]),
    p("deferred-income", "Deferred income", CurrentLiabilities, &[]),
    p("revenue", "Revenue", Operating, &[(f::REVENUE, -1)]),
    p("stored-production", "Change in inventory of own products", Operating, &[]),
    p("capitalised-production", "Own work capitalised", Operating, &[]),
    p("operating-grants", "Operating grants", Operating, &[]),
    p("other-operating-income", "Other operating income", Operating, &[]),
    p("cost-of-sales", "Goods, materials and supplies used", Operating, &[(f::COST_OF_SALES, 1)]),
    p("external-expenses", "Other purchases and external expenses", Operating, &[]),
    p("operating-taxes", "Taxes other than on income", Operating, &[]),
    p("personnel", "Personnel expense", Operating, &[(f::PERSONNEL_EXPENSE, 1)]),
    p("operating-provisions", "Provisions and write-downs of current assets, net", Operating, &[]),
    p("other-operating-expenses", "Other operating expenses", Operating, &[]),
    p("depreciation", "Depreciation, amortisation and write-downs of fixed assets", Depreciation, &[]),
    p("financial-income", "Financial income", BelowEbit, &[]),
    p("interest-expense", "Interest expense", BelowEbit, &[(f::INTEREST_EXPENSE, 1)]),
    p("other-financial-expenses", "Other financial expenses", BelowEbit, &[]),
    p("exceptional-income", "Exceptional income", BelowEbit, &[]),
    p("exceptional-expenses", "Exceptional expenses", BelowEbit, &[]),
    p("profit-sharing", "Employees' profit sharing", BelowEbit, &[]),
    p("appropriations", "Appropriations and group contributions", BelowEbit, &[]),
    p("income-tax", "Income taxes", IncomeTax, &[]),
    p("result-transfer", "Result carried to equity", ResultTransfer, &[]),
    p("off-balance", "Commitments", OffBalance, &[]),
];

/// The schema's name of figure `index`.
pub fn figure_name(index: usize) -> &'static str {
    ENTERPRISE_FINANCIALS.figures.get(index).map_or("", |f| f.name)
}

/// Figures that no position feeds: the ledger formats here do not give them, and charts say why.
pub fn is_fed(index: usize) -> bool {
    index == f::ROUNDING_DIFFERENCE || POSITIONS.iter().any(|p| p.figures().any(|(j, _)| j == index))
}

const _: () = assert!(figure::HEADCOUNT + 1 == FIGURES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_kebab_case() {
        let mut seen = std::collections::BTreeSet::new();
        for (i, position) in POSITIONS.iter().enumerate() {
            assert!(seen.insert(position.name), "{} twice", position.name);
            assert!(position.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            assert_eq!((Position::named(position.name), position.order()), (Some(position), i));
        }
    }

    #[test]
    fn indices_are_the_schemas() {
        for (index, name) in [
            (f::CURRENT_ASSETS, "current_assets"),
            (f::TRADE_PAYABLES, "trade_payables"),
            (f::DISTRIBUTIONS, "distributions"),
            (f::EQUITY, "equity"),
            (f::OPERATING_CASH_FLOW, "operating_cash_flow"),
            (f::ROUNDING_DIFFERENCE, "rounding_difference"),
            (f::DEPRECIATION, "depreciation_and_amortisation"),
            (f::HEADCOUNT, "headcount"),
        ] {
            assert_eq!(figure_name(index), name);
        }
    }

    /// For every position: moving an amount from one to another keeps TA = TL + E, TA = CA + NCA, TL = CL + NCL, because the
    /// signs of each position's figures cancel in each identity.
    #[test]
    fn identities_hold_by_construction() {
        for position in POSITIONS {
            let mut x = [0i32; FIGURES];
            for (j, sign) in position.figures() {
                x[j] += i32::from(sign);
            }
            assert_eq!(
                x[f::TOTAL_ASSETS],
                x[f::CURRENT_ASSETS] + x[f::NON_CURRENT_ASSETS],
                "{}",
                position.name
            );
            assert_eq!(
                x[f::TOTAL_LIABILITIES],
                x[f::CURRENT_LIABILITIES] + x[f::NON_CURRENT_LIABILITIES],
                "{}",
                position.name
            );
            // A debit of 1 in this position adds 1 to TA − TL − E, whatever the position: the balances' sum is 0.
            let debit = i32::from(position.group != OffBalance);
            assert_eq!(
                x[f::TOTAL_ASSETS] - x[f::TOTAL_LIABILITIES] - x[f::EQUITY],
                debit,
                "{}",
                position.name
            );
            assert_eq!(x[f::EBITDA], x[f::EBIT] + x[f::DEPRECIATION], "{}", position.name);
            assert_eq!(
                x[f::PROFIT_BEFORE_TAX],
                x[f::NET_INCOME] + x[f::INCOME_TAX_EXPENSE],
                "{}",
                position.name
            );
        }
    }
}
