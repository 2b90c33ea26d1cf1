//! The 32 figures of `enterprise-financials/v1`. The order is the contract: it never changes under this version.

use super::{Figure, Sign, Unit};
use crate::program::FIGURES;

pub(super) const FIGURES_V1: [Figure; FIGURES] = [
    // 0
    Figure {
        name: "current_assets",
        aliases: &["ca"],
        label: "current assets",
        plural: true,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Assets expected to be turned into cash or used within twelve months of the period's end, inventory and cash included.",
    },
    // 1
    Figure {
        name: "non_current_assets",
        aliases: &["nca"],
        label: "non-current assets",
        plural: true,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "All other assets, net of accumulated depreciation.",
    },
    // 2
    Figure {
        name: "inventory",
        aliases: &["inv", "inventories"],
        label: "inventory",
        plural: false,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Goods, materials and work in progress, net of write-downs; part of current assets.",
    },
    // 3
    Figure {
        name: "cash",
        aliases: &["cash_and_equivalents"],
        label: "cash",
        plural: false,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Cash at bank and in hand with debit balances, and what can be turned into cash at once; part of current assets.",
    },
    // 4
    Figure {
        name: "trade_receivables",
        aliases: &["ar", "receivables"],
        label: "trade receivables",
        plural: true,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "What customers owe for goods and services, debit balances only, net of allowances; part of current assets.",
    },
    // 5
    Figure {
        name: "total_assets",
        aliases: &["ta"],
        label: "total assets",
        plural: true,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Current and non-current assets together.",
    },
    // 6
    Figure {
        name: "current_liabilities",
        aliases: &["cl"],
        label: "current liabilities",
        plural: true,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "What falls due within twelve months of the period's end, trade payables included.",
    },
    // 7
    Figure {
        name: "non_current_liabilities",
        aliases: &["ncl"],
        label: "non-current liabilities",
        plural: true,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "What falls due later than twelve months after the period's end, provisions included.",
    },
    // 8
    Figure {
        name: "total_liabilities",
        aliases: &["tl"],
        label: "total liabilities",
        plural: true,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Current and non-current liabilities together.",
    },
    // 9
    Figure {
        name: "trade_payables",
        aliases: &["ap", "payables"],
        label: "trade payables",
        plural: true,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "What is owed to suppliers of goods and services, credit balances only; part of current liabilities.",
    },
    // 10
    Figure {
        name: "financial_debt",
        aliases: &["debt"],
        label: "financial debt",
        plural: false,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Interest-bearing debt, short and long: bank loans, overdrafts, bonds and lease liabilities.",
    },
    // 11
    Figure {
        name: "intangible_assets",
        aliases: &["intangibles"],
        label: "intangible assets",
        plural: true,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Goodwill, licences, capitalised development and the like, net of amortisation; part of non-current assets.",
    },
    // 12
    Figure {
        name: "due_from_related_parties",
        aliases: &["related_party_receivables"],
        label: "amounts due from related parties",
        plural: true,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "What directors, shareholders and affiliates owe.",
    },
    // 13
    Figure {
        name: "revenue",
        aliases: &["sales", "turnover"],
        label: "revenue",
        plural: false,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Income from goods and services of the period, net of discounts and sales taxes.",
    },
    // 14
    Figure {
        name: "cost_of_sales",
        aliases: &["cogs"],
        label: "cost of sales",
        plural: false,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Cost of the goods sold and services rendered in the period.",
    },
    // 15
    Figure {
        name: "interest_expense",
        aliases: &["interest"],
        label: "interest expense",
        plural: false,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Interest and similar charges of the period.",
    },
    // 16
    Figure {
        name: "scheduled_principal",
        aliases: &["principal"],
        label: "scheduled principal",
        plural: false,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Repayments of debt that fell due by contract within the period.",
    },
    // 17
    Figure {
        name: "tax_paid",
        aliases: &[],
        label: "tax paid",
        plural: false,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Income taxes paid in cash within the period.",
    },
    // 18
    Figure {
        name: "capital_expenditure",
        aliases: &["capex"],
        label: "capital expenditure",
        plural: false,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Money spent within the period on tangible and intangible fixed assets.",
    },
    // 19
    Figure {
        name: "distributions",
        aliases: &["dividends"],
        label: "distributions",
        plural: true,
        sign: Sign::NonNegative,
        unit: Unit::Money,
        definition: "Dividends and other payments to owners within the period.",
    },
    // 20
    Figure {
        name: "equity",
        aliases: &["net_assets"],
        label: "equity",
        plural: false,
        sign: Sign::Signed,
        unit: Unit::Money,
        definition: "Total assets less total liabilities: what belongs to the owners.",
    },
    // 21
    Figure {
        name: "retained_earnings",
        aliases: &[],
        label: "retained earnings",
        plural: true,
        sign: Sign::Signed,
        unit: Unit::Money,
        definition: "Profits kept in the company from this and earlier periods, reserves formed out of profits included.",
    },
    // 22
    Figure {
        name: "ebitda",
        aliases: &[],
        label: "EBITDA",
        plural: false,
        sign: Sign::Signed,
        unit: Unit::Money,
        definition: "Earnings before interest, taxes, depreciation and amortisation.",
    },
    // 23
    Figure {
        name: "ebit",
        aliases: &["operating_profit"],
        label: "EBIT",
        plural: false,
        sign: Sign::Signed,
        unit: Unit::Money,
        definition: "Earnings before interest and taxes.",
    },
    // 24
    Figure {
        name: "operating_cash_flow",
        aliases: &["cfo"],
        label: "operating cash flow",
        plural: false,
        sign: Sign::Signed,
        unit: Unit::Money,
        definition: "Cash generated by operations in the period.",
    },
    // 25
    Figure {
        name: "net_income",
        aliases: &["net_profit"],
        label: "net income",
        plural: false,
        sign: Sign::Signed,
        unit: Unit::Money,
        definition: "Profit or loss of the period after interest and taxes.",
    },
    // 26
    Figure {
        name: "rounding_difference",
        aliases: &[],
        label: "rounding difference",
        plural: false,
        sign: Sign::Signed,
        unit: Unit::Money,
        definition: "Total assets less total liabilities and equity in a statement prepared in whole units; below 2^20 minor units.",
    },
    // 27
    Figure {
        name: "profit_before_tax",
        aliases: &["pbt"],
        label: "profit before tax",
        plural: false,
        sign: Sign::Signed,
        unit: Unit::Money,
        definition: "Profit or loss of the period after interest and before income taxes.",
    },
    // 28
    Figure {
        name: "depreciation_and_amortisation",
        aliases: &["depreciation"],
        label: "depreciation and amortisation",
        plural: false,
        sign: Sign::Signed,
        unit: Unit::Money,
        definition: "Depreciation, amortisation and write-downs of fixed assets charged to the period, less reversals.",
    },
    // 29
    Figure {
        name: "income_tax_expense",
        aliases: &["tax_expense"],
        label: "income tax expense",
        plural: false,
        sign: Sign::Signed,
        unit: Unit::Money,
        definition: "Income taxes charged to the period; negative where they are a credit.",
    },
    // 30
    Figure {
        name: "personnel_expense",
        aliases: &["personnel_costs"],
        label: "personnel expense",
        plural: false,
        sign: Sign::Signed,
        unit: Unit::Money,
        definition: "Wages, salaries and social charges of the period.",
    },
    // 31
    Figure {
        name: "headcount",
        aliases: &["employees"],
        label: "headcount",
        plural: false,
        sign: Sign::Signed,
        unit: Unit::Count,
        definition: "Persons employed, as a count.",
    },
];
