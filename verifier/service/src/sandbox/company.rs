//! The company: its secret, last year's figures, and how it has them attested and proves them. A real one uses `covenant`, which
//! does the same from its books.

use covenant_api::asked::{Answer, Asked};
use covenant_api::attest::{CheckedStatement, check_attestation};
use covenant_api::checked_policy::CheckedPolicy;
use covenant_api::documents::{AttestationRequest, Bundle, Code, Enrolment, Invitation, Request, StatedFigures};
use covenant_api::host;
use covenant_api::sign::{Signer, Verified};
use covenant_api::types::{Base64, FieldElement, IsoDate, TierName, UtcTime};
use covenant_gadgets::eddsa;
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::ENTERPRISE_FINANCIALS as SCHEMA;
use covenant_policy::statement::{Assurance, Basis, Coverage, Currency, Figures, Period, Statement};
use covenant_proofs::keys::ProvingKey;
use covenant_proofs::prove::prove;
use covenant_statements::commitments::{
    StatementOpening, bank_field, eid, entity, figures_root, nym, period_tag, schema_family_field, statement_link,
};
use covenant_statements::compliance::{Attestation, Compliance, StatementWitness, Witness};
use rand::{CryptoRng, RngCore};

use super::bank::GRANT;
use super::{EXPIRED_DAYS_AGO, days_before, malformed, of_proofs};

/// Amounts in cents. The current ratio is 1.32 and equity 45 % of total assets.
const FIGURES: [(&str, i64); 8] = [
    ("current_assets", 132_000_000),
    ("non_current_assets", 88_000_000),
    ("total_assets", 220_000_000),
    ("current_liabilities", 100_000_000),
    ("non_current_liabilities", 20_000_000),
    ("total_liabilities", 120_000_000),
    ("equity", 100_000_000),
    ("rounding_difference", 0),
];

/// A company that a bank invited.
pub(super) struct Company {
    pub(super) invitation: Verified<Invitation>,
    secret: FieldElement,
    salt: FieldElement,
    signer: Signer,
    statement: Statement,
}

impl Company {
    pub(super) fn new<R: RngCore + CryptoRng>(invitation: Verified<Invitation>, rng: &mut R) -> Result<Self, Refusal> {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Ok(Self {
            secret: FieldElement::random(rng),
            salt: FieldElement::random(rng),
            signer: Signer::from_seed(&seed),
            statement: statement(host::now()?)?,
            invitation,
        })
    }

    /// Redeems the invitation.
    pub(super) fn enrolment(&self, code: &Code) -> Result<Enrolment, Refusal> {
        let pseudonym = FieldElement(nym(self.secret.0, bank_field(&self.invitation.bank.0)));
        Enrolment::redeem(self.invitation.id(), pseudonym, self.signer.public(), code)
    }

    /// Has its figures attested, and proves that they reach a tier.
    pub(super) fn prove(
        &self,
        key: &ProvingKey,
        policy: &CheckedPolicy,
        request: &Verified<Request>,
        attestor: &eddsa::SecretKey,
        tier: &str,
    ) -> Result<Verified<Bundle>, Refusal> {
        let asked = Asked::new(policy, &self.invitation, request, self.signer.public())?;
        let answer = self.answer(&asked, tier)?;
        let public = asked.public(&answer)?;
        let witness = self.witness(attestor)?;
        let proof = prove::<Compliance>(key, &public, &witness, &mut host::rng()?)
            .map_err(|error| of_proofs(error.code(), error.to_string()))?;
        self.sign(Bundle {
            request: request.id(),
            policy: request.policy,
            verifying_key: request.verifying_key,
            tier: answer.tier,
            nym: request.nym,
            period_tags: answer.period_tags,
            statement_links: answer.statement_links,
            proven_links: answer.proven_links,
            further: Vec::new(),
            proof: Base64(proof.to_bytes()),
        })
    }

    /// Signs a bundle with its key towards this bank.
    pub(super) fn sign(&self, bundle: Bundle) -> Result<Verified<Bundle>, Refusal> {
        self.signer.sign(bundle)
    }

    fn answer(&self, asked: &Asked<'_>, tier: &str) -> Result<Answer, Refusal> {
        let (zero, period, scope) = (FieldElement::default(), self.statement.period, asked.scope());
        let tag = period_tag(self.secret.0, scope, schema_family_field(&SCHEMA), period);
        let link = statement_link(self.secret.0, scope, figures_root(&self.statement.figures), period);
        Ok(Answer {
            tier: TierName::parse(tier).map_err(malformed)?,
            period_tags: [FieldElement(tag), zero],
            statement_links: [FieldElement(link), zero],
            proven_links: [zero; 2],
            further: Vec::new(),
        })
    }

    fn witness(&self, attestor: &eddsa::SecretKey) -> Result<Witness, Refusal> {
        let entity = entity(self.invitation.registry_id.as_str())?;
        let opening = StatementOpening {
            statement: Statement {
                assurance: Assurance::SELF_DECLARED,
                ..self.statement.clone()
            },
            eid: eid(self.secret.0),
            entity,
            salt: self.salt.0,
        };
        let request = AttestationRequest {
            registry_id: self.invitation.registry_id.clone(),
            eid: FieldElement(opening.eid),
            statement: StatedFigures::from_statement(&self.statement)?,
            salt: self.salt,
            statement_hash: FieldElement(opening.hash(&SCHEMA)),
            review_sheet: None,
        };
        let attestation = CheckedStatement::new(&request)?.attest(attestor, self.statement.assurance);
        let (key, signature) = check_attestation(&attestation)?;
        let first = StatementWitness {
            statement: self.statement.clone(),
            salt: self.salt.0,
            attestation: Some(Attestation {
                key,
                grant: GRANT,
                signature,
            }),
            link_blinding: FieldElement::default().0,
        };
        Ok(Witness {
            sk: self.secret.0,
            entity,
            subject_blinding: self.invitation.blinding.0,
            statements: [Some(first), None],
        })
    }
}

/// The figures of the last calendar year that was over when the oldest request was signed, so that one period answers all of them.
fn statement(now: UtcTime) -> Result<Statement, Refusal> {
    let oldest = days_before(now, EXPIRED_DAYS_AGO)?.day().to_string();
    let year: Option<u32> = oldest.get(..4).and_then(|year| year.parse().ok());
    let year = year.map_or(0, |year| year.saturating_sub(1));
    let day = |text: String| IsoDate::parse(&text).map(IsoDate::day).map_err(malformed);
    let mut statement = Statement {
        schema: SCHEMA.name,
        period: Period::new(day(format!("{year:04}-01-01"))?, day(format!("{year:04}-12-31"))?)?,
        basis: Basis::Solo,
        currency: Currency::from_code("EUR")?,
        restatement: 0,
        assurance: Assurance::REVIEWED,
        coverage: Coverage(0),
        figures: Figures([0; 32]),
    };
    for (name, amount) in FIGURES {
        let place = SCHEMA.index_of(name);
        let place = place.ok_or_else(|| malformed(format!("no figure {name}")))?;
        if let Some(figure) = statement.figures.0.get_mut(place) {
            *figure = amount;
        }
        statement.coverage.0 |= 1 << place;
    }
    Ok(statement)
}
