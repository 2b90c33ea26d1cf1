//! Which patterns of passing and failing rows are possible: the question behind every claim of the analysis.
//!
//! A row over figures alone is a half-space, and fails exactly where `a·x <= bound - 1`, because figures are whole. A row over
//! pass bits is a threshold of other rows. A row over products is open: any answer of it is taken to be possible unless the
//! ranges of its factors settle it. Whether some half-spaces have a common point, with the schema's ranges and identities, is
//! decided by exact linear programming ([`crate::linear`]); patterns are searched as DPLL(T) solvers do, and the certificate of
//! every contradiction is kept as a lemma, so that no later pattern repeats it.
//!
//! [`Answer::Impossible`] is therefore a proof, for rational and so for whole figures. [`Answer::Possible`] says that this
//! reasoning does not exclude it: a rational point exists, or an open row would have to be understood.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::One as _;

use crate::linear::{Constraint, Form, System};
use crate::program::{FIGURES, Program, Row, Source};
use crate::schema::Schema;

/// Systems that one question may solve.
const SYSTEMS_MAX: usize = 400;

/// A row's place in the network.
pub(crate) type NodeId = usize;

/// One row.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// `form >= bound`.
    Half(Form, BigRational),
    /// A row over products: its linear part, its slots with their factors, and its bound.
    Open(Form, Vec<(i64, Form, Form)>, BigRational),
    /// `Σ weight·pass >= minimum`.
    Gate(Demand),
    /// A row that reads figures and pass bits at once, which the compiler does not make; equal to no other.
    Unknown(NodeId),
}

/// `Σ weight·pass >= minimum`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Demand {
    terms: Vec<(NodeId, i64)>,
    minimum: i64,
}

impl Demand {
    /// So much weight passes.
    pub(crate) fn at_least(terms: impl IntoIterator<Item = (NodeId, i64)>, minimum: i64) -> Self {
        let mut sums: BTreeMap<NodeId, i64> = BTreeMap::new();
        for (node, weight) in terms {
            *sums.entry(node).or_default() += weight;
        }
        Self {
            terms: sums.into_iter().filter(|(_, weight)| *weight != 0).collect(),
            minimum,
        }
    }

    /// All of these pass.
    pub(crate) fn all(nodes: &BTreeSet<NodeId>) -> Self {
        Self::at_least(nodes.iter().map(|node| (*node, 1)), nodes.len() as i64)
    }

    /// The opposite.
    pub(crate) fn negated(&self) -> Self {
        Self {
            terms: self.terms.iter().map(|(node, weight)| (*node, -weight)).collect(),
            minimum: 1 - self.minimum,
        }
    }
}

/// What is known of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// No figures make it.
    Impossible,
    /// Nothing excludes it.
    Possible,
    /// The search was given up.
    Undecided,
}

/// Rows of one or two programs over the same figures.
pub(crate) struct Network {
    figures: System,
    nodes: Vec<Node>,
    /// Rows that cannot all have these answers.
    lemmas: BTreeSet<Vec<(NodeId, bool)>>,
    /// Points that keep ranges and identities, from earlier answers.
    points: Vec<BTreeMap<usize, BigRational>>,
    systems: usize,
}

fn whole(value: impl Into<BigInt>) -> BigRational {
    BigRational::from(value.into())
}

/// The ranges and identities that the circuit enforces on a program's statements. The output of a book proof gives some figures
/// only, so that no identity is relied on.
fn figures(program: &Program) -> System {
    let mut system = System::default();
    for (statement, terms) in program.statements.iter().enumerate() {
        let Ok(schema) = Schema::named(terms.schema) else {
            continue;
        };
        for figure in 0..FIGURES {
            let (least, greatest) = schema.range(figure);
            system.bound(statement * FIGURES + figure, Some(whole(least)), Some(whole(greatest)));
        }
        if terms.source == Source::Proven {
            continue;
        }
        for identity in schema.identities {
            let terms = identity.terms.iter();
            let form = Form::new(terms.map(|(figure, c)| (statement * FIGURES + figure, whole(*c))));
            system.equal(form, whole(0));
        }
    }
    system
}

impl Network {
    /// The network of a program's figures, without rows.
    pub(crate) fn new(program: &Program) -> Self {
        Self {
            figures: figures(program),
            nodes: Vec::new(),
            lemmas: BTreeSet::new(),
            points: Vec::new(),
            systems: 0,
        }
    }

    /// Adds a program's rows; the node of each. Equal rows are one node.
    pub(crate) fn add(&mut self, program: &Program) -> Vec<NodeId> {
        let mut places = Vec::new();
        for row in &program.rows {
            let node = node(program, row, &places, self.nodes.len());
            let known = self.nodes.iter().position(|other| *other == node);
            places.push(known.unwrap_or_else(|| {
                self.nodes.push(node);
                self.nodes.len() - 1
            }));
        }
        places
    }

    /// Whether rows over products stand behind one of these nodes.
    pub(crate) fn is_open(&self, nodes: &BTreeSet<NodeId>) -> bool {
        nodes.iter().any(|node| match &self.nodes[*node] {
            Node::Half(..) => false,
            Node::Open(..) | Node::Unknown(_) => true,
            Node::Gate(demand) => self.is_open(&demand.terms.iter().map(|(inner, _)| *inner).collect()),
        })
    }

    /// Whether some figures meet all demands.
    pub(crate) fn ask(&mut self, demands: &[Demand]) -> Answer {
        if self.points.iter().any(|point| self.meets(point, demands)) {
            return Answer::Possible;
        }
        self.systems = 0;
        let start = State {
            answers: vec![None; self.nodes.len()],
            demands: demands.to_vec(),
            solved: None,
        };
        match self.search(start) {
            Some(true) => Answer::Possible,
            Some(false) => Answer::Impossible,
            None => Answer::Undecided,
        }
    }

    /// Whether a known point meets all demands; a row that is not settled there counts as not met.
    fn meets(&self, point: &BTreeMap<usize, BigRational>, demands: &[Demand]) -> bool {
        let answers: Vec<Option<bool>> = self.nodes.iter().map(|node| at(node, point)).collect();
        demands
            .iter()
            .all(|demand| self.range(demand, &answers).0 >= demand.minimum)
    }

    /// The answer of a node under the answers given.
    fn value(&self, node: NodeId, answers: &[Option<bool>]) -> Option<bool> {
        answers[node].or_else(|| match &self.nodes[node] {
            Node::Gate(demand) => {
                let (least, greatest) = self.range(demand, answers);
                if least >= demand.minimum {
                    Some(true)
                } else if greatest < demand.minimum {
                    Some(false)
                } else {
                    None
                }
            }
            _ => None,
        })
    }

    /// The least and the greatest weight that can pass.
    fn range(&self, demand: &Demand, answers: &[Option<bool>]) -> (i64, i64) {
        let (mut least, mut greatest) = (0, 0);
        for (node, weight) in &demand.terms {
            match self.value(*node, answers) {
                Some(true) => (least, greatest) = (least + weight, greatest + weight),
                Some(false) => {}
                None => (least, greatest) = (least + (*weight).min(0), greatest + (*weight).max(0)),
            }
        }
        (least, greatest)
    }

    /// Whether a pattern that extends this one is possible; `None` where it is given up.
    fn search(&mut self, mut state: State) -> Option<bool> {
        if !self.propagate(&mut state) {
            return Some(false);
        }
        match self.solve(&mut state)? {
            Solved::Contradiction => return Some(false),
            Solved::Point => {}
        }
        let Some((node, answer)) = self.guess(&state) else {
            return Some(true);
        };
        let mut other = state.clone();
        state.answers[node] = Some(answer);
        if self.search(state)? {
            return Some(true);
        }
        other.answers[node] = Some(!answer);
        self.search(other)
    }

    /// Sets every answer that demands and lemmas leave no choice for; false where they contradict each other.
    fn propagate(&self, state: &mut State) -> bool {
        loop {
            let mut forced: Vec<(NodeId, bool)> = Vec::new();
            for demand in &state.demands {
                let (_, greatest) = self.range(demand, &state.answers);
                if greatest < demand.minimum {
                    return false;
                }
                let unknown = demand
                    .terms
                    .iter()
                    .filter(|(node, _)| self.value(*node, &state.answers).is_none());
                let needed = unknown.filter(|(_, weight)| greatest - weight.abs() < demand.minimum);
                forced.extend(needed.map(|(node, weight)| (*node, *weight > 0)));
            }
            for lemma in &self.lemmas {
                let mut open = lemma
                    .iter()
                    .filter(|(node, answer)| state.answers[*node] != Some(*answer));
                match (open.next(), open.next()) {
                    (None, _) => return false,
                    (Some((node, answer)), None) if state.answers[*node].is_none() => forced.push((*node, !answer)),
                    _ => {}
                }
            }
            if forced.is_empty() {
                return true;
            }
            for (node, answer) in forced {
                match state.answers[node] {
                    Some(known) if known != answer => return false,
                    Some(_) => {}
                    None => {
                        state.answers[node] = Some(answer);
                        if let Node::Gate(demand) = &self.nodes[node] {
                            state
                                .demands
                                .push(if answer { demand.clone() } else { demand.negated() });
                        }
                    }
                }
            }
        }
    }

    /// Looks for a point of the half-spaces that the answers name.
    fn solve(&mut self, state: &mut State) -> Option<Solved> {
        let named = |(node, answer): (usize, &Option<bool>)| match (&self.nodes[node], answer) {
            (Node::Half(..), Some(answer)) => Some((node, *answer)),
            _ => None,
        };
        let halves: Vec<(NodeId, bool)> = state.answers.iter().enumerate().filter_map(named).collect();
        if state.solved.as_ref() == Some(&halves) {
            return Some(Solved::Point);
        }
        if self.systems == SYSTEMS_MAX {
            return None;
        }
        self.systems += 1;
        let mut system = self.figures.clone();
        let mut rows = BTreeMap::new();
        for (node, answer) in &halves {
            if let Node::Half(form, bound) = &self.nodes[*node] {
                let constraint = if *answer {
                    system.at_least(form.clone(), bound.clone())
                } else {
                    system.at_most(form, &(bound - BigRational::one()))
                };
                rows.insert(constraint, (*node, *answer));
            }
        }
        match system.points() {
            Ok(mut points) => {
                self.points
                    .extend(points.maximum(&Form::default()).map(|optimum| optimum.point));
                state.solved = Some(halves);
                Some(Solved::Point)
            }
            Err(certificate) => {
                let needed = certificate
                    .terms()
                    .filter_map(|(constraint, _): (Constraint, _)| rows.get(&constraint));
                self.lemmas.insert(needed.copied().collect());
                Some(Solved::Contradiction)
            }
        }
    }

    /// A row on which an unmet demand depends, and the answer that helps; `None` where all demands are met.
    fn guess(&self, state: &State) -> Option<(NodeId, bool)> {
        let unmet = |demand: &&Demand| self.range(demand, &state.answers).0 < demand.minimum;
        state
            .demands
            .iter()
            .filter(unmet)
            .find_map(|demand| self.choice(demand, true, &state.answers))
    }

    fn choice(&self, demand: &Demand, wanted: bool, answers: &[Option<bool>]) -> Option<(NodeId, bool)> {
        let unknown = demand
            .terms
            .iter()
            .filter(|(node, _)| self.value(*node, answers).is_none());
        unknown
            .max_by_key(|(_, weight)| weight.abs())
            .and_then(|(node, weight)| {
                let answer = (*weight > 0) == wanted;
                match &self.nodes[*node] {
                    Node::Gate(inner) => self.choice(inner, answer, answers),
                    _ => Some((*node, answer)),
                }
            })
    }

    /// Settles the rows over products that the ranges of their parts settle: each always has this answer.
    pub(crate) fn settle(&mut self) {
        let Ok(mut points) = self.figures.points() else {
            return;
        };
        let mut ends = |form: &Form| {
            let (least, greatest) = (points.minimum(form), points.maximum(form));
            least
                .zip(greatest)
                .map(|(least, greatest)| (least.value, greatest.value))
        };
        for (node, row) in self.nodes.iter().enumerate() {
            let Node::Open(linear, products, bound) = row else {
                continue;
            };
            let Some((mut least, mut greatest)) = ends(linear) else {
                continue;
            };
            let mut known = true;
            for (factor, u, v) in products {
                let (Some(u), Some(v)) = (ends(u), ends(v)) else {
                    known = false;
                    continue;
                };
                let corners =
                    [&u.0 * &v.0, &u.0 * &v.1, &u.1 * &v.0, &u.1 * &v.1].map(|corner| corner * whole(*factor));
                least += corners.iter().min().cloned().unwrap_or_default();
                greatest += corners.iter().max().cloned().unwrap_or_default();
            }
            if known && least >= *bound {
                self.lemmas.insert(vec![(node, false)]);
            } else if known && greatest < *bound {
                self.lemmas.insert(vec![(node, true)]);
            }
        }
    }
}

/// What a search knows.
#[derive(Clone)]
struct State {
    answers: Vec<Option<bool>>,
    demands: Vec<Demand>,
    /// The answers of half-spaces for which there is a point.
    solved: Option<Vec<(NodeId, bool)>>,
}

enum Solved {
    Contradiction,
    Point,
}

/// The answer of a row of figures at a point; none of an open row, and none strictly between failing and passing.
fn at(node: &Node, point: &BTreeMap<usize, BigRational>) -> Option<bool> {
    let Node::Half(form, bound) = node else {
        return None;
    };
    let value = form.value_at(point);
    if value >= *bound {
        Some(true)
    } else {
        (value <= bound - BigRational::one()).then_some(false)
    }
}

fn node(program: &Program, row: &Row, places: &[NodeId], next: NodeId) -> Node {
    let figures = row.a.iter().chain(&row.slots).any(|c| *c != 0);
    if figures && row.passes.iter().any(|c| *c != 0) {
        return Node::Unknown(next);
    }
    if !figures {
        let terms = row.passes.iter().zip(places).map(|(weight, node)| (*node, *weight));
        return Node::Gate(Demand::at_least(terms, row.bound as i64));
    }
    let (form, bound) = (Form::of_row(&row.a), whole(row.bound));
    let products: Vec<(i64, Form, Form)> = row
        .slots
        .iter()
        .zip(&program.slots)
        .filter(|(factor, _)| **factor != 0)
        .map(|(factor, slot)| (*factor, Form::of_row(&slot.u), Form::of_row(&slot.v)))
        .collect();
    if products.is_empty() {
        let (form, bound) = form.whole_at_least(&bound);
        Node::Half(form, bound)
    } else {
        Node::Open(form, products, bound)
    }
}
