//! How a bank judges a bundle.
//!
//! Everything that the proof is checked against comes from the judge's own records ([`Facts`]): policy, attestors, key, window,
//! subject. The bundle only names them, and what it names is compared. The checks run in this order, cheapest first, and the
//! first one that fails is the refusal:
//!
//! decode · request known · not expired · not used · policy, tier, key, applicant · signature · attestors still standing ·
//! linked proofs · key pinned · public values · restatements · proof
//!
//! The proof comes last and by itself, so that who judges many can check their proofs in one equation.

use std::collections::BTreeSet;
use std::sync::Arc;

use covenant_gadgets::circuit::Field;
use covenant_policy::program::{STATEMENTS, Source};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Basis;
use covenant_proofs::batch;
use covenant_proofs::decode::Proof;
use covenant_proofs::keys::{KeyPolicy, VerifyingKey};
use covenant_proofs::statement::Statement as _;
use covenant_proofs::verify::{PreparedCache, verify};
use covenant_statements::compliance::Compliance;

use crate::asked::{Answer, Asked};
use crate::checked_policy::CheckedPolicy;
use crate::documents::{AcceptedAttestor, Bundle, Enrolled, Invitation, PinnedKey, Request, StatementBasis, Verdict};
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
    /// The record of a verifying key that a bank pinned.
    ///
    /// # Errors
    /// `unknown-verifying-key`.
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

/// A bundle of which everything holds but the pairing equation, which is checked last, alone or with others.
pub struct Judged {
    /// The verdict, if the proof holds.
    pub verdict: Verdict,
    /// All public inputs, from the judge's own records and the bundle's tags.
    pub inputs: Vec<Field>,
    /// The proof, decoded.
    pub proof: Proof,
}

impl Judged {
    /// Checks the proof, and gives the verdict.
    ///
    /// # Errors
    /// `proof-invalid`.
    pub fn verify(self, key: &VerifyingKey) -> Result<Verdict, Refusal> {
        verify::<Compliance>(key, &self.inputs, &self.proof).map_err(|e| of_verify(&e).at("bundle: proof"))?;
        Ok(self.verdict)
    }

    /// The proof as an item of a batch, its policy folded into the key.
    ///
    /// # Errors
    /// What preparing a key refuses.
    pub fn item(&self, key: &VerifyingKey, cache: &PreparedCache) -> Result<batch::Item, Refusal> {
        let (policy, rest) = self
            .inputs
            .split_at_checked(Compliance::policy_inputs())
            .unwrap_or_default();
        let prepared = cache.get::<Compliance>(key, policy).map_err(|e| of_verify(&e))?;
        batch::Item::new(prepared, rest.to_vec(), self.proof).map_err(|e| of_verify(&e))
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

/// Judges all of a bundle but the pairing equation.
///
/// # Errors
/// Whatever is wrong with the document; `unknown-request`, `request-expired`, `request-used`, `wrong-policy`, `unknown-tier`,
/// `wrong-key`, `wrong-applicant`, `wrong-signer`, `wrong-signature`, `attestors-changed`, `linked-proof-missing`,
/// `unknown-verifying-key`, those of a malformed proof, `too-many-restatements`.
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
    let proof = Proof::from_bytes(&bundle.proof.0).map_err(|e| of_decode(&e).at("bundle: proof"))?;
    let public = asked.public(&bundle.answer())?;
    let restated_or_shopped = restatements(facts, &asked, &bundle)?;
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
        bases: bases(&asked),
        assurance_floors: std::array::from_fn(|k| asked.policy().program().statements[k].assurance_floor),
        attestors: request.attestors.clone(),
        as_of: request.as_of,
        decided: now,
        period_tags: bundle.period_tags,
        statement_links: bundle.statement_links,
        restated_or_shopped,
        bundle: bundle.id(),
    };
    Ok(Judged {
        verdict,
        inputs: Compliance::inputs(&public),
        proof,
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
    for (k, terms) in asked.policy().program().statements.iter().enumerate() {
        if terms.source == Source::Proven {
            return Err(
                Refusal::new(&LINKED_PROOF_MISSING, format!("statement {} has no book proof", k + 1))
                    .at("bundle")
                    .expected("a verified book proof, under a key that the policy lists"),
            );
        }
    }
    Ok(())
}

/// How many other versions of the same periods' figures, on the same basis, were accepted before. The greatest over both
/// statements; each statement's policy says how many it tolerates.
fn restatements(facts: &impl Facts, asked: &Asked<'_>, bundle: &Bundle) -> Result<u32, Refusal> {
    let bases = bases(asked);
    let mut greatest = 0;
    for (k, terms) in asked.policy().program().statements.iter().enumerate() {
        let (Some(tag), Some(link), Some(Some(basis))) =
            (bundle.period_tags.get(k), bundle.statement_links.get(k), bases.get(k))
        else {
            continue;
        };
        let earlier = facts
            .versions(tag)?
            .into_iter()
            .map(|(link, basis)| (*tag, link, Some(basis)));
        // Two versions may also stand in one bundle, as a statement and its companion.
        let together = (0..STATEMENTS).map(|i| (bundle.period_tags[i], bundle.statement_links[i], bases[i]));
        let count = other_versions(earlier.chain(together), (*tag, *link, Some(*basis)));
        if count > u32::from(terms.restatement_cap) {
            return Err(Refusal::new(
                &TOO_MANY_RESTATEMENTS,
                format!("{count} other versions were accepted before"),
            )
            .at(format!("statement {}", k + 1))
            .expected(format!("at most {}", terms.restatement_cap)));
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

fn bases(asked: &Asked<'_>) -> [Option<StatementBasis>; STATEMENTS] {
    std::array::from_fn(|k| {
        let terms = &asked.policy().program().statements[k];
        match terms.basis {
            _ if terms.source == Source::Absent => None,
            Basis::None => None,
            Basis::Solo => Some(StatementBasis::Solo),
            Basis::Consolidated => Some(StatementBasis::Consolidated),
        }
    })
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
