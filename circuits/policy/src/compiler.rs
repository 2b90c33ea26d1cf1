//! The policy compiler: from a bank's words to integer rows, with every trap closed on the way.
//!
//! - **Exact.** Numbers are rationals from the first digit on; a comparison is cross-multiplied, scaled to the least whole
//!   coefficients, and told apart as strict or not. Nothing is rounded except a bound, and that exactly (figures are whole).
//! - **Denominators.** `N / D >= t` becomes `q·N − p·D >= 0`, which is wrong where D <= 0: a loss of 1 over negative equity of
//!   100 would pass "ROE >= 5 %". Every denominator therefore gets a guard row `D >= 1`. It is left out only where the ranges
//!   that the circuit enforces make D positive, or where the row itself proves it (`inequality::Inequality::proves` has the
//!   argument); a non-negative D with a direction that fails at D = 0 is *not* enough on its own, and a signed D never is.
//! - **Points.** Where a rule with a guard earns points, rows and guards weigh nothing and the points sit on a later row that
//!   reads all their pass bits. Where rules are only demanded together, their rows simply join the mask.
//! - **Units.** Money, counts and ratios do not mix; plain numbers beside money are major units.
//! - **Fit.** 32 rows, the last 8 of which read products and pass bits, 4 products, and the overflow budget of
//!   [`program`](crate::program); what exceeds it is refused.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use crate::canonical;
use crate::catalogue as codes;
use crate::expression::Fault;
use crate::policy::read::draft;
use crate::policy::source::{self, Faults};
use crate::policy::{Attestors, Clauses, PolicyDocument, Scope, Terms, Tiers};
use crate::program::{FIGURES, Program, ROWS, Relation, Source, StatementTerms, Tier, contradiction};
use crate::refusal::{Entry, Refusal, Spot};

mod algebra;
mod combine;
mod inequality;
mod months;
mod parts;
mod rules;
mod table;
mod tiers;
mod units;

/// The compiler's version; a policy id commits to it, because another version may compile to other rows or encode them otherwise. It
/// moves whenever the canonical bytes of any policy do, which `tests/canonical.rs` watches over.
pub const COMPILER_VERSION: &str = "covenant-policy/2";

/// What kind of rule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// A comparison of figures.
    Comparison,
    /// A combination of rules.
    Combination,
    /// A break point of a scorecard factor.
    FactorStep,
}

/// Which rows a rule became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMap {
    /// The rule's name.
    pub name: String,
    /// Why the bank asks for it.
    pub why: String,
    /// What kind of rule it is.
    pub kind: RuleKind,
    /// The rows of its comparisons (or of its combination).
    pub tests: Vec<usize>,
    /// The rows that keep its denominators above zero.
    pub guards: Vec<usize>,
    /// The row that passes exactly when all of the above pass, where points or combinations needed one.
    pub together: Option<usize>,
}

/// How rules become tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TierKind {
    /// Ordered tiers.
    DecisionList,
    /// Points and grades.
    Scorecard,
    /// Ordered levels with margins.
    PricingGrid,
}

/// Names and words that are published beside the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// The version of the compiler.
    pub compiler: String,
    /// The policy's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The bank's words on what it is for.
    pub purpose: String,
    /// Where restatements are counted.
    pub scope: Scope,
    /// Names of the accepted attestors, in the program's order.
    pub attestor_names: Vec<String>,
    /// The rules and their rows.
    pub rules: Vec<RuleMap>,
    /// How rules become tiers.
    pub tier_kind: TierKind,
    /// The margin of each tier in basis points, in the program's order; empty unless a pricing grid.
    pub margins_bps: Vec<i32>,
    /// The level that needs no proof, and its margin.
    pub worst: Option<(String, i32)>,
    /// What applies to accounts that are late or wrong; pricing grids only.
    pub clauses: Option<Clauses>,
    /// What a required row weighs beyond its points; 0 where nothing is required.
    pub required_weight: u32,
}

impl Texts {
    /// The words beside a further part: the same policy, with that part's rules, each tier a list of them.
    pub(crate) fn of_part(&self, rules: Vec<RuleMap>, attestor_names: Vec<String>) -> Self {
        Self {
            rules,
            attestor_names,
            tier_kind: TierKind::DecisionList,
            margins_bps: Vec::new(),
            worst: None,
            clauses: None,
            required_weight: 0,
            ..self.clone()
        }
    }
}

/// Something that the author should know, and that is no mistake for certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Its code, meaning and general advice.
    pub entry: &'static Entry,
    /// Line and column, with an excerpt.
    pub place: String,
    /// The same for programs.
    pub spot: Spot,
    /// What it is.
    pub text: String,
}

impl Warning {
    pub(crate) fn new(entry: &'static Entry, source: &str, span: &Range<usize>, text: impl AsRef<str>) -> Self {
        Self {
            entry,
            place: source::place(source, span),
            spot: source::spot(source, span),
            text: source::printable(text.as_ref()),
        }
    }

    /// Says which file it is about, as [`Refusal::in_file`] does.
    #[must_use]
    pub fn in_file(self, file: &dyn fmt::Display) -> Self {
        let placed = Refusal::new(self.entry, "")
            .at(&self.place)
            .in_text(self.spot)
            .in_file(file);
        Self {
            place: placed.place.unwrap_or_default(),
            ..self
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, place, text, .. } = self;
        write!(
            f,
            "[{}] {text}\n  where     {place}\n  advice    {}",
            entry.code, entry.advice
        )
    }
}

/// What a linked proof shows: a program over the first and the third statement, for the tiers that demand it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The integer program. Its first statement has the terms of the policy's first program, the figures that must be covered apart.
    pub program: Program,
    /// The policy's names and words, with the rules of this part.
    pub texts: Texts,
}

/// A proof that a tier takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demanded<'a> {
    /// The program.
    pub program: &'a Program,
    /// The words beside it.
    pub texts: &'a Texts,
    /// The number of the tier in it.
    pub tier: usize,
}

/// A compiled policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The integer program, over the first and the second statement: what every tier takes a proof of.
    pub program: Program,
    /// What some tiers take further proofs of; empty unless the policy asks for three statements.
    pub further: Vec<Part>,
    /// The document that it was compiled from.
    pub policy: PolicyDocument,
    /// Names, words, and which rule became which rows.
    pub texts: Texts,
    /// What the author should know.
    pub warnings: Vec<Warning>,
    /// Program and texts in their one encoding; see [`canonical`].
    pub canonical_bytes: Vec<u8>,
}

impl Compiled {
    /// Which rule became which rows.
    pub fn rules(&self) -> &[RuleMap] {
        &self.texts.rules
    }

    /// All programs with their words, the first one first.
    pub fn parts(&self) -> impl Iterator<Item = (&Program, &Texts)> {
        let further = self.further.iter().map(|part| (&part.program, &part.texts));
        std::iter::once((&self.program, &self.texts)).chain(further)
    }

    /// The proofs that a tier takes, the first one first; none where there is no such tier.
    pub fn demanded(&self, tier: &str) -> Vec<Demanded<'_>> {
        let place = |program: &Program| program.tiers.iter().position(|own| own.name == tier);
        let found = self
            .parts()
            .filter_map(|(program, texts)| place(program).map(|tier| Demanded { program, texts, tier }));
        found.collect()
    }
}

/// Compiles a policy's source.
///
/// # Errors
/// Any code of the catalogue that starts with `policy-`, and those for unknown schemas, currencies and levels, each with
/// line, column and an excerpt. What else is wrong is listed in [`Refusal::others`].
pub fn compile(source: &str) -> Result<Compiled, Refusal> {
    let draft = draft(source).map_err(|faults| all_of(faults, source))?;
    let (policy, mut faults) = (draft.policy, draft.faults);
    let mut warnings = Vec::new();
    let mut lowered = Vec::new();
    if draft.rules_readable {
        let documents = faults.keep(parts::split(&policy)).unwrap_or_default();
        let alone = documents.len() == 1;
        for document in &documents {
            let made = lower(document, source, draft.unreadable.clone(), alone, &mut faults);
            let Some((program, texts, warned)) = made else { continue };
            for warning in warned {
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
            lowered.push(Part { program, texts });
        }
    }
    let mut lowered = lowered.into_iter();
    let Some(Part { program, texts }) = lowered.next().filter(|_| faults.is_empty()) else {
        return Err(all_of(faults, source));
    };
    program.validate()?;
    let mut further = Vec::new();
    for part in lowered {
        part.program.validate()?;
        further.push(Part {
            texts: texts.of_part(part.texts.rules, part.texts.attestor_names),
            program: part.program,
        });
    }
    let canonical_bytes = canonical::encode(&program, &texts, &further);
    Ok(Compiled {
        program,
        further,
        policy,
        texts,
        warnings,
        canonical_bytes,
    })
}

/// The refusal of all faults; there is at least one where nothing could be compiled.
fn all_of(faults: Faults, source: &str) -> Refusal {
    let refusal = faults.into_refusal(source);
    refusal.unwrap_or_else(|| Refusal::new(&codes::POLICY_SYNTAX, "the policy cannot be read"))
}

/// The program, its texts and warnings, of one part of a policy; `alone` is whether that is all of it: a tier is then a shadow of another where
/// its rows say so. Faults are kept, and rules and tiers are looked at whatever became of the others.
fn lower(
    policy: &PolicyDocument,
    source: &str,
    unreadable: Option<BTreeSet<String>>,
    alone: bool,
    faults: &mut Faults,
) -> Option<(Program, Texts, Vec<Warning>)> {
    let relation = policy.second.as_ref().map_or(Relation::None, |(relation, _)| *relation);
    let context = units::Context {
        schemas: [
            Some(policy.first.schema),
            policy.second.as_ref().map(|(_, terms)| terms.schema),
        ],
        currency: policy.currency,
        relation,
        month: None,
    };
    let mut rules = rules::Rules {
        source,
        context,
        table: table::Table::default(),
        rules: Vec::new(),
        warnings: Vec::new(),
        used: BTreeSet::new(),
        guards: BTreeSet::new(),
        whole: 0..0,
        all_named: unreadable.is_some(),
        refused: unreadable.unwrap_or_default(),
    };
    for rule in &policy.rules {
        if let Err(fault) = rules.add(rule) {
            faults.add(fault);
            rules.refused.insert(rule.name.value.clone());
        }
    }
    let tiers = tiers::compile(&policy.tiers, &mut rules, alone, faults);
    if !faults.is_empty() {
        return None;
    }
    rules.note_joint_rows();
    warn_of_leftovers(policy, relation, &mut rules);

    let places = rules.table.places();
    let place = |id: &table::RowId| places.get(id).copied().unwrap_or(ROWS - 1);
    let (rows, slots) = rules.table.build();
    let columns = rules.table.columns();
    // The output of a book proof gives the figures of that book only; every other statement gives what its schema says.
    let need = |statement: usize, terms: &Terms| {
        let read = columns
            .iter()
            .filter(|c| **c / FIGURES == statement)
            .map(|c| c % FIGURES);
        let always = if terms.source == Source::Proven {
            &[]
        } else {
            terms.schema.always
        };
        read.chain(always.iter().copied()).fold(0u32, |mask, j| mask | 1 << j)
    };
    let program = Program {
        rows,
        slots,
        statements: [
            terms(&policy.first, need(0, &policy.first)),
            policy
                .second
                .as_ref()
                .map_or(StatementTerms::ABSENT, |(_, t)| terms(t, need(1, t))),
        ],
        relation,
        currency: policy.currency,
        age_max_days: policy.age_max_days,
        attestors: match &policy.attestors {
            Attestors::Listed(listed) => listed.iter().map(|a| a.key).collect(),
            _ => Vec::new(),
        },
        attestors_from_registry: policy.attestors == Attestors::Registry,
        tiers: tiers.tiers.iter().map(|tier| built(tier, &place)).collect(),
    };
    let maps = rules.rules.iter().map(|rule| RuleMap {
        name: rule.name.clone(),
        why: rule.why.clone(),
        kind: rule.kind,
        tests: sorted(rule.tests.iter().map(place)),
        guards: sorted(rule.guards.iter().map(place)),
        together: rule.together.as_ref().map(place),
    });
    let texts = texts(policy, maps.collect(), tiers.required_weight);
    refuse_contradictions(&program, &rules, &texts, &tiers.tiers, faults);
    Some((program, texts, rules.warnings))
}

fn sorted(rows: impl Iterator<Item = usize>) -> Vec<usize> {
    rows.collect::<BTreeSet<_>>().into_iter().collect()
}

fn built(tier: &tiers::TierRows, place: &impl Fn(&table::RowId) -> usize) -> Tier {
    let mut weights = [0; ROWS];
    for (id, weight) in &tier.weights {
        weights[place(id)] += weight;
    }
    Tier {
        name: tier.name.clone(),
        weights,
        minimum: tier.minimum,
    }
}

fn terms(terms: &Terms, need: u32) -> StatementTerms {
    StatementTerms {
        source: terms.source,
        schema: terms.schema.name,
        basis: terms.basis,
        need,
        assurance_floor: terms.assurance_floor.0,
        restatement_cap: terms.restatement_max,
        length_min_days: terms.length_min_days,
        length_max_days: terms.length_max_days,
    }
}

fn texts(policy: &PolicyDocument, rules: Vec<RuleMap>, required_weight: u32) -> Texts {
    let (tier_kind, margins_bps, worst, clauses) = match &policy.tiers {
        Tiers::DecisionList(_) => (TierKind::DecisionList, Vec::new(), None, None),
        Tiers::Scorecard { .. } => (TierKind::Scorecard, Vec::new(), None, None),
        Tiers::PricingGrid { levels, worst, clauses } => (
            TierKind::PricingGrid,
            levels.iter().map(|level| level.margin_bps.unwrap_or(0)).collect(),
            worst
                .as_ref()
                .map(|level| (level.name.value.clone(), level.margin_bps.unwrap_or(0))),
            Some(*clauses),
        ),
    };
    Texts {
        compiler: COMPILER_VERSION.to_owned(),
        name: policy.name.clone(),
        title: policy.title.clone(),
        purpose: policy.purpose.clone(),
        scope: policy.scope.clone(),
        attestor_names: match &policy.attestors {
            Attestors::Listed(listed) => listed.iter().map(|a| a.name.clone()).collect(),
            _ => Vec::new(),
        },
        rules,
        tier_kind,
        margins_bps,
        worst,
        clauses,
        required_weight,
    }
}

fn warn_of_leftovers(policy: &PolicyDocument, relation: Relation, rules: &mut rules::Rules<'_>) {
    for rule in &policy.rules {
        if !rules.used.contains(&rule.name.value) {
            let text = format!(
                "`{}` decides nothing: no tier and no other rule names it",
                rule.name.value
            );
            rules.warn(&codes::UNUSED_RULE, &rule.name.span, text);
        }
    }
    if relation != Relation::None && rules.table.columns().iter().all(|column| column / FIGURES == 0) {
        let text = format!("a {} statement is asked for, and no rule reads it", relation.name());
        rules.warn(&codes::UNREAD_SECOND, &(0..0), text);
    }
}

/// Rows that must pass together and exclude each other, in a rule or in a tier.
fn refuse_contradictions(
    program: &Program,
    rules: &rules::Rules<'_>,
    texts: &Texts,
    tiers: &[tiers::TierRows],
    faults: &mut Faults,
) {
    let excluded = |rows: &[usize]| {
        rows.iter().enumerate().any(|(i, p)| {
            rows.iter()
                .skip(i + 1)
                .any(|q| contradiction(&program.rows[*p], &program.rows[*q]))
        })
    };
    for (map, rule) in texts.rules.iter().zip(&rules.rules) {
        if excluded(&[map.tests.as_slice(), map.guards.as_slice()].concat()) {
            let what = format!("the parts of `{}` exclude each other", map.name);
            faults.add(Fault::new(&codes::POLICY_NEVER, what, rule.span.clone()));
        }
    }
    for (tier, source_tier) in program.tiers.iter().zip(tiers) {
        if excluded(&tier.mandatory_rows()) {
            let what = format!("the rules that `{}` demands exclude each other", tier.name);
            faults.add(Fault::new(&codes::POLICY_CONTRADICTORY, what, source_tier.span.clone()));
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
