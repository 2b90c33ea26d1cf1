//! The integer program that a policy compiles to: the contract between the compiler and the compliance circuit.
//!
//! Columns: `x[0..32]` are the figures of the first statement, `x[32..64]` those of the second (all zero when it is absent).
//! Row `i` passes exactly when
//!
//! ```text
//! Σ_j a[j]·x[j]  +  Σ_q slots[q]·(u_q·x)(v_q·x)  +  Σ_{k<i} passes[k]·pass_k   >=   bound
//! ```
//!
//! where only the last [`RICH_ROWS`] rows may have slot or pass terms. A tier is proven by `Σ weights[i]·pass_i >= minimum`.

mod validate;

pub use validate::{NAME_BYTES_MAX, TIERS_MAX, contradiction};

/// Figures in one statement.
pub const FIGURES: usize = 32;
/// Statements that one proof looks at.
pub const STATEMENTS: usize = 2;
/// Columns of a row: the figures of both statements.
pub const COLUMNS: usize = FIGURES * STATEMENTS;
/// Rows of a program.
pub const ROWS: usize = 32;
/// The last rows, which may read product slots and earlier pass bits.
pub const RICH_ROWS: usize = 8;
/// The first row that may read product slots and earlier pass bits.
pub const FIRST_RICH_ROW: usize = ROWS - RICH_ROWS;
/// Product slots.
pub const SLOTS: usize = 4;
/// Attestors that one policy can accept.
pub const ATTESTORS: usize = 32;

/// The overflow budget. With figures below 2^63 in magnitude these bounds keep every row's difference below
/// 2^[`PLAIN_DIFFERENCE_BITS`] (rows without slots) or 2^[`RICH_DIFFERENCE_BITS`] in magnitude, far below the field's size.
/// The verifier checks them on every program, whoever compiled it.
pub const COEFFICIENT_BITS: u32 = 36;
/// Bits of the magnitude of a slot's `u` and `v` coefficients.
pub const SLOT_COEFFICIENT_BITS: u32 = 24;
/// Bits of the magnitude of the factor with which a row reads a slot.
pub const SLOT_FACTOR_BITS: u32 = 24;
/// Bits of the magnitude of the factor with which a row reads an earlier pass bit.
pub const PASS_FACTOR_BITS: u32 = 36;
/// Bits of the magnitude of a row's bound.
pub const BOUND_BITS: u32 = 100;
/// Bits of a weight.
pub const WEIGHT_BITS: u32 = 24;
/// |a·x − b| of a plain row: 64 · 2^36 · 2^63 + 2^100 < 2^106.
pub const PLAIN_DIFFERENCE_BITS: u32 = 106;
/// |d| of a rich row: 4 · 2^24 · (64 · 2^24 · 2^63)² + … < 2^214.
pub const RICH_DIFFERENCE_BITS: u32 = 214;

const _: () = {
    assert!(6 + COEFFICIENT_BITS + 63 < PLAIN_DIFFERENCE_BITS && BOUND_BITS < PLAIN_DIFFERENCE_BITS - 1);
    assert!(2 + SLOT_FACTOR_BITS + 2 * (6 + SLOT_COEFFICIENT_BITS + 63) < RICH_DIFFERENCE_BITS);
    assert!(PASS_FACTOR_BITS + 5 < PLAIN_DIFFERENCE_BITS && RICH_DIFFERENCE_BITS < 252);
};

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Coefficients over the 64 columns.
    pub a: [i64; COLUMNS],
    /// Factors of the product slots; all zero outside the rich rows.
    pub slots: [i64; SLOTS],
    /// Factors of the pass bits of earlier rows; entry `k` is zero unless this is a rich row and `k` is earlier.
    pub passes: [i64; ROWS],
    /// The bound.
    pub bound: i128,
}

impl Row {
    /// A row that reads nothing. It passes (0 >= 0) and must weigh nothing.
    pub const BLANK: Self = Self {
        a: [0; COLUMNS],
        slots: [0; SLOTS],
        passes: [0; ROWS],
        bound: 0,
    };

    /// Whether the row reads nothing at all.
    pub fn is_blank(&self) -> bool {
        self.a.iter().chain(&self.slots).chain(&self.passes).all(|&c| c == 0)
    }
}

/// A product slot: (u·x)(v·x).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Coefficients of the left factor.
    pub u: [i64; COLUMNS],
    /// Coefficients of the right factor.
    pub v: [i64; COLUMNS],
}

impl Slot {
    /// A slot that is not used.
    pub const EMPTY: Self = Self {
        u: [0; COLUMNS],
        v: [0; COLUMNS],
    };

    /// Whether the product is 0 whatever the figures are.
    pub fn is_empty(&self) -> bool {
        self.u.iter().all(|&c| c == 0) || self.v.iter().all(|&c| c == 0)
    }
}

/// Where a statement's figures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Signed by an attestor whom the policy accepts.
    Attested,
    /// The enterprise's own word; its assurance counts as 0.
    SelfDeclared,
    /// The output of a linked proof in the same bundle.
    Proven,
    /// There is no such statement: all its figures, fields and tags are 0.
    Absent,
}

/// How the second statement relates to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// There is no second statement.
    None,
    /// The period before: same schema, currency and basis, adjacent, of nearly the same length.
    Prior,
    /// Another view on the same period: same end and currency.
    Companion,
}

/// What a policy demands of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementTerms {
    /// Where the figures must come from.
    pub source: Source,
    /// The schema's name, empty when absent ("enterprise-financials/v1").
    pub schema: &'static str,
    /// Solo or consolidated.
    pub basis: crate::statement::Basis,
    /// The figures that the rules read (bit j = figure j): each must be covered by the books.
    pub need: u32,
    /// The least assurance accepted (0–255).
    pub assurance_floor: u8,
    /// The greatest restatement number accepted.
    pub restatement_cap: u16,
    /// The shortest period accepted, in days, both ends included.
    pub length_min_days: u32,
    /// The longest period accepted, in days, both ends included.
    pub length_max_days: u32,
}

/// A tier and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// The tier's name, as written in the policy.
    pub name: String,
    /// The weight of each row.
    pub weights: [u32; ROWS],
    /// The sum of weights of passing rows that proves the tier; at least 1.
    pub minimum: u32,
}

/// A compiled policy: everything the verifier needs to know about it, and nothing about any enterprise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The rows; always [`ROWS`] of them, unused ones blank.
    pub rows: Vec<Row>,
    /// The product slots.
    pub slots: [Slot; SLOTS],
    /// The terms of both statements.
    pub statements: [StatementTerms; STATEMENTS],
    /// How the second statement relates to the first.
    pub relation: Relation,
    /// The currency of every statement.
    pub currency: crate::statement::Currency,
    /// How old the first statement's end may be at the request's `as_of`, in days.
    pub age_max_days: u32,
    /// The accepted attestors' packed Baby Jubjub public keys (circomlib's packing), at most [`ATTESTORS`], in source order.
    /// Empty where [`Program::attestors_from_registry`] is set: the verifier then fills the list.
    pub attestors: Vec<[u8; 32]>,
    /// The accepted attestors are those whom the bank's registry grants at least the policy's assurance floor.
    pub attestors_from_registry: bool,
    /// The tiers, best first.
    pub tiers: Vec<Tier>,
}
