//! The memo of a story that was signed here, against a golden page.

use covenant_api::documents::AttestorGrant;
use covenant_api::sign::Signer;
use covenant_api::types::{FieldElement, IsoDate, LogOrigin, Name, RegistryId, Text, TierName};

use super::*;

fn text(text: &str) -> Text {
    Text::parse(text).unwrap()
}

fn time(text: &str) -> UtcTime {
    UtcTime::parse(text).unwrap()
}

/// Everything that a memo shows, signed with fixed keys.
struct Story {
    bank: Bank,
    invitation: Verified<Invitation>,
    policy: CheckedPolicy,
    request: Verified<Request>,
    verdict: Verified<Verdict>,
    decision: Verified<Decision>,
}

impl Story {
    fn new(outcome: Outcome, development_key: bool) -> Self {
        let (signer, operator) = (Signer::from_seed(&[1; 32]), Signer::from_seed(&[2; 32]));
        let issued = time("2026-03-31T10:00:00Z");
        let bank = Bank {
            name: Name::parse("Banque <Exemple> & Fils").unwrap(),
            key: signer.public(),
            issued,
        };
        let source = include_str!("../../../../policies/supplier-screen.toml");
        let policy = CheckedPolicy::sign(source, &signer).unwrap();
        let registry_id = RegistryId::parse("FR-SIREN:000343878").unwrap();
        let invitation = Invitation {
            bank_name: bank.name.clone(),
            bank: bank.key,
            registry_id: registry_id.clone(),
            blinding: FieldElement::default(),
            issued,
            expires: issued.plus_days(30),
        };
        let attestors = vec![AcceptedAttestor {
            attestor: Hex32([3; 32]),
            assurance_max: 3,
        }];
        let invitation = signer.sign(invitation).unwrap();
        let request = Request {
            policy: policy.id(),
            invitation: invitation.id(),
            nym: FieldElement::default(),
            statement: text("covenant/compliance/v1"),
            verifying_key: Hex32([4; 32]),
            attestors: attestors.clone(),
            log_origin: LogOrigin::parse("example.com/covenant").unwrap(),
            as_of: IsoDate::parse("2026-03-31").unwrap(),
            nonce: Hex32([5; 32]),
            issued,
            expires: issued.plus_days(14),
        };
        let request = signer.sign(request).unwrap();
        let verdict = Verdict {
            request: request.id(),
            policy: policy.id(),
            verifying_key: Hex32([4; 32]),
            development_key,
            tier: TierName::parse("A").unwrap(),
            nym: FieldElement::default(),
            registry_id,
            ends_from: IsoDate::parse("2025-07-04").unwrap(),
            ends_to: IsoDate::parse("2026-03-31").unwrap(),
            bases: [Some(StatementBasis::Solo), None],
            assurance_floors: [1, 0],
            attestors,
            as_of: request.as_of,
            decided: time("2026-04-02T08:30:00Z"),
            period_tags: [FieldElement::default(); 2],
            statement_links: [FieldElement::default(); 2],
            restated_or_shopped: 0,
            further: Vec::new(),
            bundle: Hex32([6; 32]),
        };
        let verdict = operator.sign(verdict).unwrap();
        let decision = Decision {
            request: request.id(),
            verdict: verdict.id(),
            outcome,
            officer: Name::parse("C. Officer").unwrap(),
            terms: (outcome == Outcome::Approved)
                .then(|| text("Up to EUR 150,000 against confirmed invoices, 60 days")),
            reason: text("Tier A of the supplier screen; first business with this company"),
            decided: time("2026-04-02T09:10:00Z"),
        };
        let decision = signer.sign(decision).unwrap();
        Self {
            bank,
            invitation,
            policy,
            request,
            verdict,
            decision,
        }
    }

    fn memo(&self, answered: bool) -> String {
        let grant = Signer::from_seed(&[1; 32])
            .sign(AttestorGrant {
                attestor: Hex32([3; 32]),
                name: Name::parse("Cabinet Exemple").unwrap(),
                assurance_max: 3,
                issued: time("2026-03-31T10:00:00Z"),
            })
            .unwrap();
        let memo = Memo {
            bank: &self.bank,
            invitation: &self.invitation,
            policy: &self.policy,
            request: Entered {
                index: 8,
                document: &self.request,
            },
            attestors: vec![Attestor {
                name: grant.name.to_string(),
                accepted: self.request.attestors[0].clone(),
            }],
            verdict: answered.then_some(Entered {
                index: 9,
                document: &self.verdict,
            }),
            decision: answered.then_some(Entered {
                index: 10,
                document: &self.decision,
            }),
            standing: answered.then(|| Standing {
                log_key: "example.com/covenant+12345678+AUJhbmtzIGRvIG5vdCBrZWVwIHNlY3JldHMgaGVyZSE=",
                size: 11,
                root: "WTZbbB2RCRRTEDYOY8kp2wyJmOYJPCxjEWcMkUoxZkE=".into(),
                leaf: "kP1bbB2RCRRTEDYOY8kp2wyJmOYJPCxjEWcMkUoxZkE=".into(),
            }),
            printed: time("2026-04-02T09:11:00Z"),
        };
        memo.page().unwrap().into_string()
    }
}

#[test]
fn golden_memo() {
    let page = Story::new(Outcome::Approved, false).memo(true);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/memo.html");
    if std::env::var("COVENANT_GOLDEN").is_ok_and(|v| v == "write") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert!(page == golden, "the memo changed: look at it, then `make golden`");
}

#[test]
fn what_comes_from_outside_is_escaped() {
    let page = Story::new(Outcome::Refused, false).memo(true);
    assert!(page.contains("Banque &lt;Exemple&gt; &amp; Fils"), "{page}");
    assert!(!page.contains("<Exemple>"));
}

#[test]
fn the_page_says_what_was_decided_and_what_was_not() {
    let refused = Story::new(Outcome::Refused, true).memo(true);
    assert!(refused.contains("<strong>Refused</strong>"));
    assert!(refused.contains("Proven under a development key"));
    let unanswered = Story::new(Outcome::Refused, false).memo(false);
    assert!(unanswered.contains("<strong>No proof yet</strong>"));
    assert!(unanswered.contains("There is no verdict to recheck."));
    assert!(!unanswered.contains("development key"));
}
