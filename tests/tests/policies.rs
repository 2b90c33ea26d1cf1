//! Every sample policy, of every kind, under one verifying key: what it claims is proven, and what it does not is refused.

use std::sync::OnceLock;

use covenant_proofs::{
    keys::ProvingKey,
    prove::{ProveError, prove},
    statement::Statement as _,
    verify::PreparedKey,
};
use covenant_statements::compliance::{Compliance, Rule};
use covenant_tests::company::{Amounts, claim, claims, key, policy_with_rules, proof, sample_policy};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

fn shared_key() -> &'static ProvingKey {
    static KEY: OnceLock<ProvingKey> = OnceLock::new();
    KEY.get_or_init(key)
}

/// The year before of a company that grew.
const SMALLER: &Amounts = &[("revenue", 1_800_000)];

/// Proves a tier, and verifies with the key prepared for the policy at that tier.
fn assert_proven(policy: &str, tier: &str, change: &Amounts, change_before: &Amounts) {
    let (public, witness) = claim(policy, tier, change, change_before);
    let (inputs, proof) = proof(shared_key(), &public, &witness);
    assert_eq!(proof.to_bytes().len(), 128);
    let (fixed, rest) = inputs.split_at(Compliance::policy_inputs());
    let prepared = PreparedKey::new::<Compliance>(shared_key().verifying(), fixed).expect("the policy's inputs fit");
    assert_eq!(prepared.verify(rest, &proof), Ok(()), "{tier}");
}

/// The tier cannot be proven, because its minimum is not reached.
fn assert_out_of_reach(policy: &str, tier: &str, change: &Amounts) {
    let (public, witness) = claim(policy, tier, change, SMALLER);
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    match prove::<Compliance>(shared_key(), &public, &witness, &mut rng) {
        Err(ProveError::Violation(violation)) => assert_eq!(violation.rule, Rule::TierReached, "{tier}"),
        other => panic!("{tier}: {other:?}"),
    }
}

#[test]
fn decision_list_scorecard_and_pricing_grid_share_one_key() {
    let list = sample_policy("working-capital-decision-list");
    assert_proven(&list, "AAA", &[], &[]);
    assert_proven(&list, "A", &[], &[]);
    assert_out_of_reach(&list, "AAA", &[("operating_cash_flow", -1)]);

    let scorecard = sample_policy("small-enterprise-scorecard");
    assert_proven(&scorecard, "A", &[], &[]);
    // 25 of 100 points are lost with the profit and what is measured by it; grade B remains.
    assert_out_of_reach(&scorecard, "A", &[("net_income", -1)]);
    assert_proven(&scorecard, "B", &[("net_income", -1)], &[]);

    let grid = sample_policy("leverage-pricing-grid");
    assert_proven(&grid, "I", &[], &[]);
    assert_out_of_reach(&grid, "I", &[("financial_debt", 340_000)]);
    assert_proven(&grid, "II", &[("financial_debt", 340_000)], &[]);
    // Leverage of 4.0, but 3.45 net of cash: the combination "or" of the third level holds by its second part.
    assert_out_of_reach(&grid, "III", &[("financial_debt", 880_000)]);
    assert_proven(&grid, "III", &[("financial_debt", 775_000)], &[]);
}

#[test]
fn the_remaining_sample_policies_are_proven() {
    assert_proven(&sample_policy("supplier-screen"), "A", &[], &[]);
    let growth = sample_policy("growth-with-prior");
    assert_proven(&growth, "growing", &[], SMALLER);
    assert_proven(&growth, "stable", &[("revenue", 1_700_000)], SMALLER);
    assert_out_of_reach(&growth, "growing", &[("revenue", 1_700_000)]);
}

/// Proves every part of a tier, all of them about the same first statement.
fn assert_all_proven(policy: &str, tier: &str, changes: [&Amounts; 3], proofs: usize) {
    let claims = claims(policy, tier, changes);
    assert_eq!(claims.len(), proofs, "{tier}");
    for (public, witness) in &claims {
        let (inputs, proof) = proof(shared_key(), public, witness);
        let (fixed, rest) = inputs.split_at(Compliance::policy_inputs());
        let prepared = PreparedKey::new::<Compliance>(shared_key().verifying(), fixed).expect("the inputs fit");
        assert_eq!(prepared.verify(rest, &proof), Ok(()), "{tier}");
        let first = |public: &covenant_statements::compliance::Public| {
            (public.proof.period_tags[0], public.proof.statement_links[0])
        };
        assert_eq!(first(public), first(&claims[0].0), "about the same first statement");
    }
}

/// A share of revenue that an authority signed, beside accounts that an accountant did: two attestors in one proof.
#[test]
fn the_attested_share_of_a_figure_is_a_rule() {
    let policy = sample_policy("attested-share");
    assert_all_proven(&policy, "A", [&[], &[], &[]], 1);
    // 1.76 of 2 million: 88 %.
    let late: &Amounts = &[("invoiced_12", 0)];
    assert_all_proven(&policy, "B", [&[], late, &[]], 1);
    let (public, witness) = claim(&policy, "A", &[], late);
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let refused = prove::<Compliance>(shared_key(), &public, &witness, &mut rng);
    assert!(matches!(refused, Err(ProveError::Violation(v)) if v.rule == Rule::TierReached));
    // What only an accountant signed is no authority's word.
    let (public, mut witness) = claim(&policy, "A", &[], &[]);
    witness.statements[1]
        .as_mut()
        .expect("the companion")
        .statement
        .assurance
        .0 = 3;
    let refused = prove::<Compliance>(shared_key(), &public, &witness, &mut rng);
    assert!(matches!(refused, Err(ProveError::Violation(_))));
}

/// Three statements: a proof for the year before, and a linked one for what the authority knows.
#[test]
fn three_statements_are_two_linked_proofs() {
    let policy = sample_policy("three-statements");
    assert_all_proven(&policy, "AA", [&[], SMALLER, &[]], 2);
    assert_all_proven(&policy, "A", [&[("revenue", 1_700_000)], SMALLER, &[]], 2);
    let little: &Amounts = &[("invoiced_1", 0), ("invoiced_2", 0)];
    assert_all_proven(&policy, "B", [&[], SMALLER, little], 1);
    let mut claims = claims(&policy, "A", [&[], SMALLER, little]);
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let (public, witness) = claims.pop().expect("the linked proof");
    let refused = prove::<Compliance>(shared_key(), &public, &witness, &mut rng);
    assert!(matches!(refused, Err(ProveError::Violation(v)) if v.rule == Rule::TierReached));
    let (public, witness) = claims.pop().expect("the first proof");
    assert!(prove::<Compliance>(shared_key(), &public, &witness, &mut rng).is_ok());
}

/// N / D >= t is no row of its own: with both below zero the product form would hold.
#[test]
fn a_negative_denominator_does_not_pass() {
    let list = sample_policy("supplier-screen");
    let ruined: &Amounts = &[
        ("total_liabilities", 1_100_000),
        ("non_current_liabilities", 750_000),
        ("equity", -100_000),
        ("net_income", -1),
    ];
    assert_out_of_reach(&list, "A", ruined);
    let grid = sample_policy("leverage-pricing-grid");
    for tier in ["I", "II", "III"] {
        assert_out_of_reach(&grid, tier, &[("ebitda", -1), ("financial_debt", 0)]);
    }
}

#[test]
fn one_rule_and_thirty_two_are_proven_under_the_same_key() {
    assert_proven(&policy_with_rules(1), "A", &[], &[]);
    assert_proven(&policy_with_rules(32), "A", &[], &[]);
}
