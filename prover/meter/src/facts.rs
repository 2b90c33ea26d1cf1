//! What one answer reveals.
//!
//! An answer is a statement about pass bits: the weights of the rows that pass reach the tier's minimum, in every proof that the tier
//! takes; or, for a tier that is missed, fall short of it in one of them. From that, and from the rows that
//! read other rows' bits, bits are derived that cannot be otherwise: a row without which the minimum is out of reach passes. Each such
//! row that reads figures alone is a half-space over whole figures, a·x ≥ b where it passes and −a·x ≥ 1 − b where it fails. Where it
//! stays open which of several rows made the difference, the sets of bits that would do are alternatives, of which one holds.
//! What is none of these, since a row reads products or bits, or there are too many alternatives, is kept as something told all the same.

use std::collections::BTreeSet;

use covenant_policy::linear::Form;
use covenant_policy::program::{FIGURES, ROWS, Row, STATEMENTS, Tier};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Zero as _};

use crate::unranged::{Meanings, Unranged};
use crate::{Answer, Belief, Outcome, Part, column};

/// Alternatives of one question that are looked at; where there are more, no range follows from them.
pub const ALTERNATIVES_MAX: usize = 8;
/// Open bits of one question whose combinations are looked at.
const OPEN_BITS_MAX: usize = 10;

/// form ≥ bound, with whole coefficients that have no common divisor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HalfSpace {
    /// The form over the columns of all statements.
    pub form: Form,
    /// The bound.
    pub bound: BigInt,
}

/// What an answer reveals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Half-spaces in which the figures lie.
    pub spaces: BTreeSet<HalfSpace>,
    /// Each entry: at least one of its alternatives holds, all half-spaces of it.
    pub choices: BTreeSet<Vec<Vec<HalfSpace>>>,
    /// What no interval shows: rows over products or bits that are known to pass or to fail, alternatives that such rows are part of, or
    /// of which there are too many, and that a proof was withheld.
    pub unranged: BTreeSet<Unranged>,
}

/// Σ terms · bits ≥ bound, over the rows' pass bits.
#[derive(Debug, Clone)]
pub(crate) struct Formula {
    terms: Vec<(usize, i128)>,
    bound: i128,
}

impl Formula {
    /// Of the rows of a part, by its number.
    fn new<T: Copy + Into<i128>>(part: usize, coefficients: &[T], bound: i128, holds: bool) -> Self {
        let sign = if holds { 1 } else { -1 };
        let terms = coefficients
            .iter()
            .enumerate()
            .map(|(row, c)| (part * ROWS + row, sign * (*c).into()));
        Self {
            terms: terms.filter(|(_, c)| *c != 0).collect(),
            bound: if holds { bound } else { 1 - bound },
        }
    }

    fn of_tier((part, _, tier): (usize, &Part<'_>, &Tier), holds: bool) -> Self {
        Self::new(part, &tier.weights, tier.minimum.into(), holds)
    }

    /// A row's own bit.
    fn of_bit(row: usize, passes: bool) -> Self {
        let (factor, bound) = if passes { (1, 1) } else { (-1, 0) };
        Self {
            terms: vec![(row, factor)],
            bound,
        }
    }

    /// The open bits with their factors, and the bound that their sum has to reach.
    pub(crate) fn rest(&self, bits: &Bits) -> (Vec<(usize, i128)>, i128) {
        let known = |(row, c): &(usize, i128)| bits[*row].map(|bit| c * i128::from(bit));
        let open = self.terms.iter().filter(|(row, _)| bits[*row].is_none());
        let so_far: i128 = self.terms.iter().filter_map(known).sum();
        (open.copied().collect(), self.bound - so_far)
    }

    /// The greatest value that the open bits still allow.
    fn most(&self, bits: &Bits) -> i128 {
        let value = |(row, c): &(usize, i128)| match bits[*row] {
            Some(bit) => c * i128::from(bit),
            None => (*c).max(0),
        };
        self.terms.iter().map(value).sum()
    }

    /// The open bits, each as it would help, and by how much it does.
    fn open(&self, bits: &Bits) -> Vec<(usize, bool, i128)> {
        let open = self.terms.iter().filter(|(row, _)| bits[*row].is_none());
        open.map(|(row, c)| (*row, *c > 0, c.abs())).collect()
    }
}

/// Which rows are known to pass or to fail, those of all parts one after another.
pub(crate) type Bits = Vec<Option<bool>>;

/// Formulas of which one holds. A tier is reached where every part that it takes reaches it, and so is missed where one of them does not.
pub(crate) type Clause = Vec<Formula>;

/// What an answer reveals to somebody of this belief.
pub fn facts(answer: &Answer<'_>, belief: Belief) -> Facts {
    let mut clauses = asserted(answer, belief);
    let bits = derive(answer, &mut clauses);
    let meanings = Meanings::of(&answer.parts);
    let nothing = vec![None; bits.len()];
    let space = |index: usize, passes: bool| half_space(&answer.parts[index / ROWS], index % ROWS, passes);
    let mut facts = Facts::default();
    let known = bits.iter().enumerate().filter_map(|(k, bit)| Some((k, (*bit)?)));
    // A known row of bits has become a clause of its own.
    for (index, passes) in known.filter(|(index, _)| !row(answer, *index).is_some_and(reads_bits_alone)) {
        match space(index, passes) {
            Some(space) => _ = facts.spaces.insert(space),
            None => facts
                .unranged
                .extend(meanings.claim(&vec![Formula::of_bit(index, passes)], &nothing)),
        }
    }
    for clause in &clauses {
        let sets = match alternatives(clause, &bits) {
            Alternatives::Settled => continue,
            Alternatives::TooMany => {
                facts.unranged.extend(meanings.claim(clause, &bits));
                continue;
            }
            Alternatives::Sets(sets) => sets,
        };
        let told =
            |set: &Vec<(usize, bool)>| -> Vec<_> { set.iter().map(|(row, passes)| space(*row, *passes)).collect() };
        let told: Vec<Vec<Option<HalfSpace>>> = sets.iter().map(told).collect();
        if told.iter().flatten().any(Option::is_none) {
            facts.unranged.extend(meanings.claim(clause, &bits));
        }
        let mut choice: Vec<Vec<HalfSpace>> = told
            .into_iter()
            .map(|set| set.into_iter().flatten().collect())
            .collect();
        choice.sort();
        choice.dedup();
        if choice.iter().all(|alternative| !alternative.is_empty()) {
            facts.choices.insert(choice);
        }
    }
    if answer.outcome == Outcome::Withheld && belief == Belief::Inferred {
        facts.unranged.extend(meanings.withheld(&open_to(answer), &bits));
    }
    facts
}

/// What each tier takes of which it is known which figures decide on it.
fn open_to(answer: &Answer<'_>) -> Vec<Clause> {
    let tiers = answer.tiers().iter().filter(|tier| answer.is_decided(tier));
    let takes = |tier: &Tier| {
        answer
            .taken(&tier.name)
            .map(|taken| Formula::of_tier(taken, true))
            .collect()
    };
    tiers.map(takes).collect()
}

/// What the answer says of tiers, as clauses over pass bits. Of a tier nothing is said where it is not known which figures decide on it.
fn asserted(answer: &Answer<'_>, belief: Belief) -> Vec<Clause> {
    let tiers = answer.tiers();
    let (reached, not_reached) = match answer.outcome {
        Outcome::Tier { tier, best: true } if belief == Belief::Inferred => (tiers.get(tier), tier),
        Outcome::Tier { tier, .. } => (tiers.get(tier), 0),
        Outcome::Silence if belief == Belief::Inferred => (None, tiers.len()),
        Outcome::Silence | Outcome::Withheld => (None, 0),
    };
    let holds = reached.into_iter().flat_map(|tier| {
        let known = answer.taken(&tier.name).filter(|(_, part, _)| part.is_known());
        known.map(|taken| vec![Formula::of_tier(taken, true)])
    });
    let missed = tiers.iter().take(not_reached).filter(|tier| answer.is_decided(tier));
    let fails = missed.map(|tier| {
        let taken = answer.taken(&tier.name);
        taken.map(|taken| Formula::of_tier(taken, false)).collect()
    });
    holds.chain(fails).collect()
}

/// The row of this number among those of all parts.
fn row<'a>(answer: &Answer<'a>, index: usize) -> Option<&'a Row> {
    answer.parts.get(index / ROWS)?.program.rows.get(index % ROWS)
}

/// The rows of all parts: number among all, number of the part, row.
fn rows<'a>(answer: &Answer<'a>) -> Vec<(usize, usize, &'a Row)> {
    let parts = answer.parts.iter().enumerate();
    let of_part = |(number, part): (usize, &Part<'a>)| {
        let program = part.program;
        let rows = program.rows.iter().take(ROWS).enumerate();
        rows.map(move |(k, row)| (number * ROWS + k, number, row))
    };
    parts.flat_map(of_part).collect()
}

/// The bits that follow. A row of pass bits that is known adds a formula of its own.
fn derive(answer: &Answer<'_>, clauses: &mut Vec<Clause>) -> Bits {
    let mut bits: Bits = vec![None; answer.parts.len() * ROWS];
    let rows = rows(answer);
    for (index, _, row) in rows.iter().filter(|(_, _, row)| row.is_blank()) {
        bits[*index] = Some(row.bound <= 0);
    }
    let mut expanded = BTreeSet::new();
    loop {
        let before = bits.clone();
        for clause in clauses.iter_mut() {
            narrow(clause, &bits);
            let [formula] = clause.as_slice() else { continue };
            let most = formula.most(&bits);
            for (index, passes, gain) in formula.open(&bits) {
                if most - gain < formula.bound {
                    bits[index] = Some(passes);
                }
            }
        }
        for (index, part, row) in rows.iter().filter(|(_, _, row)| reads_bits_alone(row)) {
            let (holds, fails) = [true, false]
                .map(|h| Formula::new(*part, &row.passes, row.bound, h))
                .into();
            match bits[*index] {
                Some(passes) if expanded.insert(*index) => clauses.push(vec![if passes { holds } else { fails }]),
                None if fails.most(&bits) < fails.bound => bits[*index] = Some(true),
                None if holds.most(&bits) < holds.bound => bits[*index] = Some(false),
                _ => {}
            }
        }
        let known = |index: &usize| bits[*index].is_some();
        let mut of_bits = rows.iter().filter(|(_, _, row)| reads_bits_alone(row));
        if bits == before && of_bits.all(|(index, ..)| !known(index) || expanded.contains(index)) {
            return bits;
        }
    }
}

/// Strikes out what cannot hold, unless nothing would be left: then the answers exclude each other, which the half-spaces will say.
fn narrow(clause: &mut Clause, bits: &Bits) {
    let possible = |formula: &Formula| formula.most(bits) >= formula.bound;
    if clause.iter().any(possible) {
        clause.retain(possible);
    }
}

fn reads_bits_alone(row: &Row) -> bool {
    row.passes.iter().any(|c| *c != 0) && row.a.iter().all(|c| *c == 0) && row.slots.iter().all(|c| *c == 0)
}

/// What satisfies a clause or a formula.
enum Alternatives {
    /// What is known, or nothing at all.
    Settled,
    /// More sets of open bits than are looked at.
    TooMany,
    /// One of these smallest sets of open bits.
    Sets(Vec<Vec<(usize, bool)>>),
}

/// The smallest sets of open bits that satisfy one of a clause's formulas.
fn alternatives(clause: &Clause, bits: &Bits) -> Alternatives {
    let (mut sets, mut too_many) = (Vec::new(), false);
    for formula in clause {
        match smallest_sets(formula, bits) {
            Alternatives::Settled => return Alternatives::Settled,
            Alternatives::TooMany => too_many = true,
            Alternatives::Sets(more) => sets.extend(more),
        }
    }
    match sets.len() {
        _ if too_many => Alternatives::TooMany,
        0 => Alternatives::Settled,
        1..=ALTERNATIVES_MAX => Alternatives::Sets(sets),
        _ => Alternatives::TooMany,
    }
}

/// The smallest sets of open bits that satisfy a formula, none where it cannot hold.
fn smallest_sets(formula: &Formula, bits: &Bits) -> Alternatives {
    let open = formula.open(bits);
    let all: i128 = open.iter().map(|(_, _, gain)| gain).sum();
    let missing = formula.bound - (formula.most(bits) - all);
    if missing > all {
        return Alternatives::Sets(Vec::new());
    }
    if missing <= 0 {
        return Alternatives::Settled;
    }
    if open.len() > OPEN_BITS_MAX {
        return Alternatives::TooMany;
    }
    let gain = |set: u32| -> i128 {
        let chosen = open.iter().enumerate().filter(|(k, _)| set >> k & 1 == 1);
        chosen.map(|(_, (_, _, gain))| gain).sum()
    };
    // A set is smallest where it falls short without any one of its bits.
    let smallest = |set: &u32| {
        gain(*set) >= missing && (0..open.len()).all(|k| set >> k & 1 == 0 || gain(set & !(1 << k)) < missing)
    };
    let sets: Vec<u32> = (1..1u32 << open.len())
        .filter(smallest)
        .take(ALTERNATIVES_MAX + 1)
        .collect();
    let bits_of = |set: &u32| {
        let chosen = open.iter().enumerate().filter(|(k, _)| set >> k & 1 == 1);
        chosen.map(|(_, (row, passes, _))| (*row, *passes)).collect()
    };
    Alternatives::Sets(sets.iter().map(bits_of).collect())
}

/// The half-space of a row that passes or fails; none for rows that read products or bits.
fn half_space(part: &Part<'_>, row: usize, passes: bool) -> Option<HalfSpace> {
    let row = part.program.rows.get(row)?;
    if row.slots.iter().any(|c| *c != 0) || row.passes.iter().any(|c| *c != 0) {
        return None;
    }
    let form = form_of(&part.statements, &row.a);
    if form.is_zero() {
        return None;
    }
    let bound = BigRational::from(BigInt::from(row.bound));
    // Figures are whole: a·x < b is a·x ≤ b − 1.
    let (form, bound) = if passes {
        form.whole_at_least(&bound)
    } else {
        form.times(&-BigRational::one())
            .whole_at_least(&(BigRational::one() - bound))
    };
    Some(HalfSpace {
        form,
        bound: bound.to_integer(),
    })
}

/// A row's coefficients over the columns of all statements; those of an absent statement are read as the zeros that they stand beside.
pub(crate) fn form_of(statements: &[Option<usize>; STATEMENTS], coefficients: &[i64]) -> Form {
    let terms = coefficients
        .iter()
        .enumerate()
        .filter(|(_, c)| !c.is_zero())
        .filter_map(|(j, c)| {
            let statement = (*statements.get(j / FIGURES)?)?;
            Some((column(statement, j % FIGURES), BigRational::from(BigInt::from(*c))))
        });
    Form::new(terms)
}
