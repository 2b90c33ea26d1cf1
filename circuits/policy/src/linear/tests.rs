use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, Zero as _};
use proptest::prelude::*;

use super::{Certificate, Constraint, Form, Outcome, System};

fn r(n: i64) -> BigRational {
    BigRational::from(BigInt::from(n))
}

fn half(n: i64) -> BigRational {
    BigRational::new(n.into(), 2.into())
}

fn form(terms: &[(usize, i64)]) -> Form {
    Form::new(terms.iter().map(|(column, c)| (*column, r(*c))))
}

fn boxed(columns: usize, lower: i64, upper: i64) -> System {
    let mut system = System::default();
    for column in 0..columns {
        system.bound(column, Some(r(lower)), Some(r(upper)));
    }
    system
}

/// An optimum is an optimum: its point keeps the system and has its value, and the system's constraints add up to the bound.
fn assert_optimal(system: &System, form: &Form, greatest: bool, outcome: &Outcome) -> BigRational {
    let Outcome::Optimum(optimum) = outcome else {
        panic!("no optimum: {outcome:?}");
    };
    assert!(system.holds_at(&optimum.point), "{optimum:?} is outside");
    assert_eq!(form.value_at(&optimum.point), optimum.value);
    let (bounded, bound) = optimum.certificate.sum(system).expect("multipliers of the right sign");
    if greatest {
        assert_eq!((bounded, bound), (form.times(&r(-1)), -optimum.value.clone()));
    } else {
        assert_eq!((bounded, bound), (form.clone(), optimum.value.clone()));
    }
    optimum.value.clone()
}

fn assert_contradiction(system: &System, certificate: &Certificate) {
    let (nothing, bound) = certificate.sum(system).expect("multipliers of the right sign");
    assert!(nothing.is_zero() && bound.is_positive(), "{certificate:?}");
}

#[test]
fn a_textbook_program() {
    // max 3x + 5y with x ≤ 4, 2y ≤ 12, 3x + 2y ≤ 18 (Hillier and Lieberman's first example): 36 at (2, 6).
    let mut system = System::default();
    system.bound(0, Some(r(0)), Some(r(4)));
    system.bound(1, Some(r(0)), None);
    system.at_most(&form(&[(1, 2)]), &r(12));
    system.at_most(&form(&[(0, 3), (1, 2)]), &r(18));
    let objective = form(&[(0, 3), (1, 5)]);
    let outcome = system.maximise(&objective);
    assert_eq!(assert_optimal(&system, &objective, true, &outcome), r(36));
    let Outcome::Optimum(optimum) = outcome else { panic!() };
    assert_eq!(optimum.point, BTreeMap::from([(0, r(2)), (1, r(6))]));
}

#[test]
fn optima_are_fractions_where_they_are() {
    let mut system = boxed(2, 0, 10);
    system.at_most(&form(&[(0, 2), (1, 1)]), &r(7));
    system.equal(form(&[(0, 1), (1, -1)]), r(0));
    let x = Form::column(0);
    let most = assert_optimal(&system, &x, true, &system.maximise(&x));
    assert_eq!(most, BigRational::new(7.into(), 3.into()));
}

#[test]
fn what_has_no_point_says_why() {
    let mut system = boxed(3, 0, 10);
    system.at_least(form(&[(0, 1), (1, 1)]), r(5));
    let one = system.at_least(form(&[(0, 1), (1, -1)]), r(3));
    let two = system.at_least(form(&[(1, 1), (2, -1)]), r(4));
    let three = system.at_least(form(&[(2, 1), (0, -1)]), r(-6));
    let Outcome::Infeasible(certificate) = system.maximise(&Form::column(0)) else {
        panic!("has a point")
    };
    assert_contradiction(&system, &certificate);
    let named: Vec<Constraint> = certificate.terms().map(|(constraint, _)| constraint).collect();
    assert_eq!(named, [one, two, three]);
}

#[test]
fn contradictions_that_need_no_pivot() {
    let mut parallel = System::default();
    parallel.at_least(form(&[(0, 2), (1, -4)]), r(3));
    parallel.at_least(form(&[(0, -1), (1, 2)]), r(-1));
    let mut nothing = System::default();
    nothing.equal(Form::default(), r(-1));
    let mut crossed = System::default();
    crossed.bound(7, Some(half(3)), Some(r(1)));
    for system in [parallel, nothing, crossed] {
        let Err(certificate) = system.points() else {
            panic!("has a point")
        };
        assert_contradiction(&system, &certificate);
    }
    let mut fine = System::default();
    fine.at_least(Form::default(), r(0));
    assert!(fine.points().is_ok());
}

#[test]
fn equalities_bound_from_both_sides() {
    let mut system = System::default();
    system.equal(form(&[(3, -2)]), r(5));
    system.equal(form(&[(3, 2), (4, -3)]), r(1));
    for column in [3, 4] {
        let x = Form::column(column);
        let least = assert_optimal(&system, &x, false, &system.minimise(&x));
        let most = assert_optimal(&system, &x, true, &system.maximise(&x));
        assert_eq!(least, most);
        assert_eq!(least, if column == 3 { half(-5) } else { r(-2) });
    }
}

#[test]
fn without_bounds_there_is_no_optimum() {
    let mut system = System::default();
    system.at_least(form(&[(0, 1), (1, -1)]), r(0));
    assert_eq!(system.maximise(&Form::column(0)), Outcome::Unbounded);
    assert_eq!(system.maximise(&Form::column(9)), Outcome::Unbounded);
    let difference = form(&[(0, 1), (1, -1)]);
    assert_eq!(
        assert_optimal(&system, &difference, false, &system.minimise(&difference)),
        r(0)
    );
    let zero = Form::default();
    assert_eq!(assert_optimal(&system, &zero, true, &system.maximise(&zero)), r(0));
}

#[test]
fn a_degenerate_program_on_which_other_rules_cycle_ends() {
    // Beale (1955): without Bland's rule the textbook method returns to its first tableau after six pivots.
    let mut system = System::default();
    for column in 0..4 {
        system.bound(column, Some(r(0)), None);
    }
    let quarter = |n: i64| BigRational::new(n.into(), 4.into());
    system.at_most(
        &Form::new([
            (0, quarter(1)),
            (1, r(-60)),
            (2, BigRational::new((-1).into(), 25.into())),
            (3, r(9)),
        ]),
        &r(0),
    );
    system.at_most(
        &Form::new([
            (0, half(1)),
            (1, r(-90)),
            (2, BigRational::new((-1).into(), 50.into())),
            (3, r(3)),
        ]),
        &r(0),
    );
    system.bound(2, None, Some(r(1)));
    let objective = Form::new([
        (0, quarter(3)),
        (1, r(-150)),
        (2, BigRational::new(1.into(), 50.into())),
        (3, r(-6)),
    ]);
    let most = assert_optimal(&system, &objective, true, &system.maximise(&objective));
    assert_eq!(most, BigRational::new(1.into(), 20.into()));
}

#[test]
fn rounding_inwards_keeps_whole_points() {
    let (tight, bound) = form(&[(0, 6), (1, -4)]).whole_at_least(&r(3));
    assert_eq!((tight, bound), (form(&[(0, 3), (1, -2)]), r(2)));
    let (tight, bound) = Form::new([(0, half(1)), (1, BigRational::new(1.into(), 3.into()))]).whole_at_least(&half(1));
    assert_eq!((tight, bound), (form(&[(0, 3), (1, 2)]), r(3)));
    assert_eq!(Form::default().whole_at_least(&half(1)), (Form::default(), half(1)));
}

#[test]
fn ratios_have_sharp_ends() {
    // 100 ≤ x ≤ 200, 50 ≤ y ≤ 400, x ≥ y: x / y from 1 to 4.
    let mut system = System::default();
    system.bound(0, Some(r(100)), Some(r(200)));
    system.bound(1, Some(r(50)), Some(r(400)));
    system.at_least(form(&[(0, 1), (1, -1)]), r(0));
    let mut points = system.points().expect("has points");
    let range = points.ratio(&Form::column(0), &Form::column(1));
    assert_eq!((range.lower.clone(), range.upper.clone()), (Some(r(1)), Some(r(4))));
    assert!(range.contains(&r(2)) && !range.contains(&half(1)) && !range.contains(&half(9)));
    let through_zero = points.ratio(&Form::column(0), &form(&[(0, 1), (1, -1)]));
    assert_eq!((through_zero.lower, through_zero.upper), (None, None));
}

/// Rows over a few columns: coefficients, sense (−1 at most, 0 equal, 1 at least), bound.
type Rows = Vec<(Vec<i64>, i8, i64)>;

fn system_of(columns: usize, rows: &Rows, boxes: Option<(i64, i64)>) -> System {
    let mut system = boxes.map_or_else(System::default, |(lower, upper)| boxed(columns, lower, upper));
    for (coefficients, sense, bound) in rows {
        let row = Form::of_row(coefficients);
        match sense {
            -1 => system.at_most(&row, &r(*bound)),
            0 => system.equal(row, r(*bound)),
            _ => system.at_least(row, r(*bound)),
        };
    }
    system
}

/// Every whole point of the box that keeps the rows.
fn whole_points(columns: usize, rows: &Rows, (lower, upper): (i64, i64)) -> Vec<Vec<i64>> {
    let mut points: Vec<Vec<i64>> = vec![Vec::new()];
    for _ in 0..columns {
        points = points
            .iter()
            .flat_map(|p| (lower..=upper).map(move |x| [p.as_slice(), &[x]].concat()))
            .collect();
    }
    points.retain(|point| {
        rows.iter().all(|(coefficients, sense, bound)| {
            let value: i64 = coefficients.iter().zip(point).map(|(a, x)| a * x).sum();
            match sense {
                -1 => value <= *bound,
                0 => value == *bound,
                _ => value >= *bound,
            }
        })
    });
    points
}

fn rows(columns: usize, count: usize) -> impl Strategy<Value = Rows> {
    let sense = prop_oneof![4 => Just(1i8), 4 => Just(-1i8), 1 => Just(0i8)];
    let coefficient = prop_oneof![2 => Just(0i64), 3 => -5i64..=5];
    prop::collection::vec(
        (prop::collection::vec(coefficient, columns), sense, -12i64..=12),
        0..=count,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Against every whole point of a small box, and against the certificates, which alone show that nothing is greater.
    #[test]
    fn agrees_with_whole_points_and_certificates(rows in rows(3, 7), objective in prop::collection::vec(-6i64..=6, 3)) {
        let bounds = (-4, 5);
        let system = system_of(3, &rows, Some(bounds));
        let points = whole_points(3, &rows, bounds);
        let form = Form::of_row(&objective);
        let values = points.iter().map(|p| objective.iter().zip(p).map(|(c, x)| c * x).sum::<i64>());
        match system.maximise(&form) {
            Outcome::Infeasible(certificate) => {
                prop_assert!(points.is_empty(), "{:?}", points[0]);
                assert_contradiction(&system, &certificate);
                let Outcome::Infeasible(_) = system.minimise(&form) else { panic!("has points after all") };
            }
            Outcome::Unbounded => prop_assert!(false, "a box is bounded"),
            outcome => {
                let most = assert_optimal(&system, &form, true, &outcome);
                let least = assert_optimal(&system, &form, false, &system.minimise(&form));
                for value in values {
                    prop_assert!(r(value) <= most && r(value) >= least);
                }
            }
        }
    }

    /// Rounded inwards, a system keeps exactly its whole points, and its optima are never wider.
    #[test]
    fn rounding_inwards_loses_no_whole_point(rows in rows(3, 5), objective in prop::collection::vec(-6i64..=6, 3)) {
        let bounds = (-3, 4);
        let plain = system_of(3, &rows, Some(bounds));
        let mut rounded = boxed(3, bounds.0, bounds.1);
        for (coefficients, sense, bound) in &rows {
            let up = Form::of_row(coefficients);
            for (wanted, form, bound) in [(-1, up.times(&r(-1)), -bound), (1, up, *bound)] {
                if *sense == 0 || *sense == wanted {
                    let (form, bound) = form.whole_at_least(&r(bound));
                    rounded.at_least(form, bound);
                }
            }
        }
        for point in whole_points(3, &rows, bounds) {
            prop_assert!(rounded.holds_at(&point.iter().enumerate().map(|(j, x)| (j, r(*x))).collect()));
        }
        let form = Form::of_row(&objective);
        if let (Outcome::Optimum(wide), Outcome::Optimum(close)) = (plain.maximise(&form), rounded.maximise(&form)) {
            prop_assert!(close.value <= wide.value);
        }
    }

    /// Without a box: an optimum has its certificate, and where there is none there is a direction in which the form grows for ever.
    #[test]
    fn unbounded_exactly_where_a_ray_says_so(rows in rows(4, 6), objective in prop::collection::vec(-6i64..=6, 4)) {
        let system = system_of(4, &rows, None);
        let form = Form::of_row(&objective);
        match system.maximise(&form) {
            Outcome::Infeasible(certificate) => assert_contradiction(&system, &certificate),
            Outcome::Unbounded => {
                let still: Rows = rows.iter().map(|(a, sense, _)| (a.clone(), *sense, 0)).collect();
                let mut rays = system_of(4, &still, None);
                rays.at_least(form, BigRational::one());
                prop_assert!(rays.points().is_ok());
            }
            outcome => drop(assert_optimal(&system, &form, true, &outcome)),
        }
    }

    /// One start serves many forms: each optimum is the one that a fresh start finds.
    #[test]
    fn one_start_serves_many_forms(rows in rows(4, 6), objectives in prop::collection::vec(prop::collection::vec(-6i64..=6, 4), 6)) {
        let system = system_of(4, &rows, Some((-9, 9)));
        let Ok(mut points) = system.points() else { return Ok(()) };
        for objective in objectives {
            let form = Form::of_row(&objective);
            let Outcome::Optimum(fresh) = system.maximise(&form) else { panic!("a box is bounded") };
            let warm = Outcome::Optimum(points.maximum(&form).expect("a box is bounded"));
            prop_assert_eq!(assert_optimal(&system, &form, true, &warm), fresh.value);
        }
    }

    /// The ends of a ratio are sharp: N − t·D is at most 0 everywhere, and 0 somewhere.
    #[test]
    fn ratios_are_exact(rows in rows(3, 5), n in prop::collection::vec(-6i64..=6, 3), d in prop::collection::vec(0i64..=6, 3)) {
        let bounds = (-2, 5);
        let mut system = system_of(3, &rows, Some(bounds));
        let (numerator, denominator) = (Form::of_row(&n), Form::of_row(&d));
        system.at_least(denominator.clone(), BigRational::one());
        let Ok(mut points) = system.points() else { return Ok(()) };
        let range = points.ratio(&numerator, &denominator);
        let (Some(lower), Some(upper)) = (&range.lower, &range.upper) else { panic!("a box is bounded") };
        let gap = |t: &BigRational| numerator.plus(&denominator.times(&-t));
        prop_assert_eq!(assert_optimal(&system, &gap(upper), true, &system.maximise(&gap(upper))), BigRational::zero());
        prop_assert_eq!(assert_optimal(&system, &gap(lower), false, &system.minimise(&gap(lower))), BigRational::zero());
        for point in whole_points(3, &rows, bounds) {
            let value = |c: &[i64]| c.iter().zip(&point).map(|(c, x)| c * x).sum::<i64>();
            if value(&d) >= 1 {
                prop_assert!(range.contains(&BigRational::new(value(&n).into(), value(&d).into())));
            }
        }
    }
}

/// As large as two statements with every identity and 300 half-spaces in 40 directions, as several years of policies give them: all
/// 128 ends, each with its certificate.
#[test]
fn two_statements_and_300_half_spaces() {
    let mut seed = 20_261_128u64;
    let mut next = |below: u64| {
        // Knuth's MMIX generator; the high bits are the good ones.
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let schema = &crate::schema::ENTERPRISE_FINANCIALS;
    let mut system = System::default();
    for column in 0..64 {
        let (lower, upper) = schema.range(column % 32);
        system.bound(column, Some(r(lower)), Some(r(upper)));
    }
    for statement in 0..2 {
        for identity in schema.identities {
            let terms = identity
                .terms
                .iter()
                .map(|(j, sign)| (j + 32 * statement, r(i64::from(*sign))));
            system.equal(Form::new(terms), r(0));
        }
    }
    // A company to be true of: whatever figures, each half-space holds at them.
    let mut company: Vec<i64> = (0..64).map(|_| next(1_000_000_000) as i64).collect();
    for s in [0, 32] {
        company[s + 26] = 0;
        company[s + 5] = company[s] + company[s + 1];
        company[s + 8] = company[s + 6] + company[s + 7];
        company[s + 20] = company[s + 5] - company[s + 8];
    }
    let directions: Vec<Vec<(usize, i64)>> = (0..40)
        .map(|_| {
            let terms = 1 + next(3);
            (0..terms).map(|_| (next(64) as usize, next(41) as i64 - 20)).collect()
        })
        .collect();
    for _ in 0..300 {
        let terms = &directions[next(40) as usize];
        let value: i128 = terms
            .iter()
            .map(|(j, c)| i128::from(*c) * i128::from(company[*j]))
            .sum();
        let bound = value - i128::from(next(1_000_000_000));
        system.at_least(form(terms), BigRational::from(BigInt::from(bound)));
    }
    let mut points = system.points().expect("the company");
    for (column, value) in company.iter().enumerate() {
        let x = Form::column(column);
        let (least, most) = (points.minimum(&x).expect("boxed"), points.maximum(&x).expect("boxed"));
        let least = assert_optimal(&system, &x, false, &Outcome::Optimum(least));
        let most = assert_optimal(&system, &x, true, &Outcome::Optimum(most));
        assert!(least <= r(*value) && r(*value) <= most, "column {column}");
    }
}
