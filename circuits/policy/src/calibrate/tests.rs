use super::*;
use crate::compiler::compile;
use crate::evaluate::evaluate_columns;
use crate::testing::{SAMPLES, balanced, compiled, index};
use proptest::prelude::*;

fn given(figures: &[(&str, i64)]) -> Given {
    let mut given = [None; COLUMNS];
    for (name, value) in figures {
        given[index(name)] = Some(*value);
    }
    given
}

#[test]
fn what_is_missing_is_neither_passed_nor_failed() {
    let rules = [
        ("liquid", "current_assets / current_liabilities >= 1.2"),
        ("earns", "ebitda > 0"),
        ("either", "liquid or earns"),
        ("both", "at least 2 of (liquid, earns)"),
    ];
    let compiled = compiled("", &rules);
    let judged = |figures: &[(&str, i64)]| judge(&compiled.program, &compiled.texts, &given(figures)).rules;
    let (yes, no) = (Some(true), Some(false));
    assert_eq!(judged(&[("ca", 12), ("cl", 10)]), [yes, None, yes, None]);
    assert_eq!(judged(&[("ca", 11), ("cl", 10)]), [no, None, None, no]);
    assert_eq!(judged(&[("ca", 11), ("ebitda", 1)]), [None, yes, yes, None]);
    // A denominator that is not above zero fails the rule, whatever else is missing.
    assert_eq!(judged(&[("cl", 0), ("ebitda", 0)]), [no, no, no, no]);
    assert_eq!(judged(&[]), [None; 4]);
}

#[test]
fn sums_fill_in_what_they_fix_and_refuse_what_they_do_not_allow() {
    let compiled = compiled("", &[("a", "equity > 0")]);
    let filled = completed(
        &compiled.program,
        &given(&[("ta", 100), ("ca", 60), ("tl", 70), ("cl", 30)]),
    )
    .unwrap();
    let at = |name: &str| filled[index(name)];
    assert_eq!(
        (at("equity"), at("nca"), at("ncl"), at("cash")),
        (Some(30), Some(40), Some(40), None)
    );
    let wrong = completed(&compiled.program, &given(&[("ta", 100), ("tl", 70), ("equity", 31)]));
    assert_eq!(wrong.map_err(|identity| identity.name), Err("balance"));
    // What cannot be is not filled in: current assets above all assets.
    let odd = completed(&compiled.program, &given(&[("ta", 100), ("ca", 101)])).unwrap();
    assert_eq!(odd[index("nca")], None);
}

#[test]
fn counts_add_up_and_quantiles_are_of_companies() {
    let compiled = compiled(
        "",
        &[
            ("liquid", "current_assets / current_liabilities >= 1.2"),
            ("rich", "cash >= 1 EUR"),
        ],
    );
    let mut calibrator = Calibrator::new(&compiled.program, &compiled.texts);
    for ca in 1..=100 {
        calibrator.add(&given(&[("ca", ca), ("cl", 50), ("ta", 200), ("tl", 60)]));
    }
    calibrator.add(&given(&[("ca", 1), ("cl", 0)]));
    calibrator.add(&given(&[("ta", 1), ("tl", 1), ("equity", 1)]));
    let counts = calibrator.finish();
    let [liquid, rich] = counts.rules.as_slice() else {
        panic!("two rules")
    };
    assert_eq!((counts.companies, counts.sums_disagree, counts.covered), (102, 1, 0));
    assert_eq!(
        (liquid.holds, liquid.fails, liquid.undefined, liquid.not_covered),
        (41, 60, 1, 0)
    );
    assert_eq!(
        (rich.holds, rich.fails, rich.not_covered, &rich.quantiles),
        (0, 0, 101, &None)
    );
    assert_eq!(liquid.asked.as_deref(), Some("at least 1.2"));
    assert_eq!(
        liquid.quantiles.clone(),
        Some(["0.2", "0.5", "1", "1.5", "1.8"].map(String::from))
    );
    assert_eq!((counts.tiers[0].best, counts.no_tier, counts.undecided), (41, 0, 60));
}

proptest! {
    /// Whatever is left out, what is decided is what the whole figures give.
    #[test]
    fn what_is_decided_does_not_change_with_what_is_found_later(seed in prop::collection::vec(0i64..3_000, FIGURES), mask in any::<u64>()) {
        for text in SAMPLES {
            let compiled = compile(text).unwrap();
            let mut columns = [0; COLUMNS];
            for (column, cell) in columns.iter_mut().enumerate() {
                *cell = seed[column % FIGURES] * (1 + (column / FIGURES) as i64) / 2;
            }
            let whole = evaluate_columns(&compiled.program, columns);
            let mut given: Given = columns.map(Some);
            for (column, cell) in given.iter_mut().enumerate() {
                if mask >> column & 1 == 0 {
                    *cell = None;
                }
            }
            let judged = judge(&compiled.program, &compiled.texts, &given);
            for (decided, passes) in judged.rows.iter().zip(&whole.passes) {
                prop_assert!(decided.is_none_or(|d| d == *passes));
            }
            for (decided, tier) in judged.tiers.iter().zip(&whole.tiers) {
                prop_assert!(decided.is_none_or(|d| d == tier.achieved));
            }
            let full = judge(&compiled.program, &compiled.texts, &columns.map(Some));
            prop_assert_eq!(full.best(), Some(whole.best));
        }
    }
}

#[test]
fn a_statement_is_judged_as_it_is_evaluated() {
    let compiled = compile(SAMPLES[0]).unwrap();
    let first = balanced(&[("cash", 1)]);
    let evaluation = crate::evaluate::evaluate(&compiled.program, &first, None).unwrap();
    let judged = judge(&compiled.program, &compiled.texts, &evaluation.columns.map(Some));
    assert_eq!(judged.best(), Some(evaluation.best));
}
