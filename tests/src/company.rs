//! A company, its attestor and its bank, below the documents: what proves a policy from its source.

use std::path::Path;
use std::sync::Arc;

use covenant_gadgets::{
    circuit::Field,
    eddsa::{PublicKey, SecretKey},
};
use covenant_policy::{
    compiler::compile,
    program::{Program, Relation, Source},
    schema::Schema,
    statement::{Assurance, Coverage, Day, Figures, Period, Statement},
};
use covenant_proofs::{
    decode::Proof,
    keys::{ProvingKey, development},
    prove::prove,
    statement::Statement as _,
};
use covenant_statements::{
    commitments,
    compliance::{Attestation, Compliance, PolicyInputs, ProofInputs, Public, StatementWitness, Witness},
};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

const GRANT: Assurance = Assurance::AUTHORITY;
/// The calendar year 2025, in day numbers.
const YEAR: Period = Period {
    start: Day(20_089),
    end: Day(20_453),
};
/// The calendar year 2024.
const YEAR_BEFORE: Period = Period {
    start: Day(19_723),
    end: Day(20_088),
};

/// A named figure and its amount in major units.
pub type Amounts = [(&'static str, i64)];

/// A sound trading company; `amounts` of its first statement, two decimal digits of minor units.
pub const SOUND: &Amounts = &[
    ("current_assets", 600_000),
    ("non_current_assets", 400_000),
    ("inventory", 150_000),
    ("cash", 120_000),
    ("trade_receivables", 250_000),
    ("total_assets", 1_000_000),
    ("current_liabilities", 350_000),
    ("non_current_liabilities", 150_000),
    ("total_liabilities", 500_000),
    ("trade_payables", 180_000),
    ("financial_debt", 200_000),
    ("revenue", 2_000_000),
    ("cost_of_sales", 1_200_000),
    ("interest_expense", 12_000),
    ("scheduled_principal", 40_000),
    ("tax_paid", 30_000),
    ("distributions", 20_000),
    ("equity", 500_000),
    ("ebitda", 220_000),
    ("ebit", 160_000),
    ("operating_cash_flow", 140_000),
    ("net_income", 110_000),
    ("profit_before_tax", 148_000),
    ("income_tax_expense", 38_000),
];

/// What the tax authority knows of the same company: 96 % of its revenue.
pub const DECLARED: &Amounts = &[
    ("invoiced_1", 160_000),
    ("invoiced_2", 160_000),
    ("invoiced_3", 160_000),
    ("invoiced_4", 160_000),
    ("invoiced_5", 160_000),
    ("invoiced_6", 160_000),
    ("invoiced_7", 160_000),
    ("invoiced_8", 160_000),
    ("invoiced_9", 160_000),
    ("invoiced_10", 160_000),
    ("invoiced_11", 160_000),
    ("invoiced_12", 160_000),
];

/// The source of a sample policy of the repository.
pub fn sample_policy(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../policies")
        .join(name)
        .with_extension("toml");
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A policy source with this many different rules, each a row of its own, and one tier that takes all of them.
pub fn policy_with_rules(rules: usize) -> String {
    let mut source = String::from(
        "type = \"policy\"\nversion = 1\nname = \"many\"\ntitle = \"Many rules\"\nschema = \"enterprise-financials/v1\"\n\
         currency = \"EUR\"\nbasis = \"solo\"\nage_max_days = 200\nattestors = \"registry\"\n\n\
         [statement]\nassurance_floor = \"reviewed\"\n\n",
    );
    let names: Vec<String> = (1..=rules).map(|n| format!("revenue-{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        let require = format!("{} * revenue >= {} * equity", n + 2, n + 1);
        source += &format!("[[rule]]\nname = \"{name}\"\nrequire = \"{require}\"\n\n");
    }
    let list: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    source += "[tiers]\nkind = \"decision-list\"\n\n[[tiers.tier]]\nname = \"A\"\n";
    source + &format!("requires = [{}]\n", list.join(", "))
}

/// The development key of the compliance statement that tests and benches share.
pub fn key() -> ProvingKey {
    development::<Compliance>("tests and benches").expect("the circuit can be built")
}

/// The schema of a program's statement.
fn schema(program: &Program, k: usize) -> &'static Schema {
    program.schema(k).unwrap_or_else(|| panic!("statement {k} is absent"))
}

/// A statement under a program's terms: the company's own amounts, changed by `change`.
fn statement(program: &Program, k: usize, change: &Amounts) -> Statement {
    let terms = &program.statements[k];
    let schema = schema(program, k);
    let amounts = if schema.name == "monthly-series/v1" {
        DECLARED
    } else {
        SOUND
    };
    let mut figures = [0; 32];
    for (name, amount) in amounts.iter().chain(change) {
        let index = schema.index_of(name).unwrap_or_else(|| panic!("no figure {name}"));
        figures[index] = amount * 10_i64.pow(u32::from(program.currency.minor_digits));
    }
    Statement {
        schema: terms.schema,
        period: if k == 1 && program.relation == Relation::Prior {
            YEAR_BEFORE
        } else {
            YEAR
        },
        basis: terms.basis,
        currency: program.currency,
        restatement: 0,
        assurance: if terms.source == Source::Attested {
            Assurance(terms.assurance_floor.max(Assurance::AUDITED.0))
        } else {
            Assurance::SELF_DECLARED
        },
        coverage: Coverage(u32::MAX),
        figures: Figures(figures),
    }
}

/// The public values and the witness of a company that claims a tier: [`SOUND`] changed by `change`, with the year before (if
/// the policy reads it) changed by `change_before`.
///
/// # Panics
/// Where the policy does not compile or has no such tier.
pub fn claim(source: &str, tier: &str, change: &Amounts, change_before: &Amounts) -> (Public, Witness) {
    claims(source, tier, [change, change_before, &[]]).swap_remove(0)
}

/// The same for every proof that the tier takes, the first one first, with a change for each of up to three statements.
///
/// # Panics
/// As [`claim`].
pub fn claims(source: &str, tier: &str, [first, second, third]: [&Amounts; 3]) -> Vec<(Public, Witness)> {
    let compiled = compile(source).unwrap_or_else(|e| panic!("{e}"));
    let demanded = compiled.demanded(tier);
    assert!(!demanded.is_empty(), "no tier {tier}");
    let changes = [[first, second], [first, third]];
    let proofs = demanded.iter().zip(changes);
    proofs
        .map(|(proof, changes)| of_program(Arc::new(proof.program.clone()), proof.tier, changes))
        .collect()
}

fn of_program(program: Arc<Program>, index: usize, changes: [&Amounts; 2]) -> (Public, Witness) {
    let attestor = SecretKey::from_seed(&[7; 32]);
    let grants: Vec<(PublicKey, u8)> = vec![(attestor.public(), GRANT.0)];
    let policy = PolicyInputs::new(&program, index, &grants).unwrap_or_else(|e| panic!("{e}"));
    let sk = Field::from(0x5ec2e7u64);
    let entity = commitments::entity("FR-SIREN:123456789").unwrap_or_else(|e| panic!("{e}"));
    let mut witness = Witness {
        sk,
        entity,
        subject_blinding: Field::from(3u64),
        statements: [None, None],
    };
    for (k, change) in changes.into_iter().enumerate() {
        if program.statements[k].source != Source::Absent {
            witness.statements[k] = Some(StatementWitness {
                statement: statement(&program, k, change),
                salt: Field::from(17u64),
                attestation: None,
                link_blinding: Field::from(0u64),
            });
        }
    }
    let zero = Field::from(0u64);
    let bank = commitments::bank_field(&[9; 32]);
    let mut proof = ProofInputs {
        bank,
        nym: commitments::nym(sk, bank),
        subject: commitments::subject(entity, witness.subject_blinding),
        scope: bank,
        end_min: Day(YEAR.end.0 - 10),
        end_max: Day(YEAR.end.0 + 90),
        binding: Field::from(5u64),
        period_tags: [zero; 2],
        statement_links: [zero; 2],
        proven_links: [zero; 2],
    };
    for k in 0..2 {
        let Some(opening) = witness.opening(k) else {
            continue;
        };
        let schema = schema(&program, k);
        let hash = opening.hash(schema);
        let Some(own) = &mut witness.statements[k] else {
            continue;
        };
        if program.statements[k].source == Source::Attested {
            let signature = attestor.sign(hash);
            own.attestation = Some(Attestation {
                key: attestor.public(),
                grant: GRANT.0,
                signature,
            });
        }
        let family = commitments::schema_family_field(schema);
        proof.period_tags[k] = commitments::period_tag(sk, bank, family, own.statement.period);
        let root = commitments::figures_root(&own.statement.figures);
        proof.statement_links[k] = commitments::statement_link(sk, bank, root, own.statement.period);
    }
    (Public { policy, proof }, witness)
}

/// Public inputs and a proof of a claim.
///
/// # Panics
/// Where the company does not reach the tier.
pub fn proof(key: &ProvingKey, public: &Public, witness: &Witness) -> (Vec<Field>, Proof) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let proof = prove::<Compliance>(key, public, witness, &mut rng).unwrap_or_else(|e| panic!("{e}"));
    (Compliance::inputs(public), proof)
}
