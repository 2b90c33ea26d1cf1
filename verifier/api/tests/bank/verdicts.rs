//! Verdicts on real proofs, and every refusal.

use std::num::NonZeroUsize;
use std::sync::OnceLock;

use covenant_api::documents::*;
use covenant_api::sign::{Signed, Signer, Verified};
use covenant_api::types::*;
use covenant_api::verdict::{judge, verify_bundle};
use covenant_gadgets::field::field_from_u64;
use covenant_policy::statement::Statement;
use covenant_proofs::batch::verify_all;
use covenant_proofs::keys::KeyPolicy;
use covenant_proofs::verify::PreparedCache;

use crate::world::*;

/// A bank, its customer, a request, and a bundle that answers it.
struct Case {
    bank: House,
    customer: Enterprise,
    request: Verified<Request>,
    bundle: Bundle,
}

impl Case {
    /// The same for every test; the proof is made once.
    fn new() -> Self {
        static PROOF: OnceLock<Bundle> = OnceLock::new();
        let mut bank = House::new();
        let policy = bank.policy(POLICY);
        let customer = bank.customer(1);
        let request = bank.ask(policy, &customer);
        let bundle = PROOF
            .get_or_init(|| customer.prove(&bank.registry, &request, &statement(150), "A"))
            .clone();
        assert_eq!(bundle.request, request.id(), "every case makes the same documents");
        Self {
            bank,
            customer,
            request,
            bundle,
        }
    }

    fn judge(&self, bundle: Bundle) -> Result<Verdict, &'static str> {
        self.judge_bytes(&self.customer.sign(bundle))
    }

    fn judge_bytes(&self, bytes: &[u8]) -> Result<Verdict, &'static str> {
        verify_bundle(&self.bank.reopened(), bytes, time(NOW), DEVELOPMENT).map_err(|r| r.code())
    }

    fn refused(&self, change: impl FnOnce(&mut Bundle)) -> &'static str {
        let mut bundle = self.bundle.clone();
        change(&mut bundle);
        self.judge(bundle).unwrap_err()
    }

    /// Asks again, proves these figures, and records the verdict.
    fn again(&mut self, policy: Hex32, figures: &Statement) -> Result<Verdict, &'static str> {
        let request = self.bank.ask(policy, &self.customer);
        let bundle = self.customer.prove(&self.bank.registry, &request, figures, "A");
        let verdict = self.judge(bundle)?;
        self.bank
            .registry
            .record(&self.bank.signer, verdict.clone())
            .map_err(|r| r.code())?;
        Ok(verdict)
    }
}

#[test]
fn an_honest_bundle_gets_its_tier_once() {
    let mut case = Case::new();
    let verdict = case.judge(case.bundle.clone()).unwrap();
    assert_eq!(verdict.tier.as_str(), "A");
    assert_eq!(verdict.registry_id, company(1));
    assert_eq!(verdict.ends_to.to_string(), "2026-03-31");
    assert!(verdict.development_key);
    assert_eq!((verdict.restated_or_shopped, verdict.assurance_floors), (0, [2, 0]));
    assert_eq!(verdict.bases, [Some(StatementBasis::Solo), None]);

    let other = Signer::from_seed(&[66; 32]);
    let record = |case: &mut Case, signer: &Signer, v: &Verdict| {
        case.bank
            .registry
            .record(signer, v.clone())
            .map(|_| ())
            .map_err(|r| r.code())
    };
    assert_eq!(record(&mut case, &other, &verdict), Err("wrong-signer"));
    let elsewhere = Verdict {
        request: Hex32([5; 32]),
        ..verdict.clone()
    };
    let signer = Signer::from_seed(&[1; 32]);
    assert_eq!(record(&mut case, &signer, &elsewhere), Err("unknown-request"));
    let mut at_once = case.bank.reopened();
    assert_eq!(record(&mut case, &signer, &verdict), Ok(()));
    assert_eq!(
        at_once.record(&signer, verdict).map(|_| ()).map_err(|r| r.code()),
        Err("request-used")
    );
    assert_eq!(case.judge(case.bundle.clone()).unwrap_err(), "request-used");
}

#[test]
fn a_batch_says_the_same() {
    let case = Case::new();
    let registry = case.bank.reopened();
    let key = registry.verifying_key(&case.bank.key, DEVELOPMENT).unwrap();
    let cache = PreparedCache::new(NonZeroUsize::new(4).unwrap());
    let judged = |bundle: Bundle| {
        let bytes = case.customer.sign(bundle);
        let judged = judge(&registry, &Signed::from_json(&bytes).unwrap(), time(NOW)).map_err(|r| r.code())?;
        let items = judged.items(&key, &cache).map_err(|r| r.code())?;
        verify_all(&items).map(|()| judged.verdict).map_err(|e| e.code())
    };
    assert_eq!(judged(case.bundle.clone()), case.judge(case.bundle.clone()));
    assert_eq!(
        judged(Bundle {
            tier: TierName::parse("B").unwrap(),
            ..case.bundle.clone()
        })
        .unwrap_err(),
        "proof-invalid"
    );
    assert_eq!(cache.len(), 2, "one per tier");
}

#[test]
fn a_bundle_for_something_else_is_refused_by_name() {
    let case = Case::new();
    let nothing = Hex32([5; 32]);
    assert_eq!(case.refused(|b| b.request = nothing), "unknown-request");
    assert_eq!(case.refused(|b| b.policy = nothing), "wrong-policy");
    assert_eq!(
        case.refused(|b| b.tier = TierName::parse("AAA").unwrap()),
        "unknown-tier"
    );
    assert_eq!(case.refused(|b| b.verifying_key = nothing), "wrong-key");
    assert_eq!(
        case.refused(|b| b.nym = FieldElement(field_from_u64(5))),
        "wrong-applicant"
    );

    let bytes = case.customer.sign(case.bundle.clone());
    let late = verify_bundle(&case.bank.reopened(), &bytes, time(NOW).plus_days(15), DEVELOPMENT);
    assert_eq!(late.unwrap_err().code(), "request-expired");
    let strict = KeyPolicy {
        allow_development: false,
    };
    let refusal = verify_bundle(&case.bank.reopened(), &bytes, time(NOW), strict).unwrap_err();
    assert_eq!(refusal.code(), "development-key");
    assert_eq!(case.request.expires, time(NOW).plus_days(14));
}

#[test]
fn only_the_enrolled_key_speaks_for_the_applicant() {
    let case = Case::new();
    let stranger = Signer::from_seed(&[66; 32])
        .sign(case.bundle.clone())
        .unwrap()
        .to_json()
        .unwrap();
    assert_eq!(case.judge_bytes(&stranger).unwrap_err(), "wrong-signer");
    let mut bytes = case.customer.sign(case.bundle.clone());
    let at = String::from_utf8(bytes.clone())
        .unwrap()
        .find("\"signature\": \"")
        .unwrap()
        + 20;
    bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
    assert_eq!(case.judge_bytes(&bytes).unwrap_err(), "wrong-signature");
    assert_eq!(case.judge_bytes(b"{}").unwrap_err(), "malformed-document");
}

#[test]
fn the_proof_holds_for_exactly_these_public_values() {
    let case = Case::new();
    let one = FieldElement(field_from_u64(1));
    assert_eq!(
        case.refused(|b| b.tier = TierName::parse("B").unwrap()),
        "proof-invalid"
    );
    assert_eq!(case.refused(|b| b.period_tags[0] = one), "proof-invalid");
    assert_eq!(case.refused(|b| b.statement_links[0] = one), "proof-invalid");
    assert_eq!(case.refused(|b| b.proven_links[0] = one), "proof-invalid");
    assert_eq!(case.refused(|b| b.period_tags[1] = one), "proof-invalid");
    // Every byte of the proof counts: what is not refused as malformed is refused as not holding.
    for i in (0..128).step_by(7) {
        let code = case.refused(|b| b.proof.0[i] ^= 1);
        let expected = [
            "proof-invalid",
            "point-not-on-curve",
            "point-not-in-subgroup",
            "encoding-not-canonical",
        ];
        assert!(expected.contains(&code), "byte {i}: {code}");
    }
    assert_eq!(case.refused(|b| b.proof.0[..32].fill(0xff)), "encoding-not-canonical");
    let mut infinity = [0; 32];
    infinity[31] = 0x40;
    assert_eq!(
        case.refused(|b| b.proof.0[..32].copy_from_slice(&infinity)),
        "point-at-infinity"
    );
}

#[test]
fn a_proof_answers_one_request() {
    let mut case = Case::new();
    let second = case.bank.ask(case.request.policy, &case.customer);
    assert_ne!(second.id(), case.request.id(), "the nonce makes it another");
    assert_eq!(case.refused(|b| b.request = second.id()), "proof-invalid");
    // Another customer cannot pass the proof on as its own.
    let other = case.bank.customer(2);
    let theirs = case.bank.ask(case.request.policy, &other);
    let stolen = Bundle {
        request: theirs.id(),
        nym: theirs.nym,
        ..case.bundle.clone()
    };
    assert_eq!(case.judge_bytes(&other.sign(stolen)).unwrap_err(), "proof-invalid");
}

#[test]
fn a_struck_attestor_no_longer_counts() {
    let mut case = Case::new();
    let (name, now) = (Name::parse("Cabinet Exact").unwrap(), time(NOW));
    case.bank
        .registry
        .grant(&case.bank.signer, attestor_id(), name.clone(), 2, now)
        .unwrap();
    assert_eq!(case.refused(|_| ()), "attestors-changed");
    case.bank
        .registry
        .grant(&case.bank.signer, attestor_id(), name, GRANT, now)
        .unwrap();
    assert_eq!(case.judge(case.bundle.clone()).unwrap().tier.as_str(), "A");
    case.bank
        .registry
        .revoke(&case.bank.signer, attestor_id(), Text::parse("key lost").unwrap(), now)
        .unwrap();
    assert_eq!(case.refused(|_| ()), "attestors-changed");
}

#[test]
fn figures_from_a_book_proof_need_that_proof() {
    let mut case = Case::new();
    let policy = case.bank.policy(&proven_policy());
    let request = case.bank.ask(policy, &case.customer);
    let bundle = Bundle {
        request: request.id(),
        policy,
        ..case.bundle.clone()
    };
    assert_eq!(case.judge(bundle).unwrap_err(), "linked-proof-missing");
}

#[test]
fn other_figures_for_the_same_period_are_counted_and_limited() {
    let mut case = Case::new();
    let tolerant = case.bank.policy(&tolerant_policy());
    let versions = [150, 160, 170].map(statement);
    let seen = |v: &Result<Verdict, &'static str>| v.as_ref().map(|v| v.restated_or_shopped).map_err(|e| *e);
    assert_eq!(seen(&case.again(tolerant, &versions[0])), Ok(0));
    assert_eq!(
        seen(&case.again(tolerant, &versions[0])),
        Ok(0),
        "the same figures again"
    );
    assert_eq!(seen(&case.again(tolerant, &versions[1])), Ok(1));
    assert_eq!(seen(&case.again(tolerant, &versions[2])), Err("too-many-restatements"));
    // The stricter policy tolerates no other version, whichever policy it was proven under.
    let strict = case.request.policy;
    assert_eq!(seen(&case.again(strict, &versions[0])), Err("too-many-restatements"));
}
