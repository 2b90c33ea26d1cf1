//! A company, its bank, its attestor and a policy that uses every part of the machine.

use std::sync::Arc;

use covenant_gadgets::{
    circuit::Field,
    eddsa::{PublicKey, SecretKey},
};
use covenant_policy::{
    program::{COLUMNS, FIGURES, FIRST_RICH_ROW, Program, ROWS, Relation, Row, Slot, Source, StatementTerms, Tier},
    schema::{ENTERPRISE_FINANCIALS, MONTHLY_SERIES, Schema},
    statement::{Assurance, Basis, Coverage, Currency, Day, Figures, Period, Statement},
};

use crate::{
    commitments,
    compliance::{Attestation, PolicyInputs, ProofInputs, Public, StatementWitness, Witness},
};

pub const CURRENT_ASSETS: usize = 0;
pub const NON_CURRENT_ASSETS: usize = 1;
pub const INVENTORY: usize = 2;
pub const CASH: usize = 3;
pub const TOTAL_ASSETS: usize = 5;
pub const CURRENT_LIABILITIES: usize = 6;
pub const NON_CURRENT_LIABILITIES: usize = 7;
pub const TOTAL_LIABILITIES: usize = 8;
pub const REVENUE: usize = 13;
pub const EQUITY: usize = 20;
pub const NET_INCOME: usize = 25;
pub const ROUNDING: usize = 26;

/// The figures that the fixture's rows and the schema's identities read.
pub const NEED: u32 = 1 << CURRENT_ASSETS
    | 1 << NON_CURRENT_ASSETS
    | 1 << CASH
    | 1 << TOTAL_ASSETS
    | 1 << CURRENT_LIABILITIES
    | 1 << NON_CURRENT_LIABILITIES
    | 1 << TOTAL_LIABILITIES
    | 1 << REVENUE
    | 1 << EQUITY;

pub const FLOOR: Assurance = Assurance::REVIEWED;
pub const GRANT: u8 = 3;
pub const RESTATEMENT_CAP: u16 = 2;

pub fn attestor() -> SecretKey {
    SecretKey::from_seed(&[7; 32])
}

pub fn unlisted_attestor() -> SecretKey {
    SecretKey::from_seed(&[8; 32])
}

/// The registry: the attestor among others, one of them listed with a lower grant.
pub fn grants() -> Vec<(PublicKey, u8)> {
    let other = |seed: u8| SecretKey::from_seed(&[seed; 32]).public();
    vec![(other(20), 4), (attestor().public(), GRANT), (other(21), 2)]
}

pub fn currency() -> Currency {
    Currency::from_code("EUR").unwrap()
}

/// 2024 or 2025, by its first day.
fn year(number: u32) -> Period {
    let start = if number == 2024 { 19_723 } else { 20_089 };
    let days = if number == 2024 { 366 } else { 365 };
    Period {
        start: Day(start),
        end: Day(start + days - 1),
    }
}

fn figures(scale: i64) -> Figures {
    let mut x = [0; FIGURES];
    x[CURRENT_ASSETS] = 600 * scale;
    x[NON_CURRENT_ASSETS] = 400 * scale;
    x[INVENTORY] = 150 * scale;
    x[CASH] = 50 * scale;
    x[TOTAL_ASSETS] = 1_000 * scale;
    x[CURRENT_LIABILITIES] = 450 * scale;
    x[NON_CURRENT_LIABILITIES] = 150 * scale;
    x[TOTAL_LIABILITIES] = 600 * scale;
    x[REVENUE] = 2_000 * scale;
    x[EQUITY] = 400 * scale - 3;
    x[NET_INCOME] = -20 * scale;
    x[ROUNDING] = 3;
    Figures(x)
}

pub fn statement(number: u32, scale: i64) -> Statement {
    Statement {
        schema: ENTERPRISE_FINANCIALS.name,
        period: year(number),
        basis: Basis::Solo,
        currency: currency(),
        restatement: 1,
        assurance: FLOOR,
        coverage: Coverage(NEED | 1 << INVENTORY | 1 << NET_INCOME | 1 << ROUNDING),
        figures: figures(scale),
    }
}

pub fn terms(source: Source) -> StatementTerms {
    let attested = source == Source::Attested;
    StatementTerms {
        source,
        schema: ENTERPRISE_FINANCIALS.name,
        basis: Basis::Solo,
        need: NEED,
        assurance_floor: if attested { FLOOR.0 } else { 0 },
        restatement_cap: RESTATEMENT_CAP,
        length_min_days: 350,
        length_max_days: 380,
    }
}

/// A program over monthly series, of this year and of the year before where `relation` says so: cash flow above zero in the
/// last month, and in the month before the first. The last month is figure 31; figure 26, which another schema bounds as its
/// rounding difference, is month 7.
pub fn monthly_program(sources: [Source; 2], relation: Relation) -> Program {
    let mut program = program(sources, relation);
    let second = if relation == Relation::None { 0 } else { FIGURES };
    program.rows = vec![Row::BLANK; ROWS];
    program.slots = [const { Slot::EMPTY }; 4];
    program.rows[0] = row(&[(31, 1)], 1);
    program.rows[1] = row(&[(second + 31, 1), (ROUNDING, 1)], i128::from(i64::MAX) - 1_000);
    for terms in program.statements.iter_mut().filter(|t| t.source != Source::Absent) {
        terms.schema = MONTHLY_SERIES.name;
        terms.need = u32::MAX;
    }
    program.tiers[0].weights = std::array::from_fn(|i| u32::from(i < 2));
    program.tiers[0].minimum = 2;
    program
}

/// A monthly series with extremes of both signs; month 7 (figure 26) is as great as a figure can be.
pub fn monthly_statement(number: u32) -> Statement {
    let mut x: [i64; FIGURES] = std::array::from_fn(|j| 1_000 + j as i64);
    (x[0], x[20], x[ROUNDING]) = (i64::MAX, -i64::MAX, i64::MAX);
    Statement {
        schema: MONTHLY_SERIES.name,
        coverage: Coverage(u32::MAX),
        figures: Figures(x),
        ..statement(number, 1)
    }
}

/// A coefficient row over named columns; columns from 32 on are the second statement's.
fn row(terms: &[(usize, i64)], bound: i128) -> Row {
    Row {
        a: coefficients(terms),
        bound,
        ..Row::BLANK
    }
}

fn coefficients(terms: &[(usize, i64)]) -> [i64; COLUMNS] {
    let mut a = [0; COLUMNS];
    for &(j, c) in terms {
        a[j] = c;
    }
    a
}

/// Rows of the fixture's program by what they say.
pub const ROW_CURRENT_RATIO: usize = 0;
pub const ROW_LIQUID: usize = 1;
pub const ROW_EQUITY: usize = 2;
pub const ROW_PRODUCT: usize = FIRST_RICH_ROW;
pub const ROW_BOTH: usize = FIRST_RICH_ROW + 1;

/// A program over one statement, or two where `relation` says so.
///
/// Row 0 passes, row 1 (cash covers current liabilities) fails, row 2 passes; row 24 compares two products and passes, row 25
/// ("rows 0 and 24") passes. The only tier takes rows 0, 2 and 25: 1 + 1 + 2.
pub fn program(sources: [Source; 2], relation: Relation) -> Program {
    let mut rows = vec![Row::BLANK; ROWS];
    rows[ROW_CURRENT_RATIO] = row(&[(CURRENT_ASSETS, 5), (CURRENT_LIABILITIES, -6)], 0);
    rows[ROW_LIQUID] = row(&[(CASH, 1), (CURRENT_LIABILITIES, -1)], 0);
    rows[ROW_EQUITY] = row(&[(EQUITY, 1)], 1);
    let second = if relation == Relation::None { 0 } else { FIGURES };
    let product = |u: usize, v: usize| Slot {
        u: coefficients(&[(u, 1)]),
        v: coefficients(&[(v, 1)]),
    };
    let mut slots = [const { Slot::EMPTY }; 4];
    // Equity grew faster than current assets, or as fast: E·CA' − CA·E' >= −10^30.
    slots[0] = product(EQUITY, second + CURRENT_ASSETS);
    slots[1] = product(CURRENT_ASSETS, second + EQUITY);
    rows[ROW_PRODUCT].slots = [1, -1, 0, 0];
    rows[ROW_PRODUCT].bound = -1_000_000_000_000_000_000_000_000_000_000;
    rows[ROW_BOTH].passes[ROW_CURRENT_RATIO] = 1;
    rows[ROW_BOTH].passes[ROW_PRODUCT] = 1;
    rows[ROW_BOTH].bound = 2;
    let mut weights = [0; ROWS];
    weights[ROW_CURRENT_RATIO] = 1;
    weights[ROW_EQUITY] = 1;
    weights[ROW_BOTH] = 2;
    let of = |source: Source| {
        if source == Source::Absent {
            StatementTerms::ABSENT
        } else {
            terms(source)
        }
    };
    Program {
        rows,
        slots,
        statements: sources.map(of),
        relation,
        currency: currency(),
        age_max_days: 200,
        attestors: Vec::new(),
        attestors_from_registry: sources.contains(&Source::Attested),
        tiers: vec![Tier {
            name: "A".into(),
            weights,
            minimum: 4,
        }],
    }
}

/// A company with its witness and the public values that belong to it.
#[derive(Clone)]
pub struct World {
    pub program: Program,
    pub public: Public,
    pub witness: Witness,
}

impl World {
    pub fn new(sources: [Source; 2], relation: Relation) -> Self {
        let statements = [
            Some(statement(2025, 110_000)),
            (sources[1] != Source::Absent).then(|| {
                let number = if relation == Relation::Companion { 2025 } else { 2024 };
                statement(number, 100_000)
            }),
        ];
        Self::with(program(sources, relation), statements)
    }

    /// Attested monthly series of two adjacent years.
    pub fn monthly() -> Self {
        let sources = [Source::Attested, Source::Attested];
        let statements = [Some(monthly_statement(2025)), Some(monthly_statement(2024))];
        Self::with(monthly_program(sources, Relation::Prior), statements)
    }

    /// Attested figures of two adjacent years.
    pub fn attested() -> Self {
        Self::new([Source::Attested, Source::Attested], Relation::Prior)
    }

    pub fn with(program: Program, statements: [Option<Statement>; 2]) -> Self {
        Self::claiming(program, 0, statements)
    }

    /// A company that claims this tier of the program.
    pub fn claiming(program: Program, tier: usize, statements: [Option<Statement>; 2]) -> Self {
        let sk = Field::from(0x5ec2e7u64);
        let entity = commitments::entity("FR-SIREN:123456789").unwrap();
        let mut witness = Witness {
            sk,
            entity,
            subject_blinding: Field::from(0xb11d_u64),
            statements: [None, None],
        };
        for (k, statement) in statements.into_iter().enumerate() {
            let Some(mut statement) = statement else { continue };
            if program.statements[k].source != Source::Attested {
                statement.assurance = Assurance::SELF_DECLARED;
            }
            let salt = Field::from(0x5a17_u64 + k as u64);
            let link_blinding = Field::from(0x11b2_u64 + k as u64);
            witness.statements[k] = Some(StatementWitness {
                statement,
                salt,
                attestation: None,
                link_blinding,
            });
        }
        let bank = commitments::bank_field(&[9; 32]);
        let zero = Field::from(0u64);
        let proof = ProofInputs {
            bank,
            nym: commitments::nym(sk, bank),
            subject: commitments::subject(entity, witness.subject_blinding),
            scope: bank,
            end_min: Day(20_453 - 100),
            end_max: Day(20_453 + 100),
            binding: Field::from(0xb1d_u64),
            period_tags: [zero; 2],
            statement_links: [zero; 2],
            proven_links: [zero; 2],
        };
        let policy = PolicyInputs::new(&Arc::new(program.clone()), tier, &grants()).unwrap();
        let mut world = Self {
            program,
            public: Public { policy, proof },
            witness,
        };
        world.attest(&attestor());
        world.publish();
        world
    }

    /// Signs every statement whose source is an attestation, as it stands.
    pub fn attest(&mut self, key: &SecretKey) {
        for k in 0..2 {
            if self.program.statements[k].source != Source::Attested {
                continue;
            }
            let Some(opening) = self.witness.opening(k) else {
                continue;
            };
            let schema = Schema::named(opening.statement.schema).unwrap();
            let signature = key.sign(opening.hash(schema));
            if let Some(own) = &mut self.witness.statements[k] {
                own.attestation = Some(Attestation {
                    key: key.public(),
                    grant: GRANT,
                    signature,
                });
            }
        }
    }

    /// Sets the tags and links that belong to the witness.
    pub fn publish(&mut self) {
        let (sk, scope) = (self.witness.sk, self.public.proof.scope);
        for k in 0..2 {
            let Some(own) = &self.witness.statements[k] else {
                continue;
            };
            let period = own.statement.period;
            let schema = Schema::named(own.statement.schema).unwrap();
            let family = commitments::schema_family_field(schema);
            let proof = &mut self.public.proof;
            proof.period_tags[k] = commitments::period_tag(sk, scope, family, period);
            let root = commitments::figures_root(&own.statement.figures);
            proof.statement_links[k] = commitments::statement_link(sk, scope, root, period);
            if self.program.statements[k].source == Source::Proven {
                let hash = self.witness.opening(k).unwrap().hash(schema);
                proof.proven_links[k] = commitments::proven_link(hash, own.link_blinding);
            }
        }
    }

    /// Changes statement `k`, and has it attested and published anew.
    pub fn edit(mut self, k: usize, change: impl FnOnce(&mut Statement)) -> Self {
        change(&mut self.witness.statements[k].as_mut().unwrap().statement);
        self.attest(&attestor());
        self.publish();
        self
    }

    /// Recomputes the policy inputs after a change of the program.
    pub fn repolicy(mut self, change: impl FnOnce(&mut Program)) -> Self {
        change(&mut self.program);
        self.public.policy = PolicyInputs::new(&Arc::new(self.program.clone()), 0, &grants()).unwrap();
        self
    }
}
