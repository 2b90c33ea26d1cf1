use std::collections::BTreeSet;

use covenant_policy::evaluate::evaluate_columns;
use covenant_policy::linear::Form;
use covenant_policy::program::{COLUMNS, FIGURES, FIRST_RICH_ROW, Program, ROWS, Row, SLOTS, Slot, Tier};
use covenant_policy::schema::ENTERPRISE_FINANCIALS;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed as _;
use proptest::prelude::*;

use super::{agree, answered, big, books, columns_of, index, program, schemas, screen};
use crate::facts::facts;
use crate::ratios::ratios;
use crate::{Answer, Belief, Outcome, View, column};

/// The columns that random rows read: balance sheet and income, signed and not, of both statements.
const READ: [usize; 8] = [0, 3, 6, 13, 20, 22, FIGURES + 13, FIGURES + 20];

/// A row over a few columns; its bound lies near the value that the company has there, so that answers say something.
#[derive(Debug, Clone)]
struct Sketch {
    coefficients: [i64; 8],
    near: i64,
}

/// A policy in outline: plain rows, a row of pass bits, weights and minimum of each tier.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    rows: Vec<Sketch>,
    bits: Vec<i64>,
    bits_bound: i64,
    product: bool,
    tiers: Vec<(Vec<u32>, u32)>,
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let coefficient = prop_oneof![3 => Just(0i64), 2 => -9i64..=9];
    (prop::array::uniform8(coefficient), -2_000i64..=2_000)
        .prop_map(|(coefficients, near)| Sketch { coefficients, near })
}

pub(super) fn outline() -> impl Strategy<Value = Outline> {
    let tier = (prop::collection::vec(0u32..=2, 6), 1u32..=6);
    (
        prop::collection::vec(sketch(), 4),
        prop::collection::vec(-1i64..=2, 4),
        0i64..=3,
        any::<bool>(),
        prop::collection::vec(tier, 1..=3),
    )
        .prop_map(|(rows, bits, bits_bound, product, tiers)| Outline {
            rows,
            bits,
            bits_bound,
            product,
            tiers,
        })
}

pub(super) fn figures() -> impl Strategy<Value = [i64; FIGURES]> {
    let small = prop::collection::vec(0i64..=5_000, FIGURES);
    (small, prop::collection::vec(any::<bool>(), FIGURES)).prop_map(|(values, minus)| {
        let mut figures = [0; FIGURES];
        for (j, value) in values.into_iter().enumerate() {
            figures[j] = if j >= 20 && minus[j] { -value } else { value };
        }
        figures[26] %= 7;
        agree(&mut figures);
        figures
    })
}

pub(super) fn built(outline: &Outline, columns: &[i64; COLUMNS]) -> Program {
    let mut program = screen("cash >= 1");
    program.rows = vec![Row::BLANK; ROWS];
    for (row, sketch) in program.rows.iter_mut().zip(&outline.rows) {
        let mut value = 0;
        for (column, c) in READ.iter().zip(sketch.coefficients) {
            row.a[*column] = c;
            value += c * columns[*column];
        }
        row.bound = i128::from(value + sketch.near);
    }
    let (bits, product) = (FIRST_RICH_ROW, FIRST_RICH_ROW + 1);
    program.rows[bits].passes[..outline.bits.len()].copy_from_slice(&outline.bits);
    program.rows[bits].bound = i128::from(outline.bits_bound);
    if outline.product {
        let mut slot = Slot::EMPTY;
        slot.u[3] = 1;
        slot.v[13] = 1;
        program.slots[0] = slot;
        let mut factors = [0; SLOTS];
        factors[0] = 1;
        program.rows[product].slots = factors;
        program.rows[product].bound = i128::from(columns[3]) * i128::from(columns[13]) + 5;
    }
    program.tiers = outline
        .tiers
        .iter()
        .enumerate()
        .map(|(k, (weights, minimum))| {
            let mut all = [0; ROWS];
            all[..4].copy_from_slice(&weights[..4]);
            all[bits] = weights[4];
            all[product] = weights[5];
            Tier {
                name: k.to_string(),
                weights: all,
                minimum: *minimum,
            }
        })
        .collect();
    program
}

/// Everything that the meter says of these answers holds of the true figures.
pub(super) fn assert_true(truth: &[[i64; FIGURES]], answers: &[Answer<'_>]) {
    let schemas = schemas(truth.len());
    for belief in [Belief::Proven, Belief::Inferred] {
        let told: Vec<_> = answers.iter().map(|answer| facts(answer, belief)).collect();
        let mut view = View::new(&schemas, &told).expect("the true figures fit what is true");
        for (statement, figures) in truth.iter().enumerate() {
            // Those that rows read, and those that identities tie to them.
            for (figure, value) in figures
                .iter()
                .enumerate()
                .filter(|(j, _)| [0, 1, 2, 3, 5, 6, 8, 13, 15, 20, 22, 26].contains(j))
            {
                let range = view.figure(statement, figure);
                assert!(
                    range.contains(&big(*value)),
                    "{figure} is {value}, shown as {range:?} ({belief:?})"
                );
            }
        }
        let value = |form: &Form| -> BigRational {
            form.terms()
                .map(|(c, factor)| factor * big(truth[c / FIGURES][c % FIGURES]))
                .sum()
        };
        for ratio in answers.iter().flat_map(ratios).collect::<BTreeSet<_>>() {
            let (n, d) = (value(&ratio.numerator), value(&ratio.denominator));
            if let Some(range) = view.ratio(&ratio.numerator, &ratio.denominator) {
                assert!(d.is_positive() && range.contains(&(n / d)), "{ratio:?} {range:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever the company, whatever was asked, and however it was answered.
    #[test]
    fn every_range_contains_the_true_figure(
        first in figures(),
        second in figures(),
        asked in prop::collection::vec((outline(), any::<bool>(), any::<prop::sample::Index>()), 1..=4),
    ) {
        let truth = [first, second];
        let statements = [Some(0), Some(1)];
        let columns = columns_of(&truth, statements);
        let programs: Vec<Program> = asked.iter().map(|(outline, ..)| built(outline, &columns)).collect();
        let answers: Vec<Answer<'_>> = programs.iter().zip(&asked).map(|(program, (_, lower, which))| {
            let evaluation = evaluate_columns(program, columns);
            let reached: Vec<usize> = (0..program.tiers.len()).filter(|t| evaluation.tiers[*t].achieved).collect();
            let outcome = match reached.first() {
                None => Outcome::Silence,
                Some(_) if *lower => Outcome::Tier { tier: *which.get(&reached), best: false },
                Some(best) => Outcome::Tier { tier: *best, best: true },
            };
            Answer::of_one(0, program, statements, outcome)
        }).collect();
        assert_true(&truth, &answers);
    }

    /// Against every whole point of a box that would have been answered alike: none is left out.
    #[test]
    fn no_point_that_answers_alike_is_left_out(
        truth in prop::array::uniform3(0i64..=7),
        asked in prop::collection::vec((prop::collection::vec((prop::array::uniform3(-2i64..=2), -6i64..=20), 1..=3), 1u32..=2), 1..=3),
    ) {
        let names = [index("cash"), index("inventory"), index("interest_expense")];
        let at = |point: [i64; 3]| {
            let mut figures = [0; FIGURES];
            names.iter().zip(point).for_each(|(j, x)| figures[*j] = x);
            figures
        };
        // Three questions bound the box; they were answered with yes.
        let mut programs: Vec<Program> = ["cash", "inventory", "interest_expense"]
            .iter().map(|name| screen(&format!("{name} <= 0.07"))).collect();
        for (rows, minimum) in &asked {
            let mut program = screen("cash >= 1");
            program.rows = vec![Row::BLANK; ROWS];
            let mut weights = [0; ROWS];
            for (k, (coefficients, bound)) in rows.iter().enumerate() {
                names.iter().zip(coefficients).for_each(|(j, c)| program.rows[k].a[*j] = *c);
                program.rows[k].bound = i128::from(*bound);
                weights[k] = 1;
            }
            let all = Tier { name: "all".into(), weights, minimum: rows.len() as u32 };
            let some = Tier { name: "some".into(), weights, minimum: (*minimum).min(rows.len() as u32) };
            program.tiers = vec![all, some];
            programs.push(program);
        }
        let truth = at(truth);
        let answers: Vec<Answer<'_>> = programs.iter().map(|p| answered(0, p, &[truth], [Some(0), None])).collect();
        assert_true(&[truth], &answers);
        let best = |program: &Program, figures| evaluate_columns(program, columns_of(&[figures], [Some(0), None])).best;
        let told: Vec<_> = answers.iter().map(|answer| facts(answer, Belief::Inferred)).collect();
        let mut view = View::new(&schemas(1), &told).expect("true");
        let ranges = names.map(|j| view.figure(0, j));
        for k in 0..512i64 {
            let point = [k / 64, k / 8 % 8, k % 8];
            let figures = at(point);
            if programs.iter().all(|p| best(p, figures) == best(p, truth)) {
                for (range, x) in ranges.iter().zip(point) {
                    prop_assert!(range.contains(&big(x)), "{:?} {:?}", ranges, point);
                }
            }
        }
    }

    /// Thresholds on single figures: the range is exactly the hull of what would have been answered alike.
    #[test]
    fn thresholds_on_single_figures_are_metered_exactly(
        truth in prop::array::uniform2(0i64..=40),
        thresholds in prop::collection::vec((0usize..2, 1i64..=40), 1..=6),
    ) {
        let names = ["cash", "inventory"];
        let cents = |t: i64| format!("{}.{:02}", t / 100, t % 100);
        let mut programs: Vec<Program> = names.iter().map(|n| screen(&format!("{n} <= 0.40"))).collect();
        programs.extend(thresholds.iter().map(|(n, t)| screen(&format!("{} >= {}", names[*n], cents(*t)))));
        let truth = books(&[("cash", truth[0]), ("inventory", truth[1])]);
        let answers: Vec<Answer<'_>> = programs.iter().map(|p| answered(0, p, &[truth], [Some(0), None])).collect();
        let told: Vec<_> = answers.iter().map(|answer| facts(answer, Belief::Inferred)).collect();
        let mut view = View::new(&schemas(1), &told).expect("true");
        for (n, name) in names.iter().enumerate() {
            let x = truth[index(name)];
            let mine = || thresholds.iter().filter(|(which, _)| *which == n).map(|(_, t)| *t);
            let lower = mine().filter(|t| *t <= x).max().unwrap_or(0);
            let upper = mine().filter(|t| *t > x).min().map_or(40, |t| t - 1);
            let range = view.figure(0, index(name));
            prop_assert_eq!((range.lower, range.upper), (big(lower), big(upper)));
        }
    }
}

#[test]
fn what_an_and_or_answer_reveals() {
    let rules = [
        ("cash", "cash >= 100"),
        ("sales", "revenue >= 1_000"),
        ("either", "cash or sales"),
        ("both", "cash and sales"),
    ];
    let policy = program(&rules, &[("A", &["both"]), ("B", &["either"])]);
    let view = |outcome, belief| {
        let answer = Answer::of_one(0, &policy, [Some(0), None], outcome);
        let told = [facts(&answer, belief)];
        let mut view = View::new(&schemas(1), &told).expect("possible");
        [index("cash"), index("revenue")].map(|j| view.figure(0, j))
    };
    let most = big(i64::MAX);
    let [cash, revenue] = view(Outcome::Tier { tier: 0, best: true }, Belief::Proven);
    assert_eq!((cash.lower, revenue.lower), (big(10_000), big(100_000)));
    // B and not A: one of the two and not the other; neither range alone is narrower.
    let [cash, revenue] = view(Outcome::Tier { tier: 1, best: true }, Belief::Inferred);
    assert_eq!(
        (&cash.lower, &cash.upper, &revenue.lower, &revenue.upper),
        (&big(0), &most, &big(0), &most)
    );
    // Silence: neither holds, and a bank may conclude it; nothing was proven.
    let [cash, revenue] = view(Outcome::Silence, Belief::Inferred);
    assert_eq!((cash.upper, revenue.upper), (big(9_999), big(99_999)));
    let [cash, _] = view(Outcome::Silence, Belief::Proven);
    assert_eq!(cash.upper, most);
}

#[test]
fn an_alternative_that_is_impossible_leaves_a_fact() {
    let policy = program(
        &[("cash", "cash >= 100"), ("sales", "revenue >= 1_000")],
        &[("A", &["cash", "sales"]), ("B", &["cash"])],
    );
    let rich = screen("revenue >= 5_000");
    let either = program(
        &[("cash", "cash >= 400"), ("sales", "revenue >= 9_000")],
        &[("A", &["cash", "sales"])],
    );
    let truth = [books(&[("cash", 20_000), ("revenue", 600_000)])];
    let of = [Some(0), None];
    let answers = [answered(0, &rich, &truth, of), answered(0, &either, &truth, of)];
    assert_eq!(answers[1].outcome, Outcome::Silence);
    let told = answers.each_ref().map(|answer| facts(answer, Belief::Inferred));
    let mut view = View::new(&schemas(1), &told).expect("true");
    // Cash below 400 or revenue below 9,000: neither follows.
    assert_eq!(view.figure(0, index("cash")).upper, big(i64::MAX));
    let plenty = screen("revenue >= 9_500");
    let mut richer = told.to_vec();
    let yes = Outcome::Tier { tier: 0, best: true };
    richer.push(facts(&Answer::of_one(0, &plenty, of, yes), Belief::Inferred));
    let mut view = View::new(&schemas(1), &richer).expect("possible");
    assert_eq!(view.figure(0, index("cash")).upper, big(39_999));
    // B without A: the one rule that A adds does not hold.
    let told = [facts(
        &answered(0, &policy, &[books(&[("cash", 20_000), ("revenue", 99_999)])], of),
        Belief::Inferred,
    )];
    let mut view = View::new(&schemas(1), &told).expect("true");
    assert_eq!(view.figure(0, index("revenue")).upper, big(99_999));
}

#[test]
fn answers_that_exclude_each_other_are_told() {
    let (low, high) = (screen("cash <= 5"), screen("cash >= 6"));
    let yes = |program| Answer::of_one(0, program, [Some(0), None], Outcome::Tier { tier: 0, best: true });
    let told = [facts(&yes(&low), Belief::Proven), facts(&yes(&high), Belief::Proven)];
    assert!(View::new(&schemas(1), &told).is_err());
}

#[test]
fn ratios_of_a_policy_have_ranges() {
    let policy = program(
        &[
            ("one", "current_assets / current_liabilities >= 1.2"),
            ("two", "current_assets / current_liabilities >= 2"),
        ],
        &[("A", &["two"]), ("B", &["one"])],
    );
    let truth = [books(&[("current_assets", 150_000), ("current_liabilities", 100_000)])];
    let answer = answered(0, &policy, &truth, [Some(0), None]);
    let found = ratios(&answer);
    assert_eq!(found.len(), 1);
    let ratio = found.first().expect("one");
    assert_eq!(ratio.denominator, Form::column(column(0, index("current_liabilities"))));
    let mut view = View::new(&schemas(1), &[facts(&answer, Belief::Inferred)]).expect("true");
    let range = view.ratio(&ratio.numerator, &ratio.denominator).expect("guarded");
    assert_eq!(range.lower, Some(BigRational::new(6.into(), 5.into())));
    // Below 2: with figures of up to 2^63 cents, the greatest quotient of whole numbers below 2 is this close to it.
    let below = |upper: &BigRational| *upper < BigRational::from(BigInt::from(2));
    assert!(range.upper.as_ref().is_some_and(below), "{range:?}");
    assert_eq!(ENTERPRISE_FINANCIALS.range(0).0, 0);
}
