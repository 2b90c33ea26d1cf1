//! What is wrong with a policy that compiles: rules that nobody or everybody passes, rules that repeat or imply each other, tiers that
//! nobody reaches, and tiers that are nobody's best.
//!
//! Claims are proofs. Rows over figures alone are half-spaces over rational figures, with the ranges and identities of the schema
//! that the circuit enforces; a pattern of passing and failing rows that no rational figures make is made by no whole ones. So what is
//! reported here is true of every statement. What is *not* reported may still be so in three cases: figures that are not whole
//! numbers alone make the pattern; a row over products of figures would have to be understood beyond the ranges of its factors; or the
//! search was given up ([`NOT_DECIDED`](codes::NOT_DECIDED) says so).

use std::collections::BTreeSet;
use std::ops::Range;

use crate::catalogue as codes;
use crate::compiler::{Compiled, RuleMap, Warning, compile};
use crate::expression::Fault;
use crate::policy::source::Faults;
use crate::policy::{Located, Rung, Tiers};
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
    let mut study = Study::new(&compiled, source);
    study.rules();
    study.pairs();
    // What a rule that nobody passes does to tiers needs no words of its own.
    if study.faults.is_empty() {
        study.tiers();
    }
    let Study {
        faults, mut warnings, ..
    } = study;
    warnings.sort_by_key(|warning| (warning.spot, warning.entry.code));
    Lint {
        result: faults.into_refusal(source).map_or(Ok(compiled), Err),
        warnings,
    }
}

struct Study<'c> {
    compiled: &'c Compiled,
    source: &'c str,
    network: Network,
    /// The node of each row.
    nodes: Vec<NodeId>,
    /// Where each rule stands, factor steps included, in the order of the rule maps.
    spans: Vec<Range<usize>>,
    faults: Faults,
    warnings: Vec<Warning>,
    /// Rules of which something was said that makes further words on them empty.
    settled: BTreeSet<usize>,
}

impl<'c> Study<'c> {
    fn new(compiled: &'c Compiled, source: &'c str) -> Self {
        let mut network = Network::new(&compiled.program);
        let nodes = network.add(&compiled.program);
        network.settle();
        Self {
            compiled,
            source,
            network,
            nodes,
            spans: spans(compiled),
            faults: Faults::default(),
            warnings: compiled.warnings.clone(),
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

    fn warn(&mut self, entry: &'static Entry, span: &Range<usize>, text: String) {
        let warning = Warning::new(entry, self.source, span, text);
        let said = |other: &Warning| other.entry == entry && other.spot == warning.spot;
        if !self.warnings.iter().any(said) {
            self.warnings.push(warning);
        }
    }

    /// Whether these demands exclude each other; a question that is too large is reported.
    fn impossible(&mut self, demands: &[Demand], span: &Range<usize>, question: &str) -> bool {
        match self.network.ask(demands) {
            Answer::Impossible => true,
            Answer::Possible => false,
            Answer::Undecided => {
                self.warn(&codes::NOT_DECIDED, span, format!("{question} was not decided"));
                false
            }
        }
    }

    /// Rules that nobody passes, and rules that everybody passes.
    fn rules(&mut self) {
        for (i, rule) in self.compiled.rules().iter().enumerate() {
            let (all, span) = (Demand::all(&self.rows(rule)), self.spans[i].clone());
            let name = &rule.name;
            if self.impossible(
                std::slice::from_ref(&all),
                &span,
                &format!("whether any statement passes `{name}`"),
            ) {
                let what = format!("no statement passes `{name}`");
                self.faults.add(Fault::new(&codes::POLICY_NEVER, what, span));
                self.settled.insert(i);
            } else if self.impossible(
                &[all.negated()],
                &span,
                &format!("whether every statement passes `{name}`"),
            ) {
                let text = format!("every statement passes `{name}`");
                self.warn(&codes::ALWAYS_HOLDS, &span, text);
                self.settled.insert(i);
            }
        }
    }

    /// Whether whoever passes all of `given` passes all of `then`.
    fn implies(
        &mut self,
        given: &BTreeSet<NodeId>,
        then: &BTreeSet<NodeId>,
        span: &Range<usize>,
        question: &str,
    ) -> bool {
        let then: BTreeSet<NodeId> = then.difference(given).copied().collect();
        then.is_empty() || self.impossible(&[Demand::all(given), Demand::all(&then).negated()], span, question)
    }

    /// Rules that pass and fail together.
    fn pairs(&mut self) {
        let rules = self.compiled.rules();
        for (j, second) in rules.iter().enumerate() {
            for (i, first) in rules.iter().enumerate().take(j) {
                if self.settled.contains(&i) || self.settled.contains(&j) {
                    continue;
                }
                let (a, b) = (self.rows(first), self.rows(second));
                let span = self.spans[j].clone();
                let question = format!("whether `{}` says the same as `{}`", second.name, first.name);
                if self.implies(&a, &b, &span, &question) && self.implies(&b, &a, &span, &question) {
                    let text = format!("`{}` says the same as `{}`", second.name, first.name);
                    self.warn(&codes::SAME_RULE, &span, text);
                    self.settled.insert(j);
                }
            }
        }
    }

    /// Tiers that nobody reaches, that are nobody's best, or that demand what they imply.
    fn tiers(&mut self) {
        let (rungs, everywhere) = rungs(&self.compiled.policy.tiers);
        let scorecard = matches!(self.compiled.policy.tiers, Tiers::Scorecard { .. });
        let tiers: Vec<Demand> = self.compiled.program.tiers.iter().map(|tier| self.tier(tier)).collect();
        for (k, rung) in rungs.iter().enumerate() {
            let (name, span) = (&rung.name.value, &rung.name.span);
            if self.impossible(&tiers[k..=k], span, &format!("whether `{name}` can be reached")) {
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
                self.faults.add(Fault::new(entry, what, span.clone()));
                continue;
            }
            // Whoever meets the first program of a tier that takes a linked proof need not reach it, so nothing follows from that one.
            let alone = |k: &usize| self.compiled.demanded(&rungs[*k].name.value).len() < 2;
            let better = (0..k).filter(alone).map(|better| tiers[better].negated());
            let only: Vec<Demand> = tiers[k..=k].iter().cloned().chain(better).collect();
            if only.len() > 1 && self.impossible(&only, span, &format!("whether `{name}` is anybody's best tier")) {
                let text = format!("`{name}` is never the best tier: whoever reaches it reaches a better one");
                self.warn(&codes::NEVER_BEST, span, text);
            }
            self.demanded_in_vain(rung, everywhere);
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
    fn demanded_in_vain(&mut self, rung: &Rung, everywhere: &[Located<String>]) {
        let demanded: Vec<(usize, &Located<String>)> = rung
            .requires
            .iter()
            .chain(everywhere)
            .filter_map(|name| Some((self.index(&name.value)?, name)))
            .collect();
        for (i, name) in demanded.iter().take(rung.requires.len()) {
            if self.settled.contains(i) {
                continue;
            }
            let rules = self.compiled.rules();
            let others = demanded
                .iter()
                .filter(|(other, _)| other != i && !self.settled.contains(other));
            let others: BTreeSet<NodeId> = others.flat_map(|(other, _)| self.rows(&rules[*other])).collect();
            let own = self.rows(&rules[*i]);
            let (rule, tier) = (&name.value, &rung.name.value);
            let question = format!("whether `{rule}` adds anything in `{tier}`");
            if !others.is_empty() && self.implies(&others, &own, &name.span, &question) {
                let text = format!("`{tier}` demands `{rule}`, which its other rules imply");
                self.warn(&codes::IMPLIED, &name.span, text);
            }
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.compiled.rules().iter().position(|rule| rule.name == name)
    }
}

/// The proven tiers as written, and the rules that each of them demands besides its own.
fn rungs(tiers: &Tiers) -> (&[Rung], &[Located<String>]) {
    match tiers {
        Tiers::DecisionList(rungs) | Tiers::PricingGrid { levels: rungs, .. } => (rungs, &[]),
        Tiers::Scorecard { grades, required, .. } => (grades, required),
    }
}

/// Where rules stand: written ones by their names, then the break points of factors.
fn spans(compiled: &Compiled) -> Vec<Range<usize>> {
    let written = compiled.policy.rules.iter().map(|rule| rule.name.span.clone());
    let steps = match &compiled.policy.tiers {
        Tiers::Scorecard { factors, .. } => factors.as_slice(),
        _ => &[],
    };
    let steps = steps
        .iter()
        .flat_map(|factor| &factor.points)
        .map(|point| point.span.clone());
    written.chain(steps).collect()
}

#[cfg(test)]
mod tests;
