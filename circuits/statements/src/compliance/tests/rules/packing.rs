//! Many fragments in one policy: their compiled rows and products side by side, each of their tiers a tier of its own.

use covenant_policy::program::{FIRST_RICH_ROW, Program, ROWS, Relation, Row, SLOTS, Slot, TIERS_MAX, Tier};

use super::fragments::Fragment;
use crate::compliance::tests::fixture;

/// A fragment in a policy.
pub struct Placed {
    pub fragment: Fragment,
    /// Where its tiers begin.
    pub first_tier: usize,
}

/// A policy of many fragments.
pub struct Policy {
    pub program: Program,
    pub fragments: Vec<Placed>,
}

impl Policy {
    /// The fragment whose terms the policy has.
    pub fn seed(&self) -> &Fragment {
        &self.fragments[0].fragment
    }
}

/// Packs fragments into the first policy that has room, those of two statements first.
pub fn pack(mut fragments: Vec<Fragment>) -> Vec<Policy> {
    fragments.sort_by_key(|fragment| fragment.compiled.program.relation == Relation::None);
    let mut policies: Vec<Policy> = Vec::new();
    for fragment in fragments {
        let added = &fragment.compiled.program;
        let fitting = policies
            .iter()
            .enumerate()
            .find_map(|(k, policy)| Some((k, merged(&policy.program, added)?)));
        let (place, program) = fitting.unwrap_or_else(|| {
            let program = merged(&empty(added), added).expect("a fragment fits alone");
            policies.push(Policy {
                program: empty(added),
                fragments: Vec::new(),
            });
            (policies.len() - 1, program)
        });
        let policy = &mut policies[place];
        let first_tier = policy.program.tiers.len();
        policy.program = program;
        policy.fragments.push(Placed { fragment, first_tier });
    }
    for policy in &policies {
        policy.program.validate().expect("a policy of fragments");
    }
    policies
}

/// The terms of a program without its rules. The fixture's attestor is no authority: floors are lowered to what he may grant.
fn empty(program: &Program) -> Program {
    let mut empty = Program {
        rows: vec![Row::BLANK; ROWS],
        slots: [const { Slot::EMPTY }; SLOTS],
        tiers: Vec::new(),
        ..program.clone()
    };
    for terms in &mut empty.statements {
        terms.assurance_floor = terms.assurance_floor.min(fixture::FLOOR.0);
    }
    empty
}

/// A program with the rows, products and tiers of another, where they fit. What a second statement holds does not matter to
/// rules over one; nor does the currency, since the thresholds of all are in hundredths.
fn merged(into: &Program, added: &Program) -> Option<Program> {
    let same_terms = into.statements[0].schema == added.statements[0].schema
        && into.statements[0].source == added.statements[0].source
        && into.currency.minor_digits == added.currency.minor_digits
        && (added.relation == Relation::None
            || (into.relation, into.statements[1].schema) == (added.relation, added.statements[1].schema));
    if !same_terms || into.tiers.len() + added.tiers.len() > TIERS_MAX {
        return None;
    }
    let mut program = into.clone();
    let mut slots = [0; SLOTS];
    for (q, slot) in added.slots.iter().enumerate().filter(|(_, slot)| !slot.is_empty()) {
        slots[q] = (0..SLOTS)
            .find(|at| program.slots[*at] == *slot)
            .or_else(|| (0..SLOTS).find(|at| program.slots[*at].is_empty()))?;
        program.slots[slots[q]] = slot.clone();
    }
    let mut rows = [0; ROWS];
    for (i, row) in added.rows.iter().enumerate().filter(|(_, row)| !row.is_blank()) {
        let mut moved = Row {
            slots: [0; SLOTS],
            passes: [0; ROWS],
            ..row.clone()
        };
        for (q, factor) in row.slots.iter().enumerate().filter(|(_, factor)| **factor != 0) {
            moved.slots[slots[q]] += factor;
        }
        let mut first = 0;
        for (k, factor) in row.passes.iter().enumerate().filter(|(_, factor)| **factor != 0) {
            moved.passes[rows[k]] += factor;
            first = first.max(rows[k] + 1);
        }
        if row.slots.iter().chain(&row.passes).any(|factor| *factor != 0) {
            first = first.max(FIRST_RICH_ROW);
        }
        rows[i] = (0..ROWS)
            .find(|at| program.rows[*at] == moved)
            .or_else(|| (first..ROWS).find(|at| program.rows[*at].is_blank()))?;
        program.rows[rows[i]] = moved;
    }
    for (own, terms) in program.statements.iter_mut().zip(&added.statements) {
        own.need |= terms.need;
    }
    for tier in &added.tiers {
        let mut weights = [0; ROWS];
        for (i, weight) in tier.weights.iter().enumerate().filter(|(_, weight)| **weight != 0) {
            weights[rows[i]] += weight;
        }
        program.tiers.push(Tier {
            name: format!("tier {}", program.tiers.len() + 1),
            weights,
            minimum: tier.minimum,
        });
    }
    Some(program)
}
