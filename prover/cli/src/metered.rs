//! The vault's record of answers, as the disclosure meter reads it, and the meter's ranges in words.

use covenant_api::types::{FieldElement, Hex32, Name, UtcTime};
use covenant_meter::budget::{Exceeded, Limit};
use covenant_meter::{Addition, Answer, Contradiction, Outcome, Range, addition};
use covenant_policy::program::{FIGURES, Program, STATEMENTS};
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

/// A request as the vault remembers it.
pub struct Asked {
    /// Which bank.
    pub bank: usize,
    /// Which policy.
    pub policy: usize,
    /// Over which statements.
    pub statements: [Option<usize>; STATEMENTS],
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
            let tiers = &metered.policies[policy].1.program.tiers;
            let Some(tier) = tiers.iter().position(|tier| tier.name == told.tier.as_str()) else {
                return Err(contradiction(format!(
                    "a proof of tier {}, which its policy does not have",
                    told.tier
                )));
            };
            let (statements, best) = (metered.places(policy, &told.statements)?, told.best);
            let outcome = Outcome::Tier { tier, best };
            metered.asked.push(Asked {
                bank,
                policy,
                statements,
                outcome,
                when: told.proven,
            });
        }
        for request in &contents.unanswered {
            let bank = metered.bank(request.bank, &request.bank_name);
            let policy = metered.policy(&request.policy_source)?;
            let statements = metered.places(policy, &request.statements)?;
            let outcome = Outcome::Silence;
            metered.asked.push(Asked {
                bank,
                policy,
                statements,
                outcome,
                when: request.tried,
            });
        }
        metered.asked.sort_by_key(|asked| asked.when);
        Ok(metered)
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

    /// The places of statements that the vault holds.
    pub fn held(&self, ids: &[FieldElement]) -> [Option<usize>; STATEMENTS] {
        let place = |id: &FieldElement| self.statements.iter().position(|(known, ..)| known == id);
        [0, 1].map(|slot| ids.get(slot).and_then(place))
    }

    fn places(&mut self, policy: usize, ids: &[FieldElement]) -> Result<[Option<usize>; STATEMENTS], Refusal> {
        let mut places = [None; STATEMENTS];
        for (slot, (place, id)) in places.iter_mut().zip(ids).enumerate() {
            let known = self.statements.iter().position(|(known, ..)| known == id);
            *place = Some(match known {
                Some(known) => known,
                None => {
                    let schema = self.policies[policy].1.program.statements[slot].schema;
                    self.statements.push((*id, Schema::named(schema)?, None));
                    self.statements.len() - 1
                }
            });
        }
        Ok(places)
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
            program: &self.policies[asked.policy].1.program,
            statements: asked.statements,
            outcome: asked.outcome,
        };
        self.asked.iter().filter(of_bank).map(answer).collect()
    }

    /// What one more answer to this bank would add.
    ///
    /// # Errors
    /// `disclosures-contradict`.
    pub fn addition(
        &self,
        bank: usize,
        program: &Program,
        ids: [Option<FieldElement>; STATEMENTS],
        outcome: Outcome,
    ) -> Result<Addition, Refusal> {
        let place = |id: FieldElement| self.statements.iter().position(|(known, ..)| *known == id);
        let next = Answer {
            bank,
            program,
            statements: ids.map(|id| id.and_then(place)),
            outcome,
        };
        addition(&self.schemas(), &self.answers(None), &next, &self.budget)
            .map_err(|Contradiction| contradiction("no figures fit all answers"))
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
        let what = format!(
            "{name}: {figure} is known to be {}; after {} policies that told something new of it, this proof would make that {}",
            knows(&change.before),
            exceeded.so_far,
            knows(&change.after),
        );
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

    /// A form's columns by name; those of another statement than the first with its period.
    pub fn form(&self, form: &covenant_policy::linear::Form, first: usize) -> String {
        covenant_meter::ratios::words(form, |column| {
            let (statement, figure) = covenant_meter::place(column);
            let name = self.figure(statement, figure);
            if statement == first {
                name
            } else {
                format!("{name} ({})", self.period(statement))
            }
        })
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
        (*scaled.magnitude() < SHOWN_BELOW.into()).then(|| decimal(scaled))
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
    program: &Program,
    ids: [Option<FieldElement>; STATEMENTS],
    outcome: Outcome,
) -> Result<String, Refusal> {
    let metered = Metered::of(contents)?;
    let known = metered.banks.iter().position(|(key, _)| Some(*key) == bank);
    // A bank that was told nothing yet has a number of its own.
    let bank = known.unwrap_or(metered.banks.len());
    let added = metered.addition(bank, program, ids, outcome)?;
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
    let halvings: u64 = added
        .changes
        .iter()
        .map(|change| change.before.halvings(&change.after))
        .max()
        .unwrap_or(0);
    let products = if added.products {
        ", and whether rows with products hold"
    } else {
        ""
    };
    format!(
        "tells the bank something new of {} figures and {} ratios{products}; at most {halvings} halvings of one figure's range",
        added.changes.len(),
        added.ratios.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Phrase;
    use crate::vault::contents::Unanswered;

    fn contents() -> Contents {
        Contents::new(Phrase::from_entropy(&[5; 32]).expect("a phrase").secrets())
    }

    /// Records that nobody could have made: the same figures at most 5 cents of cash, and at least 6.
    #[test]
    fn records_that_exclude_each_other_are_refused() {
        let source = |require: &str| {
            format!(
                "type = \"policy\"\nversion = 1\nname = \"test\"\ntitle = \"A test\"\nschema = \"enterprise-financials/v1\"\n\
                 currency = \"EUR\"\nbasis = \"solo\"\nage_max_days = 300\nattestors = \"registry\"\n[[rule]]\nname = \"one\"\n\
                 require = \"{require}\"\n[tiers]\nkind = \"decision-list\"\n[[tiers.tier]]\nname = \"yes\"\nrequires = [\"one\"]\n"
            )
        };
        let mut contents = contents();
        for require in ["cash >= 0.06", "cash < 0.06"] {
            contents.unanswered.push(Unanswered {
                bank: Hex32([1; 32]),
                bank_name: Name::parse("Banque Exemple").expect("a name"),
                policy: Hex32([2; 32]),
                policy_source: source(require),
                request: Hex32([3; 32]),
                statements: vec![FieldElement::default()],
                tried: UtcTime::parse("2026-03-31T10:00:00Z").expect("an instant"),
            });
        }
        let metered = Metered::of(&contents).expect("readable");
        let next = compile(&source("revenue >= 1")).expect("compiles").program;
        let yes = Outcome::Tier { tier: 0, best: true };
        let refused = metered.addition(0, &next, [Some(FieldElement::default()), None], yes);
        assert_eq!(refused.err().map(|r| r.code()), Some("disclosures-contradict"));
    }

    #[test]
    fn ratios_are_rounded_outwards() {
        let end = |n: i64, d: i64| Some(BigRational::new(n.into(), d.into()));
        let range = covenant_policy::linear::Interval {
            lower: end(-1, 3),
            upper: end(2, 3),
        };
        assert_eq!(ratio_range(Some(&range)), "−0.3334 to 0.6667");
        assert_eq!(ratio_range(None), "anything");
    }
}
