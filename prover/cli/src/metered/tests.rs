//! What the vault remembers, as the meter reads it: over two statements and three, and in words.

use std::collections::BTreeSet;

use covenant_api::types::{IsoDate, TierName};
use covenant_meter::facts::facts;
use covenant_meter::{Belief, View};

use super::*;
use crate::vault::{Disclosure, Phrase, Unanswered};

fn element(number: u8) -> FieldElement {
    FieldElement::parse(&number.to_string()).expect("a small number")
}

fn contents() -> Contents {
    Contents::new(Phrase::from_entropy(&[5; 32]).expect("a phrase").secrets())
}

/// Records that nobody could have made: the same figures at most 5 cents of cash, and at least 6.
#[test]
fn records_that_exclude_each_other_are_refused() {
    let source = |require: &str| {
        format!(
            "type = \"policy\"\nversion = 1\nname = \"test\"\ntitle = \"A test\"\nschema = \"enterprise-financials/v1\"\n\
             currency = \"EUR\"\nbasis = \"solo\"\nage_max_days = 300\nattestors = \"registry\"\n[[rule]]\nname = \"one\"\n\
             require = \"{require}\"\n[tiers]\nkind = \"decision-list\"\n[[tiers.tier]]\nname = \"yes\"\nrequires = [\"one\"]\n"
        )
    };
    let mut contents = contents();
    for require in ["cash >= 0.06", "cash < 0.06"] {
        contents.unanswered.push(Unanswered {
            bank: Hex32([1; 32]),
            bank_name: Name::parse("Banque Exemple").expect("a name"),
            policy: Hex32([2; 32]),
            policy_source: source(require),
            request: Hex32([3; 32]),
            statements: vec![FieldElement::default()],
            tried: UtcTime::parse("2026-03-31T10:00:00Z").expect("an instant"),
            withheld: false,
        });
    }
    let metered = Metered::of(&contents).expect("readable");
    let next = compile(&source("revenue >= 1")).expect("compiles");
    let refused = metered.addition(0, &next, &[FieldElement::default()], Some(("yes", true)));
    assert_eq!(refused.err().map(|r| r.code()), Some("disclosures-contradict"));
}

#[test]
fn ratios_are_rounded_outwards() {
    let end = |n: i64, d: i64| Some(BigRational::new(n.into(), d.into()));
    let range = covenant_policy::linear::Interval {
        lower: end(-1, 3),
        upper: end(2, 3),
    };
    assert_eq!(ratio_range(Some(&range)), "−0.3334 to 0.6667");
    assert_eq!(ratio_range(None), "anything");
    let by_size_alone = covenant_policy::linear::Interval {
        lower: end(3, 100),
        upper: end(i64::MAX, 50_000_000),
    };
    assert_eq!(ratio_range(Some(&by_size_alone)), "at least 0.0300");
}

/// What was told under the sample policy of three statements, over these.
fn over_three(claim: Option<&str>, against: &[FieldElement]) -> Metered {
    let (bank, policy, request) = (Hex32([1; 32]), Hex32([2; 32]), Hex32([3; 32]));
    let bank_name = Name::parse("Banque Exemple").expect("a name");
    let when = UtcTime::parse("2026-03-31T10:00:00Z").expect("an instant");
    let mut contents = contents();
    match claim {
        Some(tier) => contents.disclosures.push(Disclosure {
            bank,
            bank_name,
            policy,
            policy_source: THREE.to_owned(),
            tier: TierName::parse(tier).expect("a name"),
            request,
            statements: against.to_vec(),
            as_of: IsoDate::parse("2026-03-31").expect("a date"),
            bundle: Hex32([4; 32]),
            proven: when,
            best: true,
            beyond_budget: false,
        }),
        None => contents.unanswered.push(Unanswered {
            bank,
            bank_name,
            policy,
            policy_source: THREE.to_owned(),
            request,
            statements: against.to_vec(),
            tried: when,
            withheld: false,
        }),
    }
    Metered::of(&contents).expect("readable")
}

const THREE: &str = include_str!("../../../../policies/three-statements.toml");

/// The figures of each statement of which the answer narrows the range.
fn narrowed(metered: &Metered, belief: Belief) -> Vec<(usize, String)> {
    let (schemas, answers) = (metered.schemas(), metered.answers(None));
    let told: Vec<_> = answers.iter().map(|answer| facts(answer, belief)).collect();
    let mut known = View::new(&schemas, &told).expect("possible");
    let mut nothing = View::new(&schemas, []).expect("possible");
    let all = (0..schemas.len()).flat_map(|statement| (0..FIGURES).map(move |figure| (statement, figure)));
    let narrower = all.filter(|(s, f)| known.figure(*s, *f) != nothing.figure(*s, *f));
    narrower.map(|(s, f)| (s, metered.figure(s, f))).collect()
}

/// Two linked proofs of one answer, and what they tell of three statements.
#[test]
fn both_proofs_of_a_policy_of_three_statements_are_one_answer() {
    let compiled = compile(THREE).expect("compiles");
    let ids = [1, 2, 3].map(element);
    let both = over_three(Some("A"), &ids);
    let schemas: Vec<&str> = both.statements.iter().map(|(_, schema, _)| schema.name).collect();
    assert_eq!(
        schemas,
        [
            "enterprise-financials/v1",
            "enterprise-financials/v1",
            "monthly-series/v1"
        ]
    );
    assert_eq!(both.asked[0].statements, [[Some(0), Some(1)], [Some(0), Some(2)]]);
    let answers = both.answers(None);
    assert_eq!((answers.len(), answers[0].parts.len()), (1, 2));
    // Once it is told, nothing is new in it.
    let again = both.addition(0, &compiled, &ids, Some(("A", true))).expect("possible");
    assert!(!again.informative);
    assert_eq!(sentence(&again), "tells the bank nothing that it does not know");
    // To a bank that was told nothing yet it tells of all three.
    let added = both.addition(1, &compiled, &ids, Some(("A", true))).expect("possible");
    assert!(added.informative);
    let of: BTreeSet<usize> = answers[0].parts.iter().flat_map(|p| p.statements).flatten().collect();
    assert_eq!(of, BTreeSet::from([0, 1, 2]));
}

/// The last tier asks for the accounts alone, so that silence tells of them, whatever the series is.
#[test]
fn silence_over_three_statements_is_read() {
    let ids = [1, 2, 3].map(element);
    for against in [&ids[..], &ids[..2]] {
        let silent = over_three(None, against);
        assert_eq!(silent.asked.len(), 1);
        assert_eq!(narrowed(&silent, Belief::Proven), []);
        let told = facts(&silent.answers(None)[0], Belief::Inferred);
        assert!(!told.spaces.is_empty() || !told.choices.is_empty(), "{told:?}");
    }
    // A bank learns as much again as it knew: nothing.
    let compiled = compile(THREE).expect("compiles");
    let silent = over_three(None, &ids);
    assert!(!silent.addition(0, &compiled, &ids, None).expect("possible").informative);
}
