//! A policy of three statements, taken apart into policies of two: one proof looks at two statements, so each further statement
//! takes a proof of its own beside the first statement.
//!
//! - A rule belongs to the part of the further statement that it reads. What reads the first statement alone belongs to the first
//!   part; where a combination of a later part names it, it is compiled there too.
//! - A tier demands a part exactly where it requires a rule of that part. The first part is demanded by every tier.
//! - Points are added up within one proof, so a scorecard's points and factors belong to the first part; of a later part, rules can
//!   be required.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::catalogue as codes;
use crate::expression::{Combination, Condition, Expression, ExpressionKind, Fault, Period, parse, parse_expression};
use crate::policy::{Attestors, Located, PolicyDocument, Rung, Tiers};
use crate::program::{Relation, Source};

/// A part's number: 0 for the second statement, 1 for the third.
type Number = usize;

/// The parts, each a policy of two statements at most.
pub(super) fn split(policy: &PolicyDocument) -> Result<Vec<PolicyDocument>, Fault> {
    let Some(third) = &policy.third else {
        return Ok(vec![policy.clone()]);
    };
    let relations = [policy.second.as_ref(), Some(third)].map(|s| s.map_or(Relation::None, |(relation, _)| *relation));
    let rules = Assigned::new(policy, relations)?;
    let (first, later) = split_tiers(&policy.tiers, &rules, relations)?;
    if later.is_empty() {
        let what = format!(
            "a {} statement is asked for, and no tier requires a rule that reads it",
            relations[1].name()
        );
        return Err(Fault::new(&codes::POLICY_BAD_VALUE, what, 0..0)
            .expected("a tier that requires such a rule, or no [third] table"));
    }
    let part = |number: Number, tiers: Tiers| {
        let mut part = PolicyDocument {
            second: if number == 0 {
                policy.second.clone()
            } else {
                policy.third.clone()
            },
            third: None,
            rules: policy
                .rules
                .iter()
                .filter(|r| rules.stands_in(&r.name.value, number))
                .cloned()
                .collect(),
            tiers,
            ..policy.clone()
        };
        let terms = [Some(&part.first), part.second.as_ref().map(|(_, terms)| terms)];
        if !terms.iter().flatten().any(|t| t.source == Source::Attested) {
            part.attestors = Attestors::None;
        }
        part
    };
    Ok(vec![part(0, first), part(1, Tiers::DecisionList(later))])
}

fn spans(what: String, span: &Range<usize>) -> Fault {
    Fault::new(&codes::POLICY_SPANS, what, span.clone())
}

/// Which part each rule belongs to.
struct Assigned {
    /// By rule: the part; none where it reads the first statement alone.
    parts: BTreeMap<String, Option<Number>>,
    /// By combination: the rules that it names.
    named: BTreeMap<String, BTreeSet<String>>,
    /// The rules that each part needs.
    needed: [BTreeSet<String>; 2],
}

impl Assigned {
    /// What cannot be read, or names what is unknown, counts as of the first part, where it is refused with its place.
    fn new(policy: &PolicyDocument, relations: [Relation; 2]) -> Result<Self, Fault> {
        let mut own = Self {
            parts: BTreeMap::new(),
            named: BTreeMap::new(),
            needed: Default::default(),
        };
        for rule in &policy.rules {
            let mut read = BTreeSet::new();
            let mut names = BTreeSet::new();
            if let Ok(condition) = parse(&rule.require.value) {
                reads(&condition, &mut read, &mut names);
            }
            let mut parts: BTreeSet<Number> = read.iter().filter_map(|p| part_of(*p, relations)).collect();
            parts.extend(names.iter().filter_map(|name| own.parts.get(name).copied().flatten()));
            if parts.len() > 1 {
                let what = format!("`{}` reads the second and the third statement", rule.name.value);
                return Err(spans(what, &rule.require.span));
            }
            let name = &rule.name.value;
            own.parts.insert(name.clone(), parts.first().copied());
            own.named.insert(name.clone(), names);
        }
        for name in required(&policy.tiers) {
            own.need(&name.value, own.part(&name.value));
        }
        // What decides nothing is compiled all the same, once, so that its author hears of it.
        for rule in policy.rules.iter().rev() {
            let name = &rule.name.value;
            if !own.needed.iter().any(|part| part.contains(name)) {
                own.need(name, own.part(name));
            }
        }
        Ok(own)
    }

    /// A part needs a rule, and what that rule names.
    fn need(&mut self, rule: &str, part: Number) {
        if !self.needed[part].insert(rule.to_owned()) {
            return;
        }
        for name in self.named.get(rule).cloned().unwrap_or_default() {
            self.need(&name, part);
        }
    }

    /// The part that a tier demands when it requires this rule.
    fn part(&self, rule: &str) -> Number {
        self.parts.get(rule).copied().flatten().unwrap_or(0)
    }

    /// Whether a part has this rule.
    fn stands_in(&self, rule: &str, part: Number) -> bool {
        self.needed[part].contains(rule)
    }
}

/// The statements that a condition reads, and the rules that it names.
fn reads(condition: &Condition, read: &mut BTreeSet<Period>, names: &mut BTreeSet<String>) {
    match condition {
        Condition::Compare(left, _, right) => [left, right].iter().for_each(|side| periods(side, read)),
        Condition::Between(value, low, high) => [value, low, high].iter().for_each(|side| periods(side, read)),
        Condition::Combination(combination) => rule_names(combination, names),
        Condition::Months(conditions, ..) => conditions.iter().for_each(|one| reads(one, read, names)),
        Condition::LongestGap(series, ..) => read.extend(series.iter().map(|(period, _)| *period)),
    }
}

/// The rules that tiers name.
fn required(tiers: &Tiers) -> Vec<&Located<String>> {
    match tiers {
        Tiers::DecisionList(rungs) | Tiers::PricingGrid { levels: rungs, .. } => {
            rungs.iter().flat_map(|rung| &rung.requires).collect()
        }
        Tiers::Scorecard {
            required,
            points,
            grades,
            ..
        } => {
            let points = points.iter().map(|(rule, _)| rule);
            let of_grades = grades.iter().flat_map(|grade| &grade.requires);
            required.iter().chain(points).chain(of_grades).collect()
        }
    }
}

fn part_of(period: Period, relations: [Relation; 2]) -> Option<Number> {
    let relation = match period {
        Period::Current => return None,
        Period::Prior => Relation::Prior,
        Period::Companion => Relation::Companion,
    };
    relations.iter().position(|own| *own == relation)
}

/// The statements that an expression reads.
fn periods(expression: &Expression, read: &mut BTreeSet<Period>) {
    match &expression.kind {
        ExpressionKind::Number(..) => {}
        ExpressionKind::Figure(period, _) => {
            read.insert(*period);
        }
        ExpressionKind::Negate(inner) => periods(inner, read),
        ExpressionKind::Binary(_, left, right) => {
            periods(left, read);
            periods(right, read);
        }
    }
}

fn rule_names(combination: &Combination, names: &mut BTreeSet<String>) {
    match combination {
        Combination::Rule(name, _) => {
            names.insert(name.clone());
        }
        Combination::Not(inner, _) => rule_names(inner, names),
        Combination::And(all) | Combination::Or(all) | Combination::AtLeast(_, all, _) => {
            all.iter().for_each(|one| rule_names(one, names));
        }
    }
}

/// The tiers of the first part, and those that demand the second one.
fn split_tiers(tiers: &Tiers, rules: &Assigned, relations: [Relation; 2]) -> Result<(Tiers, Vec<Rung>), Fault> {
    let mut later = Vec::new();
    let first = match tiers {
        Tiers::DecisionList(rungs) => Tiers::DecisionList(split_rungs(rungs, rules, &mut later)?),
        Tiers::PricingGrid { levels, worst, clauses } => Tiers::PricingGrid {
            levels: split_rungs(levels, rules, &mut later)?,
            worst: worst.clone(),
            clauses: *clauses,
        },
        Tiers::Scorecard {
            required,
            points,
            factors,
            grades,
        } => {
            if let Some((rule, _)) = points.iter().find(|(rule, _)| rules.part(&rule.value) > 0) {
                let what = format!("`{}` reads the third statement and earns points", rule.value);
                return Err(of_points(what, &rule.span));
            }
            for factor in factors {
                let mut read = BTreeSet::new();
                if let Ok(expression) = parse_expression(&factor.expression.value) {
                    periods(&expression, &mut read);
                }
                if read.iter().any(|period| part_of(*period, relations) == Some(1)) {
                    let what = format!("the factor `{}` reads the third statement", factor.name.value);
                    return Err(of_points(what, &factor.expression.span));
                }
            }
            let of = |names: &[Located<String>], part: Number| -> Vec<Located<String>> {
                names
                    .iter()
                    .filter(|name| rules.part(&name.value) == part)
                    .cloned()
                    .collect()
            };
            let everywhere = of(required, 1);
            for grade in grades {
                let own = of(&grade.requires, 1);
                let own = own
                    .into_iter()
                    .filter(|name| !everywhere.iter().any(|e| e.value == name.value));
                let requires: Vec<_> = everywhere.iter().cloned().chain(own).collect();
                if !requires.is_empty() {
                    later.push(rung(grade, requires));
                }
            }
            Tiers::Scorecard {
                required: of(required, 0),
                points: points.clone(),
                factors: factors.clone(),
                grades: grades
                    .iter()
                    .map(|grade| Rung {
                        requires: of(&grade.requires, 0),
                        ..grade.clone()
                    })
                    .collect(),
            }
        }
    };
    Ok((first, later))
}

fn of_points(what: String, span: &Range<usize>) -> Fault {
    spans(what, span)
        .expected("points on rules of the first two statements")
        .advice(
            "Points are added up within one proof: require the rule, or make the statement that it reads `[second]`.",
        )
}

/// Each tier's rules of the first part; those of the second go to `later`.
fn split_rungs(rungs: &[Rung], rules: &Assigned, later: &mut Vec<Rung>) -> Result<Vec<Rung>, Fault> {
    let mut first = Vec::new();
    for own in rungs {
        let (here, there): (Vec<_>, Vec<_>) = own
            .requires
            .iter()
            .cloned()
            .partition(|name| rules.part(&name.value) == 0);
        if here.is_empty() && !there.is_empty() {
            let what = format!("`{}` requires nothing of the first two statements", own.name.value);
            return Err(spans(what, &own.name.span)
                .expected("at least one rule of the first proof")
                .advice(
                    "Have the tier require a rule on the first statement too, or make the third statement `[second]`.",
                ));
        }
        if !there.is_empty() {
            later.push(rung(own, there));
        }
        first.push(Rung {
            requires: here,
            ..own.clone()
        });
    }
    Ok(first)
}

fn rung(of: &Rung, requires: Vec<Located<String>>) -> Rung {
    Rung {
        name: of.name.clone(),
        requires,
        minimum: None,
        margin_bps: None,
    }
}
