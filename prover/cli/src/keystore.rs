//! The folder of proving keys, and the proof system's errors as refusals.

use std::path::Path;

use covenant_api::types::Hex32;
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::{KeyError, KeyId, KeyPolicy, KeyStore, ProvingKey};
use covenant_proofs::prove::ProveError;
use covenant_statements::compliance::circuit_version::check_key;
use covenant_statements::compliance::{Compliance, Violation};

use crate::context::Context;
use crate::refusals::proof_entry;

/// What the development key of the compliance statement is made from. Anybody can know it, so anybody can forge under it.
pub const DEVELOPMENT_SEED: &str = "covenant-development-2";

/// The folder of keys.
///
/// # Errors
/// `no-home`.
pub fn store(context: &Context, said: Option<&Path>) -> Result<(KeyStore, std::path::PathBuf), Refusal> {
    let folder = context.keys(said)?;
    Ok((KeyStore::new(&folder), folder))
}

/// Opens the proving key of this id.
///
/// # Errors
/// `key-not-found`, `development-key`, `key-damaged`, `key-of-another-circuit` and the proof system's other codes for keys.
pub fn open(store: &KeyStore, id: &Hex32, allow_development: bool) -> Result<ProvingKey, Refusal> {
    let key = store
        .proving::<Compliance>(KeyId(id.0), KeyPolicy { allow_development })
        .map_err(|e| key_refusal(&e))?;
    check_key(key.verifying())?;
    Ok(key)
}

/// A key's error as a refusal.
pub fn key_refusal(error: &KeyError) -> Refusal {
    Refusal::new(proof_entry(error.code()), error.to_string())
}

/// A prover's error as a refusal.
pub fn prove_refusal(error: &ProveError<Violation>) -> Refusal {
    Refusal::new(proof_entry(error.code()), error.to_string())
}
