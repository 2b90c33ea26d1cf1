//! What is wrong with a policy that compiles: rules that nobody or everybody passes, rules that repeat or imply each other, tiers that
//! nobody reaches, and tiers that are nobody's best.
//!
//! Claims are proofs. Rows over figures alone are half-spaces over rational figures, with the ranges and identities of the schema
//! that the circuit enforces; a pattern of passing and failing rows that no rational figures make is made by no whole ones. So what is
//! reported here is true of every statement. What is *not* reported may still be so in three cases: figures that are not whole
//! numbers alone make the pattern; a row over products of figures would have to be understood beyond the ranges of its factors; or the
//! search was given up ([`NOT_DECIDED`](codes::NOT_DECIDED) says so). Of a policy of three statements each proof is looked at by itself, so
//! nothing is said of what both of its proofs together exclude.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::catalogue as codes;
use crate::compiler::{Compiled, RuleKind, RuleMap, Texts, Warning, compile};
use crate::expression::Fault;
use crate::policy::source::Faults;
use crate::policy::{Located, Rung, Tiers};
use crate::program::Program;
use crate::refusal::{Entry, Refusal};

mod network;

pub(crate) use network::{Answer, Demand, Network, NodeId};

/// What an author is told about a source.
#[derive(Debug, Clone)]
pub struct Lint {
    /// The compiled policy, where it compiles and nothing is wrong with it.
    pub result: Result<Compiled, Refusal>,
    /// What the author should know, in the order of the source.
    pub warnings: Vec<Warning>,
}

/// Compiles a source and looks at what it says.
pub fn lint(source: &str) -> Lint {
    let compiled = match compile(source) {
        Ok(compiled) => compiled,
        Err(refusal) => {
            return Lint {
                result: Err(refusal),
                warnings: Vec::new(),
            };
        }
    };
    let mut said = Said {
        faults: Faults::default(),
        faulty: Vec::new(),
        warnings: compiled.warnings.clone(),
    };
    let mut studies: Vec<Study<'_>> = Vec::new();
    for (part, (program, texts)) in compiled.parts().enumerate() {
        let mut study = Study::new(&compiled, source, part, program, texts);
        study.rules(&mut said);
        study.pairs(&mut said);
        studies.push(study);
    }
    // What a rule that nobody passes does to tiers needs no words of its own.
    if said.faults.is_empty() {
        studies.iter_mut().for_each(|study| study.tiers(&mut said));
    }
    let Said {
        faults, mut warnings, ..
    } = said;
    warnings.sort_by_key(|warning| (warning.spot, warning.entry.code));
    Lint {
        result: faults.into_refusal(source).map_or(Ok(compiled), Err),
        warnings,
    }
}

/// What was said so far, about all parts of a policy; a rule that two parts share is spoken of once.
struct Said {
    faults: Faults,
    faulty: Vec<Range<usize>>,
    warnings: Vec<Warning>,
}

impl Said {
    fn fault(&mut self, entry: &'static Entry, what: String, span: Range<usize>) {
        if !self.faulty.contains(&span) {
            self.faulty.push(span.clone());
            self.faults.add(Fault::new(entry, what, span));
        }
    }
}

/// One part of a policy: what one proof shows.
struct Study<'c> {
    compiled: &'c Compiled,
    source: &'c str,
    /// Its number.
    part: usize,
    program: &'c Program,
    /// Its rules.
    maps: &'c [RuleMap],
    network: Network,
    /// The node of each row.
    nodes: Vec<NodeId>,
    /// Where each rule stands, factor steps included, in the order of the rule maps.
    spans: Vec<Range<usize>>,
    /// Rules of which something was said that makes further words on them empty.
    settled: BTreeSet<usize>,
}

impl<'c> Study<'c> {
    fn new(compiled: &'c Compiled, source: &'c str, part: usize, program: &'c Program, texts: &'c Texts) -> Self {
        let mut network = Network::new(program);
        let nodes = network.add(program);
        network.settle();
        Self {
            compiled,
            source,
            part,
            program,
            maps: &texts.rules,
            network,
            nodes,
            spans: spans(compiled, &texts.rules),
            settled: BTreeSet::new(),
        }
    }

    fn rows(&self, rule: &RuleMap) -> BTreeSet<NodeId> {
        rule.tests
            .iter()
            .chain(&rule.guards)
            .map(|row| self.nodes[*row])
            .collect()
    }

    fn warn(&self, said: &mut Said, entry: &'static Entry, span: &Range<usize>, text: String) {
        let warning = Warning::new(entry, self.source, span, text);
        let same = |other: &Warning| other.entry == entry && other.spot == warning.spot;
        if !said.warnings.iter().any(same) {
            said.warnings.push(warning);
        }
    }

    /// Whether these demands exclude each other; a question that is too large is reported.
    fn impossible(&mut self, said: &mut Said, demands: &[Demand], span: &Range<usize>, question: &str) -> bool {
        match self.network.ask(demands) {
            Answer::Impossible => true,
            Answer::Possible => false,
            Answer::Undecided => {
                self.warn(said, &codes::NOT_DECIDED, span, format!("{question} was not decided"));
                false
            }
        }
    }

    /// Rules that nobody passes, and rules that everybody passes.
    fn rules(&mut self, said: &mut Said) {
        for (i, rule) in self.maps.iter().enumerate() {
            let (all, span) = (Demand::all(&self.rows(rule)), self.spans[i].clone());
            let name = &rule.name;
            if self.impossible(
                said,
                std::slice::from_ref(&all),
                &span,
                &format!("whether any statement passes `{name}`"),
            ) {
                let what = format!("no statement passes `{name}`");
                said.fault(&codes::POLICY_NEVER, what, span);
                self.settled.insert(i);
            } else if self.impossible(
                said,
                &[all.negated()],
                &span,
                &format!("whether every statement passes `{name}`"),
            ) {
                let text = format!("every statement passes `{name}`");
                self.warn(said, &codes::ALWAYS_HOLDS, &span, text);
                self.settled.insert(i);
            }
        }
    }

    /// Whether whoever passes all of `given` passes all of `then`.
    fn implies(
        &mut self,
        said: &mut Said,
        given: &BTreeSet<NodeId>,
        then: &BTreeSet<NodeId>,
        span: &Range<usize>,
        question: &str,
    ) -> bool {
        let then: BTreeSet<NodeId> = then.difference(given).copied().collect();
        then.is_empty()
            || self.impossible(
                said,
                &[Demand::all(given), Demand::all(&then).negated()],
                span,
                question,
            )
    }

    /// Rules that pass and fail together.
    fn pairs(&mut self, said: &mut Said) {
        let rules = self.maps;
        for (j, second) in rules.iter().enumerate() {
            for (i, first) in rules.iter().enumerate().take(j) {
                if self.settled.contains(&i) || self.settled.contains(&j) {
                    continue;
                }
                let (a, b) = (self.rows(first), self.rows(second));
                let span = self.spans[j].clone();
                let question = format!("whether `{}` says the same as `{}`", second.name, first.name);
                if self.implies(said, &a, &b, &span, &question) && self.implies(said, &b, &a, &span, &question) {
                    let text = format!("`{}` says the same as `{}`", second.name, first.name);
                    self.warn(said, &codes::SAME_RULE, &span, text);
                    self.settled.insert(j);
                }
            }
        }
    }

    /// Tiers that nobody reaches, that are nobody's best, or that demand what they imply. Of a linked part, these are the tiers that take
    /// it, and what each demands of it.
    fn tiers(&mut self, said: &mut Said) {
        let (rungs, everywhere) = rungs(&self.compiled.policy.tiers);
        let scorecard = matches!(self.compiled.policy.tiers, Tiers::Scorecard { .. }) && self.part == 0;
        let program = self.program;
        let tiers: Vec<Demand> = program.tiers.iter().map(|tier| self.tier(tier)).collect();
        for (k, tier) in program.tiers.iter().enumerate() {
            let Some(rung) = rungs.iter().find(|rung| rung.name.value == tier.name) else {
                continue;
            };
            let (name, span) = (&rung.name.value, &rung.name.span);
            if self.impossible(said, &tiers[k..=k], span, &format!("whether `{name}` can be reached")) {
                let (entry, what) = if scorecard {
                    (
                        &codes::POLICY_UNATTAINABLE,
                        format!("no statement earns what `{name}` asks for"),
                    )
                } else {
                    (
                        &codes::POLICY_CONTRADICTORY,
                        format!("no statement meets all that `{name}` demands"),
                    )
                };
                said.fault(entry, what, span.clone());
                continue;
            }
            if self.part == 0 {
                self.best(said, &tiers, k, rung);
            }
            self.demanded_in_vain(said, rung, everywhere);
        }
    }

    /// Says where whoever reaches a tier reaches a better one.
    fn best(&mut self, said: &mut Said, tiers: &[Demand], k: usize, rung: &Rung) {
        let (name, span) = (&rung.name.value, &rung.name.span);
        // Whoever meets the first program of a tier that takes a linked proof need not reach it, so nothing follows from that one.
        let alone = |k: &usize| self.compiled.demanded(&self.program.tiers[*k].name).len() < 2;
        let better = (0..k).filter(alone).map(|better| tiers[better].negated());
        let only: Vec<Demand> = tiers[k..=k].iter().cloned().chain(better).collect();
        let question = format!("whether `{name}` is anybody's best tier");
        if only.len() > 1 && self.impossible(said, &only, span, &question) {
            let text = format!("`{name}` is never the best tier: whoever reaches it reaches a better one");
            self.warn(said, &codes::NEVER_BEST, span, text);
        }
    }

    fn tier(&self, tier: &crate::program::Tier) -> Demand {
        let weights = tier.weights.iter().zip(&self.nodes);
        Demand::at_least(
            weights.map(|(weight, node)| (*node, i64::from(*weight))),
            i64::from(tier.minimum),
        )
    }

    /// Rules that the other rules of the same tier imply.
    fn demanded_in_vain<'r>(&mut self, said: &mut Said, rung: &'r Rung, everywhere: &'r [Located<String>]) {
        let of_part = |names: &'r [Located<String>]| -> Vec<(usize, &'r Located<String>)> {
            let placed = names.iter().filter_map(|name| Some((self.index(&name.value)?, name)));
            placed.collect()
        };
        let own = of_part(&rung.requires);
        let demanded = [own.clone(), of_part(everywhere)].concat();
        for (i, name) in &own {
            if self.settled.contains(i) {
                continue;
            }
            let rules = self.maps;
            let others = demanded
                .iter()
                .filter(|(other, _)| other != i && !self.settled.contains(other));
            let others: BTreeSet<NodeId> = others.flat_map(|(other, _)| self.rows(&rules[*other])).collect();
            let own = self.rows(&rules[*i]);
            let (rule, tier) = (&name.value, &rung.name.value);
            let question = format!("whether `{rule}` adds anything in `{tier}`");
            if !others.is_empty() && self.implies(said, &others, &own, &name.span, &question) {
                let text = format!("`{tier}` demands `{rule}`, which its other rules imply");
                self.warn(said, &codes::IMPLIED, &name.span, text);
            }
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.maps.iter().position(|rule| rule.name == name)
    }
}

/// The proven tiers as written, and the rules that each of them demands besides its own.
fn rungs(tiers: &Tiers) -> (&[Rung], &[Located<String>]) {
    match tiers {
        Tiers::DecisionList(rungs) | Tiers::PricingGrid { levels: rungs, .. } => (rungs, &[]),
        Tiers::Scorecard { grades, required, .. } => (grades, required),
    }
}

/// Where these rules stand: written ones by their names, the break points of factors in their order.
fn spans(compiled: &Compiled, maps: &[RuleMap]) -> Vec<Range<usize>> {
    let factors = match &compiled.policy.tiers {
        Tiers::Scorecard { factors, .. } => factors.as_slice(),
        _ => &[],
    };
    let mut steps = factors
        .iter()
        .flat_map(|factor| &factor.points)
        .map(|point| point.span.clone());
    let written = |name: &str| {
        let rule = compiled.policy.rules.iter().find(|rule| rule.name.value == name)?;
        Some(rule.name.span.clone())
    };
    let span = |map: &RuleMap| match map.kind {
        RuleKind::FactorStep => steps.next(),
        RuleKind::Comparison | RuleKind::Combination => written(&map.name),
    };
    maps.iter().map(span).map(Option::unwrap_or_default).collect()
}

#[cfg(test)]
mod tests;
