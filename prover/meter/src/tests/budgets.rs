use covenant_policy::compile;
use covenant_policy::program::{FIGURES, FIRST_RICH_ROW, Program, Relation};

use super::{SAMPLES, answered, big, books, index, program, schemas, screen};
use crate::budget::{Budget, Limit, addition, policies_on, silence_tells};
use crate::facts::facts;
use crate::{Answer, Belief, Outcome, View};

/// A company of 12 million of revenue; `percent` says how it grew since the first year.
pub(super) fn company(percent: i64) -> [i64; FIGURES] {
    let thousand = |k: i64| k * 100_000 * percent / 100;
    books(&[
        ("current_assets", thousand(5_210)),
        ("non_current_assets", thousand(3_940)),
        ("inventory", thousand(1_480)),
        ("cash", thousand(730)),
        ("trade_receivables", thousand(2_310)),
        ("current_liabilities", thousand(2_890)),
        ("non_current_liabilities", thousand(2_470)),
        ("trade_payables", thousand(1_160)),
        ("financial_debt", thousand(3_050)),
        ("intangible_assets", thousand(210)),
        ("revenue", thousand(12_340)),
        ("cost_of_sales", thousand(7_770)),
        ("interest_expense", thousand(140)),
        ("scheduled_principal", thousand(310)),
        ("tax_paid", thousand(190)),
        ("retained_earnings", thousand(2_300)),
        ("ebitda", thousand(1_510)),
        ("ebit", thousand(1_080)),
        ("operating_cash_flow", thousand(1_220)),
        ("net_income", thousand(700)),
        ("profit_before_tax", thousand(940)),
        ("depreciation_and_amortisation", thousand(430)),
        ("income_tax_expense", thousand(240)),
        ("personnel_expense", thousand(2_610)),
        ("headcount", 85),
    ])
}

/// A bank that closes in on a figure with one threshold after another, and reads silence as no. Gives back how many answers and
/// silences told it something, and what it knows at the end.
fn bisect(ask: impl Fn(i64) -> Vec<String>, figure: &str, budget: &Budget) -> (usize, [i64; 2]) {
    let truth = [company(100)];
    let schemas = schemas(1);
    let programs: std::cell::RefCell<Vec<Program>> = std::cell::RefCell::default();
    let (mut low, mut high) = (0i64, 3_000_000_000i64);
    let mut outcomes: Vec<(usize, Outcome)> = Vec::new();
    let mut told = 0;
    for _ in 0..40 {
        let middle = low + (high - low) / 2;
        let mut silent = true;
        for require in ask(middle) {
            programs.borrow_mut().push(screen(&require));
            let programs = programs.borrow();
            let past: Vec<Answer<'_>> = outcomes
                .iter()
                .map(|(p, outcome)| Answer::of_one(0, &programs[*p], [Some(0), None], *outcome))
                .collect();
            let next = answered(0, programs.last().expect("asked"), &truth, [Some(0), None]);
            let added = addition(&schemas, &past, &next, budget).expect("true");
            if next.outcome != Outcome::Silence {
                if let Some(exceeded) = added.exceeded {
                    let value = big(truth[0][exceeded.change.figure]);
                    assert!(exceeded.change.before.contains(&value) && exceeded.change.after.contains(&value));
                    continue;
                }
                silent = false;
            } else if !silence_tells(&schemas, &past, &next, budget) {
                // Nothing would have come back either way.
                continue;
            }
            outcomes.push((programs.len() - 1, next.outcome));
            told += usize::from(added.informative);
        }
        if silent { high = middle } else { low = middle }
    }
    let programs = programs.borrow();
    let facts: Vec<_> = outcomes
        .iter()
        .map(|(p, outcome)| Answer::of_one(0, &programs[*p], [Some(0), None], *outcome))
        .map(|answer| facts(&answer, Belief::Inferred))
        .collect();
    let mut view = View::new(&schemas, &facts).expect("true");
    let range = view.figure(0, index(figure));
    assert!(range.contains(&big(truth[0][index(figure)])), "{range:?}");
    let narrow = [range.lower, range.upper].map(|end| i64::try_from(end).expect("63 bits"));
    (told, narrow)
}

fn euros(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[test]
fn a_bank_that_bisects_a_figure_is_stopped() {
    let budget = Budget::default();
    let answered = |asked: (usize, [i64; 2])| {
        let (told, [low, high]) = asked;
        assert!(told as u32 <= budget.answers, "{told} answers told something");
        assert!((high - low) > high / 10, "{low} to {high}");
    };
    answered(bisect(|t| vec![format!("revenue >= {}", euros(t))], "revenue", &budget));
    // From above; dressed up with another figure; under a sum's other name; as a ratio of heads.
    answered(bisect(
        |t| vec![format!("revenue - 0.000001 * cash >= {}", euros(t))],
        "revenue",
        &budget,
    ));
    let names = |t: i64| {
        let t = euros(t);
        vec![
            format!("total_assets >= {t}"),
            format!("current_assets + non_current_assets >= {t}"),
            format!("equity + total_liabilities >= {t}"),
        ]
    };
    answered(bisect(names, "total_assets", &budget));
    answered(bisect(
        |t| vec![format!("1_000 * revenue >= 1_000 * {}", euros(t))],
        "revenue",
        &budget,
    ));
}

/// How many of these questions, asked one after another by one bank, told it something before the rest were refused.
fn told_of(programs: &[Program], budget: &Budget) -> usize {
    let truth = [company(100)];
    let mut past: Vec<Answer<'_>> = Vec::new();
    let (mut told, mut refused) = (0, 0);
    for program in programs {
        let next = answered(0, program, &truth, [Some(0), None]);
        let added = addition(&schemas(1), &past, &next, budget).expect("true");
        if let Some(exceeded) = added.exceeded {
            let allowed = budget.answers;
            assert_eq!((exceeded.limit, exceeded.so_far), (Limit::Answers { allowed }, allowed));
            let value = big(truth[0][exceeded.change.figure]);
            assert!(exceeded.change.before.contains(&value) && exceeded.change.after.contains(&value));
            refused += 1;
        } else {
            told += usize::from(added.informative);
            past.push(next);
        }
    }
    assert!(refused > 0, "{told} told something");
    told
}

/// What a ratio rests on keeps its range, debt that of the schema and EBITDA that of the guard, however closely the ratio is known.
#[test]
fn a_bank_that_bisects_a_ratio_is_stopped() {
    let ratios = (0..12).map(|k| screen(&format!("debt / ebitda <= {}", 40 - 3 * k)));
    let ratios: Vec<Program> = ratios.collect();
    for answers in [4, 6] {
        let budget = Budget {
            answers,
            ..Budget::default()
        };
        assert_eq!(told_of(&ratios, &budget), answers as usize);
    }
}

/// A row with products narrows no range at all.
#[test]
fn a_bank_that_bisects_a_product_is_stopped() {
    let truth = company(100);
    let value = |name: &str| i128::from(truth[index(name)]);
    let product = |k: i128| {
        let mut program = screen("revenue >= 1");
        program.slots[0].u[index("cash")] = 1;
        program.slots[0].v[index("ebitda")] = 1;
        program.rows[FIRST_RICH_ROW].slots[0] = 1;
        program.rows[FIRST_RICH_ROW].bound = value("cash") * value("ebitda") - 1_000 * (12 - k);
        for tier in &mut program.tiers {
            tier.weights[FIRST_RICH_ROW] = 1;
            tier.minimum += 1;
        }
        program
    };
    let products: Vec<Program> = (0..12).map(product).collect();
    let budget = Budget::default();
    assert_eq!(told_of(&products, &budget), budget.answers as usize);
}

#[test]
fn without_a_budget_bisection_finds_the_figure() {
    let none = Budget {
        answers: u32::MAX,
        answers_together: u32::MAX,
        width_percent: 0,
        width_percent_together: 0,
    };
    let (told, [low, high]) = bisect(|t| vec![format!("revenue >= {}", euros(t))], "revenue", &none);
    assert!(told > 25 && high - low < 100, "{told} answers, {low} to {high}");
}

#[test]
fn banks_that_pool_their_answers_are_stopped_together() {
    let truth = [company(100)];
    let budget = Budget::default();
    let programs: Vec<Program> = (1..=60)
        .map(|k| screen(&format!("revenue >= {}", 200_000 * k)))
        .collect();
    let mut past: Vec<Answer<'_>> = Vec::new();
    let mut refused = 0;
    for (k, program) in programs.iter().enumerate() {
        let next = answered(k, program, &truth, [Some(0), None]);
        let added = addition(&schemas(1), &past, &next, &budget).expect("true");
        if let Some(exceeded) = added.exceeded {
            assert!(exceeded.together);
            refused += 1;
        } else {
            past.push(next);
        }
    }
    assert_eq!(past.len() as u32, budget.answers_together);
    assert_eq!(refused, programs.len() - past.len());
}

#[test]
fn a_policy_that_puts_a_figure_into_a_narrow_drawer_is_refused() {
    let names: Vec<String> = (0..16).map(|k| format!("r{k}")).collect();
    let steps: Vec<String> = (0..16)
        .map(|k| format!("cash >= {}", 700_000 + 10_000 * (15 - k)))
        .collect();
    let rules: Vec<(&str, &str)> = names
        .iter()
        .zip(&steps)
        .map(|(n, s)| (n.as_str(), s.as_str()))
        .collect();
    let demands: Vec<[&str; 1]> = names.iter().map(|n| [n.as_str()]).collect();
    let tiers: Vec<(&str, &[&str])> = names
        .iter()
        .zip(&demands)
        .map(|(n, d)| (n.as_str(), d.as_slice()))
        .collect();
    let drawers = program(&rules, &tiers);
    let truth = [company(100), company(103)];
    let next = answered(0, &drawers, &truth, [Some(0), None]);
    let added = addition(&schemas(2), &[], &next, &Budget::default()).expect("true");
    let exceeded = added.exceeded.expect("too narrow");
    assert_eq!(
        (exceeded.limit, exceeded.change.figure),
        (Limit::Width { percent: 10 }, index("cash"))
    );
    assert_eq!((exceeded.so_far, exceeded.together), (0, false));
    assert_eq!(
        (exceeded.change.after.lower, exceeded.change.after.upper),
        (big(73_000_000), big(73_999_999))
    );
    // What a lower tier would give away, if the enterprise said no more than that.
    let lower = Answer {
        outcome: Outcome::Tier { tier: 15, best: false },
        ..next.clone()
    };
    assert_eq!(
        addition(&schemas(2), &[], &lower, &Budget::default())
            .expect("true")
            .exceeded,
        None
    );
    // Where it was spent all the same, the same policy on the next year's figures is not aimed at them.
    let again = answered(0, &drawers, &truth, [Some(1), None]);
    assert_eq!(
        addition(&schemas(2), &[next], &again, &Budget::default())
            .expect("true")
            .exceeded,
        None
    );
}

#[test]
fn the_same_question_again_adds_nothing() {
    let truth = [company(100)];
    let policies: Vec<Program> = (1..=5)
        .map(|k| screen(&format!("revenue >= {}", 1_000_000 * k)))
        .collect();
    let past: Vec<Answer<'_>> = policies
        .iter()
        .take(4)
        .map(|p| answered(0, p, &truth, [Some(0), None]))
        .collect();
    let budget = Budget::default();
    for again in &past {
        let added = addition(&schemas(1), &past, again, &budget).expect("true");
        assert!(!added.informative && added.changes.is_empty() && added.exceeded.is_none());
    }
    let fifth = answered(0, &policies[4], &truth, [Some(0), None]);
    let exceeded = addition(&schemas(1), &past, &fifth, &budget)
        .expect("true")
        .exceeded
        .expect("one too many");
    assert_eq!((exceeded.limit, exceeded.so_far), (Limit::Answers { allowed: 4 }, 4));
    assert_eq!(
        (exceeded.change.before.lower, exceeded.change.after.lower),
        (big(400_000_000), big(500_000_000))
    );
    // What follows from an answer already given is not counted.
    let easier = screen("revenue >= 1_500_000");
    let implied = addition(
        &schemas(1),
        &past,
        &answered(0, &easier, &truth, [Some(0), None]),
        &budget,
    )
    .expect("true");
    assert!(!implied.informative);
    assert_eq!(
        policies_on(&schemas(1), &past).expect("true"),
        [(index("revenue"), 4)].into()
    );
}

#[test]
fn an_honest_yearly_review_is_never_refused() {
    let policies: Vec<Program> = SAMPLES.iter().map(|s| compile(s).expect("compiles").program).collect();
    // Five years and their sixteen quarters, eight banks; each bank reviews under its own policy, and two have two.
    let years: Vec<[i64; FIGURES]> = [91, 100, 104, 99, 112, 118].map(company).to_vec();
    let quarters = (0..16).map(|k| company(24 + k));
    let truth: Vec<[i64; FIGURES]> = years.iter().copied().chain(quarters).collect();
    let schemas = schemas(truth.len());
    let covenant = program(
        &[
            ("cover", "ebitda >= 3 * interest_expense"),
            ("debt", "debt <= 14 * ebitda"),
            ("cash", "cash >= 50_000"),
        ],
        &[("kept", &["cover", "debt", "cash"])],
    );
    let budget = Budget::default();
    let mut past: Vec<Answer<'_>> = Vec::new();
    let mut informative = 0;
    for year in 1..years.len() {
        let mut asked: Vec<(usize, &Program, usize)> = (0..8).map(|bank| (bank, &policies[bank % 5], year)).collect();
        asked.extend([(0, &policies[3], year), (1, &policies[2], year)]);
        asked.extend(
            (0..4)
                .filter(|q| 4 * (year - 1) + q < 16)
                .map(|q| (2, &covenant, 6 + 4 * (year - 1) + q)),
        );
        for (bank, policy, first) in asked {
            let prior = (policy.relation == Relation::Prior).then(|| first - 1);
            let next = answered(bank, policy, &truth, [Some(first), prior]);
            let added = addition(&schemas, &past, &next, &budget).expect("true");
            assert_eq!(added.exceeded, None, "bank {bank}, year {year}");
            informative += usize::from(added.informative);
            past.push(next);
        }
    }
    assert!(informative > 40, "{informative}");
}

/// Fifty answers over two statements: every figure of both, for one bank. `--nocapture` shows the time.
#[test]
fn fifty_answers_over_two_statements() {
    let policies: Vec<Program> = SAMPLES.iter().map(|s| compile(s).expect("compiles").program).collect();
    let thresholds: Vec<Program> = (0..10)
        .map(|k| {
            screen(&format!(
                "revenue - {} * personnel_expense + cash >= {}",
                1 + k % 3,
                100_000 * k
            ))
        })
        .collect();
    let truth = [company(104), company(100)];
    let all: Vec<&Program> = policies.iter().chain(&thresholds).collect();
    let answers: Vec<Answer<'_>> = (0..50)
        .map(|k| {
            answered(
                k % 7,
                all[k % all.len()],
                &truth,
                [Some(0), (k % all.len() == 0).then_some(1)],
            )
        })
        .collect();
    let schemas = schemas(2);
    let start = std::time::Instant::now();
    let told: Vec<_> = answers.iter().map(|answer| facts(answer, Belief::Inferred)).collect();
    let mut view = View::new(&schemas, &told).expect("true");
    for (statement, figures) in truth.iter().enumerate() {
        for (figure, value) in figures.iter().enumerate() {
            assert!(view.figure(statement, figure).contains(&big(*value)));
        }
    }
    println!("50 answers, 64 ranges: {:?}", start.elapsed());
    let start = std::time::Instant::now();
    let next = answered(0, all[7], &truth, [Some(1), None]);
    addition(&schemas, &answers, &next, &Budget::default()).expect("true");
    println!(
        "what one more would add, for the bank and for all: {:?}",
        start.elapsed()
    );
}
