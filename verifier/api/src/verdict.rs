//! How a bank judges a bundle.
//!
//! Everything that the proof is checked against comes from the judge's own records ([`Facts`]): policy, attestors, key, window,
//! subject. The bundle only names them, and what it names is compared. The checks run in this order, cheapest first, and the
//! first one that fails is the refusal:
//!
//! decode · request known · not expired · not used · policy, tier, key, applicant · signature · attestors still standing ·
//! linked proofs · key pinned · public values · restatements · proof: its encoding, and that it holds
//!
//! The proof comes last and by itself, so that who judges many can decode their proofs side by side and check them in one equation.

use std::collections::BTreeSet;
use std::sync::Arc;

use covenant_gadgets::circuit::Field;
use covenant_policy::program::{STATEMENTS, Source, StatementTerms};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Basis;
use covenant_proofs::batch;
use covenant_proofs::decode::Proof;
use covenant_proofs::keys::{KeyPolicy, VerifyingKey};
use covenant_proofs::statement::Statement as _;
use covenant_proofs::verify::{PreparedCache, PreparedKey, verify};
use covenant_statements::compliance::{Compliance, Public};

use crate::asked::{Answer, Asked, FurtherAnswer};
use crate::checked_policy::CheckedPolicy;
use crate::documents::{
    AcceptedAttestor, Bundle, Enrolled, FurtherStatement, Invitation, LinkedProof, PinnedKey, Request, StatementBasis,
    Verdict,
};
use crate::refusals::{
    ATTESTORS_CHANGED, LINKED_PROOF_MISSING, MALFORMED_DOCUMENT, REQUEST_EXPIRED, REQUEST_USED, TOO_MANY_RESTATEMENTS,
    WRONG_APPLICANT, WRONG_KEY, WRONG_POLICY, of_decode, of_verify,
};
use crate::registry::Registry;
use crate::sign::{Signed, Verified};
use crate::types::{FieldElement, Hex32, IsoDate, UtcTime};

/// A request with everything that it refers to, as the judge's own records have it.
pub struct Case {
    /// The policy.
    pub policy: Arc<CheckedPolicy>,
    /// The invitation.
    pub invitation: Arc<Verified<Invitation>>,
    /// The request.
    pub request: Arc<Verified<Request>>,
    /// The applicant.
    pub applicant: Arc<Verified<Enrolled>>,
}

impl Case {
    /// What is asked.
    ///
    /// # Errors
    /// As [`Asked::new`].
    pub fn asked(&self) -> Result<Asked<'_>, Refusal> {
        Asked::new(&self.policy, &self.invitation, &self.request, self.applicant.key)
    }
}

/// What a verdict rests on: a bank's registry of files, or a log up to some entry. Never the bundle.
pub trait Facts {
    /// The request of this id.
    ///
    /// # Errors
    /// `unknown-request`, `unknown-policy`, `unknown-invitation`, `not-enrolled`.
    fn case(&self, request: &Hex32) -> Result<Case, Refusal>;
    /// The greatest assurance that a bank's standing grant allows this attestor.
    ///
    /// # Errors
    /// `attestor-revoked`, `unknown-attestor`.
    fn granted(&self, bank: &Hex32, attestor: &Hex32) -> Result<u8, Refusal>;
    /// The record of a verifying key that a bank pinned, and under which a request that was made in time can be answered.
    ///
    /// # Errors
    /// `unknown-verifying-key`, `key-retired`, `unlisted-key`.
    fn pinned_key(&self, bank: &Hex32, id: &Hex32) -> Result<Arc<Verified<PinnedKey>>, Refusal>;
    /// When this request was answered, if it was.
    ///
    /// # Errors
    /// None but faults of the store.
    fn answered(&self, request: &Hex32) -> Result<Option<UtcTime>, Refusal>;
    /// The versions that were accepted under one period tag: link and basis of each.
    ///
    /// # Errors
    /// None but faults of the store.
    fn versions(&self, tag: &FieldElement) -> Result<Vec<(FieldElement, StatementBasis)>, Refusal>;
}

/// A bundle of which everything holds but its proofs, which are decoded and checked last, alone or with others.
pub struct Judged {
    /// The verdict, if the proof holds.
    pub verdict: Verdict,
    /// The proofs that must hold, all of them; the first one first.
    pub proofs: Vec<JudgedProof>,
}

/// A proof that is still to be decoded and checked.
#[derive(Debug, Clone)]
pub struct JudgedProof {
    /// All public values, from the judge's own records and the bundle's tags.
    pub public: Public,
    /// The proof as it came.
    pub proof: [u8; Proof::LENGTH],
}

impl JudgedProof {
    /// Whether the other is the same proof of the same inputs.
    pub fn is(&self, other: &Self) -> bool {
        let same_policy = self.public.policy.digest() == other.public.policy.digest();
        same_policy && self.public.proof == other.public.proof && self.proof == other.proof
    }
}

/// A proof with the key of its policy, and the inputs that this leaves open: whatever decoding and checking need.
#[derive(Clone)]
pub struct Unchecked {
    prepared: Arc<PreparedKey>,
    rest: Vec<Field>,
    proof: [u8; Proof::LENGTH],
}

/// Decodes many proofs side by side; what stands at each place is ready to be checked with others.
///
/// # Errors
/// Each by itself: those of a malformed proof.
pub fn decode(proofs: &[Unchecked]) -> Vec<Result<batch::Item, Refusal>> {
    let encoded: Vec<&[u8]> = proofs.iter().map(|unchecked| unchecked.proof.as_slice()).collect();
    let decoded = Proof::many_from_bytes(&encoded).into_iter();
    let item = |(decoded, unchecked): (Result<Proof, _>, &Unchecked)| {
        let proof = decoded.map_err(|e| of_decode(&e))?;
        let (prepared, rest) = (Arc::clone(&unchecked.prepared), unchecked.rest.clone());
        batch::Item::new(prepared, rest, proof).map_err(|e| of_verify(&e))
    };
    decoded.zip(proofs).map(item).collect()
}

/// Where in a bundle its proof of this number stands.
pub fn place_of_proof(number: usize) -> String {
    match number.checked_sub(1) {
        None => "bundle: proof".to_owned(),
        Some(k) => format!("bundle: further.{k}.proof"),
    }
}

impl Judged {
    /// Checks every proof, and gives the verdict.
    ///
    /// # Errors
    /// Those of a malformed proof; `proof-invalid`.
    pub fn verify(self, key: &VerifyingKey) -> Result<Verdict, Refusal> {
        for (k, judged) in self.proofs.iter().enumerate() {
            let proof = Proof::from_bytes(&judged.proof).map_err(|e| of_decode(&e).at(place_of_proof(k)))?;
            verify::<Compliance>(key, &Compliance::inputs(&judged.public), &proof)
                .map_err(|e| of_verify(&e).at(place_of_proof(k)))?;
        }
        Ok(self.verdict)
    }

    /// The proofs as items of a batch, each one's policy folded into the key. The verdict stands where all of them hold.
    ///
    /// # Errors
    /// What preparing a key refuses; those of a malformed proof.
    pub fn items(&self, key: &VerifyingKey, cache: &PreparedCache) -> Result<Vec<batch::Item>, Refusal> {
        let decoded = decode(&self.unchecked(key, cache)?).into_iter().enumerate();
        decoded
            .map(|(k, item)| item.map_err(|e| e.at(place_of_proof(k))))
            .collect()
    }

    /// The proofs as they came, each with its policy folded into the key. The verdict stands where all of them hold.
    ///
    /// # Errors
    /// What preparing a key refuses.
    pub fn unchecked(&self, key: &VerifyingKey, cache: &PreparedCache) -> Result<Vec<Unchecked>, Refusal> {
        let unchecked = |judged: &JudgedProof| {
            let policy = &judged.public.policy;
            let prepared = cache.get_by_digest::<Compliance>(key, policy.digest(), || policy.inputs());
            Ok(Unchecked {
                prepared: prepared.map_err(|e| of_verify(&e))?,
                rest: judged.public.proof.inputs(),
                proof: judged.proof,
            })
        };
        self.proofs.iter().map(unchecked).collect()
    }
}

impl Bundle {
    /// The public values that the bundle brings.
    pub fn answer(&self) -> Answer {
        Answer {
            tier: self.tier.clone(),
            period_tags: self.period_tags,
            statement_links: self.statement_links,
            proven_links: self.proven_links,
            further: self.further.iter().map(LinkedProof::answer).collect(),
        }
    }
}

impl LinkedProof {
    /// The public values that the linked proof brings.
    pub fn answer(&self) -> FurtherAnswer {
        FurtherAnswer {
            period_tag: self.period_tag,
            statement_link: self.statement_link,
            proven_link: self.proven_link,
        }
    }
}

/// Judges a bundle on a bank's registry of files. Nothing is written: [`Registry::record`] does that, and decides between two at
/// once.
///
/// # Errors
/// As [`judge`]; `unknown-verifying-key`, `development-key`, `proof-invalid`.
pub fn verify_bundle(registry: &Registry, bundle: &[u8], now: UtcTime, keys: KeyPolicy) -> Result<Verdict, Refusal> {
    let judged = judge(registry, &Signed::from_json(bundle)?, now)?;
    let key = registry.verifying_key(&judged.verdict.verifying_key, keys)?;
    judged.verify(&key)
}

/// Judges all of a bundle but its proofs.
///
/// # Errors
/// Whatever is wrong with the document; `unknown-request`, `request-expired`, `request-used`, `wrong-policy`, `unknown-tier`,
/// `wrong-key`, `wrong-applicant`, `wrong-signer`, `wrong-signature`, `attestors-changed`, `linked-proof-missing`,
/// `linked-proof-unexpected`,
/// `unknown-verifying-key`, `too-many-restatements`.
pub fn judge(facts: &impl Facts, signed: &Signed<Bundle>, now: UtcTime) -> Result<Judged, Refusal> {
    let bundle = signed.unverified();
    let case = facts.case(&bundle.request)?;
    let (asked, bank) = (case.asked()?, case.invitation.bank);
    let request = asked.request();
    open_request(facts, &asked, now)?;
    matches_request(bundle, &asked)?;
    let bundle = signed.clone().verify(&case.applicant.key)?;
    attestors_stand(facts, &bank, &request.attestors)?;
    linked_proofs(&asked)?;
    let pinned = facts.pinned_key(&bank, &bundle.verifying_key)?;
    let encoded = std::iter::once(&bundle.proof).chain(bundle.further.iter().map(|linked| &linked.proof));
    // As many as there are proofs: others are refused here.
    let publics = asked.publics(&bundle.answer())?;
    let shown = shown(&asked, &bundle);
    let restated_or_shopped = restatements(facts, &shown)?;
    let further = shown.iter().skip(STATEMENTS).filter_map(Shown::further);
    let (from, to) = asked.window();
    let verdict = Verdict {
        request: request.id(),
        policy: bundle.policy,
        verifying_key: bundle.verifying_key,
        development_key: pinned.development,
        tier: bundle.tier.clone(),
        nym: bundle.nym,
        registry_id: asked.invitation().registry_id.clone(),
        ends_from: date(from.0)?,
        ends_to: date(to.0)?,
        bases: std::array::from_fn(|k| shown[k].basis),
        assurance_floors: std::array::from_fn(|k| asked.policy().program().statements[k].assurance_floor),
        attestors: request.attestors.clone(),
        as_of: request.as_of,
        decided: now,
        period_tags: bundle.period_tags,
        statement_links: bundle.statement_links,
        restated_or_shopped,
        bundle: bundle.id(),
        further: further.collect(),
    };
    Ok(Judged {
        verdict,
        proofs: publics
            .into_iter()
            .zip(encoded)
            .map(|(public, proof)| JudgedProof { public, proof: proof.0 })
            .collect(),
    })
}

/// The request can still be answered.
fn open_request(facts: &impl Facts, asked: &Asked<'_>, now: UtcTime) -> Result<(), Refusal> {
    let request = asked.request();
    if now > request.expires {
        return Err(Refusal::new(&REQUEST_EXPIRED, format!("it is {now}"))
            .at("request: expires")
            .expected(format!("no later than {}", request.expires)));
    }
    match facts.answered(&request.id())? {
        Some(decided) => Err(Refusal::new(&REQUEST_USED, format!("it was answered on {decided}"))
            .at("bundle: request")
            .expected("a request without a verdict")),
        None => Ok(()),
    }
}

/// What the bundle names is what was asked for.
fn matches_request(bundle: &Bundle, asked: &Asked<'_>) -> Result<(), Refusal> {
    let request = asked.request();
    if bundle.policy != request.policy {
        return Err(wrong("policy", &WRONG_POLICY, &bundle.policy, &request.policy));
    }
    asked.policy_inputs(&bundle.tier)?;
    if bundle.verifying_key != request.verifying_key {
        return Err(wrong(
            "verifying_key",
            &WRONG_KEY,
            &bundle.verifying_key,
            &request.verifying_key,
        ));
    }
    if bundle.nym != request.nym {
        return Err(wrong("nym", &WRONG_APPLICANT, &bundle.nym, &request.nym));
    }
    Ok(())
}

fn wrong(
    field: &str,
    entry: &'static covenant_policy::refusal::Entry,
    found: &dyn std::fmt::Display,
    expected: &dyn std::fmt::Display,
) -> Refusal {
    Refusal::new(entry, found.to_string())
        .at(format!("bundle: {field}"))
        .expected(expected.to_string())
}

/// Every attestor that the request counts on has the same standing grant still.
fn attestors_stand(facts: &impl Facts, bank: &Hex32, attestors: &[AcceptedAttestor]) -> Result<(), Refusal> {
    for accepted in attestors {
        let what = match facts.granted(bank, &accepted.attestor) {
            Ok(granted) if granted == accepted.assurance_max => continue,
            Ok(granted) => format!("{} is granted {granted} now", accepted.attestor),
            Err(refusal) => refusal.what,
        };
        return Err(Refusal::new(&ATTESTORS_CHANGED, what)
            .at("request: attestors")
            .expected(format!("a standing grant of {}", accepted.assurance_max)));
    }
    Ok(())
}

/// Figures from a book proof count only beside that proof; version 1 of the bundle holds none.
fn linked_proofs(asked: &Asked<'_>) -> Result<(), Refusal> {
    let mut terms = asked.policy().programs().flat_map(|program| &program.statements);
    if terms.any(|terms| terms.source == Source::Proven) {
        return Err(
            Refusal::new(&LINKED_PROOF_MISSING, "figures are asked for that no book proof gives")
                .at("bundle")
                .expected("a verified book proof, under a key that the policy lists"),
        );
    }
    Ok(())
}

/// A statement that a bundle's proofs are about: what the policy says of it, and what the bundle brings.
struct Shown<'a> {
    terms: &'a StatementTerms,
    basis: Option<StatementBasis>,
    tag: FieldElement,
    link: FieldElement,
}

impl<'a> Shown<'a> {
    fn new(terms: &'a StatementTerms, tag: FieldElement, link: FieldElement) -> Self {
        let basis = match terms.basis {
            _ if terms.source == Source::Absent => None,
            Basis::None => None,
            Basis::Solo => Some(StatementBasis::Solo),
            Basis::Consolidated => Some(StatementBasis::Consolidated),
        };
        Self {
            terms,
            basis,
            tag,
            link,
        }
    }

    fn further(&self) -> Option<FurtherStatement> {
        Some(FurtherStatement {
            basis: self.basis?,
            assurance_floor: self.terms.assurance_floor,
            period_tag: self.tag,
            statement_link: self.link,
        })
    }

    fn version(&self) -> Version {
        (self.tag, self.link, self.basis)
    }
}

/// The two statements of the first proof, and the second one of each linked proof.
fn shown<'a>(asked: &Asked<'a>, bundle: &Bundle) -> Vec<Shown<'a>> {
    let statements = asked.policy().program().statements.iter();
    let own = statements.zip(bundle.period_tags).zip(bundle.statement_links);
    let own = own.map(|((terms, tag), link)| Shown::new(terms, tag, link));
    let linked = asked.policy().demanded(bundle.tier.as_str()).into_iter().skip(1);
    let further = linked.zip(&bundle.further).map(|((program, _), proof)| {
        let [_, second] = &program.statements;
        Shown::new(second, proof.period_tag, proof.statement_link)
    });
    own.chain(further).collect()
}

/// How many other versions of the same periods' figures, on the same basis, were accepted before. The greatest over all
/// statements; each statement's policy says how many it tolerates.
fn restatements(facts: &impl Facts, shown: &[Shown<'_>]) -> Result<u32, Refusal> {
    let mut greatest = 0;
    for (k, own) in shown.iter().enumerate() {
        if own.basis.is_none() {
            continue;
        }
        let earlier = facts.versions(&own.tag)?.into_iter();
        let earlier = earlier.map(|(link, basis)| (own.tag, link, Some(basis)));
        // Two versions may also stand in one bundle, as a statement and its companion.
        let count = other_versions(earlier.chain(shown.iter().map(Shown::version)), own.version());
        let cap = own.terms.restatement_cap;
        if count > u32::from(cap) {
            return Err(Refusal::new(
                &TOO_MANY_RESTATEMENTS,
                format!("{count} other versions were accepted before"),
            )
            .at(format!("statement {}", k + 1))
            .expected(format!("at most {cap}")));
        }
        greatest = greatest.max(count);
    }
    Ok(greatest)
}

/// Period tag, statement link and basis of one statement.
type Version = (FieldElement, FieldElement, Option<StatementBasis>);

/// How many different links stand beside the same tag and basis.
fn other_versions(seen: impl Iterator<Item = Version>, (tag, link, basis): Version) -> u32 {
    let links: BTreeSet<FieldElement> = seen
        .filter(|(t, l, b)| *t == tag && *l != link && *b == basis)
        .map(|(_, l, _)| l)
        .collect();
    u32::try_from(links.len()).unwrap_or(u32::MAX)
}

fn date(day: u32) -> Result<IsoDate, Refusal> {
    IsoDate::new(covenant_policy::statement::Day(day))
        .ok_or_else(|| Refusal::new(&MALFORMED_DOCUMENT, format!("day {day}")))
}

#[cfg(test)]
mod tests {
    use covenant_gadgets::circuit::Field;

    use super::*;

    #[test]
    fn versions_are_counted_by_link_under_one_tag_and_basis() {
        let element = |n: u64| FieldElement(Field::from(n));
        let solo = Some(StatementBasis::Solo);
        let own = (element(1), element(10), solo);
        let seen = [
            own,
            (element(1), element(11), solo),
            (element(1), element(11), solo),
            (element(1), element(12), Some(StatementBasis::Consolidated)),
            (element(2), element(13), solo),
            (element(1), element(14), solo),
        ];
        assert_eq!(other_versions(seen.into_iter(), own), 2);
        assert_eq!(other_versions([own, own].into_iter(), own), 0);
    }
}
