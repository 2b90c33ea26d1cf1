//! Policies of three statements: two proofs that are linked, of which a tier takes one or both.

use covenant_policy::evaluate::evaluate_columns;
use covenant_policy::program::{FIGURES, Program, Relation, STATEMENTS};
use covenant_policy::schema::{MONTHLY_SERIES, Schema};
use covenant_policy::{Compiled, compile};
use proptest::prelude::*;

use super::promise::{Outline, assert_true, built, figures, outline};
use super::{big, books, columns_of, index, schemas};
use crate::budget::{Budget, addition, silence_tells};
use crate::facts::facts;
use crate::{Answer, Belief, Outcome, Part, View};

/// A policy over accounts, the accounts of the year before and a series of months.
fn three(accounts: &str, series: &str, tiers: &[(&str, &[&str])]) -> Compiled {
    let mut text = format!(
        "type = \"policy\"\nversion = 1\nname = \"test\"\ntitle = \"A test\"\nschema = \"enterprise-financials/v1\"\n\
         currency = \"EUR\"\nbasis = \"solo\"\nage_max_days = 300\nattestors = \"registry\"\n\
         [statement]\nsource = \"attested\"\n[second]\nrelation = \"prior\"\nsource = \"attested\"\n\
         [third]\nrelation = \"companion\"\nschema = \"monthly-series/v1\"\nsource = \"attested\"\n\
         [[rule]]\nname = \"accounts\"\nrequire = \"{accounts}\"\n[[rule]]\nname = \"series\"\nrequire = \"{series}\"\n\
         [[rule]]\nname = \"before\"\nrequire = \"prior.revenue >= 0\"\n[tiers]\nkind = \"decision-list\"\n"
    );
    for (name, requires) in tiers {
        text += &format!("[[tiers.tier]]\nname = \"{name}\"\nrequires = {requires:?}\n");
    }
    compile(&text).unwrap_or_else(|refusal| panic!("{refusal}\n{text}"))
}

/// The schemas of the accounts, those of the year before and the series, in the order of the statements.
fn of_three() -> Vec<&'static Schema> {
    let mut all = schemas(2);
    all.push(&MONTHLY_SERIES);
    all
}

fn parts<'p>(programs: impl IntoIterator<Item = &'p Program>, third: Option<usize>) -> Vec<Part<'p>> {
    let statements = [[Some(0), Some(1)], [Some(0), third]];
    let parts = programs.into_iter().zip(statements);
    parts
        .map(|(program, statements)| Part { program, statements })
        .collect()
}

/// The tiers that are reached in every part that they take.
fn reached(parts: &[Part<'_>], books: &[[i64; FIGURES]]) -> Vec<usize> {
    let evaluated: Vec<_> = parts
        .iter()
        .map(|part| evaluate_columns(part.program, columns_of(books, part.statements)))
        .collect();
    let holds = |name: &str| {
        parts.iter().zip(&evaluated).all(|(part, evaluation)| {
            let place = part.program.tiers.iter().position(|tier| tier.name == name);
            place.is_none_or(|place| evaluation.tiers[place].achieved)
        })
    };
    let tiers = parts[0].program.tiers.iter().enumerate();
    tiers.filter(|(_, tier)| holds(&tier.name)).map(|(k, _)| k).collect()
}

/// What the enterprise answers: the best tier, or nothing.
fn answered<'p>(compiled: &'p Compiled, books: &[[i64; FIGURES]]) -> Answer<'p> {
    let parts = parts(compiled.parts().map(|(program, _)| program), Some(2));
    let best = reached(&parts, books).first().copied();
    Answer {
        bank: 0,
        parts,
        outcome: best.map_or(Outcome::Silence, |tier| Outcome::Tier { tier, best: true }),
    }
}

/// The outline of a linked pair: which tiers take the second part.
fn pair() -> impl Strategy<Value = (Outline, Outline, [bool; 3])> {
    (outline(), outline(), any::<[bool; 3]>())
}

fn built_pair(pair: &(Outline, Outline, [bool; 3]), books: &[[i64; FIGURES]]) -> [Program; STATEMENTS] {
    let (first, second, takes) = pair;
    let first = built(first, &columns_of(books, [Some(0), Some(1)]));
    let mut second = built(second, &columns_of(books, [Some(0), Some(2)]));
    second.relation = Relation::Companion;
    let named = |name: &str| first.tiers.iter().position(|tier| tier.name == name);
    second.tiers.retain(|tier| named(&tier.name).is_some_and(|k| takes[k]));
    [first, second]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever the company, whatever was asked over three statements, however it was answered, and whether the third one is known or not.
    #[test]
    fn every_range_over_three_statements_contains_the_true_figure(
        truth in prop::array::uniform3(figures()),
        asked in prop::collection::vec((pair(), any::<bool>(), any::<bool>(), any::<prop::sample::Index>()), 1..=3),
    ) {
        let programs: Vec<_> = asked.iter().map(|(pair, ..)| built_pair(pair, &truth)).collect();
        let answers: Vec<Answer<'_>> = programs.iter().zip(&asked).map(|(programs, (_, lower, known, which))| {
            let all = parts(programs, Some(2));
            let reached = reached(&all, &truth);
            let outcome = match reached.first() {
                None => Outcome::Silence,
                Some(_) if *lower => Outcome::Tier { tier: *which.get(&reached), best: false },
                Some(best) => Outcome::Tier { tier: *best, best: true },
            };
            Answer { bank: 0, parts: if *known { all } else { parts(programs, None) }, outcome }
        }).collect();
        assert_true(&truth, &answers);
    }
}

#[test]
fn a_tier_that_is_missed_is_missed_in_one_of_its_proofs() {
    let tiers: &[(&str, &[&str])] = &[("A", &["before", "accounts", "series"]), ("B", &["before"])];
    let policy = three("cash >= 100", "companion.invoiced_1 >= 200", tiers);
    let mut series = [0; FIGURES];
    series[0] = 20_000;
    let truth = [books(&[("cash", 9_999)]), books(&[]), series];
    let told = facts(&answered(&policy, &truth), Belief::Inferred);
    let cash = |told: &[crate::facts::Facts]| {
        let mut view = View::new(&of_three(), told).expect("true");
        let (cash, invoiced) = (view.figure(0, index("cash")), view.figure(2, 0));
        (cash.upper, invoiced.upper)
    };
    let most = big(i64::MAX);
    // Cash below 100 or the first month below 200: neither follows. With the month's figure told, the other does.
    assert_eq!(cash(std::slice::from_ref(&told)), (most.clone(), most.clone()));
    let month = three(
        "cash >= 0",
        "companion.invoiced_1 >= 200",
        &[("A", &["before", "series"])],
    );
    let month = facts(&answered(&month, &truth), Belief::Inferred);
    assert_eq!(cash(&[told, month]), (big(9_999), most.clone()));
    // Silence on tiers of which the last takes the first proof alone: it fails there, whatever the series is, or whether there is one.
    let tiers: &[(&str, &[&str])] = &[("A", &["before", "accounts", "series"]), ("B", &["before", "accounts"])];
    let policy = three("cash >= 100", "companion.invoiced_1 >= 200", tiers);
    for third in [Some(2), None] {
        let programs: Vec<_> = policy.parts().map(|(program, _)| program).collect();
        let silent = Answer {
            bank: 0,
            parts: parts(programs, third),
            outcome: Outcome::Silence,
        };
        assert!(silence_tells(&of_three(), &[], &silent, &Budget::default()));
        let proven = facts(&silent, Belief::Proven);
        assert_eq!(cash(&[proven]), (most.clone(), most.clone()));
        // Revenue is never negative, so that the rule on the year before holds in any case.
        assert_eq!(cash(&[facts(&silent, Belief::Inferred)]), (big(9_999), most.clone()));
    }
}

/// A bank that dresses its questions up with a third statement whose rule always holds, and reads silence as no.
#[test]
fn a_bank_that_bisects_over_three_statements_is_stopped() {
    let truth = [books(&[("revenue", 123_456_789)]), books(&[]), [0; FIGURES]];
    let (schemas, budget) = (of_three(), Budget::default());
    let (mut low, mut high) = (0i64, 300_000_000i64);
    let mut past: Vec<Answer<'_>> = Vec::new();
    let (mut told, mut stopped) = (0, 0);
    // The policies of the whole bisection, as if it got every answer that it asks for.
    let policies: Vec<Compiled> = (0..16)
        .map(|_| {
            let middle = low + (high - low) / 2;
            let rule = format!("revenue >= {}.{:02}", middle / 100, middle % 100);
            if middle > truth[0][index("revenue")] {
                high = middle;
            } else {
                low = middle;
            }
            let tiers: &[(&str, &[&str])] = &[("yes", &["before", "accounts", "series"])];
            three(&rule, "companion.invoiced_1 >= 0", tiers)
        })
        .collect();
    for policy in &policies {
        let next = answered(policy, &truth);
        let added = addition(&schemas, &past, &next, &budget).expect("true");
        let goes = match next.outcome {
            Outcome::Silence | Outcome::Withheld => silence_tells(&schemas, &past, &next, &budget),
            Outcome::Tier { .. } => added.exceeded.is_none(),
        };
        if goes {
            told += u32::from(added.informative);
            past.push(next);
        } else {
            stopped += 1;
        }
    }
    assert!(
        told <= budget.answers && stopped > 8,
        "{told} told something, {stopped} were stopped"
    );
    let facts: Vec<_> = past.iter().map(|answer| facts(answer, Belief::Inferred)).collect();
    let range = View::new(&schemas, &facts).expect("true").figure(0, index("revenue"));
    assert!(range.contains(&big(truth[0][index("revenue")])));
    assert!(range.width() * 10 > range.upper, "{range:?}");
}

/// The same question beside another third statement is not one that was asked of another year.
#[test]
fn another_third_statement_does_not_lift_the_limit_on_width() {
    let tiers: &[(&str, &[&str])] = &[("yes", &["before", "accounts", "series"])];
    let policy = three("cash between 100 and 101", "companion.invoiced_1 >= 100", tiers);
    let programs = || policy.parts().map(|(program, _)| program);
    let yes = Outcome::Tier { tier: 0, best: true };
    let of = |third| Answer {
        bank: 0,
        parts: parts(programs(), third),
        outcome: yes,
    };
    let mut all = of_three();
    all.push(&MONTHLY_SERIES);
    let before = Answer {
        outcome: Outcome::Silence,
        ..of(Some(3))
    };
    let added = addition(&all, &[before], &of(Some(2)), &Budget::default());
    assert!(added.expect("possible").exceeded.is_some());
}
