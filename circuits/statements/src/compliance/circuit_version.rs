//! Which circuit this code is: the hash of its matrices, pinned in the golden file, to compare a key with.

use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::VerifyingKey;

use super::refusals::KEY_OF_ANOTHER_CIRCUIT;

const SHAPE: &str = include_str!("../../golden/compliance.shape.txt");

/// SHA-256 of the circuit's matrices, in hex.
pub fn matrices_hash() -> &'static str {
    SHAPE
        .lines()
        .find_map(|line| line.strip_prefix("matrices sha256 "))
        .unwrap_or_default()
}

/// Refuses a key that was made for another circuit than this code's.
///
/// # Errors
/// `key-of-another-circuit`.
pub fn check_key(key: &VerifyingKey) -> Result<(), Refusal> {
    let found: String = key.matrices_hash().iter().map(|byte| format!("{byte:02x}")).collect();
    if found == matrices_hash() {
        return Ok(());
    }
    Err(Refusal::new(
        &KEY_OF_ANOTHER_CIRCUIT,
        format!("key {} is for the matrices {found}", key.id()),
    )
    .expected(format!("a key for the matrices {}", matrices_hash())))
}
