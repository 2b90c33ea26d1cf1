//! The size of everything that comes from outside, in one table. Sizes are checked before anything is parsed.

/// Bytes of any signed document except those below.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a policy document: its source text as a JSON string, and a little around it.
pub const POLICY_DOCUMENT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a policy's source text.
pub const POLICY_SOURCE_BYTES_MAX: usize = covenant_policy::policy::SOURCE_BYTES_MAX;
/// Bytes of a proof bundle.
pub const BUNDLE_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a Groth16 proof over BN254, compressed.
pub const PROOF_BYTES: usize = 128;
/// Bytes of a secret-key file.
pub const SECRET_KEY_BYTES_MAX: usize = 8 * 1024;
/// Bytes of an attestor's ledger.
pub const LEDGER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of a passphrase file.
pub const PASSPHRASE_BYTES_MAX: usize = 1024;
/// Bytes of a verifying key file: some 3,000 public inputs of 64 bytes in hexadecimal, with room to grow.
pub const VERIFYING_KEY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of what may be sealed under a passphrase.
pub const SEALED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of a filing with its document, and for a pinned key the key in base64.
pub const FILING_BYTES_MAX: usize = 2 * VERIFYING_KEY_BYTES_MAX;
/// Bytes of a receipt as JSON, or of an answer that holds one: a body of 2 MiB in base64, and what stands around it.
pub const RECEIPT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Nesting of CBOR.
pub const CBOR_DEPTH_MAX: usize = 16;

/// Bytes of a registry id ("FR-SIREN:123456789"): what fits two field elements of 31 bytes.
pub const REGISTRY_ID_BYTES_MAX: usize = 62;
/// Bytes of a name (of a bank, an attestor).
pub const NAME_BYTES_MAX: usize = 200;
/// Bytes of a line of free text (a reason).
pub const TEXT_BYTES_MAX: usize = 1000;
/// Bytes of a tier's name.
pub const TIER_BYTES_MAX: usize = covenant_policy::program::NAME_BYTES_MAX;
/// Bytes of a log's origin line (C2SP tlog-checkpoint).
pub const LOG_ORIGIN_BYTES_MAX: usize = 200;
/// Files in one directory of a registry.
pub const REGISTRY_FILES_MAX: usize = 100_000;

/// Argon2id's memory that a sealed file may ask of its reader.
pub const ARGON2_MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// Argon2id's passes that a sealed file may ask of its reader.
pub const ARGON2_PASSES_MAX: u32 = 16;
/// Argon2id's lanes that a sealed file may ask of its reader.
pub const ARGON2_LANES_MAX: u32 = 16;

const _: () = {
    // JSON may escape each byte of a source text as six; a policy in plain text fits with room to spare.
    assert!(POLICY_SOURCE_BYTES_MAX * 2 < POLICY_DOCUMENT_BYTES_MAX);
    assert!(PROOF_BYTES.div_ceil(3) * 4 + 4096 < BUNDLE_BYTES_MAX);
    assert!(TEXT_BYTES_MAX * 6 + 2 * NAME_BYTES_MAX * 6 < DOCUMENT_BYTES_MAX);
    assert!(VERIFYING_KEY_BYTES_MAX.div_ceil(3) * 4 + 2 * DOCUMENT_BYTES_MAX < FILING_BYTES_MAX);
    assert!(POLICY_DOCUMENT_BYTES_MAX + DOCUMENT_BYTES_MAX < FILING_BYTES_MAX);
    assert!(BUNDLE_BYTES_MAX <= DOCUMENT_BYTES_MAX && DOCUMENT_BYTES_MAX <= POLICY_DOCUMENT_BYTES_MAX);
};
