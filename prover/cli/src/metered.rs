//! The vault's record of answers, as the disclosure meter reads it, and the meter's ranges in words.

use covenant_api::types::{FieldElement, Hex32, Name, UtcTime};
use covenant_meter::budget::{Exceeded, Limit};
use covenant_meter::{Addition, Answer, Contradiction, Outcome, Part, Range, addition};
use covenant_policy::linear::Form;
use covenant_policy::program::{FIGURES, STATEMENTS};
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::{Schema, Unit};
use covenant_policy::statement::{Currency, format_big_amount};
use covenant_policy::{Compiled, compile};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed as _;

use crate::refusals::{DISCLOSURE_BUDGET, DISCLOSURES_CONTRADICT};
use crate::vault::{Contents, HeldStatement};

/// Ends beyond so many minor units follow from the schema's ranges, and say nothing about a company: they are shown as open.
const SHOWN_BELOW: u64 = 10_u64.pow(16);

/// A request and how it ended, as the vault remembers it.
pub struct Asked {
    /// Which bank.
    pub bank: usize,
    /// Which policy.
    pub policy: usize,
    /// Over which statements, for each part of the policy: one proof looks at two.
    pub statements: Vec<[Option<usize>; STATEMENTS]>,
    /// How it ended.
    pub outcome: Outcome,
    /// When.
    pub when: UtcTime,
}

/// All requests, in the order of time, with what they refer to.
pub struct Metered {
    /// Banks, by first key, with the name that they used last.
    pub banks: Vec<(Hex32, Name)>,
    /// Statements, by id.
    pub statements: Vec<(FieldElement, &'static Schema, Option<HeldStatement>)>,
    /// Policies, each source once.
    pub policies: Vec<(String, Compiled)>,
    /// The requests.
    pub asked: Vec<Asked>,
    budget: covenant_meter::Budget,
}

/// A record that refers to what does not exist, or records that exclude each other.
fn contradiction(what: impl Into<String>) -> Refusal {
    Refusal::new(&DISCLOSURES_CONTRADICT, what)
}

/// The same of ratios, in ten-thousandths: a million, beyond which only the sizes of numbers speak.
const RATIO_SHOWN_BELOW: u64 = 10_u64.pow(10);

/// What is answered: a tier, and whether it is the best one that is reached; `None` for silence.
pub type Claim<'a> = Option<(&'a str, bool)>;

/// What an answer says of tiers; `None` for a tier that the policy does not have.
fn outcome(compiled: &Compiled, claim: Claim<'_>) -> Option<Outcome> {
    let Some((name, best)) = claim else {
        return Some(Outcome::Silence);
    };
    let tier = compiled.program.tiers.iter().position(|tier| tier.name == name)?;
    Some(Outcome::Tier { tier, best })
}

/// The statements of the proof of this number, out of those of all: every proof is about the first, and each about one further one.
fn of_proof<T: Copy>(proof: usize, all: &[T]) -> [Option<T>; STATEMENTS] {
    [all.first().copied(), all.get(proof + 1).copied()]
}

impl Metered {
    /// Reads the vault's records.
    ///
    /// # Errors
    /// `disclosures-contradict`, and what a policy's compilation refuses.
    pub fn of(contents: &Contents) -> Result<Self, Refusal> {
        let mut metered = Self {
            banks: Vec::new(),
            statements: Vec::new(),
            policies: Vec::new(),
            asked: Vec::new(),
            budget: contents.budget.into(),
        };
        for held in &contents.statements {
            let schema = Schema::named(held.stated.schema.as_str())?;
            metered.statements.push((held.id, schema, Some(held.clone())));
        }
        for told in &contents.disclosures {
            let bank = metered.bank(told.bank, &told.bank_name);
            let policy = metered.policy(&told.policy_source)?;
            let claim = Some((told.tier.as_str(), told.best));
            let unknown = || contradiction("a proof of a tier that its policy does not have");
            let outcome = outcome(&metered.policies[policy].1, claim).ok_or_else(unknown)?;
            metered.record(bank, policy, outcome, &told.statements, told.proven)?;
        }
        for request in &contents.unanswered {
            let bank = metered.bank(request.bank, &request.bank_name);
            let policy = metered.policy(&request.policy_source)?;
            let outcome = if request.withheld {
                Outcome::Withheld
            } else {
                Outcome::Silence
            };
            metered.record(bank, policy, outcome, &request.statements, request.tried)?;
        }
        metered.asked.sort_by_key(|asked| asked.when);
        Ok(metered)
    }

    /// Adds an answer.
    fn record(
        &mut self,
        bank: usize,
        policy: usize,
        outcome: Outcome,
        ids: &[FieldElement],
        when: UtcTime,
    ) -> Result<(), Refusal> {
        let compiled = &self.policies[policy].1;
        let schemas: Vec<_> = compiled
            .parts()
            .map(|(program, _)| program.statements.clone())
            .collect();
        let mut statements = Vec::new();
        for (part, terms) in schemas.iter().enumerate() {
            let ids = of_proof(part, ids);
            for (id, terms) in ids.iter().zip(terms) {
                self.see(*id, terms.schema)?;
            }
            statements.push(self.held(ids));
        }
        self.asked.push(Asked {
            bank,
            policy,
            statements,
            outcome,
            when,
        });
        Ok(())
    }

    /// What a policy asks over these statements, part by part.
    fn parts<'a>(
        compiled: &'a Compiled,
        statements: impl IntoIterator<Item = [Option<usize>; STATEMENTS]>,
    ) -> Vec<Part<'a>> {
        let parts = compiled.parts().zip(statements);
        parts
            .map(|((program, _), statements)| Part { program, statements })
            .collect()
    }

    /// The place of a bank, which is added where it is new.
    pub fn bank(&mut self, key: Hex32, name: &Name) -> usize {
        if let Some(place) = self.banks.iter().position(|(known, _)| *known == key) {
            self.banks[place].1 = name.clone();
            return place;
        }
        self.banks.push((key, name.clone()));
        self.banks.len() - 1
    }

    fn policy(&mut self, source: &str) -> Result<usize, Refusal> {
        if let Some(place) = self.policies.iter().position(|(known, _)| known == source) {
            return Ok(place);
        }
        self.policies.push((source.to_owned(), compile(source)?));
        Ok(self.policies.len() - 1)
    }

    /// The places of statements that are known.
    pub fn held(&self, ids: [Option<FieldElement>; STATEMENTS]) -> [Option<usize>; STATEMENTS] {
        ids.map(|id| self.statements.iter().position(|(known, ..)| Some(*known) == id))
    }

    /// Adds a statement that the vault no longer holds.
    fn see(&mut self, id: Option<FieldElement>, schema: &str) -> Result<(), Refusal> {
        let Some(id) = id else { return Ok(()) };
        if !self.statements.iter().any(|(known, ..)| *known == id) {
            self.statements.push((id, Schema::named(schema)?, None));
        }
        Ok(())
    }

    /// The statements' schemas.
    pub fn schemas(&self) -> Vec<&'static Schema> {
        self.statements.iter().map(|(_, schema, _)| *schema).collect()
    }

    /// The requests for the meter; of one bank, or of all.
    pub fn answers(&self, bank: Option<usize>) -> Vec<Answer<'_>> {
        let of_bank = |asked: &&Asked| bank.is_none_or(|bank| asked.bank == bank);
        let answer = |asked: &Asked| Answer {
            bank: asked.bank,
            parts: Self::parts(&self.policies[asked.policy].1, asked.statements.iter().copied()),
            outcome: asked.outcome,
        };
        self.asked.iter().filter(of_bank).map(answer).collect()
    }

    /// An answer of this bank's that nobody gave yet. The statements are those of all proofs, in the order first, second, third, as
    /// many as were held against the policy.
    ///
    /// # Errors
    /// `disclosures-contradict` for a tier that the policy does not have.
    pub fn next<'a>(
        &self,
        bank: usize,
        compiled: &'a Compiled,
        ids: &[FieldElement],
        claim: Claim<'_>,
    ) -> Result<Answer<'a>, Refusal> {
        let parts = 0..compiled.parts().count();
        let statements = parts.map(|part| self.held(of_proof(part, ids)));
        Ok(Answer {
            bank,
            parts: Self::parts(compiled, statements),
            outcome: outcome(compiled, claim).ok_or_else(|| contradiction("a tier that the policy does not have"))?,
        })
    }

    /// What one more answer would add; see [`Metered::next`].
    ///
    /// # Errors
    /// `disclosures-contradict`.
    pub fn addition(
        &self,
        bank: usize,
        compiled: &Compiled,
        ids: &[FieldElement],
        claim: Claim<'_>,
    ) -> Result<Addition, Refusal> {
        let next = self.next(bank, compiled, ids, claim)?;
        let added = addition(&self.schemas(), &self.answers(None), &next, &self.budget);
        added.map_err(|Contradiction| contradiction("no figures fit all answers"))
    }

    /// The refusal of what exceeds the budget. Nothing in it comes from the figures, only from what was asked and answered.
    pub fn refusal(&self, bank: usize, exceeded: &Exceeded) -> Refusal {
        let change = &exceeded.change;
        let name = match self.banks.get(bank) {
            _ if exceeded.together => "all banks together".to_owned(),
            Some((_, name)) => name.to_string(),
            None => "the bank".to_owned(),
        };
        let figure = self.figure(change.statement, change.figure);
        let knows = |range: &Range| self.range(change.statement, change.figure, range);
        let (before, so_far) = (knows(&change.before), exceeded.so_far);
        let what = if change.before == change.after {
            format!(
                "{name}: {figure} is known to be {before}; {so_far} policies told something new of it, by itself or together with other \
                 figures, and this proof would tell more of how they stand to each other"
            )
        } else {
            format!(
                "{name}: {figure} is known to be {before}; after {so_far} policies that told something new of it, this proof would make \
                 that {}",
                knows(&change.after)
            )
        };
        let expected = match exceeded.limit {
            Limit::Answers { allowed } => format!("at most {allowed} policies that tell something new of a figure"),
            Limit::Width { percent } => format!("a range no narrower than {percent} % of the figure"),
        };
        Refusal::new(&DISCLOSURE_BUDGET, what)
            .at(self.period(change.statement))
            .expected(expected)
    }

    /// A statement's id as people see it.
    pub fn display_id(&self, statement: usize) -> Option<String> {
        let (id, _, held) = self.statements.get(statement)?;
        Some(held.as_ref().map_or_else(|| id.to_string(), HeldStatement::display_id))
    }

    /// A statement's period, or its id where the vault does not hold it.
    pub fn period(&self, statement: usize) -> String {
        match self.statements.get(statement) {
            Some((_, _, Some(held))) => {
                let restated = match held.stated.restatement {
                    0 => String::new(),
                    n => format!(", restatement {n}"),
                };
                format!("{} to {}{restated}", held.stated.start, held.stated.end)
            }
            Some((id, ..)) => format!("statement {id}"),
            None => String::new(),
        }
    }

    /// A figure's name.
    pub fn figure(&self, statement: usize, figure: usize) -> String {
        let schema = self.statements.get(statement).map(|(_, schema, _)| *schema);
        let found = schema.and_then(|schema| schema.figures.get(figure));
        found.map_or_else(|| figure.to_string(), |figure| figure.name.to_owned())
    }

    /// One side of a ratio: its figures by name, those of another statement than the first with its period, a sum in brackets.
    pub fn side(&self, form: &Form, first: usize) -> String {
        let words = covenant_meter::ratios::words(form, |column| {
            let (statement, figure) = covenant_meter::place(column);
            let name = self.figure(statement, figure);
            if statement == first {
                name
            } else {
                format!("{name} ({})", self.period(statement))
            }
        });
        if form.terms().count() > 1 {
            format!("({words})")
        } else {
            words
        }
    }

    /// A figure's range in words.
    pub fn range(&self, statement: usize, figure: usize, range: &Range) -> String {
        let held = self.statements.get(statement);
        let currency = held
            .and_then(|(_, _, held)| held.as_ref())
            .map(|held| held.stated.currency.to_string());
        let currency = currency.and_then(|code| Currency::from_code(&code).ok());
        let money = held
            .and_then(|(_, schema, _)| schema.figures.get(figure))
            .map(|f| f.unit)
            == Some(Unit::Money);
        let shown = |value: &BigInt| match currency {
            Some(currency) if money => format_big_amount(value, currency),
            _ => value.to_string(),
        };
        let open = |value: &BigInt| *value.magnitude() >= SHOWN_BELOW.into();
        match (open(&range.lower), open(&range.upper)) {
            (false, false) if range.lower == range.upper => format!("exactly {}", shown(&range.lower)),
            (false, false) => format!("{} to {}", shown(&range.lower), shown(&range.upper)),
            (false, true) if range.lower.is_positive() || !self.never_negative(statement, figure) => {
                format!("at least {}", shown(&range.lower))
            }
            (true, false) => format!("at most {}", shown(&range.upper)),
            _ => "anything".to_owned(),
        }
    }

    fn never_negative(&self, statement: usize, figure: usize) -> bool {
        self.statements
            .get(statement)
            .is_some_and(|(_, schema, _)| figure < FIGURES && schema.range(figure).0 == 0)
    }
}

/// A ratio's range in words, with four decimals, rounded outwards.
pub fn ratio_range(range: Option<&covenant_policy::linear::Interval>) -> String {
    let Some(range) = range else { return "anything".into() };
    let scale = BigRational::from(BigInt::from(10_000));
    let decimal = |scaled: BigInt| {
        let digits = format!("{:0>5}", scaled.magnitude().to_string());
        let (whole, rest) = digits.split_at(digits.len() - 4);
        let sign = if scaled.is_negative() { "−" } else { "" };
        format!("{sign}{whole}.{rest}")
    };
    let shown = |end: &Option<BigRational>, up: bool| {
        let scaled = end.as_ref()? * &scale;
        let scaled = if up { scaled.ceil() } else { scaled.floor() }.to_integer();
        (*scaled.magnitude() < RATIO_SHOWN_BELOW.into()).then(|| decimal(scaled))
    };
    match (shown(&range.lower, false), shown(&range.upper, true)) {
        (Some(lower), Some(upper)) => format!("{lower} to {upper}"),
        (Some(lower), None) => format!("at least {lower}"),
        (None, Some(upper)) => format!("at most {upper}"),
        (None, None) => "anything".into(),
    }
}

/// What an answer to this bank would add to what it knows, in a sentence: for whoever weighs a policy before it is asked for.
///
/// # Errors
/// Those of [`Metered::of`] and [`Metered::addition`].
pub fn preview(
    contents: &Contents,
    bank: Option<Hex32>,
    compiled: &Compiled,
    ids: &[FieldElement],
    claim: Claim<'_>,
) -> Result<String, Refusal> {
    let metered = Metered::of(contents)?;
    let known = metered.banks.iter().position(|(key, _)| Some(*key) == bank);
    // A bank that was told nothing yet has a number of its own.
    let bank = known.unwrap_or(metered.banks.len());
    let added = metered.addition(bank, compiled, ids, claim)?;
    let refused = added
        .exceeded
        .as_ref()
        .map(|exceeded| metered.refusal(bank, exceeded).what);
    Ok(match refused {
        Some(refused) => format!("{}; beyond the budget: {refused}", sentence(&added)),
        None => sentence(&added),
    })
}

/// One sentence on what an answer would add.
pub fn sentence(added: &Addition) -> String {
    if !added.informative {
        return "tells the bank nothing that it does not know".to_owned();
    }
    let halvings = added.changes.iter().map(|change| change.before.halvings(&change.after));
    let unranged = if added.unranged {
        ", and what no range shows"
    } else {
        ""
    };
    format!(
        "tells the bank something new of {} and {}{unranged}; at most {} of one figure's range",
        counted(added.changes.len(), "figure"),
        counted(added.ratios.len(), "ratio"),
        counted(halvings.max().unwrap_or(0), "halving"),
    )
}

fn counted(count: impl ToString, noun: &str) -> String {
    let count = count.to_string();
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests;
