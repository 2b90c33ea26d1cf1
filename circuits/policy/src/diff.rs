//! What changes for a borrower between two policies, from their compiled programs: a rule that is worded otherwise and asks the same
//! is no change, and one that asks more is told from one that asks less.
//!
//! A rule (or a tier) is *tightened* where whoever passes it now passed it before, *loosened* the other way round; both directions are
//! asked of the same search as the analysis ([`crate::analysis`]), over the rows of both programs. An implication that is claimed is
//! proven. That the opposite one does not hold is known for rational figures; where rows over products of figures stand behind a rule,
//! it is not claimed. A linked proof is compared with the old one as the first part is with the old first part; a tier that takes several
//! proofs asks for more where one of them does and none asks for less.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::analysis::{Answer, Demand, Network, NodeId};
use crate::compiler::{Compiled, RuleMap, Texts};
use crate::program::{FIGURES, Program, Tier};

mod terms;

use terms::{attestors, by_size, terms};

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
    let mut first = Pair::new(Side::first(old), Side::first(new));
    let mut rules = Vec::new();
    first.rules(&mut rules);
    let linked = linked(old, new, &mut rules);
    changes.append(&mut rules);
    first.tiers(&linked, &mut changes);
    changes
}

/// What changes in a linked proof: the rules, those apart that stay in another part or that were said already; and what it is for each
/// tier that takes it.
fn linked(old: &Compiled, new: &Compiled, rules: &mut Vec<Change>) -> BTreeMap<String, Effect> {
    let sides = [old, new].map(|c| c.further.first().map(|part| Side::new(&part.program, &part.texts)));
    let mut tiers = BTreeMap::new();
    match sides {
        [None, None] => return tiers,
        [Some(was), None] => {
            let gone = was.texts.rules.iter().zip(&was.sentences);
            rules.extend(gone.map(|(rule, text)| Change::new(Part::Rule, &rule.name, Effect::Removed, text)));
            tiers.extend(
                was.program
                    .tiers
                    .iter()
                    .map(|tier| (tier.name.clone(), Effect::Loosened)),
            );
        }
        [None, Some(is)] => {
            let come = is.texts.rules.iter().zip(&is.sentences);
            rules.extend(come.map(|(rule, text)| Change::new(Part::Rule, &rule.name, Effect::Added, text)));
            tiers.extend(
                is.program
                    .tiers
                    .iter()
                    .map(|tier| (tier.name.clone(), Effect::Tightened)),
            );
        }
        [Some(was), Some(is)] => {
            let mut pair = Pair::new(was, is);
            let mut found = Vec::new();
            pair.rules(&mut found);
            found.retain(|change| !rules.contains(change));
            rules.append(&mut found);
            tiers = pair.of_tiers();
        }
    }
    let stated = |c: &Compiled| -> BTreeSet<(String, String)> {
        let rendering = crate::render::render_decoded(&c.program, &c.texts, &c.further);
        rendering
            .rules
            .into_iter()
            .map(|rule| (rule.name, rule.sentence))
            .collect()
    };
    let (was, is) = (stated(old), stated(new));
    // A rule may stand in both parts, or move to the other one.
    rules.retain(|change| {
        let rule = (change.name.clone(), change.text.clone());
        match change.effect {
            Effect::Added => !was.contains(&rule),
            Effect::Removed => !is.contains(&rule),
            _ => true,
        }
    });
    tiers
}

/// What a tier's change is that takes two proofs.
fn together(first: Option<Effect>, linked: Option<Effect>) -> Option<Effect> {
    match (first, linked) {
        (Some(a), Some(b)) if a != b => Some(Effect::Changed),
        (a, b) => a.or(b),
    }
}

/// One proof of a policy, with what it says in words.
struct Side<'c> {
    program: &'c Program,
    texts: &'c Texts,
    sentences: Vec<String>,
    /// What each tier takes.
    takes: Vec<String>,
}

impl<'c> Side<'c> {
    /// The first part, whose tiers say what they take of all.
    fn first(compiled: &'c Compiled) -> Self {
        let rendering = crate::render::render_decoded(&compiled.program, &compiled.texts, &compiled.further);
        Self {
            takes: rendering.tiers.into_iter().map(|tier| tier.takes).collect(),
            ..Self::new(&compiled.program, &compiled.texts)
        }
    }

    fn new(program: &'c Program, texts: &'c Texts) -> Self {
        let rendering = crate::render::render_decoded(program, texts, &[]);
        Self {
            program,
            texts,
            sentences: rendering.rules.into_iter().map(|rule| rule.sentence).collect(),
            takes: rendering.tiers.into_iter().map(|tier| tier.takes).collect(),
        }
    }

    fn rule(&self, name: &str) -> Option<usize> {
        self.texts.rules.iter().position(|rule| rule.name == name)
    }

    fn tier(&self, name: &str) -> Option<usize> {
        self.program.tiers.iter().position(|tier| tier.name == name)
    }
}

/// Two programs in one network.
struct Pair<'c> {
    old: Side<'c>,
    new: Side<'c>,
    network: Network,
    nodes: [Vec<NodeId>; 2],
    /// The second statements are different ones.
    other_second: bool,
}

impl<'c> Pair<'c> {
    fn new(old: Side<'c>, new: Side<'c>) -> Self {
        let second = |c: &Side<'_>| (c.program.relation, c.program.statements[1].schema);
        let other_second = second(&old) != second(&new);
        // The ranges and identities of the policy with more statements hold for what both read.
        let wider = if new.program.statements[1].schema.is_empty() {
            old.program
        } else {
            new.program
        };
        let mut network = Network::new(wider);
        let nodes = [network.add(old.program), network.add(new.program)];
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
        let (old, new) = (self.old.texts, self.new.texts);
        let mut gone: Vec<usize> = (0..old.rules.len())
            .filter(|i| self.new.rule(&old.rules[*i].name).is_none())
            .collect();
        for (j, rule) in new.rules.iter().enumerate() {
            let now = self.new.sentences[j].clone();
            let rows = self.rows(1, rule);
            let Some(i) = self.old.rule(&rule.name) else {
                let twin = gone.iter().position(|i| self.rows(0, &old.rules[*i]) == rows);
                if let Some(twin) = twin {
                    let text = format!("was `{}`; {now}", old.rules[gone.remove(twin)].name);
                    changes.push(Change::new(Part::Rule, &rule.name, Effect::Renamed, text));
                } else {
                    changes.push(Change::new(Part::Rule, &rule.name, Effect::Added, now));
                }
                continue;
            };
            let before = &self.old.sentences[i];
            let (text, reworded) = (format!("{before} → {now}"), *before != now);
            let was = self.rows(0, &old.rules[i]);
            let reads_second = reads_second(self.old.program, &old.rules[i]) || reads_second(self.new.program, rule);
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
            } else if reworded {
                changes.push(Change::new(Part::Rule, &rule.name, Effect::Reworded, text));
            }
        }
        for i in gone {
            let (name, sentence) = (&old.rules[i].name, &self.old.sentences[i]);
            changes.push(Change::new(Part::Rule, name, Effect::Removed, sentence));
        }
    }

    fn demand(&self, side: usize, tier: &Tier) -> (Demand, bool) {
        let weights = tier.weights.iter().zip(&self.nodes[side]);
        let weights: Vec<(NodeId, i64)> = weights.map(|(w, node)| (*node, i64::from(*w))).collect();
        let read = weights.iter().filter(|(_, w)| *w != 0).map(|(node, _)| *node).collect();
        let open = self.network.is_open(&read);
        (Demand::at_least(weights, i64::from(tier.minimum)), open)
    }

    /// What a tier has become in this proof, by its numbers in both programs; none where it is the same.
    fn of_tier(&mut self, i: usize, j: usize) -> Option<Effect> {
        let ((was, open), (is, open_now)) = (
            self.demand(0, &self.old.program.tiers[i]),
            self.demand(1, &self.new.program.tiers[j]),
        );
        if self.other_second {
            (was != is).then_some(Effect::Changed)
        } else {
            self.effect(&was, &is, open || open_now)
        }
    }

    /// What has become of each tier that takes this proof, or took it: one that takes it now, and did not, asks for more.
    fn of_tiers(&mut self) -> BTreeMap<String, Effect> {
        let (old, new) = (self.old.program, self.new.program);
        let mut found = BTreeMap::new();
        for (j, tier) in new.tiers.iter().enumerate() {
            let effect = match self.old.tier(&tier.name) {
                Some(i) => self.of_tier(i, j),
                None => Some(Effect::Tightened),
            };
            found.extend(effect.map(|effect| (tier.name.clone(), effect)));
        }
        let lost = old.tiers.iter().filter(|tier| self.new.tier(&tier.name).is_none());
        found.extend(lost.map(|tier| (tier.name.clone(), Effect::Loosened)));
        found
    }

    fn tiers(&mut self, linked: &BTreeMap<String, Effect>, changes: &mut Vec<Change>) {
        let (old, new) = (self.old.program, self.new.program);
        for (j, tier) in new.tiers.iter().enumerate() {
            let Some(i) = self.old.tier(&tier.name) else {
                changes.push(Change::new(Part::Tier, &tier.name, Effect::Added, &self.new.takes[j]));
                continue;
            };
            let text = format!("{} → {}", self.old.takes[i], self.new.takes[j]);
            let effect = together(self.of_tier(i, j), linked.get(&tier.name).copied());
            if let Some(effect) = effect {
                changes.push(Change::new(Part::Tier, &tier.name, effect, text));
            }
            let margin = |side: &Side<'_>, k: usize| side.texts.margins_bps.get(k).copied();
            if let (Some(was), Some(is)) = (margin(&self.old, i), margin(&self.new, j))
                && was != is
            {
                let text = format!("the margin goes from {was} to {is} basis points");
                changes.push(Change::new(Part::Tier, &tier.name, by_size(&was, &is, true), text));
            }
        }
        let lost = old.tiers.iter().enumerate();
        for (i, tier) in lost.filter(|(_, tier)| self.new.tier(&tier.name).is_none()) {
            changes.push(Change::new(Part::Tier, &tier.name, Effect::Removed, &self.old.takes[i]));
        }
        let order = |side: &Side<'_>, other: &Side<'_>| -> Vec<String> {
            let both = side
                .program
                .tiers
                .iter()
                .filter(|tier| other.tier(&tier.name).is_some());
            both.map(|tier| tier.name.clone()).collect()
        };
        let (was, is) = (order(&self.old, &self.new), order(&self.new, &self.old));
        if was != is {
            let text = format!("best first: {} → {}", was.join(", "), is.join(", "));
            changes.push(Change::new(Part::Tier, "order", Effect::Changed, text));
        }
    }
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
