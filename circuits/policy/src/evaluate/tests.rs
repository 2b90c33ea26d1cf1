//! The bank rules that can be said over one or two statements, each against exact rational arithmetic written by hand.

use num_rational::BigRational;
use num_traits::Signed as _;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::compiler::compile;
use crate::schema::SIGNED_FROM;
use crate::statement::Coverage;
use crate::testing::{HEAD, PRIOR, balanced, compiled, index, prior, source};

type Value = BigRational;
/// Reads a figure by name; `prior.` for the second statement.
type Get<'a> = &'a dyn Fn(&str) -> Value;
/// The rule by hand: `None` where a denominator is not above zero.
type ByHand = fn(Get<'_>) -> Option<bool>;

fn n(whole: i64) -> Value {
    Value::from(BigInt::from(whole))
}

fn q(numerator: i64, denominator: i64) -> Value {
    Value::new(numerator.into(), denominator.into())
}

fn over(a: Value, b: Value) -> Option<Value> {
    b.is_positive().then(|| a / b)
}

/// Number in the table of bank rules, the rule as a bank writes it, and by hand.
const RULES: &[(&str, &str, ByHand)] = &[
    ("1", "current_assets / current_liabilities >= 1.2", |f| {
        Some(over(f("ca"), f("cl"))? >= q(6, 5))
    }),
    ("1b", "current_assets / current_liabilities >= 1.17", |f| {
        Some(over(f("ca"), f("cl"))? >= q(117, 100))
    }),
    ("2", "(ca - inv) / cl >= 0.8", |f| {
        Some(over(f("ca") - f("inv"), f("cl"))? >= q(4, 5))
    }),
    ("3", "cash / cl >= 20%", |f| Some(over(f("cash"), f("cl"))? >= q(1, 5))),
    ("4", "tl / ta <= 70%", |f| Some(over(f("tl"), f("ta"))? <= q(7, 10))),
    ("5", "debt / equity <= 3", |f| {
        Some(over(f("debt"), f("equity"))? <= n(3))
    }),
    (
        "6",
        "equity - intangibles - due_from_related_parties >= 0.30 EUR",
        |f| Some(f("equity") - f("intangibles") - f("due_from_related_parties") >= n(30)),
    ),
    ("6b", "equity - intangibles >= prior.equity - prior.intangibles", |f| {
        Some(f("equity") - f("intangibles") >= f("prior.equity") - f("prior.intangibles"))
    }),
    ("7", "ebitda / (interest + principal) >= 1.25", |f| {
        Some(over(f("ebitda"), f("interest") + f("principal"))? >= q(5, 4))
    }),
    (
        "8",
        "(ebitda - capex - tax_paid) / (interest + principal + dividends) >= 1.1",
        |f| {
            Some(
                over(
                    f("ebitda") - f("capex") - f("tax_paid"),
                    f("interest") + f("principal") + f("dividends"),
                )? >= q(11, 10),
            )
        },
    ),
    ("9", "ebit / interest >= 1.5", |f| {
        Some(over(f("ebit"), f("interest"))? >= q(3, 2))
    }),
    ("10", "debt / ebitda <= 3.5", |f| {
        Some(over(f("debt"), f("ebitda"))? <= q(7, 2))
    }),
    ("11", "(debt - cash) / ebitda <= 3", |f| {
        Some(over(f("debt") - f("cash"), f("ebitda"))? <= n(3))
    }),
    ("12", "net_profit / revenue >= 3%", |f| {
        Some(over(f("net_profit"), f("revenue"))? >= q(3, 100))
    }),
    ("13", "net_income / equity >= 5%", |f| {
        Some(over(f("net_income"), f("equity"))? >= q(1, 20))
    }),
    ("13b", "net_income / ta > 2%", |f| {
        Some(over(f("net_income"), f("ta"))? > q(1, 50))
    }),
    ("14", "cfo > 0", |f| Some(f("cfo") > n(0))),
    ("15", "cfo / cl >= 0.1", |f| Some(over(f("cfo"), f("cl"))? >= q(1, 10))),
    ("16", "12 * cash + 6 * cfo >= 0", |f| {
        Some(n(12) * f("cash") + n(6) * f("cfo") >= n(0))
    }),
    ("16b", "cash / (-cfo / 12) >= 6", |f| {
        Some(over(f("cash"), -f("cfo") / n(12))? >= n(6))
    }),
    ("17", "365 * ar / revenue <= 90", |f| {
        Some(n(365) * over(f("ar"), f("revenue"))? <= n(90))
    }),
    ("18", "cogs / ((inv + prior.inv) / 2) >= 4", |f| {
        Some(over(f("cogs"), (f("inv") + f("prior.inv")) / n(2))? >= n(4))
    }),
    ("19", "365 * ap / cogs <= 120", |f| {
        Some(n(365) * over(f("ap"), f("cogs"))? <= n(120))
    }),
    (
        "20",
        "365 * ar / revenue + 365 * inv / cogs - 365 * ap / cogs <= 120",
        |f| {
            let days = over(f("ar"), f("revenue"))? + over(f("inv"), f("cogs"))? - over(f("ap"), f("cogs"))?;
            Some(n(365) * days <= n(120))
        },
    ),
    ("21", "revenue / prior.revenue - 1 >= -10%", |f| {
        Some(over(f("revenue"), f("prior.revenue"))? - n(1) >= q(-1, 10))
    }),
    (
        "22",
        "(revenue - cogs) / revenue >= (prior.revenue - prior.cogs) / prior.revenue - 3%",
        |f| {
            let now = over(f("revenue") - f("cogs"), f("revenue"))?;
            Some(now >= over(f("prior.revenue") - f("prior.cogs"), f("prior.revenue"))? - q(3, 100))
        },
    ),
    ("23", "ar / prior.ar - 1 <= revenue / prior.revenue - 1 + 20%", |f| {
        Some(over(f("ar"), f("prior.ar"))? <= over(f("revenue"), f("prior.revenue"))? + q(1, 5))
    }),
    (
        "24",
        "6.56 * (ca - cl) / ta + 3.26 * retained_earnings / ta + 6.72 * ebit / ta + 1.05 * equity / tl >= 2.6",
        |f| {
            let first =
                q(656, 100) * (f("ca") - f("cl")) + q(326, 100) * f("retained_earnings") + q(672, 100) * f("ebit");
            Some(over(first, f("ta"))? + q(105, 100) * over(f("equity"), f("tl"))? >= q(26, 10))
        },
    ),
    ("42", "tax_paid >= 0.30 EUR", |f| Some(f("tax_paid") >= n(30))),
    ("43", "4 * tax_paid - debt >= 0", |f| {
        Some(n(4) * f("tax_paid") >= f("debt"))
    }),
];

/// Altman's Z' for private manufacturers needs its own products, so it is compiled on its own.
const ALTMAN_PRIME: (&str, ByHand) = (
    "0.717 * (ca - cl) / ta + 0.847 * retained_earnings / ta + 3.107 * ebit / ta + 0.420 * equity / tl + 0.998 * revenue / ta > 2.9",
    |f| {
        let first = q(717, 1000) * (f("ca") - f("cl"))
            + q(847, 1000) * f("retained_earnings")
            + q(3107, 1000) * f("ebit")
            + q(998, 1000) * f("revenue");
        Some(over(first, f("ta"))? + q(420, 1000) * over(f("equity"), f("tl"))? > q(29, 10))
    },
);

/// Small figures meet thresholds often; extremes try the overflow budget.
fn columns(runner: &mut TestRunner) -> [i64; COLUMNS] {
    let value = prop_oneof![8 => 0..40i64, 2 => Just(0i64), 3 => 0..100_000i64, 1 => Just(i64::MAX), 1 => 0..i64::MAX];
    let mut columns = [0; COLUMNS];
    for (column, cell) in columns.iter_mut().enumerate() {
        *cell = value.new_tree(runner).unwrap().current();
        if column % FIGURES >= SIGNED_FROM && any::<bool>().new_tree(runner).unwrap().current() {
            *cell = -*cell;
        }
    }
    columns
}

fn agrees(require: &str, by_hand: ByHand, runner: &mut TestRunner) {
    let compiled = compiled(PRIOR, &[("a", require)]);
    let (mut passed, mut failed) = (0, 0);
    for _ in 0..1_500 {
        let x = columns(runner);
        let get = |name: &str| {
            let (offset, name) = name.strip_prefix("prior.").map_or((0, name), |rest| (FIGURES, rest));
            n(x[offset + index(name)])
        };
        let expected = by_hand(&get).unwrap_or(false);
        assert_eq!(
            evaluate_columns(&compiled.program, x).tiers[0].achieved,
            expected,
            "{require} at {x:?}"
        );
        *(if expected { &mut passed } else { &mut failed }) += 1;
    }
    assert!(
        passed > 20 && failed > 20,
        "{require}: {passed} passed, {failed} failed: the cases say little"
    );
}

#[test]
fn bank_rules_agree_with_exact_arithmetic() {
    let mut runner = TestRunner::deterministic();
    for (_, require, by_hand) in RULES {
        agrees(require, *by_hand, &mut runner);
    }
    agrees(ALTMAN_PRIME.0, ALTMAN_PRIME.1, &mut runner);
}

#[test]
fn a_springing_rule_and_a_headroom_rule() {
    // Fixed charges are only looked at when availability is low (here: cash below a tenth of revenue).
    let rules = [
        ("available", "cash >= 10% * revenue"),
        ("fixed-charge", "ebitda - capex >= 1.1 * (interest + principal)"),
        ("springing", "available or fixed-charge"),
        ("headroom", "ebitda - capex >= 1.21 * (interest + principal)"),
    ];
    let compiled = compiled("", &rules);
    for (cash, ebitda, expected) in [(10, 0, true), (9, 110, true), (9, 109, false), (0, 121, true)] {
        let mut x = [0; COLUMNS];
        (
            x[index("cash")],
            x[index("revenue")],
            x[index("ebitda")],
            x[index("interest")],
        ) = (cash, 100, ebitda, 100);
        let result = evaluate_columns(&compiled.program, x);
        assert_eq!(result.tiers[2].achieved, expected);
        assert_eq!(result.tiers[3].achieved, ebitda >= 121);
    }
}

#[test]
fn absent_is_not_zero() {
    let compiled = compiled("", &[("a", "debt <= 3 * ebitda")]);
    let mut statement = balanced(&[("ebitda", 5)]);
    assert_eq!(
        evaluate(&compiled.program, &statement, None).map(|e| e.best),
        Ok(Some(0))
    );
    statement.coverage = Coverage(!(1 << index("debt")) & !(1 << index("current_assets")));
    statement.figures.0[index("current_assets")] = 0;
    statement.figures.0[index("non_current_assets")] = 100_000;
    let refusal = evaluate(&compiled.program, &statement, None).unwrap_err();
    assert_eq!(refusal.code(), "figure-not-covered");
    assert_eq!(refusal.what, "the books do not give current_assets, financial_debt");
}

#[test]
fn margins_are_said_in_money_and_are_exact() {
    let compiled = compiled(
        "",
        &[
            ("ratio", "current_assets / current_liabilities >= 1.2"),
            ("equity", "equity >= 600 EUR"),
        ],
    );
    let first = balanced(&[]);
    let evaluation = evaluate(&compiled.program, &first, None).unwrap();
    let [ratio, equity] = explain(&compiled.program, &compiled.texts, &evaluation)
        .try_into()
        .unwrap();
    assert!(ratio.holds && !equity.holds);
    assert_eq!(
        ratio.details,
        [
            "Holds: the ratio is 1.5, asked is at least 1.2. Current assets can fall by 120.00 EUR or current liabilities can rise \
          by 100.00 EUR before it fails."
        ]
    );
    assert_eq!(
        equity.details,
        ["Fails at 500.00 EUR. Equity would have to rise by 100.00 EUR to hold."]
    );
    for outcome in [&ratio, &equity] {
        for m in &outcome.moves {
            let row = compiled.rules().iter().find(|r| r.name == outcome.name).unwrap().tests[0];
            let by = i64::try_from(&m.by).unwrap();
            let sign = if m.rise { 1 } else { -1 };
            let moved = |extra: i64| {
                let mut x = evaluation.columns;
                x[m.column] += sign * (by + extra);
                evaluate_columns(&compiled.program, x).passes[row]
            };
            // A passing row still passes there and fails one further; a failing one passes there and not one before.
            assert_eq!(
                (moved(0), moved(if outcome.holds { 1 } else { -1 })),
                (true, false),
                "{m:?}"
            );
        }
    }
}

#[test]
fn a_ratio_without_meaning_says_so() {
    let compiled = compiled(
        "",
        &[
            ("roe", "net_income / equity >= 5%"),
            ("z", "cash / revenue + ebit / debt >= 1"),
        ],
    );
    let first = balanced(&[
        ("net_income", -1),
        ("equity", -5_000),
        ("total_liabilities", 105_000),
        ("current_liabilities", 95_000),
    ]);
    let evaluation = evaluate(&compiled.program, &first, None).unwrap();
    let outcomes = explain(&compiled.program, &compiled.texts, &evaluation);
    assert!(!outcomes[0].holds && outcomes[0].moves.is_empty());
    assert_eq!(
        outcomes[0].details,
        ["Fails, because it is not the case that equity is above zero."]
    );
    assert_eq!(outcomes[1].details.len(), 2);
    let fine = balanced(&[("cash", 50), ("revenue", 100), ("ebit", 10), ("debt", 40)]);
    let evaluation = evaluate(&compiled.program, &fine, None).unwrap();
    let outcomes = explain(&compiled.program, &compiled.texts, &evaluation);
    // 0.5 + 10/40: with revenue r, 2000 + 10·r >= 40·r from r = 66 down; with cash c, 40·c + 1000 >= 4000 from c = 75 on.
    assert_eq!(
        outcomes[1].details,
        [
            "Fails: the value is 0.75, asked is at least 1. Revenue would have to fall by 0.34 EUR or cash would have to rise by 0.25 EUR \
          to hold."
        ]
    );
    let [measure] = outcomes[1].measures.as_slice() else {
        panic!("one comparison")
    };
    assert_eq!(
        (measure.value.as_deref(), measure.asked.as_deref(), measure.moves.len()),
        (Some("0.75"), Some("at least 1"), 2)
    );
}

#[test]
fn two_periods_and_the_whole_way() {
    let text = crate::testing::GROWTH.replace("SEK", "EUR");
    let compiled = compile(&text).unwrap_or_else(|r| panic!("{r}"));
    let first = balanced(&[("revenue", 105_000)]);
    let second = prior(&[("revenue", 100_000)]);
    let evaluation = evaluate(&compiled.program, &first, Some(&second)).unwrap();
    assert_eq!(evaluation.best, Some(0), "{:?}", evaluation.tiers);
    let shrunk = balanced(&[("revenue", 90_000)]);
    assert_eq!(
        evaluate(&compiled.program, &shrunk, Some(&second)).unwrap().best,
        Some(1)
    );
    let worse = balanced(&[("revenue", 89_999)]);
    assert_eq!(evaluate(&compiled.program, &worse, Some(&second)).unwrap().best, None);
    assert_eq!(
        evaluate(&compiled.program, &first, None).map_err(|r| r.code()),
        Err("second-statement-missing")
    );
    let same = balanced(&[]);
    assert_eq!(
        evaluate(&compiled.program, &first, Some(&same)).map_err(|r| r.code()),
        Err("not-the-prior-period")
    );
}

#[test]
fn a_company_that_fails_three_rules_still_gets_a_tier() {
    let compiled = compile(crate::testing::SCREEN).unwrap();
    let first = balanced(&[
        ("total_assets", 150_000_000),
        ("current_assets", 68_000_000),
        ("non_current_assets", 82_000_000),
        ("total_liabilities", 99_000_000),
        ("current_liabilities", 40_000_000),
        ("non_current_liabilities", 59_000_000),
        ("equity", 51_000_000),
        ("cash", 25_000_000),
        ("inventory", 3_900_000),
        ("revenue", 105_000_000),
        ("trade_receivables", 5_300_000),
        ("financial_debt", 59_000_000),
        ("ebitda", 28_000_000),
        ("ebit", 17_800_000),
        ("interest_expense", 490_000),
        ("net_income", 17_300_000),
        ("profit_before_tax", 17_300_000),
    ]);
    let evaluation = evaluate(&compiled.program, &first, None).unwrap();
    let outcomes = explain(&compiled.program, &compiled.texts, &evaluation);
    let failing: Vec<&str> = outcomes.iter().filter(|o| !o.holds).map(|o| o.name.as_str()).collect();
    assert!(failing.len() >= 3 && failing.contains(&"equity-ratio"), "{failing:?}");
    assert_eq!(evaluation.best.map(|i| evaluation.tiers[i].name.as_str()), Some("A"));
}

#[test]
fn extremes_stay_within_the_declared_bits() {
    let altman = RULES
        .iter()
        .find(|(number, ..)| *number == "24")
        .map(|(_, require, _)| *require)
        .unwrap();
    let compiled = compile(&source(PRIOR, &[("a", altman), ("b", "cash >= 68_719_476_735 * debt")])).unwrap();
    for sign in [1, -1] {
        let mut x = [i64::MAX; COLUMNS];
        for (column, cell) in x.iter_mut().enumerate().filter(|(c, _)| c % FIGURES >= SIGNED_FROM) {
            *cell = if column % 2 == 0 {
                sign * i64::MAX
            } else {
                -sign * i64::MAX
            };
        }
        let result = evaluate_columns(&compiled.program, x);
        for (row, d) in result.differences.iter().enumerate() {
            let rich = row >= crate::program::FIRST_RICH_ROW;
            let bits = if rich {
                crate::program::RICH_DIFFERENCE_BITS
            } else {
                crate::program::PLAIN_DIFFERENCE_BITS
            };
            assert!(d.bits() < u64::from(bits), "row {row}");
        }
    }
}

/// A tier is reached where every part that it demands is; a third statement that is missing leaves the others.
#[test]
fn three_statements_are_evaluated_together() {
    let head = format!("{HEAD}{PRIOR}[third]\nrelation = \"companion\"\n");
    let rules = "[[rule]]\nname = \"growth\"\nrequire = \"revenue >= prior.revenue\"\n\
                 [[rule]]\nname = \"share\"\nrequire = \"companion.revenue >= 90% * revenue\"\n";
    let tiers = "[tiers]\nkind = \"decision-list\"\n[[tiers.tier]]\nname = \"A\"\nrequires = [\"growth\", \"share\"]\n\
                 [[tiers.tier]]\nname = \"B\"\nrequires = [\"growth\"]\n";
    let compiled = compile(&format!("{head}{rules}{tiers}")).unwrap();
    let first = balanced(&[("revenue", 1000)]);
    let before = prior(&[("revenue", 1000)]);
    let best = |share: Option<i64>| {
        let companion = share.map(|revenue| balanced(&[("revenue", revenue)]));
        let whole = evaluate_whole(&compiled, [Some(&first), Some(&before), companion.as_ref()]).unwrap();
        (
            whole.best().map(str::to_owned),
            whole.further[0].as_ref().map_err(|r| r.code()).is_ok(),
        )
    };
    assert_eq!(best(Some(900)), (Some("A".into()), true));
    assert_eq!(best(Some(899)), (Some("B".into()), true));
    assert_eq!(best(None), (Some("B".into()), false));
    let refused = evaluate_whole(&compiled, [Some(&first), None, Some(&first)]);
    assert_eq!(refused.map_err(|r| r.code()).err(), Some("second-statement-missing"));
}
