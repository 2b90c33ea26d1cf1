//! The fields of a policy file, in one list: the reader takes names and bounds from here, and so does the JSON schema for editors.

use super::{RULES_MAX, TEXT_BYTES_MAX, TITLE_BYTES_MAX};
use crate::expression::EXPRESSION_BYTES_MAX;
use crate::program::{NAME_BYTES_MAX, TIERS_MAX, WEIGHT_BITS};
use crate::statement::Day;

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// This word and no other.
    Fixed(&'static str),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A name of lower-case letters, digits and hyphens.
    Name,
    /// One line of at most so many bytes.
    Line(usize),
    /// Text of at most so many bytes, which may have several lines.
    Prose(usize),
    /// A word that a function reads: a schema, a currency, an assurance level, a key, the name of a rule.
    Token(Token),
    /// A comparison, a combination or an arithmetic expression.
    Expression,
    /// A whole number within bounds, both included.
    Integer(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// Names of rules.
    Names,
    /// `"registry"`, or keys.
    Attestors,
    /// Break points with the points from there on.
    BreakPoints,
    /// A table.
    Table(&'static Table),
    /// One of several tables, told apart by a fixed word.
    OneOf(&'static [Table]),
    /// At least and at most so many tables.
    Tables(&'static Table, usize, usize),
}

/// What a word stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// The name of a schema.
    Schema,
    /// An ISO 4217 code.
    Currency,
    /// An assurance level.
    Assurance,
    /// Solo or consolidated.
    Basis,
    /// A packed Baby Jubjub key in hexadecimal.
    Key,
    /// The name of a rule of this policy.
    Rule,
}

/// Whether a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It must.
    Required,
    /// It need not; without it this holds.
    Default(&'static str),
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be there.
    pub presence: Presence,
    /// What it means.
    pub meaning: &'static str,
}

/// The fields of a table.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// What it is, for people.
    pub title: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
}

impl Table {
    /// The field of this name; where there is none, one that takes nothing, so that the reader refuses what stands there.
    pub(super) fn field(&self, name: &str) -> &'static Field {
        self.fields.iter().find(|field| field.name == name).unwrap_or(&UNLISTED)
    }
}

static UNLISTED: Field = optional("", Kind::Line(0), "", "");

const fn required(name: &'static str, kind: Kind, meaning: &'static str) -> Field {
    let presence = Presence::Required;
    Field {
        name,
        kind,
        presence,
        meaning,
    }
}

const fn optional(name: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Field {
    let presence = Presence::Default(default);
    Field {
        name,
        kind,
        presence,
        meaning,
    }
}

const POINTS: Kind = Kind::Integer(1, (1 << WEIGHT_BITS) - 1);
const DAYS_MAX: i64 = Day::MAX.0 as i64;
const RUNG_NAME: Field = required("name", Kind::Line(NAME_BYTES_MAX), "What the tier is called.");
const REQUIRES: Field = optional("requires", Kind::Names, "none", "The rules that must hold, by name.");
const WHY: Field = optional(
    "why",
    Kind::Prose(TEXT_BYTES_MAX),
    "empty",
    "Why the bank asks for it, in its own words; shown beside the rule.",
);

/// A policy.
pub static POLICY: Table = Table {
    title: "A bank's policy",
    fields: &[
        required("type", Kind::Fixed("policy"), "What kind of document this is."),
        required("version", Kind::Integer(1, 1), "The version of this format."),
        required("name", Kind::Name, "The policy's name."),
        required("title", Kind::Line(TITLE_BYTES_MAX), "One line for people."),
        optional(
            "purpose",
            Kind::Prose(TEXT_BYTES_MAX),
            "empty",
            "What the policy is for, in the bank's own words.",
        ),
        required("schema", Kind::Token(Token::Schema), "The schema of the figures."),
        required(
            "currency",
            Kind::Token(Token::Currency),
            "ISO 4217. Statements in another currency are refused; amounts are never converted.",
        ),
        required("basis", Kind::Token(Token::Basis), "Solo or consolidated figures."),
        optional(
            "scope",
            Kind::Name,
            "bank",
            "Where versions of one period's figures are counted: `bank`, or the name of a consortium.",
        ),
        required(
            "age_max_days",
            Kind::Integer(0, DAYS_MAX),
            "How long before the request's date the first statement's period may have ended.",
        ),
        optional(
            "attestors",
            Kind::Attestors,
            "none",
            "\"registry\", or a list of keys; required exactly where a statement is attested.",
        ),
        optional(
            "statement",
            Kind::Table(&STATEMENT),
            "all defaults",
            "The terms of the first statement.",
        ),
        optional(
            "second",
            Kind::Table(&SECOND),
            "none",
            "A second statement, and how it relates to the first.",
        ),
        optional(
            "third",
            Kind::Table(&THIRD),
            "none",
            "A third statement, which relates to the first in the way that the second does not.",
        ),
        optional(
            "rule",
            Kind::Tables(&RULE, 0, RULES_MAX),
            "none",
            "The rules; a combination comes after what it combines.",
        ),
        required("tiers", Kind::OneOf(&TIERS), "How rules become tiers."),
    ],
};

const SOURCE: Field = optional(
    "source",
    Kind::Word(&["attested", "self", "proven"]),
    "attested",
    "Signed by an accepted attestor; the enterprise's own word; or the output of a book proof.",
);
const FLOOR: Field = optional(
    "assurance_floor",
    Kind::Token(Token::Assurance),
    "self-declared",
    "The least assurance.",
);
const RESTATEMENT: Field = optional(
    "restatement_max",
    Kind::Integer(0, u16::MAX as i64),
    "0",
    "The greatest restatement number.",
);
const LENGTH_MIN: Field = optional(
    "length_min_days",
    Kind::Integer(1, DAYS_MAX),
    "350",
    "The shortest period, both ends included.",
);
const LENGTH_MAX: Field = optional(
    "length_max_days",
    Kind::Integer(1, DAYS_MAX),
    "380",
    "The longest period, both ends included.",
);

/// The terms of the first statement.
pub static STATEMENT: Table = Table {
    title: "The terms of the first statement",
    fields: &[SOURCE, FLOOR, RESTATEMENT, LENGTH_MIN, LENGTH_MAX],
};

/// The second statement.
pub static SECOND: Table = Table {
    title: "The second statement",
    fields: RELATED,
};

/// The third statement.
pub static THIRD: Table = Table {
    title: "The third statement, which takes a linked proof of its own",
    fields: RELATED,
};

/// The terms of a statement that relates to the first one.
const RELATED: &[Field] = &[
    required(
        "relation",
        Kind::Word(&["prior", "companion", "none"]),
        "The period directly before, a view that ends on the same day, or as if the table were not there.",
    ),
    optional(
        "basis",
        Kind::Token(Token::Basis),
        "the policy's",
        "Solo or consolidated; a prior period has the first statement's.",
    ),
    optional(
        "schema",
        Kind::Token(Token::Schema),
        "the policy's",
        "The schema of its figures; a prior period has the first statement's.",
    ),
    SOURCE,
    FLOOR,
    RESTATEMENT,
    LENGTH_MIN,
    LENGTH_MAX,
];

/// A rule.
pub static RULE: Table = Table {
    title: "A rule",
    fields: &[
        required("name", Kind::Name, "The rule's name, once per policy."),
        required(
            "require",
            Kind::Expression,
            "A comparison of figures, such as `current_assets / current_liabilities >= 1.2`, or a combination of rules above.",
        ),
        WHY,
    ],
};

/// An attestor, where it is written as a table.
pub static ATTESTOR: Table = Table {
    title: "An attestor",
    fields: &[
        required("key", Kind::Token(Token::Key), "The packed Baby Jubjub public key."),
        optional(
            "name",
            Kind::Line(TITLE_BYTES_MAX),
            "empty",
            "The name that the bank knows it by.",
        ),
    ],
};

/// The tables of tiers, by their `kind`.
pub static TIERS: [Table; 3] = [
    Table {
        title: "A decision list: a company is in the first tier whose rules it all meets",
        fields: &[
            required("kind", Kind::Fixed(KINDS[0]), "A decision list."),
            required("tier", Kind::Tables(&TIER, 1, TIERS_MAX), "The tiers, best first."),
        ],
    },
    Table {
        title: "A scorecard: points for rules and factors, and grades by their sum",
        fields: &[
            required("kind", Kind::Fixed(KINDS[1]), "A scorecard."),
            optional(
                "required",
                Kind::Names,
                "none",
                "Rules that every grade demands; no points make up for them.",
            ),
            optional(
                "points",
                Kind::Tables(&RULE_POINTS, 0, usize::MAX),
                "none",
                "Points of single rules.",
            ),
            optional(
                "factor",
                Kind::Tables(&FACTOR, 0, usize::MAX),
                "none",
                "Points by break points of a factor.",
            ),
            required("grade", Kind::Tables(&GRADE, 1, TIERS_MAX), "The grades, best first."),
        ],
    },
    Table {
        title: "A pricing grid: levels, each with a margin",
        fields: &[
            required("kind", Kind::Fixed(KINDS[2]), "A pricing grid."),
            optional(
                "worst_is_unconditional",
                Kind::Boolean,
                "false",
                "The last level asks for nothing and applies where nothing is proven.",
            ),
            optional(
                "not_delivered",
                Kind::Word(&["worst", "keep"]),
                "worst",
                "What applies while accounts are due and not delivered: the worst level, or the one before.",
            ),
            optional(
                "found_wrong",
                Kind::Word(&["recompute", "from-then-on"]),
                "recompute",
                "What happens when delivered accounts are found wrong: the level is recomputed from the day on which it first applied, or the new one applies from then on.",
            ),
            required("level", Kind::Tables(&LEVEL, 1, TIERS_MAX), "The levels, best first."),
        ],
    },
];

const KINDS: [&str; 3] = ["decision-list", "scorecard", "pricing-grid"];

/// The field that tells the tables of tiers apart.
pub(super) const fn kinds() -> Field {
    required("kind", Kind::Word(&KINDS), "How rules become tiers.")
}

/// A tier of a decision list.
pub static TIER: Table = Table {
    title: "A tier",
    fields: &[RUNG_NAME, REQUIRES],
};

/// A grade of a scorecard.
pub static GRADE: Table = Table {
    title: "A grade",
    fields: &[
        RUNG_NAME,
        required(
            "minimum",
            Kind::Integer(0, (1 << WEIGHT_BITS) - 1),
            "The least number of points.",
        ),
        REQUIRES,
    ],
};

/// A level of a pricing grid.
pub static LEVEL: Table = Table {
    title: "A level",
    fields: &[
        RUNG_NAME,
        required(
            "margin_bps",
            Kind::Integer(-100_000, 100_000),
            "The margin over the reference rate, in basis points.",
        ),
        REQUIRES,
    ],
};

/// Points of a rule.
pub static RULE_POINTS: Table = Table {
    title: "Points of a rule",
    fields: &[
        required("rule", Kind::Token(Token::Rule), "The rule's name."),
        required("points", POINTS, "What it earns."),
    ],
};

/// A factor of a scorecard.
pub static FACTOR: Table = Table {
    title: "A factor",
    fields: &[
        required("name", Kind::Name, "The factor's name."),
        required(
            "expression",
            Kind::Expression,
            "What is measured: arithmetic without a comparison.",
        ),
        optional(
            "direction",
            Kind::Word(&["at-least", "at-most"]),
            "at-least",
            "Whether more is better, or less.",
        ),
        required(
            "points",
            Kind::BreakPoints,
            "`[[1.0, 5], [1.2, 12]]`: break points from the easiest to the hardest, with the points in total from there on.",
        ),
        WHY,
    ],
};

const _: () = assert!(EXPRESSION_BYTES_MAX < super::SOURCE_BYTES_MAX);
