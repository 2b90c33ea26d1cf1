//! What the benches measure on: one company, one attestor, and policies of one rule and of thirty-two.

use std::sync::Arc;

use covenant_gadgets::{
    circuit::Field,
    eddsa::{PublicKey, SecretKey},
};
use covenant_policy::{
    compiler::compile,
    schema::ENTERPRISE_FINANCIALS,
    statement::{Assurance, Basis, Coverage, Currency, Day, Figures, Period, Statement},
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

const GRANT: u8 = 3;

/// A policy source with this many different rules, each a row of its own, and one tier that takes all of them.
pub fn policy_source(rules: usize) -> String {
    let mut source = String::from(
        "type = \"policy\"\nversion = 1\nname = \"bench\"\ntitle = \"Bench\"\nschema = \"enterprise-financials/v1\"\n\
         currency = \"EUR\"\nbasis = \"solo\"\nage_max_days = 200\nattestors = \"registry\"\n\n[statement]\nassurance_floor = \"reviewed\"\n\n",
    );
    let names: Vec<String> = (1..=rules).map(|n| format!("revenue-{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        source += &format!(
            "[[rule]]\nname = \"{name}\"\nrequire = \"{} * revenue >= {} * equity\"\n\n",
            n + 2,
            n + 1
        );
    }
    let list: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    source
        + &format!(
            "[tiers]\nkind = \"decision-list\"\n\n[[tiers.tier]]\nname = \"A\"\nrequires = [{}]\n",
            list.join(", ")
        )
}

fn statement() -> Statement {
    let mut x = [0; 32];
    x[0] = 60_000_000;
    x[1] = 40_000_000;
    x[5] = 100_000_000;
    x[6] = 45_000_000;
    x[7] = 15_000_000;
    x[8] = 60_000_000;
    x[13] = 200_000_000;
    x[20] = 40_000_000;
    Statement {
        schema: ENTERPRISE_FINANCIALS.name,
        period: Period {
            start: Day(20_089),
            end: Day(20_453),
        },
        basis: Basis::Solo,
        currency: Currency::from_code("EUR").expect("the euro is a currency"),
        restatement: 0,
        assurance: Assurance::AUDITED,
        coverage: Coverage(u32::MAX),
        figures: Figures(x),
    }
}

/// The public values and the witness of one company under a policy of this many rules.
pub fn world(rules: usize) -> (Public, Witness) {
    let attestor = SecretKey::from_seed(&[7; 32]);
    let grants: Vec<(PublicKey, u8)> = vec![(attestor.public(), GRANT)];
    let compiled = compile(&policy_source(rules)).expect("the bench's policy compiles");
    let policy = PolicyInputs::new(&Arc::new(compiled.program), 0, &grants).expect("its program is valid");
    let sk = Field::from(0x5ec2e7u64);
    let entity = commitments::entity("FR-SIREN:123456789").expect("a registry id");
    let own = StatementWitness {
        statement: statement(),
        salt: Field::from(17u64),
        attestation: None,
        link_blinding: Field::from(0u64),
    };
    let mut witness = Witness {
        sk,
        entity,
        subject_blinding: Field::from(3u64),
        statements: [Some(own), None],
    };
    let hash = witness
        .opening(0)
        .expect("a first statement")
        .hash(&ENTERPRISE_FINANCIALS);
    if let Some(own) = &mut witness.statements[0] {
        let signature = attestor.sign(hash);
        own.attestation = Some(Attestation {
            key: attestor.public(),
            grant: GRANT,
            signature,
        });
    }
    let bank = commitments::bank_field(&[9; 32]);
    let period = statement().period;
    let zero = Field::from(0u64);
    let family = commitments::schema_family_field(&ENTERPRISE_FINANCIALS);
    let root = commitments::figures_root(&statement().figures);
    let proof = ProofInputs {
        bank,
        nym: commitments::nym(sk, bank),
        subject: commitments::subject(entity, witness.subject_blinding),
        scope: bank,
        end_min: Day(period.end.0 - 10),
        end_max: Day(period.end.0 + 90),
        binding: Field::from(5u64),
        period_tags: [commitments::period_tag(sk, bank, family, period), zero],
        statement_links: [commitments::statement_link(sk, bank, root, period), zero],
        proven_links: [zero; 2],
    };
    (Public { policy, proof }, witness)
}

/// The development key of the compliance statement.
pub fn key() -> ProvingKey {
    development::<Compliance>("benches").expect("the circuit can be built")
}

/// Public inputs and a proof under a policy of this many rules.
pub fn proof(key: &ProvingKey, rules: usize) -> (Vec<Field>, Proof) {
    let (public, witness) = world(rules);
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let proof = prove::<Compliance>(key, &public, &witness, &mut rng).expect("the company meets the policy");
    (Compliance::inputs(&public), proof)
}
