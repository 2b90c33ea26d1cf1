//! What the vault remembers, as the meter reads it: over two statements and three, and in words.

use covenant_api::types::{IsoDate, TierName};

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
        });
    }
    let metered = Metered::of(&contents).expect("readable");
    let next = compile(&source("revenue >= 1")).expect("compiles");
    let refused = metered.additions(0, &next, &[FieldElement::default()], Some(("yes", true)));
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

/// Two linked proofs of one answer, and what they tell of three statements.
#[test]
fn each_proof_of_a_policy_of_three_statements_is_metered() {
    let source = include_str!("../../../../policies/three-statements.toml");
    let compiled = compile(source).expect("compiles");
    let ids = [1, 2, 3].map(element);
    let answered = |tier: &str, used: &[FieldElement]| {
        let mut contents = contents();
        contents.disclosures.push(Disclosure {
            bank: Hex32([1; 32]),
            bank_name: Name::parse("Banque Exemple").expect("a name"),
            policy: Hex32([2; 32]),
            policy_source: source.to_owned(),
            tier: TierName::parse(tier).expect("a name"),
            request: Hex32([3; 32]),
            statements: used.to_vec(),
            as_of: IsoDate::parse("2026-03-31").expect("a date"),
            bundle: Hex32([4; 32]),
            proven: UtcTime::parse("2026-03-31T10:00:00Z").expect("an instant"),
            best: true,
            beyond_budget: false,
        });
        Metered::of(&contents).expect("readable")
    };
    let told = |metered: &Metered| -> Vec<_> {
        let asked = metered.asked.iter();
        asked
            .map(|asked| (asked.part, asked.statements, asked.outcome))
            .collect()
    };
    let tier = |tier| Outcome::Tier { tier, best: false };
    let both = answered("A", &ids);
    assert_eq!(
        told(&both),
        [(0, [Some(0), Some(1)], tier(1)), (1, [Some(0), Some(2)], tier(1))]
    );
    let schemas: Vec<&str> = both.statements.iter().map(|(_, schema, _)| schema.name).collect();
    assert_eq!(
        schemas,
        [
            "enterprise-financials/v1",
            "enterprise-financials/v1",
            "monthly-series/v1"
        ]
    );
    // The last tier takes one proof. That A is not reached may be due to the series: nothing is read into it.
    let one = answered("B", &ids[..2]);
    assert_eq!(told(&one), [(0, [Some(0), Some(1)], tier(2))]);

    // Each proof adds its own: the accounts with the year before, then the accounts with the series.
    let mut fresh = answered("B", &ids[..2]);
    fresh.asked.clear();
    let series = Schema::named("monthly-series/v1").expect("known");
    fresh.statements.push((ids[2], series, None));
    let added = fresh
        .additions(0, &compiled, &ids, Some(("A", true)))
        .expect("possible");
    let statements = |added: &Addition| -> BTreeSet<usize> { added.changes.iter().map(|c| c.statement).collect() };
    assert!(added.iter().all(|added| added.informative));
    assert!(statements(&added[0]).is_subset(&BTreeSet::from([0, 1])));
    assert!(statements(&added[1]).is_subset(&BTreeSet::from([0, 2])));
    // Once they are told, nothing is new in them.
    let again = both.additions(0, &compiled, &ids, Some(("A", true))).expect("possible");
    assert!(again.len() == 2 && again.iter().all(|added| !added.informative));
    assert_eq!(sentence(&again), "tells the bank nothing that it does not know");
}

/// Over three statements silence may be due to either proof.
#[test]
fn silence_over_three_statements_is_not_read() {
    let mut contents = contents();
    contents.unanswered.push(Unanswered {
        bank: Hex32([1; 32]),
        bank_name: Name::parse("Banque Exemple").expect("a name"),
        policy: Hex32([2; 32]),
        policy_source: include_str!("../../../../policies/three-statements.toml").to_owned(),
        request: Hex32([3; 32]),
        statements: [1, 2, 3].map(element).to_vec(),
        tried: UtcTime::parse("2026-03-31T10:00:00Z").expect("an instant"),
    });
    assert!(Metered::of(&contents).expect("readable").asked.is_empty());
}
