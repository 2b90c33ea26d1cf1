//! Every fragment of `policies/rules` against exact fractions that know nothing of the compiler: the companies that it names, and
//! ten thousand at random with their neighbours on both sides of each threshold. The page `docs/formats/rules.md` is kept by
//! these tests too (`COVENANT_GOLDEN=write` rewrites its table).

#[path = "rules/companies.rs"]
mod companies;
#[path = "rules/fragments.rs"]
mod fragments;
#[path = "rules/oracle.rs"]
mod oracle;
#[path = "rules/page.rs"]
mod page;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use companies::Numbers;
use covenant_policy::evaluate::{evaluate, evaluate_columns};
use covenant_policy::program::COLUMNS;
use covenant_policy::schema::column_range;
use fragments::{Columns, Fragment};
use oracle::{Company, Tier};

/// Companies for each fragment.
const COMPANIES: usize = 10_000;
/// Every outcome of a fragment must be seen so often.
const SEEN_MIN: usize = 10;

fn expected(fragment: &Fragment, columns: &Columns) -> Tier {
    let company = Company::of(fragment, columns);
    oracle::tier(&fragment.name, &company).unwrap_or_else(|| panic!("{}: no oracle", fragment.name))
}

fn compiled(fragment: &Fragment, columns: &Columns) -> Option<String> {
    let program = &fragment.compiled.program;
    let best = evaluate_columns(program, *columns).best;
    best.map(|tier| program.tiers[tier].name.clone())
}

fn assert_agreement(fragment: &Fragment, columns: &Columns) -> Tier {
    let tier = expected(fragment, columns);
    assert_eq!(
        compiled(fragment, columns).as_deref(),
        tier,
        "{} at {columns:?}",
        fragment.name
    );
    tier
}

#[test]
fn every_fragment_places_the_companies_that_it_names() {
    for fragment in fragments::all() {
        let tiers: Vec<_> = fragment.companies.iter().map(|(_, tier)| tier.clone()).collect();
        assert!(
            tiers.first().is_some_and(Option::is_some),
            "{}: no passing company",
            fragment.name
        );
        assert!(tiers.contains(&None), "{}: no failing company", fragment.name);
        for (columns, tier) in &fragment.companies {
            let (first, second) = fragment.statements(columns);
            let found = evaluate(&fragment.compiled.program, &first, second.as_ref())
                .unwrap_or_else(|refusal| panic!("{}: {refusal}", fragment.name));
            let best = found
                .best
                .map(|best| fragment.compiled.program.tiers[best].name.clone());
            assert_eq!(best, *tier, "{}", fragment.name);
            assert_eq!(assert_agreement(&fragment, columns), tier.as_deref());
        }
        assert!(
            ["customary", "published"].contains(&fragment.threshold.as_str()),
            "{}",
            fragment.name
        );
        assert!(
            !fragment.class.is_empty() && !fragment.about.is_empty(),
            "{}",
            fragment.name
        );
    }
}

#[test]
fn every_fragment_agrees_with_exact_fractions() {
    let all = fragments::all();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(fragment) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    compare(fragment);
                }
            });
        }
    });
}

fn compare(fragment: &Fragment) {
    let mut numbers = Numbers(u64::from(fragment.number) << 32 | fragment.name.len() as u64);
    let read = columns_read(fragment);
    let schemas = [fragment.schema(0), fragment.schema(1)];
    let mut seen: BTreeMap<Tier, usize> = BTreeMap::new();
    let mut count = 0;
    while count < COMPANIES {
        let mut columns = numbers.company(schemas);
        let mut look = |columns: &Columns| {
            *seen.entry(assert_agreement(fragment, columns)).or_default() += 1;
            count += 1;
        };
        look(&columns);
        // Every third company is moved along one figure to where its tier changes, and looked at on both sides.
        if numbers.below(3) == 0 {
            let column = read[numbers.below(read.len() as u64) as usize];
            if let Some((before, after)) = threshold(fragment, &mut columns, column) {
                for value in [before, after, before.saturating_sub(1), after.saturating_add(1)] {
                    let (least, greatest) = column_range(column);
                    columns[column] = value.clamp(least, greatest);
                    look(&columns);
                }
            }
        }
    }
    let mut outcomes: Vec<Tier> = vec![None];
    let tiers = &fragment.compiled.program.tiers;
    outcomes.extend(seen.keys().copied().filter(Option::is_some));
    assert_eq!(outcomes.len(), tiers.len() + 1, "{}: {seen:?}", fragment.name);
    let rare = outcomes
        .iter()
        .find(|tier| seen.get(*tier).is_none_or(|n| *n < SEEN_MIN));
    assert_eq!(rare, None, "{}: {seen:?}", fragment.name);
}

/// The columns that some row or product reads.
fn columns_read(fragment: &Fragment) -> Vec<usize> {
    let program = &fragment.compiled.program;
    let forms = program.rows.iter().map(|row| &row.a);
    let factors = program.slots.iter().flat_map(|slot| [&slot.u, &slot.v]);
    let forms: Vec<&[i64; COLUMNS]> = forms.chain(factors).collect();
    (0..COLUMNS)
        .filter(|j| forms.iter().any(|form| form[*j] != 0))
        .collect()
}

/// Two neighbouring values of a figure between which the tier changes, found by halving and by the fractions alone.
fn threshold(fragment: &Fragment, columns: &mut Columns, column: usize) -> Option<(i64, i64)> {
    let (least, greatest) = column_range(column);
    let mut at = |value: i64| {
        columns[column] = value;
        expected(fragment, columns)
    };
    let (mut low, mut high) = (least, greatest);
    let start = at(low);
    if at(high) == start {
        return None;
    }
    while i128::from(high) - i128::from(low) > 1 {
        let middle = ((i128::from(low) + i128::from(high)) / 2) as i64;
        if at(middle) == start {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some((low, high))
}
