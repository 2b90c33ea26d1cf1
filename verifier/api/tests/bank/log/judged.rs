//! Verdicts: what the operator signs is what the bundle, judged again on the log, leads to.

use covenant_api::documents::*;
use covenant_api::log::{Filed, Record};
use covenant_api::sign::Signed;
use covenant_api::types::*;
use covenant_gadgets::field::field_from_u64;

use super::story::*;
use crate::world::*;

fn honest() -> (Signed<Bundle>, Verdict) {
    match story().honest(VERDICT) {
        Record::Verdict { bundle, verdict } => (bundle.clone(), verdict.unverified().clone()),
        other => panic!("{}", other.kind()),
    }
}

fn signed(bundle: Signed<Bundle>, verdict: Verdict) -> Record {
    let verdict = operator().sign(verdict).unwrap().to_signed();
    Record::Verdict { bundle, verdict }
}

fn later(seconds: u64) -> UtcTime {
    UtcTime::from_unix_seconds(time(NOW).unix_seconds() + seconds).unwrap()
}

/// What is done to a verdict before the operator signs it.
type Change<'a> = &'a dyn Fn(&mut Verdict);

#[test]
fn no_field_of_a_verdict_is_the_operators_to_choose() {
    let log = story().before(VERDICT);
    let changed = |change: Change<'_>| {
        let (bundle, mut verdict) = honest();
        change(&mut verdict);
        log.refused(&signed(bundle, verdict))
    };
    let element = FieldElement(field_from_u64(6));
    let changes: [(&str, Change<'_>); 18] = [
        ("request", &|v| v.request = Hex32([5; 32])),
        ("policy", &|v| v.policy = Hex32([5; 32])),
        ("verifying_key", &|v| v.verifying_key = Hex32([5; 32])),
        ("development_key", &|v| v.development_key = false),
        ("tier", &|v| v.tier = TierName::parse("B").unwrap()),
        ("nym", &|v| v.nym = element),
        ("registry_id", &|v| v.registry_id = company(2)),
        ("ends_from", &|v| v.ends_from = IsoDate::parse("2025-01-01").unwrap()),
        ("ends_to", &|v| v.ends_to = IsoDate::parse("2026-03-30").unwrap()),
        ("bases", &|v| v.bases[0] = Some(StatementBasis::Consolidated)),
        ("assurance_floors", &|v| v.assurance_floors[0] = 3),
        ("attestors", &|v| v.attestors[0].assurance_max = 4),
        ("attestors", &|v| v.attestors.clear()),
        ("as_of", &|v| v.as_of = IsoDate::parse("2026-03-30").unwrap()),
        ("period_tags", &|v| v.period_tags[0] = element),
        ("statement_links", &|v| v.statement_links[0] = element),
        ("restated_or_shopped", &|v| v.restated_or_shopped = 1),
        ("bundle", &|v| v.bundle = Hex32([5; 32])),
    ];
    for (field, change) in changes {
        assert_eq!(changed(change), "verdict-mismatch", "{field}");
    }
    let (bundle, verdict) = honest();
    let fields = serde_json::to_value(&verdict).unwrap().as_object().unwrap().len();
    assert_eq!(fields, 18, "decided is tried below; attestors are tried twice");
    assert!(log.admits(&signed(bundle, verdict)));
}

#[test]
fn a_verdict_is_of_the_instant_at_which_it_is_written_down() {
    let log = story().before(VERDICT);
    let (bundle, verdict) = honest();
    let at = |seconds| {
        let record = signed(
            bundle.clone(),
            Verdict {
                decided: later(seconds),
                ..verdict.clone()
            },
        );
        log.plan_at(&record, time(NOW)).map(|_| ()).map_err(|r| r.code())
    };
    assert_eq!(at(901), Err("wrong-time"));
    assert_eq!(at(900), Ok(()));
    let honest = story().honest(VERDICT);
    let code = |when| log.plan_at(honest, when).map(|_| ()).map_err(|r| r.code());
    assert_eq!(code(later(901)), Err("wrong-time"), "written down too late");
    assert_eq!(code(later(900)), Ok(()));
    let expired = story().request.expires.plus_days(1);
    let late = signed(
        bundle.clone(),
        Verdict {
            decided: expired,
            ..verdict.clone()
        },
    );
    let refused = log.plan_at(&late, expired).map(|_| ()).map_err(|r| r.code());
    assert_eq!(refused, Err("request-expired"));
}

#[test]
fn operator_and_applicant_sign_each_their_own() {
    let log = story().before(VERDICT);
    let (bundle, verdict) = honest();
    let by_bank = Record::Verdict {
        bundle: bundle.clone(),
        verdict: story_bank().sign(verdict.clone()).unwrap().to_signed(),
    };
    assert_eq!(log.refused(&by_bank), "wrong-signer");
    let stolen = covenant_api::sign::Signer::from_seed(&[66; 32]);
    let stolen = stolen.sign(bundle.unverified().clone()).unwrap().to_signed();
    assert_eq!(log.refused(&signed(stolen, verdict.clone())), "wrong-signer");
    let applicant = &story().enterprise.signer;
    let mut proof = bundle.unverified().clone();
    proof.proof = Base64([0xff; 128]);
    let proof = applicant.sign(proof).unwrap();
    assert_eq!(
        log.refused(&signed(proof.to_signed(), verdict.clone())),
        "verdict-mismatch"
    );
    let of_nonsense = Verdict {
        bundle: proof.id(),
        ..verdict.clone()
    };
    let mut lifted = bundle.unverified().clone();
    lifted.tier = TierName::parse("B").unwrap();
    let lifted = applicant.sign(lifted).unwrap();
    let id = lifted.id();
    let lowered = Verdict {
        tier: TierName::parse("B").unwrap(),
        bundle: id,
        ..verdict
    };
    // The rules leave proofs to the batch, which refuses both: the one is none, the other is of tier A.
    let of_proof = |record: &Record| {
        let judged = log.plan_at(record, time(NOW)).unwrap().judged.unwrap();
        let view = log.view();
        let key = view
            .verifying_key(&story_bank().public(), &judged.verdict.verifying_key)
            .unwrap();
        judged.verify(&key).unwrap_err().code()
    };
    assert_eq!(
        of_proof(&signed(proof.to_signed(), of_nonsense)),
        "encoding-not-canonical"
    );
    assert_eq!(of_proof(&signed(lifted.to_signed(), lowered)), "proof-invalid");
}

#[test]
fn a_request_is_answered_once() {
    let (bundle, verdict) = honest();
    let again = signed(
        bundle.clone(),
        Verdict {
            decided: later(1),
            ..verdict.clone()
        },
    );
    assert_eq!(story().before(DECISION).refused(&again), "request-used");
    let mut log = story().before(VERDICT);
    assert_eq!(
        log.meet(story().honest(VERDICT), &again),
        "already-recorded",
        "of two that meet, one is recorded"
    );
    let early = story().before(REQUEST);
    assert_eq!(early.refused(story().honest(VERDICT)), "unknown-request");
}

#[test]
fn an_attestor_that_was_struck_since_the_request_counts_no_longer() {
    let story = story();
    let mut log = story.before(VERDICT);
    let grant = filed::<AttestorGrant>(story.honest(GRANT_ENTRY));
    let next = filed::<Request>(story.honest(REQUEST)).filing.unverified().number + 1;
    let changed = forge(&story_bank(), &grant, |d| d.assurance_max = 2, |f| f.number = next);
    let mut lowered = story.before(VERDICT);
    lowered.add(&Record::AttestorGrant(changed));
    assert_eq!(
        lowered.refused(story.honest(VERDICT)),
        "attestors-changed",
        "the grant was changed"
    );
    let revocation = AttestorRevocation {
        attestor: attestor_id(),
        reason: text("key lost"),
        revoked: time(NOW),
    };
    let revocation = story_bank().sign(revocation).unwrap();
    let filing = Filing {
        document: revocation.id(),
        number: next,
        ..grant.filing.unverified().clone()
    };
    log.add(&Record::AttestorRevocation(Filed {
        filing: story_bank().sign(filing).unwrap().to_signed(),
        document: revocation.to_signed(),
    }));
    assert_eq!(log.refused(story.honest(VERDICT)), "attestors-changed");
}
