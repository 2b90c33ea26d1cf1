//! What one more answer would add, and whether it is too much.
//!
//! Two limits, each for one bank and for all banks together. **Answers**: a bank that closes in on a figure must ask again and again, each
//! time with another threshold. Counted are the different policies whose answers, or whose silence, told something new of a figure
//! of one statement, whether a range shows it or not; so the same policy on each year's statement counts once a year, and a question
//! whose answer follows from the ranges that are known, or was given before, counts for nothing. Figures are counted by what they are made of: total assets are current and non-current assets under
//! another name. **Width**: no range may become narrower than a share of the figure itself, unless under a policy that the bank used
//! on another statement before, which it cannot have aimed at this one.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Facts, facts};
use crate::knowledge::{Contradiction, Range, View};
use crate::ratios::{Ratio, ratios};
use crate::sums::made_of;
use crate::{Answer, Belief, Outcome, Schemas, column, place};
use covenant_policy::linear::{Form, Interval};
use covenant_policy::program::{FIGURES, Program};

/// How much may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Different policies of one bank that may tell something new of one figure of one statement.
    pub answers: u32,
    /// The same, of all banks together.
    pub answers_together: u32,
    /// Percent of a figure's magnitude: a range that one bank knows does not become narrower.
    pub width_percent: u32,
    /// The same, for all banks together.
    pub width_percent_together: u32,
}

impl Default for Budget {
    /// Four policies of a bank and twelve of all, a tenth of the figure for a bank and a fiftieth for all.
    fn default() -> Self {
        Self {
            answers: 4,
            answers_together: 12,
            width_percent: 10,
            width_percent_together: 2,
        }
    }
}

/// A figure's range before and after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The statement.
    pub statement: usize,
    /// The figure.
    pub figure: usize,
    /// What the bank knows now.
    pub before: Range,
    /// What it would know.
    pub after: Range,
}

/// A ratio's range before and after an answer; none where its denominator is not known to be above zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatioChange {
    /// The ratio.
    pub ratio: Ratio,
    /// What the bank knows now.
    pub before: Option<Interval>,
    /// What it would know.
    pub after: Option<Interval>,
}

/// Which limit is exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The number of policies that told something new of the figure.
    Answers {
        /// What is allowed.
        allowed: u32,
    },
    /// The width of the range.
    Width {
        /// What is allowed.
        percent: u32,
    },
}

/// An answer that tells too much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exceeded {
    /// The figure, and its range before and after, as the bank knows it; as all banks together do where `together`. The range stays as
    /// it is where the answer is about a ratio, a product, or the figure in combination with others: that counts all the same.
    pub change: Change,
    /// The limit is the one for all banks.
    pub together: bool,
    /// Policies that told something new of the figure so far.
    pub so_far: u32,
    /// The limit.
    pub limit: Limit,
}

/// What one more answer would add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// Whether the bank would learn anything at all.
    pub informative: bool,
    /// Figures whose ranges would become narrower.
    pub changes: Vec<Change>,
    /// Ratios of the policy whose ranges would become narrower.
    pub ratios: Vec<RatioChange>,
    /// Something would be told that no range shows, and that is counted all the same.
    pub unranged: bool,
    /// The first limit that it would exceed.
    pub exceeded: Option<Exceeded>,
}

/// What is new in an answer, as columns it is about.
type News = BTreeSet<usize>;

/// What `next` would add to what its bank, and all banks together, know from `past`, which is in the order of time.
///
/// # Errors
/// Where the answers exclude each other.
pub fn addition(
    schemas: Schemas<'_>,
    past: &[Answer<'_>],
    next: &Answer<'_>,
    budget: &Budget,
) -> Result<Addition, Contradiction> {
    let (unchanged, past) = (used_before(past, next), &connected(past, next));
    let mine: Vec<Answer<'_>> = past.iter().filter(|answer| answer.bank == next.bank).cloned().collect();
    let bank = Reader::new(schemas, &mine, next, unchanged)?;
    let mut addition = bank.addition(budget.answers, budget.width_percent, false);
    if mine.len() < past.len() && addition.exceeded.is_none() {
        let all = Reader::new(schemas, past, next, unchanged)?;
        addition.exceeded = all.exceeded(budget.answers_together, budget.width_percent_together, true);
    }
    Ok(addition)
}

/// Whether a bank can read anything out of silence on this request, whether no tier is reached or one is withheld: only where one of the tiers would have been answered. Where each would
/// exceed the budget, or cannot be true, no answer comes whatever the figures are.
pub fn silence_tells(schemas: Schemas<'_>, past: &[Answer<'_>], asked: &Answer<'_>, budget: &Budget) -> bool {
    let tiers = asked.tiers().iter().enumerate();
    tiers.filter(|(_, tier)| asked.is_decided(tier)).any(|(tier, _)| {
        let outcome = Outcome::Tier { tier, best: true };
        let answer = Answer {
            outcome,
            ..asked.clone()
        };
        addition(schemas, past, &answer, budget).is_ok_and(|added| added.exceeded.is_none())
    })
}

/// How many different policies of these answers told something new of each figure, by column.
///
/// # Errors
/// Where the answers exclude each other.
pub fn policies_on(schemas: Schemas<'_>, past: &[Answer<'_>]) -> Result<BTreeMap<usize, u32>, Contradiction> {
    let replay = Replay::of(schemas, past)?;
    let all = (0..schemas.len() * FIGURES).map(|column| (column, replay.so_far(schemas, column, None)));
    Ok(all.filter(|(_, count)| *count > 0).collect())
}

/// Whether the bank used this policy before, and on another first statement: one that differs in what stands beside it is the same one.
/// What was withheld there was not used.
fn used_before(past: &[Answer<'_>], next: &Answer<'_>) -> bool {
    let first = |answer: &Answer<'_>| answer.parts.first().and_then(|part| part.statements[0]);
    past.iter().any(|answer| {
        let elsewhere = first(answer) != first(next);
        let used = answer.bank == next.bank && answer.outcome != Outcome::Withheld;
        used && elsewhere && same_question(&answer.programs(), &next.programs())
    })
}

/// The answers that have to do with the next one's statements, directly or by way of statements that others tie to them.
fn connected<'a>(past: &[Answer<'a>], next: &Answer<'a>) -> Vec<Answer<'a>> {
    let mut statements = next.statements();
    loop {
        let tied = past
            .iter()
            .map(Answer::statements)
            .filter(|of| !of.is_disjoint(&statements));
        let all: BTreeSet<usize> = tied.flatten().chain(statements.iter().copied()).collect();
        if all == statements {
            break;
        }
        statements = all;
    }
    let tied = |answer: &&Answer<'_>| !answer.statements().is_disjoint(&statements);
    past.iter().filter(tied).cloned().collect()
}

/// Somebody who reads answers, before and after one more.
struct Reader<'r> {
    schemas: Schemas<'r>,
    replay: Replay<'r>,
    next: &'r Answer<'r>,
    news: News,
    changes: Vec<Change>,
    /// The ranges that stay as they are, of figures that the news is about.
    same: Vec<Change>,
    ratios: Vec<RatioChange>,
    unranged: bool,
    /// The bank used the policy on another statement before.
    unchanged: bool,
}

impl<'r> Reader<'r> {
    fn new(
        schemas: Schemas<'r>,
        past: &[Answer<'r>],
        next: &'r Answer<'r>,
        unchanged: bool,
    ) -> Result<Self, Contradiction> {
        let mut replay = Replay::of(schemas, past)?;
        let told = facts(next, Belief::Inferred);
        let news = replay.news(&told);
        let mut reader = Self {
            schemas,
            replay,
            next,
            unranged: !told.unranged.is_empty(),
            unchanged,
            news,
            changes: Vec::new(),
            same: Vec::new(),
            ratios: Vec::new(),
        };
        if !reader.news.is_empty() {
            reader.compare(&told)?;
        }
        Ok(reader)
    }

    /// The ranges before and after.
    fn compare(&mut self, told: &Facts) -> Result<(), Contradiction> {
        let mut before = View::new(self.schemas, &self.replay.told)?;
        let mut after = View::new(self.schemas, self.replay.told.iter().chain([told]))?;
        for statement in self.next.statements() {
            for figure in 0..FIGURES {
                let (before, after) = (before.figure(statement, figure), after.figure(statement, figure));
                let changes = before != after;
                let change = Change {
                    statement,
                    figure,
                    before,
                    after,
                };
                if changes {
                    self.changes.push(change);
                } else if self.news.contains(&column(statement, figure)) {
                    self.same.push(change);
                }
            }
        }
        for ratio in ratios(self.next) {
            let (before, after) = (
                before.ratio(&ratio.numerator, &ratio.denominator),
                after.ratio(&ratio.numerator, &ratio.denominator),
            );
            if before != after {
                self.ratios.push(RatioChange { ratio, before, after });
            }
        }
        Ok(())
    }

    fn addition(self, answers: u32, percent: u32, together: bool) -> Addition {
        Addition {
            informative: !self.news.is_empty(),
            exceeded: self.exceeded(answers, percent, together),
            changes: self.changes,
            ratios: self.ratios,
            unranged: self.unranged,
        }
    }

    fn exceeded(&self, answers: u32, percent: u32, together: bool) -> Option<Exceeded> {
        let too_many = || {
            let question = self.next.programs();
            // This very policy, where it was withheld before, counts once.
            let others = |column: usize| self.replay.so_far(self.schemas, column, Some(&question));
            let answered_before = |column: usize| self.replay.answered(self.schemas, column, &question);
            let columns = self.news.iter().map(|column| (others(*column), *column));
            let (so_far, column) = columns
                .filter(|(so_far, column)| *so_far >= answers && !answered_before(*column))
                .max_by_key(|(so_far, column)| (*so_far, std::cmp::Reverse(*column)))?;
            let (statement, figure) = place(column);
            // Of a figure whose own range stays as it is, more is told in combination with others: the limit does not depend on it.
            let change = self
                .changes
                .iter()
                .chain(&self.same)
                .find(|c| (c.statement, c.figure) == (statement, figure))?;
            Some((change.clone(), so_far, Limit::Answers { allowed: answers }))
        };
        let too_narrow = || {
            let narrow =
                |change: &&Change| change.after.width() * 100 <= change.after.magnitude() * percent && !self.unchanged;
            let change = self.changes.iter().find(narrow)?;
            let column = column(change.statement, change.figure);
            let so_far = self.replay.so_far(self.schemas, column, None);
            Some((change.clone(), so_far, Limit::Width { percent }))
        };
        let (change, so_far, limit) = too_many().or_else(too_narrow)?;
        Some(Exceeded {
            change,
            together,
            so_far,
            limit,
        })
    }
}

/// Answers gone through in the order of time.
struct Replay<'r> {
    told: Vec<Facts>,
    view: View,
    /// By column: the different policies that told something new, and whether more came of them than that the answer was withheld.
    policies: BTreeMap<usize, Vec<(Question<'r>, bool)>>,
}

impl<'r> Replay<'r> {
    fn of(schemas: Schemas<'_>, past: &[Answer<'r>]) -> Result<Self, Contradiction> {
        let mut replay = Self {
            told: Vec::new(),
            view: View::of_half_spaces(schemas, [])?,
            policies: BTreeMap::new(),
        };
        for answer in past {
            let told = facts(answer, Belief::Inferred);
            let news = replay.news(&told);
            if news.is_empty() {
                continue;
            }
            let parts: BTreeSet<usize> = news.iter().flat_map(|column| made_of(schemas, *column)).collect();
            for column in parts {
                let policies = replay.policies.entry(column).or_default();
                let answered = answer.outcome != Outcome::Withheld;
                match policies
                    .iter_mut()
                    .find(|(policy, _)| same_question(policy, &answer.programs()))
                {
                    Some((_, before)) => *before |= answered,
                    None => policies.push((answer.programs(), answered)),
                }
            }
            replay.told.push(told);
            replay.view = View::of_half_spaces(schemas, &replay.told)?;
        }
        Ok(replay)
    }

    /// The columns of which facts tell something that does not follow from what is known.
    fn news(&mut self, told: &Facts) -> News {
        let columns = |form: &Form| form.terms().map(|(column, _)| column).collect::<Vec<_>>();
        let mut news = News::new();
        for space in &told.spaces {
            let known = self.told.iter().any(|before| before.spaces.contains(space));
            if !known && !self.view.implies(space) {
                news.extend(columns(&space.form));
            }
        }
        for choice in &told.choices {
            let known = self.told.iter().any(|before| before.choices.contains(choice));
            let view = &mut self.view;
            if !known
                && !choice
                    .iter()
                    .any(|spaces| spaces.iter().all(|space| view.implies(space)))
            {
                news.extend(choice.iter().flatten().flat_map(|space| columns(&space.form)));
            }
        }
        for unranged in &told.unranged {
            if !self.told.iter().any(|before| before.unranged.contains(unranged)) {
                news.extend(unranged.columns());
            }
        }
        news
    }

    /// How many policies, but for this one, told something new of a figure, or of one that it is made of.
    fn so_far(&self, schemas: Schemas<'_>, column: usize, but: Option<&Question<'_>>) -> u32 {
        let parts = made_of(schemas, column);
        let others = |policies: &Vec<(Question<'r>, bool)>| {
            let others = policies
                .iter()
                .filter(|(policy, _)| !but.is_some_and(|but| same_question(policy, but)));
            others.count()
        };
        let counts = parts.iter().filter_map(|part| self.policies.get(part)).map(others);
        counts.max().unwrap_or(0).try_into().unwrap_or(u32::MAX)
    }

    /// Whether this very policy told something of the figure before, other than by an answer that was withheld.
    fn answered(&self, schemas: Schemas<'_>, column: usize, question: &[&Program]) -> bool {
        let parts = made_of(schemas, column);
        parts.iter().all(|part| {
            let policies = self.policies.get(part).into_iter().flatten();
            policies
                .into_iter()
                .any(|(policy, answered)| *answered && same_question(policy, question))
        })
    }
}

/// What a policy asks, part by part.
type Question<'r> = Vec<&'r Program>;

/// Whether two policies ask the same of the same kinds of statements, whatever else they demand of them, and whatever their tiers are
/// called.
fn same_question(a: &[&Program], b: &[&Program]) -> bool {
    let tiers = |question: &[&Program], program: &Program| {
        let place = |name: &str| question.first()?.tiers.iter().position(|tier| tier.name == name);
        let tiers = program.tiers.iter();
        tiers
            .map(|t| (place(&t.name), t.weights, t.minimum))
            .collect::<Vec<_>>()
    };
    let kinds = |program: &Program| {
        (
            program.relation,
            program.statements.each_ref().map(|terms| terms.schema),
        )
    };
    let same = |(x, y): (&&Program, &&Program)| {
        (&x.rows, &x.slots) == (&y.rows, &y.slots) && tiers(a, x) == tiers(b, y) && kinds(x) == kinds(y)
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}
