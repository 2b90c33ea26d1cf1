//! What changes for a borrower between two policies, from their compiled programs: a rule that is worded otherwise and asks the same
//! is no change, and one that asks more is told from one that asks less.
//!
//! A rule (or a tier) is *tightened* where whoever passes it now passed it before, *loosened* the other way round; both directions are
//! asked of the same search as the analysis ([`crate::analysis`]), over the rows of both programs. An implication that is claimed is
//! proven. That the opposite one does not hold is known for rational figures; where rows over products of figures stand behind a rule,
//! it is not claimed.

use std::collections::BTreeSet;
use std::fmt;

use crate::analysis::{Answer, Demand, Network, NodeId};
use crate::compiler::{Compiled, RuleMap};
use crate::program::{FIGURES, Program, StatementTerms, Tier};
use crate::statement::Assurance;

/// What a change is for a borrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Something is asked that was not asked before.
    Added,
    /// Something is no longer asked.
    Removed,
    /// More is asked: whoever passes now passed before.
    Tightened,
    /// Less is asked: whoever passed before passes now.
    Loosened,
    /// Some who passed fail now, and some who failed pass now.
    Both,
    /// Which of these was not decided.
    Changed,
    /// Another name for the same.
    Renamed,
    /// Other words, or another place, for the same.
    Reworded,
}

impl Effect {
    /// The effect in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Tightened => "tightened",
            Self::Loosened => "loosened",
            Self::Both => "tightened and loosened",
            Self::Changed => "changed",
            Self::Renamed => "renamed",
            Self::Reworded => "reworded",
        }
    }
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The terms of statements, the currency, the age.
    Terms,
    /// Who may attest.
    Attestors,
    /// A rule.
    Rule,
    /// A tier, grade or level.
    Tier,
}

impl Part {
    /// The part in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Terms => "terms",
            Self::Attestors => "attestors",
            Self::Rule => "rule",
            Self::Tier => "tier",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is about.
    pub part: Part,
    /// Its name.
    pub name: String,
    /// What it is for a borrower.
    pub effect: Effect,
    /// What was, and what is, in words.
    pub text: String,
}

impl Change {
    fn new(part: Part, name: impl Into<String>, effect: Effect, text: impl Into<String>) -> Self {
        Self {
            part,
            name: name.into(),
            effect,
            text: text.into(),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} `{}` {}: {}",
            self.part.name(),
            self.name,
            self.effect.name(),
            self.text
        )
    }
}

/// What changes from `old` to `new`: terms first, then attestors, rules and tiers. Empty where a borrower sees no difference.
pub fn diff(old: &Compiled, new: &Compiled) -> Vec<Change> {
    let mut changes = terms(old, new);
    attestors(old, new, &mut changes);
    if old.program.currency != new.program.currency || old.policy.first.schema.name != new.policy.first.schema.name {
        let text = "the rules of both policies are about other figures, and are not compared";
        changes.push(Change::new(Part::Rule, "all", Effect::Changed, text));
        return changes;
    }
    let mut pair = Pair::new(old, new);
    pair.rules(&mut changes);
    pair.tiers(&mut changes);
    if old.further != new.further {
        let text = "what the linked proof shows is another; it is not compared rule by rule";
        changes.push(Change::new(Part::Rule, "third", Effect::Changed, text));
    }
    changes
}

/// Where a number asks for more when it grows, or when it falls.
fn by_size<T: PartialOrd>(old: &T, new: &T, more_is_stricter: bool) -> Effect {
    if (new > old) == more_is_stricter {
        Effect::Tightened
    } else {
        Effect::Loosened
    }
}

fn terms(old: &Compiled, new: &Compiled) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut changed = |name: &str, was: String, is: String, effect: Effect| {
        if was != is {
            changes.push(Change::new(Part::Terms, name, effect, format!("{was} → {is}")));
        }
    };
    let (p, q) = (&old.program, &new.program);
    changed(
        "schema",
        old.policy.first.schema.name.into(),
        new.policy.first.schema.name.into(),
        Effect::Changed,
    );
    changed(
        "currency",
        p.currency.code.into(),
        q.currency.code.into(),
        Effect::Changed,
    );
    let days = |n: u32| format!("{n} days");
    let effect = by_size(&p.age_max_days, &q.age_max_days, false);
    changed("age_max_days", days(p.age_max_days), days(q.age_max_days), effect);
    changed(
        "relation",
        p.relation.name().into(),
        q.relation.name().into(),
        Effect::Changed,
    );
    let scope = |c: &Compiled| match &c.texts.scope {
        crate::policy::Scope::Bank => "this bank".to_owned(),
        crate::policy::Scope::Consortium(name) => format!("consortium {name}"),
    };
    changed("scope", scope(old), scope(new), Effect::Changed);
    for (name, a, b) in [
        ("statement", &p.statements[0], &q.statements[0]),
        ("second", &p.statements[1], &q.statements[1]),
    ] {
        statement(name, a, b, &mut changed);
    }
    changes
}

fn statement(
    name: &str,
    old: &StatementTerms,
    new: &StatementTerms,
    changed: &mut impl FnMut(&str, String, String, Effect),
) {
    let field = |field: &str| format!("{name}.{field}");
    changed(
        &field("source"),
        old.source.name().into(),
        new.source.name().into(),
        Effect::Changed,
    );
    if old.schema.is_empty() || new.schema.is_empty() {
        return;
    }
    changed(
        &field("basis"),
        old.basis.to_string(),
        new.basis.to_string(),
        Effect::Changed,
    );
    let floor = |terms: &StatementTerms| Assurance(terms.assurance_floor).to_string();
    let effect = by_size(&old.assurance_floor, &new.assurance_floor, true);
    changed(&field("assurance_floor"), floor(old), floor(new), effect);
    let effect = by_size(&old.restatement_cap, &new.restatement_cap, false);
    let cap = |terms: &StatementTerms| terms.restatement_cap.to_string();
    changed(&field("restatement_max"), cap(old), cap(new), effect);
    let lengths = |terms: &StatementTerms| format!("{} to {} days", terms.length_min_days, terms.length_max_days);
    let (shorter, longer) = (
        new.length_min_days.cmp(&old.length_min_days),
        new.length_max_days.cmp(&old.length_max_days),
    );
    let effect = if shorter.is_ge() && longer.is_le() {
        Effect::Tightened
    } else if shorter.is_le() && longer.is_ge() {
        Effect::Loosened
    } else {
        Effect::Both
    };
    changed(&field("length_days"), lengths(old), lengths(new), effect);
    let needed = new.need & !old.need;
    let names = |mask: u32| {
        let schema = crate::schema::Schema::named(new.schema).ok();
        let figures = (0..FIGURES).filter(|j| mask >> j & 1 == 1);
        let named = figures.filter_map(|j| schema.map(|s| s.figures[j].name));
        named.collect::<Vec<_>>().join(", ")
    };
    if needed != 0 {
        changed(
            &field("figures"),
            "not needed".into(),
            format!("needed: {}", names(needed)),
            Effect::Tightened,
        );
    }
    let spared = old.need & !new.need;
    if spared != 0 {
        changed(
            &field("figures"),
            format!("needed: {}", names(spared)),
            "not needed".into(),
            Effect::Loosened,
        );
    }
}

fn attestors(old: &Compiled, new: &Compiled, changes: &mut Vec<Change>) {
    let listed = |c: &Compiled| -> BTreeSet<[u8; 32]> { c.program.attestors.iter().copied().collect() };
    let (was, is) = (listed(old), listed(new));
    let word = |c: &Compiled| match (c.program.attestors_from_registry, c.program.attestors.len()) {
        (true, _) => "everyone in the registry".to_owned(),
        (false, 0) => "nobody".to_owned(),
        (false, n) => format!("{n} listed"),
    };
    if word(old) != word(new) && (was.is_empty() || is.is_empty()) {
        let text = format!("{} → {}", word(old), word(new));
        changes.push(Change::new(Part::Attestors, "attestors", Effect::Changed, text));
        return;
    }
    let name = |c: &Compiled, key: &[u8; 32]| {
        let place = c.program.attestors.iter().position(|other| other == key);
        let name = place
            .and_then(|i| c.texts.attestor_names.get(i))
            .cloned()
            .unwrap_or_default();
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        if name.is_empty() {
            hex
        } else {
            format!("{name} ({hex})")
        }
    };
    for key in is.difference(&was) {
        changes.push(Change::new(
            Part::Attestors,
            name(new, key),
            Effect::Added,
            "may attest now",
        ));
    }
    for key in was.difference(&is) {
        changes.push(Change::new(
            Part::Attestors,
            name(old, key),
            Effect::Removed,
            "may no longer attest",
        ));
    }
}

/// Two programs in one network.
struct Pair<'c> {
    old: &'c Compiled,
    new: &'c Compiled,
    network: Network,
    nodes: [Vec<NodeId>; 2],
    /// The second statements are different ones.
    other_second: bool,
}

impl<'c> Pair<'c> {
    fn new(old: &'c Compiled, new: &'c Compiled) -> Self {
        let second = |c: &Compiled| (c.program.relation, c.program.statements[1].schema);
        let other_second = second(old) != second(new);
        // The ranges and identities of the policy with more statements hold for what both read.
        let wider = if new.program.statements[1].schema.is_empty() {
            old
        } else {
            new
        };
        let mut network = Network::new(&wider.program);
        let nodes = [network.add(&old.program), network.add(&new.program)];
        network.settle();
        Self {
            old,
            new,
            network,
            nodes,
            other_second,
        }
    }

    fn rows(&self, side: usize, rule: &RuleMap) -> BTreeSet<NodeId> {
        let rows = rule.tests.iter().chain(&rule.guards);
        rows.map(|row| self.nodes[side][*row]).collect()
    }

    /// What a demand has become for those who must meet it; none where it is the same.
    fn effect(&mut self, was: &Demand, is: &Demand, open: bool) -> Option<Effect> {
        if was == is {
            return None;
        }
        let stricter = self.network.ask(&[is.clone(), was.negated()]);
        let milder = self.network.ask(&[was.clone(), is.negated()]);
        let open = open || [stricter, milder].contains(&Answer::Undecided);
        match (stricter == Answer::Impossible, milder == Answer::Impossible) {
            (true, true) => None,
            (true, false) => Some(Effect::Tightened),
            (false, true) => Some(Effect::Loosened),
            (false, false) if open => Some(Effect::Changed),
            (false, false) => Some(Effect::Both),
        }
    }

    fn rules(&mut self, changes: &mut Vec<Change>) {
        let (old, new) = (self.old, self.new);
        let sentences = [sentences(old), sentences(new)];
        let find = |c: &'c Compiled, name: &str| c.rules().iter().position(|rule| rule.name == name);
        let mut gone: Vec<usize> = (0..old.rules().len())
            .filter(|i| find(new, &old.rules()[*i].name).is_none())
            .collect();
        for (j, rule) in new.rules().iter().enumerate() {
            let now = &sentences[1][j];
            let rows = self.rows(1, rule);
            let Some(i) = find(old, &rule.name) else {
                let twin = gone.iter().position(|i| self.rows(0, &old.rules()[*i]) == rows);
                if let Some(twin) = twin {
                    let text = format!("was `{}`; {now}", old.rules()[gone.remove(twin)].name);
                    changes.push(Change::new(Part::Rule, &rule.name, Effect::Renamed, text));
                } else {
                    changes.push(Change::new(Part::Rule, &rule.name, Effect::Added, now));
                }
                continue;
            };
            let before = &sentences[0][i];
            let text = format!("{before} → {now}");
            let was = self.rows(0, &old.rules()[i]);
            let reads_second = reads_second(&old.program, &old.rules()[i]) || reads_second(&new.program, rule);
            let effect = if self.other_second && reads_second {
                Some(Effect::Changed)
            } else if was == rows {
                None
            } else {
                let open = self.network.is_open(&was) || self.network.is_open(&rows);
                self.effect(&Demand::all(&was), &Demand::all(&rows), open)
            };
            if let Some(effect) = effect {
                changes.push(Change::new(Part::Rule, &rule.name, effect, text));
            } else if before != now {
                changes.push(Change::new(Part::Rule, &rule.name, Effect::Reworded, text));
            }
        }
        for i in gone {
            changes.push(Change::new(
                Part::Rule,
                &old.rules()[i].name,
                Effect::Removed,
                &sentences[0][i],
            ));
        }
    }

    fn demand(&self, side: usize, tier: &Tier) -> (Demand, bool) {
        let weights = tier.weights.iter().zip(&self.nodes[side]);
        let weights: Vec<(NodeId, i64)> = weights.map(|(w, node)| (*node, i64::from(*w))).collect();
        let read = weights.iter().filter(|(_, w)| *w != 0).map(|(node, _)| *node).collect();
        let open = self.network.is_open(&read);
        (Demand::at_least(weights, i64::from(tier.minimum)), open)
    }

    fn tiers(&mut self, changes: &mut Vec<Change>) {
        let (old, new) = (self.old, self.new);
        let takes = [takes(old), takes(new)];
        let place = |c: &Compiled, name: &str| c.program.tiers.iter().position(|tier| tier.name == name);
        for (j, tier) in new.program.tiers.iter().enumerate() {
            let Some(i) = place(old, &tier.name) else {
                changes.push(Change::new(Part::Tier, &tier.name, Effect::Added, &takes[1][j]));
                continue;
            };
            let ((was, open), (is, open_now)) = (self.demand(0, &old.program.tiers[i]), self.demand(1, tier));
            let text = format!("{} → {}", takes[0][i], takes[1][j]);
            let effect = if self.other_second {
                (was != is).then_some(Effect::Changed)
            } else {
                self.effect(&was, &is, open || open_now)
            };
            if let Some(effect) = effect {
                changes.push(Change::new(Part::Tier, &tier.name, effect, text));
            }
            let margin = |c: &Compiled, k: usize| c.texts.margins_bps.get(k).copied();
            if let (Some(was), Some(is)) = (margin(old, i), margin(new, j))
                && was != is
            {
                let text = format!("the margin goes from {was} to {is} basis points");
                changes.push(Change::new(Part::Tier, &tier.name, by_size(&was, &is, true), text));
            }
        }
        let lost = old.program.tiers.iter().enumerate();
        for (i, tier) in lost.filter(|(_, tier)| place(new, &tier.name).is_none()) {
            changes.push(Change::new(Part::Tier, &tier.name, Effect::Removed, &takes[0][i]));
        }
        let order = |c: &Compiled, other: &Compiled| -> Vec<String> {
            let both = c.program.tiers.iter().filter(|tier| place(other, &tier.name).is_some());
            both.map(|tier| tier.name.clone()).collect()
        };
        let (was, is) = (order(old, new), order(new, old));
        if was != is {
            let text = format!("best first: {} → {}", was.join(", "), is.join(", "));
            changes.push(Change::new(Part::Tier, "order", Effect::Changed, text));
        }
    }
}

fn sentences(compiled: &Compiled) -> Vec<String> {
    let rendering = crate::render::render_decoded(&compiled.program, &compiled.texts, &compiled.further);
    rendering.rules.into_iter().map(|rule| rule.sentence).collect()
}

fn takes(compiled: &Compiled) -> Vec<String> {
    let rendering = crate::render::render_decoded(&compiled.program, &compiled.texts, &compiled.further);
    rendering.tiers.into_iter().map(|tier| tier.takes).collect()
}

/// Whether a rule reads the second statement, itself or through the rows that it combines.
fn reads_second(program: &Program, rule: &RuleMap) -> bool {
    let mut rows: BTreeSet<usize> = rule.tests.iter().chain(&rule.guards).copied().collect();
    for row in (0..program.rows.len()).rev().filter(|row| rule.tests.contains(row)) {
        let passes = program.rows[row].passes.iter().enumerate();
        rows.extend(passes.filter(|(_, weight)| **weight != 0).map(|(earlier, _)| earlier));
    }
    let second = |a: &[i64]| a.iter().skip(FIGURES).any(|c| *c != 0);
    rows.iter().any(|row| {
        let row = &program.rows[*row];
        let slots = row.slots.iter().zip(&program.slots).filter(|(factor, _)| **factor != 0);
        second(&row.a) || slots.into_iter().any(|(_, slot)| second(&slot.u) || second(&slot.v))
    })
}

#[cfg(test)]
mod tests;
