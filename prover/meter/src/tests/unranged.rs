//! Banks that ask so that no range shows what they learn: by rules that the meter does not follow, and by refusals.

use covenant_policy::program::{FIGURES, FIRST_RICH_ROW, Program, ROWS, Row, Tier};
use proptest::prelude::*;

use super::budgets::company;
use super::promise::{assert_true, built, figures, outline};
use super::{answered, big, columns_of, index, program, schemas, screen};
use crate::budget::{Budget, addition, policies_on, silence_tells};
use crate::facts::facts;
use crate::{Answer, Belief, Outcome, View};

/// More than any figure.
const BEYOND: i128 = 1 << 70;

/// Rows by their places in the program.
type Placed = Vec<(usize, Row)>;
/// What rows weigh in a tier, by their places.
type Weighed<'w> = &'w [(usize, u32)];

/// A plain row on one figure.
fn at_least(figure: &str, bound: i128) -> Row {
    let mut row = Row::BLANK;
    row.a[index(figure)] = 1;
    row.bound = bound;
    row
}

/// A policy of these rows, with tiers by the weight of each row and their minimum.
fn of_rows(rows: &[(usize, Row)], tiers: &[(Weighed<'_>, u32)]) -> Program {
    let mut program = screen("cash >= 1");
    program.rows = vec![Row::BLANK; ROWS];
    for (place, row) in rows {
        program.rows[*place] = row.clone();
    }
    let tier = |(k, (weighed, minimum)): (usize, &(Weighed<'_>, u32))| {
        let mut weights = [0; ROWS];
        weighed.iter().for_each(|(row, weight)| weights[*row] = *weight);
        Tier {
            name: k.to_string(),
            weights,
            minimum: *minimum,
        }
    };
    program.tiers = tiers.iter().enumerate().map(tier).collect();
    program
}

/// Rows that never pass and then the one that matters, each of weight 1.
fn beside(count: usize, matters: Row, never: i128) -> (Placed, Vec<(usize, u32)>) {
    let row = |k: usize| (k, at_least("inventory", never + k as i128));
    let rows: Vec<_> = (0..count).map(row).chain([(count, matters)]).collect();
    let weights = rows.iter().map(|(k, _)| (*k, 1)).collect();
    (rows, weights)
}

/// The cash of the company of these tests.
fn cash() -> i128 {
    i128::from(company(100)[index("cash")])
}

/// Twelve thresholds that come ever closer to the figure, from below where the answer is yes, from above where it is no.
fn closing_in(yes: bool) -> impl Iterator<Item = i128> {
    (1..=12).map(move |k| {
        if yes {
            cash() - (cash() >> k)
        } else {
            cash() + (cash() >> k)
        }
    })
}

/// How many of these questions, each of which tells something, got an answer or a silence that tells before the rest were refused.
fn told_of(programs: &[Program]) -> usize {
    let (truth, budget) = ([company(100)], Budget::default());
    let mut past: Vec<Answer<'_>> = Vec::new();
    for program in programs {
        let next = answered(0, program, &truth, [Some(0), None]);
        let tells = match next.outcome {
            Outcome::Tier { .. } => {
                let added = addition(&schemas(1), &past, &next, &budget).expect("true");
                assert!(added.informative, "{} told something", past.len());
                added.exceeded.is_none()
            }
            _ => silence_tells(&schemas(1), &past, &next, &budget),
        };
        if tells {
            past.push(next);
        }
    }
    assert_true(&truth, &past);
    // What was told once tells nothing the second time.
    for again in &past {
        let added = addition(&schemas(1), &past, again, &budget).expect("true");
        assert!(!added.informative && added.exceeded.is_none());
    }
    past.len()
}

fn assert_stopped(thresholds: impl Iterator<Item = i128>, question: impl Fn(i128) -> Program) {
    let programs: Vec<Program> = thresholds.map(question).collect();
    assert_eq!(told_of(&programs), Budget::default().answers as usize);
}

#[test]
fn a_rule_among_many_that_never_hold_is_counted() {
    // Nine more alternatives than the one that holds, and then eleven: too many open rows to look at.
    for count in [9, 11] {
        assert_stopped(closing_in(true), |bound| {
            let (rows, weights) = beside(count, at_least("cash", bound), BEYOND);
            of_rows(&rows, &[(&weights, 1)])
        });
    }
}

#[test]
fn a_rule_among_many_that_always_hold_is_counted_where_it_fails() {
    for count in [9, 11] {
        let minimum = count as u32 + 1;
        // A lower tier that is always reached, or silence.
        assert_stopped(closing_in(false), |bound| {
            let (rows, weights) = beside(count, at_least("cash", bound), -BEYOND);
            of_rows(&rows, &[(&weights, minimum), (&[(0, 1)], 1)])
        });
        assert_stopped(closing_in(false), |bound| {
            let (rows, weights) = beside(count, at_least("cash", bound), -BEYOND);
            of_rows(&rows, &[(&weights, minimum)])
        });
    }
}

/// cash · ebitda against a bound, with the slot that it reads.
fn with_product(mut program: Program, place: usize, row: Row) -> Program {
    program.slots[0].u[index("cash")] = 1;
    program.slots[0].v[index("ebitda")] = 1;
    let mut row = row;
    row.slots[0] = 1;
    program.rows[place] = row;
    program
}

fn cash_by_ebitda() -> i128 {
    cash() * i128::from(company(100)[index("ebitda")])
}

#[test]
fn an_alternative_of_a_product_is_counted() {
    let product = FIRST_RICH_ROW;
    assert_stopped(closing_in(true), |bound| {
        let never = Row {
            bound: 1 << 99,
            ..Row::BLANK
        };
        let rows = of_rows(&[(0, at_least("cash", bound))], &[(&[(0, 1), (product, 1)], 1)]);
        with_product(rows, product, never)
    });
    // Both must hold, and one does not: the product always does.
    assert_stopped(closing_in(false), |bound| {
        let always = Row { bound: 0, ..Row::BLANK };
        let rows = of_rows(&[(0, at_least("cash", bound))], &[(&[(0, 1), (product, 1)], 2)]);
        with_product(rows, product, always)
    });
    // The half-spaces of the alternatives stay the same, and the product beside one of them moves.
    assert_stopped(1..=12, |k| {
        let row = Row {
            bound: cash_by_ebitda() - 1_000 * (13 - k),
            ..Row::BLANK
        };
        let plain = [(0, at_least("cash", 1_000)), (1, at_least("inventory", BEYOND))];
        let rows = of_rows(&plain, &[(&[(0, 1), (1, 2), (product, 1)], 2)]);
        with_product(rows, product, row)
    });
}

#[test]
fn an_alternative_of_pass_bits_is_counted() {
    let bits = FIRST_RICH_ROW;
    let of_bit = |bound| {
        let mut row = Row { bound: 1, ..Row::BLANK };
        row.passes[0] = 1;
        [
            (0, at_least("cash", bound)),
            (1, at_least("inventory", BEYOND)),
            (2, at_least("inventory", -BEYOND)),
            (bits, row),
        ]
    };
    assert_stopped(closing_in(true), |bound| {
        of_rows(&of_bit(bound), &[(&[(1, 1), (bits, 1)], 1)])
    });
    assert_stopped(closing_in(false), |bound| {
        of_rows(&of_bit(bound), &[(&[(2, 1), (bits, 1)], 2)])
    });
}

#[test]
fn rows_that_read_figures_and_pass_bits_are_counted() {
    let mixed = FIRST_RICH_ROW;
    // cash and 100 times a bit that is always 1.
    assert_stopped(closing_in(true), |bound| {
        let mut row = at_least("cash", bound + 100);
        row.passes[0] = 100;
        of_rows(
            &[(0, at_least("inventory", -BEYOND)), (mixed, row)],
            &[(&[(mixed, 1)], 1)],
        )
    });
    // A product whose bound stands still, and a bit whose factor moves.
    assert_stopped(1..=12, |k| {
        let mut row = Row {
            bound: cash_by_ebitda() + 1_000,
            ..Row::BLANK
        };
        row.passes[0] = 1_000 * (14 - i64::try_from(k).expect("small"));
        let rows = of_rows(&[(0, at_least("inventory", -BEYOND))], &[(&[(mixed, 1)], 1)]);
        with_product(rows, mixed, row)
    });
}

/// A scorecard of the bank's, year after year, and a second policy of its own beside it: what is not followed counts once a year for each.
#[test]
fn a_scorecard_of_many_rules_is_answered_every_year() {
    let truth: Vec<[i64; FIGURES]> = [91, 100, 104, 99, 112, 118].map(company).to_vec();
    let schemas = schemas(truth.len());
    let card = |minimum| {
        let steps = (0..12).map(|k| {
            (
                k,
                at_least(["cash", "revenue", "ebitda", "equity"][k % 4], 30_000_000 * k as i128),
            )
        });
        let rows: Vec<_> = steps.collect();
        let weights: Vec<_> = rows.iter().map(|(k, _)| (*k, 1 + *k as u32 % 3)).collect();
        of_rows(
            &rows,
            &[(&weights, minimum), (&weights, minimum - 4), (&weights, minimum - 8)],
        )
    };
    let cards = [card(20), card(17)];
    let mut past: Vec<Answer<'_>> = Vec::new();
    for year in 0..truth.len() {
        for card in &cards {
            let next = answered(0, card, &truth, [Some(year), None]);
            assert_ne!(next.outcome, Outcome::Silence);
            let added = addition(&schemas, &past, &next, &Budget::default()).expect("true");
            assert!(added.informative, "year {year}");
            assert_eq!(added.exceeded, None, "year {year}");
            past.push(next);
        }
    }
    let counts = policies_on(&schemas, &past).expect("true");
    assert!(counts.values().all(|count| *count <= 2), "{counts:?}");
}

/// Asks, and gives back how the request ends, whether that is kept, and whether the bank got a proof.
fn asked<'p>(past: &mut Vec<Answer<'p>>, mut next: Answer<'p>, budget: &Budget) -> Option<Outcome> {
    let schemas = schemas(1);
    let keeps = match next.outcome {
        Outcome::Tier { .. } => {
            let added = addition(&schemas, past, &next, budget).expect("true");
            added.exceeded.is_none() || {
                next.outcome = Outcome::Withheld;
                silence_tells(&schemas, past, &next, budget)
            }
        }
        _ => silence_tells(&schemas, past, &next, budget),
    };
    let outcome = next.outcome;
    keeps.then(|| past.push(next)).map(|()| outcome)
}

/// The bank knows how the meter works: a yes would make the range too narrow, a no would not, so that a refusal is a yes.
#[test]
fn a_bank_that_reads_refusals_is_stopped() {
    let truth = [company(100)];
    let budget = Budget::default();
    let first = screen("cash between 500_000 and 760_000");
    let steps: Vec<Program> = (0..40)
        .map(|k| {
            let step = format!("cash >= {}", 720_000 + 500 * k);
            program(
                &[("high", &step), ("any", "revenue >= 0")],
                &[("A", &["high"]), ("B", &["any"])],
            )
        })
        .collect();
    let mut past = vec![answered(0, &first, &truth, [Some(0), None])];
    let mut ends = Vec::new();
    for step in &steps {
        let next = answered(0, step, &truth, [Some(0), None]);
        ends.push(asked(&mut past, next.clone(), &budget));
        // However often it is asked, it ends alike, and is counted once.
        let told = policies_on(&schemas(1), &past).expect("true");
        if let Some(end) = ends.last().expect("asked") {
            assert_eq!(asked(&mut past, next, &budget), Some(*end));
        }
        assert_eq!(policies_on(&schemas(1), &past).expect("true"), told);
    }
    let allowed = budget.answers as usize - 1;
    assert_eq!(ends[..allowed], [Some(Outcome::Withheld); 3]);
    // Nothing comes any more, on either side of the figure.
    assert!(ends[allowed..].iter().all(Option::is_none), "{ends:?}");
    assert_true(&truth, &past);
    assert_eq!(
        policies_on(&schemas(1), &past).expect("true")[&index("cash")],
        budget.answers
    );
}

/// A policy that was refused on one statement is none that the bank used before, and none that told something of the figure.
#[test]
fn what_was_withheld_lifts_no_limit() {
    let narrow = program(
        &[("narrow", "cash between 700_000 and 740_000"), ("any", "revenue >= 1")],
        &[("A", &["narrow"]), ("B", &["any"])],
    );
    let truth = [company(100), company(101)];
    let withheld = Answer::of_one(0, &narrow, [Some(0), None], Outcome::Withheld);
    for statement in [0, 1] {
        let next = answered(0, &narrow, &truth, [Some(statement), None]);
        let added = addition(&schemas(2), std::slice::from_ref(&withheld), &next, &Budget::default());
        assert!(added.expect("true").exceeded.is_some(), "statement {statement}");
    }
    // Whoever asked as often as allowed, and was refused the last time for another reason, may still get that answer.
    let policies: Vec<Program> = (1..=5)
        .map(|k| screen(&format!("revenue >= {}", 1_000_000 * k)))
        .collect();
    let mut past: Vec<_> = policies
        .iter()
        .map(|p| answered(0, p, &truth, [Some(0), None]))
        .take(4)
        .collect();
    past[3].outcome = Outcome::Withheld;
    let exceeded = |asked: &Program| {
        let next = answered(0, asked, &truth, [Some(0), None]);
        addition(&schemas(2), &past, &next, &Budget::default())
            .expect("true")
            .exceeded
            .is_some()
    };
    assert_eq!([exceeded(&policies[3]), exceeded(&policies[4])], [false, true]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever is asked, and however the meter lets it end: what it shows holds, a bank is told no more often than allowed, and a refusal
    /// that is asked for again is one again.
    #[test]
    fn under_a_budget_every_range_contains_the_true_figure(
        first in figures(),
        second in figures(),
        asks in prop::collection::vec(outline(), 1..=5),
        width_percent in 0u32..=60,
    ) {
        let truth = [first, second];
        let statements = [Some(0), Some(1)];
        let columns = columns_of(&truth, statements);
        let programs: Vec<Program> = asks.iter().map(|outline| built(outline, &columns)).collect();
        let budget = Budget { answers: 2, width_percent, ..Budget::default() };
        let schemas = schemas(2);
        let mut past: Vec<Answer<'_>> = Vec::new();
        for program in &programs {
            let mut next = answered(0, program, &truth, statements);
            let added = addition(&schemas, &past, &next, &budget).expect("true");
            let refused = added.exceeded.is_some() && next.outcome != Outcome::Silence;
            let was = next.clone();
            if refused {
                next.outcome = Outcome::Withheld;
            }
            if (refused || next.outcome == Outcome::Silence) && !silence_tells(&schemas, &past, &next, &budget) {
                continue;
            }
            past.push(next);
            let again = addition(&schemas, &past, &was, &budget).expect("true");
            prop_assert_eq!(again.exceeded.is_some() && was.outcome != Outcome::Silence, refused);
        }
        assert_true(&truth, &past);
        let told: Vec<_> = past.iter().map(|answer| facts(answer, Belief::Inferred)).collect();
        let cash = View::new(&schemas, &told).expect("true").figure(0, index("cash"));
        prop_assert!(cash.contains(&big(truth[0][index("cash")])));
    }
}
