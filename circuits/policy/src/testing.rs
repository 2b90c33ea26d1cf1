//! Policies and statements for tests.

use crate::compiler::{Compiled, compile};
use crate::program::FIGURES;
use crate::schema::ENTERPRISE_FINANCIALS;
use crate::statement::{Assurance, Basis, Coverage, Currency, Day, Figures, Period, Statement};

/// The sample policy of this name.
pub(crate) const WORKING_CAPITAL: &str = include_str!("../../../policies/working-capital-decision-list.toml");
/// The sample policy of this name.
pub(crate) const SCORECARD: &str = include_str!("../../../policies/small-enterprise-scorecard.toml");
/// The sample policy of this name.
pub(crate) const GRID: &str = include_str!("../../../policies/leverage-pricing-grid.toml");
/// The sample policy of this name.
pub(crate) const SCREEN: &str = include_str!("../../../policies/supplier-screen.toml");
/// The sample policy of this name.
pub(crate) const GROWTH: &str = include_str!("../../../policies/growth-with-prior.toml");
/// All sample policies.
pub(crate) const SAMPLES: [&str; 5] = [WORKING_CAPITAL, SCORECARD, GRID, SCREEN, GROWTH];

/// The head of a policy, before its rules.
pub(crate) const HEAD: &str = r#"
type = "policy"
version = 1
name = "test"
title = "A test"
schema = "enterprise-financials/v1"
currency = "EUR"
basis = "solo"
age_max_days = 300
attestors = "registry"
"#;

/// A second statement, to be put behind the head.
pub(crate) const PRIOR: &str = "[second]\nrelation = \"prior\"\n";

/// A policy in which each rule has a tier of its own, named like the rule.
pub(crate) fn source(second: &str, rules: &[(&str, &str)]) -> String {
    let mut text = format!("{HEAD}{second}");
    for (name, require) in rules {
        text += &format!("[[rule]]\nname = \"{name}\"\nrequire = \"{require}\"\n");
    }
    text += "[tiers]\nkind = \"decision-list\"\n";
    for (name, _) in rules {
        text += &format!("[[tiers.tier]]\nname = \"{name}\"\nrequires = [\"{name}\"]\n");
    }
    text
}

/// The compiled policy of [`source`].
pub(crate) fn compiled(second: &str, rules: &[(&str, &str)]) -> Compiled {
    match compile(&source(second, rules)) {
        Ok(compiled) => compiled,
        Err(refusal) => panic!("{refusal}"),
    }
}

/// The code with which a single rule is refused; empty where it compiles.
pub(crate) fn refused(require: &str) -> &'static str {
    compile(&source("", &[("a", require)])).map_or_else(|r| r.code(), |_| "")
}

/// Index of a figure.
pub(crate) fn index(name: &str) -> usize {
    ENTERPRISE_FINANCIALS
        .index_of(name)
        .unwrap_or_else(|| panic!("no figure {name}"))
}

/// A statement over 2025 with these figures, fully covered; the balance sheet is not made to agree.
pub(crate) fn statement(figures: &[(&str, i64)]) -> Statement {
    let mut values = [0; FIGURES];
    for (name, value) in figures {
        values[index(name)] = *value;
    }
    Statement {
        schema: ENTERPRISE_FINANCIALS.name,
        period: Period {
            start: Day::from_civil(2025, 1, 1).unwrap(),
            end: Day::from_civil(2025, 12, 31).unwrap(),
        },
        basis: Basis::Solo,
        currency: Currency::from_code("EUR").unwrap(),
        restatement: 0,
        assurance: Assurance::REVIEWED,
        coverage: Coverage(u32::MAX),
        figures: Figures(values),
    }
}

/// A statement whose balance sheet agrees: assets 1,000.00 of which 600.00 current, liabilities 500.00 of which 400.00 current.
pub(crate) fn balanced(more: &[(&str, i64)]) -> Statement {
    let sheet = [
        ("current_assets", 60_000),
        ("non_current_assets", 40_000),
        ("total_assets", 100_000),
        ("current_liabilities", 40_000),
        ("non_current_liabilities", 10_000),
        ("total_liabilities", 50_000),
        ("equity", 50_000),
    ];
    statement(&[&sheet, more].concat())
}

/// The statement of the year before.
pub(crate) fn prior(more: &[(&str, i64)]) -> Statement {
    let period = Period {
        start: Day::from_civil(2024, 1, 1).unwrap(),
        end: Day::from_civil(2024, 12, 31).unwrap(),
    };
    Statement {
        period,
        ..balanced(more)
    }
}
