//! The policy document: what a bank writes, as TOML, and reads back with its lines when something is wrong.

use std::ops::Range;

use num_rational::BigRational;

use crate::catalogue::POLICY_SYNTAX;
use crate::program::{Relation, Source};
use crate::refusal::Refusal;
use crate::schema::Schema;
use crate::statement::{Assurance, Basis, Currency};

mod fields;
pub mod layout;
pub(crate) mod read;
pub mod source;

/// Bytes of a policy's source.
pub const SOURCE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a title.
pub const TITLE_BYTES_MAX: usize = 200;
/// Bytes of a free text (purpose, why).
pub const TEXT_BYTES_MAX: usize = 4_000;
/// Rules that one policy can write down.
pub const RULES_MAX: usize = 64;

/// A value, and the bytes of the source that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Bytes of the source.
    pub span: Range<usize>,
}

/// For whom restated or shopped figures are counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// This bank alone.
    Bank,
    /// The banks that share this name.
    Consortium(String),
}

/// Who may attest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attestors {
    /// Nobody: no statement is attested.
    None,
    /// Everyone whom the bank's registry grants at least the policy's floor.
    Registry,
    /// These keys.
    Listed(Vec<Attestor>),
}

/// An accepted attestor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestor {
    /// The packed Baby Jubjub public key (circomlib's packing).
    pub key: [u8; 32],
    /// The name that the bank knows it by; may be empty.
    pub name: String,
}

/// What the policy demands of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The schema of the figures.
    pub schema: &'static Schema,
    /// Where the figures come from.
    pub source: Source,
    /// Solo or consolidated.
    pub basis: Basis,
    /// The least assurance.
    pub assurance_floor: Assurance,
    /// The greatest restatement number.
    pub restatement_max: u16,
    /// The shortest period, in days.
    pub length_min_days: u32,
    /// The longest period, in days.
    pub length_max_days: u32,
}

/// A rule as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name, kebab-case.
    pub name: Located<String>,
    /// What it demands.
    pub require: Located<String>,
    /// Why the bank asks for it; may be empty.
    pub why: String,
}

/// A scorecard factor: points that grow as a ratio passes break points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// Its name, kebab-case.
    pub name: Located<String>,
    /// What is measured.
    pub expression: Located<String>,
    /// Whether less is better.
    pub at_most: bool,
    /// Break points with the points (in total) that are earned from there on.
    pub points: Vec<Located<(BigRational, u32)>>,
    /// Why the bank asks for it; may be empty.
    pub why: String,
}

/// One tier, grade or level, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Its name.
    pub name: Located<String>,
    /// The rules that must hold.
    pub requires: Vec<Located<String>>,
    /// The least number of points (scorecards only).
    pub minimum: Option<u32>,
    /// The margin over the reference rate, in basis points (pricing grids only).
    pub margin_bps: Option<i32>,
}

/// What a pricing grid's contract says of accounts that are late or wrong; see [`crate::pricing`] for how they are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clauses {
    /// Accounts that are not delivered when due.
    pub not_delivered: NotDelivered,
    /// Accounts that are later found wrong.
    pub found_wrong: FoundWrong,
}

/// What applies while accounts are due and not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDelivered {
    /// The worst level, until they are delivered.
    Worst,
    /// The level of the accounts before, until they are delivered.
    Keep,
}

/// What happens when delivered accounts are found wrong and others take their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundWrong {
    /// The level is recomputed from the day on which the wrong one first applied.
    Recompute,
    /// The new level applies from the day on which the right accounts are delivered.
    FromThen,
}

impl Clauses {
    /// The customary ones, which apply where a policy says nothing.
    pub const CUSTOMARY: Self = Self {
        not_delivered: NotDelivered::Worst,
        found_wrong: FoundWrong::Recompute,
    };
}

impl NotDelivered {
    /// The word in policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Worst => "worst",
            Self::Keep => "keep",
        }
    }
}

impl FoundWrong {
    /// The word in policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recompute => "recompute",
            Self::FromThen => "from-then-on",
        }
    }
}

/// How rules become tiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tiers {
    /// Ordered tiers, each with a list of rules.
    DecisionList(Vec<Rung>),
    /// Points and grades.
    Scorecard {
        /// Rules that every grade demands.
        required: Vec<Located<String>>,
        /// Points of single rules.
        points: Vec<(Located<String>, u32)>,
        /// Factors with break points.
        factors: Vec<Factor>,
        /// The grades, best first.
        grades: Vec<Rung>,
    },
    /// Ordered levels, each with a margin.
    PricingGrid {
        /// The levels that are proven, best first.
        levels: Vec<Rung>,
        /// The level that needs no proof.
        worst: Option<Rung>,
        /// What applies to accounts that are late or wrong.
        clauses: Clauses,
    },
}

/// A policy as its bank wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDocument {
    /// Kebab-case name.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// The bank's own words on what the policy is for; may be empty.
    pub purpose: String,
    /// The currency of the figures and of all amounts in rules.
    pub currency: Currency,
    /// Where restatements are counted.
    pub scope: Scope,
    /// How old the first statement may be, in days.
    pub age_max_days: u32,
    /// Who may attest.
    pub attestors: Attestors,
    /// The first statement.
    pub first: Terms,
    /// The second statement, and how it relates to the first.
    pub second: Option<(Relation, Terms)>,
    /// A third statement, related to the first in the other way; it takes a linked proof of its own.
    pub third: Option<(Relation, Terms)>,
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// The tiers.
    pub tiers: Tiers,
}

impl PolicyDocument {
    /// Reads a policy's source; names and expressions are checked by the compiler.
    ///
    /// # Errors
    /// `policy-syntax`, `policy-unknown-field`, `policy-missing-field`, `policy-bad-value`, `policy-duplicate`,
    /// `policy-attestors` and others, with line, column and an excerpt.
    pub fn parse(source: &str) -> Result<Self, Refusal> {
        let (policy, faults) = match read::draft(source) {
            Ok(draft) => (Some(draft.policy), draft.faults),
            Err(faults) => (None, faults),
        };
        match (faults.into_refusal(source), policy) {
            (None, Some(policy)) => Ok(policy),
            (refusal, _) => Err(refusal.unwrap_or_else(|| Refusal::new(&POLICY_SYNTAX, "nothing was read"))),
        }
    }
}
