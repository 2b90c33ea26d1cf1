//! Proofs and keys in the forms of snarkjs, so that a bank's cryptographer can check what the bank holds with a program that we
//! did not write.

use std::path::PathBuf;

use covenant_gadgets::circuit::Field;
use covenant_policy::refusal::Refusal;
use covenant_proofs::decode::Proof;
use covenant_proofs::foreign::ForeignKey;
use covenant_proofs::formats::{FormatError, json};
use covenant_proofs::keys::VerifyingKey;
use covenant_proofs::statement::Statement as _;
use covenant_proofs::verify::verify;
use covenant_statements::compliance::Compliance;

use crate::asked::policy_inputs;
use crate::checked_policy::CheckedPolicy;
use crate::documents::{Bundle, Request};
use crate::refusals::{WRONG_KEY, WRONG_POLICY, of_decode, of_proofs, of_verify};
use crate::sign::{Signed, Verified};
use crate::types::TierName;
use crate::verdict::{Facts, place_of_proof};

/// The verifying key for all public inputs.
pub const VERIFICATION_KEY: &str = "verification_key.json";
/// A proof.
pub const PROOF: &str = "proof.json";
/// All public inputs of a proof.
pub const PUBLIC: &str = "public.json";
/// The arguments of a Solidity verifier for all public inputs.
pub const CALL_DATA: &str = "calldata.txt";
/// The folder of the same with the policy's inputs folded into the key.
pub const PREPARED: &str = "prepared";

/// Files by their paths.
pub type Files = Vec<(PathBuf, Vec<u8>)>;

/// The files of a bundle's proofs: for each proof, `verification_key.json`, `proof.json`, `public.json` and `calldata.txt`, and the
/// same under `prepared/`, where the policy is folded into the key and few inputs remain. The further proofs of a bundle that holds
/// several lie under `2/`, `3/`. Everything but the proof and the bundle's own tags comes from the judge's own records.
///
/// The bundle need not be new: its request may have expired or been answered.
///
/// # Errors
/// `unknown-request`, `wrong-policy`, `wrong-key`, `wrong-signature`, `unknown-tier`, those of a malformed proof, `proof-invalid`.
pub fn bundle_files(facts: &impl Facts, key: &VerifyingKey, signed: &Signed<Bundle>) -> Result<Files, Refusal> {
    let case = facts.case(&signed.unverified().request)?;
    let asked = case.asked()?;
    let bundle = signed.clone().verify(&case.applicant.key)?;
    let request = asked.request();
    let named = [
        (&WRONG_POLICY, "bundle: policy", bundle.policy, request.policy),
        (
            &WRONG_KEY,
            "bundle: verifying_key",
            bundle.verifying_key,
            request.verifying_key,
        ),
    ];
    for (entry, place, found, expected) in named {
        if found != expected {
            return Err(Refusal::new(entry, found.to_string())
                .at(place)
                .expected(expected.to_string()));
        }
    }
    let publics = asked.publics(&bundle.answer())?;
    let encoded = std::iter::once(&bundle.proof).chain(bundle.further.iter().map(|linked| &linked.proof));
    let mut files = Files::new();
    for (number, (public, encoded)) in publics.iter().zip(encoded).enumerate() {
        let place = place_of_proof(number);
        let proof = Proof::from_bytes(&encoded.0).map_err(|e| of_decode(&e).at(place.as_str()))?;
        let inputs = Compliance::inputs(public);
        verify::<Compliance>(key, &inputs, &proof).map_err(|e| of_verify(&e).at(place.as_str()))?;
        let folder = match number {
            0 => PathBuf::new(),
            n => PathBuf::from((n + 1).to_string()),
        };
        let (policy, rest) = inputs.split_at_checked(Compliance::policy_inputs()).unwrap_or_default();
        let prepared = ForeignKey::prepared::<Compliance>(key, policy).map_err(|e| of_verify(&e))?;
        files.extend(proof_files(&folder, &ForeignKey::from(key), &inputs, &proof)?);
        files.extend(proof_files(&folder.join(PREPARED), &prepared, rest, &proof)?);
    }
    Ok(files)
}

fn proof_files(folder: &std::path::Path, key: &ForeignKey, inputs: &[Field], proof: &Proof) -> Result<Files, Refusal> {
    let mut call_data = json::solidity_call_data(proof, inputs).into_bytes();
    call_data.push(b'\n');
    Ok(vec![
        (folder.join(VERIFICATION_KEY), key.to_json().map_err(|e| of_format(&e))?),
        (folder.join(PROOF), json::write_proof(proof).map_err(|e| of_format(&e))?),
        (
            folder.join(PUBLIC),
            json::write_public(inputs).map_err(|e| of_format(&e))?,
        ),
        (folder.join(CALL_DATA), call_data),
    ])
}

/// The verifying key for one policy and tier, and for the attestors that a request counts on, as `verification_key.json`: of the
/// tier's proof of this number, 1 for the first. All of the policy's inputs are folded in.
///
/// # Errors
/// `wrong-policy` where the request is under another policy or another bank's; `unknown-tier`; `linked-proof-missing` where the tier
/// takes fewer proofs; `wrong-key` for a key that the request does not ask for.
pub fn prepared_key(
    key: &VerifyingKey,
    policy: &CheckedPolicy,
    request: &Verified<Request>,
    tier: &TierName,
    number: usize,
) -> Result<Vec<u8>, Refusal> {
    if request.policy != policy.id() || request.signer() != policy.document().signer() {
        return Err(Refusal::new(
            &WRONG_POLICY,
            format!("policy {} of bank {}", policy.id(), policy.document().signer()),
        )
        .at("request: policy")
        .expected(format!("policy {} of bank {}", request.policy, request.signer())));
    }
    if key.id().0 != request.verifying_key.0 {
        return Err(Refusal::new(&WRONG_KEY, key.id().to_string())
            .at("request: verifying_key")
            .expected(request.verifying_key.to_string()));
    }
    let parts = policy_inputs(policy, request, tier)?;
    let part = number.checked_sub(1).and_then(|k| parts.get(k)).ok_or_else(|| {
        Refusal::new(&crate::refusals::LINKED_PROOF_MISSING, format!("proof {number}"))
            .expected(format!("1 to {} for tier {tier}", parts.len()))
    })?;
    let prepared = ForeignKey::prepared::<Compliance>(key, &part.inputs()).map_err(|e| of_verify(&e))?;
    prepared.to_json().map_err(|e| of_format(&e))
}

fn of_format(error: &FormatError) -> Refusal {
    of_proofs(error.code(), error.to_string())
}
