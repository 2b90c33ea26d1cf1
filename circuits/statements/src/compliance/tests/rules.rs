//! The rule fragments of `policies/rules` in the circuit, many in a policy, against the exact fractions of the policy crate's
//! tests: two hundred random companies for each policy, with extremes, denominators of zero and below, and both sides of each
//! threshold.

#[path = "../../../../policy/tests/rules/companies.rs"]
mod companies;
#[path = "../../../../policy/tests/rules/fragments.rs"]
#[expect(dead_code, reason = "the policy crate's tests use the rest")]
mod fragments;
#[path = "../../../../policy/tests/rules/oracle.rs"]
mod oracle;
mod packing;

use covenant_gadgets::circuit::Field;
use covenant_policy::{
    evaluate::evaluate_columns,
    program::{COLUMNS, FIGURES},
    schema::{ENTERPRISE_FINANCIALS, column_range},
};
use covenant_proofs::{prove::prove, statement::Statement as _, verify::verify};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;

use self::{
    companies::{Numbers, agree},
    fragments::{Columns, Fragment},
    oracle::Company,
    packing::Policy,
};
use super::{
    fixture::{self, World},
    properties::{first_broken, honest},
    proving,
};
use crate::compliance::{Compliance, Rule, check::check};

/// Random companies for each policy, beside those that its fragments name.
const COMPANIES: usize = 200;
/// Every tier must be claimed so often by a company that reaches it, and by one that does not.
const CLAIMS_MIN: usize = 2;
/// Figures that rules divide by.
const DENOMINATORS: [&str; 6] = [
    "current_liabilities",
    "total_assets",
    "total_liabilities",
    "revenue",
    "equity",
    "ebitda",
];

/// A company, and tiers of the policy that it claims, with whether it reaches them.
struct Case {
    columns: Columns,
    claims: Vec<(usize, bool)>,
}

fn financials(name: &str) -> usize {
    ENTERPRISE_FINANCIALS.index_of(name).expect("a figure")
}

/// Sets a figure, and makes the balance sheet around it agree.
fn set(policy: &Policy, columns: &mut Columns, column: usize, value: i64) {
    let statement = column / FIGURES;
    columns[column] = value;
    if policy.program.schema(statement) != Some(&ENTERPRISE_FINANCIALS) {
        return;
    }
    let x = &mut columns[statement * FIGURES..(statement + 1) * FIGURES];
    let [assets, liabilities, equity, rounding] =
        ["total_assets", "total_liabilities", "equity", "rounding_difference"].map(financials);
    let figure = column % FIGURES;
    if figure == equity {
        x[rounding] = 0;
        x[assets] = value.max(0);
        x[liabilities] = value.min(0).saturating_neg();
    }
    for (total, [part, rest]) in [
        (assets, ["current_assets", "non_current_assets"].map(financials)),
        (
            liabilities,
            ["current_liabilities", "non_current_liabilities"].map(financials),
        ),
    ] {
        if figure == total || figure == equity {
            x[part] = x[part].min(x[total]);
            x[rest] = x[total] - x[part];
        }
    }
    agree(x);
}

fn columns_read(fragment: &Fragment) -> Vec<usize> {
    let program = &fragment.compiled.program;
    let factors = program.slots.iter().flat_map(|slot| [&slot.u, &slot.v]);
    let forms: Vec<&[i64; COLUMNS]> = program.rows.iter().map(|row| &row.a).chain(factors).collect();
    (0..COLUMNS)
        .filter(|j| forms.iter().any(|form| form[*j] != 0))
        .collect()
}

fn tier_of(fragment: &Fragment, columns: &Columns) -> oracle::Tier {
    oracle::tier(&fragment.name, &Company::of(fragment, columns)).expect("an oracle")
}

/// A value of the figure on one side of the next threshold, where the fractions know one, or one beside it.
fn beside_threshold(
    policy: &Policy,
    fragment: &Fragment,
    base: &Columns,
    column: usize,
    numbers: &mut Numbers,
) -> Option<i64> {
    let at = |value: i64| {
        let mut columns = *base;
        set(policy, &mut columns, column, value);
        tier_of(fragment, &columns)
    };
    let (mut low, mut high) = column_range(column);
    let start = at(low);
    if at(high) == start {
        return None;
    }
    while i128::from(high) - i128::from(low) > 1 {
        let middle = low.midpoint(high);
        if at(middle) == start {
            low = middle;
        } else {
            high = middle;
        }
    }
    let (least, greatest) = column_range(column);
    let beside = [low, high, low.saturating_sub(1), high.saturating_add(1)][numbers.below(4) as usize];
    Some(beside.clamp(least, greatest))
}

/// Two hundred companies, each moved along one figure of one fragment, and those that the fragments name.
fn companies(policy: &Policy, seed: u64) -> Vec<Columns> {
    let mut numbers = Numbers(seed);
    let schemas = [0, 1].map(|k| policy.program.schema(k));
    let mut drawn: Vec<Columns> = (0..COMPANIES)
        .map(|n| {
            let fragment = &policy.fragments[n % policy.fragments.len()].fragment;
            // Some rules hold for hardly any company at random: every fourth one starts from a company that the fragment names.
            let mut columns = if numbers.below(4) == 0 {
                fragment.companies[numbers.below(fragment.companies.len() as u64) as usize].0
            } else {
                numbers.company(schemas)
            };
            for (k, schema) in schemas.into_iter().enumerate() {
                if schema == Some(&ENTERPRISE_FINANCIALS) {
                    agree(&mut columns[k * FIGURES..(k + 1) * FIGURES]);
                }
            }
            let read = columns_read(fragment);
            let column = read[numbers.below(read.len() as u64) as usize];
            let (least, greatest) = column_range(column);
            let moved = match numbers.below(8) {
                0 => None,
                1 => Some(least),
                2 => Some(greatest),
                3 => Some(0),
                4 => Some((-1).max(least)),
                _ => beside_threshold(policy, fragment, &columns, column, &mut numbers),
            };
            if let Some(value) = moved {
                set(policy, &mut columns, column, value);
            }
            columns
        })
        .collect();
    drawn.extend(policy.fragments.iter().flat_map(|placed| {
        let named = placed.fragment.companies.iter();
        named.map(|(columns, _)| *columns)
    }));
    drawn
}

/// The companies with what each claims: the tier that was claimed least, of those that it reaches and of those that it does not.
fn cases(policy: &Policy, seed: u64) -> Vec<Case> {
    let mut claimed = vec![[0usize; 2]; policy.program.tiers.len()];
    let cases: Vec<Case> = companies(policy, seed)
        .into_iter()
        .map(|columns| {
            let evaluation = evaluate_columns(&policy.program, columns);
            let claims = [true, false].into_iter().filter_map(|reached| {
                let tiers = evaluation.tiers.iter().enumerate();
                let of_kind = tiers.filter(|(_, tier)| tier.achieved == reached);
                let (tier, _) = of_kind.min_by_key(|(tier, _)| claimed[*tier][usize::from(reached)])?;
                claimed[tier][usize::from(reached)] += 1;
                Some((tier, reached))
            });
            Case {
                claims: claims.collect(),
                columns,
            }
        })
        .collect();
    for (tier, counts) in policy.program.tiers.iter().zip(&claimed) {
        let enough = counts.iter().all(|count| *count >= CLAIMS_MIN);
        assert!(enough, "{}: [missed, reached] {counts:?}", tier.name);
    }
    cases
}

fn world(policy: &Policy, tier: usize, columns: &Columns) -> World {
    let (first, second) = policy.seed().statements(columns);
    let statements = [Some(first), second].map(|statement| {
        statement.map(|mut statement| {
            statement.assurance = fixture::FLOOR;
            statement
        })
    });
    World::claiming(policy.program.clone(), tier, statements)
}

/// The pass bits of an assignment decide each fragment as the fractions do.
fn assert_pass_bits(policy: &Policy, columns: &Columns, pass: &[Field]) {
    let passes: Vec<bool> = pass.iter().map(|bit| *bit == Field::from(1u64)).collect();
    for placed in &policy.fragments {
        let own = &placed.fragment.compiled.program.tiers;
        let tiers = &policy.program.tiers[placed.first_tier..][..own.len()];
        let reached = tiers.iter().position(|tier| {
            let weights = tier.weights.iter().zip(&passes).filter(|(_, pass)| **pass);
            weights.map(|(weight, _)| *weight).sum::<u32>() >= tier.minimum
        });
        let name = reached.map(|tier| own[tier].name.as_str());
        let exact = tier_of(&placed.fragment, columns);
        assert_eq!(name, exact, "{} at {columns:?}", placed.fragment.name);
    }
}

fn assert_claims(policy: &Policy, case: &Case) {
    for &(tier, reached) in &case.claims {
        let world = world(policy, tier, &case.columns);
        let broken = (!reached).then_some(Rule::TierReached);
        let refused = check(&world.public, &world.witness).err();
        let name = &policy.program.tiers[tier].name;
        assert_eq!(
            refused.as_ref().map(|violation| violation.rule),
            broken,
            "{name} at {:?}: {refused:?}",
            case.columns
        );
        let (inputs, assignment) = honest(&world);
        assert_pass_bits(policy, &case.columns, &assignment.pass);
        // The rule of the tier is the last one, so that the first broken row is its own only where no other rule is broken.
        assert_eq!(
            first_broken(&inputs, &assignment),
            broken.map(Rule::name),
            "{name} at {:?}",
            case.columns
        );
    }
}

/// Extremes of both signs and denominators of zero and below are among the figures that the rules read.
fn assert_extremes(policy: &Policy, cases: &[Case]) {
    let mut read: Vec<usize> = policy
        .fragments
        .iter()
        .flat_map(|p| columns_read(&p.fragment))
        .collect();
    read.sort_unstable();
    read.dedup();
    let seen = |column: usize, value: fn(i64) -> bool| cases.iter().any(|case| value(case.columns[column]));
    assert!(read.iter().any(|j| seen(*j, |x| x == i64::MAX)), "no 2^63 - 1");
    assert!(read.iter().all(|j| seen(*j, |x| x == 0)), "a figure that is never 0");
    let signed: Vec<usize> = read.iter().copied().filter(|j| column_range(*j).0 < 0).collect();
    if !signed.is_empty() {
        assert!(signed.iter().any(|j| seen(*j, |x| x == -i64::MAX)), "no 1 - 2^63");
    }
    if policy.program.schema(0) == Some(&ENTERPRISE_FINANCIALS) {
        for column in DENOMINATORS.map(financials).into_iter().filter(|j| read.contains(j)) {
            assert!(seen(column, |x| x == 0), "no zero in column {column}");
            let below = column_range(column).0 == 0 || seen(column, |x| x < 0);
            assert!(below, "nothing below zero in column {column}");
        }
    }
}

#[test]
fn the_circuit_agrees_with_exact_fractions_on_every_fragment() {
    let policies = packing::pack(fragments::all());
    assert!(
        policies.iter().any(|policy| policy.fragments.len() >= 10),
        "many rules in a policy"
    );
    for (seed, policy) in policies.iter().enumerate() {
        let cases = cases(policy, seed as u64);
        assert_extremes(policy, &cases);
        cases.par_iter().for_each(|case| assert_claims(policy, case));
    }
}

#[test]
fn packed_fragments_are_proven() {
    let mut rng = ChaCha20Rng::seed_from_u64(13);
    let policies = packing::pack(fragments::all());
    for policy in policies.iter().take(3) {
        let placed = policy.fragments.last().expect("a fragment");
        let (columns, tier) = &placed.fragment.companies[0];
        let own = &placed.fragment.compiled.program.tiers;
        let tier = own
            .iter()
            .position(|own| Some(&own.name) == tier.as_ref())
            .expect("a tier");
        let world = world(policy, placed.first_tier + tier, columns);
        let proof = prove::<Compliance>(proving::key(), &world.public, &world.witness, &mut rng).expect("a proof");
        let inputs = Compliance::inputs(&world.public);
        assert_eq!(
            verify::<Compliance>(proving::key().verifying(), &inputs, &proof),
            Ok(())
        );
    }
}
