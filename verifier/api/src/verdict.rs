//! How a bank judges a bundle.
//!
//! Everything that the proof is checked against comes from the bank's own registry: policy, attestors, key, window, subject.
//! The bundle only names them, and what it names is compared. The checks run in this order, cheapest first, and the first one
//! that fails is the refusal:
//!
//! decode · request known · not expired · not used · policy, tier, key, applicant · signature · attestors still standing ·
//! linked proofs · public values · proof · restatements

use std::collections::BTreeSet;

use covenant_policy::program::{STATEMENTS, Source};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Basis;
use covenant_proofs::decode::Proof;
use covenant_proofs::keys::{KeyPolicy, VerifyingKey};
use covenant_proofs::statement::Statement as _;
use covenant_proofs::verify::{PreparedCache, verify};
use covenant_statements::compliance::{Compliance, Public};

use crate::asked::{Answer, Asked};
use crate::documents::{AcceptedAttestor, Bundle, StatementBasis, Verdict};
use crate::refusals::{
    ATTESTORS_CHANGED, LINKED_PROOF_MISSING, MALFORMED_DOCUMENT, REQUEST_EXPIRED, REQUEST_USED, TOO_MANY_RESTATEMENTS,
    WRONG_APPLICANT, WRONG_KEY, WRONG_POLICY, of_decode, of_verify,
};
use crate::registry::Registry;
use crate::sign::Signed;
use crate::types::{FieldElement, Hex32, IsoDate, UtcTime};

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

/// Judges a bundle. Nothing is written: [`Registry::record`] does that, and decides between two at once.
///
/// # Errors
/// Whatever is wrong with the document; `unknown-request`, `request-expired`, `request-used`, `wrong-policy`, `unknown-tier`,
/// `wrong-key`, `wrong-applicant`, `wrong-signer`, `wrong-signature`, `attestors-changed`, `linked-proof-missing`,
/// `unknown-verifying-key`, `development-key`, those of a malformed proof, `proof-invalid`, `too-many-restatements`.
pub fn verify_bundle(registry: &Registry, bundle: &[u8], now: UtcTime, keys: KeyPolicy) -> Result<Verdict, Refusal> {
    judge(
        registry,
        bundle,
        now,
        |id| registry.verifying_key(id, keys),
        |key, public, proof| verify::<Compliance>(key, &Compliance::inputs(public), proof).map_err(|e| of_verify(&e)),
    )
}

/// Judges a bundle with keys opened before and policies folded into them, for who judges many.
///
/// # Errors
/// As [`verify_bundle`].
pub fn verify_bundle_prepared(
    registry: &Registry,
    bundle: &[u8],
    now: UtcTime,
    key: &VerifyingKey,
    cache: &PreparedCache,
) -> Result<Verdict, Refusal> {
    let open = |id: &Hex32| {
        registry.pinned(id)?;
        if key.id().0 == id.0 {
            Ok(key.clone())
        } else {
            Err(wrong("verifying_key", &WRONG_KEY, &Hex32(key.id().0), id))
        }
    };
    judge(registry, bundle, now, open, |key, public, proof| {
        let inputs = Compliance::inputs(public);
        let (policy, rest) = inputs.split_at_checked(Compliance::policy_inputs()).unwrap_or_default();
        let prepared = cache.get::<Compliance>(key, policy).map_err(|e| of_verify(&e))?;
        prepared.verify(rest, proof).map_err(|e| of_verify(&e))
    })
}

fn judge(
    registry: &Registry,
    bytes: &[u8],
    now: UtcTime,
    open: impl Fn(&Hex32) -> Result<VerifyingKey, Refusal>,
    verify: impl Fn(&VerifyingKey, &Public, &Proof) -> Result<(), Refusal>,
) -> Result<Verdict, Refusal> {
    let signed: Signed<Bundle> = Signed::from_json(bytes)?;
    let bundle = signed.unverified();
    let asked = registry.asked(&bundle.request)?;
    open_request(registry, &asked, now)?;
    matches_request(bundle, &asked)?;
    let bundle = signed.verify(&registry.enrolled(&asked.request().invitation)?.key)?;
    attestors_stand(registry, &asked.request().attestors)?;
    linked_proofs(&asked)?;
    let proof = Proof::from_bytes(&bundle.proof.0).map_err(|e| of_decode(&e).at("bundle: proof"))?;
    let public = asked.public(&bundle.answer())?;
    let key = open(&bundle.verifying_key)?;
    verify(&key, &public, &proof).map_err(|r| r.at("bundle: proof"))?;
    let restated_or_shopped = restatements(registry, &asked, &bundle)?;
    let (request, (from, to)) = (asked.request(), asked.window());
    Ok(Verdict {
        request: request.id(),
        policy: bundle.policy,
        verifying_key: bundle.verifying_key,
        development_key: registry.pinned(&bundle.verifying_key)?.development,
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
    })
}

/// The request can still be answered.
fn open_request(registry: &Registry, asked: &Asked<'_>, now: UtcTime) -> Result<(), Refusal> {
    let request = asked.request();
    if now > request.expires {
        return Err(Refusal::new(&REQUEST_EXPIRED, format!("it is {now}"))
            .at("request: expires")
            .expected(format!("no later than {}", request.expires)));
    }
    match registry.verdict_on(&request.id()) {
        Some(verdict) => Err(
            Refusal::new(&REQUEST_USED, format!("it was answered on {}", verdict.decided))
                .at("bundle: request")
                .expected("a request without a verdict"),
        ),
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
fn attestors_stand(registry: &Registry, attestors: &[AcceptedAttestor]) -> Result<(), Refusal> {
    for accepted in attestors {
        let what = match registry.grant_to(&accepted.attestor) {
            Ok(grant) if grant.assurance_max == accepted.assurance_max => continue,
            Ok(grant) => format!("{} is granted {} now", accepted.attestor, grant.assurance_max),
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
fn restatements(registry: &Registry, asked: &Asked<'_>, bundle: &Bundle) -> Result<u32, Refusal> {
    let bases = bases(asked);
    let mut greatest = 0;
    for (k, terms) in asked.policy().program().statements.iter().enumerate() {
        let (Some(tag), Some(link), Some(Some(basis))) =
            (bundle.period_tags.get(k), bundle.statement_links.get(k), bases.get(k))
        else {
            continue;
        };
        let earlier = registry
            .verdicts()
            .flat_map(|v| (0..STATEMENTS).map(move |i| (v.period_tags[i], v.statement_links[i], v.bases[i])));
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
