//! The simplex algorithm for bounded variables, in whole numbers.
//!
//! Variables are the columns that some slanted direction reads, and those directions. At every moment as many variables as there are
//! such columns are *resting* (nonbasic), each at a limit of its own or where it started, and all columns are forms of them:
//! `determinant · column = Σ inverse[column][k] · resting variable k`. All other variables follow. The first phase brings those that
//! follow within their limits, the second keeps them there while the objective improves.
//!
//! Numbers stay whole by Edmonds' integer pivoting ("Systems of Distinct Representatives and Linear Algebra", 1967): entries are minors of
//! the matrix of resting directions, so each division below is exact, no entry needs a greatest common divisor, and none is longer
//! than Hadamard's bound. Only columns have rows here; a direction's row is added up when it is asked for.
//!
//! The variable that moves is the one that promises most, for as many steps as the tableau has variables twice over, and from then on
//! the one of least number (Bland), with which no tableau comes twice and the search ends.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, Zero as _};

use super::direction::{Limit, Limits, Slanted};
use super::{Certificate, Constraint};

/// A limit in units of 1/[`Tableau::unit`].
#[derive(Debug, Clone)]
struct End {
    value: BigInt,
    constraint: Constraint,
    factor: BigRational,
}

/// A variable of the tableau.
#[derive(Debug, Clone)]
struct Variable {
    /// The columns, by their place, that it is made of.
    terms: Vec<(usize, BigInt)>,
    lower: Option<End>,
    upper: Option<End>,
    /// Where it rests, if it does.
    slot: Option<usize>,
    /// Its value, times unit and determinant.
    value: BigInt,
}

/// A tableau, and the point where it stands.
#[derive(Debug, Clone)]
pub(super) struct Tableau {
    /// The columns, ascending; they are its first variables.
    columns: Vec<usize>,
    variables: Vec<Variable>,
    /// What the limits were multiplied by to make them whole.
    unit: BigInt,
    /// The resting variables, and their values times unit.
    resting: Vec<(usize, BigInt)>,
    inverse: Vec<Vec<BigInt>>,
    /// Above zero.
    determinant: BigInt,
}

/// What stops a variable that moves: after `by`/`per` (times unit), the limit of a variable that follows, or its own.
struct Stop {
    by: BigInt,
    per: BigInt,
    variable: usize,
    target: BigInt,
}

impl Stop {
    fn sooner(&self, other: &Self) -> Ordering {
        let time = (&self.by * &other.per).cmp(&(&other.by * &self.per));
        time.then(self.variable.cmp(&other.variable))
    }
}

impl Variable {
    fn new(terms: Vec<(usize, BigInt)>, limits: &Limits, unit: &BigInt) -> Self {
        let end = |limit: &Limit| End {
            value: (&limit.value * unit).to_integer(),
            constraint: limit.constraint,
            factor: limit.factor.clone(),
        };
        Self {
            terms,
            lower: limits.lower.as_ref().map(end),
            upper: limits.upper.as_ref().map(end),
            slot: None,
            value: BigInt::zero(),
        }
    }

    /// The limit that it meets when it rises, or falls.
    fn toward(&self, rise: bool) -> Option<&End> {
        if rise { self.upper.as_ref() } else { self.lower.as_ref() }
    }
}

impl Tableau {
    /// Finds a first point of directions that are connected with each other; `columns` are the limits of what they read.
    pub(super) fn new(columns: &BTreeMap<usize, Limits>, slanted: &[Slanted]) -> Result<Self, Certificate> {
        let used: Vec<usize> = columns.keys().copied().collect();
        let all_limits = columns.values().chain(slanted.iter().map(|s| &s.limits));
        let ends = all_limits.flat_map(|l| [&l.lower, &l.upper]).flatten();
        let unit = ends.fold(BigInt::one(), |unit, limit| unit.lcm(limit.value.denom()));

        let mut variables = Vec::with_capacity(used.len() + slanted.len());
        let mut resting = Vec::with_capacity(used.len());
        for (place, limits) in columns.values().enumerate() {
            let start = (limits.nearest_to_zero() * &unit).to_integer();
            let column = Variable::new(vec![(place, BigInt::one())], limits, &unit);
            variables.push(Variable {
                slot: Some(place),
                ..column
            });
            resting.push((place, start));
        }
        for Slanted { terms, limits } in slanted {
            let place = |column: &usize| used.binary_search(column).ok();
            let terms = terms.iter().filter_map(|(column, c)| Some((place(column)?, c.clone())));
            variables.push(Variable::new(terms.collect(), limits, &unit));
        }
        let one = |row: usize| (0..used.len()).map(|k| BigInt::from(u8::from(k == row))).collect();
        let mut tableau = Self {
            inverse: (0..used.len()).map(one).collect(),
            columns: used,
            variables,
            unit,
            resting,
            determinant: BigInt::one(),
        };
        tableau.settle();
        tableau.find_point()?;
        Ok(tableau)
    }

    /// Moves to where a form, of this tableau's columns and with whole coefficients, is greatest; what shows that goes to the
    /// certificate, times `content`. `None` where it grows for ever.
    pub(super) fn climb_to(
        &mut self,
        form: &[(usize, BigInt)],
        content: &BigRational,
        shown: &mut Certificate,
    ) -> Option<()> {
        let place = |column: &usize| self.columns.binary_search(column).ok();
        let terms: Vec<(usize, BigInt)> = form
            .iter()
            .filter_map(|(column, c)| Some((place(column)?, c.clone())))
            .collect();
        if terms.is_empty() {
            return Some(());
        }
        let gains = self.climb(&terms)?;
        for ((variable, _), gain) in self.resting.iter().zip(gains).filter(|(_, gain)| !gain.is_zero()) {
            let end = self.variables[*variable].toward(gain.is_positive())?;
            let factor = BigRational::new(gain.abs(), self.determinant.clone()) * content;
            shown.add(end.constraint, factor * &end.factor);
        }
        Some(())
    }

    /// Where it stands.
    pub(super) fn point(&self) -> impl Iterator<Item = (usize, BigRational)> {
        let scale = &self.unit * &self.determinant;
        let values = self
            .variables
            .iter()
            .map(move |v| BigRational::new(v.value.clone(), scale.clone()));
        self.columns.iter().copied().zip(values)
    }

    /// The second phase. Gives back what the objective gains where each resting variable rises; `None` where it grows for ever.
    fn climb(&mut self, objective: &[(usize, BigInt)]) -> Option<Vec<BigInt>> {
        let mut steps = 0;
        loop {
            let gains = self.row(objective);
            let movable = gains
                .iter()
                .enumerate()
                .filter(|(slot, gain)| self.has_room(*slot, gain));
            let (slot, rise) = match self.pick(movable, steps) {
                Some((slot, gain)) => (slot, gain.is_positive()),
                None => return Some(gains),
            };
            let stop = self.stop(slot, rise)?;
            self.advance(slot, stop);
            steps += 1;
        }
    }

    /// The first phase: brings the variables that follow within their limits, or shows why one cannot be.
    fn find_point(&mut self) -> Result<(), Certificate> {
        let mut steps = 0;
        while let Some((variable, gap, target)) = self.outside(steps) {
            let row = self.row(&self.variables[variable].terms);
            let rise = gap.is_positive();
            let toward: Vec<BigInt> = row.iter().map(|term| if rise { term.clone() } else { -term }).collect();
            let movable = toward
                .iter()
                .enumerate()
                .filter(|(slot, gain)| self.has_room(*slot, gain));
            let Some((slot, _)) = self.pick(movable, steps) else {
                return Err(self.conflict(variable, rise, &row));
            };
            self.exchange(variable, slot, row, target);
            steps += 1;
        }
        Ok(())
    }

    /// Of the resting variables that can move, with what each gains: the one that gains most, later the one of least number.
    fn pick<'a>(
        &self,
        movable: impl Iterator<Item = (usize, &'a BigInt)>,
        steps: usize,
    ) -> Option<(usize, &'a BigInt)> {
        let number = |slot: usize| self.resting[slot].0;
        if self.greedy(steps) {
            movable.max_by(|(a, gain), (b, other)| {
                gain.magnitude()
                    .cmp(other.magnitude())
                    .then(number(*b).cmp(&number(*a)))
            })
        } else {
            movable.min_by_key(|(slot, _)| number(*slot))
        }
    }

    fn greedy(&self, steps: usize) -> bool {
        steps < 2 * self.variables.len()
    }

    /// Whether a resting variable can move to where the gain is.
    fn has_room(&self, slot: usize, gain: &BigInt) -> bool {
        let (variable, value) = &self.resting[slot];
        let end = || self.variables[*variable].toward(gain.is_positive());
        !gain.is_zero() && end().is_none_or(|end| end.value != *value)
    }

    /// Which variable beyond a limit comes next: how far it has to go, and where to.
    fn outside(&self, steps: usize) -> Option<(usize, BigInt, BigInt)> {
        let beyond = self.variables.iter().enumerate().filter_map(|(number, variable)| {
            let gap = |end: &End| &end.value * &self.determinant - &variable.value;
            let below = variable
                .lower
                .as_ref()
                .map(|end| (gap(end), end))
                .filter(|(gap, _)| gap.is_positive());
            let above = || {
                variable
                    .upper
                    .as_ref()
                    .map(|end| (gap(end), end))
                    .filter(|(gap, _)| gap.is_negative())
            };
            let (gap, end) = below.or_else(above)?;
            Some((number, gap, end.value.clone()))
        });
        if self.greedy(steps) {
            beyond.max_by(|(a, gap, _), (b, other, _)| gap.magnitude().cmp(other.magnitude()).then(b.cmp(a)))
        } else {
            beyond.min_by_key(|(number, ..)| *number)
        }
    }

    /// A form of columns as a form of the resting variables, times determinant.
    fn row(&self, terms: &[(usize, BigInt)]) -> Vec<BigInt> {
        let mut row = vec![BigInt::zero(); self.resting.len()];
        for (place, c) in terms {
            for (sum, entry) in row
                .iter_mut()
                .zip(&self.inverse[*place])
                .filter(|(_, entry)| !entry.is_zero())
            {
                *sum += c * entry;
            }
        }
        row
    }

    /// What stops the variable at a slot when it moves; `None` where nothing does.
    fn stop(&self, slot: usize, rise: bool) -> Option<Stop> {
        let (moving, value) = &self.resting[slot];
        let own = self.variables[*moving].toward(rise).map(|end| Stop {
            by: (&end.value - value).abs(),
            per: BigInt::one(),
            variable: *moving,
            target: end.value.clone(),
        });
        let following = self
            .variables
            .iter()
            .enumerate()
            .filter(|(_, variable)| variable.slot.is_none());
        let stopped = following.filter_map(|(number, variable)| {
            let terms = variable.terms.iter().map(|(place, c)| c * &self.inverse[*place][slot]);
            let speed: BigInt = terms.sum();
            if speed.is_zero() {
                return None;
            }
            let end = variable.toward(speed.is_positive() == rise)?;
            Some(Stop {
                by: (&end.value * &self.determinant - &variable.value).abs(),
                per: speed.abs(),
                variable: number,
                target: end.value.clone(),
            })
        });
        own.into_iter().chain(stopped).min_by(Stop::sooner)
    }

    /// Moves the variable at a slot until it is stopped.
    fn advance(&mut self, slot: usize, stop: Stop) {
        if self.resting[slot].0 == stop.variable {
            self.resting[slot].1 = stop.target;
            self.settle();
        } else {
            let row = self.row(&self.variables[stop.variable].terms);
            self.exchange(stop.variable, slot, row, stop.target);
        }
    }

    /// A variable that follows comes to rest at `target`; the one at the slot follows from now on.
    fn exchange(&mut self, variable: usize, slot: usize, row: Vec<BigInt>, target: BigInt) {
        let pivot = &row[slot];
        for entries in &mut self.inverse {
            let leaving = entries[slot].clone();
            for (k, entry) in entries.iter_mut().enumerate().filter(|(k, _)| *k != slot) {
                let stays = row[k].is_zero() || leaving.is_zero();
                if stays && entry.is_zero() {
                    continue;
                }
                *entry *= pivot;
                if !stays {
                    *entry -= &leaving * &row[k];
                }
                *entry /= &self.determinant;
            }
            if pivot.is_negative() {
                entries.iter_mut().for_each(|entry| *entry = -std::mem::take(entry));
            }
        }
        self.determinant = pivot.abs();
        self.variables[self.resting[slot].0].slot = None;
        self.variables[variable].slot = Some(slot);
        self.resting[slot] = (variable, target);
        self.settle();
    }

    /// Where the variables stand now.
    fn settle(&mut self) {
        let sum = |entries: &Vec<BigInt>| {
            let terms = entries
                .iter()
                .zip(&self.resting)
                .filter(|(entry, (_, value))| !entry.is_zero() && !value.is_zero());
            terms.map(|(entry, (_, value))| entry * value).sum()
        };
        let values: Vec<BigInt> = self.inverse.iter().map(sum).collect();
        for variable in &mut self.variables {
            variable.value = variable.terms.iter().map(|(place, c)| c * &values[*place]).sum();
        }
    }

    /// The variable is beyond a limit, and all that it depends on rests where it cannot help: these limits add up to 0 ≥ a number
    /// above zero.
    fn conflict(&self, variable: usize, rise: bool, row: &[BigInt]) -> Certificate {
        let mut certificate = Certificate::default();
        if let Some(end) = self.variables[variable].toward(!rise) {
            certificate.add(end.constraint, end.factor.clone());
        }
        for ((resting, _), term) in self.resting.iter().zip(row).filter(|(_, term)| !term.is_zero()) {
            if let Some(end) = self.variables[*resting].toward(term.is_positive() == rise) {
                let factor = BigRational::new(term.abs(), self.determinant.clone());
                certificate.add(end.constraint, factor * &end.factor);
            }
        }
        certificate
    }
}
