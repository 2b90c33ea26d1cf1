//! Every piece of advice, applied: it brings about what it says, and one unit less does not.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::compiler::{Compiled, compile};
use crate::evaluate::evaluate_columns;
use crate::program::COLUMNS;
use crate::testing::{GRID, GROWTH, SCORECARD, SCREEN, WORKING_CAPITAL, balanced, compiled, index, prior};

/// A company whose balance sheet agrees, of about this size.
fn company(runner: &mut TestRunner, size: i64) -> Statement {
    let mut draw = |most: i64| (0..=most.max(1)).new_tree(runner).unwrap().current();
    let (cash, receivables, inventory) = (draw(size), draw(size), draw(size));
    let ca = cash + receivables + inventory + draw(size / 4);
    let intangible = draw(size / 4);
    let nca = intangible + draw(size);
    let payables = draw(size);
    let (cl, ncl) = (payables + draw(size), draw(size));
    let ebitda = draw(2 * size) - size / 2;
    let (depreciation, interest) = (draw(size / 4), draw(size / 8));
    let pbt = ebitda - depreciation - interest;
    balanced(&[
        ("cash", cash),
        ("trade_receivables", receivables),
        ("inventory", inventory),
        ("current_assets", ca),
        ("intangible_assets", intangible),
        ("non_current_assets", nca),
        ("total_assets", ca + nca),
        ("trade_payables", payables),
        ("current_liabilities", cl),
        ("non_current_liabilities", ncl),
        ("total_liabilities", cl + ncl),
        ("equity", ca + nca - cl - ncl),
        ("financial_debt", draw(cl - payables + ncl)),
        ("revenue", draw(6 * size)),
        ("cost_of_sales", draw(3 * size)),
        ("interest_expense", interest),
        ("scheduled_principal", draw(size / 4)),
        ("tax_paid", draw(size / 8)),
        ("distributions", draw(size / 8)),
        ("capital_expenditure", draw(nca)),
        ("ebitda", ebitda),
        ("ebit", ebitda - depreciation),
        ("profit_before_tax", pbt),
        ("income_tax_expense", pbt / 5),
        ("net_income", pbt - pbt / 5),
        ("operating_cash_flow", draw(size) - size / 4),
        ("due_from_related_parties", draw(size / 8)),
    ])
}

/// The policy in the currency and on the basis of the test's statements.
fn policy(text: &str) -> Compiled {
    let text = text
        .replace("\"SEK\"", "\"EUR\"")
        .replace("\"consolidated\"", "\"solo\"");
    compile(&text).unwrap_or_else(|r| panic!("{r}"))
}

fn rule_holds(compiled: &Compiled, name: &str, columns: [i64; COLUMNS]) -> bool {
    let rule = compiled.rules().iter().find(|rule| rule.name == name).unwrap();
    let passes = evaluate_columns(&compiled.program, columns).passes;
    rule.tests.iter().chain(&rule.guards).all(|row| passes[*row])
}

fn shifted(columns: &[i64; COLUMNS], m: &Move, less: i64) -> [i64; COLUMNS] {
    let by = i64::try_from(&m.by).unwrap() - less;
    let mut columns = *columns;
    columns[m.column] += if m.rise { by } else { -by };
    columns
}

/// The tier and the columns after these actions, one unit less of the one at `short`; `None` where that leaves no statement.
fn tier_after(
    compiled: &Compiled,
    first: &Statement,
    second: Option<&Statement>,
    done: &[Done],
    short: Option<usize>,
) -> Option<Evaluation> {
    let mut done = done.to_vec();
    if let Some(k) = short {
        done[k].amount -= 1;
    }
    let moved = after(first, &done)?;
    Some(evaluate(&compiled.program, &moved, second).unwrap())
}

#[derive(Debug, Default)]
struct Seen {
    moves: usize,
    alone: usize,
    together: usize,
    nothing: usize,
    steps: usize,
}

fn check(compiled: &Compiled, first: &Statement, second: Option<&Statement>, seen: &mut Seen) {
    let evaluation = evaluate(&compiled.program, first, second).unwrap();
    // The tier above the best one that is reached.
    let best = evaluation.best.unwrap_or(evaluation.tiers.len());
    let Some(tier) = best.checked_sub(1) else { return };
    let advice = advise(&compiled.program, &compiled.texts, first, second, tier).unwrap();
    for rule in &advice.missing {
        assert!(!rule_holds(compiled, &rule.name, evaluation.columns));
        for m in &rule.moves {
            assert!(
                rule_holds(compiled, &rule.name, shifted(&evaluation.columns, m, 0)),
                "{} {m:?}",
                rule.name
            );
            assert!(
                !rule_holds(compiled, &rule.name, shifted(&evaluation.columns, m, 1)),
                "{} {m:?}",
                rule.name
            );
            seen.moves += 1;
        }
        for done in &rule.actions {
            let at = |amount| after(first, &[Done { amount, ..done.clone() }]).unwrap();
            let holds = |amount| {
                rule_holds(
                    compiled,
                    &rule.name,
                    evaluate(&compiled.program, &at(amount), second).unwrap().columns,
                )
            };
            assert!(holds(done.amount) && !holds(done.amount - 1), "{} {done:?}", rule.name);
        }
    }
    let reached =
        |done: &[Done], short| tier_after(compiled, first, second, done, short).is_some_and(|e| e.tiers[tier].achieved);
    for done in &advice.alone {
        assert!(reached(std::slice::from_ref(done), None), "{done:?}");
        assert!(!reached(std::slice::from_ref(done), Some(0)), "{done:?}");
        seen.alone += 1;
    }
    if let Some(points) = &advice.points {
        assert!(points.now < points.minimum || !advice.missing.is_empty());
        let own: u32 = points.steps.iter().map(|step| step.points).sum();
        assert_eq!(points.now + own, points.total);
        for step in &points.steps {
            for done in &step.actions {
                let moved = tier_after(compiled, first, second, std::slice::from_ref(done), None).unwrap();
                let gained = moved
                    .passes
                    .iter()
                    .zip(&evaluation.passes)
                    .any(|(now, before)| *now && !*before);
                assert!(gained, "{step:?}");
                seen.steps += 1;
            }
        }
    }
    match &advice.together {
        Some(done) => {
            assert!(advice.alone.is_empty() && done.len() > 1, "{done:?}");
            assert!(reached(done, None), "{done:?}");
            for k in 0..done.len() {
                assert!(!reached(done, Some(k)), "{done:?} without a unit of {k}");
            }
            seen.together += 1;
        }
        None if advice.alone.is_empty() => seen.nothing += 1,
        None => {}
    }
}

#[test]
fn every_piece_of_advice_does_what_it_says_and_one_unit_less_does_not() {
    let mut runner = TestRunner::deterministic();
    let mut seen = Seen::default();
    for text in [WORKING_CAPITAL, SCREEN, SCORECARD, GRID, GROWTH] {
        let compiled = policy(text);
        for _ in 0..24 {
            let first = company(&mut runner, 100_000_000);
            let second = prior(&[("revenue", 200_000_000)]);
            let second = (compiled.program.relation != crate::program::Relation::None).then_some(&second);
            check(&compiled, &first, second, &mut seen);
        }
    }
    assert!(
        seen.moves > 150 && seen.alone > 5 && seen.together > 5 && seen.steps > 20,
        "the cases say little: {seen:?}"
    );
    assert!(seen.nothing < 80, "too many of 120 companies get no way up: {seen:?}");
}

#[test]
fn the_first_step_on_a_line_is_the_first_of_all_steps() {
    let rules = [
        ("ratio", "current_assets / current_liabilities between 1.1 and 1.3"),
        (
            "product",
            "365 * ar / revenue + 365 * inventory / cogs - 365 * ap / cogs <= 120",
        ),
        ("square", "cash * cash - 9 * debt * cash >= 3 * debt * debt"),
        ("any", "ratio or at least 2 of (product, square)"),
    ];
    let compiled = compiled("", &rules);
    let mut runner = TestRunner::deterministic();
    let mut turns = 0;
    for _ in 0..20 {
        let first = company(&mut runner, 60);
        let evaluation = evaluate(&compiled.program, &first, None).unwrap();
        let achieved = |e: &Evaluation| e.tiers.iter().map(|t| t.achieved).collect::<Vec<_>>();
        let here = achieved(&evaluation);
        for name in [
            "cash",
            "current_assets",
            "current_liabilities",
            "trade_receivables",
            "revenue",
            "cogs",
            "debt",
            "inventory",
        ] {
            for step in [1, -1] {
                let line = Line::new(&compiled.program, evaluation.columns, &[(index(name), step)], 300);
                let all: Vec<Vec<bool>> = (1..=line.last())
                    .map(|t| achieved(&evaluate_columns(&compiled.program, line.at(t).unwrap())))
                    .collect();
                for (tier, (rule, _)) in rules.iter().enumerate() {
                    let by_hand = all
                        .iter()
                        .position(|tiers| tiers[tier] != here[tier])
                        .map(|k| k as i64 + 1);
                    let found = line.first(|e| e.tiers[tier].achieved != here[tier]);
                    assert_eq!(found, by_hand, "{name} {step} {rule}");
                    turns += usize::from(by_hand.is_some());
                }
            }
        }
    }
    assert!(turns > 50, "{turns}");
}

#[test]
fn what_it_takes_is_said_in_an_accountants_words() {
    let compiled = compiled("", &[("liquid", "current_assets / current_liabilities >= 1.8")]);
    // 600.00 against 400.00: 1.5.
    let first = balanced(&[("cash", 30_000), ("financial_debt", 20_000)]);
    let advice = advise(&compiled.program, &compiled.texts, &first, None, 0).unwrap();
    let [rule] = advice.missing.as_slice() else {
        panic!("{advice:?}")
    };
    assert_eq!(
        moves_sentence(&compiled.program, &compiled.texts, &rule.moves, 3),
        "Current liabilities would have to fall by 66.67 EUR or current assets rise by 120.00 EUR."
    );
    let said: Vec<String> = advice
        .alone
        .iter()
        .map(|done| action_phrase(&compiled.program, done))
        .collect();
    // (600 − t) / (400 − t) >= 1.8 from t = 150 on; 600 / (400 − t) from 66.67 on.
    assert_eq!(
        said,
        [
            "Extend short-term debt beyond a year: 66.67 EUR",
            "Sell fixed assets at book value for cash: 120.00 EUR",
            "Borrow long-term, in cash: 120.00 EUR",
            "Add equity in cash: 120.00 EUR",
            "Save operating costs that are paid in cash: 120.00 EUR",
            "Repay short-term debt from cash: 150.00 EUR",
            "Pay income tax that is owed, from cash: 150.00 EUR",
        ]
    );
    assert!(advice.together.is_none(), "one alone is enough");
}

#[test]
fn where_nothing_helps_nothing_is_promised() {
    let compiled = compiled(
        "",
        &[
            ("staff", "headcount >= 10"),
            ("taxed", "income_tax_expense >= 1000 EUR"),
        ],
    );
    let advice = advise(&compiled.program, &compiled.texts, &balanced(&[]), None, 0).unwrap();
    assert!(advice.alone.is_empty() && advice.together.is_none() && advice.actions_known);
    assert_eq!(
        moves_sentence(&compiled.program, &compiled.texts, &advice.missing[0].moves, 3),
        "Headcount would have to rise by 10."
    );
}
