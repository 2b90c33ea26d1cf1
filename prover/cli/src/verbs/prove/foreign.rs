//! Proving with another program: what it proves from is written, and the proof that it made is taken as if it were our own.
//!
//! Both steps compute the public and the private values anew, and come to the same ones: tags, links and blindings follow from the
//! vault's secret and the request, whose nonce the bank drew. Only the blinding of the proof itself is random, and that is drawn by
//! whoever proves. Where books, request or tier changed in between, the proof does not hold and is refused.

use std::path::Path;

use covenant_api::{files, limits};
use covenant_policy::refusal::Refusal;
use covenant_proofs::decode::Proof;
use covenant_proofs::foreign::wires;
use covenant_proofs::formats::{FormatError, json, wtns};
use covenant_proofs::keys::ProvingKey;
use covenant_proofs::statement::Statement as _;
use covenant_proofs::verify::verify;
use covenant_statements::compliance::{Compliance, Public, Witness};
use serde_json::json;
use zeroize::Zeroizing;

use crate::args::Prove;
use crate::keystore;
use crate::output::Report;
use crate::progress::Progress;
use crate::refusals::{FOREIGN_FILES, proof_entry};

/// As many files are named as the tier takes proofs, or none.
pub(super) fn expect_as_many(args: &Prove, tier: &str, proofs: usize) -> Result<(), Refusal> {
    for (name, files) in [("--witness-out", &args.witness_out), ("--proof", &args.proof)] {
        if !files.is_empty() && files.len() != proofs {
            return Err(Refusal::new(&FOREIGN_FILES, format!("{} files", files.len()))
                .at(name)
                .expected(format!("{proofs}, as tier {tier} takes that many proofs")));
        }
    }
    Ok(())
}

/// Writes the values of all wires of each proof, readable by their owner alone.
pub(super) fn hand_out(
    args: &Prove,
    key: &ProvingKey,
    tier: &str,
    statements: &[(Public, Witness)],
) -> Result<Report, Refusal> {
    let mut written = Vec::new();
    for (path, (public, witness)) in args.witness_out.iter().zip(statements) {
        let progress = Progress::spinner("computing the values of all wires");
        let values = wires::<Compliance>(key, public, witness).map_err(|e| keystore::prove_refusal(&e))?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(128 + 32 * values.len()));
        wtns::write(&mut *bytes, &values).map_err(|e| refused(&e))?;
        files::create_new(path, &bytes)?;
        drop(progress);
        written.push(json!({ "file": path, "wires": values.len(), "bytes": bytes.len() }));
    }
    let mut report = Report::new(json!({ "witnesses": written, "tier": tier, "key": key.id().to_string() }));
    let names: Vec<String> = args.witness_out.iter().map(|p| p.display().to_string()).collect();
    report.good(format!("What tier {tier} is proven from is in {}.", names.join(", ")));
    report.warning(
        "This is your books in the clear, and the secret behind your pseudonyms: whoever reads it knows every figure, and can \
         recognise you at every bank. It goes to no bank. Delete it once the proof is made.",
    );
    report.line("Another prover makes the proof from it and from the key (`covenant keys export --zkey key.zkey`):");
    report.line("  snarkjs groth16 prove key.zkey FILE.wtns proof.json public.json");
    report.line("The same command with `--proof proof.json --out bundle.json` in place of --witness-out then checks and signs it.");
    Ok(report)
}

/// Reads a proof that another prover made, and checks it against the public values of this request.
pub(super) fn take(path: &Path, key: &ProvingKey, public: &Public) -> Result<Proof, Refusal> {
    let bytes = files::read(path, limits::DOCUMENT_BYTES_MAX)?;
    let proof = json::read_proof(&bytes).map_err(|e| refused(&e).at(path.display()))?;
    verify::<Compliance>(key.verifying(), &Compliance::inputs(public), &proof).map_err(|e| {
        Refusal::new(proof_entry(e.code()), e.to_string())
            .at(path.display())
            .expected("a proof under the request's key, from the witness that --witness-out wrote for this request, tier and books")
    })?;
    Ok(proof)
}

fn refused(error: &FormatError) -> Refusal {
    let refusal = Refusal::new(proof_entry(error.code()), error.to_string());
    match error {
        FormatError::Malformed { expected, .. } => refusal.expected(expected.clone()),
        _ => refusal,
    }
}
