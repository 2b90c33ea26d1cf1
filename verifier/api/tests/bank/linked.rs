//! Policies of three statements: two linked proofs in one bundle, of which none may be missing, swapped, doubled, about other figures, or
//! from another answer.

use std::num::NonZeroUsize;
use std::sync::OnceLock;

use covenant_api::asked::{Answer, Asked, FurtherAnswer};
use covenant_api::attest::{CheckedStatement, check_attestation};
use covenant_api::documents::*;
use covenant_api::sign::{Signed, Verified};
use covenant_api::types::*;
use covenant_api::verdict::{judge, verify_bundle};
use covenant_gadgets::eddsa;
use covenant_policy::schema::Schema;
use covenant_policy::statement::{Assurance, Coverage, Figures, Period, Statement};
use covenant_proofs::batch::verify_all;
use covenant_proofs::prove::prove;
use covenant_proofs::verify::PreparedCache;
use covenant_statements::commitments::*;
use covenant_statements::compliance::{self, Compliance, StatementWitness, Witness};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::world::*;

const THREE: &str = include_str!("three.toml");
const AUTHORITY: u8 = 4;

fn authority() -> eddsa::SecretKey {
    eddsa::SecretKey::from_seed(&[3; 32])
}

/// The accounts of 2025, those of 2024, and what was invoiced in 2025.
fn statements(current_assets: i64, invoiced: i64) -> [Statement; 3] {
    let day = |text: &str| text.parse().unwrap();
    let first = statement(current_assets);
    let before = Statement {
        period: Period::new(day("2024-01-01"), day("2024-12-31")).unwrap(),
        assurance: Assurance(0),
        ..statement(100)
    };
    let mut months = [0; 32];
    (months[0], months[1]) = (invoiced - 1, 1);
    let series = Statement {
        schema: "monthly-series/v1",
        assurance: Assurance(AUTHORITY),
        coverage: Coverage(0xfff),
        figures: Figures(months),
        ..first.clone()
    };
    [first, before, series]
}

/// The tag and the link of a statement.
fn marks(enterprise: &Enterprise, asked: &Asked<'_>, own: &Statement) -> (FieldElement, FieldElement) {
    let family = schema_family_field(Schema::named(own.schema).unwrap());
    let tag = period_tag(enterprise.sk, asked.scope(), family, own.period);
    let link = statement_link(enterprise.sk, asked.scope(), figures_root(&own.figures), own.period);
    (FieldElement(tag), FieldElement(link))
}

fn witnessed(enterprise: &Enterprise, own: &Statement) -> StatementWitness {
    let request = enterprise.attestation_request(own);
    let (signer, grant) = match own.assurance.0 {
        AUTHORITY => (authority(), AUTHORITY),
        _ => (attestor_key(), GRANT),
    };
    let attestation = (own.assurance.0 > 0).then(|| {
        let signed = CheckedStatement::new(&request).unwrap().attest(&signer, own.assurance);
        let (key, signature) = check_attestation(&signed).unwrap();
        compliance::Attestation { key, grant, signature }
    });
    StatementWitness {
        statement: own.clone(),
        salt: request.salt.0,
        attestation,
        link_blinding: FieldElement::default().0,
    }
}

/// Proves all that the tier takes.
fn bundle(
    bank: &House,
    enterprise: &Enterprise,
    request: &Verified<Request>,
    own: &[Statement; 3],
    tier: &str,
) -> Bundle {
    let policy = bank.registry.policy(&request.policy).unwrap();
    let asked = Asked::new(policy, &enterprise.invitation, request, enterprise.signer.public()).unwrap();
    let marks = own.each_ref().map(|statement| marks(enterprise, &asked, statement));
    let zero = FieldElement::default();
    let linked = FurtherAnswer {
        period_tag: marks[2].0,
        statement_link: marks[2].1,
        proven_link: zero,
    };
    let takes = policy.demanded(tier).len();
    let answer = Answer {
        tier: TierName::parse(tier).unwrap(),
        period_tags: [marks[0].0, marks[1].0],
        statement_links: [marks[0].1, marks[1].1],
        proven_links: [zero; 2],
        further: vec![linked; takes - 1],
    };
    let mut rng = ChaCha20Rng::from_seed([8; 32]);
    let publics = asked.publics(&answer).unwrap();
    let proofs = publics.iter().zip([1, 2]).map(|(public, second)| {
        let witness = Witness {
            sk: enterprise.sk,
            entity: entity(enterprise.registry_id.as_str()).unwrap(),
            subject_blinding: enterprise.invitation.blinding.0,
            statements: [&own[0], &own[second]].map(|statement| Some(witnessed(enterprise, statement))),
        };
        let proof = prove::<Compliance>(proving_key(), public, &witness, &mut rng).unwrap();
        Base64(proof.to_bytes())
    });
    let proofs: Vec<Proof> = proofs.collect();
    Bundle {
        request: request.id(),
        policy: request.policy,
        verifying_key: request.verifying_key,
        tier: answer.tier,
        nym: request.nym,
        period_tags: answer.period_tags,
        statement_links: answer.statement_links,
        proven_links: answer.proven_links,
        proof: proofs[0],
        further: (proofs.iter().skip(1))
            .map(|proof| LinkedProof {
                period_tag: marks[2].0,
                statement_link: marks[2].1,
                proven_link: zero,
                proof: *proof,
            })
            .collect(),
    }
}

struct Case {
    bank: House,
    customer: Enterprise,
    request: Verified<Request>,
    bundle: Bundle,
}

impl Case {
    /// The same for every test; its proofs are made once.
    fn new() -> Self {
        static PROOFS: OnceLock<Bundle> = OnceLock::new();
        let mut bank = House::new();
        let name = Name::parse("Tax authority").unwrap();
        let key = Hex32(authority().public().packed());
        bank.registry
            .grant(&bank.signer, key, name, AUTHORITY, time(NOW))
            .unwrap();
        let policy = bank.policy(THREE);
        let customer = bank.customer(1);
        let request = bank.ask(policy, &customer);
        let bundle = PROOFS.get_or_init(|| bundle(&bank, &customer, &request, &statements(150, 140), "AA"));
        assert_eq!(bundle.request, request.id(), "every case makes the same documents");
        Self {
            bundle: bundle.clone(),
            bank,
            customer,
            request,
        }
    }

    fn judge(&self, bundle: Bundle) -> Result<Verdict, (&'static str, String)> {
        verify_bundle(
            &self.bank.reopened(),
            &self.customer.sign(bundle),
            time(NOW),
            DEVELOPMENT,
        )
        .map_err(|r| (r.code(), r.place.clone().unwrap_or_default()))
    }

    fn refused(&self, change: impl FnOnce(&mut Bundle)) -> (&'static str, String) {
        let mut bundle = self.bundle.clone();
        change(&mut bundle);
        self.judge(bundle).unwrap_err()
    }
}

const FIRST: &str = "bundle: proof";
const LINKED: &str = "bundle: further.0.proof";

fn invalid(place: &str) -> (&'static str, String) {
    ("proof-invalid", place.to_owned())
}

#[test]
fn two_linked_proofs_are_one_verdict() {
    let case = Case::new();
    let verdict = case.judge(case.bundle.clone()).unwrap();
    assert_eq!(verdict.tier.as_str(), "AA");
    assert_eq!((verdict.assurance_floors, verdict.restated_or_shopped), ([2, 0], 0));
    let solo = StatementBasis::Solo;
    assert_eq!(verdict.statements(), [(solo, 2), (solo, 0), (solo, AUTHORITY)]);
    let third = &case.bundle.further[0];
    assert_eq!(verdict.versions()[2], (third.period_tag, third.statement_link, solo));
    // Both attestors count: the reviewer for the accounts, the authority for the series.
    assert_eq!(verdict.attestors.len(), 2);

    let registry = case.bank.reopened();
    let key = registry.verifying_key(&case.bank.key, DEVELOPMENT).unwrap();
    let cache = PreparedCache::new(NonZeroUsize::new(4).unwrap());
    let signed = Signed::from_json(&case.customer.sign(case.bundle.clone())).unwrap();
    let judged = judge(&registry, &signed, time(NOW)).unwrap();
    let items = judged.items(&key, &cache).unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(verify_all(&items), Ok(()));
}

#[test]
fn a_tier_that_asks_for_two_statements_takes_one_proof() {
    let case = Case::new();
    let one = bundle(&case.bank, &case.customer, &case.request, &statements(150, 0), "A");
    assert!(one.further.is_empty());
    let text = String::from_utf8(case.customer.sign(one.clone())).unwrap();
    assert!(!text.contains("further"), "documents of one proof are as they were");
    let verdict = case.judge(one.clone()).unwrap();
    assert!(verdict.tier.as_str() == "A" && verdict.further.is_empty());
    let more = Bundle {
        further: case.bundle.further.clone(),
        ..one.clone()
    };
    assert_eq!(case.judge(more).unwrap_err().0, "linked-proof-unexpected");
    // The better tier's first program is the same, its weights are not: half a bundle is no bundle of it.
    let claimed = Bundle {
        tier: case.bundle.tier.clone(),
        further: case.bundle.further.clone(),
        ..one
    };
    assert_eq!(case.judge(claimed).unwrap_err(), invalid(FIRST));
}

#[test]
fn no_proof_is_missing_doubled_or_in_anothers_place() {
    let case = Case::new();
    let missing = case.refused(|b| b.further.clear());
    assert_eq!(missing, ("linked-proof-missing", "bundle: further".to_owned()));
    let doubled = case.refused(|b| b.further.push(b.further[0].clone()));
    assert_eq!(doubled, ("linked-proof-unexpected", "bundle: further".to_owned()));
    let first_twice = case.refused(|b| b.further[0].proof = b.proof);
    assert_eq!(first_twice, invalid(LINKED));
    let second_twice = case.refused(|b| b.proof = b.further[0].proof);
    assert_eq!(second_twice, invalid(FIRST));
    let swapped = case.refused(|b| std::mem::swap(&mut b.proof, &mut b.further[0].proof));
    assert_eq!(swapped, invalid(FIRST));
    let one = FieldElement::default();
    assert_eq!(case.refused(|b| b.further[0].period_tag = one), invalid(LINKED));
    assert_eq!(case.refused(|b| b.further[0].statement_link = one), invalid(LINKED));
    assert_eq!(
        case.refused(|b| b.further[0].proven_link = FieldElement(bank_field(&[1; 32]))),
        invalid(LINKED)
    );
    assert_eq!(case.refused(|b| b.further[0].proof.0[40] ^= 1).1, LINKED);
}

/// The forgery that linking is against: accounts that grow in the one proof, accounts that the authority's invoices fit in the other. Each
/// proof holds by itself; together they are about two first statements.
#[test]
fn both_proofs_are_about_the_same_first_statement() {
    let case = Case::new();
    let other = bundle(&case.bank, &case.customer, &case.request, &statements(110, 100), "AA");
    assert!(case.judge(other.clone()).is_ok(), "it holds by itself");
    assert_ne!(other.statement_links[0], case.bundle.statement_links[0]);
    assert_eq!(other.period_tags, case.bundle.period_tags, "of the same period");
    let mixed = Bundle {
        further: other.further.clone(),
        ..case.bundle.clone()
    };
    assert_eq!(case.judge(mixed).unwrap_err(), invalid(LINKED));
    let mixed = Bundle {
        further: case.bundle.further.clone(),
        ..other
    };
    assert_eq!(case.judge(mixed).unwrap_err(), invalid(LINKED));
}

#[test]
fn both_proofs_answer_the_same_request() {
    let mut case = Case::new();
    let second = case.bank.ask(case.request.policy, &case.customer);
    let later = bundle(&case.bank, &case.customer, &second, &statements(150, 140), "AA");
    assert_eq!(later.statement_links, case.bundle.statement_links, "the same figures");
    let mixed = Bundle {
        further: case.bundle.further.clone(),
        ..later.clone()
    };
    assert_eq!(case.judge(mixed).unwrap_err(), invalid(LINKED));
    assert!(case.judge(later).is_ok());
}

#[test]
fn versions_of_the_third_statement_are_counted() {
    let mut case = Case::new();
    let verdict = case.judge(case.bundle.clone()).unwrap();
    case.bank.registry.record(&case.bank.signer, verdict).unwrap();
    let again = case.bank.ask(case.request.policy, &case.customer);
    let other = bundle(&case.bank, &case.customer, &again, &statements(150, 139), "AA");
    let refused = case.judge(other).unwrap_err();
    assert_eq!(refused, ("too-many-restatements", "statement 3".to_owned()));
    let same = bundle(&case.bank, &case.customer, &again, &statements(150, 140), "AA");
    assert_eq!(case.judge(same).map(|v| v.restated_or_shopped), Ok(0));
}
