use proptest::prelude::*;

use super::*;
use crate::compiler::compile;
use crate::testing::GRID;

fn grid(change: &[(&str, &str)]) -> Grid {
    let text = change.iter().fold(GRID.to_owned(), |text, (from, to)| {
        assert!(text.contains(from));
        text.replace(from, to)
    });
    let compiled = compile(&text).unwrap();
    Grid::of(&compiled.program, &compiled.texts).unwrap()
}

fn day(month: u32, day: u32) -> Day {
    Day::from_civil(2026, month, day).unwrap()
}

fn delivery(delivered: Day, level: usize, corrects: bool) -> Delivery {
    Delivery {
        delivered,
        level,
        corrects,
    }
}

#[test]
fn late_accounts_cost_the_worst_level_and_wrong_ones_are_recomputed() {
    let grid = grid(&[]);
    assert_eq!(grid.levels()[grid.worst()].name, "IV");
    let tests = [
        // On time, level II; found wrong on 1 July: level III is right from the first day.
        Test {
            due: day(4, 30),
            deliveries: vec![delivery(day(4, 1), 1, false), delivery(day(7, 1), 2, true)],
        },
        // Due 31 August, delivered 10 September: ten days on the worst level, of which the last is the 9th.
        Test {
            due: day(8, 31),
            deliveries: vec![delivery(day(9, 10), 0, false)],
        },
    ];
    let course = grid.course(&tests, day(9, 30));
    let said: Vec<_> = course
        .spans
        .iter()
        .map(|s| (s.from, s.to, s.charged, s.right, s.because))
        .collect();
    assert_eq!(
        said,
        [
            (day(4, 1), day(6, 30), 1, 2, Because::Delivered(0)),
            (day(7, 1), day(8, 31), 2, 2, Because::Delivered(0)),
            (day(9, 1), day(9, 9), 3, 3, Because::NotDelivered(1)),
            (day(9, 10), day(9, 30), 0, 0, Because::Delivered(1)),
        ]
    );
    // 91 days at 175 instead of 240 basis points.
    assert_eq!(course.corrections_bps_days, [91 * 65, 0]);
}

#[test]
fn other_clauses_keep_the_level_and_forget_the_days_before() {
    let grid = grid(&[("\"worst\"", "\"keep\""), ("\"recompute\"", "\"from-then-on\"")]);
    let tests = [
        Test {
            due: day(4, 30),
            deliveries: vec![delivery(day(5, 5), 1, false), delivery(day(7, 1), 2, true)],
        },
        Test {
            due: day(8, 31),
            deliveries: Vec::new(),
        },
    ];
    let course = grid.course(&tests, day(12, 31));
    let said: Vec<_> = course
        .spans
        .iter()
        .map(|s| (s.from, s.to, s.charged, s.right))
        .collect();
    assert_eq!(said, [(day(5, 5), day(6, 30), 1, 1), (day(7, 1), day(12, 31), 2, 2)]);
    assert_eq!(course.corrections_bps_days, [0, 0]);
    assert!(grid.course(&[], day(12, 31)).spans.is_empty());
}

#[test]
fn a_policy_without_a_grid_has_no_course() {
    let compiled = compile(crate::testing::SCREEN).unwrap();
    assert_eq!(Grid::of(&compiled.program, &compiled.texts), None);
}

/// Tests in the order of their due days, each with deliveries on later and later days; the first corrects nothing.
fn tests() -> impl Strategy<Value = Vec<Test>> {
    let deliveries = prop::collection::vec((0u32..60, 0usize..4, any::<bool>()), 0..4);
    prop::collection::vec((0u32..80, deliveries), 0..4).prop_map(|drawn| {
        let mut due = 100;
        drawn
            .into_iter()
            .map(|(later, deliveries)| {
                due += later;
                let mut on = due - 40;
                let deliveries = deliveries
                    .into_iter()
                    .enumerate()
                    .map(|(k, (after, level, corrects))| {
                        on += after;
                        delivery(Day(on), level, corrects && k > 0)
                    })
                    .collect();
                Test {
                    due: Day(due),
                    deliveries,
                }
            })
            .collect()
    })
}

/// One day by hand: what is charged, what is right, and whose test it is.
fn by_hand(worst: usize, clauses: Clauses, tests: &[Test], day: u32) -> Option<(usize, usize, Option<usize>)> {
    let mut late = false;
    let mut own = None;
    for (i, test) in tests.iter().enumerate() {
        match test.deliveries.iter().map(|d| d.delivered.0).min() {
            Some(first) if first <= day => own = Some(i),
            _ => late |= day > test.due.0,
        }
    }
    if late && clauses.not_delivered == NotDelivered::Worst {
        return Some((worst, worst, None));
    }
    let deliveries = &tests[own?].deliveries;
    let mut charged = 0;
    for (k, d) in deliveries.iter().enumerate() {
        if d.delivered.0 <= day {
            charged = k;
        }
    }
    let mut right = charged;
    if clauses.found_wrong == FoundWrong::Recompute {
        for (k, d) in deliveries.iter().enumerate().skip(charged) {
            if d.corrects {
                right = k;
            }
        }
    }
    Some((deliveries[charged].level, deliveries[right].level, own))
}

proptest! {
    #[test]
    fn every_day_is_as_by_hand(tests in tests(), keep in any::<bool>(), from_then in any::<bool>(), until in 50u32..600) {
        let mut grid = grid(&[]);
        grid.clauses = Clauses {
            not_delivered: if keep { NotDelivered::Keep } else { NotDelivered::Worst },
            found_wrong: if from_then { FoundWrong::FromThen } else { FoundWrong::Recompute },
        };
        let course = grid.course(&tests, Day(until));
        let mut sums = vec![0; tests.len()];
        for day in 0..=until {
            let mut spans = course.spans.iter().filter(|s| (s.from.0..=s.to.0).contains(&day));
            let found = spans.next().map(|s| {
                let own = match s.because {
                    Because::Delivered(test) => Some(test),
                    Because::NotDelivered(_) => None,
                };
                (s.charged, s.right, own)
            });
            prop_assert!(spans.next().is_none(), "day {} stands in two spans", day);
            let expected = by_hand(grid.worst(), grid.clauses, &tests, day);
            prop_assert_eq!(found, expected, "day {}", day);
            if let Some((charged, right, Some(test))) = expected {
                sums[test] += i64::from(grid.levels[right].margin_bps - grid.levels[charged].margin_bps);
            }
        }
        prop_assert_eq!(&course.corrections_bps_days, &sums);
        prop_assert!(course.spans.windows(2).all(|pair| pair[0].to < pair[1].from));
        prop_assert!(!from_then || sums.iter().all(|sum| *sum == 0));
    }
}
