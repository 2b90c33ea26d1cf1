//! A policy over three statements through everything: books of two years and a series of months are imported and attested, two linked
//! proofs answer the request, the service records one verdict on both, the bank decides, and the auditor rechecks each of them.

use covenant_api::documents::StatementBasis;
use covenant_tests::company::sample_policy;
use covenant_tests::offices;
use covenant_tests::service::Service;

/// The log's name.
const ORIGIN: &str = "linked.example/log";

#[test]
fn three_statements_go_from_the_books_to_the_auditor_as_two_linked_proofs() {
    let service = Service::started(ORIGIN);
    let attestor = offices::prepare(&service, &["bank"]);
    for (year, more) in [("2024", &[][..]), ("2025", &[]), ("2025", &["--series"])] {
        let statement = offices::import(&service, year, more);
        // What a tax authority vouches for: the policy asks for no less of the series.
        offices::attest(&service, &statement, "4");
    }
    let policy = sample_policy("three-statements");
    let token = offices::open(&service, "bank", (&attestor, "4"), &policy);
    let proven = offices::apply(&service, "bank", &token, (ORIGIN, "A. Aubert"));

    // The same sample is sold in both years, so revenue holds and does not grow.
    assert_eq!(proven.tier.as_str(), "A");
    let verdict = proven.verdict.unverified();
    assert_eq!(verdict.bases, [Some(StatementBasis::Solo); 2]);
    assert_eq!(verdict.further.len(), 1, "the third statement");
    let versions = verdict.versions();
    let tags: std::collections::BTreeSet<String> = versions.iter().map(|(tag, _, _)| tag.to_string()).collect();
    assert_eq!(
        (versions.len(), tags.len()),
        (3, 3),
        "each statement has a tag of its own"
    );

    let memo = service.client(Some(&token)).memo(&verdict.request).expect("a memo");
    assert!(memo.contains("Growth that the tax authority confirms"), "{memo}");

    let export = service.export(Some(service.auditor()), "log.export");
    let key = offices::key_id(&offices::verifying_key(&service.world().join("keys")));
    let key = covenant_api::types::Hex32::parse(&key).expect("an id");
    let bank = service.events(&token)[0].record.clone();
    let covenant_api::log::Record::Participant(filed) = bank else {
        panic!("a bank's first act is to take part: {bank:?}");
    };
    let trust = service.trust_file(&[key], &[filed.document.claimed_signer()]);
    let report = service.audit(&export, Some(&trust), 0);
    assert_eq!(report["result"], "sound");
    assert_eq!(report["proofs"], 2, "both proofs were checked again");
}
